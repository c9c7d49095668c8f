//! Trivy JSON (`trivy --format json`, schema 2), read for its packages, vulnerabilities, misconfigurations and secrets.
//!
//! Trivy's `Status` says what the vendor does about a vulnerability. The package is affected while it is *fixed*
//! elsewhere or *will_not_fix*; only *not_affected* and *under_investigation* say something else of it.
//! What a VEX document made Trivy suppress (`ExperimentalModifiedFindings`) are statements.
//! A misconfiguration is a finding when it failed; its key, like a secret's, is the rule and the place.
//! Licences, what passed and what an ignore file took away are facts. Which target it is, Trivy's own word for the status and
//! the message of a misconfiguration are details; of a secret nothing of its text is.
//! Scores of vendors, weaknesses and the source of an advisory are details, edges between packages are facts.
//! Absent: texts, layers, places of packages, what was scanned: they are compared as bytes only.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;

use crate::format::details::Details;
use crate::format::document::Document;
use crate::format::error::FormatError;
use crate::format::json::{self, Present};
use crate::format::listing::Listing;
use crate::format::package::{self, Affected};
use crate::format::purl::Written;
use crate::format::text::Unfolding;
use crate::model::finding::{Finding, FindingKey, Reachability, Severity};
use crate::model::package::{Package, SourcePackage};
use crate::model::vex::{VexStatement, VexStatus};

