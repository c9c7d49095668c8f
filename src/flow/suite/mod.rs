//! The cases and canaries of a repository, and the runs over all of them.
//!
//! Invariant: one that cannot be read or run is a result of its own, and never keeps the others from running.

pub mod accept;
pub mod base;
mod before;
pub mod build;
pub mod canary;
pub mod case;
pub mod discover;
pub mod head;
pub mod init;
pub mod one;
pub mod patch;
pub mod record_anew;
pub mod reproduce;
pub mod reviewed;
pub mod run;
pub mod shards;
pub mod subject;
