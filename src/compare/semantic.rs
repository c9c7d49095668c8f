//! What a result means, apart from how it is written.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::model::decision::Decision;
use crate::model::finding::{Finding, FindingKey};
use crate::model::package::Package;
use crate::model::vex::VexStatement;

/// Entries by what identifies them, sorted below each key. Nearly always one per key; a package in two places, or two results at
/// one place, are two, and none is dropped.
pub(super) type Keyed<K, T> = BTreeMap<K, Vec<T>>;

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
    /// What documents say that is none of these parts, a line for each, sorted.
    pub(super) facts: Vec<String>,
}

impl Semantics {
    /// Joins parts in any order; a part that several documents hold is given as one list of all. How often a package or a
    /// finding stands there counts; a VEX statement says nothing more when it is said twice.
    pub fn from_parts(
        packages: Option<Vec<Package>>,
        findings: Option<Vec<Finding>>,
        vex: Option<Vec<VexStatement>>,
        decision: Option<Decision>,
    ) -> Self {
        Self {
            packages: packages.map(|all| keyed(all, Package::key)),
            findings: findings.map(|all| keyed(all, |finding| finding.key.clone())),
            vex: vex.map(|mut all| {
                all.sort();
                all.dedup();
                keyed(all, |vex| (vex.vulnerability.clone(), vex.product.clone()))
            }),
            decision,
            facts: Vec::new(),
        }
    }

