//! What a gate collects while it looks.

use crate::model::change::approval::Cover;
use crate::model::comparison::fidelity::{Fidelity, Level};
use crate::model::comparison::movement::Movement;
use crate::model::gate_result::{About, Measured, Numbers, Reason, ReasonCode, Weight};
use crate::model::outcome::Outcome;
use crate::model::rate::Sample;
use crate::model::replay_record::ReplayRecord;
use crate::model::result::{ReplayResult, RunResult};
use crate::score::rules::Expect;
use crate::score::sample;

/// What a gate has found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) measured: Vec<Measured>,
    pub(super) reasons: Vec<Reason>,
}

impl Findings {
    pub(super) fn add(&mut self, code: ReasonCode, weight: Weight, about: About, numbers: Numbers) {
        self.reasons.push(Reason { code, weight, about, numbers, obstacle: None });
    }

    pub(super) fn everything(&mut self, code: ReasonCode, weight: Weight, numbers: Numbers) {
        self.add(code, weight, About::Everything, numbers);
    }

    /// A replay that does not match. A difference has the weight that the gate gives it; what could not be compared leaves
    /// the gate without an answer.
    pub(super) fn replay(&mut self, replay: &ReplayResult, difference: Weight, wanted: Wanted) {
        if let Some((code, numbers)) = wanted.allows(replay) {
            return self.add(code, Weight::Note, About::Replay(replay.id.clone()), numbers);
        }
        let (code, weight) = match &replay.outcome {
            Outcome::Match { .. } => return,
            Outcome::Drift { .. } => (ReasonCode::UnapprovedDrift, difference),
            Outcome::Flaky { .. } => (ReasonCode::UnapprovedFlaky, difference),
            Outcome::Unhealthy { .. } => (ReasonCode::Unhealthy, Weight::Insufficient),
            Outcome::Unreplayable { .. } => (ReasonCode::Unreplayable, Weight::Insufficient),
            Outcome::Infra { .. } => (ReasonCode::Infra, Weight::Insufficient),
        };
        let obstacle = match &replay.outcome {
            Outcome::Unreplayable { missing } => missing.first().cloned(),
            _ => None,
        };
        let about = About::Replay(replay.id.clone());
        self.reasons.push(Reason { code, weight, about, numbers: Numbers::None, obstacle });
    }
}

/// How far a replay must agree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// The level that must hold.
    pub(super) level: Level,
    /// What may be more than was expected.
    pub(super) expect: Expect,
}

impl Wanted {
    /// Why a replay that differs is good enough. What differs from itself never is: another run might say anything.
    fn allows(self, replay: &ReplayResult) -> Option<(ReasonCode, Numbers)> {
        if !matches!(replay.outcome, Outcome::Drift { .. }) {
            return None;
        }
        if self.holds(replay) {
            return Some((ReasonCode::AgreesAtLevel, Numbers::Holds(self.level)));
        }
        let movement =
            replay.movement.filter(|movement| self.expect == Expect::NothingLost && movement.nothing_lost())?;
        let Movement { appeared, updated, .. } = movement;
        Some((ReasonCode::NothingLost, Numbers::Gained { appeared, updated }))
    }

    /// Whether it matches, or agrees at the level. Not applicable is never true.
    fn holds(self, replay: &ReplayResult) -> bool {
        match &replay.outcome {
            Outcome::Match { .. } => true,
            Outcome::Drift { .. } => replay.fidelity.and_then(|fidelity| fidelity.at(self.level)) == Some(true),
            _ => false,
        }
    }

    /// How many of the replays that could be compared hold, or differ as it was approved.
    pub(super) fn counts_with_approvals<'a>(
        self,
        run: &RunResult,
        replays: impl Iterator<Item = &'a ReplayResult>,
    ) -> (u64, u64) {
        let good = |replay: &ReplayResult| self.holds(replay) || approval(run, replay) == Whole::Approved;
        replays
            .filter(|replay| replay.outcome.is_comparison())
            .fold((0, 0), |(count, all), replay| (count + u64::from(good(replay)), all + 1))
    }
}

