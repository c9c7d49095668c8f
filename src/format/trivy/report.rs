//! A report of Trivy, as it stands on the wire.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::format::details::Details;
use crate::format::json::Present;
use crate::model::finding::Severity;
use crate::model::vex::VexStatus;

pub(super) const FORMAT: &str = "Trivy JSON";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Header {
    pub(super) schema_version: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Report {
    /// Absent where nothing was found to scan.
    pub(super) results: Option<Vec<TrivyResult>>,
    #[serde(default)]
    pub(super) artifact_name: String,
    #[serde(default)]
    pub(super) artifact_type: String,
    pub(super) metadata: Option<Metadata>,
}

/// What was scanned.
#[derive(Deserialize)]
pub(super) struct Metadata {
    #[serde(rename = "OS")]
    system: Option<System>,
    #[serde(flatten)]
    others: BTreeMap<String, Present>,
}

#[derive(Deserialize)]
struct System {
    /// Its end of life is over: its vendor writes no advisories any more.
    #[serde(default, rename = "EOSL")]
    is_over: bool,
    #[serde(flatten)]
    others: BTreeMap<String, Present>,
}

impl Metadata {
    pub(super) fn is_over(&self) -> bool {
        self.system.as_ref().is_some_and(|system| system.is_over)
    }

    /// Whether there is anything that is not read.
    pub(super) fn has_others(&self) -> bool {
        let system = self.system.iter().flat_map(|system| system.others.values());
        self.others.values().chain(system).any(|other| other.0)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TrivyResult {
    pub(super) target: String,
    #[serde(default)]
    pub(super) class: String,
    #[serde(default, rename = "Type")]
    pub(super) kind: String,
    pub(super) licenses: Option<Vec<License>>,
    /// Absent where packages are not listed.
    pub(super) packages: Option<Vec<Listed>>,
    pub(super) vulnerabilities: Option<Vec<Vulnerability>>,
    pub(super) misconfigurations: Option<Vec<Misconfiguration>>,
    #[serde(rename = "MisconfSummary")]
    pub(super) summary: Option<Checks>,
    pub(super) secrets: Option<Vec<Secret>>,
    pub(super) experimental_modified_findings: Option<Vec<Modified>>,
}

/// How many checks were run, and how they ended.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Checks {
    #[serde(default)]
    pub(super) successes: u64,
    #[serde(default)]
    pub(super) failures: u64,
    #[serde(default)]
    pub(super) exceptions: u64,
}

/// A licence that was found, and what the policy of the scan says of it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct License {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) pkg_name: String,
    #[serde(default)]
    pub(super) file_path: String,
    #[serde(default)]
    pub(super) category: String,
    #[serde(default)]
    pub(super) severity: String,
    #[serde(default)]
    pub(super) text: String,
    pub(super) confidence: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    #[serde(rename = "ID", default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) arch: String,
    #[serde(default)]
    pub(super) relationship: String,
    #[serde(default)]
    pub(super) indirect: bool,
    #[serde(default)]
    pub(super) dev: bool,
    pub(super) depends_on: Option<Vec<String>>,
    #[serde(default)]
    pub(super) file_path: String,
    #[serde(default)]
    pub(super) digest: String,
    #[serde(default)]
    pub(super) maintainer: String,
    pub(super) modularitylabel: Option<String>,
    #[serde(default)]
    pub(super) layer: Present,
    #[serde(default)]
    pub(super) locations: Present,
    #[serde(default)]
    pub(super) installed_files: Present,
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) release: Option<String>,
    #[serde(default)]
    pub(super) epoch: u64,
    pub(super) src_name: Option<String>,
    pub(super) src_version: Option<String>,
    pub(super) src_release: Option<String>,
    #[serde(default)]
    pub(super) src_epoch: u64,
    pub(super) identifier: Option<Identifier>,
    pub(super) licenses: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct Identifier {
    #[serde(rename = "PURL")]
    pub(super) purl: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Vulnerability {
    #[serde(rename = "VulnerabilityID")]
    pub(super) id: String,
    #[serde(rename = "VendorIDs")]
    pub(super) vendor_ids: Option<Vec<String>>,
    pub(super) pkg_name: String,
    pub(super) pkg_identifier: Option<Identifier>,
    pub(super) installed_version: String,
    pub(super) pkg_path: Option<String>,
    /// Several versions, with commas between them.
    pub(super) fixed_version: Option<String>,
    pub(super) status: Option<Status>,
    pub(super) severity: Option<Rated>,
    pub(super) severity_source: Option<String>,
    pub(super) data_source: Option<DataSource>,
    #[serde(rename = "CweIDs")]
    pub(super) cwe_ids: Option<Vec<String>>,
    pub(super) vendor_severity: Option<BTreeMap<String, serde_json::Value>>,
    #[serde(rename = "CVSS")]
    pub(super) cvss: Option<BTreeMap<String, BTreeMap<String, serde_json::Value>>>,
    #[serde(default)]
    pub(super) layer: Present,
}

/// Where an advisory comes from.
#[derive(Deserialize)]
pub(super) struct DataSource {
    #[serde(rename = "ID", default)]
    pub(super) id: String,
}

#[derive(Deserialize, Clone, Copy, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Unknown,
    NotAffected,
    Affected,
    Fixed,
    UnderInvestigation,
    WillNotFix,
    FixDeferred,
    EndOfLife,
}

impl Status {
    /// What it means for the installed package.
    pub(super) fn of_package(self) -> Option<VexStatus> {
        match self {
            Self::Unknown => None,
            Self::NotAffected => Some(VexStatus::NotAffected),
            Self::UnderInvestigation => Some(VexStatus::UnderInvestigation),
            Self::Affected | Self::Fixed | Self::WillNotFix | Self::FixDeferred | Self::EndOfLife => {
                Some(VexStatus::Affected)
            }
        }
    }
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Rated {
    Unknown,
    Low,
    Medium,
    High,
    Critical,
}

impl From<Rated> for Severity {
    fn from(rated: Rated) -> Self {
        match rated {
            Rated::Unknown => Self::Unknown,
            Rated::Low => Self::Low,
            Rated::Medium => Self::Medium,
            Rated::High => Self::High,
            Rated::Critical => Self::Critical,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Misconfiguration {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(rename = "AVDID")]
    pub(super) avd_id: Option<String>,
    pub(super) severity: Option<Rated>,
    pub(super) status: Option<String>,
    pub(super) message: Option<String>,
    pub(super) cause_metadata: Option<Cause>,
    #[serde(rename = "Type", default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) namespace: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Cause {
    pub(super) start_line: Option<u64>,
    pub(super) end_line: Option<u64>,
    pub(super) resource: Option<String>,
    pub(super) occurrences: Option<Vec<Occurrence>>,
    #[serde(default)]
    pub(super) provider: String,
    #[serde(default)]
    pub(super) service: String,
}

/// A place from which a cause comes: a call of a module.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Occurrence {
    #[serde(default)]
    pub(super) resource: String,
    #[serde(default)]
    pub(super) filename: String,
    pub(super) location: Option<Lines>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Lines {
    pub(super) start_line: Option<u64>,
    pub(super) end_line: Option<u64>,
}

impl Cause {
    pub(super) fn tell(&self, details: &mut Details) {
        details.maybe("resource", self.resource.as_ref());
        details.maybe("until", self.end_line.map(|end| end.to_string()));
        details.add("provider", &self.provider);
        details.add("service", &self.service);
        for Occurrence { resource, filename, location } in self.occurrences.iter().flatten() {
            let lines =
                location.as_ref().map(|lines| [lines.start_line, lines.end_line].map(Option::unwrap_or_default));
            let [start, end] = lines.unwrap_or_default();
            details.add("from", format!("{resource} {filename}:{start}-{end}"));
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Secret {
    #[serde(default)]
    pub(super) category: String,
    pub(super) offset: Option<u64>,
    #[serde(rename = "RuleID")]
    pub(super) rule_id: String,
    pub(super) severity: Option<Rated>,
    pub(super) start_line: Option<u64>,
    pub(super) end_line: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Modified {
    /// A word of OpenVEX, or `ignored`.
    pub(super) status: String,
    pub(super) statement: Option<String>,
    pub(super) source: Option<String>,
    #[serde(default, rename = "Type")]
    pub(super) kind: String,
    pub(super) finding: Option<Suppressed>,
}

/// A suppressed finding; only vulnerabilities have these members.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Suppressed {
    #[serde(rename = "ID")]
    pub(super) rule: Option<String>,
    #[serde(rename = "VulnerabilityID")]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) pkg_name: String,
    #[serde(default)]
    pub(super) installed_version: String,
    pub(super) pkg_identifier: Option<Identifier>,
    #[serde(default)]
    pub(super) severity: String,
    #[serde(default)]
    pub(super) fixed_version: String,
    #[serde(default)]
    pub(super) status: String,
}

impl Suppressed {
    pub(super) fn id(&self) -> Option<&String> {
        self.id.as_ref().or(self.rule.as_ref())
    }
}
