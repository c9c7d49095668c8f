//! One replay: execute, compare, once more if it differs, name the cause.
//!
//! Invariants: every replay ends as exactly one [`ReplayResult`], whatever happens; a difference is never reported
//! before it was seen twice; what is missing is named.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use crate::artifacts::comparison::{Comparison, ComparisonError, Rules, Scope};
use crate::artifacts::read_artifact::KnownArtifacts;
use crate::artifacts::{compare_artifacts, in_scope};
use crate::canonical::Roots;
use crate::execute::failure::{Failure, Fault, Trouble};
use crate::execute::run_job::{self, Executed};
use crate::flow::record::restore::Restored;
use crate::format::coverage;
use crate::job::artifact::Artifact;
use crate::job::input_roots;
use crate::job::scan_spec::ScanSpec;
use crate::model::comparison::diff::DiffSummary;
use crate::model::dimension::{Dimension, Dimensions};
use crate::model::outcome::Outcome;
use crate::model::result::{ArtifactResult, Mode, Recording, ReplayResult, SourceLocation, SubjectKind};
use crate::workspace::context::Context;

/// What a replay is called, and where it comes from.
#[derive(Debug, Clone)]
pub struct Title {
    /// Unique in the run.
    pub id: String,
    /// For people.
    pub title: String,
    /// What it is made from.
    pub kind: SubjectKind,
    /// Which question it answers.
    pub mode: Mode,
    /// The candidate runs in it.
    pub candidate: bool,
    /// The recording; `None` for a case.
    pub recording: Option<Recording>,
    /// Labels of the manifest or case.
    pub labels: BTreeMap<String, String>,
    /// The file to open.
    pub source: Option<SourceLocation>,
    /// One command that runs it alone.
    pub reproduce: String,
}

/// What is expected of a replay.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The golden artifacts.
    pub artifacts: Vec<Artifact>,
    /// Which artifacts are compared.
    pub scope: Scope,
    /// Digests of all inputs as recorded.
    pub recorded: Recorded,
    /// Where the input lay when the artifacts were made.
    pub roots: Roots,
    /// Those that were read when the replay was prepared.
    pub known: KnownArtifacts,
}

/// What is known of the inputs that the expected artifacts came from.
#[derive(Debug, Clone)]
pub enum Recorded {
    /// Their digests.
    Known(Dimensions),
    /// A case has no recording: all its inputs are those of its folder but this one.
    AllBut(Dimension),
}

impl Recorded {
    fn beside(&self, replayed: &Dimensions) -> Dimensions {
        match self {
            Self::Known(recorded) => recorded.clone(),
            Self::AllBut(moving) => replayed.clone().without(*moving),
        }
    }
}

/// A replay that can start.
#[derive(Debug, Clone)]
pub struct PreparedReplay {
    /// Its name.
    pub title: Title,
    /// What to run.
    pub job: ScanSpec,
    /// What to expect.
    pub expected: Expected,
    /// Things to know that are not a failure.
    pub notes: Vec<String>,
    /// The job as it was recorded; a case has none.
    pub origin: Option<Restored>,
    /// The scanner is another build than the one that wrote what is expected.
    pub across_builds: bool,
}

/// A replay with what it wrote.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// How it ended.
    pub result: ReplayResult,
    /// What the scanner wrote; empty where it did not run.
    pub artifacts: Vec<Artifact>,
    /// What the sandbox saw of the first run, as lines of JSON; `None` where nothing was observed.
    pub ledger: Option<Vec<u8>>,
}

impl PreparedReplay {
    /// Runs it. Never fails: what goes wrong is an outcome.
    pub fn run(&self, context: &Context) -> Replayed {
        let started = Instant::now();
        let mut result = self.title.result(Outcome::Infra { detail: String::new() });
        result.notes.clone_from(&self.notes);
        let (mut artifacts, mut ledger) = (Vec::new(), None);
        result.outcome = match self.attempt(context, &mut result, (&mut artifacts, &mut ledger)) {
            Ok(outcome) => outcome,
            Err(Failure { fault, detail, showing }) => {
                result.showing = Some(*showing).filter(|showing| !showing.is_empty());
                match fault {
                    Fault::Unhealthy => Outcome::Unhealthy { detail },
                    Fault::Infra => Outcome::Infra { detail },
                    Fault::Unreplayable => Outcome::Unreplayable { missing: vec![detail] },
                }
            }
        };
        result.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Replayed { result, artifacts, ledger }
    }

