//! `history.jsonl`: one line of JSON per replay, version 1 (`stella.history/1`).
//!
//! Invariants: one record is one line; what is written is within the limit of what is read; a line that a crash cut off is
//! told apart from one that says nonsense. Fields are only ever added, and unknown ones are accepted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::comparison::fidelity::OrderBroken;
use crate::model::digest::Digest;
use crate::model::replay_record::ReplayRecord;
use crate::model::result;
use crate::model::text::objects;
use crate::wire::v1::cause::{Cause, MismatchReason};
use crate::wire::v1::outcome::{Contradiction, Fields, Levels, OutcomeCode};
use crate::wire::v1::replay::{Digests, Recording};
use crate::wire::v1::words::{Mode, SubjectKind};

/// The longest line, in bytes: far above any replay with labels that people wrote.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// The name and version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum HistorySchema {
    /// Version 1.
    #[serde(rename = "stella.history/1")]
    V1,
}

/// One line: one replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryLineV1 {
    /// The name and version of the format.
    pub schema: HistorySchema,
    /// Identity of the run, made from its content.
    pub run_id: Digest,
    /// When the run ended (RFC 3339, UTC).
    pub at: Timestamp,
    /// What the replay was made from.
    pub kind: SubjectKind,
    /// Which question it answers.
    pub mode: Mode,
    /// The case's or canary's id, or the scan id.
    pub id: String,
    /// The recording that it was made from; null for a case.
    pub recording: Option<Recording>,
    /// How it ended.
    pub outcome: OutcomeCode,
    /// A match although the sandbox denied something.
    pub lucky: bool,
    /// What happened, for `flaky`, `unhealthy` and `infra`, cut after 300 characters; null otherwise.
    pub detail: Option<String>,
    /// The first ten inputs that are gone, for `unreplayable`; empty otherwise.
    pub missing: Vec<String>,
    /// The one reason of a `drift` or `flaky`, `mixed` where there are several; null otherwise.
    pub mismatch_reason: Option<MismatchReason>,
    /// Every cause of a `drift`; empty otherwise.
    pub causes: Vec<Cause>,
    /// The three verdicts.
    pub levels: Levels,
    /// Labels: each is a bucket of the scores.
    pub labels: BTreeMap<String, String>,
    /// Digests of the inputs.
    pub digests: Digests,
    /// Version of stella that ran.
    pub stella_version: String,
    /// Commit of the repository, where it was told.
    pub commit: Option<String>,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
}

/// Why a line is not a record.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It ends before it is whole: the writer was stopped.
    #[error("the line was cut off")]
    Torn,
    /// More than [`MAX_LINE_BYTES`].
    #[error("the line has {bytes} bytes: expected at most {MAX_LINE_BYTES}")]
    TooLong {
        /// Its size.
        bytes: usize,
    },
    /// Another format, or a version that came later.
    #[error("the line has the schema `{found}`: expected `stella.history/1`; a newer stella may read it")]
    OtherSchema {
        /// What it says it is.
        found: String,
    },
    /// Not JSON, or not of the right shape.
    #[error("the line cannot be read at `{path}`")]
    Shape {
        /// Where.
        path: String,
        /// What is wrong there.
        source: serde_json::Error,
    },
    /// It says two things at once.
    #[error("replay `{id}` contradicts itself: {what}")]
    Contradiction {
        /// Which replay.
        id: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A stronger level holds and a weaker one does not.
    #[error("replay `{id}` has impossible levels")]
    Levels {
        /// Which replay.
        id: String,
        /// Which levels.
        source: OrderBroken,
    },
}

/// Why a record cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Its line would be too long to be read again: labels are the only part without a limit of its own.
    #[error("the record of replay `{id}` has {bytes} bytes: expected at most {MAX_LINE_BYTES}; shorten its labels")]
    TooLong {
        /// Which replay.
        id: String,
        /// Its size.
        bytes: usize,
    },
    /// The serialiser's own error; no record causes it.
    #[error("the record of a replay cannot be written")]
    Json(#[from] serde_json::Error),
}

