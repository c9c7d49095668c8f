//! Runs a foreign program so that it sees what its [`spec::SandboxSpec`] says, and nothing else.
//!
//! ```text
//! SandboxSpec ──▶ run ──▶ stella-sandbox (the helper: small, single-threaded, cleared environment): the tracer
//!                           │ clone: user, mount, pid, net, uts, ipc, cgroup namespaces
//!                           └─▶ init, pid 1: private root, hostname, limits, no capability
//!                                 └─▶ the program, every system call of it behind a filter
//! ```
//!
//! Invariants:
//! - the strongest level that works is found by trying, is part of the result, and what it lacks is listed
//!   in words ([`level::Reached::lost`]): a field of the spec without effect is reported, never ignored;
//! - nothing of the caller is inherited: no variable, no open file, no ignored signal, no controlling terminal;
//! - when [`run::run`] returns, no process of the program is left; what is left of its namespaces is empty and goes by
//!   itself. Killing stella kills the run.
//!
//! Absent: what a run means. Whether a denied call matters is for [`crate::execute::health_gate`] to say.

mod budget;
#[cfg(any(test, not(target_os = "linux")))]
mod capture;
pub mod doctor;
pub(crate) mod elf;
mod ending;
mod environment;
pub mod error;
pub mod helper;
pub mod ledger;
pub mod level;
#[cfg(target_os = "linux")]
mod linux;
pub mod look_ups;
pub mod looked_for;
mod path_mapping;
#[cfg(not(target_os = "linux"))]
mod portable;
mod program;
mod program_environment;
pub mod run;
pub mod sandbox_path;
pub mod spec;
pub mod validated;
#[cfg(target_os = "linux")]
mod wire;
