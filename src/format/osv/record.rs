//! A record as a value: what a database says of one vulnerability.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::ecosystem::Ecosystem;
use crate::model::finding::Severity;

/// One record: a vulnerability as one database describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advisory {
    /// Its id in that database.
    pub id: String,
    /// When it was last changed; of two records with one id the later counts.
    pub modified: Option<Timestamp>,
    /// When it was withdrawn: it no longer says anything.
    pub withdrawn: Option<Timestamp>,
    /// Ids of the same vulnerability in other databases; symmetric and transitive.
    pub aliases: BTreeSet<String>,
    /// Ids of the vulnerabilities upstream that a distribution's record is about.
    pub upstream: BTreeSet<String>,
    /// Ids of similar vulnerabilities, which are others.
    pub related: BTreeSet<String>,
    /// One line for people.
    pub summary: String,
    /// The strongest severity stated for the whole record; of one that reports malicious code the strongest there is.
    pub severity: Severity,
    /// Ratings of the whole record that cannot be read, shortened.
    pub unread_ratings: Vec<String>,
    /// What is affected.
    pub affected: Vec<Affected>,
}

/// One affected package of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    /// The package; records of bare repositories have none.
    pub package: Option<AffectedPackage>,
    /// The strongest severity stated for this package.
    pub severity: Severity,
    /// Ratings for this package that cannot be read, shortened.
    pub unread_ratings: Vec<String>,
    /// Affected ranges.
    pub ranges: Vec<Range>,
    /// Affected versions, one by one.
    pub versions: Vec<String>,
    /// The vulnerable code, where the record names it.
    pub code: BTreeSet<VulnerableCode>,
}

/// The name of an affected package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AffectedPackage {
    /// Its ecosystem, with the release of a distribution.
    pub ecosystem: Ecosystem,
    /// Its name there; the source package's for distributions.
    pub name: String,
    /// Its package URL without a version, as written.
    pub purl: Option<String>,
}

/// A timeline of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// In which order its versions stand.
    pub kind: RangeKind,
    /// The events, as written.
    pub events: Vec<Event>,
}

/// In which order the versions of a range stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum RangeKind {
    /// Semantic Versioning 2.0.0.
    Semver,
    /// The ecosystem's own order.
    Ecosystem,
    /// A commit graph, which a scanner of packages cannot see.
    Git,
}

/// What happens at a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The vulnerability comes in; `0` is before every version.
    Introduced(String),
    /// It is fixed.
    Fixed(String),
    /// The last version that is known to have it.
    LastAffected(String),
    /// The range says nothing from here on; `*` is after every version.
    Limit(String),
}

impl Event {
    /// The schema's word for what happens, and the version at which it does.
    pub(crate) fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Introduced(version) => ("introduced", version),
            Self::Fixed(version) => ("fixed", version),
            Self::LastAffected(version) => ("last_affected", version),
            Self::Limit(version) => ("limit", version),
        }
    }
}

/// Vulnerable code that a record names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum VulnerableCode {
    /// Symbols of an import path (Go: `Func`, `Type.Method`); none means any symbol of it.
    Import {
        /// The import path.
        path: String,
        /// Its vulnerable symbols.
        symbols: BTreeSet<String>,
    },
    /// A function by its whole path (Rust: `crate::Type::method`).
    Function(String),
}
