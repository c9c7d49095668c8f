//! `stella.decision/1`: a policy's decision on the wire.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::format::error::FormatError;
use crate::format::json;
use crate::model::decision::Decision;

const FORMAT: &str = "stella decision";
/// The schema that is read and written.
pub const SCHEMA: &str = "stella.decision/1";

/// The document.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionV1 {
    /// `stella.decision/1`
    schema: String,
    decision: Verdict,
    /// Stable reason codes, sorted.
    reasons: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Pass,
    Fail,
}

/// Reads a decision.
///
/// # Errors
/// When the document is not `stella.decision/1` to the letter.
pub fn read(text: &str) -> Result<Decision, FormatError> {
    json::check_schema(FORMAT, text, &[SCHEMA])?;
    let document: DecisionV1 = json::read(FORMAT, text)?;
    Ok(Decision { passed: matches!(document.decision, Verdict::Pass), reasons: document.reasons })
}

/// Writes a decision.
pub fn write(decision: &Decision) -> Vec<u8> {
    let verdict = if decision.passed { Verdict::Pass } else { Verdict::Fail };
    json::write(&DecisionV1 { schema: SCHEMA.to_owned(), decision: verdict, reasons: decision.reasons.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_this() {
        let text = "{\n  \"schema\": \"stella.decision/1\",\n  \"decision\": \"fail\",\n  \"reasons\": [\n    \
            \"critical_reachable\"\n  ]\n}\n";
        let decision = read(text).unwrap();
        assert_eq!(decision.verdict(), "fail");
        assert_eq!(String::from_utf8(write(&decision)).unwrap(), text);
        let error = read(&text.replace("\"fail\"", "\"maybe\"")).unwrap_err().to_string();
        assert!(error.contains("`decision`"), "{error}");
    }
}
