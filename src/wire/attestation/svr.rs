//! The predicate *simple verification result* (SVR), version 0.2, of in-toto's attestation framework: what has been verified, and passed. There is
//! none of a verdict that does not pass.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::gate_result::{GateResult, GateVerdict};
use crate::model::result::RunResult;
use crate::wire::attestation::replay_fidelity::VERIFIER;
use crate::wire::attestation::statement::ResourceDescriptor;

/// Its type.
pub const TYPE: &str = "https://in-toto.io/attestation/svr/v0.2";

/// What has passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SvrV02 {
    /// Who says so.
    pub verifier: SvrVerifier,
    /// When the run ended that was judged: the same run gives the same statement.
    pub time_created: Timestamp,
    /// What has passed: `STELLA_GATE_PR_PASSED` or `STELLA_GATE_RELEASE_PASSED`, and the same with `GREEN` where there is no warning.
    pub properties: Vec<String>,
}

/// Who verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SvrVerifier {
    /// A URI that names the program.
    pub id: String,
    /// What it was judged by.
    pub policies: Vec<ResourceDescriptor>,
}

/// The property of a gate, by its code.
pub fn property(gate: &str, word: &str) -> String {
    format!("STELLA_GATE_{}_{word}", gate.to_uppercase())
}

impl SvrV02 {
    /// What `gate` says of `run`, judged by `policy`; `None` where it does not pass.
    pub fn of(run: &RunResult, gate: &GateResult, policy: ResourceDescriptor) -> Option<Self> {
        let words = Self::words(gate.verdict());
        (!words.is_empty()).then(|| Self {
            verifier: SvrVerifier { id: VERIFIER.to_owned(), policies: vec![policy] },
            time_created: run.finished_at,
            properties: words.iter().map(|word| property(gate.gate().code(), word)).collect(),
        })
    }

    fn words(verdict: GateVerdict) -> &'static [&'static str] {
        match verdict {
            GateVerdict::Green => &["PASSED", "GREEN"],
            GateVerdict::Warn => &["PASSED"],
            GateVerdict::Insufficient | GateVerdict::Fail => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_is_said() {
        assert_eq!(SvrV02::words(GateVerdict::Green), ["PASSED", "GREEN"]);
        assert_eq!(SvrV02::words(GateVerdict::Warn), ["PASSED"]);
        assert!(SvrV02::words(GateVerdict::Insufficient).is_empty() && SvrV02::words(GateVerdict::Fail).is_empty());
    }
}
