//! The gate of a release: the candidate on the canaries that it concerns.
//!
//! The set is a census: every one of them was replayed, so its rate has no uncertainty and needs no interval.

use crate::model::comparison::fidelity::Level;
use crate::model::gate_result::{About, Measured, Numbers, ReasonCode, Scope, Weight};
use crate::model::outcome::Outcome;
use crate::model::result::{RunResult, SubjectKind};
use crate::score::gate::findings::{Findings, Wanted, counted_with_approvals};
use crate::score::gate::{base, candidate};
use crate::score::rules::{Expect, Rules};

/// Canaries decide. A case that does not match is a warning: it is what the gate of a pull request blocks on.
pub(super) fn judge(run: &RunResult, rules: &Rules, findings: &mut Findings) {
    let wanted = wanted(rules);
    let seen = candidate::seen(run, Weight::Insufficient, findings);
    let sample = counted_with_approvals(run, |replay| replay.kind == SubjectKind::Canary && seen.counts(replay));
    findings.measured.push(Measured { scope: Scope::Canaries, between: None, sample });
    // Those that could not be compared are canaries too: they have a reason of their own.
    let canaries = sample.manifests + sample.tally.total() - sample.tally.compared();
    if canaries < rules.min_canaries {
        let numbers = Numbers::Thin { found: canaries, needed: rules.min_canaries };
        findings.everything(ReasonCode::TooFewCanaries, Weight::Insufficient, numbers);
    }
    for replay in run.replays.iter().filter(|replay| seen.counts(replay)) {
        match (replay.kind, &replay.outcome) {
            (SubjectKind::Canary, _) => findings.difference(run, replay, Weight::Note, wanted),
            (_, Outcome::Match { .. }) => {}
            _ => {
                findings.add(ReasonCode::CaseNotMatching, Weight::Warn, About::Replay(replay.id.clone()), Numbers::None)
            }
        }
    }
    let compared = run.replays.iter().filter(|replay| replay.kind == SubjectKind::Canary && seen.counts(replay));
    let agreeing = wanted.counts_with_approvals(run, compared);
    if agreeing.1 > 0 && !rules.release_bf.is_reached(agreeing) {
        let numbers = Numbers::Below { level: wanted.level, counts: agreeing, limit: rules.release_bf };
        findings.everything(ReasonCode::CanaryFidelityBelowMinimum, Weight::Fail, numbers);
    }
    let policy = sample.tally.counts(Level::Policy);
    if policy.1 == 0 && agreeing.1 > 0 && rules.release_pf.number() > 0.0 {
        // Not applicable is never true.
        findings.everything(ReasonCode::CanaryPolicyUnknown, Weight::Insufficient, Numbers::None);
    } else if policy.1 > 0 && !rules.release_pf.is_reached(policy) {
        let numbers = Numbers::Below { level: Level::Policy, counts: policy, limit: rules.release_pf };
        findings.everything(ReasonCode::CanaryPolicyBelowMinimum, Weight::Fail, numbers);
    }
    if let Some(without) = &run.without_base {
        base::judge_without(without, findings);
    }
}

/// How far a replay must agree.
pub(super) fn wanted(rules: &Rules) -> Wanted {
    Wanted { level: rules.release_level, expect: Expect::Exact }
}
