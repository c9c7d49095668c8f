//! Rates and counts on the wire, and how a process ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::comparison::fidelity::Level;
use crate::model::exit::Exit;
use crate::model::rate::Tally;

/// How the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExitStatus {
    /// The exit code.
    pub code: u8,
    /// Its meaning.
    pub reason: ExitReason,
}

/// The meaning of an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExitReason {
    /// 0: every replay matches, or the gate lets it pass.
    Passed,
    /// 1: a drift or a flaky replay, or a threshold that is not reached.
    Failed,
    /// 2: the command line or the configuration is wrong.
    Usage,
    /// 3: nothing to replay, an unhealthy or unreplayable replay, or too little evidence.
    Inconclusive,
    /// 4: could not run.
    Infrastructure,
    /// 5: a digest or a signature does not verify.
    Verification,
}

/// The two rates of a run. They answer different questions and are never added up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rates {
    /// Did I break it: the subject swapped in, everything else pinned.
    pub regression: Rate,
    /// Is it repeatable: everything as recorded.
    pub fidelity: Rate,
}

/// One rate with the counts that it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rate {
    /// Bitwise, 0 to 1; null where nothing was compared.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub bf: Option<f64>,
    /// Semantic, over the comparisons that it applies to; null where there are none.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub sf: Option<f64>,
    /// Policy, over the comparisons that it applies to; null where there are none.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub pf: Option<f64>,
    /// What was counted.
    pub counts: Counts,
}

/// How many replays ended in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Every replay.
    pub total: u64,
    /// The denominator of `bf`: `match`, `drift` and `flaky`.
    pub compared: u64,
    /// Outcome `match`; the numerator of `bf`.
    #[serde(rename = "match")]
    pub matched: u64,
    /// Those of `match` that were lucky.
    pub lucky: u64,
    /// Outcome `drift`.
    pub drift: u64,
    /// Outcome `flaky`.
    pub flaky: u64,
    /// Outcome `unhealthy`: beside the rate, never in it.
    pub unhealthy: u64,
    /// Outcome `unreplayable`: beside the rate, never in it.
    pub unreplayable: u64,
    /// Outcome `infra`: beside the rate, never in it.
    pub infra: u64,
    /// What `sf` is made of.
    pub semantic: Agreement,
    /// What `pf` is made of.
    pub policy: Agreement,
}

/// Numerator and denominator at one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Agreement {
    /// Comparisons that agree.
    pub agreed: u64,
    /// Comparisons that the level applies to.
    pub applicable: u64,
}

impl From<Exit> for ExitStatus {
    fn from(exit: Exit) -> Self {
        let reason = match exit {
            Exit::Passed => ExitReason::Passed,
            Exit::Failed => ExitReason::Failed,
            Exit::Usage => ExitReason::Usage,
            Exit::Inconclusive => ExitReason::Inconclusive,
            Exit::Infrastructure => ExitReason::Infrastructure,
            Exit::Verification => ExitReason::Verification,
        };
        Self { code: exit.code(), reason }
    }
}

impl From<&Tally> for Rate {
    fn from(tally: &Tally) -> Self {
        let [bf, sf, pf] = Level::ALL.map(|level| tally.rate(level));
        Self { bf, sf, pf, counts: tally.into() }
    }
}

impl From<&Tally> for Counts {
    fn from(tally: &Tally) -> Self {
        let agreement = |(agreed, applicable)| Agreement { agreed, applicable };
        Self {
            total: tally.total(),
            compared: tally.compared(),
            matched: tally.matched,
            lucky: tally.lucky,
            drift: tally.drift,
            flaky: tally.flaky,
            unhealthy: tally.unhealthy,
            unreplayable: tally.unreplayable,
            infra: tally.infra,
            semantic: agreement(tally.semantic),
            policy: agreement(tally.policy),
        }
    }
}
