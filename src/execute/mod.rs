//! Runs a scan once: in this process, in a sandbox, or where it is.
//!
//! Invariants: the level of isolation that was reached is part of what is returned; a scanner that could not run is never
//! unhealthy, and one that ran badly is never infrastructure. Absent: comparing what came out.

pub mod builtin;
pub mod builtin_input;
pub mod collect_artifacts;
pub mod failure;
pub mod health_gate;
pub mod host_fingerprint;
pub mod run_folders;
pub mod run_job;
pub mod scanner_program;
pub mod scanner_version;
pub mod showing;
pub mod unnamed_format;
pub mod unsandboxed;
