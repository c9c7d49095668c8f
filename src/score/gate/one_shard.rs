//! One shard of a run: what its own replays say.
//!
//! Invariant: it never says that the whole is good, whatever its replays say. What is of the whole is asked of all shards together:
//! rates and how many canaries there are, on how many replays the candidate was run, what a checkout changes, windows of time.

use crate::model::candidate::Candidate;
use crate::model::gate_result::{About, Gate, Measured, Numbers, ReasonCode, Scope, Weight};
use crate::model::outcome::Outcome;
use crate::model::result::{RunResult, SubjectKind};
use crate::model::shard::Shard;
use crate::score::gate::candidate::CountedReplays;
use crate::score::gate::findings::{Findings, counted};
use crate::score::gate::{pr, release};
use crate::score::rules::Rules;

/// A difference weighs as it does in the whole run.
pub(super) fn judge(gate: Gate, shard: Shard, run: &RunResult, rules: &Rules, findings: &mut Findings) {
    let numbers = Numbers::Share { count: shard.index().into(), of: shard.count().into() };
    findings.everything(ReasonCode::OneShard, Weight::Insufficient, numbers);
    let seen = match (&run.candidate, gate) {
        (_, Gate::Nightly) => CountedReplays::Nothing,
        (Candidate::Built(_), _) => CountedReplays::Candidate,
        (Candidate::None, Gate::Pr) => CountedReplays::Everything,
        (Candidate::None | Candidate::Unknown | Candidate::LeftOut | Candidate::Dropped, _) => CountedReplays::Nothing,
    };
    let scope = if seen == CountedReplays::Candidate { Scope::Candidate } else { Scope::Run };
    let sample = counted(run, |replay| seen.counts(replay) || gate == Gate::Nightly);
    findings.measured.push(Measured { scope, between: None, sample });
    for replay in run.replays.iter().filter(|replay| seen.counts(replay)) {
        match (gate, replay.kind, &replay.outcome) {
            (Gate::Release, SubjectKind::Canary, _) => {
                findings.difference(run, replay, Weight::Note, release::wanted(rules));
            }
            (Gate::Release, _, Outcome::Match { .. }) => {}
            (Gate::Release, ..) => {
                let about = About::Replay(replay.id.clone());
                findings.add(ReasonCode::CaseNotMatching, Weight::Warn, about, Numbers::None);
            }
            _ => findings.difference(run, replay, Weight::Fail, pr::wanted(run, rules)),
        }
    }
}
