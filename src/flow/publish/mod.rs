//! Publishing: what a job that ran foreign programs has left is read as a stranger's, and shown where people look.
//!
//! - [`report_file`]: a folder or an archive of reports → the bytes of the result, or why there are none
//! - [`judged`]: those bytes and what the system says of the job → a run, and why it is not taken at its word
//! - [`plan`]: a run and the facts of where it is shown → comment, status of the commit, check run
//! - [`same_job`]: whether who publishes may have replayed in the same job
//! - [`issues`]: a run of the default branch → one issue for each scan that fails
//! - [`notify`]: those, and how they get there
//! - [`github`], [`gitlab`]: all of that, and how it gets there
//!
//! Invariants: nothing of a report is unpacked to a disk, built or run; a result that is missing or cannot be read is an error (4) and
//! never a run without findings; nothing is green that the system does not say has passed.

mod dry_run;
pub mod github;
pub mod gitlab;
pub mod issues;
pub mod judged;
pub mod notify;
pub mod outcome;
pub mod plan;
pub mod report_file;
pub mod request;
pub mod same_job;
#[cfg(feature = "registry")]
mod server_api;
