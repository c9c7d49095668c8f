//! Asks a gate: with the rules of the configuration, the run, and what is known from before.

use jiff::Timestamp;

use crate::hint;
use crate::model::comparison::fidelity::Level;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::gate_result::{Gate, GateResult, Strictness};
use crate::model::parameter::{Operation, Parameter};
use crate::model::result::RunResult;
use crate::score::gate::{self, Case};
use crate::score::history::{Contradiction, History};
use crate::score::rules::Rules;

/// What is asked.
#[derive(Debug, Clone)]
pub struct GateRequest {
    /// Which gate.
    pub gate: Gate,
    /// Its rules.
    pub rules: Rules,
    /// How strict it is.
    pub strictness: Strictness,
    /// What is known from before; `None` where there is no history.
    pub history: Option<History>,
}

/// Why a gate cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The gate judges a run and there is none.
    #[error("gate `{}` judges a run, and none was given", .0.code())]
    NoRun(Gate),
    /// The gate judges a window and there is no history.
    #[error("gate `{}` judges a window of time, and no history was given", .0.code())]
    NoHistory(Gate),
    /// The run is in the history already, with another outcome.
    #[error("the run is in the history already, with another outcome")]
    Run(#[from] Contradiction),
}

impl Diagnostic for GateError {
    fn kind(&self) -> FailureKind {
        // What a gate lacks is for the user to give.
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Run(_) => Some("the result or the history was changed by hand".into()),
            Self::NoRun(_) => Some(hint!(
                "give the result of a run with {}, or ask with {}",
                Parameter::Result.to("FILE"),
                Operation::Ci.with([Parameter::Gate.to("GATE")], None)
            )),
            Self::NoHistory(_) => {
                Some(hint!("give one with {}, or say `history: true` in .stella.yaml", Parameter::History.to("FILE")))
            }
        }
    }
}

impl GateRequest {
    /// The level at which the gate looks at differences, and at which they are approved.
    pub fn level(&self) -> Level {
        match self.gate {
            Gate::Pr => self.rules.pr_level,
            Gate::Release => self.rules.release_level,
            Gate::Nightly => Level::Bitwise,
        }
    }

    /// What the replays of one shard say; whether the whole is good is asked of all shards together. `None` of a run that is no shard.
    pub fn judge_shard(&self, run: &RunResult, now: Timestamp) -> Option<GateResult> {
        let shard = run.part.shard()?;
        Some(gate::judge(Case::OneShard(self.gate, shard, run), now, &self.rules, self.strictness))
    }

    /// Judges `run` at `now`; a run that is in the history already counts once.
    ///
    /// # Errors
    /// When what the gate judges is not given, or the history has the run with another outcome.
    pub fn judge(&self, run: Option<&RunResult>, now: Timestamp) -> Result<GateResult, GateError> {
        let with_run = || -> Result<Option<History>, GateError> {
            let mut history = self.history.clone();
            if let (Some(history), Some(run)) = (&mut history, run) {
                history.add_run(run)?;
            }
            Ok(history)
        };
        let needed = run.ok_or(GateError::NoRun(self.gate));
        let history;
        let case = match self.gate {
            Gate::Pr => Case::Pr(needed?),
            Gate::Nightly => {
                history = with_run()?.ok_or(GateError::NoHistory(self.gate))?;
                Case::Nightly(&history, run)
            }
            Gate::Release => {
                let run = needed?;
                match with_run()? {
                    Some(known) => {
                        history = known;
                        Case::Release(run, Some(&history))
                    }
                    None => Case::Release(run, None),
                }
            }
        };
        Ok(gate::judge(case, now, &self.rules, self.strictness))
    }
}
