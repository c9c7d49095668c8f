//! One replay as it is remembered: what a history and a store of records keep.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::comparison::fidelity::Fidelity;
use crate::model::digest::Digest;
use crate::model::dimension::Dimensions;
use crate::model::outcome::Outcome;
use crate::model::result::{Mode, Recording, ReplayResult, RunResult, SubjectKind};

/// Characters of a detail, and of the name of a missing input, that are kept.
const MAX_DETAIL: usize = 300;
/// Missing inputs that are kept.
const MAX_MISSING: usize = 10;

/// One replay as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayRecord {
    /// Identity of the run.
    pub run: Digest,
    /// When the run ended.
    pub at: Timestamp,
    /// What it was made from.
    pub kind: SubjectKind,
    /// Which question it answers.
    pub mode: Mode,
    /// Unique in the run: the case's or canary's id, or the scan id.
    pub id: String,
    /// The recording; `None` for a case.
    pub recording: Option<Recording>,
    /// How it ended; details are cut.
    pub outcome: Outcome,
    /// The three verdicts; `None` where nothing could be compared.
    pub fidelity: Option<Fidelity>,
    /// Labels, each a bucket.
    pub labels: BTreeMap<String, String>,
    /// Digests of all inputs as recorded.
    pub recorded: Dimensions,
    /// Digests of all inputs as replayed.
    pub replayed: Dimensions,
    /// Version of stella that ran.
    pub stella_version: String,
    /// Commit of the repository, where it was told.
    pub commit: Option<String>,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
}

/// What a rate's evidence is counted by: repeats of one manifest are one piece of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source<'a> {
    /// A manifest.
    Manifest(Digest),
    /// A case, which has none.
    Named(SubjectKind, &'a str),
}

impl ReplayRecord {
    /// Every replay of a run.
    pub fn of_run(run: &RunResult, commit: Option<&str>) -> Vec<Self> {
        let id = run.id();
        run.replays.iter().map(|replay| Self::new(id, run, replay, commit)).collect()
    }

    fn new(run: Digest, result: &RunResult, replay: &ReplayResult, commit: Option<&str>) -> Self {
        Self {
            run,
            at: result.finished_at,
            kind: replay.kind,
            mode: replay.mode,
            id: replay.id.clone(),
            recording: replay.recording.clone(),
            outcome: short(&replay.outcome),
            fidelity: replay.fidelity,
            labels: replay.labels.clone(),
            recorded: replay.recorded.clone(),
            replayed: replay.replayed.clone(),
            stella_version: result.stella_version.clone(),
            commit: commit.map(str::to_owned),
            duration_ms: replay.duration_ms,
        }
    }

    /// What its evidence is counted by.
    pub fn source(&self) -> Source<'_> {
        match &self.recording {
            Some(recording) => Source::Manifest(recording.manifest),
            None => Source::Named(self.kind, &self.id),
        }
    }
}

fn short(outcome: &Outcome) -> Outcome {
    let cut = |text: &String| text.chars().take(MAX_DETAIL).collect::<String>();
    match outcome {
        Outcome::Match { .. } | Outcome::Drift { .. } => outcome.clone(),
        Outcome::Flaky { detail } => Outcome::Flaky { detail: cut(detail) },
        Outcome::Unhealthy { detail } => Outcome::Unhealthy { detail: cut(detail) },
        Outcome::Infra { detail } => Outcome::Infra { detail: cut(detail) },
        Outcome::Unreplayable { missing } => {
            Outcome::Unreplayable { missing: missing.iter().take(MAX_MISSING).map(cut).collect() }
        }
    }
}
