//! Why a finding flipped, in one plain sentence, as far as two results can tell.
//!
//! The sentences name what is seen (another version in the inventory, another severity), never who is to blame:
//! that needs an experiment.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::semantic::Semantics;
use crate::model::finding::Finding;
use crate::model::package::Package;

/// The fields of a finding apart from its key, as text; several findings with one key are joined by `|`.
///
/// An empty text or list is *absent*. The order is that in which a reader wants to hear of a change.
pub(super) fn fields(findings: &[&Finding]) -> [(&'static str, Option<String>); 8] {
    let list = |items: &BTreeSet<String>| items.iter().cloned().collect::<Vec<_>>().join(", ");
    let join = |text: &dyn Fn(&Finding) -> String| {
        let texts: BTreeSet<String> =
            findings.iter().map(|finding| text(finding)).filter(|text| !text.is_empty()).collect();
        (!texts.is_empty()).then(|| texts.into_iter().collect::<Vec<_>>().join(" | "))
    };
    [
        ("severity", join(&|finding| finding.severity.to_string())),
        ("reachability", join(&|finding| finding.reachability.code().to_owned())),
        ("fixed_versions", join(&|finding| list(&finding.fixed_versions))),
        ("vex_status", join(&|finding| finding.vex_status.map(|status| status.to_string()).unwrap_or_default())),
        ("version", join(&|finding| finding.version.clone())),
        ("package", join(&|finding| finding.package.clone())),
        ("aliases", join(&|finding| list(&finding.aliases))),
        ("details", join(&|finding| finding.details.iter().cloned().collect::<Vec<_>>().join("; "))),
    ]
}

/// Two results, indexed for questions about single findings.
pub(super) struct FlipReasons<'a> {
    before: Side<'a>,
    after: Side<'a>,
}

struct Side<'a> {
    semantics: &'a Semantics,
    /// Package name → versions in the inventory.
    inventory: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// (affected package, any id of the vulnerability) → the id under which it is reported.
    ids: BTreeMap<(&'a str, &'a str), &'a str>,
    /// (package name, id) → versions for which it is reported.
    reported: BTreeMap<(&'a str, &'a str), BTreeSet<&'a str>>,
}

/// How each thing is said for a finding that appeared and for one that disappeared.
struct Words {
    verb: &'static str,
    no_findings: &'static str,
    other_id: &'static str,
    inventory: &'static str,
}

const APPEARED: Words = Words {
    verb: "newly reported",
    no_findings: "the recording holds no findings document",
    other_id: "was reported as",
    inventory: "new in the inventory",
};

const DISAPPEARED: Words = Words {
    verb: "no longer reported",
    no_findings: "the replay holds no findings document",
    other_id: "now reported as",
    inventory: "no longer in the inventory",
};

impl<'a> FlipReasons<'a> {
    pub(super) fn new(before: &'a Semantics, after: &'a Semantics) -> Self {
        Self { before: Side::new(before), after: Side::new(after) }
    }

    /// Explains one key of which these findings differ; at most one side is empty. `kept` is how many it has that
    /// both sides share: those that are gone or new stand beside them.
    pub(super) fn explain(&self, before: &[&Finding], after: &[&Finding], kept: usize) -> String {
        match (before.first(), after.first()) {
            (Some(_), None) if kept > 0 => beside(before.len(), kept, "no longer"),
            (None, Some(_)) if kept > 0 => beside(after.len(), kept, "newly"),
            (Some(finding), None) => one_sided(finding, &self.before, &self.after, &DISAPPEARED, false),
            (None, Some(finding)) => one_sided(finding, &self.after, &self.before, &APPEARED, true),
            _ => changed(before, after),
        }
    }
}

impl<'a> Side<'a> {
    fn new(semantics: &'a Semantics) -> Self {
        let mut side = Self { semantics, inventory: BTreeMap::new(), ids: BTreeMap::new(), reported: BTreeMap::new() };
        for package in semantics.packages() {
            side.inventory.entry(&package.name).or_default().insert(&package.version);
        }
        for finding in semantics.findings() {
            let key = &finding.key;
            for id in finding.aliases.iter().chain([&key.cve_id]) {
                side.ids.insert((&key.affected, id), &key.cve_id);
            }
            side.reported.entry((&finding.package, &key.cve_id)).or_default().insert(&finding.version);
        }
        side
    }

    /// Whether the inventory holds the very package of `finding`.
    fn holds(&self, finding: &Finding) -> bool {
        self.entry(finding).is_some()
            || self.versions(finding).is_some_and(|versions| versions.contains(finding.version.as_str()))
    }

