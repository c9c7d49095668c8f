//! One scan: every package against the feed, every finding against the call graph.
//!
//! A vulnerability is one finding per package, however many records describe it: it is affected where any one
//! of them says so, its severity is the strongest that any of them states, its fixes and its vulnerable code are
//! those of all of them. Records of Debian, SUSE and openSUSE name source packages: they are asked with the package's
//! source, where it has one.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use crate::format::osv::VulnerableCode;
use crate::model::finding::{Finding, FindingKey, Reachability, Severity};
use crate::model::package::{Ecosystem, Package, RpmDistribution};
use crate::model::vex::VexStatement;
use crate::scanner::callgraph::CallGraph;
use crate::scanner::feed::{Entry, Feed};
use crate::scanner::notes::Notes;
use crate::scanner::reachability::{CallPath, Reach};
use crate::scanner::version::{Order, Version};
use crate::scanner::vex;

/// What a scan found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The inventory, sorted and without duplicates.
    pub packages: Vec<Package>,
    /// The findings, sorted by key.
    pub findings: Vec<Finding>,
    /// One statement for each finding, in the same order.
    pub vex: Vec<VexStatement>,
    /// A call path for each reachable finding, sorted.
    pub evidence: Vec<CallPath>,
    /// What could not be ordered, matched or decided, sorted.
    pub notes: Vec<String>,
}

/// Scans an inventory.
pub fn scan(packages: &[Package], feed: &Feed, graph: Option<&CallGraph>) -> Scan {
    let packages: BTreeSet<&Package> = packages.iter().collect();
    let reach = graph.map(Reach::new);
    let mut results = BTreeMap::new();
    let mut notes = Notes::default();
    for package in &packages {
        for hit in hits(package, feed, &mut notes) {
            let finding = hit.into_finding(package, feed, reach.as_ref());
            match results.entry(finding.0.key.clone()) {
                btree_map::Entry::Vacant(place) => _ = place.insert(finding),
                btree_map::Entry::Occupied(mut place) => merge(place.get_mut(), finding),
            }
        }
    }
    let (mut findings, mut evidence) = (Vec::new(), Vec::new());
    for (key, (finding, path)) in results {
        evidence.extend(path.map(|symbols| CallPath { finding: key, symbols }));
        findings.push(finding);
    }
    Scan {
        vex: vex::statements(&findings),
        findings,
        evidence,
        notes: notes.finish(feed),
        packages: packages.into_iter().cloned().collect(),
    }
}

/// A vulnerability that a package has, with all that its records say of the package.
struct Hit {
    vulnerability: usize,
    severity: Severity,
    fixed: BTreeSet<String>,
    code: BTreeSet<VulnerableCode>,
}

/// A version as it is asked for: read once in each order that may be needed.
struct Asked<'a> {
    text: &'a str,
    /// None where the ecosystem's is not known: listed versions decide alone.
    order: Option<Order>,
    own: Option<Version>,
    semver: Option<Version>,
}

impl Asked<'_> {
    fn read_in(&self, order: Order) -> Option<&Version> {
        if Some(order) == self.order { self.own.as_ref() } else { self.semver.as_ref() }
    }
}

fn hits(package: &Package, feed: &Feed, notes: &mut Notes) -> Vec<Hit> {
    use RpmDistribution::{OpenSuse, Suse};
    let (name, text) = match (&package.ecosystem, &package.source) {
        (Ecosystem::Debian(_) | Ecosystem::Rpm(OpenSuse | Suse, _), Some(source)) => {
            (&source.name, source.version.as_str())
        }
        _ => (&package.name, package.version.as_str()),
    };
    if text.is_empty() {
        notes.no_version();
        return Vec::new();
    }
    let order = Order::of(&package.ecosystem).map_err(|error| notes.unknown_ecosystem(error.to_string())).ok();
    if package.ecosystem.lacks_release() {
        notes.no_release(&package.ecosystem);
    }
    let own = order.and_then(|order| order.parse(text).map_err(|error| notes.unordered(package, &error)).ok());
    let semver = order.and_then(|order| order.semver().parse(text).ok());
    let asked = Asked { text, order, own, semver };

    let mut hits: BTreeMap<usize, Hit> = BTreeMap::new();
    for entry in feed.entries(&package.ecosystem, name) {
        if is_affected(entry, &asked, notes) {
            let vulnerability = entry.vulnerability;
            hits.entry(vulnerability).or_insert_with(|| Hit {
                vulnerability,
                severity: feed.severities.get(vulnerability).copied().unwrap_or_default(),
                fixed: BTreeSet::new(),
                code: BTreeSet::new(),
            });
        }
    }
    for entry in feed.entries(&package.ecosystem, name) {
        if let Some(hit) = hits.get_mut(&entry.vulnerability) {
            hit.severity = hit.severity.max(entry.severity);
            hit.fixed.extend(entry.fixed.iter().cloned());
            hit.code.extend(entry.code.iter().cloned());
        }
    }
    hits.into_values().collect()
}

fn is_affected(entry: &Entry, asked: &Asked<'_>, notes: &mut Notes) -> bool {
    if entry.listed.contains(asked.text, asked.own.as_ref()) {
        return true;
    }
    let affected = entry.timelines.iter().any(|range| {
        let version = asked.read_in(range.order());
        version.is_some_and(|version| range.contains(version))
    });
    if !affected {
        // Only where nothing else decides: a range that was passed over may hold what the others do not.
        notes.passed_over(&entry.passed_over);
        let foreign = entry.timelines.iter().any(|range| asked.read_in(range.order()).is_none());
        if foreign && asked.own.is_some() {
            notes.no_semver(asked.text);
        }
    }
    affected
}

impl Hit {
    fn into_finding(self, package: &Package, feed: &Feed, reach: Option<&Reach<'_>>) -> (Finding, Option<Vec<String>>) {
        let (name, ids) = match feed.vulnerabilities.get(self.vulnerability) {
            Some(vulnerability) => (vulnerability.name.clone(), vulnerability.ids.clone()),
            None => Default::default(),
        };
        let code: Vec<_> = self.code.into_iter().collect();
        let (reachability, path) = match reach {
            Some(reach) => reach.assess(&package.name, &code),
            None => (Reachability::Unknown, None),
        };
        let finding = Finding {
            aliases: ids.into_iter().filter(|id| *id != name).collect(),
            key: FindingKey { cve_id: name, affected: package.key() },
            package: package.name.clone(),
            version: package.version.clone(),
            severity: self.severity,
            fixed_versions: self.fixed,
            reachability,
            vex_status: Some(vex::status(reachability)),
        };
        (finding, path)
    }
}

/// Two inventory entries with one key (the same package with other licences, say) are one finding: the
/// stronger of both in each field.
fn merge(kept: &mut (Finding, Option<Vec<String>>), other: (Finding, Option<Vec<String>>)) {
    let caution = |reachability| match reachability {
        Reachability::Unreachable => 0,
        Reachability::Unknown => 1,
        Reachability::Reachable => 2,
    };
    let ((finding, path), (other, other_path)) = (kept, other);
    finding.severity = finding.severity.max(other.severity);
    finding.fixed_versions.extend(other.fixed_versions);
    if caution(other.reachability) > caution(finding.reachability) {
        finding.reachability = other.reachability;
        finding.vex_status = other.vex_status;
        *path = other_path;
    }
}

#[cfg(test)]
mod tests;
