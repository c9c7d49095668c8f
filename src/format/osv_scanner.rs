//! osv-scanner JSON (`osv-scanner --format json`, version 2), read for its packages and its groups of vulnerabilities.
//!
//! A group is one vulnerability under several ids: one finding. A record that no group names is one, too. A group's severity is the group's score, else the strongest
//! that its records state; its fixes are what the records say of the package. Packages get the purl of their
//! ecosystem, so that they are told apart as everywhere else; one of a repository is known by its commit. What a group's records
//! say of the package (ratings as they are written, ranges, versions, a withdrawal) are details of the finding. Which of the
//! vulnerable symbols are called (`experimental_analysis`) is reachability; the source, licences and groups of dependencies
//! are details.
//!
//! A report that lists vulnerable packages alone is not an inventory: then it lists no packages. Absent: the records
//! themselves beyond what is said above, and how the tool was configured: they are compared as bytes only.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::format::details::Details;
use crate::format::document::Document;
use crate::format::error::FormatError;
use crate::format::json::{self, Present};
use crate::format::licenses;
use crate::format::listing::Listing;
use crate::format::osv::{Advisory, Affected, AffectedPackage, Event, Wire, WrittenRatings};
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
    #[serde(default, rename = "experimental_config")]
    configuration: Present,
    #[serde(default, rename = "license_summary")]
    counts: Present,
}

#[derive(Deserialize)]
struct Source {
    source: Option<Origin>,
    packages: Vec<Found>,
}

/// Where packages were found.
#[derive(Deserialize)]
struct Origin {
    #[serde(default)]
    path: String,
    #[serde(rename = "type", default)]
    kind: String,
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
    #[serde(default)]
    license_violations: Vec<String>,
    #[serde(default)]
    dependency_groups: Vec<String>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    version: String,
    ecosystem: String,
    /// Of a package that has no version.
    #[serde(default)]
    commit: String,
}

/// What call analysis says of one record.
#[derive(Deserialize)]
struct Called {
    called: Option<bool>,
    #[serde(default)]
    unimportant: bool,
}

#[derive(Deserialize)]
struct Group {
    ids: Vec<String>,
    aliases: Option<Vec<String>>,
    /// A CVSS base score as a text; empty where no record has one.
    #[serde(default)]
    max_severity: String,
    #[serde(alias = "experimentalAnalysis")]
    experimental_analysis: Option<BTreeMap<String, Called>>,
    /// The document has it.
    #[serde(skip, default = "yes")]
    is_named: bool,
}

fn yes() -> bool {
    true
}

impl Group {
    /// That of a record which no group names.
    fn of_record(id: &str) -> Self {
        Self {
            ids: vec![id.to_owned()],
            aliases: None,
            max_severity: String::new(),
            experimental_analysis: None,
            is_named: false,
        }
    }
}

