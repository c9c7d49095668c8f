//! Why a finding flipped, in one plain sentence, as far as two results can tell.
//!
//! The sentences name what is seen (another version in the inventory, another severity), never who is to blame:
//! that needs an experiment.

use std::collections::{BTreeMap, BTreeSet, HashSet};

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

/// Two results, indexed for questions about single findings. Very many findings may ask about one package, so that nothing is
/// walked for each of them.
pub(super) struct FlipReasons<'a> {
    before: Side<'a>,
    after: Side<'a>,
    /// The keys of packages of which both inventories say the same.
    unchanged: HashSet<&'a str>,
    /// Package name → its versions that are in the later inventory alone, and those that are in the earlier one alone.
    only_after: BTreeMap<&'a str, String>,
    only_before: BTreeMap<&'a str, String>,
}

/// The most versions that one sentence names.
const VERSIONS: usize = 5;

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
    /// Whether the later side has it.
    is_later: bool,
    verb: &'static str,
    no_findings: &'static str,
    other_id: &'static str,
    inventory: &'static str,
}

const APPEARED: Words = Words {
    is_later: true,
    verb: "newly reported",
    no_findings: "the recording holds no findings document",
    other_id: "was reported as",
    inventory: "new in the inventory",
};

const DISAPPEARED: Words = Words {
    is_later: false,
    verb: "no longer reported",
    no_findings: "the replay holds no findings document",
    other_id: "now reported as",
    inventory: "no longer in the inventory",
};

impl<'a> FlipReasons<'a> {
    pub(super) fn new(before: &'a Semantics, after: &'a Semantics) -> Self {
        let unchanged = before.packages.iter().flatten().filter_map(|(key, packages)| {
            let other = after.packages.as_ref()?.get(key);
            (other == Some(packages)).then_some(key.as_str())
        });
        let unchanged = unchanged.collect();
        let (before, after) = (Side::new(before), Side::new(after));
        let (only_before, only_after) = (only(&before, &after), only(&after, &before));
        Self { before, after, unchanged, only_after, only_before }
    }

    /// Explains one key of which these findings differ; at most one side is empty. `kept` is how many it has that
    /// both sides share: those that are gone or new stand beside them.
    pub(super) fn explain(&self, before: &[&Finding], after: &[&Finding], kept: usize) -> String {
        match (before.first(), after.first()) {
            (Some(_), None) if kept > 0 => beside(before.len(), kept, "no longer"),
            (None, Some(_)) if kept > 0 => beside(after.len(), kept, "newly"),
            (Some(finding), None) => self.one_sided(finding, &DISAPPEARED),
            (None, Some(finding)) => self.one_sided(finding, &APPEARED),
            _ => changed(before, after),
        }
    }

    /// Explains a finding that only one side reports.
    fn one_sided(&self, finding: &Finding, words: &Words) -> String {
        let (has, lacks, others) = if words.is_later {
            (&self.after, &self.before, &self.only_before)
        } else {
            (&self.before, &self.after, &self.only_after)
        };
        let arrow = |here: &str, there: &str| {
            if words.is_later { format!("{there} → {here}") } else { format!("{here} → {there}") }
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
                Some(versions) => {
                    format!("reported for another version: {}", arrow(&finding.version, &first_of(versions.iter())))
                }
                None => words.verb.to_owned(),
            };
        }
        match (has.holds(finding), lacks.holds(finding)) {
            (true, true) => {
                let is_same = self.unchanged.contains(finding.key.affected.as_str())
                    || (has.entry(finding).is_none() && lacks.entry(finding).is_none());
                let state = if is_same { "unchanged" } else { "in both inventories" };
                format!("{} although the package is {state}", words.verb)
            }
            (true, false) => match (others.get(finding.package.as_str()), lacks.versions(finding)) {
                (Some(other), _) => format!("package version changed {}", arrow(&finding.version, other)),
                (None, None) => format!("package {}", words.inventory),
                (None, Some(_)) => format!("version {} of the package {}", finding.version, words.inventory),
            },
            (false, true) => format!("{} although only the other side's inventory has the package", words.verb),
            (false, false) => format!("{}; neither inventory has the package", words.verb),
        }
    }
}

/// Package name → the versions that only `one` has, as a sentence names them.
fn only<'a>(one: &Side<'a>, other: &Side<'a>) -> BTreeMap<&'a str, String> {
    let named = |(name, versions): (&&'a str, &BTreeSet<&'a str>)| {
        let theirs = other.inventory.get(name);
        let own: Vec<&&str> =
            versions.iter().filter(|version| theirs.is_none_or(|theirs| !theirs.contains(*version))).collect();
        (!own.is_empty()).then(|| (*name, first_of(own.into_iter())))
    };
    one.inventory.iter().filter_map(named).collect()
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

/// The first few, and how many more there are.
fn first_of<'t>(texts: impl ExactSizeIterator<Item = &'t &'t str>) -> String {
    let more = texts.len().saturating_sub(VERSIONS);
    let first: Vec<&str> = texts.take(VERSIONS).copied().collect();
    if more == 0 { first.join(", ") } else { format!("{} and {more} more", first.join(", ")) }
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

    /// What is said of one finding does not grow with the number of the others: thousands of findings about one package would
    /// each name thousands of versions.
    #[test]
    fn a_sentence_names_a_few_versions_and_counts_the_rest() {
        const MANY: usize = 20_000;
        let versions =
            |from: usize| -> Vec<String> { (from..from + MANY).map(|version| format!("1.{version}")).collect() };
        let of = |versions: &[String]| {
            let (packages, findings) = versions.iter().map(|version| (package(version), finding(version))).unzip();
            Semantics::from_parts(Some(packages), Some(findings), None, None)
        };
        let (before, after) = (of(&versions(0)), of(&versions(MANY)));
        let flips = summarize(&before, &after, Vec::new(), usize::MAX).findings.shown;
        assert_eq!(flips.len(), 2 * MANY);
        assert!(flips[0].why.ends_with("and 19995 more"), "{}", flips[0].why);
        assert!(flips.iter().map(|flip| flip.why.len()).sum::<usize>() < 200 * flips.len());
    }
}
