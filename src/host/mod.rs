//! The only doors to the world outside: files, the clock, and the limits on what comes in through them.
//!
//! Invariants: whatever is read has a size limit; whatever is written is whole or absent; every error names its path.
//! Absent: the network (nothing here talks to it) and environment variables but for [`clock`]'s one.

pub mod clock;
pub mod compress;
pub mod fs;
pub mod hash;
pub mod limits;
pub mod machine;
