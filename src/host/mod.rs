//! Doors to the world outside: files, the clock, and the limits on what comes in through them.
//!
//! Invariants: whatever is read has a size limit; whatever is written is whole or absent; every error names its path.
//! The network is one file, `http`, which is not there unless the feature `registry` is on. Absent: environment variables
//! but for [`clock`]'s one, those that a user names for a [`secret`], and what an HTTP client takes for its proxy.

#[cfg(target_env = "musl")]
mod allocator;
pub mod aside;
pub mod clock;
pub mod compress;
pub mod descendants;
pub mod ending;
pub mod fs;
pub mod hash;
#[cfg(feature = "registry")]
pub mod http;
pub mod machine;
pub mod removal;
pub mod scratch;
pub mod secret;
