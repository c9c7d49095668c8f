//! What a checkout changes of the rules and recordings that it is judged by.

use crate::model::change::approval::{Changed, Cover};
use crate::model::change::base::{Base, Change, Effect, RulesOf, WithoutBase};
use crate::model::gate_result::{About, Numbers, ReasonCode, Weight};
use crate::score::gate::findings::Findings;

/// What loosens fails unless it is approved; all else is told.
pub(super) fn judge(base: &Base, findings: &mut Findings) {
    if matches!(base.rules, RulesOf::FirstIntroduction { .. }) {
        findings.everything(ReasonCode::FirstIntroduction, Weight::Note, Numbers::None);
    }
    for change in &base.changes {
        one(change, findings);
    }
    for (code, count) in [
        (ReasonCode::RecordingsRefreshed, base.count(Effect::Refresh)),
        (ReasonCode::ApprovalsInHead, base.counted_in_head),
        (ReasonCode::ApprovalsWaiting, base.waiting_in_head),
    ] {
        count_of(code, count, findings);
    }
}

/// The same of a run that was held against no base.
pub(super) fn judge_without(without: &WithoutBase, findings: &mut Findings) {
    count_of(ReasonCode::ApprovalsInHead, without.counted_in_head, findings);
    count_of(ReasonCode::ApprovalsWaiting, without.waiting_in_head, findings);
}

fn count_of(code: ReasonCode, count: u64, findings: &mut Findings) {
    if count > 0 {
        findings.everything(code, Weight::Note, Numbers::Count(count));
    }
}

fn one(change: &Change, findings: &mut Findings) {
    let of = &change.key.of;
    let mut add = |code, weight| findings.add(code, weight, About::Change(of.clone()), Numbers::None);
    if change.reverts_to.is_some() {
        add(ReasonCode::RecordingReverted, Weight::Note);
    }
    match (change.effect, &change.cover) {
        (Effect::Loosening, Cover::Approved(_)) => add(ReasonCode::ApprovedChange, Weight::Note),
        (Effect::Loosening, Cover::Expired(_)) => add(ReasonCode::ApprovalExpired, Weight::Fail),
        (Effect::Loosening, Cover::TakenBack(..)) => add(ReasonCode::ApprovalTakenBack, Weight::Fail),
        (Effect::Loosening, Cover::Unread(..)) => add(ReasonCode::ApprovalUnread, Weight::Insufficient),
        (Effect::Loosening, Cover::None) => add(loosened(of), Weight::Fail),
        // They are counted.
        (Effect::Refresh, _) => {}
        (Effect::Tightening | Effect::Neutral, _) => add(changed(of), Weight::Note),
    }
}

fn loosened(of: &Changed) -> ReasonCode {
    match of {
        Changed::Rule { .. } => ReasonCode::RuleLoosened,
        Changed::Recording { part, .. } if part == "gone" => ReasonCode::RecordingGone,
        Changed::Recording { .. } | Changed::Golden { .. } | Changed::Difference { .. } => {
            ReasonCode::RecordingLoosened
        }
    }
}

