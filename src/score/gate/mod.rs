//! The gates: what was replayed, judged by rules.
//!
//! | gate | looks at |
//! |---|---|
//! | `pr` | every replay of one run in which the candidate ran; every one where the repository builds nothing |
//! | `nightly` | pinned fidelity of a window, by bucket |
//! | `release` | the canaries of one run in which the candidate ran, as a census, and the window where there is a history |
//!
//! Invariants: every replay that does not match leaves a reason; evidence that does not suffice is its own verdict.
//! Absent: which approvals count. A run brings those that do.

pub(in crate::score) mod base;
mod candidate;
mod findings;
mod one_shard;
mod pr;
mod release;
pub mod request;
mod window;

use jiff::Timestamp;

use crate::model::gate_result::{Gate, GateResult, Numbers, ReasonCode, Strictness, Weight};
use crate::model::result::RunResult;
use crate::model::shard::Shard;
use crate::score::gate::findings::Findings;
use crate::score::history::History;
use crate::score::rules::Rules;

/// What a gate is shown. Each gate asks for what it cannot do without.
#[derive(Debug, Clone, Copy)]
pub enum Case<'a> {
    /// One run.
    Pr(&'a RunResult),
    /// A history, and the run that was just added to it.
    Nightly(&'a History, Option<&'a RunResult>),
    /// The candidate's run, and the history where there is one.
    Release(&'a RunResult, Option<&'a History>),
    /// One shard of a run that a gate will judge.
    OneShard(Gate, Shard, &'a RunResult),
}

impl Case<'_> {
    fn gate(self) -> Gate {
        match self {
            Self::Pr(_) => Gate::Pr,
            Self::Nightly(..) => Gate::Nightly,
            Self::Release(..) => Gate::Release,
            Self::OneShard(gate, ..) => gate,
        }
    }
}

/// What the gate says of `case` at `now`.
pub fn judge(case: Case<'_>, now: Timestamp, rules: &Rules, strictness: Strictness) -> GateResult {
    let mut findings = Findings::default();
    match case {
        Case::Pr(run) => pr::judge(run, rules, &mut findings),
        Case::Nightly(history, run) => {
            if let Some(run) = run {
                candidate::all_is_there(run, &mut findings);
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
        Case::OneShard(gate, shard, run) => one_shard::judge(gate, shard, run, rules, &mut findings),
    }
    GateResult::new(case.gate(), strictness, findings.measured, findings.reasons)
}
