//! CycloneDX 1.6 as a VEX document: `vulnerabilities[].analysis`.
//!
//! | status | `analysis.state` |
//! |---|---|
//! | affected | `exploitable` |
//! | not_affected | `not_affected` (read also: `false_positive`) |
//! | fixed | `resolved` (read also: `resolved_with_pedigree`) |
//! | under_investigation | `in_triage` |
//!
//! A justification belongs to *not_affected*; with another status it is not written. One that CycloneDX
//! has no word for is kept in a property.

use std::collections::BTreeSet;

use crate::format::cyclonedx::wire::{Affect, Analysis, Bom, JUSTIFICATION, Property, Vulnerability};
use crate::format::cyclonedx::words::{CodeWord, State};
use crate::format::json;
use crate::model::vex::{VexStatement, VexStatus};

/// Writes statements as a VEX document, CycloneDX 1.6; nothing in it is volatile.
pub fn write(statements: &[VexStatement]) -> Vec<u8> {
    let statements: BTreeSet<_> = statements.iter().collect();
    let vulnerabilities = statements.into_iter().map(|statement| {
        let given = statement.justification.as_deref().filter(|_| statement.status == VexStatus::NotAffected);
        let justification = given.and_then(CodeWord::of_word);
        let other = given.filter(|_| justification.is_none());
        Vulnerability {
            id: statement.vulnerability.clone(),
            analysis: Some(Analysis {
                state: Some(State::from(statement.status)),
                justification,
                ..Analysis::default()
            }),
            affects: vec![Affect { reference: statement.product.clone(), versions: Vec::new() }],
            properties: other.map(|word| Property::new(JUSTIFICATION, word)).into_iter().collect(),
            ..Vulnerability::default()
        }
    });
    let vulnerabilities = Some(vulnerabilities.collect());
    json::write(&Bom { vulnerabilities, ..Bom::written() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_document_is_this() {
        let written = write(&[VexStatement {
            vulnerability: "CVE-2021-23337".into(),
            product: "pkg:npm/lodash@4.17.20".into(),
            status: VexStatus::NotAffected,
            justification: Some("vulnerable_code_not_in_execute_path".into()),
            details: BTreeSet::new(),
        }]);
        let expected = r#"{
  "bomFormat": "CycloneDX",
  "specVersion": "1.6",
  "version": 1,
  "vulnerabilities": [
    {
      "id": "CVE-2021-23337",
      "analysis": {
        "state": "not_affected",
        "justification": "code_not_reachable"
      },
      "affects": [
        {
          "ref": "pkg:npm/lodash@4.17.20"
        }
      ]
    }
  ]
}
"#;
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }
}
