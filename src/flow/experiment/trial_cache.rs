//! Replays that an experiment asks for, kept by the digest of all their inputs: canaries that share inputs share them.
//!
//! Invariant: a run is used at most once within one experiment, or a scanner that flickers would look steady.

use std::sync::Arc;

use serde_json::json;

use crate::artifacts::compare_artifacts::{Rules, Scope};
use crate::artifacts::observe::observe;
use crate::attribute::TrialOutcome;
use crate::attribute::trial_run::TrialRun;
use crate::canonical::JsonError;
use crate::execute::run_job::{self, Executed};
use crate::job::artifact::Produced;
use crate::job::dimensions::digest_of;
use crate::job::input_roots;
use crate::job::scan_spec::Job;
use crate::model::digest::Digest;
use crate::model::error_chain::chain;
use crate::workspace::context::Context;

/// The digest of everything that a run depends on.
pub fn digest(job: &Job) -> Result<Digest, JsonError> {
    let dimensions = job.dimensions(&run_job::surroundings(job, true))?;
    let artifacts: Vec<String> = job.artifacts.iter().map(ToString::to_string).collect();
    digest_of(&json!({ "inputs": dimensions, "artifacts": artifacts, "exit_codes": job.expected_exit_codes }))
}

/// The `nth` run of a job: one that was made already, or a new one.
pub fn run(job: &Job, nth: usize, (expected, scope): (&[Produced], Scope), context: &Context) -> Arc<TrialRun> {
    let key = digest(job).ok().filter(|_| scope == Scope::All);
    if let Some(known) = key.and_then(|key| context.remembered(&key, nth)) {
        return known;
    }
    let (shown, denied) = match run_job::execute(job, context) {
        Err(failure) => (TrialOutcome::Failed(failure.detail), Vec::new()),
        Ok(executed) => (shown(job, &executed, (expected, scope), context), evidence(&executed)),
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

fn shown(job: &Job, executed: &Executed, (expected, scope): (&[Produced], Scope), context: &Context) -> TrialOutcome {
    let roots = input_roots::of_job(job);
    let rules = Rules {
        config: &context.config,
        scope,
        policy: &context.default_policy.policy,
        now: job.clock,
        // Only this run is read; what is expected says which of its artifacts.
        expected_roots: &roots,
        actual_roots: &roots,
    };
    match observe(expected, &executed.artifacts, &rules) {
        Ok(observation) => TrialOutcome::Observed(observation),
        Err(error) => TrialOutcome::Failed(chain("the result cannot be read", &error)),
    }
}
