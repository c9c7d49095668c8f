//! What a reader of packages collects, before it is put in order.

use std::collections::{BTreeMap, BTreeSet};

use crate::format::licenses;
use crate::model::package::Package;

/// An entry of an inventory that is not taken as it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Skipped {
    /// The entry, as the document names it.
    pub what: String,
    /// The reason, with the line or field where the format has one.
    pub why: String,
    /// Whether it is a package of others of which nothing can be known now. Else it is the project's own, not installed, or kept in
    /// another form.
    pub is_lost: bool,
}

/// What a parser collects: packages in any order, as often as the document names them.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) packages: Vec<Package>,
    /// What is listed and is not a package to a scan: an operating system, firmware, a file, what the document is about.
    pub(crate) others: Vec<Package>,
    pub(crate) skipped: Vec<Skipped>,
}

impl Listing {
    pub(crate) fn skip(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.skipped.push(Skipped { what: what.into(), why: why.into(), is_lost: false });
    }

    /// A package, or a list of them, that is left out although it counts.
    pub(crate) fn lose(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.skipped.push(Skipped { what: what.into(), why: why.into(), is_lost: true });
    }

    /// All that is listed, for a comparison: as often as it stands there, sorted, with licences by what they say.
    pub(crate) fn compared(self) -> Vec<Package> {
        let mut all: Vec<Package> = self.packages.into_iter().chain(self.others).collect();
        for package in &mut all {
            package.licenses =
                std::mem::take(&mut package.licenses).iter().map(|text| licenses::canonical(text)).collect();
        }
        all.sort();
        all
    }

    /// The packages for a scan: each once, without what only a comparison looks at.
    pub(crate) fn distinct(&mut self) -> Vec<Package> {
        let mut packages = std::mem::take(&mut self.packages);
        packages.iter_mut().for_each(|package| package.details.clear());
        distinct(packages)
    }
}

/// Sorts packages and joins those that differ in nothing but the licences stated.
pub(crate) fn distinct(packages: Vec<Package>) -> Vec<Package> {
    let mut licenses: BTreeMap<Package, BTreeSet<String>> = BTreeMap::new();
    for mut package in packages {
        let stated = std::mem::take(&mut package.licenses);
        licenses.entry(package).or_default().extend(stated);
    }
    licenses.into_iter().map(|(package, licenses)| Package { licenses, ..package }).collect()
}
