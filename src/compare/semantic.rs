//! What a result means, apart from how it is written.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::decision::Decision;
use crate::model::finding::{Finding, FindingKey};
use crate::model::package::Package;
use crate::model::vex::VexStatement;

/// Entries by what identifies them. Nearly always one per key; documents that contradict themselves have more, and
/// none is dropped.
pub(super) type Keyed<K, T> = BTreeMap<K, BTreeSet<T>>;

/// What identifies a VEX statement: vulnerability and product.
pub(super) type VexKey = (String, String);

/// The meaning of a result, gathered from its documents.
///
/// A part is `None` where no document speaks of it: no findings document is not the same as no findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Semantics {
    pub(super) packages: Option<Keyed<String, Package>>,
    pub(super) findings: Option<Keyed<FindingKey, Finding>>,
    pub(super) vex: Option<Keyed<VexKey, VexStatement>>,
    pub(super) decision: Option<Decision>,
}

impl Semantics {
    /// Joins parts in any order; a part that several documents hold is given as one list of all.
    pub fn from_parts(
        packages: Option<Vec<Package>>,
        findings: Option<Vec<Finding>>,
        vex: Option<Vec<VexStatement>>,
        decision: Option<Decision>,
    ) -> Self {
        Self {
            packages: packages.map(|all| keyed(all, Package::key)),
            findings: findings.map(|all| keyed(all, |finding| finding.key.clone())),
            vex: vex.map(|all| keyed(all, |vex| (vex.vulnerability.clone(), vex.product.clone()))),
            decision,
        }
    }

    /// Every package, sorted.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().flat_map(BTreeMap::values).flatten()
    }

    /// Every finding, sorted by its key.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().flat_map(BTreeMap::values).flatten()
    }

    /// Every VEX statement, sorted.
    pub fn vex(&self) -> impl Iterator<Item = &VexStatement> {
        self.vex.iter().flat_map(BTreeMap::values).flatten()
    }

    /// The decision that came with the result.
    pub fn decision(&self) -> Option<&Decision> {
        self.decision.as_ref()
    }

    /// Whether no document with a known meaning spoke of anything.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether two results mean the same: every field of every package, finding, VEX statement and of the decision.
pub fn semantically_equal(a: &Semantics, b: &Semantics) -> bool {
    a == b
}

fn keyed<K: Ord, T: Ord>(all: Vec<T>, key: impl Fn(&T) -> K) -> Keyed<K, T> {
    let mut by_key = Keyed::new();
    for entry in all {
        by_key.entry(key(&entry)).or_insert_with(BTreeSet::new).insert(entry);
    }
    by_key
}
