//! Runs, and in which of them a place differed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::canonical::Roots;

/// What was changed around a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variation {
    /// Nothing.
    Again,
    /// The clock: a day later.
    Later,
    /// Where the input lay, and how its folder was called.
    Elsewhere,
    /// The order in which folders list what is in them.
    Order,
    /// When the files of the input were last changed.
    Mtimes,
    /// Several ran at the same time.
    Together,
}

impl fmt::Display for Variation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Again => "the same again",
            Self::Later => "a day later",
            Self::Elsewhere => "in another folder",
            Self::Order => "with folders in another order",
            Self::Mtimes => "with other times on the files",
            Self::Together => "with several at once",
        })
    }
}

/// A document of one run.
#[derive(Debug, Clone)]
pub struct Observation {
    /// What was changed; nothing, for the first.
    pub variation: Variation,
    /// What the run wrote.
    pub document: Vec<u8>,
    /// Where its input lay.
    pub roots: Roots,
}

/// In which runs a place differed from the first: how often, and of how many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VariationCounts {
    counts: BTreeMap<Variation, (usize, usize)>,
}

impl fmt::Display for VariationCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |(variation, (seen, of)): (&Variation, &(usize, usize))| match of {
            1 => variation.to_string(),
            of => format!("{variation} ({seen} of {of} runs)"),
        };
        let seen: Vec<String> = self.counts.iter().filter(|(_, (seen, _))| *seen > 0).map(one).collect();
        write!(f, "differed: {}", seen.join(", "))
    }
}

impl VariationCounts {
    pub(super) fn of(runs: &BTreeSet<usize>, observations: &[Observation]) -> Self {
        let mut counts: BTreeMap<Variation, (usize, usize)> = BTreeMap::new();
        for (index, observation) in observations.iter().enumerate().skip(1) {
            let (seen, of) = counts.entry(observation.variation).or_default();
            *of += 1;
            *seen += usize::from(runs.contains(&index));
        }
        Self { counts }
    }

    /// Whether the place differed in no other run.
    pub(super) fn is_only(&self, variation: Variation) -> bool {
        self.has(variation) && self.counts.iter().all(|(other, (seen, _))| *other == variation || *seen == 0)
    }

    /// Whether the place differed in such a run.
    pub fn has(&self, variation: Variation) -> bool {
        self.counts.get(&variation).is_some_and(|(seen, _)| *seen > 0)
    }
}
