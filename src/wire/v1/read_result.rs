//! Reads a result back. The file comes from a process that ran foreign programs: it is not trusted.
//!
//! Strict on what is known (types, names, the order of the levels, counts that do not add up), open to
//! fields that are not. Absent: any trust in the `exit` of the file; a reader asks the replays.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::model::candidate::Candidate;
use crate::model::change::base::{Base, CoveredDifference, WithoutBase};
use crate::model::gate_result::Gate;
use crate::model::result::{ReplayResult, RunResult};
use crate::model::text::objects;
use crate::wire::v1::candidate::CandidateV1;
use crate::wire::v1::error::{MAX_BYTES, ReadError};
use crate::wire::v1::gate;
use crate::wire::v1::rate::Rates;
use crate::wire::v1::result::ResultDocument;
use crate::wire::v1::shard;

/// Reads a result into the model: what a publisher renders from.
///
/// # Errors
/// See [`ReadError`].
pub fn read(bytes: &[u8]) -> Result<RunResult, ReadError> {
    read_document(bytes)?.try_into()
}

/// Reads a result as it stands on the wire.
///
/// # Errors
/// [`ReadError::TooLarge`], [`ReadError::OtherSchema`] and [`ReadError::Shape`].
pub fn read_document(bytes: &[u8]) -> Result<ResultDocument, ReadError> {
    /// Read first, so that a later version is named instead of its first unknown shape.
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::TooLarge { bytes: bytes.len() });
    }
    let Head { schema } = parse(bytes)?;
    if schema != "stella.result/1" {
        return Err(ReadError::OtherSchema { found: schema.chars().take(100).collect() });
    }
    parse(bytes)
}

/// The gate that had judged a run when it was written, where one had. What it said is not read: see [`ResultDocument::gate`].
pub fn judged_by(bytes: &[u8]) -> Option<Gate> {
    #[derive(Deserialize)]
    struct Judged {
        gate: Option<Named>,
    }
    #[derive(Deserialize)]
    struct Named {
        gate: gate::Gate,
    }
    serde_json::from_slice::<Judged>(bytes).ok()?.gate.map(|named| named.gate.into())
}

pub(super) fn parse<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, ReadError> {
    let shape = |path: String, source| ReadError::Shape { path, source };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value =
        objects::deserialize(&mut deserializer).map_err(|error| shape(error.path().to_string(), error.into_inner()))?;
    deserializer.end().map_err(|source| shape("(after the document)".to_owned(), source))?;
    Ok(value)
}

impl TryFrom<ResultDocument> for RunResult {
    type Error = ReadError;

