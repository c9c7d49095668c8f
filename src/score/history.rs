//! What was replayed, when, with which outcome: records of replays, merged from any number of files.
//!
//! Invariants: a replay that was read twice counts once; the same records in any order make the same history; two records
//! that say different things of one replay are an error, never a choice.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::model::digest::Digest;
use crate::model::replay_record::ReplayRecord;
use crate::model::result::{Mode, RunResult, SubjectKind};

/// What identifies a replay.
type Key = (Digest, SubjectKind, Mode, String);

fn key(of: &ReplayRecord) -> Key {
    (of.run, of.kind, of.mode, of.id.clone())
}

/// Whether two records tell the same of a replay, whoever told of the commit.
fn agree(one: &ReplayRecord, other: &ReplayRecord) -> bool {
    *one == ReplayRecord { commit: one.commit.clone(), ..other.clone() }
}

/// Two records that say different things of one replay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two records of replay `{id}` in run {run} contradict each other")]
pub struct Contradiction {
    id: String,
    run: Digest,
}

/// Every replay that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    records: BTreeMap<Key, ReplayRecord>,
    torn: u64,
}

impl History {
    /// Adds one record; one that is there already changes nothing.
    ///
    /// # Errors
    /// [`Contradiction`] where another record says something else of the same replay.
    pub fn add(&mut self, record: ReplayRecord) -> Result<(), Contradiction> {
        match self.records.entry(key(&record)) {
            Entry::Vacant(free) => {
                free.insert(record);
            }
            Entry::Occupied(mut known) if agree(known.get(), &record) => {
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
        ReplayRecord::of_run(run, None).into_iter().try_for_each(|record| self.add(record))
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
    pub fn records(&self) -> impl Iterator<Item = &ReplayRecord> {
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
        let (plain, told) = (record(1, 0), ReplayRecord { commit: Some("c0ffee".into()), ..record(1, 0) });
        for order in [[&plain, &told], [&told, &plain]] {
            let mut history = History::default();
            order.into_iter().for_each(|record| history.add(record.clone()).unwrap());
            assert_eq!(history.records().collect::<Vec<_>>(), [&told]);
        }
    }

    #[test]
    fn a_second_story_of_one_replay_is_an_error_in_any_order() {
        let (a, b) = (record(1, 0), ReplayRecord { duration_ms: 1, ..record(1, 0) });
        for [first, second] in [[&a, &b], [&b, &a]] {
            let mut history = History::default();
            history.add(first.clone()).unwrap();
            assert!(history.add(second.clone()).unwrap_err().to_string().contains("contradict"));
        }
    }
}
