//! Runs a scan again and again with something changed around it, and learns a profile from what comes out.
//!
//! Invariants: a run that is not healthy teaches nothing and is told; what the sandbox could not change on this machine
//! is told; the input, the scanner and its flags are the same in every run.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, SystemTime};

use jiff::{Span, Timestamp};

use crate::canonical::{Form, Limits, Profile};
use crate::execute::failure::Failure;
use crate::execute::run_folders::RunOverrides;
use crate::execute::run_job::{self, Executed};
use crate::job::input_roots;
use crate::job::material::InputMaterial;
use crate::job::scan_spec::ScanSpec;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::profiling::learn::{self, LearnError, LearnedProfile, Observation, Variation};
use crate::sandbox::sandbox_path::{InvalidSandboxPath, SandboxPath};
use crate::sandbox::spec::DirectoryOrder;
use crate::workspace::context::Context;

/// How many run at the same time where that is what is changed.
const TOGETHER: usize = 3;
/// Another root, another name of the folder: as long as the usual one in neither.
const ELSEWHERE: &str = "/tmp/stella/elsewhere/another-name";

/// What came of it, for one artifact.
#[derive(Debug, Clone)]
pub struct LearnedArtifact {
    /// The artifact's file name.
    pub artifact: String,
    /// What was learnt.
    pub learnt: LearnedProfile,
}

/// What came of all runs.
#[derive(Debug, Clone)]
pub struct LearnReport {
    /// One for each artifact in JSON.
    pub lessons: Vec<LearnedArtifact>,
    /// Runs that were made, each with what was changed.
    pub runs: Vec<Variation>,
    /// Runs that failed: what was changed, and how they ended.
    pub failed: Vec<(Variation, String)>,
    /// What of the changes had no effect on this machine.
    pub without_effect: Vec<String>,
    /// Artifacts of which nothing can be learnt, for they are not JSON.
    pub not_json: Vec<String>,
}

/// Why nothing was learnt.
#[derive(Debug, thiserror::Error)]
pub enum LearnRunError {
    /// The first run did not go well: there is nothing to compare with.
    #[error("the first run did not go well")]
    First(#[source] Failure),
    /// A place in the sandbox is none.
    #[error(transparent)]
    Place(#[from] InvalidSandboxPath),
    /// The clock cannot be moved.
    #[error("the clock cannot be moved on by a day")]
    Clock(#[source] jiff::Error),
    /// No artifact is JSON.
    #[error("nothing can be learnt: no artifact is JSON")]
    Nothing,
    /// Nothing can be learnt from what came out.
    #[error("artifact `{artifact}`")]
    Learn {
        /// Its name.
        artifact: String,
        /// Why.
        source: LearnError,
    },
}

impl Diagnostic for LearnRunError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::First(_) => FailureKind::Inconclusive,
            Self::Place(_) | Self::Clock(_) | Self::Nothing | Self::Learn { .. } => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::First(_) => Some("it must run well once before anything can be learnt".into()),
            Self::Nothing => Some("text has no places that a rule could name".into()),
            _ => None,
        }
    }
}

/// One run to be made.
struct Plan {
    variation: Variation,
    overrides: RunOverrides,
    clock: Timestamp,
}

/// Runs `job` `again` times unchanged and once or more under each change; `base` is what is known already of an
/// artifact's format.
///
/// # Errors
/// [`LearnRunError`].
pub fn learn(
    job: &ScanSpec,
    again: usize,
    base: impl Fn(&str, &[u8]) -> Profile,
    context: &Context,
) -> Result<LearnReport, LearnRunError> {
    let first = run_job::execute_with(job, &RunOverrides::default(), context).map_err(LearnRunError::First)?;
    let mut without_effect: BTreeSet<String> = lost(&first);
    let mut ran: Vec<(Variation, SandboxPath, Executed)> =
        vec![(Variation::Again, RunOverrides::default().input, first)];
    let mut failed = Vec::new();
    let (alone, together): (Vec<Plan>, Vec<Plan>) =
        plans(job, again)?.into_iter().partition(|plan| plan.variation != Variation::Together);
    let mut keep = |plan: &Plan, outcome: Result<Executed, Failure>| match outcome {
        Ok(executed) => {
            without_effect.extend(lost(&executed));
            ran.push((plan.variation, plan.overrides.input.clone(), executed));
        }
        Err(failure) => failed.push((plan.variation, failure.detail)),
    };
    for plan in &alone {
        keep(plan, run(job, plan, context));
    }
    let outcomes: Vec<_> = thread::scope(|scope| {
        let start = |plan| thread::Builder::new().spawn_scoped(scope, move || run(job, plan, context)).ok();
        let running: Vec<_> = together.iter().map(start).collect();
        // Where no thread can be started, one after the other.
        let outcome = |(plan, running): (&_, Option<thread::ScopedJoinHandle<'_, _>>)| {
            running.map_or_else(|| Ok(run(job, plan, context)), thread::ScopedJoinHandle::join)
        };
        together.iter().zip(running).map(outcome).collect()
    });
    for (plan, outcome) in together.iter().zip(outcomes) {
        keep(plan, outcome.unwrap_or_else(|_| Err(Failure::machine("the run was broken off"))));
    }
    let (lessons, not_json) = lessons(job, &ran, base)?;
    if lessons.is_empty() {
        return Err(LearnRunError::Nothing);
    }
    let runs = ran.iter().skip(1).map(|(variation, ..)| *variation).collect();
    Ok(LearnReport { lessons, runs, failed, without_effect: without_effect.into_iter().collect(), not_json })
}

