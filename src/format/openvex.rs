//! OpenVEX v0.2.0 (<https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>).
//!
//! The product of a statement is its purl, else its `@id`; where the statement is about a part of it,
//! `product -> part`. A justification belongs to *not_affected*; with another status it is not written.
//! Absent: times and precedence of statements, status notes, action statements.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::format::error::FormatError;
use crate::format::json;
use crate::format::text::Unfolding;
use crate::model::digest::Digest;
use crate::model::vex::{COMPONENT_SEPARATOR, VexStatement, VexStatus};

const FORMAT: &str = "OpenVEX";
/// The context of every version begins so.
pub(crate) const CONTEXT: &str = "https://openvex.dev/ns";
const WRITTEN: &str = "https://openvex.dev/ns/v0.2.0";

/// The specification's own words; anything else is written as an impact statement.
const JUSTIFICATIONS: [&str; 5] = [
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
];
/// *not_affected* must say why: written, and read as nothing, where no reason was given.
const NO_REASON: &str = "no reason was stated";
/// *affected* must say what to do: nothing is known of it here.
const NO_ACTION: &str = "no action was stated";

#[derive(Deserialize)]
struct Header {
    #[serde(rename = "@context")]
    context: String,
}

#[derive(Deserialize, Serialize)]
struct Document {
    #[serde(rename = "@context")]
    context: String,
    #[serde(rename = "@id")]
    id: String,
    author: String,
    timestamp: String,
    version: i64,
    #[serde(default)]
    statements: Vec<Statement>,
}

