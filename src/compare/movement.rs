//! What was gained and what was lost between two results.
//!
//! Invariant: what is not surely a gain is a loss. Absent: what is allowed; a gate says that.

use std::collections::BTreeSet;

use crate::compare::diff::differing;
use crate::compare::semantic::{Keyed, Semantics, apart};
use crate::model::comparison::movement::Movement;
use crate::model::decision::Decision;
use crate::model::finding::{Finding, LISTS, Reachability, Severity};
use crate::model::vex::{VexStatement, VexStatus};

/// What moved from `before` to `after`, which have their decisions; `unknown` where something else differs that nobody
/// can read.
pub fn between(before: &Semantics, after: &Semantics, unknown: bool) -> Movement {
    let mut movement = Movement { unknown, ..Movement::default() };
    for (before, after) in pairs(&before.findings, &after.findings) {
        // Of several at one place those that both sides have say nothing of the others.
        let (gone, new) = apart(before, after);
        match (gone.is_empty(), new.is_empty()) {
            (true, _) => movement.appeared += 1,
            (_, true) => movement.disappeared += 1,
            _ if is_weaker(before, after) => movement.weakened += 1,
            _ => movement.updated += 1,
        }
    }
    let packages =
        pairs(&before.packages, &after.packages).filter(|(before, after)| !apart(before, after).0.is_empty());
    // A new statement takes a finding back where it excuses one that was there before, or where nobody can say that none was.
    let was_there = |statement: &VexStatement| {
        let findings = before.findings.as_ref();
        findings.is_none_or(|known| known.keys().any(|key| key.cve_id == statement.vulnerability))
    };
    let takes_back = |statement: &VexStatement| alarm(statement.status) == 0 && was_there(statement);
    let vex = pairs(&before.vex, &after.vex).filter(|(before, after)| match before.is_empty() {
        true => after.iter().any(takes_back),
        false => excuses(before, after),
    });
    let facts = apart(&before.facts, &after.facts).0;
    movement.other_lost = (packages.count() + vex.count() + facts.len()) as u64;
    movement.decision_changed = !decides_alike(before.decision(), after.decision());
    movement
}

/// The entries of every key whose entries differ.
fn pairs<'a, K: Ord, T: Ord>(
    before: &'a Option<Keyed<K, T>>,
    after: &'a Option<Keyed<K, T>>,
) -> impl Iterator<Item = (&'a [T], &'a [T])> {
    differing(before, after).map(|pair| (pair.before, pair.after))
}

/// Whether less is said of a finding. Of several entries the strongest counts, and none may go.
fn is_weaker(before: &[Finding], after: &[Finding]) -> bool {
    let severity = |side: &[Finding]| side.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Unknown);
    let reachable = |side: &[Finding]| side.iter().map(|finding| reach(finding.reachability)).max().unwrap_or(0);
    let concern = |side: &[Finding]| side.iter().map(|finding| finding.vex_status.map_or(1, alarm)).max().unwrap_or(0);
    let has_fix = |side: &[Finding]| side.iter().any(|finding| !finding.fixed_versions.is_empty());
    let about = |side: &[Finding]| -> BTreeSet<(String, String)> {
        side.iter().map(|finding| (finding.package.clone(), finding.version.clone())).collect()
    };
    let details = |side: &[Finding]| -> BTreeSet<String> {
        side.iter().flat_map(|finding| finding.details.iter().cloned()).collect()
    };
    let (had, has) = (details(before), details(after));
    severity(after) < severity(before)
        || reachable(after) < reachable(before)
        || concern(after) < concern(before)
        || (has_fix(before) && !has_fix(after))
        || !about(after).is_superset(&about(before))
        || !says_more(&had, &has)
        || after.len() < before.len()
}

/// Whether what is added to details can only say more: one more of what is a list. Anything else that was not said before, such as a
/// rank, a scope or that nobody need look at it, may take the finding back.
fn says_more(before: &BTreeSet<String>, after: &BTreeSet<String>) -> bool {
    let is_of_a_list = |new: &String| new.split_once(": ").is_some_and(|(name, _)| LISTS.contains(&name));
    after.is_superset(before) && after.difference(before).all(is_of_a_list)
}

fn reach(reachability: Reachability) -> u8 {
    match reachability {
        Reachability::Unreachable => 0,
        Reachability::Unknown => 1,
        Reachability::Reachable => 2,
    }
}

