//! What was gained and what was lost between two results.
//!
//! Invariant: what is not surely a gain is a loss. Absent: what is allowed; a gate says that.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::compare::diff::differing;
use crate::compare::semantic::{Keyed, Semantics, apart, keyed};
use crate::model::comparison::movement::Movement;
use crate::model::decision::Decision;
use crate::model::finding::{Finding, FindingKey, LISTS, Reachability, Severity};
use crate::model::vex::{VexStatement, VexStatus};

/// What moved from `before` to `after`, which have their decisions; `unknown` where something else differs that nobody
/// can read.
pub fn between(before: &Semantics, after: &Semantics, unknown: bool) -> Movement {
    let mut movement = Movement { unknown, ..Movement::default() };
    let before = &*by_names_of(after, before);
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

/// What was there before, by the ids that it has now. A vulnerability is often reported under one id first and under a better known one
/// later, which then has the first among its aliases: that is the same one.
///
/// Only what is reported no longer takes another id, of the same package, and only one that was not reported before: of two that have
/// become one, one is gone.
fn by_names_of<'a>(after: &Semantics, before: &'a Semantics) -> Cow<'a, Semantics> {
    let (Some(was), Some(is)) = (&before.findings, &after.findings) else { return Cow::Borrowed(before) };
    let mut names: BTreeMap<&FindingKey, BTreeSet<&str>> = BTreeMap::new();
    for finding in is.iter().filter(|(key, _)| !was.contains_key(key)).flat_map(|(_, found)| found) {
        for alias in &finding.aliases {
            let old = FindingKey { cve_id: alias.clone(), affected: finding.key.affected.clone() };
            if let Some((old, _)) = was.get_key_value(&old).filter(|(old, _)| !is.contains_key(old)) {
                names.entry(old).or_default().insert(&finding.key.cve_id);
            }
        }
    }
    // One that could be several is none of them, and neither is one of several that would be one.
    let mut takers: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for (old, new) in names.iter().filter(|(_, new)| new.len() == 1) {
        new.iter().for_each(|new| *takers.entry((new, &old.affected)).or_default() += 1);
    }
    let new_name = |key: &FindingKey| {
        let name = names.get(key).filter(|new| new.len() == 1)?.first()?;
        (takers.get(&(*name, key.affected.as_str())) == Some(&1)).then(|| (*name).to_owned())
    };
    let mut of_vex: BTreeMap<&str, BTreeSet<Option<String>>> = BTreeMap::new();
    for key in was.keys() {
        of_vex.entry(&key.cve_id).or_default().insert(new_name(key));
    }
    let findings = was.values().flatten().cloned().map(|mut finding| {
        if let Some(name) = new_name(&finding.key) {
            finding.key.cve_id = name;
        }
        finding
    });
    let findings = keyed(findings.collect(), |finding| finding.key.clone());
    // A statement goes with its finding where all findings of its vulnerability go the same way.
    let vex = before.vex.as_ref().map(|vex| {
        let renamed = vex.values().flatten().cloned().map(|mut statement| {
            let names = of_vex.get(statement.vulnerability.as_str()).filter(|names| names.len() == 1);
            if let Some(Some(name)) = names.and_then(BTreeSet::first) {
                statement.vulnerability.clone_from(name);
            }
            statement
        });
        keyed(renamed.collect(), |vex: &VexStatement| (vex.vulnerability.clone(), vex.product.clone()))
    });
    Cow::Owned(Semantics { findings: Some(findings), vex, ..before.clone() })
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

    /// Named regression: a feed's advisory that was given its CVE was a loss, every day.
    #[test]
    fn what_is_reported_under_a_better_known_id_is_not_lost() {
        let alias = |cve: &str, aliases: &[&str]| Finding {
            aliases: aliases.iter().map(ToString::to_string).collect(),
            ..finding(cve)
        };
        let before = [alias("GHSA-1", &[]), alias("GHSA-2", &[])];
        let after = [alias("CVE-1", &["GHSA-1"]), alias("GHSA-2", &[])];
        let renamed = moved(&before, &after);
        assert_eq!((renamed.updated, renamed.appeared, renamed.nothing_lost()), (1, 0, true));
        // Less is said of it under its new id.
        let weaker = Finding { severity: Severity::Low, ..alias("CVE-1", &["GHSA-1"]) };
        assert_eq!(moved(&before, &[weaker, alias("GHSA-2", &[])]).weakened, 1);
        // Another package; nobody says that it is the same; two become one; one becomes two; it goes under what was there already.
        let mut elsewhere = alias("CVE-1", &["GHSA-1"]);
        elsewhere.key.affected = "other@1".into();
        for after in [
            &[elsewhere, alias("GHSA-2", &[])][..],
            &[alias("CVE-1", &[]), alias("GHSA-2", &[])],
            &[alias("CVE-1", &["GHSA-1", "GHSA-2"])],
            &[alias("CVE-1", &["GHSA-1"]), alias("CVE-2", &["GHSA-1"]), alias("GHSA-2", &[])],
            &[alias("GHSA-2", &["GHSA-1"])],
        ] {
            assert!(!moved(&before, after).nothing_lost(), "{after:?}");
        }
    }

    #[test]
    fn a_statement_goes_with_its_finding_under_another_id() {
        let of = |id: &str, aliases: &[&str], status| {
            let finding = Finding { aliases: aliases.iter().map(ToString::to_string).collect(), ..finding(id) };
            let statement = VexStatement {
                vulnerability: id.to_owned(),
                product: "pkg:npm/log@1".to_owned(),
                status,
                justification: None,
                details: BTreeSet::new(),
            };
            Semantics::from_parts(None, Some(vec![finding]), Some(vec![statement]), None)
        };
        let before = of("GHSA-1", &[], VexStatus::Affected);
        assert!(between(&before, &of("CVE-1", &["GHSA-1"], VexStatus::Affected), false).nothing_lost());
        assert!(!between(&before, &of("CVE-1", &["GHSA-1"], VexStatus::NotAffected), false).nothing_lost());
        assert!(!between(&before, &of("CVE-1", &[], VexStatus::Affected), false).nothing_lost());
    }
}
