//! Audits of packages: `npm audit`, retire.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::format::details::Details;
use crate::format::error::FormatError;
use crate::format::json::{self, Members, Present};
use crate::format::tools::report::{Report, severity};
use crate::format::vulnerability_ids::Ids;
use crate::model::finding::{Finding, FindingKey, Reachability, Severity};

/// Version 2, as npm writes it from version 7 on, or version 1.
#[derive(Deserialize)]
struct NpmAudit {
    vulnerabilities: Option<Members<NpmPackage>>,
    advisories: Option<Members<NpmAdvisory>>,
    /// Advisories that nobody wants to hear of.
    #[serde(default)]
    muted: Vec<Value>,
    metadata: Option<NpmMetadata>,
    #[serde(default)]
    actions: Present,
}

/// How many packages were looked at: a number, from version 2 on numbers by kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NpmMetadata {
    dependencies: Option<Value>,
    dev_dependencies: Option<Value>,
    optional_dependencies: Option<Value>,
    total_dependencies: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NpmPackage {
    name: String,
    severity: Option<String>,
    #[serde(default)]
    via: Vec<Via>,
    #[serde(default)]
    nodes: Vec<String>,
    range: Option<String>,
    fix_available: Option<Value>,
    is_direct: Option<bool>,
}

/// An advisory about the package itself, or another package through which it is affected.
#[derive(Deserialize)]
#[serde(untagged)]
enum Via {
    Package(String),
    Advisory(NpmVia),
}

