//! Version 1 of every document.
//!
//! Fields are only ever added to a version, and a reader accepts fields that it does not know. The values of a closed list
//! (`outcome`, `kind`, …) never change within a version. A second version of one document stands beside this folder.

pub mod base;
pub mod before;
pub mod candidate;
pub mod cause;
pub mod chaos;
pub mod claimed_gate;
pub mod closure;
pub mod commands;
pub mod diff_summary;
pub mod error;
pub mod explanation;
pub mod feed_bisect;
pub mod gate;
pub mod history;
pub mod movement;
pub(crate) mod outcome;
pub mod profiles;
pub mod publish;
pub mod rate;
pub mod read_result;
pub mod replay;
pub mod reproduce;
pub mod result;
pub mod reviewed;
pub mod score;
pub mod shard;
pub mod showing;
pub mod timings;
pub mod words;
