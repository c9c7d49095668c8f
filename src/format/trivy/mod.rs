//! Trivy JSON (`trivy --format json`, schema 2), read for its packages, vulnerabilities, misconfigurations and secrets.
//!
//! Trivy's `Status` says what the vendor does about a vulnerability. The package is affected while it is *fixed*
//! elsewhere or *will_not_fix*; only *not_affected* and *under_investigation* say something else of it.
//! What a VEX document made Trivy suppress (`ExperimentalModifiedFindings`) are statements.
//! A misconfiguration is a finding when it failed; its key, like a secret's, is the rule and the place.
//! Licences, what passed and what an ignore file took away are facts. Which target it is, Trivy's own word for the status and
//! the message of a misconfiguration are details; of a secret nothing of its text is.
//! Scores of vendors, weaknesses and the source of an advisory are details, edges between packages are facts. How many checks
//! were run is a fact: a target in which nothing was looked for has no failed ones either.
//! Absent: texts, layers, places of packages, what was scanned: they are compared as bytes only.

mod packages;
mod report;
mod vulnerabilities;

use std::collections::{BTreeSet, HashMap};

use self::packages::package;
use self::report::{Checks, FORMAT, Header, License, Rated, Report};
use self::vulnerabilities::{statement, vulnerability};
use crate::format::details::Details;
use crate::format::document::Document;
use crate::format::error::FormatError;
use crate::format::json;
use crate::format::listing::Listing;
use crate::format::package::with_details;
use crate::format::text::Unfolding;
use crate::model::finding::{Finding, FindingKey, Reachability, Severity};

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
    let mut not_compared = BTreeSet::new();
    if let Some(metadata) = &report.metadata {
        facts.extend(
            metadata.is_over().then(|| "nobody writes advisories for the operating system any more".to_owned()),
        );
        not_compared.extend(metadata.has_others().then(|| "what was scanned".to_owned()));
    }
    for result in report.results.into_iter().flatten() {
        let mut target = Details::default();
        target.add("target", [&*result.target, &*result.class, &*result.kind].join(" "));
        // What was looked at without a finding counts as well.
        facts.extend(target.texts().map(str::to_owned));
        if let Some(Checks { successes, failures, exceptions }) = result.summary {
            let target = &result.target;
            facts.push(format!("checks of {target}: {successes} passed, {failures} failed, {exceptions} left out"));
        }
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
                packages.get_or_insert_with(Vec::new).push(with_details(package(listed), target.clone()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ecosystem::Ecosystem;
    use crate::model::package::SourcePackage;
    use crate::model::vex::VexStatus;

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

    /// Of a system after its end of life there are no advisories: that nothing is found says nothing.
    #[test]
    fn the_end_of_life_of_a_system_counts() {
        let of = |system: &str| {
            read(&format!(
                r#"{{"SchemaVersion":2,"ArtifactName":"app","Metadata":{{"OS":{{"Family":"debian"{system}}}}}}}"#
            ))
        };
        let (before, after) = (of("").unwrap(), of(r#","EOSL":true"#).unwrap());
        assert_ne!(before.facts, after.facts);
        assert_eq!(before, of(r#","EOSL":false"#).unwrap());
        assert_eq!(after.not_compared, ["what was scanned".to_owned()].into());
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
