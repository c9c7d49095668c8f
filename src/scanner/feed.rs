//! Advisories, ready to be asked: indexed by package, aliases folded, versions read once.
//!
//! Invariants: withdrawn records say nothing; of two records with one id the later counts; nothing here depends
//! on the order of the records.

use std::collections::BTreeMap;

use crate::format::osv::{Advisory, Affected, Event, RangeKind, VulnerableCode};
use crate::model::finding::Severity;
use crate::model::package::Ecosystem;
use crate::scanner::alias::{self, Vulnerability};
use crate::scanner::matching::{Listed, Timeline};
use crate::scanner::version::Order;

/// A set of advisories.
#[derive(Debug, Default)]
pub struct Feed {
    pub(super) vulnerabilities: Vec<Vulnerability>,
    /// The strongest severity that any record states for each vulnerability as a whole.
    pub(super) severities: Vec<Severity>,
    entries: BTreeMap<(Ecosystem, String), Vec<Entry>>,
    pub(super) withdrawn: usize,
}

/// What one record says of one package.
#[derive(Debug)]
pub(super) struct Entry {
    /// Place in [`Feed::vulnerabilities`].
    pub(super) vulnerability: usize,
    /// The release of the distribution, where the record names one.
    release: Option<String>,
    pub(super) timelines: Vec<Timeline>,
    pub(super) listed: Listed,
    /// Ranges that decide nothing, and why.
    pub(super) passed_over: Vec<String>,
    pub(super) severity: Severity,
    pub(super) fixed: Vec<String>,
    pub(super) code: Vec<VulnerableCode>,
}

impl Feed {
    /// Indexes advisories.
    pub fn new(advisories: Vec<Advisory>) -> Self {
        let mut current = latest(advisories);
        let all = current.len();
        current.retain(|advisory| advisory.withdrawn.is_none());
        let withdrawn = all - current.len();

        let (vulnerabilities, described) = alias::fold(&current);
        let mut feed = Self {
            severities: vec![Severity::Unknown; vulnerabilities.len()],
            vulnerabilities,
            entries: BTreeMap::new(),
            withdrawn,
        };
        for (advisory, vulnerability) in current.into_iter().zip(described) {
            if let Some(severity) = feed.severities.get_mut(vulnerability) {
                *severity = advisory.severity.max(*severity);
            }
            for affected in advisory.affected {
                feed.add(&advisory.id, vulnerability, affected);
            }
        }
        feed
    }

    /// How many vulnerabilities are known; those of unknown ecosystems and of bare repositories count too.
    pub fn len(&self) -> usize {
        self.vulnerabilities.len()
    }

    /// Whether nothing is known, so that a scan would find nothing whatever it is given.
    pub fn is_empty(&self) -> bool {
        self.vulnerabilities.is_empty()
    }

    fn add(&mut self, id: &str, vulnerability: usize, affected: Affected) {
        let Some(package) = affected.package else { return };
        // Without an order only the listed versions decide; the scan says so of the packages.
        let order = Order::of(&package.ecosystem).ok();
        let key = key(&package.ecosystem, &package.name);
        let release = package.ecosystem.release().map(str::to_owned);
        let (mut timelines, mut passed_over, mut fixed) = (Vec::new(), Vec::new(), Vec::new());
        for range in &affected.ranges {
            let order = match range.kind {
                RangeKind::Semver => order.map(Order::semver),
                RangeKind::Ecosystem => order,
                RangeKind::Git => continue,
            };
            match order.map(|order| Timeline::new(order, &range.events)) {
                None => {}
                Some(Ok(timeline)) => timelines.push(timeline),
                Some(Err(error)) => {
                    passed_over.push(format!("a range of `{id}` for `{}` is passed over: {error}", package.name))
                }
            }
            fixed.extend(range.events.iter().filter_map(|event| match event {
                Event::Fixed(version) => Some(version.clone()),
                _ => None,
            }));
        }
        self.entries.entry(key).or_default().push(Entry {
            vulnerability,
            release,
            timelines,
            listed: Listed::new(order, &affected.versions),
            passed_over,
            severity: affected.severity,
            fixed,
            code: affected.code.into_iter().collect(),
        });
    }

    /// Everything that is said of a package. A release decides only where both sides know it.
    pub(super) fn entries<'a>(&'a self, ecosystem: &'a Ecosystem, name: &str) -> impl Iterator<Item = &'a Entry> {
        let wanted = ecosystem.release();
        let same_release = move |entry: &&Entry| match (wanted, entry.release.as_deref()) {
            (Some(wanted), Some(release)) => wanted == release,
            _ => true,
        };
        self.entries.get(&key(ecosystem, name)).into_iter().flatten().filter(same_release)
    }
}