fn changed(of: &Changed) -> ReasonCode {
    match of {
        Changed::Rule { .. } => ReasonCode::RuleChanged,
        Changed::Recording { part, .. } if part == "new" => ReasonCode::RecordingAdded,
        Changed::Recording { .. } | Changed::Golden { .. } | Changed::Difference { .. } => ReasonCode::RecordingChanged,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use jiff::Timestamp;

    use super::*;
    use crate::model::candidate::{Candidate, CandidateKind, Named};
    use crate::model::change::approval::{Approval, ChangeKey, Unread};
    use crate::model::change::base::CoveredDifference;
    use crate::model::digest::Digest;
    use crate::model::gate_result::{GateResult, Strictness};
    use crate::model::outcome::Outcome;
    use crate::model::result::{ReplayResult, RunResult};
    use crate::report::fixture;
    use crate::score::gate::{self, Case};
    use crate::score::rules::Rules;

    fn key(of: Changed) -> ChangeKey {
        ChangeKey { of, old: Some(Digest::of(b"old")), new: Some(Digest::of(b"new")) }
    }

    fn approval(key: &ChangeKey) -> Approval {
        Approval {
            key: key.clone(),
            reason: "r".into(),
            by: "b".into(),
            until: jiff::civil::date(2026, 1, 1),
            after: None,
        }
    }

    fn part(part: &str) -> Changed {
        Changed::Recording { id: "a".into(), part: part.into() }
    }

    fn base() -> Base {
        let rules = RulesOf::Base { commit: "c".into(), changed_from: "c".into(), how: "h".into() };
        Base {
            rules,
            config: None,
            subject_dropped: false,
            counted_in_head: 0,
            waiting_in_head: 0,
            changes: vec![],
            notes: vec![],
        }
    }

    fn changed(of: Changed, effect: Effect, cover: impl FnOnce(&ChangeKey) -> Cover) -> Base {
        let key = key(of);
        let cover = cover(&key);
        Base { changes: vec![Change { key, effect, detail: String::new(), reverts_to: None, cover }], ..base() }
    }

    /// A run with one replay that matches, held against `base`.
    fn judged(base: Base) -> GateResult {
        let run = fixture::run();
        let is_match = |replay: &ReplayResult| matches!(replay.outcome, Outcome::Match { .. });
        let replays = run.replays.into_iter().filter(is_match).collect();
        let run = RunResult::new("0.1.0".into(), Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH, replays, vec![]);
        let run = RunResult { base: Some(base), candidate: Candidate::None, ..run };
        gate::judge(Case::Pr(&run), Timestamp::UNIX_EPOCH, &Rules::default(), Strictness::default())
    }

    /// Every reason that a base gives, tried: the codes.
    pub(crate) fn tried() -> BTreeSet<ReasonCode> {
        let none = |_: &ChangeKey| Cover::None;
        let approved = |key: &ChangeKey| Cover::Approved(approval(key));
        let expired = |key: &ChangeKey| Cover::Expired(approval(key));
        let back = |key: &ChangeKey| Cover::TakenBack(approval(key), "c".into());
        let unread = |key: &ChangeKey| Cover::Unread(approval(key), Unread { why: "w".into(), mend: "m".into() });
        let rule = || Changed::Rule { key: "k".into() };
        let golden = || Changed::Golden { id: "a".into(), artifact: "f".into() };
        let (loosens, tightens) = (Effect::Loosening, Effect::Tightening);
        let reverts = {
            let mut base = changed(golden(), loosens, approved);
            base.changes[0].reverts_to = Some("c".into());
            base
        };
        let first = Base { rules: RulesOf::FirstIntroduction { commit: "c".into() }, ..base() };
        let table: [(Base, &[ReasonCode], u8); 17] = [
            (base(), &[], 0),
            (changed(rule(), loosens, none), &[ReasonCode::RuleLoosened], 1),
            (changed(rule(), loosens, approved), &[ReasonCode::ApprovedChange], 0),
            (changed(rule(), loosens, expired), &[ReasonCode::ApprovalExpired], 1),
            (changed(rule(), loosens, back), &[ReasonCode::ApprovalTakenBack], 1),
            (changed(golden(), loosens, unread), &[ReasonCode::ApprovalUnread], 3),
            (changed(rule(), tightens, none), &[ReasonCode::RuleChanged], 0),
            (changed(part("gone"), loosens, none), &[ReasonCode::RecordingGone], 1),
            (changed(part("argv"), loosens, none), &[ReasonCode::RecordingLoosened], 1),
            (changed(golden(), loosens, none), &[ReasonCode::RecordingLoosened], 1),
            (changed(part("text"), Effect::Neutral, none), &[ReasonCode::RecordingChanged], 0),
            (changed(part("new"), tightens, none), &[ReasonCode::RecordingAdded], 0),
            (changed(part("refresh"), Effect::Refresh, none), &[ReasonCode::RecordingsRefreshed], 0),
            (reverts, &[ReasonCode::ApprovedChange, ReasonCode::RecordingReverted], 0),
            (Base { counted_in_head: 1, ..base() }, &[ReasonCode::ApprovalsInHead], 0),
            (Base { waiting_in_head: 1, ..base() }, &[ReasonCode::ApprovalsWaiting], 0),
            (first, &[ReasonCode::FirstIntroduction], 0),
        ];
        let mut seen = BTreeSet::new();
        for (base, codes, exit) in table {
            let told = format!("{base:?}");
            let gate_result = judged(base);
            let all = gate_result.reasons().iter().map(|reason| reason.code);
            // The run builds nothing, and says so.
            let found: Vec<ReasonCode> = all.filter(|code| *code != ReasonCode::NoCandidate).collect();
            assert_eq!(found, codes, "{told}");
            assert_eq!(gate_result.exit().code(), exit, "{told}");
            seen.extend(found);
        }
        seen
    }

    #[test]
    fn what_loosens_fails_unless_it_is_approved_and_all_else_is_told() {
        tried();
    }

    #[test]
    fn a_difference_is_approved_as_a_whole_or_not_at_all() {
        let mut run = fixture::run();
        run.replays.retain(|replay| matches!(replay.outcome, Outcome::Drift { .. }));
        run.replays.truncate(1);
        let run = RunResult::new("0.1.0".into(), Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH, run.replays, vec![]);
        let run = RunResult { candidate: Candidate::None, ..run };
        let keys = run.differences();
        assert!(!keys.is_empty());
        let judge = |covered: Vec<CoveredDifference>| {
            let run = RunResult { covered, ..run.clone() };
            let result = gate::judge(Case::Pr(&run), Timestamp::UNIX_EPOCH, &Rules::default(), Strictness::default());
            // That it builds nothing is said of every run here.
            let codes = result.reasons().iter().map(|reason| reason.code);
            let mut codes = codes.filter(|code| *code != ReasonCode::NoCandidate);
            let code = codes.next();
            (code.unwrap_or(ReasonCode::NoCandidate), result.exit().code(), run.open_changes().len())
        };
        let of = |cover: &dyn Fn(&ChangeKey) -> Cover| -> Vec<CoveredDifference> {
            keys.iter().map(|key| CoveredDifference { key: key.clone(), cover: cover(key) }).collect()
        };
        let approved = of(&|key| Cover::Approved(approval(key)));
        assert_eq!(judge(approved.clone()), (ReasonCode::ApprovedDifference, 0, 0));
        assert_eq!(judge(vec![]), (ReasonCode::UnapprovedDrift, 1, keys.len()));
        let expired = of(&|key| Cover::Expired(approval(key)));
        assert_eq!(judge(expired), (ReasonCode::ApprovalExpired, 1, keys.len()));
        let back = of(&|key| Cover::TakenBack(approval(key), "c".into()));
        assert_eq!(judge(back), (ReasonCode::ApprovalTakenBack, 1, keys.len()));
        let unread = of(&|key| Cover::Unread(approval(key), Unread { why: "w".into(), mend: "m".into() }));
        assert_eq!(judge(unread), (ReasonCode::ApprovalUnread, 3, keys.len()));
        // An approval of another change is none, and what is flaky has none.
        let other: Vec<_> =
            approved.iter().cloned().map(|one| CoveredDifference { key: one.key.inverse(), ..one }).collect();
        assert_eq!(judge(other).0, ReasonCode::UnapprovedDrift);
        let mut flaky = run.clone();
        flaky.covered = approved;
        flaky.replays[0].outcome = Outcome::Flaky { detail: String::new() };
        let result = gate::judge(Case::Pr(&flaky), Timestamp::UNIX_EPOCH, &Rules::default(), Strictness::default());
        assert_eq!(result.reasons()[0].code, ReasonCode::UnapprovedFlaky);
        // A release counts it as the match that it was approved to be.
        let released = |covered| {
            let candidate = Candidate::Built(Named { kind: CandidateKind::Feed, name: "feed".into() });
            let mut run = RunResult { covered, candidate, ..run.clone() };
            run.replays[0].kind = crate::model::result::SubjectKind::Canary;
            run.replays[0].candidate = true;
            let result =
                gate::judge(Case::Release(&run, None), Timestamp::UNIX_EPOCH, &Rules::default(), Strictness::default());
            result.measured()[0].sample.tally.counts(crate::model::comparison::fidelity::Level::Bitwise)
        };
        assert_eq!(released(of(&|key| Cover::Approved(approval(key)))), (1, 1));
        assert_eq!(released(vec![]), (0, 1));
    }
}
