//! Findings: one vulnerability in one package.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::vex::VexStatus;

/// A qualitative severity (CVSS v3.1 §5 names), weakest first.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum Severity {
    #[default]
    Unknown,
    None,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// The stable name.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Whether vulnerable code can be called from an entry point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reachability {
    /// A call path from an entry point to a vulnerable symbol exists.
    Reachable,
    /// The call graph covers the package, and no path exists.
    Unreachable,
    /// No call graph, no symbols, or the graph does not cover the package.
    #[default]
    Unknown,
}

impl Reachability {
    /// The stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Reachable => "reachable",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
        }
    }
}

/// What identifies a finding: contracts call it `(cve_id, affected_purl)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingKey {
    /// The CVE id where the vulnerability has one, else the first of its ids.
    pub cve_id: String,
    /// The purl of the affected package, else `name@version`, else the place in the source that is affected.
    pub affected: String,
}

/// How a detail begins that says why somebody need not look at a finding.
pub const SUPPRESSED: &str = "suppressed: ";

/// Names of details that may stand several times, each with something that holds beside the others: one more of them says more, and
/// takes nothing back.
pub const LISTS: [&str; 11] =
    ["alias", "also at", "exploited", "flow", "id", "node", "place", "related", "stack", "taxon", "weakness"];

/// One vulnerability in one package, with every field that a policy may look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Finding {
    /// Its identity.
    pub key: FindingKey,
    /// All other ids of the same vulnerability.
    pub aliases: BTreeSet<String>,
    /// Name of the affected package.
    pub package: String,
    /// Version found.
    pub version: String,
    /// Qualitative severity.
    pub severity: Severity,
    /// Versions in which it is fixed, as the advisories write them.
    pub fixed_versions: BTreeSet<String>,
    /// Whether the vulnerable code can be called.
    pub reachability: Reachability,
    /// VEX status where one was stated with the finding.
    pub vex_status: Option<VexStatus>,
    /// What else tells it from others of its key, each named (`message: …`, `fingerprint x/v1: …`). No policy looks at it.
    pub details: BTreeSet<String>,
}