/// The records that count: of each id the latest, every one of them where the time is the same.
fn latest(mut advisories: Vec<Advisory>) -> Vec<Advisory> {
    advisories.sort_by(|a, b| a.id.cmp(&b.id).then(b.modified.cmp(&a.modified)));
    let mut current: Vec<Advisory> = Vec::with_capacity(advisories.len());
    for advisory in advisories {
        match current.last() {
            Some(kept) if kept.id == advisory.id && kept.modified != advisory.modified => {}
            _ => current.push(advisory),
        }
    }
    current
}

/// The ecosystem without its release, and the name as the ecosystem compares names.
fn key(ecosystem: &Ecosystem, name: &str) -> (Ecosystem, String) {
    match ecosystem {
        Ecosystem::PyPi => (Ecosystem::PyPi, normalise_pypi(name)),
        other => (other.any_release(), name.to_owned()),
    }
}

/// PEP 503: lower case, and every run of `-`, `_` and `.` is one `-`.
fn normalise_pypi(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for char in name.chars() {
        match char {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            _ => normal.push(char.to_ascii_lowercase()),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::format::osv;

    fn record(value: &serde_json::Value) -> Advisory {
        osv::read(value.to_string().as_bytes()).unwrap()
    }

    fn names(feed: &Feed, ecosystem: &str, name: &str) -> Vec<String> {
        let ecosystem = Ecosystem::from(ecosystem);
        let mut names: Vec<_> = feed
            .entries(&ecosystem, name)
            .map(|entry| feed.vulnerabilities[entry.vulnerability].name.clone())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn python_names_are_normalised() {
        // PEP 503.
        for name in
            ["friendly-bard", "Friendly-Bard", "FRIENDLY-BARD", "friendly.bard", "friendly_bard", "FrIeNdLy-._.-bArD"]
        {
            assert_eq!(normalise_pypi(name), "friendly-bard");
        }
        let feed = Feed::new(vec![record(&json!({ "id": "PYSEC-1", "affected": [
            { "package": { "ecosystem": "PyPI", "name": "friendly-bard" } },
        ] }))]);
        assert_eq!(names(&feed, "PyPI", "Friendly_Bard"), ["PYSEC-1"]);
        assert!(names(&feed, "npm", "friendly-bard").is_empty());
    }

    #[test]
    fn a_release_decides_where_both_know_it() {
        let affected = |release: &str| json!({ "package": { "ecosystem": release, "name": "openssl" } });
        let feed = Feed::new(vec![
            record(&json!({ "id": "A-11", "affected": [affected("Debian:11")] })),
            record(&json!({ "id": "A-12", "affected": [affected("Debian:12")] })),
            record(&json!({ "id": "A-any", "affected": [affected("Debian")] })),
        ]);
        assert_eq!(names(&feed, "Debian:12", "openssl"), ["A-12", "A-any"]);
        assert_eq!(names(&feed, "Debian", "openssl"), ["A-11", "A-12", "A-any"]);
        assert!(names(&feed, "Debian:12", "Openssl").is_empty());

        let feed = Feed::new(vec![
            record(&json!({ "id": "R-8", "affected": [affected("Red Hat:enterprise_linux:8::baseos")] })),
            record(&json!({ "id": "R-9", "affected": [affected("Red Hat:rhel_eus:9.2::baseos")] })),
        ]);
        assert_eq!(names(&feed, "Red Hat:9.4", "openssl"), ["R-9"]);
        assert_eq!(names(&feed, "Red Hat", "openssl"), ["R-8", "R-9"]);
        assert!(names(&feed, "AlmaLinux:9", "openssl").is_empty());
    }

    #[test]
    fn the_latest_record_counts_and_withdrawn_ones_are_silent() {
        let version = |modified: &str, name: &str, withdrawn: Option<&str>| {
            record(&json!({ "id": "X-1", "modified": modified, "withdrawn": withdrawn, "aliases": ["CVE-2020-1"],
                "affected": [{ "package": { "ecosystem": "npm", "name": name } }] }))
        };
        let old = version("2020-01-01T00:00:00Z", "old", None);
        let new = version("2021-01-01T00:00:00Z", "new", None);
        let gone = version("2022-01-01T00:00:00Z", "new", Some("2022-01-01T00:00:00Z"));
        for records in [[&old, &new], [&new, &old]] {
            let feed = Feed::new(records.into_iter().cloned().collect());
            assert_eq!((names(&feed, "npm", "old"), names(&feed, "npm", "new")), (vec![], vec!["CVE-2020-1".into()]));
            assert_eq!(feed.withdrawn, 0);
        }
        let feed = Feed::new(vec![gone, new, old]);
        assert!(names(&feed, "npm", "new").is_empty() && feed.vulnerabilities.is_empty());
        assert_eq!(feed.withdrawn, 1);
    }
}
