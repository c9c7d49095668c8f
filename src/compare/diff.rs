//! What differs between two results, most important first, cut to what a person reads in two minutes.
//!
//! Laws: empty exactly when the meanings are equal (but for a part that is missing on one side and empty on the
//! other, which only the list of artifacts shows); swapping the sides swaps every direction and every before/after.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::compare::flip_reason::{FlipReasons, fields};
use crate::compare::semantic::{Keyed, Semantics, apart};
use crate::model::comparison::diff::{
    ArtifactChange, DecisionChange, DiffSummary, Direction, FieldChange, FindingFlip, PackageChange, Top, VexChange,
};
use crate::model::decision::Decision;
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
pub(super) struct Pair<'a, K, T> {
    key: &'a K,
    pub(super) before: &'a [T],
    pub(super) after: &'a [T],
}

fn direction(nothing_before: bool, nothing_after: bool) -> Direction {
    match (nothing_before, nothing_after) {
        (true, _) => Direction::Appeared,
        (false, true) => Direction::Disappeared,
        (false, false) => Direction::Changed,
    }
}

/// Every key whose entries differ, in order.
pub(super) fn differing<'a, K: Ord, T: Ord>(
    before: &'a Option<Keyed<K, T>>,
    after: &'a Option<Keyed<K, T>>,
) -> impl Iterator<Item = Pair<'a, K, T>> {
    let keys: BTreeSet<&K> = before.iter().chain(after).flat_map(BTreeMap::keys).collect();
    keys.into_iter().filter_map(move |key| {
        let side = |keyed: &'a Option<Keyed<K, T>>| {
            keyed.as_ref().and_then(|keyed| keyed.get(key)).map_or(&[][..], Vec::as_slice)
        };
        let (before, after) = (side(before), side(after));
        (before != after).then_some(Pair { key, before, after })
    })
}

fn flips(before: &Semantics, after: &Semantics) -> Vec<FindingFlip> {
    let why = FlipReasons::new(before, after);
    let severity = |side: &[&Finding]| side.iter().map(|finding| finding.severity).max();
    let mut flips: Vec<(Severity, FindingFlip)> = differing(&before.findings, &after.findings)
        .map(|pair| {
            // Of several at one place those that both sides have did not flip.
            let (gone, new) = apart(pair.before, pair.after);
            let (was, is) = (severity(&gone), severity(&new));
            let flip = FindingFlip {
                cve_id: pair.key.cve_id.clone(),
                affected_purl: pair.key.affected.clone(),
                direction: direction(gone.is_empty(), new.is_empty()),
                severity: was.or(is).unwrap_or_default(),
                changes: changes(&gone, &new),
                why: why.explain(&gone, &new, pair.before.len() - gone.len()),
                cause: None,
            };
            (was.max(is).unwrap_or_default(), flip)
        })
        .collect();
    // Stable: within a severity the order of the keys stays.
    flips.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    flips.into_iter().map(|(_, flip)| flip).collect()
}

fn changes(before: &[&Finding], after: &[&Finding]) -> Vec<FieldChange> {
    let sides = fields(before).into_iter().zip(fields(after));
    sides
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| FieldChange { field: field.to_owned(), before, after })
        .collect()
}

/// Packages grouped by name and ecosystem, so that an upgrade is one change and not two.
fn packages(before: &Semantics, after: &Semantics) -> Vec<PackageChange> {
    type Groups<'a> = BTreeMap<(&'a str, String), [Vec<&'a Package>; 2]>;
    let mut groups = Groups::new();
    for (side, semantics) in [before, after].into_iter().enumerate() {
        for package in semantics.packages() {
            groups.entry((&package.name, package.ecosystem.to_string())).or_default()[side].push(package);
        }
    }
    groups
        .into_iter()
        .filter_map(|((name, _), [mut before, mut after])| {
            before.sort();
            after.sort();
            let (gone, new) = apart(&before, &after);
            if gone.is_empty() && new.is_empty() {
                return None;
            }
            let (was, is) = (versions(&before), versions(&after));
            // Where the versions agree, what differs is said behind them.
            let (was, is) = if was == is { (described(&gone, &new), described(&new, &gone)) } else { (was, is) };
            Some(PackageChange {
                name: name.to_owned(),
                direction: direction(before.is_empty(), after.is_empty()),
                before: was,
                after: is,
            })
        })
        .collect()
}

fn versions(packages: &[&Package]) -> Vec<String> {
    let versions: BTreeSet<&str> = packages.iter().map(|package| package.version.as_str()).collect();
    versions.into_iter().map(str::to_owned).collect()
}

