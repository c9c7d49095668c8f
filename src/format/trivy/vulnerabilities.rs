//! Vulnerabilities of Trivy, and those that a VEX document or an ignore file suppressed.

use super::report::{Modified, Status, Suppressed, Vulnerability};
use crate::format::details::Details;
use crate::format::package::Affected;
use crate::model::finding::{Finding, FindingKey, Reachability, Severity};
use crate::model::vex::{VexStatement, VexStatus};

pub(super) fn vulnerability(found: Vulnerability, mut details: Details) -> Finding {
    details.maybe("status", found.status.map(<&str>::from));
    details.maybe("path", found.pkg_path);
    details.maybe("severity from", found.severity_source);
    details.maybe("data from", found.data_source.map(|source| source.id));
    details.each("weakness", found.cwe_ids.into_iter().flatten());
    details.each("severity of", found.vendor_severity.into_iter().flatten().map(|(who, what)| format!("{who} {what}")));
    for (who, scores) in found.cvss.into_iter().flatten() {
        details.each("score of", scores.into_iter().map(|(what, score)| format!("{who} {what} {score}")));
    }
    let purl = found.pkg_identifier.and_then(|identifier| identifier.purl);
    let Affected { key, name, version, stated } =
        Affected::new(found.pkg_name, found.installed_version, purl.as_deref());
    details.each("package", stated);
    let fixed = found.fixed_version.unwrap_or_default();
    let fixed_versions = fixed.split(',').map(str::trim).filter(|version| !version.is_empty());
    Finding {
        aliases: found.vendor_ids.into_iter().flatten().filter(|id| *id != found.id).collect(),
        key: FindingKey { cve_id: found.id, affected: key },
        package: name,
        version,
        severity: found.severity.map(Severity::from).unwrap_or_default(),
        fixed_versions: fixed_versions.map(str::to_owned).collect(),
        reachability: Reachability::Unknown,
        vex_status: found.status.and_then(Status::of_package),
        details: details.done(),
    }
}

/// None for what an ignore file suppressed, and for what is no vulnerability.
pub(super) fn statement(modified: Modified) -> Option<VexStatement> {
    let status = match modified.status.as_str() {
        "not_affected" => VexStatus::NotAffected,
        "affected" => VexStatus::Affected,
        "fixed" => VexStatus::Fixed,
        "under_investigation" => VexStatus::UnderInvestigation,
        _ => return None,
    };
    let details = modified.details().done();
    let finding = modified.finding?;
    let purl = finding.pkg_identifier.and_then(|identifier| identifier.purl);
    let product = Affected::new(finding.pkg_name, finding.installed_version, purl.as_deref()).key;
    let justification = modified.statement.filter(|text| !text.is_empty());
    Some(VexStatement { vulnerability: finding.id?, product, status, justification, details })
}

impl Modified {
    /// All that is said of what was suppressed.
    pub(super) fn told(&self) -> String {
        let finding = self.finding.as_ref();
        let id = finding.and_then(Suppressed::id).cloned().unwrap_or_default();
        format!("{}: {id} ({})", self.status, self.details().texts().collect::<Vec<_>>().join("; "))
    }

    fn details(&self) -> Details {
        let mut details = Details::default();
        details.add("kind", &self.kind);
        details.maybe("source", self.source.as_ref());
        details.maybe("statement", self.statement.as_ref());
        if let Some(finding) = &self.finding {
            let Suppressed { pkg_name, installed_version, pkg_identifier, severity, fixed_version, status, .. } =
                finding;
            details.add("package", format!("{pkg_name} {installed_version}").trim());
            details.maybe("purl", pkg_identifier.as_ref().and_then(|identifier| identifier.purl.as_ref()));
            details.add("severity", severity);
            details.add("fixed in", fixed_version);
            details.add("said", status);
            details.each("rule", finding.rule.iter().chain(&finding.id));
        }
        details
    }
}
