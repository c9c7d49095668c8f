//! The gate of a pull request: every case and canary of the run in which the candidate ran, and what the checkout changes of rules
//! and recordings.

use crate::model::candidate::{Candidate, CandidateKind};
use crate::model::gate_result::{Measured, Scope, Weight};
use crate::model::result::RunResult;
use crate::score::gate::base;
use crate::score::gate::candidate::{self, CountedReplays};
use crate::score::gate::findings::{Findings, Wanted, counted};
use crate::score::rules::{Expect, Rules};

/// Any difference fails: one case that broke is a regression, however many others hold. A repository that builds nothing is
/// judged by all that it has.
pub(super) fn judge(run: &RunResult, rules: &Rules, findings: &mut Findings) {
    let seen = candidate::seen(run, Weight::Note, findings);
    let scope = match seen {
        CountedReplays::Candidate => Scope::Candidate,
        CountedReplays::Everything | CountedReplays::Nothing => Scope::Run,
    };
    findings.measured.push(Measured { scope, between: None, sample: counted(run, |replay| seen.counts(replay)) });
    let wanted = wanted(run, rules);
    for replay in run.replays.iter().filter(|replay| seen.counts(replay)) {
        findings.difference(run, replay, Weight::Fail, wanted);
    }
    if let Some(base) = &run.base {
        base::judge(base, findings);
    }
    if let Some(without) = &run.without_base {
        base::judge_without(without, findings);
    }
}

/// How far a replay must agree.
pub(super) fn wanted(run: &RunResult, rules: &Rules) -> Wanted {
    let is_feed = matches!(&run.candidate, Candidate::Built(named) if named.kind == CandidateKind::Feed);
    let usual = if is_feed { Expect::NothingLost } else { Expect::Exact };
    Wanted { level: rules.pr_level, expect: rules.pr_expect.unwrap_or(usual) }
}
