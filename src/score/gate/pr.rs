//! The gate of a pull request: every case and canary of the run.

use crate::model::gate_result::{Measured, Numbers, ReasonCode, Scope, Weight};
use crate::model::result::RunResult;
use crate::score::gate::findings::{Findings, counted};

/// Any difference fails: one case that broke is a regression, however many others hold.
pub(super) fn judge(run: &RunResult, findings: &mut Findings) {
    if run.replays.is_empty() {
        findings.everything(ReasonCode::NothingReplayed, Weight::Insufficient, Numbers::None);
    }
    findings.measured.push(Measured { scope: Scope::Run, between: None, sample: counted(run, |_| true) });
    run.replays.iter().for_each(|replay| findings.replay(replay, Weight::Fail));
}