    /// What the inventory says of the package that the finding names.
    fn entry(&self, finding: &Finding) -> Option<&'a Vec<Package>> {
        self.semantics.packages.as_ref()?.get(&finding.key.affected)
    }

    fn versions(&self, finding: &Finding) -> Option<&BTreeSet<&'a str>> {
        self.inventory.get(finding.package.as_str())
    }

    fn id_of(&self, finding: &Finding) -> Option<&'a str> {
        let mut ids = finding.aliases.iter().chain([&finding.key.cve_id]);
        ids.find_map(|id| self.ids.get(&(finding.key.affected.as_str(), id.as_str())).copied())
    }
}

/// Explains a finding that only side `has` reports. `mirrored`: that side is the later one.
fn one_sided(finding: &Finding, has: &Side<'_>, lacks: &Side<'_>, words: &Words, mirrored: bool) -> String {
    let arrow = |here: &str, there: &str| {
        if mirrored { format!("{there} → {here}") } else { format!("{here} → {there}") }
    };
    if lacks.semantics.findings.is_none() {
        return words.no_findings.to_owned();
    }
    if let Some(id) = lacks.id_of(finding) {
        return format!("{} {id}", words.other_id);
    }
    if has.semantics.packages.is_none() || lacks.semantics.packages.is_none() {
        let other = lacks.reported.get(&(finding.package.as_str(), finding.key.cve_id.as_str()));
        return match other {
            Some(versions) => format!("reported for another version: {}", arrow(&finding.version, &join(versions))),
            None => words.verb.to_owned(),
        };
    }
    match (has.holds(finding), lacks.holds(finding)) {
        (true, true) => {
            let state = if has.entry(finding) == lacks.entry(finding) { "unchanged" } else { "in both inventories" };
            format!("{} although the package is {state}", words.verb)
        }
        (true, false) => {
            let nothing = BTreeSet::new();
            let here = has.versions(finding).unwrap_or(&nothing);
            let there = lacks.versions(finding).unwrap_or(&nothing);
            let other: BTreeSet<&str> = there.difference(here).copied().collect();
            if !other.is_empty() {
                format!("package version changed {}", arrow(&finding.version, &join(&other)))
            } else if there.is_empty() {
                format!("package {}", words.inventory)
            } else {
                format!("version {} of the package {}", finding.version, words.inventory)
            }
        }
        (false, true) => format!("{} although only the other side's inventory has the package", words.verb),
        (false, false) => format!("{}; neither inventory has the package", words.verb),
    }
}

/// Explains findings of which others of the same rule and place are on both sides.
fn beside(count: usize, kept: usize, word: &str) -> String {
    format!("{count} of {} at this place {word} reported", count + kept)
}

/// Names every field that differs.
fn changed(before: &[&Finding], after: &[&Finding]) -> String {
    let sides = fields(before).into_iter().zip(fields(after));
    let phrases: Vec<String> = sides
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| phrase(field, before.as_deref(), after.as_deref()))
        .collect();
    if phrases.is_empty() {
        return "the same values stand in other combinations".to_owned();
    }
    phrases.join("; ")
}

fn phrase(field: &str, before: Option<&str>, after: Option<&str>) -> String {
    let arrow = || format!("{} → {}", before.unwrap_or("none"), after.unwrap_or("none"));
    match (field, before, after) {
        ("reachability", Some("reachable" | "unreachable"), Some("reachable" | "unreachable")) => arrow(),
        ("fixed_versions", Some(_), Some(_)) => format!("fixed version changed {}", arrow()),
        ("fixed_versions", None, Some(after)) => format!("a fixed version is known now: {after}"),
        ("fixed_versions", Some(before), None) => format!("the fixed version {before} is no longer known"),
        ("vex_status", ..) => format!("VEX status {}", arrow()),
        (field, ..) => format!("{field} {}", arrow()),
    }
}

