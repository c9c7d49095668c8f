//! Continuous integration: which system runs this process, what it says of the change, who
//! approved it there, and how something is written there.
//!
//! - [`provider`], [`base_commit`], [`default_branch`], [`review`]: what a system tells
//! - [`api`]: calls to a server, and when one is made again
//! - [`sticky_comment`], [`pull_head`], [`written`]: what is written beside a change, at either server
//! - [`github`](mod@github), [`gitlab`]: what only one of them has
//!
//! Invariants: the environment is a function that is passed in, and so is the way to a server; nothing here opens one. Absent: what is
//! written.

pub mod api;
pub mod base_commit;
pub mod default_branch;
pub mod github;
pub mod gitlab;
pub mod provider;
pub mod pull_head;
pub mod review;
pub mod sticky_comment;
pub mod written;
