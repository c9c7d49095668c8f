//! Advisories, ready to be asked: indexed by package, versions read once.
//!
//! Invariants: withdrawn records say nothing; of two records with one id the later counts; nothing here depends
//! on the order of the records.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::format::osv::{Advisory, Affected, Event, RangeKind, VulnerableCode};
use crate::model::ecosystem::Ecosystem;
use crate::model::ecosystem::version_order::VersionOrder;
use crate::model::finding::Severity;
use crate::scanner::alias::Names;
use crate::scanner::matching::{Listed, Timeline, covers_everything};
use crate::scanner::version;

/// A set of advisories.
#[derive(Debug, Default)]
pub struct Feed {
    records: Vec<Record>,
    /// The severity of each vulnerability that a record of this very id states for it, whatever package it is about.
    severities: BTreeMap<String, Severity>,
    entries: BTreeMap<(Ecosystem, String), Vec<Entry>>,
    /// Which ecosystems the records name, with the release where they name one.
    named: BTreeMap<Ecosystem, BTreeSet<Option<String>>>,
    /// Packages of ecosystems that the schema does not know, by name: records and what they call the ecosystem.
    strange: BTreeMap<String, Vec<(usize, Ecosystem)>>,
    totals: Totals,
}

/// What a feed holds. It changes with every day, so it is told and never compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records.
    pub read: usize,
    /// Of them withdrawn.
    pub withdrawn: usize,
    /// Ids that have several records which are not the same.
    pub repeated: Vec<String>,
    /// What lies in the feed and is not a record, in words.
    pub unread: Vec<String>,
    /// Names of ecosystems that the schema does not know, with how many packages are called so.
    pub unknown_ecosystems: BTreeMap<String, usize>,
}

/// One record as a whole.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) names: Names,
    pub(super) severity: Severity,
    pub(super) unread_ratings: Vec<String>,
}

/// What one record says of one package.
#[derive(Debug)]
pub(super) struct Entry {
    /// Place in the feed's records.
    record: usize,
    /// The release of the distribution, where the record names one.
    release: Option<String>,
    pub(super) timelines: Vec<Timeline>,
    pub(super) listed: Listed,
    /// A range covers every version there is.
    pub(super) covers_everything: bool,
    /// Ranges that decide nothing, and why.
    pub(super) passed_over: Vec<String>,
    /// It has ranges in the order of the ecosystem, which is not known.
    pub(super) unordered: bool,
    /// It has ranges of commits.
    pub(super) has_commits: bool,
    pub(super) severity: Severity,
    pub(super) unread_ratings: Vec<String>,
    pub(super) fixed: Vec<String>,
    pub(super) code: Vec<VulnerableCode>,
}

impl Feed {
    /// Indexes advisories.
    pub fn new(advisories: Vec<Advisory>) -> Self {
        let read = advisories.len();
        let (mut current, repeated) = latest(advisories);
        let all = current.len();
        current.retain(|advisory| advisory.withdrawn.is_none());
        let withdrawn = all - current.len();

        let mut feed = Self { totals: Totals { read, withdrawn, repeated, ..Totals::default() }, ..Self::default() };
        for advisory in current {
            let record = feed.records.len();
            let names = Names::of(&advisory);
            if !names.is_bundle() && advisory.severity > Severity::Unknown {
                let stated = feed.severities.entry(advisory.id.clone()).or_default();
                *stated = advisory.severity.max(*stated);
            }
            for affected in advisory.affected {
                feed.add(&advisory.id, record, affected);
            }
            feed.records.push(Record { names, severity: advisory.severity, unread_ratings: advisory.unread_ratings });
        }
        feed
    }

    /// The same, with what else lies in the feed, in words.
    #[must_use]
    pub fn beside(mut self, unread: Vec<String>) -> Self {
        self.totals.unread = unread;
        self
    }

