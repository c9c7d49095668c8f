//! Looks at a document that is going to be changed: every value with its pointer, and what rules say of its place.

use serde_json::Value;

use crate::canonical::rule::matcher::{Follower, Place};
use crate::canonical::rule::{Rule, Stage};
use crate::model::text::json_pointer;

/// A value of a document.
pub(super) struct VisitedValue<'v> {
    /// Its JSON pointer (RFC 6901), whole.
    pub(super) pointer: String,
    /// The names of the members on the way, `None` for an element.
    pub(super) names: Vec<Option<&'v str>>,
    /// The value.
    pub(super) value: &'v Value,
    /// The rule that decides here, by its number.
    pub(super) rule: Option<usize>,
    /// Whether the place lies at or below one that a rule of the writing stage drops or masks as a whole.
    pub(super) is_hidden: bool,
}

/// Every value of `document` in its order, with the rules of one stage.
pub(super) fn all<'v>(document: &'v Value, rules: &[Rule], stage: Stage) -> Vec<VisitedValue<'v>> {
    let (mut follower, place) = Follower::start(rules, stage);
    let mut seen = Vec::new();
    let at = VisitedValue {
        pointer: String::new(),
        names: Vec::new(),
        value: document,
        rule: place.decision,
        is_hidden: false,
    };
    look(at, &mut follower, &place, rules, &mut seen);
    seen
}

fn look<'v>(
    mut at: VisitedValue<'v>,
    follower: &mut Follower<'_>,
    place: &Place,
    rules: &[Rule],
    seen: &mut Vec<VisitedValue<'v>>,
) {
    use crate::canonical::rule::Action;
    let hides = |index: usize| matches!(rules[index].action(), Action::Drop | Action::Mask { pattern: None });
    at.is_hidden |= at.rule.is_some_and(hides);
    let below = |name: Option<&'v str>, step: &str, value: &'v Value, rule: Option<usize>| VisitedValue {
        pointer: format!("{}/{}", at.pointer, json_pointer::escaped(step)),
        names: at.names.iter().copied().chain([name]).collect(),
        value,
        rule,
        is_hidden: at.is_hidden,
    };
    match at.value {
        Value::Array(items) => {
            let element = follower.below(place, None);
            let inner: Vec<VisitedValue<'v>> = items
                .iter()
                .enumerate()
                .map(|(index, item)| below(None, &index.to_string(), item, element.decision))
                .collect();
            seen.push(at);
            inner.into_iter().for_each(|item| look(item, follower, &element, rules, seen));
            follower.leave(&element);
        }
        Value::Object(members) => {
            let inner: Vec<(&'v str, VisitedValue<'v>)> =
                members.iter().map(|(name, value)| (name.as_str(), below(Some(name), name, value, None))).collect();
            seen.push(at);
            for (name, mut member) in inner {
                let place = follower.below(place, Some(name));
                member.rule = place.decision;
                look(member, follower, &place, rules, seen);
                follower.leave(&place);
            }
        }
        _ => seen.push(at),
    }
}

/// The document with another value at a pointer.
pub(super) fn with(document: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = document.clone();
    if let Some(place) = changed.pointer_mut(pointer) {
        *place = value;
    }
    changed
}

/// Replaces every text and member's name for which `renamed` has another.
pub(super) fn rename(value: &Value, renamed: &impl Fn(&str) -> Option<String>) -> Value {
    match value {
        Value::String(text) => renamed(text).map_or_else(|| value.clone(), Value::String),
        Value::Array(items) => items.iter().map(|item| rename(item, renamed)).collect(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                (renamed(name).unwrap_or_else(|| name.clone()), rename(value, renamed))
            };
            Value::Object(members.iter().map(member).collect())
        }
        other => other.clone(),
    }
}
