//! `stella.feed/1`: what a feed held when a scan read it, on the wire.
//!
//! Invariant: it is evidence of a run and is never compared, for a feed changes with every day. What follows from the records
//! about the packages of the input is in [`crate::format::coverage`], which is compared.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::format::json;

/// The schema that is written.
const SCHEMA: &str = "stella.feed/1";
/// The name of the artifact.
pub const FILE: &str = "feed.json";

/// What a feed held.
#[derive(Debug, Clone, Default)]
pub struct FeedTotals {
    /// How many records were read.
    pub records: usize,
    /// How many of them are withdrawn.
    pub withdrawn: usize,
    /// How many do not count because another record of their id does.
    pub superseded: usize,
    /// What lies in the feed and is not a record, in words.
    pub unread: Vec<String>,
    /// Names of ecosystems that the OSV schema does not know, with how many packages are called so.
    pub unknown_ecosystems: BTreeMap<String, usize>,
}

/// The document.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FeedTotalsV1 {
    /// `stella.feed/1`
    schema: &'static str,
    /// How many records were read.
    records: usize,
    /// How many of them count.
    counted: usize,
    /// How many do not count, by reason.
    skipped: Vec<SkippedV1>,
    /// What lies in the feed and is not a record, in words.
    unread: Vec<String>,
    /// Names of ecosystems that the OSV schema does not know, with how many packages are called so.
    unknown_ecosystems: BTreeMap<String, usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SkippedV1 {
    /// The reason.
    why: &'static str,
    /// How many records.
    records: usize,
}

/// Writes what a feed held.
pub fn write(totals: &FeedTotals) -> Vec<u8> {
    let FeedTotals { records, withdrawn, superseded, unread, unknown_ecosystems } = totals;
    let skipped = [("withdrawn", *withdrawn), ("another record of its id is later", *superseded)];
    let skipped = skipped.into_iter().filter(|(_, records)| *records > 0);
    json::write(&FeedTotalsV1 {
        schema: SCHEMA,
        records: *records,
        counted: records.saturating_sub(withdrawn + superseded),
        skipped: skipped.map(|(why, records)| SkippedV1 { why, records }).collect(),
        unread: unread.clone(),
        unknown_ecosystems: unknown_ecosystems.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_count_is_said_by_reason() {
        let totals = FeedTotals { records: 9, withdrawn: 2, superseded: 1, ..FeedTotals::default() };
        let written: serde_json::Value = serde_json::from_slice(&write(&totals)).unwrap();
        assert_eq!(written["counted"], 6);
        assert_eq!(
            written["skipped"],
            serde_json::json!([
                { "why": "withdrawn", "records": 2 },
                { "why": "another record of its id is later", "records": 1 }
            ])
        );
        let all = FeedTotals { records: 1, ..FeedTotals::default() };
        let written: serde_json::Value = serde_json::from_slice(&write(&all)).unwrap();
        assert_eq!((&written["counted"], &written["skipped"]), (&1.into(), &serde_json::json!([])));
    }
}
