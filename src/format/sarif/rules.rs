//! The rules of a run: which one a result refers to, and how severe it is by both.

use std::collections::HashMap;

use serde_json::Value;

use super::log::{Level, Rule, SarifResult, Tool, at};
use crate::format::severity;
use crate::model::finding::Severity;

/// The rules of a run, by place and by id.
pub(super) struct Rules<'r> {
    tool: &'r Tool,
    by_id: HashMap<&'r str, &'r Rule>,
}

impl<'r> Rules<'r> {
    pub(super) fn of(tool: &'r Tool) -> Self {
        // Of several rules with one id the first counts; the driver's come first.
        let mut by_id = HashMap::new();
        for rule in std::iter::once(&tool.driver).chain(&tool.extensions).flat_map(|component| &component.rules) {
            by_id.entry(rule.id.as_str()).or_insert(rule);
        }
        Self { tool, by_id }
    }

    pub(super) fn find(&self, result: &SarifResult) -> Option<&'r Rule> {
        let reference = result.rule.as_ref();
        let component = reference.and_then(|rule| rule.tool_component.as_ref()).and_then(|component| component.index);
        let component = match component {
            Some(index) => at(&self.tool.extensions, Some(index)),
            None => Some(&self.tool.driver),
        };
        let index = result.rule_index.or(reference.and_then(|rule| rule.index));
        let id = result.rule_id.as_deref().or(reference.and_then(|rule| rule.id.as_deref()));
        let by_index = component.and_then(|component| at(&component.rules, index));
        by_index.or_else(|| self.by_id.get(id?).copied())
    }
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
    let default = || rule?.default_configuration.as_ref()?.level;
    // §3.27.10: the level is `warning` where nothing says another.
    match result.level.or_else(default).unwrap_or(Level::Warning) {
        Level::None => Severity::None,
        Level::Note => Severity::Low,
        Level::Warning => Severity::Medium,
        Level::Error => Severity::High,
    }
}
