//! One run: from a spec to how the program ended and what it printed.

use std::path::Path;

use jiff::Timestamp;

use crate::model::result::Isolation;
pub use crate::sandbox::ending::{Ending, Finished, Reason};
use crate::sandbox::error::SandboxError;
use crate::sandbox::level::Reached;
#[cfg(target_os = "linux")]
use crate::sandbox::linux::client as mechanism;
#[cfg(not(target_os = "linux"))]
use crate::sandbox::portable as mechanism;
use crate::sandbox::spec::{Clock, SandboxSpec};
use crate::sandbox::validated::Argv;

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

/// Builds the strongest sandbox that works here, runs nothing in it, and says what the strictest spec would lose.
///
/// # Errors
/// As [`run`].
pub fn probe_strictest(helper: &Path) -> Result<Reached, SandboxError> {
    probe(&SandboxSpec::new(Argv::nothing(), Clock::Frozen(Timestamp::UNIX_EPOCH)), helper)
}

/// The names of the rules by which a tracing sandbox keeps something from a program, with namespaces or without: each can be
/// switched off in the spec of such a build, to see whether tests notice.
#[cfg(stella_weaken)]
pub fn rules(spec: &SandboxSpec, namespaces: bool) -> Vec<String> {
    crate::sandbox::linux::rules(spec, namespaces)
}
