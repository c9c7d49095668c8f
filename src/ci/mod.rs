//! Continuous integration: which system runs this process, what it says of the change, and who
//! approved it there.
//!
//! Invariants: the environment is a function that is passed in; nothing here reads it. Absent: posting anything.

pub mod base_commit;
pub mod default_branch;
pub mod github;
pub mod provider;
