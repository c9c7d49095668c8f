//! What a scan could not order, match or decide: as data, and in words.
//!
//! Invariants: each gap is told once, whatever the order of the inputs; what is told in words says where all of it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::model::ecosystem::Ecosystem;
use crate::model::package::Package;
use crate::scanner::feed::Totals;
use crate::scanner::version::VersionError;

/// How many gaps of one kind are told one by one.
const SHOWN: usize = 3;

/// The file that holds all of them.
pub const COVERAGE: &str = "coverage.json";

/// How much a note matters, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Something that lists packages was not read.
    Unread,
    /// An advisory about an installed package was not evaluated.
    NotEvaluated,
    /// A package was not compared, or not wholly.
    NotCompared,
    /// An entry of an inventory is not a package that can be compared.
    LeftOut,
    /// Something to know of the feed, or of what was read.
    Told,
}

/// One thing to know, in words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// How much it matters.
    pub weight: Weight,
    /// What there is to know.
    pub text: String,
}

impl Note {
    /// Makes one.
    pub fn new(weight: Weight, text: impl Into<String>) -> Self {
        Self { weight, text: text.into() }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An advisory about an installed package that could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotEvaluated {
    /// The id of the record.
    pub advisory: String,
    /// The key of the package.
    pub package: String,
    /// Why.
    pub why: String,
}

/// A package that was not compared, or not wholly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotCompared {
    /// The key of the package.
    pub package: String,
    /// Why.
    pub why: String,
}

/// Everything that a scan could not decide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gaps {
    /// Advisories about installed packages.
    pub advisories: BTreeSet<NotEvaluated>,
    /// Packages.
    pub packages: BTreeSet<NotCompared>,
    /// Why the ranges of an ecosystem decide nothing, and how many packages that concerns.
    unknown_ecosystems: BTreeMap<String, usize>,
    /// Ecosystems, with their releases, that no record of the feed names, and how many packages are of them.
    not_in_feed: BTreeMap<String, usize>,
    no_version: usize,
    unordered: BTreeSet<String>,
    /// Distributions of which the release is not known, and how many packages that concerns.
    no_release: BTreeMap<String, usize>,
    ratings: BTreeSet<(String, String)>,
}

impl Gaps {
    pub(super) fn not_evaluated(&mut self, id: &str, package: &Package, why: String) {
        self.advisories.insert(NotEvaluated { advisory: id.to_owned(), package: package.key(), why });
    }

    pub(super) fn unknown_ecosystem(&mut self, package: &Package, why: String) {
        self.packages.insert(NotCompared { package: package.key(), why: why.clone() });
        *self.unknown_ecosystems.entry(why).or_default() += 1;
    }

    pub(super) fn not_in_feed(&mut self, package: &Package) {
        let ecosystem = package.ecosystem.to_string();
        let why = format!("no record of the feed is about `{ecosystem}`");
        self.packages.insert(NotCompared { package: package.key(), why });
        *self.not_in_feed.entry(ecosystem).or_default() += 1;
    }

    pub(super) fn no_version(&mut self, package: &Package) {
        self.packages.insert(NotCompared { package: package.key(), why: "it has no version".to_owned() });
        self.no_version += 1;
    }

    pub(super) fn no_release(&mut self, distribution: &Ecosystem) {
        *self.no_release.entry(distribution.to_string()).or_default() += 1;
    }

    pub(super) fn unordered(&mut self, package: &Package, error: &VersionError) {
        self.packages.insert(NotCompared { package: package.key(), why: error.to_string() });
        self.unordered.insert(format!("`{}` is matched by listed versions alone: {error}", package.key()));
    }

    pub(super) fn unread_rating(&mut self, id: &str, rating: &str) {
        self.ratings.insert((id.to_owned(), rating.to_owned()));
    }

    /// The same in words, the weightiest first.
    pub(super) fn notes(&self, totals: &Totals) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut told = |weight, text: String| notes.push(Note::new(weight, text));
        for gap in self.advisories.iter().take(SHOWN) {
            let NotEvaluated { advisory, package, why } = gap;
            told(Weight::NotEvaluated, format!("`{advisory}` about `{package}` is not evaluated: {why}"));
        }
        if let Some(more) = self.advisories.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            told(Weight::NotEvaluated, format!("{more} more advisories are not evaluated: all are in `{COVERAGE}`"));
        }
        for (ecosystem, count) in &self.not_in_feed {
            let text =
                format!("{} compared with nothing: no record of the feed is about `{ecosystem}`", packages(*count));
            told(Weight::NotCompared, text);
        }
        for (why, count) in &self.unknown_ecosystems {
            told(Weight::NotCompared, format!("{} matched by listed versions alone: {why}", packages(*count)));
        }
        if self.no_version > 0 {
            told(
                Weight::NotCompared,
                format!("{} matched only with what affects every version: no version", packages(self.no_version)),
            );
        }
        for text in self.unordered.iter().take(SHOWN) {
            told(Weight::NotCompared, text.clone());
        }
        if let Some(more) = self.unordered.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            told(
                Weight::NotCompared,
                format!("{more} more packages are matched by listed versions alone: all are in `{COVERAGE}`"),
            );
        }
        for (distribution, count) in &self.no_release {
            let packages = packages(*count);
            told(Weight::Told, format!("{packages} matched with every {distribution} release: theirs is not known"));
        }
        for (id, rating) in self.ratings.iter().take(SHOWN) {
            told(Weight::Told, format!("a severity of `{id}` is not read: `{rating}`"));
        }
        if let Some(more) = self.ratings.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            told(Weight::Told, format!("{more} more severities are not read: their records are in the feed"));
        }
        told_of_feed(totals, told);
        notes.sort();
        notes
    }
}

fn told_of_feed(totals: &Totals, mut told: impl FnMut(Weight, String)) {
    totals.unread.iter().for_each(|what| told(Weight::Unread, what.clone()));
    if let Some(more) = totals.unknown_ecosystems.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        told(Weight::Told, format!("{more} more names of ecosystems in the feed are not known to the OSV schema"));
    }
    for (ecosystem, count) in totals.unknown_ecosystems.iter().take(SHOWN) {
        let likely = Ecosystem::from(ecosystem.as_str()).likely();
        let likely = likely.map(|name| format!("; `{name}` may be meant")).unwrap_or_default();
        let packages = if *count == 1 {
            "1 package of the feed is".to_owned()
        } else {
            format!("{count} packages of the feed are")
        };
        told(
            Weight::Told,
            format!("{packages} of ecosystem `{ecosystem}`, which the OSV schema does not know{likely}"),
        );
    }
    match totals.repeated.as_slice() {
        [] => {}
        [id] => told(Weight::Told, format!("`{id}` has several records in the feed: the latest counts")),
        [first, others @ ..] => told(
            Weight::Told,
            format!(
                "`{first}` and {} more ids have several records in the feed: the latest of each counts",
                others.len()
            ),
        ),
    }
    match totals.withdrawn {
        0 => {}
        1 => told(Weight::Told, "1 withdrawn advisory is passed over".to_owned()),
        count => told(Weight::Told, format!("{count} withdrawn advisories are passed over")),
    }
}

fn packages(count: usize) -> String {
    if count == 1 { "1 package is".to_owned() } else { format!("{count} packages are") }
}