fn join(texts: &BTreeSet<&str>) -> String {
    texts.iter().copied().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::diff::summarize;
    use crate::model::ecosystem::Ecosystem;
    use crate::model::finding::{FindingKey, Reachability, Severity};
    use crate::model::vex::VexStatus;

    fn finding(version: &str) -> Finding {
        Finding {
            key: FindingKey { cve_id: "CVE-2024-1".into(), affected: format!("log@{version}") },
            aliases: BTreeSet::new(),
            package: "log".into(),
            version: version.into(),
            severity: Severity::High,
            fixed_versions: ["1.2.3".into()].into(),
            reachability: Reachability::Reachable,
            vex_status: None,
            details: BTreeSet::new(),
        }
    }

    fn renamed(id: &str, alias: &str) -> Finding {
        let mut finding = finding("1.0");
        finding.key.cve_id = id.into();
        finding.aliases.insert(alias.into());
        finding
    }

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

    fn result(versions: Option<&[&str]>, findings: Option<Vec<Finding>>) -> Semantics {
        let packages = versions.map(|versions| versions.iter().map(|version| package(version)).collect());
        Semantics::from_parts(packages, findings, None, None)
    }

    fn why(before: &Semantics, after: &Semantics) -> Vec<String> {
        summarize(before, after, Vec::new(), 10).findings.shown.into_iter().map(|flip| flip.why).collect()
    }

    #[test]
    fn one_sided_findings_are_explained_by_the_inventories() {
        let found = || Some(vec![finding("1.0")]);
        let none = || Some(Vec::new());
        let one: Option<&[&str]> = Some(&["1.0"]);
        // The recording has the finding in `here`; the replay is `there`.
        let cases: [(Semantics, Semantics, &str, &str); 7] = [
            (
                result(one, found()),
                result(one, none()),
                "no longer reported although the package is unchanged",
                "newly reported although the package is unchanged",
            ),
            (
                result(one, found()),
                result(Some(&["1.1"]), none()),
                "package version changed 1.0 → 1.1",
                "package version changed 1.1 → 1.0",
            ),
            (
                result(one, found()),
                result(Some(&[]), none()),
                "package no longer in the inventory",
                "package new in the inventory",
            ),
            (
                result(Some(&["1.0", "2.0"]), found()),
                result(Some(&["2.0"]), none()),
                "version 1.0 of the package no longer in the inventory",
                "version 1.0 of the package new in the inventory",
            ),
            (
                result(one, found()),
                result(one, None),
                "the replay holds no findings document",
                "the recording holds no findings document",
            ),
            (result(None, found()), result(None, none()), "no longer reported", "newly reported"),
            (
                result(Some(&[]), found()),
                result(Some(&[]), none()),
                "no longer reported; neither inventory has the package",
                "newly reported; neither inventory has the package",
            ),
        ];
        for (here, there, disappeared, appeared) in cases {
            assert_eq!(why(&here, &there), [disappeared]);
            assert_eq!(why(&there, &here), [appeared]);
        }
    }

    #[test]
    fn another_id_or_version_of_the_same_is_recognised() {
        let of = |finding: Finding| result(None, Some(vec![finding]));
        let (ghsa, cve) = (renamed("GHSA-a", "CVE-2024-1"), renamed("CVE-2024-1", "GHSA-a"));
        assert_eq!(why(&of(ghsa), &of(cve)), ["was reported as GHSA-a", "now reported as CVE-2024-1"]);
        assert_eq!(
            why(&of(finding("1.0")), &of(finding("1.1"))),
            ["reported for another version: 1.0 → 1.1", "reported for another version: 1.0 → 1.1"]
        );
    }

    type Change = (fn(&mut Finding), &'static str);

    #[test]
    fn changed_findings_name_their_fields() {
        let cases: [Change; 8] = [
            (|f| f.severity = Severity::Critical, "severity high → critical"),
            (|f| f.reachability = Reachability::Unreachable, "reachable → unreachable"),
            (|f| f.reachability = Reachability::Unknown, "reachability reachable → unknown"),
            (|f| f.fixed_versions = ["1.2.4".into()].into(), "fixed version changed 1.2.3 → 1.2.4"),
            (|f| f.fixed_versions.clear(), "the fixed version 1.2.3 is no longer known"),
            (|f| f.vex_status = Some(VexStatus::NotAffected), "VEX status none → not_affected"),
            (|f| _ = f.aliases.insert("GHSA-a".into()), "aliases none → GHSA-a"),
            (
                |f| {
                    f.severity = Severity::Low;
                    f.version = "1".into();
                },
                "severity high → low; version 1.0 → 1",
            ),
        ];
        for (change, expected) in cases {
            let mut changed = finding("1.0");
            change(&mut changed);
            let of = |finding| result(None, Some(vec![finding]));
            assert_eq!(why(&of(finding("1.0")), &of(changed)), [expected]);
        }
    }

    #[test]
    fn contradicting_findings_are_not_lost() {
        let with = |severity, reachability| Finding { severity, reachability, ..finding("1.0") };
        use Reachability::{Reachable, Unreachable};
        use Severity::{High, Low};
        let before = result(None, Some(vec![with(High, Reachable), with(Low, Unreachable)]));
        let after = result(None, Some(vec![with(High, Unreachable), with(Low, Reachable)]));
        assert_eq!(why(&before, &after), ["the same values stand in other combinations"]);
    }
}
