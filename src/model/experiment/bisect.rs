//! Where in a chain of snapshots of a feed findings flipped.

use crate::model::comparison::diff::Direction;
use crate::model::digest::Digest;

/// Every flip of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bisection {
    /// How many snapshots the chain has.
    pub snapshots: usize,
    /// How many of them were replayed.
    pub replays: usize,
    /// Every finding that differs between the ends.
    pub flips: Vec<Flip>,
    /// One command that shows it again.
    pub reproduce: String,
}

/// One finding with the snapshot at which it flipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flip {
    /// The vulnerability and the package.
    pub finding: String,
    /// Which way.
    pub direction: Direction,
    /// The last snapshot before.
    pub before: Snapshot,
    /// The snapshot at which it flipped.
    pub at: Snapshot,
    /// The records in which the two differ: those that name the vulnerability, else all.
    pub records: Vec<RecordChange>,
}

/// One snapshot of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Where it lies.
    pub path: String,
    /// What identifies it.
    pub content_digest: Option<Digest>,
}

/// One record that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordChange {
    /// Its path in the feed.
    pub path: String,
    /// Its id, where it is an OSV record.
    pub advisory: Option<String>,
    /// What differs in it.
    pub fields: Vec<FieldFlip>,
}

/// One field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFlip {
    /// JSON pointer; empty for the whole record.
    pub path: String,
    /// Its value before, as JSON; null where it was absent.
    pub before: Option<String>,
    /// Its value after.
    pub after: Option<String>,
}