#[derive(Deserialize)]
struct NpmVia {
    source: Option<Value>,
    title: Option<String>,
    url: Option<String>,
    severity: Option<String>,
    range: Option<String>,
    cvss: Option<NpmScore>,
    #[serde(default)]
    cwe: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NpmScore {
    score: Option<f64>,
    vector_string: Option<String>,
}

#[derive(Deserialize)]
struct NpmAdvisory {
    module_name: String,
    severity: Option<String>,
    title: Option<String>,
    url: Option<String>,
    github_advisory_id: Option<String>,
    #[serde(default)]
    cves: Vec<String>,
    vulnerable_versions: Option<String>,
    patched_versions: Option<String>,
    #[serde(default)]
    findings: Vec<NpmFinding>,
}

#[derive(Deserialize)]
struct NpmFinding {
    version: Option<String>,
    #[serde(default)]
    paths: Vec<String>,
}

/// The last part of an address, where advisories have their id.
fn id_of(url: &str) -> Option<&str> {
    url.rsplit('/').next().filter(|id| !id.is_empty())
}

/// `npm audit --json`.
pub(super) fn npm_audit(text: &str, report: &mut Report) -> Result<(), FormatError> {
    let audit: NpmAudit = json::read("npm audit JSON", text)?;
    report.looked(audit.muted.iter().map(|muted| format!("muted: {muted}")));
    report.not_compared.extend(audit.actions.0.then(|| "commands that mend".to_owned()));
    if let Some(NpmMetadata { dependencies, dev_dependencies, optional_dependencies, total_dependencies }) =
        audit.metadata
    {
        let counts = [
            ("dependencies", dependencies),
            ("dependencies for development", dev_dependencies),
            ("optional dependencies", optional_dependencies),
            ("dependencies in all", total_dependencies),
        ];
        let counts = counts.into_iter().filter_map(|(what, count)| Some((what, count?)));
        report.looked(counts.map(|(what, count)| format!("looked at {what}: {count}")));
    }
    for (key, package) in audit.vulnerabilities.into_iter().flat_map(|all| all.0) {
        let fix = match &package.fix_available {
            Some(Value::Object(fix)) => {
                let text = |name: &str| fix.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                let major = fix.get("isSemVerMajor").and_then(Value::as_bool).unwrap_or_default();
                Some(format!("{}@{}{}", text("name"), text("version"), if major { " (major)" } else { "" }))
            }
            Some(Value::Bool(true)) => Some("available".to_owned()),
            _ => None,
        };
        for via in package.via {
            match via {
                Via::Package(other) => {
                    let said = package.severity.as_deref().unwrap_or_default();
                    let range = package.range.as_deref().unwrap_or_default();
                    let nodes: BTreeSet<&str> = package.nodes.iter().map(String::as_str).collect();
                    let nodes = nodes.into_iter().collect::<Vec<_>>().join(" ");
                    let direct = if package.is_direct == Some(true) { " (direct)" } else { "" };
                    let fix = fix.as_deref().unwrap_or("no fix");
                    let name = &package.name;
                    report.facts.push(format!(
                        "{key} {name} {range}{direct} is affected through {other}: {said} {nodes}; {fix}"
                    ));
                }
                Via::Advisory(advisory) => {
                    let source = advisory.source.map(|source| source.to_string());
                    let id = advisory.url.as_deref().and_then(id_of).map(str::to_owned).or_else(|| source.clone());
                    let mut details = Details::default();
                    details.maybe("message", advisory.title);
                    details.maybe("range", advisory.range);
                    details.maybe("affected", package.range.as_ref());
                    details.each("node", &package.nodes);
                    details.maybe("direct", package.is_direct.map(|is| is.to_string()));
                    details.each("weakness", advisory.cwe);
                    if let Some(NpmScore { score, vector_string }) = advisory.cvss {
                        let score = score.map(|score| score.to_string());
                        let said = [score, vector_string].map(Option::unwrap_or_default);
                        details.add("score", said.join(" ").trim());
                    }
                    details.maybe("severity", advisory.severity.as_ref());
                    details.maybe("severity of the package", package.severity.as_ref());
                    details.maybe("address", advisory.url.as_ref());
                    details.maybe("source", source.as_ref());
                    let said = advisory.severity.as_deref().or(package.severity.as_deref());
                    report.package(
                        Ids::of(id.as_deref().unwrap_or_default(), source),
                        (package.name.clone(), String::new()),
                        severity(said),
                        fix.iter().cloned().collect(),
                        details,
                    );
                }
            }
        }
    }
    for (_, advisory) in audit.advisories.into_iter().flat_map(|all| all.0) {
        let url = advisory.url.as_deref().and_then(id_of).map(str::to_owned);
        let own = advisory.github_advisory_id.or(url).unwrap_or_default();
        for NpmFinding { version, paths } in advisory.findings {
            let mut details = Details::default();
            details.maybe("message", advisory.title.as_ref());
            details.maybe("range", advisory.vulnerable_versions.as_ref());
            details.maybe("address", advisory.url.as_ref());
            details.each("node", paths);
            report.package(
                Ids::of(&own, advisory.cves.clone()),
                (advisory.module_name.clone(), version.unwrap_or_default()),
                severity(advisory.severity.as_deref()),
                advisory.patched_versions.iter().cloned().collect(),
                details,
            );
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct RetireReport {
    data: Vec<RetireFile>,
    #[serde(default)]
    errors: Vec<Value>,
}

#[derive(Deserialize)]
struct RetireFile {
    #[serde(default)]
    file: String,
    #[serde(default)]
    results: Vec<RetireResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RetireResult {
    component: String,
    npmname: Option<String>,
    version: Option<String>,
    detection: Option<String>,
    #[serde(default)]
    vulnerabilities: Vec<RetireVulnerability>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RetireVulnerability {
    below: Option<String>,
    at_or_above: Option<String>,
    severity: Option<String>,
    #[serde(default)]
    identifiers: RetireIds,
    #[serde(default)]
    cwe: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RetireIds {
    #[serde(rename = "CVE")]
    cve: Vec<String>,
    #[serde(rename = "githubID")]
    github: Option<String>,
    summary: Option<String>,
    issue: Option<Value>,
    bug: Option<Value>,
}

/// `retire --outputformat json`.
pub(super) fn retire(text: &str, report: &mut Report) -> Result<(), FormatError> {
    let read: RetireReport = json::read("retire JSON", text)?;
    for RetireFile { file, results } in read.data {
        if results.is_empty() {
            report.facts.push(format!("nothing known in {file}"));
        }
        for result in results {
            let RetireResult { component, npmname, version, detection, vulnerabilities } = result;
            let version = version.unwrap_or_default();
            if vulnerabilities.is_empty() {
                let detection = detection.as_deref().unwrap_or_default();
                report.facts.push(format!("{component}@{version} in {file} {detection}"));
            }
            for found in vulnerabilities {
                let RetireIds { cve, github, summary, issue, bug } = found.identifiers;
                let others: Vec<String> = [issue, bug].into_iter().flatten().map(|id| id.to_string()).collect();
                let other = others.first().cloned();
                let own = github.clone().or(cve.is_empty().then(|| summary.clone().or(other)).flatten());
                let mut details = Details::default();
                details.add("file", &file);
                details.maybe("message", summary);
                details.maybe("from", found.at_or_above);
                details.maybe("detection", detection.as_ref());
                details.maybe("known to npm as", npmname.as_ref());
                details.each("weakness", found.cwe);
                details.each("id", others);
                details.maybe("id", github);
                report.package(
                    Ids::of(own.as_deref().unwrap_or_default(), cve),
                    (component.clone(), version.clone()),
                    severity(found.severity.as_deref()),
                    found.below.into_iter().collect(),
                    details,
                );
            }
        }
    }
    report.facts.extend(read.errors.iter().map(|error| format!("error: {error}")));
    Ok(())
}

impl Report {
    /// Takes a vulnerability of a package, with its name and version.
    fn package(
        &mut self,
        ids: Option<Ids>,
        (name, version): (String, String),
        severity: Severity,
        fixed_versions: BTreeSet<String>,
        details: Details,
    ) {
        let (id, aliases) = ids.map_or_else(|| ("(no id)".to_owned(), BTreeSet::new()), |ids| (ids.name, ids.aliases));
        let affected = if version.is_empty() { name.clone() } else { format!("{name}@{version}") };
        self.findings.push(Finding {
            key: FindingKey { cve_id: id, affected },
            aliases,
            package: name,
            version,
            severity,
            fixed_versions,
            reachability: Reachability::Unknown,
            vex_status: None,
            details: details.done(),
        });
    }
}
