//! The files of a regression case, as written.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The file that names a case.
pub const METADATA: &str = "case.metadata.json";

/// `case.metadata.json`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct CaseMetadata {
    /// Unique in the repository, e.g. `SCN-0001`.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// What went wrong, e.g. `vulnerability-missed`.
    pub kind: String,
    /// Where it comes from, e.g. `internal-postmortem`.
    pub source: String,
    /// How bad it was: `low`, `medium`, `high` or `critical`.
    pub severity: CaseSeverity,
    /// Free tags; `language:java` and the like become labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The second engineer who agreed with what is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed_by: Option<String>,
}

/// How bad a failure was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum CaseSeverity {
    Low,
    Medium,
    High,
    Critical,
}

/// Which scanner runs a case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CaseScanner {
    /// What the checkout builds; the built-in scanner where it builds none.
    #[default]
    Subject,
    /// The scanner inside stella.
    Builtin,
}

/// `input/config.json`; everything is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct CaseConfig {
    /// Which scanner runs it.
    #[serde(default)]
    pub scanner: CaseScanner,
    /// Its flags, e.g. `--distro=debian-12`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// The one file of `input/` to scan. Default: all of `input/` but `config.json`, the feed and the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// A folder of `input/`, or the digest of a bundle in a store. Default: `feed`, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feed: Option<String>,
    /// The same for the policy. Default: `policy`, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// What the scanner takes for now. Default: 2026-01-01T00:00:00Z.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<Timestamp>,
    /// Seed of all randomness. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}
