//! flow/replay

pub mod other_rules;
pub mod output_dir;
pub mod prepare;
pub mod replay_job;
pub mod swap_request;
