//! Generators for property tests: results from a small world, so that two of them often share keys.

use std::collections::BTreeSet;

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use crate::model::decision::Decision;
use crate::model::ecosystem::Ecosystem;
use crate::model::finding::{Finding, FindingKey, Reachability, Severity};
use crate::model::package::{Package, SourcePackage};
use crate::model::vex::{VexStatement, VexStatus};

/// The parts that [`crate::compare::semantic::Semantics`] is made of.
pub(super) type Parts = (Option<Vec<Package>>, Option<Vec<Finding>>, Option<Vec<VexStatement>>);

const NAMES: [&str; 3] = ["alpha", "beta", "gamma"];
const VERSIONS: [&str; 3] = ["1.0", "1.1", "2.0"];
const IDS: [&str; 4] = ["CVE-2024-1", "CVE-2024-2", "GHSA-a", "GHSA-b"];

fn pick<const N: usize>(of: [&'static str; N]) -> impl Strategy<Value = String> {
    (0..N).prop_map(move |i| of[i].to_owned())
}

fn purl(name: &str, version: &str) -> String {
    format!("pkg:npm/{name}@{version}")
}

fn package() -> impl Strategy<Value = Package> {
    let licenses = btree_set(pick(["MIT", "Apache-2.0"]), 0..2);
    let source = option::weighted(0.2, pick(NAMES));
    (pick(NAMES), pick(VERSIONS), any::<bool>(), licenses, source).prop_map(
        |(name, version, has_purl, licenses, source)| Package {
            purl: has_purl.then(|| purl(&name, &version).parse().unwrap()),
            name,
            source: source.map(|name| SourcePackage { name, version: version.clone() }),
            details: BTreeSet::new(),
            version,
            ecosystem: Ecosystem::npm(),
            licenses,
        },
    )
}

pub(super) fn severity() -> impl Strategy<Value = Severity> {
    use Severity::{Critical, High, Low, Medium, None, Unknown};
    prop_oneof![Just(Unknown), Just(None), Just(Low), Just(Medium), Just(High), Just(Critical)]
}

fn status() -> impl Strategy<Value = VexStatus> {
    use VexStatus::{Affected, Fixed, NotAffected, UnderInvestigation};
    prop_oneof![Just(NotAffected), Just(Affected), Just(Fixed), Just(UnderInvestigation)]
}

fn finding() -> impl Strategy<Value = Finding> {
    let reachability =
        prop_oneof![Just(Reachability::Reachable), Just(Reachability::Unreachable), Just(Reachability::Unknown)];
    let sets = (btree_set(pick(IDS), 0..2), btree_set(pick(VERSIONS), 0..2));
    (pick(IDS), pick(NAMES), pick(VERSIONS), severity(), reachability, option::of(status()), sets).prop_map(
        |(cve_id, package, version, severity, reachability, vex_status, (aliases, fixed_versions))| Finding {
            key: FindingKey { cve_id, affected: purl(&package, &version) },
            aliases,
            package,
            version,
            severity,
            fixed_versions,
            reachability,
            vex_status,
            details: BTreeSet::new(),
        },
    )
}

fn statement() -> impl Strategy<Value = VexStatement> {
    let justification = option::of(pick(["code_not_present", "code_not_reachable"]));
    (pick(IDS), pick(NAMES), status(), justification).prop_map(|(vulnerability, product, status, justification)| {
        VexStatement { vulnerability, product, status, justification, details: BTreeSet::new() }
    })
}

pub(super) fn parts() -> impl Strategy<Value = Parts> {
    (
        option::weighted(0.9, vec(package(), 0..6)),
        option::weighted(0.9, vec(finding(), 0..6)),
        option::weighted(0.9, vec(statement(), 0..4)),
    )
}

pub(super) fn decision() -> impl Strategy<Value = Decision> {
    (any::<bool>(), btree_set(pick(["a", "b", "c"]), 0..3)).prop_map(|(passed, reasons)| Decision { passed, reasons })
}
