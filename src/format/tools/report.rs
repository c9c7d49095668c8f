//! What every reader of a tool's report fills: findings at places of a source, and facts.

use std::collections::BTreeSet;

use crate::format::details::Details;
use crate::model::finding::{Finding, FindingKey, Reachability, Severity};

/// What a report says.
#[derive(Default)]
pub(super) struct Report {
    pub(super) findings: Vec<Finding>,
    pub(super) facts: Vec<String>,
    /// The parts that are there and not read.
    pub(super) not_compared: BTreeSet<String>,
}

/// Where something is in a source.
#[derive(Default)]
pub(super) struct Spot {
    pub(super) file: String,
    pub(super) line: Option<u64>,
    pub(super) column: Option<u64>,
}

impl Spot {
    pub(super) fn text(&self) -> String {
        match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}", self.file),
            (Some(line), None) => format!("{}:{line}", self.file),
            (None, _) => self.file.clone(),
        }
    }
}

impl Report {
    /// Takes what a tool looked at or left out: of two that say the same one says nothing more. Whoever finds nothing in no file has
    /// not said what finding nothing in all of them says.
    pub(super) fn looked(&mut self, said: impl IntoIterator<Item = String>) {
        self.facts.extend(said.into_iter().collect::<BTreeSet<_>>());
    }

    /// Takes a finding in a source.
    pub(super) fn found(&mut self, rule: impl Into<String>, spot: &Spot, severity: Severity, details: Details) {
        self.findings.push(Finding {
            key: FindingKey { cve_id: rule.into(), affected: spot.text() },
            aliases: BTreeSet::new(),
            package: spot.file.clone(),
            version: String::new(),
            severity,
            fixed_versions: BTreeSet::new(),
            reachability: Reachability::Unknown,
            vex_status: None,
            details: details.done(),
        });
    }
}

/// A severity in whatever words tools have for it.
pub(super) fn severity(word: Option<&str>) -> Severity {
    match word.unwrap_or_default().to_ascii_lowercase().as_str() {
        "critical" => Severity::Critical,
        "high" | "error" | "fatal" => Severity::High,
        "medium" | "moderate" | "warning" | "warn" => Severity::Medium,
        "low" | "info" | "informational" | "note" => Severity::Low,
        "none" => Severity::None,
        _ => Severity::Unknown,
    }
}
