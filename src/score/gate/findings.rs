//! What a gate collects while it looks.

use crate::model::gate_result::{About, Measured, Numbers, Reason, ReasonCode, Weight};
use crate::model::outcome::Outcome;
use crate::model::rate::Sample;
use crate::model::replay_record::ReplayRecord;
use crate::model::result::{ReplayResult, RunResult};
use crate::score::sample;

/// What a gate has found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) measured: Vec<Measured>,
    pub(super) reasons: Vec<Reason>,
}

impl Findings {
    pub(super) fn add(&mut self, code: ReasonCode, weight: Weight, about: About, numbers: Numbers) {
        self.reasons.push(Reason { code, weight, about, numbers });
    }

    pub(super) fn everything(&mut self, code: ReasonCode, weight: Weight, numbers: Numbers) {
        self.add(code, weight, About::Everything, numbers);
    }

    /// A replay that does not match. A difference has the weight that the gate gives it; what could not be compared leaves
    /// the gate without an answer.
    pub(super) fn replay(&mut self, replay: &ReplayResult, difference: Weight) {
        let (code, weight) = match &replay.outcome {
            Outcome::Match { .. } => return,
            Outcome::Drift { .. } => (ReasonCode::UnapprovedDrift, difference),
            Outcome::Flaky { .. } => (ReasonCode::UnapprovedFlaky, difference),
            Outcome::Unhealthy { .. } => (ReasonCode::Unhealthy, Weight::Insufficient),
            Outcome::Unreplayable { .. } => (ReasonCode::Unreplayable, Weight::Insufficient),
            Outcome::Infra { .. } => (ReasonCode::Infra, Weight::Insufficient),
        };
        self.add(code, weight, About::Replay(replay.id.clone()), Numbers::None);
    }
}

/// The replays of a run that a gate looks at, counted.
pub(super) fn counted(run: &RunResult, is_seen: impl Fn(&ReplayResult) -> bool) -> Sample {
    // One record per replay, in their order.
    let records = ReplayRecord::of_run(run, None);
    sample::of(run.replays.iter().zip(&records).filter(|(replay, _)| is_seen(replay)).map(|(_, record)| record))
}
