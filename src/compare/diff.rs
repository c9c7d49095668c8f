//! What differs between two results, most important first, cut to what a person reads in two minutes.
//!
//! Laws: empty exactly when the meanings are equal (but for a part that is missing on one side and empty on the
//! other, which only the list of artifacts shows); swapping the sides swaps every direction and every before/after.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::semantic::{Keyed, Semantics};
use crate::compare::why::{Why, fields};
use crate::model::decision::Decision;
use crate::model::diff::{
    ArtifactChange, DecisionChange, DiffSummary, Direction, FieldChange, FindingFlip, PackageChange, Top, VexChange,
};
use crate::model::finding::{Finding, Severity};
use crate::model::package::Package;
use crate::model::vex::VexStatement;

/// Summarises what differs; of findings, packages and VEX statements the first `top` each.
///
/// Findings are sorted by severity (the greater of both sides, the most severe first), then by key; packages by name;
/// VEX statements by vulnerability and product. No cause is given: that takes more than two results.
pub fn summarize(before: &Semantics, after: &Semantics, artifacts: Vec<ArtifactChange>, top: usize) -> DiffSummary {
    DiffSummary {
        findings: Top::first(top, flips(before, after)),
        packages: Top::first(top, packages(before, after)),
        vex: Top::first(top, vex(before, after)),
        decision: decision_change(before.decision(), after.decision()),
        artifacts,
    }
}

/// What differs between two decisions, if anything does.
///
/// For scans without a decision of their own, whose decisions are not part of their [`Semantics`].
pub fn decision_change(before: Option<&Decision>, after: Option<&Decision>) -> Option<DecisionChange> {
    if before == after {
        return None;
    }
    let only_in = |one: Option<&Decision>, other: Option<&Decision>| {
        let of_other = |reason: &&String| other.is_some_and(|other| other.reasons.contains(*reason));
        let reasons = one.into_iter().flat_map(|one| &one.reasons);
        reasons.filter(|reason| !of_other(reason)).cloned().collect()
    };
    Some(DecisionChange {
        before: before.map(|decision| decision.verdict().to_owned()),
        after: after.map(|decision| decision.verdict().to_owned()),
        reasons_added: only_in(after, before),
        reasons_removed: only_in(before, after),
    })
}

/// The entries of one key on both sides, where they differ.
struct Pair<'a, K, T> {
    key: &'a K,
    before: &'a BTreeSet<T>,
    after: &'a BTreeSet<T>,
}

impl<K, T> Pair<'_, K, T> {
    fn direction(&self) -> Direction {
        direction(self.before.is_empty(), self.after.is_empty())
    }
}

fn direction(nothing_before: bool, nothing_after: bool) -> Direction {
    match (nothing_before, nothing_after) {
        (true, _) => Direction::Appeared,
        (false, true) => Direction::Disappeared,
        (false, false) => Direction::Changed,
    }
}

/// Every key whose entries differ, in order.
fn differing<'a, K: Ord, T: Ord>(
    before: &'a Option<Keyed<K, T>>,
    after: &'a Option<Keyed<K, T>>,
) -> impl Iterator<Item = Pair<'a, K, T>> {
    let keys: BTreeSet<&K> = before.iter().chain(after).flat_map(BTreeMap::keys).collect();
    keys.into_iter().filter_map(move |key| {
        let side = |keyed: &'a Option<Keyed<K, T>>| keyed.as_ref().and_then(|keyed| keyed.get(key));
        let (before, after) = (side(before), side(after));
        let none = const { &BTreeSet::new() };
        (before != after).then(|| Pair { key, before: before.unwrap_or(none), after: after.unwrap_or(none) })
    })
}

fn flips(before: &Semantics, after: &Semantics) -> Vec<FindingFlip> {
    let why = Why::new(before, after);
    let severity = |side: &BTreeSet<Finding>| side.iter().map(|finding| finding.severity).max();
    let mut flips: Vec<(Severity, FindingFlip)> = differing(&before.findings, &after.findings)
        .map(|pair| {
            let (was, is) = (severity(pair.before), severity(pair.after));
            let flip = FindingFlip {
                cve_id: pair.key.cve_id.clone(),
                affected_purl: pair.key.affected.clone(),
                direction: pair.direction(),
                severity: was.or(is).unwrap_or_default(),
                changes: changes(pair.before, pair.after),
                why: why.explain(pair.before, pair.after),
                cause: None,
            };
            (was.max(is).unwrap_or_default(), flip)
        })
        .collect();
    // Stable: within a severity the order of the keys stays.
    flips.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    flips.into_iter().map(|(_, flip)| flip).collect()
}

fn changes(before: &BTreeSet<Finding>, after: &BTreeSet<Finding>) -> Vec<FieldChange> {
    let sides = fields(before).into_iter().zip(fields(after));
    sides
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| FieldChange { field: field.to_owned(), before, after })
        .collect()
}

/// Packages grouped by name and ecosystem, so that an upgrade is one change and not two.
fn packages(before: &Semantics, after: &Semantics) -> Vec<PackageChange> {
    type Groups<'a> = BTreeMap<(&'a str, String), [BTreeSet<&'a Package>; 2]>;
    let mut groups = Groups::new();
    for (side, semantics) in [before, after].into_iter().enumerate() {
        for package in semantics.packages() {
            groups.entry((&package.name, package.ecosystem.to_string())).or_default()[side].insert(package);
        }
    }
    let differing = groups.into_iter().filter(|(_, [before, after])| before != after);
    differing
        .map(|((name, _), [before, after])| {
            let (was, is) = (versions(&before), versions(&after));
            // Where the versions agree, what differs is said behind them.
            let (was, is) =
                if was == is { (described(&before, &after), described(&after, &before)) } else { (was, is) };
            PackageChange {
                name: name.to_owned(),
                direction: direction(before.is_empty(), after.is_empty()),
                before: was,
                after: is,
            }
        })
        .collect()
}

fn versions(packages: &BTreeSet<&Package>) -> Vec<String> {
    let versions: BTreeSet<&str> = packages.iter().map(|package| package.version.as_str()).collect();
    versions.into_iter().map(str::to_owned).collect()
}

/// The packages that `other` lacks, with all that is known of them.
fn described(packages: &BTreeSet<&Package>, other: &BTreeSet<&Package>) -> Vec<String> {
    let describe = |package: &&Package| {
        let purl = package.purl.as_ref().map(ToString::to_string);
        let licenses = (!package.licenses.is_empty())
            .then(|| format!("licences {}", package.licenses.iter().cloned().collect::<Vec<_>>().join(", ")));
        let source = package.source.as_ref().map(|source| format!("source {} {}", source.name, source.version));
        let details: Vec<String> = [purl, licenses, source].into_iter().flatten().collect();
        let details = if details.is_empty() { "no purl, licence or source".to_owned() } else { details.join("; ") };
        format!("{} ({details})", package.version)
    };
    packages.difference(other).map(describe).collect()
}

fn vex(before: &Semantics, after: &Semantics) -> Vec<VexChange> {
    let text = |side: &BTreeSet<VexStatement>| {
        let statements: Vec<String> = side
            .iter()
            .map(|statement| match &statement.justification {
                Some(justification) => format!("{} ({justification})", statement.status),
                None => statement.status.to_string(),
            })
            .collect();
        (!statements.is_empty()).then(|| statements.join(", "))
    };
    differing(&before.vex, &after.vex)
        .map(|pair| VexChange {
            vulnerability: pair.key.0.clone(),
            product: pair.key.1.clone(),
            before: text(pair.before),
            after: text(pair.after),
        })
        .collect()
}
