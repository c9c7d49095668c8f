//! The rules of a run: which one a result refers to, and how severe it is by both.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::log::{Component, Configuration, Level, Rule, RuleReference, Run, SarifResult, Tool, ToolComponent, at};
use crate::format::severity;
use crate::model::finding::Severity;

/// The rules of a run, by place, by id and by their globally unique id.
pub(super) struct Rules<'r> {
    tool: &'r Tool,
    by_id: HashMap<&'r str, &'r Rule>,
    by_guid: HashMap<String, &'r Rule>,
    /// How long the ids are.
    lengths: BTreeSet<usize>,
}

impl<'r> Rules<'r> {
    pub(super) fn of(tool: &'r Tool) -> Self {
        // Of several rules with one id the first counts; the driver's come first.
        let (mut by_id, mut by_guid) = (HashMap::new(), HashMap::new());
        for rule in std::iter::once(&tool.driver).chain(&tool.extensions).flat_map(|component| &component.rules) {
            by_id.entry(rule.id.as_str()).or_insert(rule);
            if let Some(guid) = rule.guid.as_deref() {
                by_guid.entry(guid.to_ascii_lowercase()).or_insert(rule);
            }
        }
        let lengths = by_id.keys().map(|id| id.len()).collect();
        Self { tool, by_id, by_guid, lengths }
    }

    /// The rule of an id, else the one of the longest id that it continues with a `/` (§3.27.5: `R1/a` is a case of `R1`).
    ///
    /// Only as many beginnings are looked at as there are lengths of ids: an id is as long as its writer likes.
    fn of_id(&self, id: &str) -> Option<&'r Rule> {
        let ends = |length: &&usize| matches!(id.as_bytes().get(**length), None | Some(b'/'));
        let mut lengths = self.lengths.range(..=id.len()).rev().filter(ends);
        lengths.find_map(|length| self.by_id.get(id.get(..*length)?)).copied()
    }

    /// §3.27.7, §3.52: by its place, its id, or its guid.
    pub(super) fn find(&self, result: &SarifResult) -> Option<&'r Rule> {
        let reference = result.rule.as_ref();
        self.named(reference, result.rule_index, result.rule_id.as_deref())
    }

    /// The rule of a reference, with a place and an id that stand beside it.
    fn named(&self, reference: Option<&RuleReference>, index: Option<i64>, id: Option<&str>) -> Option<&'r Rule> {
        let component = self.component(reference.and_then(|rule| rule.tool_component.as_ref()));
        let index = index.or(reference.and_then(|rule| rule.index));
        let id = id.or(reference.and_then(|rule| rule.id.as_deref()));
        let guid = reference.and_then(|rule| rule.guid.as_deref());
        let by_index = component.and_then(|component| at(&component.rules, index));
        let with_guid = || self.by_guid.get(&guid?.to_ascii_lowercase()).copied();
        by_index.or_else(|| self.of_id(id?)).or_else(with_guid)
    }

    fn components(&self) -> impl Iterator<Item = &'r Component> + use<'r> {
        std::iter::once(&self.tool.driver).chain(&self.tool.extensions)
    }

    /// §3.54: an extension by its place, or any of them by its guid or name; the driver, where none is named.
    fn component(&self, reference: Option<&ToolComponent>) -> Option<&'r Component> {
        let Some(ToolComponent { name, guid, index }) = reference else { return Some(&self.tool.driver) };
        if let Some(index) = index.filter(|index| *index >= 0) {
            return at(&self.tool.extensions, Some(index));
        }
        match (guid, name) {
            (None, None) => Some(&self.tool.driver),
            (Some(guid), _) => self.components().find(|component| is_guid(component.guid.as_deref(), guid)),
            (None, Some(name)) => self.components().find(|component| component.name == *name),
        }
    }
}

/// How rules were set in each run of the tool (§3.20.5). A rule is known by where it lies in memory: its id may be another's.
pub(super) struct Overrides<'r>(Vec<HashMap<*const Rule, &'r Configuration>>);

impl<'r> Overrides<'r> {
    pub(super) fn of(run: &'r Run, rules: &Rules<'r>) -> Self {
        let of_run = run.invocations.iter().map(|invocation| {
            let mut set = HashMap::new();
            for set_so in &invocation.rule_configuration_overrides {
                if let Some(rule) = rules.named(Some(&set_so.descriptor), None, None) {
                    set.entry(std::ptr::from_ref(rule)).or_insert(&set_so.configuration);
                }
            }
            set
        });
        Self(of_run.collect())
    }

    /// How the rule of a result was set in the run that found it: the one that the result names (§3.27.10), or the only one.
    pub(super) fn set(&self, result: &SarifResult, rule: Option<&Rule>) -> Option<&'r Configuration> {
        let named = result.provenance.as_ref().and_then(|from| from.invocation_index).filter(|index| *index >= 0);
        let set = match (named, &self.0[..]) {
            (Some(_), all) => at(all, named)?,
            (None, [only]) => only,
            (None, _) => return None,
        };
        set.get(&std::ptr::from_ref(rule?)).copied()
    }
}

/// What is set of rules besides what results take from them, a line for each: overrides, policies (§3.19.5), and rules that are
/// off by default, of which nothing was to be found.
pub(super) fn tell_configurations(run: &Run, rules: &Rules<'_>, facts: &mut Vec<String>) {
    for set_so in run.invocations.iter().flat_map(|invocation| &invocation.rule_configuration_overrides) {
        let rule = rules.named(Some(&set_so.descriptor), None, None);
        let id = set_so.descriptor.id.as_deref();
        let found = rule.map(|rule| rule.id.as_str()).filter(|found| Some(*found) != id);
        let names: Vec<&str> = id.into_iter().chain(found).collect();
        facts.push(format!("rule {} was set to {}", names.join(" "), set_so.configuration.said()));
    }
    for policy in &run.policies {
        facts.push(format!("policy {}", policy.name));
        for rule in &policy.rules {
            let said = rule.default_configuration.as_ref().map(Configuration::said).unwrap_or_default();
            facts.push(format!("policy {}: rule {} {said}", policy.name, rule.id));
        }
    }
    for rule in rules.components().flat_map(|component| &component.rules) {
        if rule.default_configuration.as_ref().is_some_and(|default| default.enabled == Some(false)) {
            facts.push(format!("rule {} is off by default", rule.id));
        }
    }
}

/// A guid may be written in letters of either case.
fn is_guid(own: Option<&str>, other: &str) -> bool {
    own.is_some_and(|own| own.eq_ignore_ascii_case(other))
}

/// A score counts before a level; the result's own before its rule's.
pub(super) fn result_severity(result: &SarifResult, rule: Option<&Rule>, set: Option<&Configuration>) -> Severity {
    let properties = [result.properties.as_ref(), rule.and_then(|rule| rule.properties.as_ref())];
    let score = properties.into_iter().flatten().find_map(|properties| match properties.security_severity() {
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Number(number)) => number.as_f64(),
        _ => None,
    });
    if let Some(score) = score {
        return severity::from_cvss_score(score);
    }
    match level(result, rule, set) {
        Level::None => Severity::None,
        Level::Note => Severity::Low,
        Level::Warning => Severity::Medium,
        Level::Error => Severity::High,
    }
}

/// The level of a result: its own, else the one to which its rule was set, else its rule's, else `warning` (§3.27.10).
pub(super) fn level(result: &SarifResult, rule: Option<&Rule>, set: Option<&Configuration>) -> Level {
    let default = || rule?.default_configuration.as_ref()?.level;
    result.level.or_else(|| set?.level).or_else(default).unwrap_or(Level::Warning)
}
