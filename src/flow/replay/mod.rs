//! One replay: a scan and what is expected of it, to one result.
//!
//! Invariants: a replay ends as exactly one result, whatever happens; a difference is not reported before it was seen twice.

pub mod other_rules;
pub mod output_dir;
pub mod prepare;
pub mod replay_job;
pub mod swap_request;
