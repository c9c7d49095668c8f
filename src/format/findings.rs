//! `stella.findings/1`: our own findings on the wire.
//!
//! An unknown field is an error: a reader that ignores one would call two different findings the same. A
//! new field is a new version.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::format::error::FormatError;
use crate::format::json;
use crate::model::finding::{self, Finding, FindingKey};
use crate::model::same_words::same_words;
use crate::model::vex;

const FORMAT: &str = "stella findings";
/// The schema that is read and written.
pub const SCHEMA: &str = "stella.findings/1";

/// The document.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingsV1 {
    /// `stella.findings/1`
    schema: String,
    /// Sorted by `(cve_id, affected_purl)`.
    findings: Vec<FindingV1>,
}

/// One finding.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FindingV1 {
    /// The CVE id where there is one, else the first of its ids.
    cve_id: String,
    /// The purl of the affected package, else `name@version`, else the place in the source.
    affected_purl: String,
    /// All other ids.
    #[serde(default)]
    aliases: BTreeSet<String>,
    /// Name of the affected package.
    package: String,
    /// Version found.
    version: String,
    severity: Severity,
    /// Versions in which it is fixed.
    #[serde(default)]
    fixed_versions: BTreeSet<String>,
    #[serde(default)]
    reachability: Reachability,
    /// Absent where none was stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vex_status: Option<VexStatus>,
}

/// A qualitative severity (CVSS v3.1 §5 names), weakest first.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Severity {
    Unknown,
    None,
    Low,
    Medium,
    High,
    Critical,
}

/// Whether vulnerable code can be called from an entry point.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Reachability {
    /// A call path from an entry point to a vulnerable symbol exists.
    Reachable,
    /// The call graph covers the package, and no path exists.
    Unreachable,
    /// No call graph, no symbols, or the graph does not cover the package.
    #[default]
    Unknown,
}

/// The status labels that all VEX formats share.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum VexStatus {
    NotAffected,
    Affected,
    Fixed,
    UnderInvestigation,
}

same_words!(finding::Severity { Unknown, None, Low, Medium, High, Critical });
same_words!(finding::Reachability { Reachable, Unreachable, Unknown });
same_words!(vex::VexStatus { NotAffected, Affected, Fixed, UnderInvestigation });

impl From<&Finding> for FindingV1 {
    fn from(finding: &Finding) -> Self {
        let Finding { key, aliases, package, version, severity, fixed_versions, reachability, vex_status, details: _ } =
            finding.clone();
        let FindingKey { cve_id, affected: affected_purl } = key;
        let (severity, reachability) = (severity.into(), reachability.into());
        let vex_status = vex_status.map(VexStatus::from);
        Self { cve_id, affected_purl, aliases, package, version, severity, fixed_versions, reachability, vex_status }
    }
}

impl From<FindingV1> for Finding {
    fn from(wire: FindingV1) -> Self {
        let FindingV1 { cve_id, affected_purl: affected, aliases, package, version, .. } = wire;
        let key = FindingKey { cve_id, affected };
        let FindingV1 { severity, fixed_versions, reachability, vex_status, .. } = wire;
        let (severity, reachability) = (severity.into(), reachability.into());
        let vex_status = vex_status.map(vex::VexStatus::from);
        let details = BTreeSet::new();
        Self { key, aliases, package, version, severity, fixed_versions, reachability, vex_status, details }
    }
}

/// Reads findings, sorted, each as often as it stands there.
///
/// # Errors
/// When the document is not `stella.findings/1` to the letter.
pub fn read(text: &str) -> Result<Vec<Finding>, FormatError> {
    json::check_schema(FORMAT, text, &[SCHEMA])?;
    let document: FindingsV1 = json::read(FORMAT, text)?;
    let mut findings: Vec<Finding> = document.findings.into_iter().map(Finding::from).collect();
    findings.sort();
    Ok(findings)
}

/// Writes findings, sorted, each once.
pub fn write(findings: &[Finding]) -> Vec<u8> {
    let findings: BTreeSet<_> = findings.iter().collect();
    let findings = findings.into_iter().map(FindingV1::from).collect();
    json::write(&FindingsV1 { schema: SCHEMA.to_owned(), findings })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{
  "schema": "stella.findings/1",
  "findings": [
    {
      "cve_id": "CVE-2024-28085",
      "affected_purl": "pkg:deb/debian/bsdutils@1:2.38.1-5",
      "aliases": [
        "DSA-5650-1"
      ],
      "package": "bsdutils",
      "version": "1:2.38.1-5",
      "severity": "low",
      "fixed_versions": [
        "2.38.1-5+deb12u1"
      ],
      "reachability": "unknown",
      "vex_status": "affected"
    }
  ]
}
"#;

    #[test]
    fn the_document_is_this() {
        let findings = read(DOCUMENT).unwrap();
        assert_eq!(findings[0].vex_status, Some(vex::VexStatus::Affected));
        assert_eq!(String::from_utf8(write(&findings)).unwrap(), DOCUMENT);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            (
                DOCUMENT.replace("findings/1", "findings/2"),
                "version `stella.findings/2` is not read, only `stella.findings/1`",
            ),
            (DOCUMENT.replace("\"low\"", "\"lowly\""), "`findings[0].severity`"),
            (DOCUMENT.replace("\"reachability\"", "\"reachable\""), "`findings[0].reachable`"),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