/// Packages with all that is known of them; of the details those that none of `other` has.
fn described(packages: &[&&Package], other: &[&&Package]) -> Vec<String> {
    // Gathered once: very many packages may have one name.
    let others: HashSet<&String> = other.iter().flat_map(|package| &package.details).collect();
    let describe = |package: &&&Package| {
        let purl = package.purl.as_ref().map(ToString::to_string);
        let licenses = (!package.licenses.is_empty())
            .then(|| format!("licences {}", package.licenses.iter().cloned().collect::<Vec<_>>().join(", ")));
        let source = package.source.as_ref().map(|source| format!("source {} {}", source.name, source.version));
        let own = package.details.iter().filter(|detail| !others.contains(detail)).cloned();
        let details: Vec<String> = [purl, licenses, source].into_iter().flatten().chain(own).collect();
        let details = if details.is_empty() { "no purl, licence or source".to_owned() } else { details.join("; ") };
        format!("{} ({details})", package.version)
    };
    packages.iter().map(describe).collect()
}

fn vex(before: &Semantics, after: &Semantics) -> Vec<VexChange> {
    differing(&before.vex, &after.vex)
        .map(|pair| {
            let [mut before, mut after] = [stated(pair.before, &[]), stated(pair.after, &[])];
            if before == after {
                // Where the statuses agree, what differs is said behind them.
                let (gone, new) = apart(pair.before, pair.after);
                (before, after) = (stated(gone.iter().copied(), &new), stated(new.iter().copied(), &gone));
            }
            VexChange { vulnerability: pair.key.0.clone(), product: pair.key.1.clone(), before, after }
        })
        .collect()
}