    /// The same with what documents say besides, a line for each; how often counts.
    #[must_use]
    pub fn with_facts(self, mut facts: Vec<String>) -> Self {
        facts.sort();
        Self { facts, ..self }
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

    /// The same result with this decision, where it has none of its own.
    #[must_use]
    pub fn with_decision(self, decision: Option<Decision>) -> Self {
        Self { decision: self.decision.or(decision), ..self }
    }

    /// Whether a document spoke of findings, be it to say that there are none.
    pub fn has_findings(&self) -> bool {
        self.findings.is_some()
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

pub(super) fn keyed<K: Ord, T: Ord>(mut all: Vec<T>, key: impl Fn(&T) -> K) -> Keyed<K, T> {
    all.sort();
    let mut by_key: Keyed<K, T> = Keyed::new();
    for entry in all {
        by_key.entry(key(&entry)).or_default().push(entry);
    }
    by_key
}

/// What of two sorted lists only the first holds, and only the second, each as often as it has more of it.
pub(super) fn apart<'a, T: Ord>(one: &'a [T], other: &'a [T]) -> (Vec<&'a T>, Vec<&'a T>) {
    let (mut only_one, mut only_other) = (Vec::new(), Vec::new());
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    loop {
        match (one.peek(), other.peek()) {
            (Some(a), Some(b)) => match a.cmp(b) {
                Ordering::Less => only_one.extend(one.next()),
                Ordering::Greater => only_other.extend(other.next()),
                Ordering::Equal => _ = (one.next(), other.next()),
            },
            (Some(_), None) => only_one.extend(one.next()),
            (None, Some(_)) => only_other.extend(other.next()),
            (None, None) => return (only_one, only_other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::compare::arbitrary::parts;
    use crate::model::ecosystem::Ecosystem;
    use crate::model::finding::{Reachability, Severity};
    use crate::model::package::SourcePackage;
    use crate::model::vex::VexStatus;

    fn package(version: &str) -> Package {
        Package {
            name: "log".into(),
            version: version.into(),
            purl: None,
            ecosystem: Ecosystem::npm(),
            licenses: BTreeSet::new(),
            source: None,
            details: BTreeSet::new(),
        }
    }

    fn finding() -> Finding {
        Finding {
            key: FindingKey { cve_id: "CVE-2024-1".into(), affected: "log@1".into() },
            aliases: BTreeSet::new(),
            package: "log".into(),
            version: "1".into(),
            severity: Severity::High,
            fixed_versions: BTreeSet::new(),
            reachability: Reachability::Unknown,
            vex_status: None,
            details: BTreeSet::new(),
        }
    }

    fn of_findings(findings: &[Finding]) -> Semantics {
        Semantics::from_parts(None, Some(findings.to_vec()), None, None)
    }

    #[test]
    fn every_field_of_a_finding_counts() {
        let changes: [fn(&mut Finding); 10] = [
            |f| f.key.cve_id.push('0'),
            |f| f.key.affected.push('0'),
            |f| _ = f.aliases.insert("GHSA-1".into()),
            |f| f.package.push('0'),
            |f| f.version.push('0'),
            |f| f.severity = Severity::Critical,
            |f| _ = f.fixed_versions.insert("2".into()),
            |f| f.reachability = Reachability::Reachable,
            |f| f.vex_status = Some(VexStatus::Affected),
            |f| _ = f.details.insert("message: m".into()),
        ];
        for (i, change) in changes.iter().enumerate() {
            let mut changed = finding();
            change(&mut changed);
            assert!(!semantically_equal(&of_findings(&[finding()]), &of_findings(&[changed])), "change {i}");
        }
    }

    #[test]
    fn every_field_of_a_package_counts() {
        let changes: [fn(&mut Package); 7] = [
            |p| p.name.push('0'),
            |p| p.version.push('0'),
            |p| p.purl = "pkg:npm/log@1".parse().ok(),
            |p| p.ecosystem = Ecosystem::pypi(),
            |p| _ = p.licenses.insert("MIT".into()),
            |p| p.source = Some(SourcePackage { name: "log".into(), version: "1".into() }),
            |p| _ = p.details.insert("type: file".into()),
        ];
        let of = |package| Semantics::from_parts(Some(vec![package]), None, None, None);
        for (i, change) in changes.iter().enumerate() {
            let mut changed = package("1");
            change(&mut changed);
            assert!(!semantically_equal(&of(package("1")), &of(changed)), "change {i}");
        }
    }

    #[test]
    fn a_package_may_stand_in_several_versions() {
        let of = |versions: &[&str]| {
            Semantics::from_parts(Some(versions.iter().map(|version| package(version)).collect()), None, None, None)
        };
        assert!(semantically_equal(&of(&["1", "2"]), &of(&["2", "1"])));
        assert!(!semantically_equal(&of(&["1", "2"]), &of(&["2", "1", "2"])), "one of two copies is gone");
        assert!(!semantically_equal(&of(&["1", "2"]), &of(&["2"])));
    }

    #[test]
    fn no_document_is_not_an_empty_one() {
        assert!(!semantically_equal(&of_findings(&[]), &Semantics::default()));
        assert!(Semantics::default().is_unknown());
        assert!(!of_findings(&[]).is_unknown());
    }

    proptest! {
        #[test]
        fn order_does_not_matter((packages, findings, vex) in parts(), by in 0_usize..6) {
            fn turn<T: Clone>(all: &Option<Vec<T>>, by: usize) -> Option<Vec<T>> {
                all.clone().map(|mut all| {
                    let by = by % all.len().max(1);
                    all.rotate_left(by);
                    all.reverse();
                    all
                })
            }
            let turned = Semantics::from_parts(turn(&packages, by), turn(&findings, by), turn(&vex, by), None);
            prop_assert_eq!(Semantics::from_parts(packages, findings, vex, None), turned);
        }

        #[test]
        fn how_often_a_finding_or_package_stands_there_counts((packages, findings, vex) in parts()) {
            fn doubled<T: Clone>(all: &Option<Vec<T>>) -> Option<Vec<T>> {
                all.clone().map(|mut all| {
                    all.extend(all.first().cloned());
                    all
                })
            }
            let once = Semantics::from_parts(packages.clone(), findings.clone(), vex.clone(), None);
            let again = Semantics::from_parts(packages.clone(), findings.clone(), doubled(&vex), None);
            prop_assert_eq!(&once, &again);
            let is_empty = packages.iter().all(Vec::is_empty) && findings.iter().all(Vec::is_empty);
            let again = Semantics::from_parts(doubled(&packages), doubled(&findings), vex, None);
            prop_assert_eq!(once == again, is_empty);
        }
    }
}
