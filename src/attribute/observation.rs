//! What a replay showed: one value for everything that can change, so that each change has a cause of its own.

use std::collections::BTreeMap;
use std::fmt;

use crate::attribute::cell::Cell;
use crate::model::digest::Digest;

/// One thing that can change between two results.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum Key {
    /// The final decision with its reasons.
    Decision,
    /// One finding: a vulnerability in a package.
    Finding { cve_id: String, affected_purl: String },
    /// One package of the inventory.
    Package(String),
    /// One VEX statement.
    Vex { vulnerability: String, product: String },
    /// The canonical bytes of one artifact.
    Artifact(String),
}

impl Key {
    /// `finding`, `package`, …
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Finding { .. } => "finding",
            Self::Package(_) => "package",
            Self::Vex { .. } => "vex",
            Self::Artifact(_) => "artifact",
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decision => f.write_str("decision"),
            Self::Finding { cve_id, affected_purl } => write!(f, "{cve_id} in {affected_purl}"),
            Self::Package(key) => write!(f, "package {key}"),
            Self::Vex { vulnerability, product } => write!(f, "vex {vulnerability} in {product}"),
            Self::Artifact(name) => f.write_str(name),
        }
    }
}

/// The value of every key that is there. A key that is absent has the value *absent*, which is a value like any other.
pub type Observation = BTreeMap<Key, Digest>;

/// How one run of a cell ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialOutcome {
    /// With a result.
    Observed(Observation),
    /// Without one; the reason.
    Failed(String),
}

/// The value of one key in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// The run gave no result.
    Failed,
    /// The key was there with this value, or was absent.
    Is(Option<Digest>),
}

impl TrialOutcome {
    /// The value of `key`.
    pub fn value(&self, key: &Key) -> Value {
        match self {
            Self::Failed(_) => Value::Failed,
            Self::Observed(observation) => Value::Is(observation.get(key).copied()),
        }
    }
}

/// Every run so far, by cell, in the order in which they were made.
#[derive(Debug, Clone, Default)]
pub struct Trials(BTreeMap<Cell, Vec<TrialOutcome>>);

impl Trials {
    /// Adds a run.
    pub fn add(&mut self, cell: Cell, shown: TrialOutcome) {
        self.0.entry(cell).or_default().push(shown);
    }

    /// The runs of one cell.
    pub fn of(&self, cell: Cell) -> &[TrialOutcome] {
        self.0.get(&cell).map_or(&[], Vec::as_slice)
    }

    /// Every cell with its runs.
    pub fn iter(&self) -> impl Iterator<Item = (Cell, &[TrialOutcome])> {
        self.0.iter().map(|(cell, runs)| (*cell, runs.as_slice()))
    }

    /// How many runs there are.
    pub fn len(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Whether nothing was run.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
