//! What `stella feed bisect` prints (`stella.feed-bisect/1`).

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::digest::Digest;
use crate::model::experiment::bisect::{self, Bisection};
use crate::wire::schema_name::schema_name;
use crate::wire::v1::words::Direction;

schema_name!(FeedBisectSchema = "stella.feed-bisect/1");

/// `stella feed bisect`
#[derive(Debug, Serialize, JsonSchema)]
pub struct FeedBisectV1 {
    /// `stella.feed-bisect/1`
    pub schema: FeedBisectSchema,
    /// How many snapshots the chain has.
    pub snapshots: usize,
    /// How many of them were replayed.
    pub replays: usize,
    /// Every finding that differs between the ends.
    pub flips: Vec<Flip>,
    /// One command that shows it again.
    pub reproduce: String,
}

impl From<Bisection> for FeedBisectV1 {
    fn from(of: Bisection) -> Self {
        let Bisection { snapshots, replays, flips, reproduce } = of;
        Self {
            schema: FeedBisectSchema,
            snapshots,
            replays,
            flips: flips.into_iter().map(Into::into).collect(),
            reproduce,
        }
    }
}

/// One finding with the snapshot at which it flipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Snapshot {
    /// Where it lies.
    pub path: String,
    /// What identifies it.
    pub content_digest: Option<Digest>,
}

/// One record that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RecordChange {
    /// Its path in the feed.
    pub path: String,
    /// Its id, where it is an OSV record.
    pub advisory: Option<String>,
    /// What differs in it.
    pub fields: Vec<FieldFlip>,
}

/// One field of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldFlip {
    /// JSON pointer; empty for the whole record.
    pub path: String,
    /// Its value before, as JSON; null where it was absent.
    pub before: Option<String>,
    /// Its value after.
    pub after: Option<String>,
}

impl From<bisect::Flip> for Flip {
    fn from(of: bisect::Flip) -> Self {
        let bisect::Flip { finding, direction, before, at, records } = of;
        Self {
            finding,
            direction: direction.into(),
            before: before.into(),
            at: at.into(),
            records: records.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<bisect::Snapshot> for Snapshot {
    fn from(of: bisect::Snapshot) -> Self {
        let bisect::Snapshot { path, content_digest } = of;
        Self { path, content_digest }
    }
}

impl From<bisect::RecordChange> for RecordChange {
    fn from(of: bisect::RecordChange) -> Self {
        let bisect::RecordChange { path, advisory, fields } = of;
        Self { path, advisory, fields: fields.into_iter().map(Into::into).collect() }
    }
}

impl From<bisect::FieldFlip> for FieldFlip {
    fn from(of: bisect::FieldFlip) -> Self {
        let bisect::FieldFlip { path, before, after } = of;
        Self { path, before, after }
    }
}
