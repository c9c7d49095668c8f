//! What was replayed, when, with which outcome: one record per replay, merged from any number of files.
//!
//! Invariants: a replay that was read twice counts once; the same records in any order make the same history; two records
//! that say different things of one replay are an error, never a choice.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;

use crate::model::digest::Digest;
use crate::model::dimension::Dimensions;
use crate::model::fidelity::Fidelity;
use crate::model::outcome::Outcome;
use crate::model::result::{Mode, Recording, ReplayResult, RunResult, SubjectKind};

/// Characters of a detail, and of the name of a missing input, that are kept.
const MAX_DETAIL: usize = 300;
/// Missing inputs that are kept.
const MAX_MISSING: usize = 10;

/// One replay as history keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
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

/// What identifies a replay.
type Key = (Digest, SubjectKind, Mode, String);

/// What a rate's evidence is counted by: repeats of one manifest are one piece of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source<'a> {
    /// A manifest.
    Manifest(Digest),
    /// A case, which has none.
    Named(SubjectKind, &'a str),
}

/// Two records that say different things of one replay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two records of replay `{id}` in run {run} contradict each other")]
pub struct Contradiction {
    id: String,
    run: Digest,
}

impl Record {
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

    fn key(&self) -> Key {
        (self.run, self.kind, self.mode, self.id.clone())
    }

    /// The same replay, whoever told of the commit.
    fn agrees_with(&self, other: &Self) -> bool {
        *self == Self { commit: self.commit.clone(), ..other.clone() }
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

/// Every replay that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    records: BTreeMap<Key, Record>,
    torn: u64,
}

impl History {
    /// Adds one record; one that is there already changes nothing.
    ///
    /// # Errors
    /// [`Contradiction`] where another record says something else of the same replay.
    pub fn add(&mut self, record: Record) -> Result<(), Contradiction> {
        match self.records.entry(record.key()) {
            Entry::Vacant(free) => {
                free.insert(record);
            }
            Entry::Occupied(mut known) if known.get().agrees_with(&record) => {
                // A commit that one of them tells is kept, whichever came first.
                let known = known.get_mut();
                known.commit = known.commit.take().max(record.commit);
            }
            Entry::Occupied(_) => return Err(Contradiction { id: record.id, run: record.run }),
        }
        Ok(())
    }

    /// Adds what a run replayed.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_run(&mut self, run: &RunResult) -> Result<(), Contradiction> {
        Record::of_run(run, None).into_iter().try_for_each(|record| self.add(record))
    }

    /// Notes lines that a crash cut off: what they would have said is not known.
    pub fn note_torn(&mut self, lines: u64) {
        self.torn = self.torn.saturating_add(lines);
    }

    /// Lines that a crash cut off.
    pub fn torn(&self) -> u64 {
        self.torn
    }

    /// Every record, in an order of no meaning that is always the same.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// How many replays are known.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::arbitrary::record;

    #[test]
    fn the_same_replay_counts_once_and_keeps_the_commit_that_one_tells() {
        let (plain, told) = (record(1, 0), Record { commit: Some("c0ffee".into()), ..record(1, 0) });
        for order in [[&plain, &told], [&told, &plain]] {
            let mut history = History::default();
            order.into_iter().for_each(|record| history.add(record.clone()).unwrap());
            assert_eq!(history.records().collect::<Vec<_>>(), [&told]);
        }
    }

    #[test]
    fn a_second_story_of_one_replay_is_an_error_in_any_order() {
        let (a, b) = (record(1, 0), Record { duration_ms: 1, ..record(1, 0) });
        for [first, second] in [[&a, &b], [&b, &a]] {
            let mut history = History::default();
            history.add(first.clone()).unwrap();
            assert!(history.add(second.clone()).unwrap_err().to_string().contains("contradict"));
        }
    }
}
