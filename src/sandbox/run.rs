//! One run: from a spec to how the program ended and what it printed.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::result::Isolation;
use crate::sandbox::error::SandboxError;
use crate::sandbox::ledger::Ledger;
use crate::sandbox::level::Reached;
#[cfg(target_os = "linux")]
use crate::sandbox::linux::client as mechanism;
#[cfg(not(target_os = "linux"))]
use crate::sandbox::portable as mechanism;
use crate::sandbox::spec::SandboxSpec;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this exit code.
    Code(i32),
    /// By a signal that was not ours.
    Signal(i32),
    /// By us.
    Killed(Reason),
}

/// Why we ended the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It took longer than its limit of wall time.
    TimedOut,
    /// It printed more, or wrote more, than its limits allow.
    OutputTooLarge,
    /// Its processes together had more memory than its limits allow.
    OutOfMemory,
    /// It had more processes and threads at a time than its limits allow.
    TooManyProcesses,
}

impl Reason {
    /// In words, after *the scanner*.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::TimedOut => "ran out of time",
            Self::OutputTooLarge => "wrote more than its limit",
            Self::OutOfMemory => "used more memory than its limit",
            Self::TooManyProcesses => "had more processes than its limit",
        }
    }
}

/// A run that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// How the program ended.
    pub ending: Ending,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it printed as talk.
    pub stderr: Vec<u8>,
    /// Whether more was printed than was kept.
    pub truncated: bool,
    /// The level of isolation that was reached.
    pub level: Isolation,
    /// What of the spec this level does not keep: `subject: what instead`.
    pub lost: Vec<String>,
    /// Wall time, the sandbox's own start included.
    pub wall: Duration,
    /// What was seen, as evidence; empty where nothing is observed, and then `lost` says so.
    pub ledger: Ledger,
}

impl Finished {
    /// The level with what it lost.
    pub fn reached(&self) -> Reached {
        Reached { level: self.level, lost: self.lost.clone() }
    }
}

/// Runs `spec` in the strongest sandbox that works here.
///
/// The calling thread waits; it must not end before this returns, as its end ends the run.
///
/// # Errors
/// When the program could not be started. However it ends, that is a [`Finished`].
pub fn run(spec: &SandboxSpec, helper: &Path) -> Result<Finished, SandboxError> {
    run_at_most(spec, helper, Isolation::Full)
}

/// Runs `spec` in the strongest sandbox that works here and is not stronger than `ceiling`.
///
/// # Errors
/// As [`run`].
pub fn run_at_most(spec: &SandboxSpec, helper: &Path, ceiling: Isolation) -> Result<Finished, SandboxError> {
    mechanism::run(spec, helper, ceiling)
}

/// Builds the sandbox of `spec`, runs nothing in it, and says what it is.
///
/// # Errors
/// As [`run`].
pub fn probe(spec: &SandboxSpec, helper: &Path) -> Result<Reached, SandboxError> {
    probe_at_most(spec, helper, Isolation::Full)
}

/// The same with nothing stronger than `ceiling`.
///
/// # Errors
/// As [`run`].
pub fn probe_at_most(spec: &SandboxSpec, helper: &Path, ceiling: Isolation) -> Result<Reached, SandboxError> {
    mechanism::probe(spec, helper, ceiling)
}

/// The names of the rules by which a tracing sandbox keeps something from a program, with namespaces or without: each can be
/// switched off in the spec of such a build, to see whether tests notice.
#[cfg(stella_weaken)]
pub fn rules(spec: &SandboxSpec, namespaces: bool) -> Vec<String> {
    crate::sandbox::linux::rules(spec, namespaces)
}
