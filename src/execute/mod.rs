//! execute

pub mod builtin;
pub mod builtin_input;
pub mod failure;
pub mod health_gate;
pub mod host_fingerprint;
pub mod run_job;
pub mod scanner_program;
pub mod scanner_version;
pub mod showing;
pub mod unsandboxed;
