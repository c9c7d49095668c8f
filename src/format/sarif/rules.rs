//! The rules of a run: which one a result refers to, and how severe it is by both.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::log::{
    Component, Configuration, Level, Rule, RuleReference, Run, SarifResult, Texts, Tool, ToolComponent, at,
};
use crate::format::severity;
use crate::model::finding::Severity;

/// A rule, and the component of the tool that has it.
#[derive(Clone, Copy)]
pub(super) struct Found<'r> {
    component: &'r Component,
    pub(super) rule: &'r Rule,
}

impl Found<'_> {
    /// Whether it is of a component of that name and guid: one may be listed twice.
    fn is_in(&self, other: &Component) -> bool {
        (&self.component.name, &self.component.guid) == (&other.name, &other.guid)
    }

    fn level(&self) -> Option<Level> {
        self.rule.default_configuration.as_ref()?.level
    }
}

/// Rules by id and by their globally unique id; nothing where several are meant.
#[derive(Default)]
struct Named<'r> {
    by_id: HashMap<&'r str, Option<Found<'r>>>,
    by_guid: HashMap<String, Option<Found<'r>>>,
    /// How long the ids are.
    lengths: BTreeSet<usize>,
}

impl<'r> Named<'r> {
    /// Of several rules of one component with one id the first counts; those of several components are none.
    fn of(components: impl IntoIterator<Item = &'r Component>) -> Self {
        let mut named = Self::default();
        for component in components {
            for rule in &component.rules {
                let found = Found { component, rule };
                let of_one = |first: &Found<'_>| {
                    std::ptr::eq(first.component, component) || first.is_in(component) && first.level() == found.level()
                };
                let entry = named.by_id.entry(&rule.id).or_insert(Some(found));
                *entry = entry.filter(of_one);
                if let Some(guid) = rule.guid.as_deref() {
                    let entry = named.by_guid.entry(guid.to_ascii_lowercase()).or_insert(Some(found));
                    *entry = entry.filter(of_one);
                }
            }
        }
        named.lengths = named.by_id.keys().map(|id| id.len()).collect();
        named
    }

    /// The rule of an id, else the one of the longest id that it continues with a `/` (§3.27.5: `R1/a` is a case of `R1`).
    ///
    /// Only as many beginnings are looked at as there are lengths of ids: an id is as long as its writer likes.
    fn of_id(&self, id: &str) -> Option<Found<'r>> {
        let ends = |length: &&usize| matches!(id.as_bytes().get(**length), None | Some(b'/'));
        let mut lengths = self.lengths.range(..=id.len()).rev().filter(ends);
        *lengths.find_map(|length| self.by_id.get(id.get(..*length)?))?
    }

    fn find(&self, id: Option<&str>, guid: Option<&str>) -> Option<Found<'r>> {
        let with_guid = || *self.by_guid.get(&guid?.to_ascii_lowercase())?;
        id.and_then(|id| self.of_id(id)).or_else(with_guid)
    }
}

/// The rules of a run.
pub(super) struct Rules<'r> {
    tool: &'r Tool,
    /// Of the driver, then of each extension.
    own: Vec<Named<'r>>,
    /// Of all extensions.
    extensions: Named<'r>,
    /// The places of components in `own`.
    by_name: HashMap<&'r str, usize>,
    by_guid: HashMap<String, usize>,
}

impl<'r> Rules<'r> {
    pub(super) fn of(tool: &'r Tool) -> Self {
        let (mut own, mut by_name, mut by_guid) = (Vec::new(), HashMap::new(), HashMap::new());
        for (at, component) in components(tool).enumerate() {
            own.push(Named::of([component]));
            by_name.entry(component.name.as_str()).or_insert(at);
            if let Some(guid) = component.guid.as_deref() {
                by_guid.entry(guid.to_ascii_lowercase()).or_insert(at);
            }
        }
        Self { tool, own, extensions: Named::of(&tool.extensions), by_name, by_guid }
    }