fn plans(job: &ScanSpec, again: usize) -> Result<Vec<Plan>, LearnRunError> {
    let plan = |variation, overrides| Plan { variation, overrides, clock: job.clock };
    let mut plans: Vec<Plan> = (0..again).map(|_| plan(Variation::Again, RunOverrides::default())).collect();
    let day = job.clock.checked_add(Span::new().hours(24)).map_err(LearnRunError::Clock)?;
    plans.push(Plan { clock: day, ..plan(Variation::Later, RunOverrides::default()) });
    plans.push(plan(
        Variation::Elsewhere,
        RunOverrides { input: SandboxPath::new(ELSEWHERE)?, ..RunOverrides::default() },
    ));
    plans.push(plan(Variation::Order, RunOverrides { order: DirectoryOrder::Seeded, ..RunOverrides::default() }));
    let year_2001 = SystemTime::UNIX_EPOCH + Duration::from_secs(978_307_200);
    plans.push(plan(Variation::Mtimes, RunOverrides { mtimes: Some(year_2001), ..RunOverrides::default() }));
    plans.extend((0..TOGETHER).map(|_| plan(Variation::Together, RunOverrides::default())));
    Ok(plans)
}

fn run(job: &ScanSpec, plan: &Plan, context: &Context) -> Result<Executed, Failure> {
    let job = ScanSpec { clock: plan.clock, ..job.clone() };
    run_job::execute_with(&job, &plan.overrides, context)
}

/// What of a change had no effect: the clock that cannot be set, the order that cannot be given.
fn lost(executed: &Executed) -> BTreeSet<String> {
    let changed = ["clock", "directory order"];
    let lost = executed.executor.lost.iter().filter(|lost| changed.iter().any(|name| lost.starts_with(name)));
    lost.cloned().collect()
}

fn lessons(
    job: &ScanSpec,
    ran: &[(Variation, SandboxPath, Executed)],
    base: impl Fn(&str, &[u8]) -> Profile,
) -> Result<(Vec<LearnedArtifact>, Vec<String>), LearnRunError> {
    let (mut lessons, mut not_json) = (Vec::new(), Vec::new());
    let Some((_, _, first)) = ran.first() else { return Ok((lessons, not_json)) };
    let is_folder = matches!(job.input, InputMaterial::Tree(_));
    for artifact in &first.artifacts {
        let base = base(&artifact.name, &artifact.bytes);
        if base.form() == Form::Bytes {
            not_json.push(artifact.name.clone());
            continue;
        }
        let seen = ran.iter().filter_map(|(variation, input, executed)| {
            let same = executed.artifacts.iter().find(|other| other.name == artifact.name)?;
            // Where a file is the input, its folder is what lies elsewhere.
            let place = if is_folder { input.as_str().to_owned() } else { format!("{input}/file") };
            let roots = input_roots::of_input(&place, is_folder);
            Some(Observation { variation: *variation, document: same.document().into_owned(), roots })
        });
        let observations: Vec<Observation> = seen.collect();
        let learnt = learn::learn(&base, &observations, &Limits::default())
            .map_err(|source| LearnRunError::Learn { artifact: artifact.name.clone(), source })?;
        lessons.push(LearnedArtifact { artifact: artifact.name.clone(), learnt });
    }
    Ok((lessons, not_json))
}
