//! What a result says that its gate said: a claim of whoever wrote the file, in as much as a reader needs to hold it against a gate
//! that it asks itself.
//!
//! Invariants: strict on what it reads; absent: any trust in it.

use serde::Deserialize;

use crate::model::gate_result::{self, GateResult};
use crate::wire::v1::error::ReadError;
use crate::wire::v1::gate::{Gate, Verdict, Weight};
use crate::wire::v1::read_result;

/// The claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedGate {
    /// Who asked.
    pub gate: gate_result::Gate,
    verdict: Verdict,
    exit: u8,
    /// Code and weight of each reason, in order.
    reasons: Vec<(String, Weight)>,
}

impl ClaimedGate {
    /// How it says that it ends.
    pub fn exit(&self) -> u8 {
        self.exit
    }

    /// Whether a gate that was asked now says the same, as far as the claim goes.
    pub fn is_said_by(&self, asked: &GateResult) -> bool {
        let of = |reason: &gate_result::Reason| (reason.code.code().to_owned(), reason.weight.into());
        let mut reasons: Vec<(String, Weight)> = asked.reasons().iter().map(of).collect();
        reasons.sort();
        self.gate == asked.gate()
            && self.verdict == asked.verdict().into()
            && self.exit == asked.exit().code()
            && self.reasons == reasons
    }
}

/// The claim of a result; `None` where no gate had been asked.
///
/// # Errors
/// [`ReadError::Shape`] where it is not of the right shape.
pub fn read(bytes: &[u8]) -> Result<Option<ClaimedGate>, ReadError> {
    #[derive(Deserialize)]
    struct Claiming {
        #[serde(default)]
        gate: Option<Claim>,
    }
    #[derive(Deserialize)]
    struct Claim {
        gate: Gate,
        verdict: Verdict,
        exit: Ended,
        reasons: Vec<Reason>,
    }
    #[derive(Deserialize)]
    struct Ended {
        code: u8,
    }
    #[derive(Deserialize)]
    struct Reason {
        code: String,
        weight: Weight,
    }
    let claim: Claiming = read_result::parse(bytes)?;
    Ok(claim.gate.map(|claim| {
        let mut reasons: Vec<(String, Weight)> =
            claim.reasons.into_iter().map(|reason| (reason.code, reason.weight)).collect();
        reasons.sort();
        ClaimedGate { gate: claim.gate.into(), verdict: claim.verdict, exit: claim.exit.code, reasons }
    }))
}

/// How a result says that it ends.
///
/// # Errors
/// [`ReadError::Shape`] where it does not say.
pub fn exit(bytes: &[u8]) -> Result<u8, ReadError> {
    #[derive(Deserialize)]
    struct Claiming {
        exit: Ended,
    }
    #[derive(Deserialize)]
    struct Ended {
        code: u8,
    }
    let claim: Claiming = read_result::parse(bytes)?;
    Ok(claim.exit.code)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::fixture;
    use crate::wire::v1::result;

    #[test]
    fn a_claim_is_held_against_what_a_gate_says() {
        let run = fixture::as_pull_request(fixture::run());
        let asked = run.gate.clone().unwrap();
        let mut document: Value = serde_json::from_str(&result::write(&run).unwrap()).unwrap();
        let claim = |document: &Value| read(document.to_string().as_bytes());
        assert!(claim(&document).unwrap().unwrap().is_said_by(&asked));
        for (pointer, lie) in [
            ("/gate/verdict", json!("green")),
            ("/gate/exit/code", json!(0)),
            ("/gate/gate", json!("release")),
            ("/gate/reasons/0/weight", json!("note")),
            ("/gate/reasons", json!([])),
        ] {
            let mut lying = document.clone();
            *lying.pointer_mut(pointer).unwrap() = lie;
            assert!(!claim(&lying).unwrap().unwrap().is_said_by(&asked), "{pointer}");
        }
        for wrong in [json!("green"), json!({}), json!({"gate": "pr", "verdict": "fine"}), json!([])] {
            document["gate"] = wrong;
            assert!(matches!(claim(&document), Err(ReadError::Shape { .. })), "{}", document["gate"]);
        }
        document["gate"] = Value::Null;
        assert_eq!(claim(&document).unwrap(), None);
    }
}