impl Findings {
    /// The same, where a difference may be approved: artifact by artifact, and as a whole only where every artifact that differs is.
    pub(super) fn difference(&mut self, run: &RunResult, replay: &ReplayResult, difference: Weight, wanted: Wanted) {
        // What the gate lets pass needs no approval, and an old one of it cannot expire.
        if wanted.allows(replay).is_some() {
            return self.replay(replay, difference, wanted);
        }
        match approval(run, replay) {
            Whole::Approved => {
                let about = About::Replay(replay.id.clone());
                self.add(ReasonCode::ApprovedDifference, Weight::Note, about, Numbers::None);
            }
            Whole::Expired => {
                let about = About::Replay(replay.id.clone());
                self.add(ReasonCode::ApprovalExpired, difference, about, Numbers::None);
            }
            Whole::TakenBack => {
                let about = About::Replay(replay.id.clone());
                self.add(ReasonCode::ApprovalTakenBack, difference, about, Numbers::None);
            }
            Whole::Unread => {
                // What the rate decides it decides without: a difference that counts as one.
                let weight = difference.min(Weight::Insufficient);
                self.add(ReasonCode::ApprovalUnread, weight, About::Replay(replay.id.clone()), Numbers::None);
            }
            Whole::Open => self.replay(replay, difference, wanted),
        }
    }
}

/// What approvals say of a whole replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whole {
    Open,
    Expired,
    TakenBack,
    Unread,
    Approved,
}

/// A flaky replay cannot be approved: what differs from itself has no other side that could be named.
fn approval(run: &RunResult, replay: &ReplayResult) -> Whole {
    if !matches!(replay.outcome, Outcome::Drift { .. }) {
        return Whole::Open;
    }
    let differing = replay.artifacts.iter().filter_map(|artifact| artifact.difference(&replay.id, run.level));
    let cover = |key| run.covered.iter().find(|covered| covered.key == key).map(|covered| &covered.cover);
    let covers: Vec<_> = differing.map(cover).collect();
    if covers.is_empty() {
        return Whole::Open;
    }
    let any = |is_it: fn(&Cover) -> bool| covers.iter().any(|cover| cover.is_some_and(is_it));
    if covers.iter().any(|cover| cover.is_none_or(|cover| matches!(cover, Cover::None))) {
        Whole::Open
    } else if any(|cover| matches!(cover, Cover::TakenBack(..))) {
        Whole::TakenBack
    } else if any(|cover| matches!(cover, Cover::Expired(_))) {
        Whole::Expired
    } else if any(|cover| matches!(cover, Cover::Unread(..))) {
        Whole::Unread
    } else {
        Whole::Approved
    }
}

/// The replays of a run that a gate looks at, counted.
pub(super) fn counted(run: &RunResult, is_seen: impl Fn(&ReplayResult) -> bool) -> Sample {
    // One record per replay, in their order.
    let records = ReplayRecord::of_run(run, None);
    sample::of(run.replays.iter().zip(&records).filter(|(replay, _)| is_seen(replay)).map(|(_, record)| record))
}

/// The same, with a difference that is approved counted as the match that it was approved to be.
pub(super) fn counted_with_approvals(run: &RunResult, is_seen: impl Fn(&ReplayResult) -> bool) -> Sample {
    let mut records = ReplayRecord::of_run(run, None);
    for (replay, record) in run.replays.iter().zip(&mut records) {
        if approval(run, replay) == Whole::Approved {
            record.outcome = Outcome::Match { lucky: false };
            // What is not applicable stays so.
            record.fidelity = record.fidelity.map(Fidelity::as_approved);
        }
    }
    sample::of(run.replays.iter().zip(&records).filter(|(replay, _)| is_seen(replay)).map(|(_, record)| record))
}
