//! What a scan says aloud: everything that it could not order, match or decide.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::package::{Ecosystem, Package};
use crate::scanner::feed::Feed;
use crate::scanner::version::VersionError;

/// Notes, collected without order and without repeats.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Why the ranges of an ecosystem decide nothing, and how many packages that concerns.
    unknown_ecosystems: BTreeMap<String, usize>,
    no_version: usize,
    /// Distributions of which the release is not known, and how many packages that concerns.
    no_release: BTreeMap<String, usize>,
    single: BTreeSet<String>,
}

impl Notes {
    pub(super) fn unknown_ecosystem(&mut self, why: String) {
        *self.unknown_ecosystems.entry(why).or_default() += 1;
    }

    pub(super) fn no_version(&mut self) {
        self.no_version += 1;
    }

    pub(super) fn no_release(&mut self, distribution: &Ecosystem) {
        *self.no_release.entry(distribution.to_string()).or_default() += 1;
    }

    pub(super) fn unordered(&mut self, package: &Package, error: &VersionError) {
        self.single.insert(format!("`{}` is matched by listed versions alone: {error}", package.key()));
    }

    pub(super) fn no_semver(&mut self, text: &str) {
        self.single
            .insert(format!("`{text}` is not compared with ranges of type SEMVER: it is not a semantic version"));
    }

    pub(super) fn passed_over(&mut self, ranges: &[String]) {
        self.single.extend(ranges.iter().cloned());
    }

    /// The notes, sorted.
    pub(super) fn finish(self, feed: &Feed) -> Vec<String> {
        let mut notes = self.single;
        for (why, count) in self.unknown_ecosystems {
            notes.insert(format!("{} matched by listed versions alone: {why}", packages(count)));
        }
        if self.no_version > 0 {
            notes.insert(format!("{} not matched: no version", packages(self.no_version)));
        }
        for (distribution, count) in self.no_release {
            let packages = packages(count);
            notes.insert(format!("{packages} matched with every {distribution} release: theirs is not known"));
        }
        match feed.withdrawn {
            0 => {}
            1 => _ = notes.insert("1 withdrawn advisory is passed over".to_owned()),
            count => _ = notes.insert(format!("{count} withdrawn advisories are passed over")),
        }
        notes.into_iter().collect()
    }
}

fn packages(count: usize) -> String {
    if count == 1 { "1 package is".to_owned() } else { format!("{count} packages are") }
}
