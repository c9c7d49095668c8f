//! Why a finding flipped, in one plain sentence, as far as two results can tell.
//!
//! The sentences name what is seen (another version in the inventory, another severity), never who is to blame:
//! that needs an experiment.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::semantic::Semantics;
use crate::model::finding::Finding;

/// The fields of a finding apart from its key, as text; several findings with one key are joined by `|`.
///
/// An empty text or list is *absent*. The order is that in which a reader wants to hear of a change.
pub(super) fn fields(findings: &BTreeSet<Finding>) -> [(&'static str, Option<String>); 7] {
    let list = |items: &BTreeSet<String>| items.iter().cloned().collect::<Vec<_>>().join(", ");
    let join = |text: &dyn Fn(&Finding) -> String| {
        let texts: BTreeSet<String> = findings.iter().map(text).filter(|text| !text.is_empty()).collect();
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
    ]
}

/// Two results, indexed for questions about single findings.
pub(super) struct Why<'a> {
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

impl<'a> Why<'a> {
    pub(super) fn new(before: &'a Semantics, after: &'a Semantics) -> Self {
        Self { before: Side::new(before), after: Side::new(after) }
    }

    /// Explains one key whose findings differ; at most one side is empty.
    pub(super) fn explain(&self, before: &BTreeSet<Finding>, after: &BTreeSet<Finding>) -> String {
        match (before.first(), after.first()) {
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
        let by_key = self.semantics.packages.as_ref().is_some_and(|all| all.contains_key(&finding.key.affected));
        by_key || self.versions(finding).is_some_and(|versions| versions.contains(finding.version.as_str()))
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
            None => format!("{}; an inventory to look into is missing", words.verb),
        };
    }
    match (has.holds(finding), lacks.holds(finding)) {
        (true, true) => {
            let same = |side: &Side<'_>| {
                side.semantics.packages.as_ref().and_then(|all| all.get(&finding.key.affected).cloned())
            };
            let state = if same(has) == same(lacks) { "unchanged" } else { "in both inventories" };
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

/// Names every field that differs.
fn changed(before: &BTreeSet<Finding>, after: &BTreeSet<Finding>) -> String {
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
