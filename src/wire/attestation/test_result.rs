//! The predicate *test-result*, version 0.1, of in-toto's attestation framework: the verdict, for tools that know nothing of replays.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::gate_result::{GateResult, GateVerdict};
use crate::model::outcome::Outcome;
use crate::model::result::{ReplayResult, RunResult};
use crate::wire::attestation::statement::ResourceDescriptor;

/// Its type.
pub const TYPE: &str = "https://in-toto.io/attestation/test-result/v0.1";

/// How it came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// The gate is green.
    Passed,
    /// It lets it pass, and something is getting worse.
    Warned,
    /// It does not let it pass, or nobody can say.
    Failed,
}

/// What came out of a test. All three lists are always there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestResultV01 {
    /// How it came out.
    pub result: Verdict,
    /// What it was judged by: the gate, with the digest of its configuration.
    pub configuration: Vec<ResourceDescriptor>,
    /// Replays that match.
    pub passed_tests: Vec<String>,
    /// Replays that match although the sandbox denied something.
    pub warned_tests: Vec<String>,
    /// All others, also those of which nothing is known.
    pub failed_tests: Vec<String>,
}

impl TestResultV01 {
    /// What `gate` says of `run`, judged by `configuration`.
    pub fn of(run: &RunResult, gate: &GateResult, configuration: ResourceDescriptor) -> Self {
        let named = |keep: fn(&Outcome) -> bool| {
            let name = |replay: &ReplayResult| format!("{}:{}:{}", replay.kind.code(), replay.mode.code(), replay.id);
            run.replays.iter().filter(|replay| keep(&replay.outcome)).map(name).collect()
        };
        Self {
            result: gate.verdict().into(),
            configuration: vec![configuration],
            passed_tests: named(|outcome| matches!(outcome, Outcome::Match { lucky: false })),
            warned_tests: named(|outcome| matches!(outcome, Outcome::Match { lucky: true })),
            failed_tests: named(|outcome| !matches!(outcome, Outcome::Match { .. })),
        }
    }
}

impl From<GateVerdict> for Verdict {
    fn from(verdict: GateVerdict) -> Self {
        match verdict {
            GateVerdict::Green => Self::Passed,
            GateVerdict::Warn => Self::Warned,
            GateVerdict::Insufficient | GateVerdict::Fail => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_can_say_has_not_passed() {
        let of = |verdict: GateVerdict| Verdict::from(verdict);
        assert_eq!(of(GateVerdict::Green), Verdict::Passed);
        assert_eq!(of(GateVerdict::Warn), Verdict::Warned);
        assert_eq!(of(GateVerdict::Insufficient), Verdict::Failed);
        assert_eq!(of(GateVerdict::Fail), Verdict::Failed);
    }
}
