//! osv-scanner JSON (`osv-scanner --format json`, version 2), read for its packages and its groups of vulnerabilities.
//!
//! A group is one vulnerability under several ids: one finding. Its severity is the group's score, else the strongest
//! that its records state; its fixes are what the records say of the package. Packages get the purl of their
//! ecosystem, so that they are told apart as everywhere else.
//! Absent: which lockfile a package is from, call analysis, licence violations: they are compared as bytes only.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::format::document::Document;
use crate::format::error::FormatError;
use crate::format::json;
use crate::format::listing::distinct;
use crate::format::osv::{Advisory, AffectedPackage, Event, Wire};
use crate::format::package;
use crate::format::purl::{self, Written};
use crate::format::severity;
use crate::format::text::Unfolding;
use crate::format::vulnerability_ids::Ids;
use crate::model::ecosystem::Ecosystem;
use crate::model::finding::{Finding, FindingKey, Reachability, Severity};
use crate::model::package::{Package, Purl};

const FORMAT: &str = "osv-scanner JSON";

#[derive(Deserialize)]
struct Report {
    /// `null` where nothing was found.
    results: Option<Vec<Source>>,
}

#[derive(Deserialize)]
struct Source {
    packages: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    package: Listed,
    #[serde(default)]
    vulnerabilities: Vec<Wire>,
    #[serde(default)]
    groups: Vec<Group>,
    #[serde(default)]
    licenses: Vec<String>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    version: String,
    ecosystem: String,
}

#[derive(Deserialize)]
struct Group {
    ids: Vec<String>,
    aliases: Option<Vec<String>>,
    /// A CVSS base score as a text; empty where no record has one.
    #[serde(default)]
    max_severity: String,
}

/// Reads a report.
pub(crate) fn read(text: &str) -> Result<Document, FormatError> {
    let report: Report = json::read(FORMAT, text)?;
    let (mut packages, mut findings) = (Vec::new(), BTreeSet::new());
    let mut unfolding = Unfolding::new(FORMAT);
    for (source_at, source) in report.results.unwrap_or_default().into_iter().enumerate() {
        for (at, found) in source.packages.into_iter().enumerate() {
            let path = || format!("results[{source_at}].packages[{at}]");
            let package = package_of(found.package, found.licenses);
            let records = found.vulnerabilities.into_iter().map(Advisory::from);
            let records: BTreeMap<String, Advisory> = records.map(|record| (record.id.clone(), record)).collect();
            for (group_at, group) in found.groups.into_iter().enumerate() {
                let finding = finding(&package, group, &records, &mut unfolding)?;
                let Some(finding) = finding else {
                    let path = format!("{}.groups[{group_at}].ids", path());
                    let problem = "it is empty; a vulnerability is nothing without an id".to_owned();
                    return Err(FormatError::Field { format: FORMAT, path, problem });
                };
                findings.insert(finding);
            }
            packages.push(package);
        }
    }
    Ok(Document {
        packages: Some(distinct(packages)),
        findings: Some(findings.into_iter().collect()),
        ..Document::default()
    })
}

fn package_of(listed: Listed, licenses: Vec<String>) -> Package {
    let ecosystem = Ecosystem::from(listed.ecosystem.as_str());
    let purl = purl_of(&ecosystem, &listed.name, &listed.version);
    let licenses = licenses.into_iter().filter(|license| license != "UNKNOWN").collect();
    let package = package::of_entry(listed.name, Some(listed.version), purl.map(Written::from), licenses);
    // The document's own word on the ecosystem: a purl may say less.
    Package { ecosystem, ..package }
}

/// The purl of a package by its name in an ecosystem; none where the type of its ecosystem asks for more than a name.
fn purl_of(ecosystem: &Ecosystem, name: &str, version: &str) -> Option<Purl> {
    let (kind, separator) = match ecosystem.name() {
        "npm" => ("npm", Some('/')),
        "PyPI" => ("pypi", None),
        "crates.io" => ("cargo", None),
        "Go" => ("golang", Some('/')),
        "Maven" => ("maven", Some(':')),
        "RubyGems" => ("gem", None),
        _ => return None,
    };
    let (namespace, name) = match separator.and_then(|separator| name.rsplit_once(separator)) {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, name),
    };
    purl::build(kind, namespace, name, version, &[]).ok()
}