#[derive(Deserialize, Serialize)]
struct Statement {
    vulnerability: Vulnerability,
    #[serde(default)]
    products: Vec<Product>,
    status: VexStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_statement: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Vulnerability {
    #[serde(rename = "@id", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Product {
    #[serde(rename = "@id", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identifiers: Option<Identifiers>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subcomponents: Vec<Product>,
}

#[derive(Deserialize, Serialize)]
struct Identifiers {
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
}

impl Product {
    fn name(&self) -> Option<&str> {
        self.identifiers.as_ref().and_then(|all| all.purl.as_deref()).or(self.id.as_deref())
    }
}

/// Reads the statements of an OpenVEX document, sorted, each once.
pub(crate) fn read(text: &str) -> Result<Vec<VexStatement>, FormatError> {
    let header: Header = json::read(FORMAT, text)?;
    if header.context != WRITTEN {
        return Err(FormatError::Version { format: FORMAT, found: header.context, known: &[WRITTEN] });
    }
    let document: Document = json::read(FORMAT, text)?;
    let mut statements = BTreeSet::new();
    let mut unfolding = Unfolding::new(FORMAT);
    for (index, statement) in document.statements.into_iter().enumerate() {
        let absent = |path: String| FormatError::Field {
            format: FORMAT,
            path: format!("statements[{index}].{path}"),
            problem: "it names nothing; give it a name or an `@id`".to_owned(),
        };
        let vulnerability = statement.vulnerability.name.or(statement.vulnerability.id);
        let vulnerability = vulnerability.ok_or_else(|| absent("vulnerability".to_owned()))?;
        let impact = statement.impact_statement.filter(|text| text != NO_REASON);
        let reason = statement.justification.or(impact.filter(|_| statement.status == VexStatus::NotAffected));
        for (at, product) in statement.products.iter().enumerate() {
            let whole = product.name().ok_or_else(|| absent(format!("products[{at}]")))?;
            let mut places = Vec::new();
            for (part_at, part) in product.subcomponents.iter().enumerate() {
                let part = part.name();
                let part = part.ok_or_else(|| absent(format!("products[{at}].subcomponents[{part_at}]")))?;
                unfolding.take([whole, part])?;
                places.push(format!("{whole}{COMPONENT_SEPARATOR}{part}"));
            }
            if places.is_empty() {
                places.push(whole.to_owned());
            }
            for _ in &places {
                unfolding.take([vulnerability.as_str(), reason.as_deref().unwrap_or_default()])?;
            }
            statements.extend(places.into_iter().map(|product| VexStatement {
                vulnerability: vulnerability.clone(),
                product,
                status: statement.status,
                justification: reason.clone(),
            }));
        }
    }
    Ok(statements.into_iter().collect())
}

/// Writes statements as an OpenVEX document. `timestamp` is the instant that the document speaks for; its
/// `@id` comes from the statements alone.
pub fn write(statements: &[VexStatement], timestamp: Timestamp) -> Vec<u8> {
    let statements: BTreeSet<_> = statements.iter().collect();
    let statements: Vec<_> = statements.into_iter().map(statement).collect();
    let id = Digest::of(&json::write(&statements)).hex();
    json::write(&Document {
        context: WRITTEN.to_owned(),
        // The name space that the specification keeps for documents without a home of their own.
        id: format!("https://openvex.dev/docs/public/vex-{id}"),
        author: "stella".to_owned(),
        timestamp: timestamp.to_string(),
        version: 1,
        statements,
    })
}

fn statement(statement: &VexStatement) -> Statement {
    let denied = statement.status == VexStatus::NotAffected;
    let reason = statement.justification.as_deref().filter(|_| denied);
    let justification = reason.filter(|reason| JUSTIFICATIONS.contains(reason)).map(str::to_owned);
    let impact = justification.is_none() && denied;
    Statement {
        vulnerability: Vulnerability { id: None, name: Some(statement.vulnerability.clone()) },
        products: vec![Product { id: Some(statement.product.clone()), identifiers: None, subcomponents: Vec::new() }],
        status: statement.status,
        impact_statement: impact.then(|| reason.unwrap_or(NO_REASON).to_owned()),
        justification,
        action_statement: (statement.status == VexStatus::Affected).then(|| NO_ACTION.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(product: &str, status: VexStatus, justification: Option<&str>) -> VexStatement {
        VexStatement {
            vulnerability: "CVE-2021-23337".into(),
            product: product.into(),
            status,
            justification: justification.map(str::to_owned),
        }
    }

    #[test]
    fn the_written_document_is_this() {
        let reason = Some("vulnerable_code_not_in_execute_path");
        let written = write(&[statement("pkg:npm/a@1", VexStatus::NotAffected, reason)], Timestamp::UNIX_EPOCH);
        let expected = r#"{
  "@context": "https://openvex.dev/ns/v0.2.0",
  "@id": "https://openvex.dev/docs/public/vex-ID",
  "author": "stella",
  "timestamp": "1970-01-01T00:00:00Z",
  "version": 1,
  "statements": [
    {
      "vulnerability": {
        "name": "CVE-2021-23337"
      },
      "products": [
        {
          "@id": "pkg:npm/a@1"
        }
      ],
      "status": "not_affected",
      "justification": "vulnerable_code_not_in_execute_path"
    }
  ]
}
"#;
        let text = String::from_utf8(written).unwrap();
        let (before, rest) = text.split_once("vex-").unwrap();
        assert_eq!(format!("{before}vex-ID{}", &rest[64..]), expected);
    }

    #[test]
    fn products_are_named_by_purl_and_part() {
        let text = r#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"x","author":"a","timestamp":"2024-01-01T00:00:00Z","version":1,
            "statements":[{"vulnerability":{"@id":"https://v.example/1","name":"CVE-2021-23337"},"status":"not_affected","impact_statement":"own words",
              "products":[{"@id":"image","identifiers":{"purl":"pkg:oci/i@sha256:00"},"subcomponents":[{"@id":"pkg:npm/a@1"}]},{"@id":"b"}]}]}"#;
        let own = Some("own words");
        assert_eq!(
            read(text).unwrap(),
            [
                statement("b", VexStatus::NotAffected, own),
                statement("pkg:oci/i@sha256:00 -> pkg:npm/a@1", VexStatus::NotAffected, own)
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            (r#"{"@context":"https://openvex.dev/ns"}"#, "version `https://openvex.dev/ns` is not read"),
            (
                r#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"x","author":"a","timestamp":"t","version":1,
                "statements":[{"vulnerability":{"name":"v"},"status":"odd"}]}"#,
                "`statements[0].status`",
            ),
            (
                r#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"x","author":"a","timestamp":"t","version":1,
                "statements":[{"vulnerability":{"name":"v"},"status":"fixed","products":[{}]}]}"#,
                "`statements[0].products[0]`",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