const FORMAT: &str = "Trivy JSON";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Header {
    schema_version: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    /// Absent where nothing was found to scan.
    results: Option<Vec<TrivyResult>>,
    #[serde(default)]
    artifact_name: String,
    #[serde(default)]
    artifact_type: String,
    #[serde(default)]
    metadata: Present,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TrivyResult {
    target: String,
    #[serde(default)]
    class: String,
    #[serde(default, rename = "Type")]
    kind: String,
    licenses: Option<Vec<License>>,
    /// Absent where packages are not listed.
    packages: Option<Vec<Listed>>,
    vulnerabilities: Option<Vec<Vulnerability>>,
    misconfigurations: Option<Vec<Misconfiguration>>,
    secrets: Option<Vec<Secret>>,
    experimental_modified_findings: Option<Vec<Modified>>,
}

/// A licence that was found, and what the policy of the scan says of it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct License {
    #[serde(default)]
    name: String,
    #[serde(default)]
    pkg_name: String,
    #[serde(default)]
    file_path: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    text: String,
    confidence: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    #[serde(rename = "ID", default)]
    id: String,
    #[serde(default)]
    arch: String,
    #[serde(default)]
    relationship: String,
    #[serde(default)]
    indirect: bool,
    #[serde(default)]
    dev: bool,
    depends_on: Option<Vec<String>>,
    #[serde(default)]
    file_path: String,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    maintainer: String,
    modularitylabel: Option<String>,
    #[serde(default)]
    layer: Present,
    #[serde(default)]
    locations: Present,
    #[serde(default)]
    installed_files: Present,
    name: String,
    version: Option<String>,
    release: Option<String>,
    #[serde(default)]
    epoch: u64,
    src_name: Option<String>,
    src_version: Option<String>,
    src_release: Option<String>,
    #[serde(default)]
    src_epoch: u64,
    identifier: Option<Identifier>,
    licenses: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Identifier {
    #[serde(rename = "PURL")]
    purl: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Vulnerability {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    #[serde(rename = "VendorIDs")]
    vendor_ids: Option<Vec<String>>,
    pkg_name: String,
    pkg_identifier: Option<Identifier>,
    installed_version: String,
    pkg_path: Option<String>,
    /// Several versions, with commas between them.
    fixed_version: Option<String>,
    status: Option<Status>,
    severity: Option<Rated>,
    severity_source: Option<String>,
    data_source: Option<DataSource>,
    #[serde(rename = "CweIDs")]
    cwe_ids: Option<Vec<String>>,
    vendor_severity: Option<BTreeMap<String, serde_json::Value>>,
    #[serde(rename = "CVSS")]
    cvss: Option<BTreeMap<String, BTreeMap<String, serde_json::Value>>>,
    #[serde(default)]
    layer: Present,
}

/// Where an advisory comes from.
#[derive(Deserialize)]
struct DataSource {
    #[serde(rename = "ID", default)]
    id: String,
}

#[derive(Deserialize, Clone, Copy, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum Status {
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
    fn of_package(self) -> Option<VexStatus> {
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
enum Rated {
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
struct Misconfiguration {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "AVDID")]
    avd_id: Option<String>,
    severity: Option<Rated>,
    status: Option<String>,
    message: Option<String>,
    cause_metadata: Option<Cause>,
    #[serde(rename = "Type", default)]
    kind: String,
    #[serde(default)]
    namespace: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Cause {
    start_line: Option<u64>,
    end_line: Option<u64>,
    resource: Option<String>,
    occurrences: Option<Vec<Occurrence>>,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    service: String,
}

/// A place from which a cause comes: a call of a module.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Occurrence {
    #[serde(default)]
    resource: String,
    #[serde(default)]
    filename: String,
    location: Option<Lines>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lines {
    start_line: Option<u64>,
    end_line: Option<u64>,
}

impl Cause {
    fn tell(&self, details: &mut Details) {
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
struct Secret {
    #[serde(default)]
    category: String,
    offset: Option<u64>,
    #[serde(rename = "RuleID")]
    rule_id: String,
    severity: Option<Rated>,
    start_line: Option<u64>,
    end_line: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Modified {
    /// A word of OpenVEX, or `ignored`.
    status: String,
    statement: Option<String>,
    source: Option<String>,
    #[serde(default, rename = "Type")]
    kind: String,
    finding: Option<Suppressed>,
}

/// A suppressed finding; only vulnerabilities have these members.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Suppressed {
    #[serde(rename = "ID")]
    rule: Option<String>,
    #[serde(rename = "VulnerabilityID")]
    id: Option<String>,
    #[serde(default)]
    pkg_name: String,
    #[serde(default)]
    installed_version: String,
    pkg_identifier: Option<Identifier>,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    fixed_version: String,
    #[serde(default)]
    status: String,
}

/// Reads a report.
pub(crate) fn read(text: &str) -> Result<Document, FormatError> {
    let header: Header = json::read(FORMAT, text)?;
    if header.schema_version != 2 {
        return Err(FormatError::Version { format: FORMAT, found: header.schema_version.to_string(), known: &["2"] });
    }
    let report: Report = json::read(FORMAT, text)?;
    let (mut packages, mut vex) = (None, None);
    let (mut findings, mut facts) = (Vec::new(), Vec::new());
    let mut unfolding = Unfolding::new(FORMAT);
    facts.push(format!("scanned: {} {}", report.artifact_type, report.artifact_name));
    let mut not_compared: BTreeSet<String> =
        report.metadata.0.then(|| "what was scanned".to_owned()).into_iter().collect();
    for result in report.results.into_iter().flatten() {
        let mut target = Details::default();
        target.add("target", [&*result.target, &*result.class, &*result.kind].join(" "));
        // What was looked at without a finding counts as well.
        facts.extend(target.texts().map(str::to_owned));
        if let Some(mut listed) = result.packages {
            let named: HashMap<String, String> = listed
                .iter()
                .filter(|listed| !listed.id.is_empty())
                .map(|listed| (listed.id.clone(), listed.key()))
                .collect();
            for listed in &mut listed {
                let from = listed.key();
                for to in listed.depends_on.take().into_iter().flatten() {
                    let fact = format!("{from} depends on {} in {}", named.get(&to).unwrap_or(&to), result.target);
                    unfolding.take([fact.as_str()])?;
                    facts.push(fact);
                }
            }
            for listed in listed {
                unfolding.take(target.texts())?;
                let there = [
                    ("layers", listed.layer),
                    ("locations", listed.locations),
                    ("installed files", listed.installed_files),
                ];
                not_compared.extend(there.into_iter().filter(|(_, part)| part.0).map(|(name, _)| name.to_owned()));
                packages.get_or_insert_with(Vec::new).push(package::with_details(package(listed), target.clone()));
            }
        }
        for found in result.vulnerabilities.into_iter().flatten() {
            unfolding.take(target.texts())?;
            not_compared.extend(found.layer.0.then(|| "layers".to_owned()));
            findings.push(vulnerability(found, target.clone()));
        }
        for license in result.licenses.into_iter().flatten() {
            let License { name, pkg_name, file_path, category, severity, text, confidence } = license;
            let confidence = confidence.map(|confidence| format!(" ({confidence})")).unwrap_or_default();
            facts.push(format!("licence {name}{text} of {pkg_name} {file_path}: {category} {severity}{confidence}"));
        }
        let mut of_place =
            |rule: String, alias: Option<String>, line: Option<u64>, severity: Option<Rated>, details: Details| {
                let place = line.filter(|line| *line > 0);
                let place = place.map_or_else(|| result.target.clone(), |line| format!("{}:{line}", result.target));
                unfolding.take([rule.as_str(), &place, &result.target].into_iter().chain(details.texts()))?;
                findings.push(Finding {
                    aliases: alias.filter(|alias| !alias.is_empty() && *alias != rule).into_iter().collect(),
                    key: FindingKey { cve_id: rule, affected: place },
                    package: result.target.clone(),
                    version: String::new(),
                    severity: severity.map(Severity::from).unwrap_or_default(),
                    fixed_versions: BTreeSet::new(),
                    reachability: Reachability::Unknown,
                    vex_status: None,
                    details: details.done(),
                });
                Ok::<(), FormatError>(())
            };
        for failed in result.misconfigurations.into_iter().flatten() {
            if failed.status.as_deref().is_none_or(|status| status == "FAIL") {
                let line = failed.cause_metadata.as_ref().and_then(|cause| cause.start_line);
                let mut details = target.clone();
                details.maybe("message", failed.message);
                details.maybe("status", failed.status);
                details.add("type", failed.kind);
                details.add("namespace", failed.namespace);
                if let Some(cause) = &failed.cause_metadata {
                    cause.tell(&mut details);
                }
                of_place(failed.id, failed.avd_id, line, failed.severity, details)?;
            } else {
                let status = failed.status.as_deref().unwrap_or_default();
                let mut details = target.clone();
                details.maybe("message", failed.message);
                details.maybe("id", failed.avd_id);
                details.maybe(
                    "line",
                    failed.cause_metadata.as_ref().and_then(|cause| cause.start_line).map(|l| l.to_string()),
                );
                details.maybe("severity", failed.severity.map(|severity| Severity::from(severity).code()));
                details.add("type", failed.kind);
                details.add("namespace", failed.namespace);
                if let Some(cause) = &failed.cause_metadata {
                    cause.tell(&mut details);
                }
                let said = details.texts().collect::<Vec<_>>().join("; ");
                facts.push(format!("{status}: {} in {} ({said})", failed.id, result.target));
            }
        }
        for secret in result.secrets.into_iter().flatten() {
            let mut details = target.clone();
            details.add("category", secret.category);
            details.maybe("offset", secret.offset.map(|offset| offset.to_string()));
            details.maybe("until", secret.end_line.map(|end| end.to_string()));
            of_place(secret.rule_id, None, secret.start_line, secret.severity, details)?;
        }
        if let Some(modified) = result.experimental_modified_findings {
            let statements = vex.get_or_insert_with(BTreeSet::new);
            // What was suppressed twice is suppressed.
            let mut suppressed = BTreeSet::new();
            for modified in modified {
                let told = modified.told();
                match statement(modified) {
                    Some(statement) => _ = statements.insert(statement),
                    None => _ = suppressed.insert(format!("{told} in {}", result.target)),
                }
            }
            facts.extend(suppressed);
        }
    }
    findings.sort();
    facts.sort();
    let listing = |packages| Listing { packages, ..Listing::default() };
    Ok(Document {
        packages: packages.map(|all| listing(all).compared()),
        findings: Some(findings),
        vex: vex.map(|all| all.into_iter().collect()),
        facts,
        not_compared,
        ..Document::default()
    })
}

impl Modified {
    /// All that is said of what was suppressed.
    fn told(&self) -> String {
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

impl Suppressed {
    fn id(&self) -> Option<&String> {
        self.id.as_ref().or(self.rule.as_ref())
    }
}

impl Listed {
    fn purl(&self) -> Option<&String> {
        self.identifier.as_ref().and_then(|identifier| identifier.purl.as_ref()).filter(|purl| !purl.is_empty())
    }

    /// Its key, as others depend on it.
    fn key(&self) -> String {
        let version = join(self.epoch, self.version.as_deref(), self.release.as_deref());
        let purl = self.purl().and_then(|purl| purl.parse().ok());
        package::of_entry(self.name.clone(), version, purl, BTreeSet::new()).key()
    }
}

fn package(listed: Listed) -> Package {
    let version = join(listed.epoch, listed.version.as_deref(), listed.release.as_deref());
    let written = listed.purl().cloned();
    let purl: Option<Written> = written.as_ref().and_then(|purl| purl.parse().ok());
    let mut details = Details::default();
    details.maybe("not a package URL", written.filter(|_| purl.is_none()));
    details.add("architecture", &listed.arch);
    details.add("relationship", &listed.relationship);
    details.maybe("indirect", listed.indirect.then_some("yes"));
    details.maybe("for development", listed.dev.then_some("yes"));
    details.add("path", &listed.file_path);
    details.add("digest", &listed.digest);
    details.add("maintainer", &listed.maintainer);
    details.maybe("module", listed.modularitylabel.as_ref());
    let licenses = listed.licenses.into_iter().flatten().filter(|license| !license.is_empty()).collect();
    let mut package = package::with_details(package::of_entry(listed.name, version, purl, licenses), details);
    if let Some(name) = listed.src_name.filter(|name| !name.is_empty()) {
        let version = join(listed.src_epoch, listed.src_version.as_deref(), listed.src_release.as_deref());
        package.source = Some(SourcePackage { name, version: version.unwrap_or_default() });
    }
    package
}

/// `epoch:version-release`.
fn join(epoch: u64, version: Option<&str>, release: Option<&str>) -> Option<String> {
    let version = version.filter(|version| !version.is_empty())?;
    let epoch = if epoch > 0 { format!("{epoch}:") } else { String::new() };
    let release = release.filter(|release| !release.is_empty()).map(|release| format!("-{release}"));
    Some(format!("{epoch}{version}{}", release.unwrap_or_default()))
}

fn vulnerability(found: Vulnerability, mut details: Details) -> Finding {
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
fn statement(modified: Modified) -> Option<VexStatement> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ecosystem::Ecosystem;

    fn report(results: &str) -> String {
        format!(r#"{{"SchemaVersion":2,"ArtifactName":"app","Results":[{results}]}}"#)
    }

    #[test]
    fn packages_with_source_and_release() {
        let document = read(&report(
            r#"{"Target":"rocky","Class":"os-pkgs","Type":"rocky","Packages":[
                {"ID":"openssl-libs@1:3.0.7-25.el9.x86_64","Name":"openssl-libs","Version":"3.0.7","Release":"25.el9","Epoch":1,
                 "Arch":"x86_64","SrcName":"openssl","SrcVersion":"3.0.7","SrcRelease":"25.el9","SrcEpoch":1,"Licenses":["ASL 2.0"],
                 "Identifier":{"PURL":"pkg:rpm/rocky/openssl-libs@3.0.7-25.el9?arch=x86_64&distro=rocky-9.3&epoch=1","UID":"0"}},
                {"ID":"a","Name":"a"}]}"#,
        ))
        .unwrap();
        let [a, openssl] = &document.packages.unwrap()[..] else { panic!() };
        assert_eq!((a.key().as_str(), openssl.version.as_str()), ("a@", "1:3.0.7-25.el9"));
        assert_eq!(openssl.ecosystem, Ecosystem::from("Rocky Linux:9.3"));
        assert_eq!(openssl.source, Some(SourcePackage { name: "openssl".into(), version: "1:3.0.7-25.el9".into() }));
        assert_eq!(read(&report("")).unwrap().packages, None, "not listed");
    }

    #[test]
    fn findings_of_every_kind() {
        let document = read(&report(
            r#"{"Target":"go.mod","Vulnerabilities":[
                {"VulnerabilityID":"CVE-2022-1","VendorIDs":["GHSA-1"],"PkgName":"a","PkgIdentifier":{"PURL":"pkg:npm/a@1"},
                 "InstalledVersion":"1","FixedVersion":"1.2, 2.0","Status":"fixed","Severity":"CRITICAL"},
                {"VulnerabilityID":"CVE-2022-2","PkgName":"b","InstalledVersion":"1","Status":"will_not_fix","Severity":"LOW"},
                {"VulnerabilityID":"CVE-2022-3","PkgName":"b","InstalledVersion":"1","Status":"under_investigation"}],
              "ExperimentalModifiedFindings":[
                {"Type":"vulnerability","Status":"not_affected","Statement":"vulnerable_code_not_in_execute_path","Source":"vex.json",
                 "Finding":{"VulnerabilityID":"CVE-2022-4","PkgName":"c","PkgIdentifier":{"PURL":"pkg:npm/c@1"},"InstalledVersion":"1"}},
                {"Type":"vulnerability","Status":"ignored","Source":".trivyignore","Finding":{"VulnerabilityID":"CVE-2022-5"}}]},
             {"Target":"Dockerfile","Class":"config","Misconfigurations":[
                {"ID":"DS002","AVDID":"AVD-DS-0002","Severity":"HIGH","Status":"FAIL","CauseMetadata":{"StartLine":3}},
                {"ID":"DS005","Severity":"LOW","Status":"PASS"}]},
             {"Target":"key.pem","Class":"secret","Secrets":[{"RuleID":"private-key","Severity":"HIGH","StartLine":1}]}"#,
        ))
        .unwrap();
        let findings = document.findings.unwrap();
        let keys: Vec<_> =
            findings.iter().map(|f| (f.key.cve_id.as_str(), f.key.affected.as_str(), f.vex_status)).collect();
        assert_eq!(
            keys,
            [
                ("CVE-2022-1", "pkg:npm/a@1", Some(VexStatus::Affected)),
                ("CVE-2022-2", "b@1", Some(VexStatus::Affected)),
                ("CVE-2022-3", "b@1", Some(VexStatus::UnderInvestigation)),
                ("DS002", "Dockerfile:3", None),
                ("private-key", "key.pem:1", None),
            ]
        );
        assert_eq!(findings[0].fixed_versions, ["1.2", "2.0"].map(str::to_owned).into());
        let vex = document.vex.unwrap();
        assert_eq!((vex.len(), vex[0].product.as_str(), vex[0].status), (1, "pkg:npm/c@1", VexStatus::NotAffected));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            (r#"{"SchemaVersion":3}"#.to_owned(), "version `3` is not read, only `2`"),
            (
                report(r#"{"Target":"t","Vulnerabilities":[{"VulnerabilityID":"x"}]}"#),
                "`Results[0].Vulnerabilities[0]`",
            ),
            (
                report(
                    r#"{"Target":"t","Vulnerabilities":[{"VulnerabilityID":"x","PkgName":"a","InstalledVersion":"1","Severity":"odd"}]}"#,
                ),
                "`Results[0].Vulnerabilities[0].Severity`",
            ),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