    fn attempt(
        &self,
        context: &Context,
        result: &mut ReplayResult,
        (artifacts, ledger): (&mut Vec<Artifact>, &mut Option<Vec<u8>>),
    ) -> Result<Outcome, Failure> {
        let began = Instant::now();
        let first = run_job::execute(&self.job, context)?;
        result.replayed =
            self.job.dimensions(&first.environment).map_err(|e| Failure::infra("cannot digest the inputs", &e))?;
        result.recorded = self.expected.recorded.beside(&result.replayed);
        result.executor = Some(first.executor.clone());
        result.notes.extend(first.notes.iter().cloned());
        let covers = first.artifacts.iter().any(|artifact| artifact.name == coverage::FILE);
        if covers && self.expected.scope == Scope::All && in_scope::is_before_coverage(&self.expected.artifacts) {
            result.notes.push(format!(
                "the recording is older than `{}`, which is not compared: record again to compare what was looked at",
                coverage::FILE
            ));
        }
        artifacts.clone_from(&first.artifacts);
        ledger.clone_from(&first.ledger);

        let told = |failure: Failure| match failure.fault {
            Fault::Unhealthy => failure.showing(first.after(Trouble::Malformed, &self.job, context)),
            Fault::Infra | Fault::Unreplayable => failure,
        };
        let comparison = self.compare(&first, context).map_err(told)?;
        result.fidelity = Some(comparison.fidelity);
        result.artifacts = comparison.artifacts;
        result.notes.extend(put_aside(&result.artifacts));
        result.notes.extend(comparison.notes);
        if comparison.fidelity.is_bitwise() {
            return Ok(Outcome::Match { lucky: !first.denied.is_empty() });
        }
        result.diff = comparison.diff;
        result.movement = comparison.movement;
        if !first.executor.in_process {
            apart(began);
        }
        let second = run_job::execute(&self.job, context)?;
        let names = in_scope::unstable(
            &self.expected.artifacts,
            (&result.artifacts, &second.artifacts),
            &self.rules(&input_roots::of_job(&self.job), context),
        )
        .map_err(unhealthy)?;
        if !names.is_empty() {
            return Ok(Outcome::Flaky {
                detail: format!("two runs of the same inputs differ in {}", names.join(", ")),
            });
        }
        Ok(Outcome::Drift { causes: vec![result.recorded.floor_cause(&result.replayed)] })
    }

    fn compare(&self, executed: &Executed, context: &Context) -> Result<Comparison, Failure> {
        let roots = input_roots::of_job(&self.job);
        let Expected { artifacts, known, .. } = &self.expected;
        compare_artifacts::compare(artifacts, known, &executed.artifacts, &self.rules(&roots, context))
            .map_err(unhealthy)
    }

    fn rules<'a>(&'a self, actual_roots: &'a Roots, context: &'a Context) -> Rules<'a> {
        Rules {
            config: &context.config,
            scope: self.expected.scope,
            policy: &context.default_policy.policy,
            now: self.job.clock,
            expected_roots: &self.expected.roots,
            actual_roots,
            across_builds: self.across_builds,
        }
    }
}

/// Says what of the tool's identity was put aside.
fn put_aside(artifacts: &[ArtifactResult]) -> Option<String> {
    let of = |artifact: &ArtifactResult| (artifact.name.clone(), artifact.identity.values().sum::<u64>());
    let counted: Vec<String> = artifacts
        .iter()
        .map(of)
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("`{name}` at {count} {}", if count == 1 { "place" } else { "places" }))
        .collect();
    (!counted.is_empty()).then(|| format!("what names the build of the tool was put aside: {}", counted.join(", ")))
}

/// Waits until a run that begins now shows every whole second of the machine's clock, which the sandbox cannot keep from
/// the inodes of new files, as another one than the run that began at `began`. Both in one second would look the same.
fn apart(began: Instant) {
    const SECOND: Duration = Duration::from_secs(1);
    thread::sleep(SECOND.saturating_sub(began.elapsed()));
}

/// A scanner that writes what cannot be read is not well; all else is not its fault.
fn unhealthy(error: ComparisonError) -> Failure {
    match error {
        ComparisonError::Actual { .. } => Failure::unhealthy("the scanner wrote something that cannot be read", &error),
        ComparisonError::Expected { .. } | ComparisonError::Policy(_) | ComparisonError::Order(_) => {
            Failure::infra("the results cannot be compared", &error)
        }
    }
}

impl Title {
    /// A result that says no more than how it ended.
    pub fn result(&self, outcome: Outcome) -> ReplayResult {
        ReplayResult {
            id: self.id.clone(),
            title: self.title.clone(),
            kind: self.kind,
            mode: self.mode,
            candidate: self.candidate,
            recording: self.recording.clone(),
            outcome,
            fidelity: None,
            diff: DiffSummary::default(),
            movement: None,
            artifacts: Vec::new(),
            recorded: Dimensions::default(),
            replayed: Dimensions::default(),
            executor: None,
            labels: self.labels.clone(),
            source: self.source.clone(),
            reproduce: self.reproduce.clone(),
            notes: Vec::new(),
            explanation: None,
            showing: None,
            before: None,
            duration_ms: 0,
        }
    }
}
