//! Records for tests: plain ones made to order, and any that can be.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::model::cause::{Cause, MismatchReason};
use crate::model::comparison::diff::DiffSummary;
use crate::model::comparison::fidelity::Fidelity;
use crate::model::digest::Digest;
use crate::model::dimension::Dimensions;
use crate::model::outcome::Outcome;
use crate::model::replay_record::ReplayRecord;
use crate::model::result::{Mode, Recording, ReplayResult, SubjectKind};

/// The instant at which every window of these tests ends.
pub(crate) fn now() -> Timestamp {
    "2026-03-31T12:00:00Z".parse().unwrap()
}

/// A pinned match in run `run`, of manifest `manifest`, one hour before [`now`].
pub(crate) fn record(run: u64, manifest: u64) -> ReplayRecord {
    ReplayRecord {
        run: Digest::of(&run.to_le_bytes()),
        at: now() - SignedDuration::from_hours(1),
        kind: SubjectKind::Canary,
        mode: Mode::Fidelity,
        id: format!("canary-{manifest}"),
        recording: Some(Recording {
            scan_id: format!("scan-{manifest}"),
            manifest: Digest::of(&manifest.to_be_bytes()),
        }),
        outcome: Outcome::Match { lucky: false },
        fidelity: agreeing(Some(true)),
        labels: BTreeMap::new(),
        recorded: Dimensions::default(),
        replayed: Dimensions::default(),
        stella_version: "0.1.0".into(),
        commit: None,
        duration_ms: 0,
    }
}

/// All levels the same; `None` where semantic and policy do not apply.
pub(crate) fn agreeing(known: Option<bool>) -> Option<Fidelity> {
    Some(Fidelity::new(known.unwrap_or(true), known, known).unwrap())
}

/// A drift, whatever was a match.
pub(crate) fn drift() -> Outcome {
    Outcome::Drift { causes: vec![Cause::floor(MismatchReason::FeedDrift, None)] }
}

/// A replay of a run that says what `record` says.
pub(crate) fn replay(record: ReplayRecord) -> ReplayResult {
    ReplayResult {
        title: record.id.clone(),
        id: record.id,
        kind: record.kind,
        mode: record.mode,
        candidate: record.mode == Mode::Regression,
        recording: record.recording,
        outcome: record.outcome,
        explanation: None,
        showing: None,
        before: None,
        fidelity: record.fidelity,
        diff: DiffSummary::default(),
        movement: None,
        artifacts: vec![],
        recorded: record.recorded,
        replayed: record.replayed,
        executor: None,
        labels: record.labels,
        source: None,
        reproduce: String::new(),
        notes: vec![],
        duration_ms: record.duration_ms,
    }
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let text = String::new;
    prop_oneof![
        6 => Just(Outcome::Match { lucky: false }),
        1 => Just(Outcome::Match { lucky: true }),
        2 => Just(drift()),
        1 => Just(Outcome::Flaky { detail: text() }),
        1 => Just(Outcome::Unhealthy { detail: text() }),
        1 => Just(Outcome::Unreplayable { missing: vec![] }),
        1 => Just(Outcome::Infra { detail: text() }),
    ]
}

/// Records of up to 40 days, a few past the end, in a few buckets; each of its own run.
pub(crate) fn records() -> impl Strategy<Value = Vec<ReplayRecord>> {
    let label = |name: &'static str, values: [&'static str; 3]| {
        prop::option::of(prop::sample::select(values.to_vec())).prop_map(move |value| (name, value))
    };
    let labels = (
        label("ecosystem", ["npm", "pypi", "go"]),
        label("tier", ["regulated", "internal", "other"]),
        label("project", ["a", "b", "c"]),
    );
    let one = (0u64..60, -5i64..24 * 40, outcome(), labels, any::<bool>());
    prop::collection::vec(one, 0..160).prop_map(|all| {
        let made = all.into_iter().enumerate().map(|(i, (manifest, hours, outcome, labels, pinned))| {
            let given = [labels.0, labels.1, labels.2];
            let labels = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
            let same = matches!(outcome, Outcome::Match { .. });
            ReplayRecord {
                at: now() - SignedDuration::from_hours(hours),
                mode: if pinned { Mode::Fidelity } else { Mode::Regression },
                fidelity: if outcome.is_comparison() { agreeing(Some(same)) } else { None },
                labels: labels.collect(),
                outcome,
                ..record(i as u64, manifest)
            }
        });
        made.collect()
    })
}
