//! One scan: every package against the feed, every finding against the call graph.
//!
//! A vulnerability is one finding per package, however many records describe it: it is affected where any one
//! of them says so, its severity is the strongest that any of them states, its fixes and its vulnerable code are
//! those of all of them. Where an ecosystem's records name source packages they are asked with the package's
//! source, where it has one.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use crate::format::osv::VulnerableCode;
use crate::model::ecosystem::version_order::VersionOrder;
use crate::model::finding::{Finding, FindingKey, Reachability, Severity};
use crate::model::package::Package;
use crate::model::vex::VexStatement;
use crate::scanner::alias::{self, Names, Vulnerability};
use crate::scanner::callgraph::CallGraph;
use crate::scanner::feed::{Entry, Feed};
use crate::scanner::gaps::{Gaps, Note};
use crate::scanner::reachability::{CallPath, Reach};
use crate::scanner::version::{self, Version};
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
    /// What could not be ordered, matched or decided.
    pub gaps: Gaps,
    /// The same for people, the weightiest first.
    pub notes: Vec<Note>,
}

/// Scans an inventory.
pub fn scan(packages: &[Package], feed: &Feed, graph: Option<&CallGraph>) -> Scan {
    let packages: BTreeSet<&Package> = packages.iter().collect();
    let reach = graph.map(Reach::new);
    let mut results = BTreeMap::new();
    let mut gaps = Gaps::default();
    for package in &packages {
        for hit in hits(package, feed, &mut gaps) {
            let finding = hit.into_finding(package, reach.as_ref());
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
        notes: gaps.notes(feed.totals()),
        gaps,
        packages: packages.into_iter().cloned().collect(),
    }
}

/// A vulnerability that a package has, with all that its records say of the package.
struct Hit {
    vulnerability: Vulnerability,
    severity: Severity,
    fixed: BTreeSet<String>,
    code: BTreeSet<VulnerableCode>,
}

/// A version that is asked for, read in each order that may be needed.
struct QueriedVersion<'a> {
    text: &'a str,
    /// None where the ecosystem's is not known: listed versions decide alone.
    order: Option<VersionOrder>,
    own: Option<Version>,
    semver: Option<Version>,
}

impl QueriedVersion<'_> {
    fn read_in(&self, order: VersionOrder) -> Option<&Version> {
        if Some(order) == self.order { self.own.as_ref() } else { self.semver.as_ref() }
    }
}

fn hits(package: &Package, feed: &Feed, gaps: &mut Gaps) -> Vec<Hit> {
    let (name, text) = match &package.source {
        Some(source) if package.ecosystem.names_sources() => (&source.name, source.version.as_str()),
        _ => (&package.name, package.version.as_str()),
    };
    for (id, ecosystem) in feed.strange(name) {
        if ecosystem.likely() == Some(package.ecosystem.name()) {
            let why = format!(
                "its ecosystem `{ecosystem}` is not one of the OSV schema, which says `{}`",
                package.ecosystem.name()
            );
            gaps.not_evaluated(id, package, why);
        }
    }
    // Of an ecosystem that nobody knows it is said below.
    if package.ecosystem.row().is_some() && !feed.names(&package.ecosystem) {
        gaps.not_in_feed(package);
        // Records of other releases do not count, those that name none do.
        if feed.entries(&package.ecosystem, name).next().is_none() {
            return Vec::new();
        }
    }
    let order = if text.is_empty() {
        gaps.no_version(package);
        None
    } else {
        version::order_of(&package.ecosystem).map_err(|error| gaps.unknown_ecosystem(package, error.to_string())).ok()
    };
    if package.ecosystem.lacks_release() {
        gaps.no_release(&package.ecosystem);
    }
    let own = order.and_then(|order| version::parse(order, text).map_err(|error| gaps.unordered(package, &error)).ok());
    // Without an order of its own an ecosystem may still have ranges of semantic versions.
    let semver = version::parse(order.map_or(VersionOrder::SemVer, VersionOrder::semver), text).ok();
    let asked = QueriedVersion { text, order, own, semver };

    let entries: Vec<&Entry> = feed.entries(&package.ecosystem, name).collect();
    let affected: Vec<bool> = entries.iter().map(|entry| is_affected(entry, &asked, feed, package, gaps)).collect();
    if !affected.contains(&true) {
        return Vec::new();
    }
    let names: Vec<&Names> = entries.iter().map(|entry| &feed.record(entry).names).collect();
    let mut hits = Vec::new();
    for (vulnerability, places) in alias::fold(&names) {
        if !places.iter().any(|place| affected[*place]) {
            continue;
        }
        let of_ids = vulnerability.ids.iter().map(|id| feed.severity_of(id)).max().unwrap_or_default();
        let mut hit = Hit { vulnerability, severity: of_ids, fixed: BTreeSet::new(), code: BTreeSet::new() };
        for entry in places.iter().map(|place| entries[*place]) {
            let record = feed.record(entry);
            for rating in entry.unread_ratings.iter().chain(&record.unread_ratings) {
                gaps.unread_rating(record.names.id(), rating);
            }
            hit.severity = hit.severity.max(entry.severity).max(record.severity);
            hit.fixed.extend(entry.fixed.iter().cloned());
            hit.code.extend(entry.code.iter().cloned());
        }
        hits.push(hit);
    }
    hits
}

fn is_affected(entry: &Entry, asked: &QueriedVersion<'_>, feed: &Feed, package: &Package, gaps: &mut Gaps) -> bool {
    if entry.covers_everything || entry.listed.contains(asked.text, asked.own.as_ref()) {
        return true;
    }
    let affected = entry.timelines.iter().any(|range| {
        let version = asked.read_in(range.order());
        version.is_some_and(|version| range.contains(version))
    });
    if !affected && let Some(why) = undecided(entry, asked) {
        gaps.not_evaluated(feed.record(entry).names.id(), package, why);
    }
    affected
}

/// Why a record that does not say *affected* does not say *not affected* either.
fn undecided(entry: &Entry, asked: &QueriedVersion<'_>) -> Option<String> {
    let unread = entry.timelines.iter().find(|range| asked.read_in(range.order()).is_none());
    let says_something = !entry.timelines.is_empty() || entry.unordered || !entry.passed_over.is_empty();
    if let Some(why) = entry.passed_over.first() {
        return Some(why.clone());
    }
    if !says_something {
        return match (entry.listed.is_empty(), entry.has_commits) {
            (true, true) => Some("its ranges are of commits, which an inventory does not have".to_owned()),
            (true, false) => Some("it lists no version and no range".to_owned()),
            (false, _) => None,
        };
    }
    if asked.text.is_empty() {
        return Some("the package has no version".to_owned());
    }
    if let Some(range) = unread {
        return Some(format!("`{}` is not a {} version", asked.text, range.order()));
    }
    // A list beside the ranges names each version that they hold, as the schema asks where the order is the ecosystem's own.
    (entry.unordered && entry.listed.is_empty())
        .then(|| "the order of the versions of its ecosystem is not known, and it lists none".to_owned())
}

impl Hit {
    fn into_finding(self, package: &Package, reach: Option<&Reach<'_>>) -> (Finding, Option<Vec<String>>) {
        let Vulnerability { name, ids } = self.vulnerability;
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
            details: BTreeSet::new(),
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
    finding.aliases.extend(other.aliases);
    if caution(other.reachability) > caution(finding.reachability) {
        finding.reachability = other.reachability;
        finding.vex_status = other.vex_status;
        *path = other_path;
    }
}

#[cfg(test)]
mod tests;
