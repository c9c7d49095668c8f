//! Continuous integration: which system runs this process, what it says of the change, who
//! approved it there, and how something is written there.
//!
//! Invariants: the environment is a function that is passed in, and so is the way to a server; nothing here opens one. Absent: what is
//! written.

pub mod base_commit;
pub mod default_branch;
pub mod github;
pub mod provider;
pub mod review;
