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

fn keyed<K: Ord, T: Ord>(all: Vec<T>, key: impl Fn(&T) -> K) -> Keyed<K, T> {
    let mut by_key = Keyed::new();
    for entry in all {
        by_key.entry(key(&entry)).or_insert_with(BTreeSet::new).insert(entry);
    }
    by_key
}

#[cfg(test)]
mod tests {
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
        }
    }

    fn of_findings(findings: &[Finding]) -> Semantics {
        Semantics::from_parts(None, Some(findings.to_vec()), None, None)
    }

    #[test]
    fn every_field_of_a_finding_counts() {
        let changes: [fn(&mut Finding); 9] = [
            |f| f.key.cve_id.push('0'),
            |f| f.key.affected.push('0'),
            |f| _ = f.aliases.insert("GHSA-1".into()),
            |f| f.package.push('0'),
            |f| f.version.push('0'),
            |f| f.severity = Severity::Critical,
            |f| _ = f.fixed_versions.insert("2".into()),
            |f| f.reachability = Reachability::Reachable,
            |f| f.vex_status = Some(VexStatus::Affected),
        ];
        for (i, change) in changes.iter().enumerate() {
            let mut changed = finding();
            change(&mut changed);
            assert!(!semantically_equal(&of_findings(&[finding()]), &of_findings(&[changed])), "change {i}");
        }
    }

    #[test]
    fn every_field_of_a_package_counts() {
        let changes: [fn(&mut Package); 6] = [
            |p| p.name.push('0'),
            |p| p.version.push('0'),
            |p| p.purl = "pkg:npm/log@1".parse().ok(),
            |p| p.ecosystem = Ecosystem::pypi(),
            |p| _ = p.licenses.insert("MIT".into()),
            |p| p.source = Some(SourcePackage { name: "log".into(), version: "1".into() }),
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
        assert!(semantically_equal(&of(&["1", "2"]), &of(&["2", "1", "2"])));
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
        fn order_and_repetition_do_not_matter((packages, findings, vex) in parts(), by in 0_usize..6) {
            fn turn<T: Clone>(all: &Option<Vec<T>>, by: usize) -> Option<Vec<T>> {
                all.clone().map(|mut all| {
                    all.extend(all.first().cloned());
                    let by = by % all.len().max(1);
                    all.rotate_left(by);
                    all.reverse();
                    all
                })
            }
            let turned = Semantics::from_parts(turn(&packages, by), turn(&findings, by), turn(&vex, by), None);
            prop_assert_eq!(Semantics::from_parts(packages, findings, vex, None), turned);
        }
    }
}
