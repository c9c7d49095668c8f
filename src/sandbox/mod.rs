//! Runs a foreign program so that it sees what its [`spec::SandboxSpec`] says, and nothing else.
//!
//! ```text
//! SandboxSpec ──▶ run ──▶ stella-sandbox (the helper: small, single-threaded, cleared environment)
//!                           │ unshare: user, mount, pid, net, uts, ipc, cgroup
//!                           └─▶ init, pid 1: private root, hostname, limits, no capability
//!                                 └─▶ the program
//! ```
//!
//! Invariants:
//! - the strongest level that works is found by trying, is part of the result, and what it lacks is listed
//!   in words ([`level::Reached::lost`]): a field of the spec without effect is reported, never ignored;
//! - nothing of the caller is inherited: no variable, no open file, no ignored signal, no controlling terminal;
//! - when [`run::run`] returns, no process and no mount of the run is left; killing stella kills the run.
//!
//! Absent: system-call tracing. The clock cannot be frozen yet, and what was denied is not observed.

mod capture;
mod environment;
pub mod error;
pub mod guest;
pub mod helper;
pub mod level;
#[cfg(target_os = "linux")]
mod linux;
mod places;
#[cfg(not(target_os = "linux"))]
mod portable;
mod program;
pub mod run;
pub mod setting;
pub mod spec;
#[cfg(target_os = "linux")]
mod wire;