    /// How many records count; those of unknown ecosystems and of bare repositories too.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing is known, so that a scan would find nothing whatever it is given.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// What it holds.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    pub(super) fn record(&self, entry: &Entry) -> &Record {
        &self.records[entry.record]
    }

    /// The severity that the record of an id states for it.
    pub(super) fn severity_of(&self, id: &str) -> Severity {
        self.severities.get(id).copied().unwrap_or_default()
    }

    /// Records that name a package so in an ecosystem that the schema does not know.
    pub(super) fn strange(&self, name: &str) -> impl Iterator<Item = (&str, &Ecosystem)> {
        let named = self.strange.get(name).into_iter().flatten();
        named.map(|(record, ecosystem)| (self.records[*record].names.id(), ecosystem))
    }

    fn add(&mut self, id: &str, record: usize, affected: Affected) {
        let Some(package) = affected.package else { return };
        if package.ecosystem.row().is_none() {
            *self.totals.unknown_ecosystems.entry(package.ecosystem.to_string()).or_default() += 1;
            self.strange.entry(package.name.clone()).or_default().push((record, package.ecosystem.clone()));
        }
        // Without an order only the listed versions decide; the scan says so of the packages.
        let order = version::order_of(&package.ecosystem).ok();
        let key = key(&package.ecosystem, &package.name);
        let release = package.ecosystem.release().map(Cow::into_owned);
        self.named.entry(key.0.clone()).or_default().insert(release.clone());
        let mut entry = Entry {
            record,
            release,
            timelines: Vec::new(),
            listed: Listed::new(order, &affected.versions),
            covers_everything: false,
            passed_over: Vec::new(),
            unordered: false,
            has_commits: false,
            severity: affected.severity,
            unread_ratings: affected.unread_ratings,
            fixed: Vec::new(),
            code: affected.code.into_iter().collect(),
        };
        for range in &affected.ranges {
            let order = match range.kind {
                // The order of such a range is its own, whatever that of the ecosystem is.
                RangeKind::Semver => Some(order.map_or(VersionOrder::SemVer, VersionOrder::semver)),
                RangeKind::Ecosystem => order,
                RangeKind::Git => {
                    entry.has_commits = true;
                    continue;
                }
            };
            entry.covers_everything |= covers_everything(&range.events);
            match order.map(|order| Timeline::new(order, &range.events)) {
                None => entry.unordered = true,
                Some(Ok(timeline)) => entry.timelines.push(timeline),
                Some(Err(error)) => {
                    entry.passed_over.push(format!("a range of `{id}` for `{}` is passed over: {error}", package.name))
                }
            }
            entry.fixed.extend(range.events.iter().filter_map(|event| match event {
                Event::Fixed(version) => Some(version.clone()),
                _ => None,
            }));
        }
        self.entries.entry(key).or_default().push(entry);
    }

    /// Whether any record is about packages of an ecosystem, and of its release where records name such: else nothing could be found of it.
    pub(super) fn names(&self, ecosystem: &Ecosystem) -> bool {
        let Some(releases) = self.named.get(&ecosystem.any_release()) else { return false };
        match ecosystem.release().filter(|_| ecosystem.has_releases()) {
            Some(release) => releases.iter().all(Option::is_none) || releases.contains(&Some(release.into_owned())),
            None => true,
        }
    }

    /// Everything that is said of a package. A release decides only where both sides know it.
    pub(super) fn entries<'a>(&'a self, ecosystem: &'a Ecosystem, name: &str) -> impl Iterator<Item = &'a Entry> {
        let wanted = ecosystem.release();
        let same_release = move |entry: &&Entry| match (wanted.as_deref(), entry.release.as_deref()) {
            (Some(wanted), Some(release)) => wanted == release,
            _ => true,
        };
        self.entries.get(&key(ecosystem, name)).into_iter().flatten().filter(same_release)
    }
}

/// The records that count, of each id the latest, every one of them where the time is the same; and the ids that have
/// several which are not the same.
fn latest(mut advisories: Vec<Advisory>) -> (Vec<Advisory>, Vec<String>) {
    advisories.sort_by(|a, b| a.id.cmp(&b.id).then(b.modified.cmp(&a.modified)));
    let mut current: Vec<Advisory> = Vec::with_capacity(advisories.len());
    let mut repeated: Vec<String> = Vec::new();
    for advisory in advisories {
        // The same record from two places, say an archive and the folder that it was unpacked to.
        let same = current.iter().rev().take_while(|kept| kept.id == advisory.id).any(|kept| *kept == advisory);
        if same {
            continue;
        }
        match current.last() {
            Some(kept) if kept.id == advisory.id => {
                if repeated.last() != Some(&advisory.id) {
                    repeated.push(advisory.id.clone());
                }
                if kept.modified == advisory.modified {
                    current.push(advisory);
                }
            }
            _ => current.push(advisory),
        }
    }
    (current, repeated)
}

/// The ecosystem without its release, and the name as the ecosystem compares names.
fn key(ecosystem: &Ecosystem, name: &str) -> (Ecosystem, String) {
    (ecosystem.any_release(), ecosystem.comparable_name(name).into_owned())
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
        let mut names: Vec<_> =
            feed.entries(&ecosystem, name).map(|entry| feed.record(entry).names.id().to_owned()).collect();
        names.sort();
        names
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
    fn an_ecosystem_is_named_with_its_release() {
        let of = |named: &[&str]| {
            let affected = named.iter().map(|name| json!({ "package": { "ecosystem": name, "name": "a" } }));
            Feed::new(vec![record(&json!({ "id": "A", "affected": affected.collect::<Vec<_>>() }))])
        };
        for (feed, asked, is_named) in [
            (&["Debian:12"][..], "Debian:12", true),
            (&["Debian:12"], "Debian:99", false),
            (&["Debian:12"], "Debian", true),
            (&["Debian:12"], "npm", false),
            (&["Debian"], "Debian:99", true),
            // One record for all releases does not make the others name this one.
            (&["Debian", "Debian:12"], "Debian:99", false),
            (&["Ubuntu:24.04:LTS"], "Ubuntu:24.04", true),
            (&["Red Hat:enterprise_linux:9::baseos"], "Red Hat:9.4", true),
            (&["Red Hat:enterprise_linux:9::baseos"], "Red Hat:8.4", false),
            (&["Maven:https://maven.example"], "Maven", true),
            (&["Maven", "Maven:https://maven.example"], "Maven:https://own.example", true),
        ] {
            assert_eq!(of(feed).names(&Ecosystem::from(asked)), is_named, "{feed:?} {asked}");
        }
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
            assert_eq!((names(&feed, "npm", "old"), names(&feed, "npm", "new")), (vec![], vec!["X-1".into()]));
            assert_eq!((feed.totals.withdrawn, feed.totals.repeated.as_slice()), (0, &["X-1".to_owned()][..]));
        }
        let feed = Feed::new(vec![gone, new, old]);
        assert!(names(&feed, "npm", "new").is_empty() && feed.is_empty());
        assert_eq!(feed.totals.withdrawn, 1);
    }
}