/// None where the group has no id.
fn finding(
    package: &Package,
    group: Group,
    records: &BTreeMap<String, Advisory>,
    unfolding: &mut Unfolding,
) -> Result<Option<Finding>, FormatError> {
    let own: Vec<&Advisory> = group.ids.iter().filter_map(|id| records.get(id)).collect();
    let mut others: BTreeSet<String> = group.ids.into_iter().chain(group.aliases.into_iter().flatten()).collect();
    let same = |other: &AffectedPackage| {
        other.ecosystem.any_release() == package.ecosystem.any_release() && other.name == package.name
    };
    let (mut stated, mut fixed_versions) = (Severity::Unknown, BTreeSet::new());
    for record in own {
        unfolding.take(record.aliases.iter().map(String::as_str))?;
        others.extend(record.aliases.iter().cloned());
        stated = stated.max(record.severity);
        for affected in &record.affected {
            // Looking counts, too: many groups may name one record with many packages.
            unfolding.take([])?;
            if !affected.package.as_ref().is_some_and(same) {
                continue;
            }
            stated = stated.max(affected.severity);
            for event in affected.ranges.iter().flat_map(|range| &range.events) {
                let fixed = if let Event::Fixed(version) = event { Some(version) } else { None };
                unfolding.take(fixed.map(String::as_str))?;
                fixed_versions.extend(fixed.cloned());
            }
        }
    }
    let Some(ids) = Ids::of("", others) else { return Ok(None) };
    let scored = group.max_severity.parse().map(severity::from_cvss_score).ok();
    let key = package.key();
    unfolding.take(ids.texts().chain([key.as_str(), &package.name, &package.version]))?;
    Ok(Some(Finding {
        key: FindingKey { cve_id: ids.name, affected: key },
        aliases: ids.aliases,
        package: package.name.clone(),
        version: package.version.clone(),
        severity: scored.unwrap_or(stated),
        fixed_versions,
        reachability: Reachability::Unknown,
        vex_status: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(packages: &str) -> String {
        format!(r#"{{"results":[{{"source":{{"path":"/src/lock","type":"lockfile"}},"packages":[{packages}]}}]}}"#)
    }

    #[test]
    fn groups_are_findings() {
        let document = read(&report(
            r#"{"package":{"name":"io.netty:netty-handler","version":"4.1.90.Final","ecosystem":"Maven"},
                "groups":[{"ids":["GHSA-6mjq-h674-j845"],"aliases":["CVE-2023-34462","GHSA-6mjq-h674-j845"],"max_severity":"6.5"},
                          {"ids":["GHSA-1"],"aliases":null,"max_severity":""}],
                "vulnerabilities":[
                  {"id":"GHSA-6mjq-h674-j845","aliases":["CVE-2023-34462"],"affected":[
                    {"package":{"ecosystem":"Maven","name":"io.netty:netty-handler"},
                     "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"4.1.94.Final"}]}]},
                    {"package":{"ecosystem":"Maven","name":"another:one"},
                     "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"9"}]}]}]},
                  {"id":"GHSA-1","database_specific":{"severity":"CRITICAL"}}],
                "licenses":["Apache-2.0"]},
               {"package":{"name":"x","version":"1","ecosystem":"Alpine:v3.20"}}"#,
        ))
        .unwrap();
        let findings = document.findings.unwrap();
        let [first, second] = &findings[..] else { panic!() };
        let netty = "pkg:maven/io.netty/netty-handler@4.1.90.Final";
        assert_eq!((first.key.cve_id.as_str(), first.key.affected.as_str()), ("CVE-2023-34462", netty));
        assert_eq!((first.severity, second.severity), (Severity::Medium, Severity::Critical));
        assert_eq!(first.fixed_versions, ["4.1.94.Final".to_owned()].into());
        let keys: Vec<_> = document.packages.iter().flatten().map(Package::key).collect();
        assert_eq!(keys, [netty, "x@1"]);
        assert_eq!(read(r#"{"results":null}"#).unwrap().findings, Some(Vec::new()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (packages, expected) in [
            (r#"{"package":{"name":"a","version":"1"}}"#, "`results[0].packages[0].package`"),
            (
                r#"{"package":{"name":"a","version":"1","ecosystem":"npm"},"groups":[{"ids":[]}]}"#,
                "`results[0].packages[0].groups[0].ids`",
            ),
            (
                r#"{"package":{"name":"a","version":"1","ecosystem":"npm"},"vulnerabilities":[{"id":""}]}"#,
                "`results[0].packages[0].vulnerabilities[0].id`",
            ),
        ] {
            let error = read(&report(packages)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