/// A record as one line, with its line break.
///
/// # Errors
/// See [`WriteError`].
pub fn write(record: &ReplayRecord) -> Result<String, WriteError> {
    // Line breaks inside texts are escaped by JSON: this is one line whatever the texts hold.
    let line = serde_json::to_string(&HistoryLineV1::from(record))?;
    if line.len() > MAX_LINE_BYTES {
        return Err(WriteError::TooLong { id: record.id.clone(), bytes: line.len() });
    }
    Ok(line + "\n")
}

/// Reads one line, without its line break.
///
/// # Errors
/// See [`LineError`].
pub fn read(line: &[u8]) -> Result<ReplayRecord, LineError> {
    /// Read first, so that a later version is named instead of its first unknown shape.
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    if line.len() > MAX_LINE_BYTES {
        return Err(LineError::TooLong { bytes: line.len() });
    }
    // Zeros at the end: blocks that a machine which lost its power had not filled yet. No record holds one.
    if line.ends_with(b"\0") {
        return Err(LineError::Torn);
    }
    let Head { schema } = parse(line)?;
    if schema != "stella.history/1" {
        return Err(LineError::OtherSchema { found: schema.chars().take(100).collect() });
    }
    parse::<HistoryLineV1>(line)?.try_into()
}

fn parse<'de, T: Deserialize<'de>>(line: &'de [u8]) -> Result<T, LineError> {
    let shape = |path: String, source: serde_json::Error| match source.classify() {
        serde_json::error::Category::Eof => LineError::Torn,
        _ => LineError::Shape { path, source },
    };
    let mut deserializer = serde_json::Deserializer::from_slice(line);
    let value =
        objects::deserialize(&mut deserializer).map_err(|error| shape(error.path().to_string(), error.into_inner()))?;
    deserializer.end().map_err(|source| shape("(after the record)".to_owned(), source))?;
    Ok(value)
}

impl From<&ReplayRecord> for HistoryLineV1 {
    fn from(record: &ReplayRecord) -> Self {
        let Fields { outcome, lucky, detail, missing, mismatch_reason, causes, levels } =
            Fields::of(&record.outcome, record.fidelity);
        Self {
            schema: HistorySchema::V1,
            run_id: record.run,
            at: record.at,
            kind: record.kind.into(),
            mode: record.mode.into(),
            id: record.id.clone(),
            recording: record.recording.as_ref().map(Recording::from),
            outcome,
            lucky,
            detail,
            missing,
            mismatch_reason,
            causes,
            levels,
            labels: record.labels.clone(),
            digests: Digests::of(&record.recorded, &record.replayed),
            stella_version: record.stella_version.clone(),
            commit: record.commit.clone(),
            duration_ms: record.duration_ms,
        }
    }
}

impl TryFrom<HistoryLineV1> for ReplayRecord {
    type Error = LineError;

