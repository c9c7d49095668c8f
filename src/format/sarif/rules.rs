//! The rules of a run: which one a result refers to, and how severe it is by both.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::log::{Component, Level, Rule, SarifResult, Tool, ToolComponent, at};
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
        let component = self.component(reference.and_then(|rule| rule.tool_component.as_ref()));
        let index = result.rule_index.or(reference.and_then(|rule| rule.index));
        let id = result.rule_id.as_deref().or(reference.and_then(|rule| rule.id.as_deref()));
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

/// A guid may be written in letters of either case.
fn is_guid(own: Option<&str>, other: &str) -> bool {
    own.is_some_and(|own| own.eq_ignore_ascii_case(other))
}

/// A score counts before a level; the result's own before its rule's.
pub(super) fn result_severity(result: &SarifResult, rule: Option<&Rule>) -> Severity {
    let properties = [result.properties.as_ref(), rule.and_then(|rule| rule.properties.as_ref())];
    let score = properties.into_iter().flatten().find_map(|properties| match properties.security_severity() {
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Number(number)) => number.as_f64(),
        _ => None,
    });
    if let Some(score) = score {
        return severity::from_cvss_score(score);
    }
    match level(result, rule) {
        Level::None => Severity::None,
        Level::Note => Severity::Low,
        Level::Warning => Severity::Medium,
        Level::Error => Severity::High,
    }
}

/// The level of a result: its own, else its rule's, else `warning` (§3.27.10).
pub(super) fn level(result: &SarifResult, rule: Option<&Rule>) -> Level {
    let default = || rule?.default_configuration.as_ref()?.level;
    result.level.or_else(default).unwrap_or(Level::Warning)
}