fn alarm(status: VexStatus) -> u8 {
    match status {
        VexStatus::NotAffected | VexStatus::Fixed => 0,
        VexStatus::UnderInvestigation => 1,
        VexStatus::Affected => 2,
    }
}

/// Whether statements that were there excuse more than they did, or are gone.
fn excuses(before: &[VexStatement], after: &[VexStatement]) -> bool {
    let loudest = |side: &[VexStatement]| side.iter().map(|statement| alarm(statement.status)).max();
    let details = |side: &[VexStatement]| -> BTreeSet<String> {
        side.iter().flat_map(|statement| statement.details.iter().cloned()).collect()
    };
    after.len() < before.len() || loudest(after) < loudest(before) || !says_more(&details(before), &details(after))
}

/// The same verdict, and every reason that stood is still one.
fn decides_alike(before: Option<&Decision>, after: Option<&Decision>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => before.passed == after.passed && after.reasons.is_superset(&before.reasons),
        (before, after) => before == after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ecosystem::Ecosystem;
    use crate::model::finding::FindingKey;
    use crate::model::package::Package;

    fn finding(cve: &str) -> Finding {
        Finding {
            key: FindingKey { cve_id: cve.into(), affected: "log@1".into() },
            aliases: BTreeSet::new(),
            package: "log".into(),
            version: "1".into(),
            severity: Severity::High,
            fixed_versions: BTreeSet::from(["2".to_owned()]),
            reachability: Reachability::Unknown,
            vex_status: Some(VexStatus::UnderInvestigation),
            details: BTreeSet::new(),
        }
    }

    fn moved(before: &[Finding], after: &[Finding]) -> Movement {
        let of = |all: &[Finding]| Semantics::from_parts(None, Some(all.to_vec()), None, None);
        between(&of(before), &of(after), false)
    }

    #[test]
    fn more_is_a_gain_and_less_is_a_loss() {
        let (one, two) = (finding("CVE-1"), finding("CVE-2"));
        let gained = moved(std::slice::from_ref(&one), &[one.clone(), two.clone()]);
        assert_eq!((gained.appeared, gained.nothing_lost()), (1, true));
        let lost = moved(&[one.clone(), two], &[one]);
        assert_eq!((lost.disappeared, lost.nothing_lost()), (1, false));
    }

    #[test]
    fn each_field_says_more_or_less() {
        type Change = fn(&mut Finding);
        let changes: [(Change, bool); 10] = [
            (|f| f.severity = Severity::Critical, true),
            (|f| f.severity = Severity::Medium, false),
            (|f| f.severity = Severity::Unknown, false),
            (|f| f.fixed_versions = BTreeSet::from(["2.0.1".to_owned()]), true),
            (|f| f.fixed_versions.clear(), false),
            (|f| f.reachability = Reachability::Reachable, true),
            (|f| f.reachability = Reachability::Unreachable, false),
            (|f| f.vex_status = Some(VexStatus::NotAffected), false),
            (|f| _ = f.aliases.insert("GHSA-1".into()), true),
            (|f| f.version.push('0'), false),
        ];
        for (i, (change, holds)) in changes.into_iter().enumerate() {
            let mut changed = finding("CVE-1");
            change(&mut changed);
            let movement = moved(&[finding("CVE-1")], &[changed]);
            assert_eq!(movement.nothing_lost(), holds, "change {i}: {movement:?}");
            assert_eq!((movement.updated, movement.weakened), (u64::from(holds), u64::from(!holds)), "change {i}");
        }
    }

    /// Named regression: a statement where there was none counted as no loss, whatever it excused.
    #[test]
    fn a_new_statement_that_excuses_what_was_known_is_a_loss() {
        let vex = |of: &[(&str, VexStatus)]| -> Vec<VexStatement> {
            let statement = |(cve, status): &(&str, VexStatus)| VexStatement {
                vulnerability: (*cve).into(),
                product: "log@1".into(),
                status: *status,
                justification: None,
                details: BTreeSet::new(),
            };
            of.iter().map(statement).collect()
        };
        let of = |findings: &[&str], statements: &[(&str, VexStatus)]| {
            let findings = findings.iter().map(|cve| finding(cve)).collect();
            Semantics::from_parts(None, Some(findings), Some(vex(statements)), None)
        };
        let known = of(&["CVE-1"], &[]);
        let lost = |after: &Semantics| !between(&known, after, false).nothing_lost();
        assert!(lost(&of(&["CVE-1"], &[("CVE-1", VexStatus::NotAffected)])));
        assert!(lost(&of(&["CVE-1"], &[("CVE-1", VexStatus::Fixed)])));
        assert!(!lost(&of(&["CVE-1"], &[("CVE-1", VexStatus::Affected)])));
        assert!(!lost(&of(&["CVE-1", "CVE-2"], &[("CVE-2", VexStatus::NotAffected)])));
        let alone = |of: &[_]| Semantics::from_parts(None, None, Some(vex(of)), None);
        assert!(!between(&alone(&[]), &alone(&[("CVE-1", VexStatus::Fixed)]), false).nothing_lost());
    }

    /// Named regression: a `rank` of 0 where there was none was a newer advisory.
    #[test]
    fn what_a_finding_did_not_say_before_may_take_it_back() {
        let with = |details: &[&str]| {
            let details = details.iter().map(ToString::to_string).collect();
            [Finding { details, ..finding("CVE-1") }]
        };
        let known = with(&["message: m", "id: GHSA-1"]);
        let holds = |after: &[&str]| moved(&known, &with(after)).nothing_lost();
        for more in ["id: GHSA-2", "alias: A", "weakness: CWE-1", "also at: b.js:1", "exploited: CVE-1"] {
            assert!(holds(&["message: m", "id: GHSA-1", more]), "{more}");
        }
        let takes_back = [
            "rank: 0",
            "kind: open",
            "baseline: unchanged",
            "scope: optional",
            "fix: wont-fix",
            "suppressed: x",
            "level",
        ];
        for more in takes_back {
            assert!(!holds(&["message: m", "id: GHSA-1", more]), "{more}");
        }
        assert!(!holds(&["message: m", "id: GHSA-2"]) && !holds(&["message: n", "id: GHSA-1"]));
        let statement = |details: &[&str]| {
            let details = details.iter().map(ToString::to_string).collect();
            let (vulnerability, product) = ("CVE-1".into(), "log@1".into());
            let said =
                VexStatement { vulnerability, product, status: VexStatus::Affected, justification: None, details };
            Semantics::from_parts(None, None, Some(vec![said]), None)
        };
        let holds = |after: &[&str]| between(&statement(&["action: a"]), &statement(after), false).nothing_lost();
        assert!(holds(&["action: a", "id: GHSA-1"]) && !holds(&["action: a", "withdrawn: w"]) && !holds(&[]));
    }

    /// Named regression: a package of which something else is said counted as no loss.
    #[test]
    fn a_package_of_which_something_else_is_said_may_be_a_loss() {
        let package = |license: &str| Package {
            name: "log".into(),
            version: "1".into(),
            purl: None,
            ecosystem: Ecosystem::npm(),
            licenses: BTreeSet::from([license.to_owned()]),
            source: None,
            details: BTreeSet::new(),
        };
        let of = |all: &[Package]| Semantics::from_parts(Some(all.to_vec()), None, None, None);
        let holds = |after: &[Package]| between(&of(&[package("MIT")]), &of(after), false).nothing_lost();
        assert!(holds(&[package("MIT")]) && holds(&[package("MIT"), package("ISC")]));
        assert!(!holds(&[package("ISC")]) && !holds(&[]));
    }

    #[test]
    fn a_decision_that_turns_or_forgets_a_reason_is_another() {
        let decision =
            |passed, reasons: &[&str]| Decision { passed, reasons: reasons.iter().map(ToString::to_string).collect() };
        let alike = |a: &Decision, b: &Decision| decides_alike(Some(a), Some(b));
        let one = decision(false, &["a"]);
        assert!(alike(&one, &one) && alike(&one, &decision(false, &["a", "b"])));
        assert!(!alike(&one, &decision(true, &["a"])) && !alike(&one, &decision(false, &["b"])));
        assert!(!decides_alike(Some(&one), None) && !decides_alike(None, Some(&one)) && decides_alike(None, None));
    }

    #[test]
    fn what_nobody_can_read_is_a_loss() {
        let same = Semantics::default();
        assert!(!between(&same, &same, true).nothing_lost() && between(&same, &same, false).nothing_lost());
    }
}