    /// §3.27.7, §3.52: by its place, its id, or its guid.
    pub(super) fn find(&self, result: &SarifResult) -> Option<Found<'r>> {
        let reference = result.rule.as_ref();
        self.named(reference, result.rule_index, result.rule_id.as_deref())
    }

    /// The rule of a reference, with a place and an id that stand beside it.
    ///
    /// §3.52.3: all of them count in the component that is named. Where none is, that is the driver; an id or guid that it does not
    /// have is that of the only extension which has it: not every tool names the extension.
    fn named(&self, reference: Option<&RuleReference>, index: Option<i64>, id: Option<&str>) -> Option<Found<'r>> {
        let of = reference.and_then(|rule| rule.tool_component.as_ref());
        let place = self.place(of)?;
        let component = self.component(place)?;
        let index = index.or(reference.and_then(|rule| rule.index));
        let id = id.or(reference.and_then(|rule| rule.id.as_deref()));
        let guid = reference.and_then(|rule| rule.guid.as_deref());
        let by_index = at(&component.rules, index).map(|rule| Found { component, rule });
        let elsewhere = || self.extensions.find(id, guid).filter(|_| !of.is_some_and(names_one));
        by_index.or_else(|| self.own.get(place)?.find(id, guid)).or_else(elsewhere)
    }

    fn component(&self, place: usize) -> Option<&'r Component> {
        match place.checked_sub(1) {
            None => Some(&self.tool.driver),
            Some(extension) => self.tool.extensions.get(extension),
        }
    }

    /// §3.54: an extension by its place, or any of them by its guid or name; the driver, where none is named.
    fn place(&self, reference: Option<&ToolComponent>) -> Option<usize> {
        let Some(ToolComponent { name, guid, index }) = reference else { return Some(0) };
        if let Some(index) = index.filter(|index| *index >= 0) {
            let index = usize::try_from(index).ok()?;
            return (index < self.tool.extensions.len()).then_some(index + 1);
        }
        match (guid, name) {
            (None, None) => Some(0),
            (Some(guid), _) => self.by_guid.get(&guid.to_ascii_lowercase()).copied(),
            (None, Some(name)) => self.by_name.get(name.as_str()).copied(),
        }
    }

    /// The name of the extension that a rule is of; none where it is the driver's.
    pub(super) fn extension(&self, found: Found<'r>) -> Option<&'r str> {
        (!std::ptr::eq(found.component, &self.tool.driver)).then_some(found.component.name.as_str())
    }

    /// What messages of a result mean by an id (§3.11.7).
    pub(super) fn texts(&self, found: Option<Found<'r>>) -> Texts<'r> {
        let component = found.map_or(&self.tool.driver, |found| found.component);
        Texts { rule: found.map(|found| found.rule), all: Some(&component.global_message_strings) }
    }
}

/// The driver, then the extensions.
fn components(tool: &Tool) -> impl Iterator<Item = &Component> {
    std::iter::once(&tool.driver).chain(&tool.extensions)
}

/// Whether a reference to a component says which.
fn names_one(reference: &ToolComponent) -> bool {
    let ToolComponent { name, guid, index } = reference;
    name.is_some() || guid.is_some() || index.is_some_and(|index| index >= 0)
}

/// How rules were set in each run of the tool (§3.20.5). A rule is known by where it lies in memory: its id may be another's.
pub(super) struct Overrides<'r>(Vec<HashMap<*const Rule, &'r Configuration>>);

impl<'r> Overrides<'r> {
    pub(super) fn of(run: &'r Run, rules: &Rules<'r>) -> Self {
        let of_run = run.invocations.iter().map(|invocation| {
            let mut set = HashMap::new();
            for set_so in &invocation.rule_configuration_overrides {
                if let Some(found) = rules.named(Some(&set_so.descriptor), None, None) {
                    set.entry(std::ptr::from_ref(found.rule)).or_insert(&set_so.configuration);
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
        let descriptor = &set_so.descriptor;
        let id = descriptor.id.clone();
        let names: Vec<String> = match rules.named(Some(descriptor), None, None) {
            Some(found) => {
                let own = Some(&found.rule.id).filter(|own| Some(*own) != id.as_ref()).cloned();
                let of = rules.extension(found).map(|name| format!("of {name}"));
                id.into_iter().chain(own).chain(of).collect()
            }
            // What is not found is what its reference says.
            None => id.into_iter().chain(descriptor.told()).collect(),
        };
        facts.push(format!("rule {} was set to {}", names.join(" "), set_so.configuration.said()));
    }
    for policy in &run.policies {
        facts.push(format!("policy {}", policy.name));
        for rule in &policy.rules {
            let said = rule.default_configuration.as_ref().map(Configuration::said).unwrap_or_default();
            facts.push(format!("policy {}: rule {} {said}", policy.name, rule.id));
        }
    }
    for (component, rule) in components(&run.tool).flat_map(|of| of.rules.iter().map(move |rule| (of, rule))) {
        if rule.default_configuration.as_ref().is_some_and(|default| default.enabled == Some(false)) {
            let of = rules.extension(Found { component, rule }).map(|name| format!(" of {name}")).unwrap_or_default();
            facts.push(format!("rule {}{of} is off by default", rule.id));
        }
    }
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

/// The level of a result: its own, else the one to which its rule was set, else its rule's, else `warning`; of what is not a failure it
/// is its own or `none` (§3.27.10).
pub(super) fn level(result: &SarifResult, rule: Option<&Rule>, set: Option<&Configuration>) -> Level {
    if !is_failure(result) {
        return result.level.unwrap_or(Level::None);
    }
    let default = || rule?.default_configuration.as_ref()?.level;
    result.level.or_else(|| set?.level).or_else(default).unwrap_or(Level::Warning)
}

/// Whether a result is a failure (§3.27.9): what is of a kind that nobody knows counts as one.
pub(super) fn is_failure(result: &SarifResult) -> bool {
    let others = ["pass", "open", "informational", "notApplicable", "review"];
    !result.kind.as_deref().is_some_and(|kind| others.contains(&kind))
}