/// Reads a report.
pub(crate) fn read(text: &str) -> Result<Document, FormatError> {
    let report: Report = json::read(FORMAT, text)?;
    let (mut packages, mut findings, mut facts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut lists_others, mut has_records) = (false, false);
    let mut unfolding = Unfolding::new(FORMAT);
    for (source_at, source) in report.results.unwrap_or_default().into_iter().enumerate() {
        let place = source.source.map(|Origin { path, kind }| format!("{kind} {path}")).unwrap_or_default();
        // What was looked at without a finding counts as well.
        facts.push(format!("looked at {place}"));
        for (at, found) in source.packages.into_iter().enumerate() {
            let path = || format!("results[{source_at}].packages[{at}]");
            let mut details = Details::default();
            details.add("source", &place);
            details.each("dependency group", found.dependency_groups);
            details.each("licence violation", found.license_violations);
            let mut package = package_of(found.package, found.licenses);
            unfolding.take(details.texts())?;
            package = package::with_details(package, details);
            lists_others |= found.groups.is_empty() && found.vulnerabilities.is_empty();
            has_records |= !found.vulnerabilities.is_empty();
            // Of one id there may be several: each of them counts.
            let mut records: BTreeMap<String, Vec<Record>> = BTreeMap::new();
            for record in found.vulnerabilities.into_iter().map(Record::from) {
                records.entry(record.says.id.clone()).or_default().push(record);
            }
            let grouped: BTreeSet<&str> =
                found.groups.iter().flat_map(|group| &group.ids).map(String::as_str).collect();
            // Not every writer groups: a record that no group names is a vulnerability all the same.
            let alone: Vec<Group> =
                records.keys().filter(|id| !grouped.contains(id.as_str())).map(|id| Group::of_record(id)).collect();
            for (group_at, group) in found.groups.into_iter().chain(alone).enumerate() {
                let finding = finding(&package, group, &records, &mut unfolding)?;
                let Some(finding) = finding else {
                    let path = format!("{}.groups[{group_at}].ids", path());
                    let problem = "it is empty; a vulnerability is nothing without an id".to_owned();
                    return Err(FormatError::Field { format: FORMAT, path, problem });
                };
                findings.push(finding);
            }
            packages.push(package);
        }
    }
    findings.sort();
    let listing = Listing { packages, ..Listing::default() };
    let packages = lists_others.then(|| listing.compared());
    facts.sort();
    let parts = [
        ("the rest of the records", has_records),
        ("the configuration of the tool", report.configuration.0),
        ("counts of licences", report.counts.0),
    ];
    let not_compared = parts.into_iter().filter(|(_, is_there)| *is_there).map(|(part, _)| part.to_owned()).collect();
    Ok(Document { packages, findings: Some(findings), facts, not_compared, ..Document::default() })
}

