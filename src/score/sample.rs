//! Records counted.

use std::collections::BTreeSet;

use crate::model::rate::{Sample, Tally};
use crate::model::replay_record::{ReplayRecord, Source};

/// Counts records as they come.
#[derive(Debug, Clone, Default)]
pub struct Counter<'a> {
    tally: Tally,
    compared: BTreeSet<Source<'a>>,
}

impl<'a> Counter<'a> {
    /// Counts one. What could not be compared is not evidence of anything: it does not count as a manifest.
    pub fn add(&mut self, record: &'a ReplayRecord) {
        self.tally.add(&record.outcome, |level| record.fidelity.and_then(|fidelity| fidelity.at(level)));
        if record.outcome.is_comparison() {
            self.compared.insert(record.source());
        }
    }

    /// What was counted.
    pub fn sample(&self) -> Sample {
        Sample { tally: self.tally, manifests: self.compared.len() as u64 }
    }
}

/// Counts many.
pub fn of<'a>(records: impl IntoIterator<Item = &'a ReplayRecord>) -> Sample {
    let mut counter = Counter::default();
    records.into_iter().for_each(|record| counter.add(record));
    counter.sample()
}