    fn try_from(wire: HistoryLineV1) -> Result<Self, LineError> {
        let fields = Fields {
            outcome: wire.outcome,
            lucky: wire.lucky,
            detail: wire.detail,
            missing: wire.missing,
            mismatch_reason: wire.mismatch_reason,
            causes: wire.causes,
            levels: wire.levels,
        };
        let (outcome, fidelity) = fields.read().map_err(|found| match found {
            Contradiction::Says(what) => LineError::Contradiction { id: wire.id.clone(), what },
            Contradiction::Levels(source) => LineError::Levels { id: wire.id.clone(), source },
        })?;
        Ok(Self {
            run: wire.run_id,
            at: wire.at,
            kind: wire.kind.into(),
            mode: wire.mode.into(),
            id: wire.id,
            recording: wire.recording.map(result::Recording::from),
            outcome,
            fidelity,
            labels: wire.labels,
            recorded: wire.digests.recorded.into(),
            replayed: wire.digests.replayed.into(),
            stella_version: wire.stella_version,
            commit: wire.commit,
            duration_ms: wire.duration_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::report::fixture;

    /// Never regenerated: it stands for every file that was ever written.
    const EXAMPLE: &str = include_str!("../../../tests/data/report/history-v1.jsonl");

    fn records() -> Vec<ReplayRecord> {
        ReplayRecord::of_run(&fixture::judged(), Some("0123abc"))
    }

    #[test]
    fn the_committed_example_stays_readable() {
        let read: Vec<ReplayRecord> = EXAMPLE.lines().map(|line| read(line.as_bytes()).unwrap()).collect();
        assert_eq!(read, records());
    }

    /// What the example says is still said; a field may be added.
    #[test]
    fn fields_of_the_example_are_still_written() {
        for (line, record) in EXAMPLE.lines().zip(records()) {
            let old: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
            let new: serde_json::Map<String, Value> = serde_json::from_str(&write(&record).unwrap()).unwrap();
            for (field, value) in old {
                assert_eq!(new.get(&field), Some(&value), "{field}");
            }
        }
    }

    #[test]
    fn what_is_written_keeps_to_its_schema() {
        let validator = jsonschema::validator_for(&schemars::schema_for!(HistoryLineV1).to_value()).unwrap();
        for line in EXAMPLE.lines() {
            assert!(validator.is_valid(&serde_json::from_str(line).unwrap()), "{line}");
        }
    }

    #[test]
    fn every_prefix_is_torn_and_no_prefix_is_a_record() {
        let line = EXAMPLE.lines().nth(2).unwrap().replace("0123abc", "é漢🦀");
        for end in 1..line.len() {
            let error = read(&line.as_bytes()[..end]).unwrap_err();
            assert!(matches!(error, LineError::Torn), "{end}: {error:?}");
        }
    }

    #[test]
    fn each_lie_is_named() {
        let lie = |pointer: &str, value: Value| {
            let mut line: Value = serde_json::from_str(EXAMPLE.lines().nth(2).unwrap()).unwrap();
            *line.pointer_mut(pointer).unwrap() = value;
            read(line.to_string().as_bytes()).unwrap_err().to_string()
        };
        for (error, expected) in [
            (lie("/schema", json!("stella.history/2")), "`stella.history/2`"),
            (lie("/at", json!("yesterday")), "`at`"),
            (lie("/outcome", json!("fine")), "`outcome`"),
            (lie("/outcome", json!("drift")), "needs a cause"),
            (lie("/outcome", json!("infra")), "`detail`"),
            (lie("/levels/bf", json!(false)), "a match needs `bf`"),
            (lie("/levels/sf", json!(false)), "impossible levels"),
            (lie("/run_id", json!("sha256:...")), "`run_id`"),
            (lie("/id", json!("x".repeat(MAX_LINE_BYTES))), "expected at most 65536"),
        ] {
            assert!(error.contains(expected), "{error} does not name {expected}");
        }
        let twice = format!("{0} {0}", EXAMPLE.lines().next().unwrap());
        assert!(matches!(read(twice.as_bytes()), Err(LineError::Shape { .. })), "two records joined are no record");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_written_is_one_line_that_reads_back(run in fixture::hostile()) {
            for record in ReplayRecord::of_run(&run, None) {
                let line = write(&record).unwrap();
                prop_assert_eq!(line.matches('\n').count(), 1);
                prop_assert!(line.ends_with('\n'));
                prop_assert_eq!(read(line.trim_end_matches('\n').as_bytes()).unwrap(), record);
            }
        }

        #[test]
        fn no_bytes_panic(cut in 0..1000usize, with in any::<Vec<u8>>()) {
            let mut bytes = EXAMPLE.lines().next().unwrap().as_bytes().to_vec();
            let cut = cut.min(bytes.len());
            let end = (cut + with.len()).min(bytes.len());
            bytes.splice(cut..end, with);
            let _ = read(&bytes);
        }
    }
}