fn package_of(listed: Listed, licenses: Vec<String>) -> Package {
    let ecosystem = Ecosystem::from(listed.ecosystem.as_str());
    let purl = purl_of(&ecosystem, &listed.name, &listed.version);
    let licenses = licenses.into_iter().filter(|license| license != "UNKNOWN").collect();
    let mut details = Details::default();
    details.add("commit", &listed.commit);
    let version = if listed.version.is_empty() { listed.commit } else { listed.version };
    let package = package::of_entry(listed.name, Some(version), purl.map(Written::from), licenses);
    // The document's own word on the ecosystem: a purl may say less.
    package::with_details(Package { ecosystem, ..package }, details)
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

/// A record of a database.
struct Record {
    says: Advisory,
    ratings: WrittenRatings,
}

impl From<Wire> for Record {
    fn from(wire: Wire) -> Self {
        Self { ratings: wire.written_ratings(), says: Advisory::from(wire) }
    }
}

impl Record {
    /// What it says besides its ids, in details of a finding that name it.
    fn tell(&self, unfolding: &mut Unfolding, details: &mut Details) -> Result<(), FormatError> {
        details.maybe("withdrawn", self.says.withdrawn.map(|at| format!("{} at {at}", self.says.id)));
        self.rated(&self.ratings.own, unfolding, details)
    }

    /// What it says of one package.
    fn tell_affected(
        &self,
        at: usize,
        affected: &Affected,
        unfolding: &mut Unfolding,
        details: &mut Details,
    ) -> Result<(), FormatError> {
        let id = &self.says.id;
        self.rated(self.ratings.affected.get(at).map(Vec::as_slice).unwrap_or_default(), unfolding, details)?;
        for range in &affected.ranges {
            let mut events: Vec<(&str, &str)> = range.events.iter().map(Event::parts).collect();
            // The schema: their order in the record says nothing.
            events.sort_unstable();
            events.dedup();
            let events: Vec<String> = events.iter().map(|(what, version)| format!("{what} {version}")).collect();
            let text = format!("{id} {}: {}", <&str>::from(range.kind), events.join(", "));
            unfolding.take([text.as_str()])?;
            details.add("affected range", text);
        }
        for version in &affected.versions {
            unfolding.take([version.as_str()])?;
            details.add("affected version", format!("{id} {version}"));
        }
        Ok(())
    }

    fn rated(&self, ratings: &[String], unfolding: &mut Unfolding, details: &mut Details) -> Result<(), FormatError> {
        unfolding.take(ratings.iter().map(String::as_str))?;
        details.each("rated", ratings.iter().map(|rating| format!("{} {rating}", self.says.id)));
        Ok(())
    }
}

/// None where the group has no id.
fn finding(
    package: &Package,
    group: Group,
    records: &BTreeMap<String, Vec<Record>>,
    unfolding: &mut Unfolding,
) -> Result<Option<Finding>, FormatError> {
    let own: Vec<&Record> = group.ids.iter().filter_map(|id| records.get(id)).flatten().collect();
    let mut details = Details::default();
    // A record may say the same as its group: each of them counts.
    details.each("id", &group.ids);
    details.maybe("group", (!group.is_named).then_some("none names it"));
    details.each("alias", group.aliases.iter().flatten());
    let mut others: BTreeSet<String> = group.ids.into_iter().chain(group.aliases.into_iter().flatten()).collect();
    // A name is what its ecosystem compares: records spell it as it was published, packages are listed in normal form.
    let of = package.ecosystem.any_release();
    let name = of.comparable_name(&package.name);
    let same = |other: &AffectedPackage| other.ecosystem.any_release() == of && of.comparable_name(&other.name) == name;
    // A package that is known by its commit is in no ecosystem: records say of it what they say of no package.
    let is_of_repository = package.ecosystem.name().is_empty();
    let (mut stated, mut fixed_versions) = (Severity::Unknown, BTreeSet::new());
    for record in own {
        let says = &record.says;
        unfolding.take(says.aliases.iter().map(String::as_str))?;
        others.extend(says.aliases.iter().cloned());
        stated = stated.max(says.severity);
        record.tell(unfolding, &mut details)?;
        for (at, affected) in says.affected.iter().enumerate() {
            // Looking counts, too: many groups may name one record with many packages.
            unfolding.take([])?;
            match &affected.package {
                Some(other) if !same(other) => continue,
                // What is said of no package is told, and is not a version of this one.
                None if !is_of_repository => {
                    record.tell_affected(at, affected, unfolding, &mut details)?;
                    continue;
                }
                Some(_) | None => {}
            }
            stated = stated.max(affected.severity);
            record.tell_affected(at, affected, unfolding, &mut details)?;
            for event in affected.ranges.iter().flat_map(|range| &range.events) {
                let fixed = if let Event::Fixed(version) = event { Some(version) } else { None };
                unfolding.take(fixed.map(String::as_str))?;
                fixed_versions.extend(fixed.cloned());
            }
        }
    }
    let Some(ids) = Ids::of("", others) else { return Ok(None) };
    let (reachability, said) = called(group.experimental_analysis.as_ref());
    details.add("score", &group.max_severity);
    details.each("package", &package.details);
    details.each("licence", package.licenses.iter().map(|text| licenses::canonical(text)));
    details.each("analysis", said);
    let scored = group.max_severity.parse().map(severity::from_cvss_score).ok();
    let key = package.key();
    unfolding.take(ids.texts().chain([key.as_str(), &package.name, &package.version]).chain(details.texts()))?;
    Ok(Some(Finding {
        key: FindingKey { cve_id: ids.name, affected: key },
        aliases: ids.aliases,
        package: package.name.clone(),
        version: package.version.clone(),
        severity: scored.unwrap_or(stated),
        fixed_versions,
        reachability,
        vex_status: None,
        details: details.done(),
    }))
}

/// Whether the vulnerable code of any record is called, and what the tool says of each.
fn called(analysis: Option<&BTreeMap<String, Called>>) -> (Reachability, Vec<String>) {
    let all = || analysis.into_iter().flatten();
    let said: BTreeSet<bool> = all().filter_map(|(_, said)| said.called).collect();
    let reachability = match (said.contains(&true), said.contains(&false)) {
        (true, _) => Reachability::Reachable,
        (false, true) => Reachability::Unreachable,
        (false, false) => Reachability::Unknown,
    };
    let told = all().map(|(id, Called { called, unimportant })| {
        let called = match called {
            Some(true) => " is called",
            Some(false) => " is not called",
            None => "",
        };
        format!("{id}{called}{}", if *unimportant { " is unimportant" } else { "" })
    });
    (reachability, told.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(packages: &str) -> String {
        format!(r#"{{"results":[{{"source":{{"path":"/src/lock","type":"lockfile"}},"packages":[{packages}]}}]}}"#)
    }

    #[test]
    fn a_record_that_no_group_names_is_a_finding() {
        let report = |rest: &str| {
            let text = format!(
                r#"{{"results":[{{"packages":[{{"package":{{"name":"a","version":"1","ecosystem":"npm"}},
                   "vulnerabilities":[{{"id":"GHSA-1","aliases":["CVE-2024-1"],"modified":"2026-01-01T00:00:00Z"}}]{rest}}}]}}]}}"#
            );
            read(&text).unwrap()
        };
        for rest in ["", r#","groups":[]"#, r#","groups":[{"ids":["GHSA-2"]}]"#] {
            let document = report(rest);
            assert!(document.packages.is_none(), "a list of affected packages is not an inventory");
            let findings = document.findings.unwrap();
            assert!(findings.iter().any(|finding| finding.key.cve_id == "CVE-2024-1"), "{rest}");
        }
        assert_eq!(report(r#","groups":[{"ids":["GHSA-1"]}]"#).findings.unwrap().len(), 1);
    }

    /// The score of the group stays the same; a record says more than that.
    #[test]
    fn what_a_record_says_of_the_package_counts() {
        let of = |record: &str, of_package: &str| {
            let text = report(&format!(
                r#"{{"package":{{"name":"a","version":"1","ecosystem":"npm"}},"groups":[{{"ids":["GHSA-1"],"max_severity":"9.8"}}],
                   "vulnerabilities":[{{"id":"GHSA-1"{record},"affected":[
                     {{"package":{{"name":"a","ecosystem":"npm"}}{of_package}}}]}}]}}"#
            ));
            read(&text).unwrap().findings.unwrap().remove(0)
        };
        let rated =
            |vector: &str| of(&format!(r#","severity":[{{"type":"CVSS_V3","score":"CVSS:3.1/{vector}"}}]"#), "");
        assert_ne!(rated("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), rated("AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"));
        assert_ne!(of(r#","withdrawn":"2026-01-01T00:00:00Z""#, ""), of("", ""));
        let range =
            |kind: &str, events: &str| of("", &format!(r#","ranges":[{{"type":"{kind}","events":[{events}]}}]"#));
        let first = range("SEMVER", r#"{"introduced":"0"},{"fixed":"2"}"#);
        assert_eq!(range("SEMVER", r#"{"fixed":"2"},{"introduced":"0"}"#), first, "their order says nothing");
        for other in [
            range("SEMVER", r#"{"introduced":"0.9"},{"fixed":"2"}"#),
            range("ECOSYSTEM", r#"{"introduced":"0"},{"fixed":"2"}"#),
            range("SEMVER", r#"{"introduced":"0"},{"fixed":"2"},{"limit":"3"}"#),
            of("", r#","versions":["1"]"#),
        ] {
            assert_ne!(other, first);
        }
        // Named regression: a record that spells the package as it was published counted as one of another package.
        let spelled = |name: &str, fixed: &str| {
            let text = report(&format!(
                r#"{{"package":{{"name":"ruamel.yaml_Clib","version":"1","ecosystem":"PyPI"}},"groups":[{{"ids":["GHSA-1"]}}],
                   "vulnerabilities":[{{"id":"GHSA-1","affected":[{{"package":{{"name":"{name}","ecosystem":"PyPI"}},
                     "ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]}}]}}"#
            ));
            read(&text).unwrap().findings.unwrap().remove(0)
        };
        for name in ["ruamel.yaml_Clib", "ruamel-yaml-clib", "Ruamel.YAML.Clib"] {
            assert_eq!(spelled(name, "2").fixed_versions, ["2".to_owned()].into(), "{name}");
            assert_ne!(spelled(name, "2"), spelled(name, "3"), "{name}");
        }
        assert_eq!(spelled("ruamel.yaml", "2"), spelled("ruamel.yaml", "3"), "another package");
        // What a record says of another package is not about this one.
        let two =
            |other: &str| of("", &format!(r#"}},{{"package":{{"name":"b","ecosystem":"npm"}},"versions":["{other}"]"#));
        assert_eq!(two("1"), two("2"));
    }

    #[test]
    fn each_of_several_records_of_one_id_counts() {
        let of = |first: &str, rest: &str| {
            let record = |fixed: &str| {
                format!(
                    r#"{{"id":"GHSA-1","affected":[{{"package":{{"name":"a","ecosystem":"npm"}},"ranges":[{{"type":"SEMVER",
                       "events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]}}"#
                )
            };
            let text = report(&format!(
                r#"{{"package":{{"name":"a","version":"1","ecosystem":"npm"}},{rest}"vulnerabilities":[{},{}]}}"#,
                record(first),
                record("9")
            ));
            read(&text).unwrap().findings.unwrap()
        };
        for rest in ["", r#""groups":[{"ids":["GHSA-1"]}],"#] {
            assert_eq!(of("2", rest)[0].fixed_versions, ["2".to_owned(), "9".to_owned()].into());
            assert_ne!(of("2", rest), of("3", rest));
        }
    }

    /// A library in a repository has no package of an ecosystem that a record could name.
    #[test]
    fn what_a_record_says_of_no_package_counts() {
        let of = |package: &str, fixed: &str| {
            let text = report(&format!(
                r#"{{"package":{package},"groups":[{{"ids":["OSV-1"]}}],"vulnerabilities":[{{"id":"OSV-1","affected":[{{"ranges":[
                   {{"type":"GIT","repo":"https://x.example","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]}}]}}"#
            ));
            read(&text).unwrap().findings.unwrap().remove(0)
        };
        let vendored = r#"{"name":"x","version":"","commit":"c","ecosystem":""}"#;
        assert_eq!(of(vendored, "abc").fixed_versions, ["abc".to_owned()].into());
        assert_ne!(of(vendored, "abc"), of(vendored, "abd"));
        let listed = r#"{"name":"x","version":"1","ecosystem":"npm"}"#;
        assert_ne!(of(listed, "abc"), of(listed, "abd"));
        assert!(of(listed, "abc").fixed_versions.is_empty(), "a commit is not a version of it");
    }

    #[test]
    fn what_was_looked_at_without_a_finding_counts() {
        let of = |sources: &str| read(&format!(r#"{{"results":[{sources}]}}"#)).unwrap();
        let clean = r#"{"source":{"path":"/src/lock","type":"lockfile"},"packages":[]}"#;
        assert_eq!(of(clean).facts, ["looked at lockfile /src/lock"]);
        assert_ne!(of(clean), of(""));
        let counted = read(r#"{"results":[],"license_summary":[{"name":"MIT","count":3}]}"#).unwrap();
        assert_eq!(counted.not_compared, ["counts of licences".to_owned()].into());
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

    /// Named regression: of a rating that is not a text nothing was compared.
    #[test]
    fn a_rating_of_an_unknown_form_is_said() {
        let of = |severity: &str| {
            let found = format!(
                r#"{{"package":{{"name":"a","version":"1","ecosystem":"npm"}},
                     "vulnerabilities":[{{"id":"GHSA-1","database_specific":{{"severity":{severity}}}}}]}}"#
            );
            read(&report(&found)).unwrap().findings.unwrap().remove(0).details
        };
        assert_ne!(of(r#"{"score":9.8}"#), of(r#"{"score":1.0}"#));
        assert_ne!(of("9.8"), of("1"));
        assert_ne!(of("9.8"), of("null"));
        assert_eq!(of("null"), of("[]"));
        assert!(of(r#"["HIGH"]"#).iter().any(|detail| detail.contains(r#"["HIGH"]"#)));
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