/// What statements say; with those of the other side given, in what detail they differ from them.
fn stated<'a>(side: impl IntoIterator<Item = &'a VexStatement>, other: &[&VexStatement]) -> Option<String> {
    let others: HashSet<&String> = other.iter().flat_map(|statement| &statement.details).collect();
    let statements: Vec<String> = side
        .into_iter()
        .map(|statement| {
            let details = statement.details.iter().filter(|detail| !other.is_empty() && !others.contains(detail));
            let behind: Vec<&str> = statement.justification.iter().chain(details).map(String::as_str).collect();
            if behind.is_empty() {
                statement.status.to_string()
            } else {
                format!("{} ({})", statement.status, behind.join("; "))
            }
        })
        .collect();
    (!statements.is_empty()).then(|| statements.join(", "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compare::arbitrary::{Parts, decision, parts};
    use crate::model::ecosystem::Ecosystem;
    use crate::model::vex::VexStatus;

    fn semantics((packages, findings, vex): Parts, decision: Option<Decision>) -> Semantics {
        Semantics::from_parts(packages, findings, vex, decision)
    }

    /// The same with every part there: what a part lacks and what it holds nothing of looks the same in a summary.
    fn complete(of: &Semantics) -> Semantics {
        let Semantics { packages, findings, vex, decision, facts } = of.clone();
        Semantics {
            packages: packages.or_else(|| Some(Keyed::new())),
            findings: findings.or_else(|| Some(Keyed::new())),
            vex: vex.or_else(|| Some(Keyed::new())),
            decision,
            facts,
        }
    }

    fn swapped(direction: Direction) -> Direction {
        match direction {
            Direction::Appeared => Direction::Disappeared,
            Direction::Disappeared => Direction::Appeared,
            Direction::Changed => Direction::Changed,
        }
    }

    fn summary(before: &Semantics, after: &Semantics) -> DiffSummary {
        summarize(before, after, Vec::new(), usize::MAX)
    }

    /// Whoever writes a document decides how many packages of one name stand in it. Were each compared with each, this would be
    /// ten thousand million comparisons, and would not end.
    #[test]
    fn very_many_packages_and_statements_of_one_name_are_not_compared_each_with_each() {
        const MANY: usize = 100_000;
        let package = |turn: usize| Package {
            name: "a".into(),
            version: "1".into(),
            purl: "pkg:npm/a@1".parse().ok(),
            ecosystem: Ecosystem::npm(),
            licenses: BTreeSet::new(),
            source: None,
            details: [format!("MD5: {turn:032x}"), "type: library".to_owned()].into(),
        };
        let statement = |turn: usize| VexStatement {
            vulnerability: "CVE-2024-1".into(),
            product: "pkg:npm/a@1".into(),
            status: VexStatus::Affected,
            justification: None,
            details: [format!("notes: {turn}")].into(),
        };
        let of = |from: usize| {
            let packages = (from..from + MANY).map(package).collect();
            let statements = (from..from + MANY).map(statement).collect();
            Semantics::from_parts(Some(packages), None, Some(statements), None)
        };
        let summary = summary(&of(0), &of(MANY));
        assert_eq!(summary.packages.shown[0].before.len(), MANY);
        assert!(summary.packages.shown[0].before.iter().all(|text| text.contains("MD5") && !text.contains("library")));
        assert_eq!(summary.vex.shown.len(), 1);
    }

    proptest! {
        #[test]
        fn empty_exactly_when_equal(a in parts(), b in parts(), d in decision(), e in decision(), same: bool) {
            let before = semantics(a, Some(d.clone()));
            let after = if same { semantics(b, Some(d)) } else { semantics(b, Some(e)) };
            prop_assert!(summary(&before, &before).is_empty());
            prop_assert_eq!(summary(&before, &after).is_empty(), complete(&before) == complete(&after));
        }

        #[test]
        fn swapping_the_sides_swaps_every_direction(a in parts(), b in parts(), d in decision()) {
            let (before, after) = (semantics(a, Some(d)), semantics(b, None));
            let (there, back) = (summary(&before, &after), summary(&after, &before));
            prop_assert_eq!(there.findings.shown.len(), back.findings.shown.len());
            for (one, other) in there.findings.shown.iter().zip(&back.findings.shown) {
                prop_assert_eq!((&one.cve_id, &one.affected_purl), (&other.cve_id, &other.affected_purl));
                prop_assert_eq!(one.direction, swapped(other.direction));
                let turned: Vec<_> = other.changes.iter().cloned().map(|change| FieldChange {
                    field: change.field, before: change.after, after: change.before,
                }).collect();
                prop_assert_eq!(&one.changes, &turned);
                prop_assert!(!one.why.is_empty());
            }
            prop_assert_eq!(there.packages.shown.len(), back.packages.shown.len());
            for (one, other) in there.packages.shown.iter().zip(&back.packages.shown) {
                prop_assert_eq!((&one.name, &one.before, &one.after), (&other.name, &other.after, &other.before));
                prop_assert_eq!(one.direction, swapped(other.direction));
                prop_assert_ne!(&one.before, &one.after);
            }
            prop_assert_eq!(there.vex.shown.len(), back.vex.shown.len());
            for (one, other) in there.vex.shown.iter().zip(&back.vex.shown) {
                prop_assert_eq!((&one.before, &one.after), (&other.after, &other.before));
                prop_assert_ne!(&one.before, &one.after);
            }
            let (there, back) = (there.decision.unwrap(), back.decision.unwrap());
            prop_assert_eq!((there.before, there.reasons_added), (back.after, back.reasons_removed));
        }

        #[test]
        fn cutting_counts_what_it_omits(a in parts(), b in parts(), top in 0_usize..4) {
            let (before, after) = (semantics(a, None), semantics(b, None));
            let (all, cut) = (summary(&before, &after), summarize(&before, &after, Vec::new(), top));
            prop_assert_eq!(cut.findings.total(), all.findings.total());
            prop_assert_eq!(cut.packages.total(), all.packages.total());
            prop_assert_eq!(cut.vex.total(), all.vex.total());
            prop_assert!(all.findings.shown.starts_with(&cut.findings.shown));
            prop_assert!(cut.findings.shown.len() <= top);
        }

        #[test]
        fn the_most_severe_come_first(a in parts(), b in parts()) {
            let (before, after) = (semantics(a, None), semantics(b, None));
            let greatest = |flip: &FindingFlip| {
                let both = before.findings().chain(after.findings());
                both.filter(|f| f.key.cve_id == flip.cve_id && f.key.affected == flip.affected_purl)
                    .map(|f| f.severity).max()
            };
            prop_assert!(summary(&before, &after).findings.shown.is_sorted_by_key(|flip| std::cmp::Reverse(greatest(flip))));
        }
    }

    #[test]
    fn packages_are_compared_by_name_with_all_their_versions() {
        let package = |name: &str, version: &str, license: &str| Package {
            name: name.into(),
            version: version.into(),
            purl: None,
            ecosystem: Ecosystem::npm(),
            licenses: [license.into()].into(),
            source: None,
            details: BTreeSet::new(),
        };
        let before = vec![
            package("both", "1", "MIT"),
            package("both", "2", "MIT"),
            package("gone", "1", "MIT"),
            package("licence", "1", "MIT"),
            package("same", "1", "MIT"),
        ];
        let after = vec![
            package("both", "2", "MIT"),
            package("both", "3", "MIT"),
            package("licence", "1", "GPL-3.0"),
            package("new", "1", "MIT"),
            package("same", "1", "MIT"),
        ];
        let of = |packages| Semantics::from_parts(Some(packages), None, None, None);
        let changes = summary(&of(before), &of(after)).packages.shown;
        let seen: Vec<_> = changes
            .iter()
            .map(|change| {
                (change.name.as_str(), change.direction.code(), change.before.join(" "), change.after.join(" "))
            })
            .collect();
        let expected = [
            ("both", "changed", "1 2", "2 3"),
            ("gone", "disappeared", "1", ""),
            ("licence", "changed", "1 (licences MIT)", "1 (licences GPL-3.0)"),
            ("new", "appeared", "", "1"),
        ];
        assert_eq!(seen, expected.map(|(name, direction, was, is)| (name, direction, was.to_owned(), is.to_owned())));
    }
}
