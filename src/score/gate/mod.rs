//! The gates: what was replayed, judged by rules.
//!
//! | gate | looks at |
//! |---|---|
//! | `pr` | every replay of one run |
//! | `nightly` | pinned fidelity of a window, by bucket |
//! | `release` | the canaries of one run as a census, and the window where there is a history |
//!
//! Invariants: every replay that does not match leaves a reason; evidence that does not suffice is its own verdict.
//! Absent: approvals. Nothing is approved, so every difference counts.

mod pr;
mod release;
pub mod request;
mod window;

use jiff::Timestamp;

use crate::model::judgement::{About, Gate, Judgement, Measured, Numbers, Reason, ReasonCode, Strictness, Weight};
use crate::model::outcome::Outcome;
use crate::model::rate::Sample;
use crate::model::replay_record::ReplayRecord;
use crate::model::result::{ReplayResult, RunResult};
use crate::score::history::History;
use crate::score::rules::Rules;
use crate::score::sample;

/// What a gate is shown. Each gate asks for what it cannot do without.
#[derive(Debug, Clone, Copy)]
pub enum Case<'a> {
    /// One run.
    Pr(&'a RunResult),
    /// A history, and the run that was just added to it.
    Nightly(&'a History, Option<&'a RunResult>),
    /// The candidate's run, and the history where there is one.
    Release(&'a RunResult, Option<&'a History>),
}

impl Case<'_> {
    fn gate(self) -> Gate {
        match self {
            Self::Pr(_) => Gate::Pr,
            Self::Nightly(..) => Gate::Nightly,
            Self::Release(..) => Gate::Release,
        }
    }
}

/// What the gate says of `case` at `now`.
pub fn judge(case: Case<'_>, now: Timestamp, rules: &Rules, strictness: Strictness) -> Judgement {
    let mut findings = Findings::default();
    match case {
        Case::Pr(run) => pr::judge(run, &mut findings),
        Case::Nightly(history, run) => {
            if run.is_some_and(|run| run.replays.is_empty()) {
                findings.everything(ReasonCode::NothingReplayed, Weight::Insufficient, Numbers::None);
            }
            window::judge(history, now, rules, strictness.strict, &mut findings);
        }
        Case::Release(run, history) => {
            release::judge(run, rules, &mut findings);
            match history {
                Some(history) => window::judge(history, now, rules, strictness.strict, &mut findings),
                None => findings.everything(ReasonCode::NoHistory, Weight::Note, Numbers::None),
            }
        }
    }
    Judgement::new(case.gate(), strictness, findings.measured, findings.reasons)
}

/// What a gate has found so far.
#[derive(Debug, Default)]
struct Findings {
    measured: Vec<Measured>,
    reasons: Vec<Reason>,
}

impl Findings {
    fn add(&mut self, code: ReasonCode, weight: Weight, about: About, numbers: Numbers) {
        self.reasons.push(Reason { code, weight, about, numbers });
    }

    fn everything(&mut self, code: ReasonCode, weight: Weight, numbers: Numbers) {
        self.add(code, weight, About::Everything, numbers);
    }

    /// A replay that does not match. A difference has the weight that the gate gives it; what could not be compared leaves
    /// the gate without an answer.
    fn replay(&mut self, replay: &ReplayResult, difference: Weight) {
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
fn counted(run: &RunResult, is_seen: impl Fn(&ReplayRecord) -> bool) -> Sample {
    let records = ReplayRecord::of_run(run, None);
    sample::of(records.iter().filter(|record| is_seen(record)))
}
