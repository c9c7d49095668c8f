//! Replays that an experiment asks for, kept by the digest of all their inputs: canaries that share inputs share them.
//!
//! Invariant: a run is used at most once within one experiment, or a scanner that flickers would look steady.

use std::sync::Arc;

use serde_json::json;

use crate::artifacts::comparison::{Rules, Scope};
use crate::artifacts::observe::observe;
use crate::attribute::TrialOutcome;
use crate::attribute::trial_run::TrialRun;
use crate::canonical::JsonError;
use crate::execute::run_job::{self, Executed};
use crate::flow::replay::replay_job::PreparedReplay;
use crate::job::artifact::Artifact;
use crate::job::dimensions::digest_of;
use crate::job::input_roots;
use crate::job::scan_spec::ScanSpec;
use crate::model::digest::Digest;
use crate::model::error_chain::chain;
use crate::workspace::context::Context;

/// The digest of everything that a run depends on.
///
/// # Errors
/// When an input is not JSON that has a canonical form.
pub fn digest(job: &ScanSpec) -> Result<Digest, JsonError> {
    let dimensions = job.dimensions(&run_job::environment(job, true))?;
    let artifacts: Vec<String> = job.artifacts.iter().map(ToString::to_string).collect();
    digest_of(&json!({ "inputs": dimensions.known(), "artifacts": artifacts, "exit_codes": job.expected_exit_codes }))
}

/// How the artifacts of a run are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// What is expected: it says which of them are read.
    pub expected: &'a [Artifact],
    /// Which artifacts are compared.
    pub scope: Scope,
    /// What names the build of the tool is put aside.
    pub across_builds: bool,
}

impl<'a> Reading<'a> {
    /// As those of a replay are.
    pub fn of(replay: &'a PreparedReplay) -> Self {
        let expected = &replay.expected;
        Self { expected: &expected.artifacts, scope: expected.scope, across_builds: replay.across_builds }
    }
}

/// The `nth` run of a job: one that was made already, or a new one.
pub fn run(job: &ScanSpec, nth: usize, reading: Reading<'_>, context: &Context) -> Arc<TrialRun> {
    let key = digest(job).ok().filter(|_| reading.scope == Scope::All);
    // The same run is read in another way.
    let key =
        key.map(|key| if reading.across_builds { Digest::of(format!("{key} across builds").as_bytes()) } else { key });
    if let Some(known) = key.and_then(|key| context.remembered(&key, nth)) {
        return known;
    }
    let (shown, denied) = match run_job::execute(job, context) {
        Err(failure) => (TrialOutcome::Failed(failure.detail), Vec::new()),
        Ok(executed) => (shown(job, &executed, reading, context), evidence(&executed)),
    };
    let ran = Arc::new(TrialRun { shown, denied });
    if let Some(key) = key {
        context.remember(key, ran.clone());
    }
    ran
}

/// What the sandbox denied in a run, in words: the only ground on which `external_io` is ever said.
pub fn evidence(executed: &Executed) -> Vec<String> {
    executed.denied.clone()
}

fn shown(job: &ScanSpec, executed: &Executed, reading: Reading<'_>, context: &Context) -> TrialOutcome {
    let roots = input_roots::of_job(job);
    let rules = Rules {
        config: &context.config,
        scope: reading.scope,
        policy: &context.default_policy.policy,
        now: job.clock,
        // Only this run is read; what is expected says which of its artifacts.
        expected_roots: &roots,
        actual_roots: &roots,
        across_builds: reading.across_builds,
    };
    match observe(reading.expected, &executed.artifacts, &rules) {
        Ok(observation) => TrialOutcome::Observed(observation),
        Err(error) => TrialOutcome::Failed(chain("the result cannot be read", &error)),
    }
}
