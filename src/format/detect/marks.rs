//! What marks what: the members by which documents, inventories and the reports of tools are told apart.
//!
//! Invariant: what is looked at below the root is also what an outline of a document keeps (`artifacts/detect_profile.rs`); a test holds the
//! two together.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// The members that tell formats apart, unread.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DocumentMarks<'t> {
    #[serde(borrow)]
    pub(super) bom_format: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) components: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) vulnerabilities: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) spdx_version: Option<&'t RawValue>,
    #[serde(borrow, rename = "@context")]
    pub(super) context: Option<&'t RawValue>,
    #[serde(borrow, rename = "$schema")]
    pub(super) json_schema: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) version: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) runs: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) schema: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) document: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) descriptor: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) artifacts: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) matches: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) results: Option<&'t RawValue>,
    #[serde(borrow, rename = "experimental_config")]
    pub(super) osv_scanner_config: Option<&'t RawValue>,
    #[serde(borrow, rename = "SchemaVersion")]
    pub(super) trivy_schema: Option<&'t RawValue>,
    #[serde(borrow, rename = "ArtifactName")]
    pub(super) trivy_artifact: Option<&'t RawValue>,
    #[serde(borrow, rename = "Results")]
    pub(super) trivy_results: Option<&'t RawValue>,
}

/// What names a CSAF document.
#[derive(Deserialize)]
pub(super) struct Csaf {
    #[serde(rename = "csaf_version")]
    _version: String,
}

/// What names the tools of one maker in their reports.
#[derive(Deserialize)]
pub(super) struct Descriptor {
    pub(super) name: String,
}

/// What the results of osv-scanner have, and those of other tools do not.
#[derive(Deserialize)]
pub(super) struct OsvScannerResult {
    #[serde(rename = "source")]
    _source: OsvScannerSource,
    #[serde(rename = "packages")]
    _packages: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct OsvScannerSource {
    #[serde(rename = "path")]
    _path: String,
    #[serde(rename = "type")]
    _kind: String,
}

/// The members that tell inventories apart, unread.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InventoryMarks<'t> {
    #[serde(borrow)]
    pub(super) bom_format: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) spdx_version: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) lockfile_version: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) artifacts: Option<&'t RawValue>,
    #[serde(borrow, rename = "@graph")]
    pub(super) graph: Option<&'t RawValue>,
}

/// Members of a document's root, or of each element of a list, that mark what a tool wrote. A tool may have several sets of
/// them, for its versions.
pub(super) const TOOL_MARKS: [(&str, &[&str]); 11] = [
    ("bandit", &["errors", "generated_at", "metrics", "results"]),
    ("checkov", &["check_type", "results"]),
    ("detect-secrets", &["filters_used", "plugins_used", "results"]),
    ("eslint", &["errorCount", "filePath", "messages", "warningCount"]),
    ("gitleaks", &["File", "Fingerprint", "RuleID", "Secret", "StartLine"]),
    ("npm-audit", &["auditReportVersion", "metadata", "vulnerabilities"]),
    ("npm-audit", &["actions", "advisories", "metadata", "muted"]),
    ("retire", &["data", "errors", "messages", "start", "time", "version"]),
    ("ruff", &["code", "end_location", "filename", "location", "message"]),
    // Before version 0.91 it does not say which it is, and before 1.0 not which rules it skipped.
    ("semgrep", &["errors", "paths", "results"]),
    ("zizmor", &["determinations", "ident", "locations", "url"]),
];

/// What is left of a report in its canonical form, where its marks were volatile: a document that has these members and no
/// others.
pub(super) const CANONICAL_MARKS: [(&str, &[&str]); 2] =
    [("bandit", &["errors", "metrics", "results"]), ("retire", &["data", "errors", "messages", "version"])];