    fn try_from(document: ResultDocument) -> Result<Self, ReadError> {
        let replays: Vec<ReplayResult> =
            document.replays.into_iter().map(ReplayResult::try_from).collect::<Result<_, _>>()?;
        let mut seen = BTreeSet::new();
        if let Some(again) = replays.iter().find(|r| !seen.insert((r.kind, r.mode, &r.id))) {
            return Err(ReadError::Duplicate { id: again.id.clone() });
        }
        let part = shard::part(document.partial, document.shard, &document.missing_shards).ok_or(ReadError::Shard)?;
        let (told, level) = (document.candidate, document.level.into());
        let base = document.base.map(Base::try_from).transpose().map_err(ReadError::Base)?;
        let without_base = document.without_base.map(WithoutBase::from);
        let covered = document.covered.into_iter().map(CoveredDifference::try_from).collect::<Result<_, _>>();
        let covered = covered.map_err(ReadError::Base)?;
        let mut run =
            Self::new(document.stella_version, document.started_at, document.finished_at, replays, document.warnings);
        run.part = part;
        run.commit = document.commit;
        run.uncommitted = document.uncommitted;
        run.level = level;
        if let Some(told) = &told {
            run.candidate = told.read().ok_or(ReadError::Candidate)?;
        }
        let ran = run.coverage().concerned > 0;
        let nowhere = matches!(run.candidate, Candidate::None | Candidate::LeftOut | Candidate::Dropped);
        let is_true = told.as_ref().map_or_else(|| CandidateV1::of(&run).is_none(), |told| told.is_true_of(&run));
        if !is_true || (ran && nowhere) {
            return Err(ReadError::Candidate);
        }
        let counted = Rates { regression: (&run.regression).into(), fidelity: (&run.fidelity).into() };
        // Numbers read back are the numbers written: `float_roundtrip` is on.
        if counted != document.rates {
            return Err(ReadError::Rates);
        }
        Ok(Self { base, without_base, covered, ..run })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::report::fixture;
    use crate::wire::v1::result;

    const EXAMPLE: &str = include_str!("../../../tests/data/report/result-v1.json");

    fn example() -> Value {
        serde_json::from_str(EXAMPLE).unwrap()
    }

    fn error_of(document: &Value) -> String {
        read(document.to_string().as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn the_committed_example_stays_readable() {
        let run = read(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(run, fixture::run());
    }

    /// The example is never regenerated: it stands for every file that was ever written.
    #[test]
    fn what_the_example_says_is_still_said() {
        fn assert_within(old: &Value, new: &Value, path: &str) {
            match (old, new) {
                (Value::Object(old), Value::Object(new)) => {
                    for (key, value) in old {
                        let new = new.get(key).unwrap_or_else(|| panic!("`{path}/{key}` is gone"));
                        assert_within(value, new, &format!("{path}/{key}"));
                    }
                }
                (Value::Array(old), Value::Array(new)) => {
                    assert_eq!(old.len(), new.len(), "{path}");
                    old.iter().zip(new).enumerate().for_each(|(i, (a, b))| assert_within(a, b, &format!("{path}/{i}")));
                }
                _ => assert_eq!(old, new, "{path}"),
            }
        }
        let today = serde_json::from_str(&result::write(&fixture::run()).unwrap()).unwrap();
        assert_within(&example(), &today, "");
    }

    #[test]
    fn unknown_fields_are_accepted_everywhere() {
        let mut document = example();
        document["later"] = json!({"a": [1]});
        document["replays"][0]["later"] = json!(null);
        document["replays"][0]["diff_summary"]["later"] = json!("x");
        document["rates"]["regression"]["counts"]["later"] = json!(1);
        assert_eq!(read(document.to_string().as_bytes()).unwrap(), fixture::run());
    }

    /// Whoever wrote the file may have written the verdict too.
    #[test]
    fn a_verdict_is_never_believed() {
        let judged = fixture::judged();
        assert!(judged.gate.is_some());
        let mut document: Value = serde_json::from_str(&result::write(&judged).unwrap()).unwrap();
        assert_eq!(document["gate"]["gate"], "release");
        for lie in [document["gate"].clone(), json!({"verdict": "green"}), json!("green")] {
            document["gate"] = lie;
            let run = read(document.to_string().as_bytes()).unwrap();
            assert_eq!(run, RunResult { gate: None, ..judged.clone() });
            assert_eq!(run.id(), judged.id());
        }
    }

    #[test]
    fn each_lie_is_named() {
        let lie = |pointer: &str, value: Value| {
            let mut document = example();
            *document.pointer_mut(pointer).unwrap() = value;
            error_of(&document)
        };
        let drift = fixture::run().replays.iter().position(|r| r.id == "SCN-0001").unwrap();
        let at = |field: &str| format!("/replays/{drift}/{field}");
        let table = [
            (lie("/schema", json!("stella.result/2")), "`stella.result/2`"),
            (lie("/schema", json!(1)), "`schema`"),
            (lie("/started_at", json!("yesterday")), "`started_at`"),
            (lie(&at("outcome"), json!("fine")), "outcome`"),
            (lie(&at("outcome"), json!("match")), "`mismatch_reason`"),
            (lie(&at("outcome"), json!("infra")), "`detail`"),
            (lie(&at("causes"), json!([])), "needs a cause"),
            (lie(&at("levels/bf"), json!(true)), "impossible levels"),
            (lie(&at("levels/bf"), json!(null)), "`bf`"),
            (lie(&at("id"), json!("SCN-0002")), "twice"),
            (lie("/rates/fidelity/bf", json!(0.999)), "rates"),
            (lie("/rates/regression/counts/match", json!(100)), "rates"),
            (lie("/rates/regression/counts/match", json!(-1)), "counts.match`"),
        ];
        for (error, expected) in table {
            assert!(error.contains(expected), "{error} does not name {expected}");
        }
    }

    #[test]
    fn hostile_sizes_and_depths_are_refused() {
        assert!(matches!(read(&vec![b' '; MAX_BYTES + 1]), Err(ReadError::TooLarge { .. })));
        let deep = format!("{{\"schema\":\"stella.result/1\",\"later\":{}", "[".repeat(100_000));
        assert!(matches!(read(deep.as_bytes()), Err(ReadError::Shape { .. })));
        let twice = format!("{EXAMPLE}{EXAMPLE}");
        assert!(matches!(read(twice.as_bytes()), Err(ReadError::Shape { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_written_is_read_back(run in fixture::hostile()) {
            let text = result::write(&run).unwrap();
            prop_assert_eq!(read(text.as_bytes()).unwrap(), run);
        }

        #[test]
        fn no_bytes_panic(cut in 0..EXAMPLE.len(), with in any::<Vec<u8>>()) {
            let mut bytes = EXAMPLE.as_bytes().to_vec();
            bytes.splice(cut..(cut + with.len()).min(EXAMPLE.len()), with);
            let _ = read(&bytes);
        }
    }
}
