//! Namespaces that are new in each run, replaced by a constant.
//!
//! One namespace is `(alias)`. Of several each is named after what stands below it, so that their order does not
//! matter; two with the same below them could be mistaken for each other, and keep their names.

use std::collections::{BTreeMap, HashMap};

use crate::canonical::document::marked;
use crate::canonical::document::rewrite::rewrite;
use crate::canonical::document::value::Value;
use crate::canonical::rule::matcher::{Follower, Place};
use crate::canonical::rule::{Action, Pattern, Rule, Stage, TextPattern};
use crate::model::digest::Digest;

/// With more than these, they are not namespaces of a document.
const MOST: usize = 64;

/// Replaces every namespace that `rules` find; adds to `done` in how many texts and names.
pub(super) fn replace(document: &mut Value<'_>, rules: &[Rule], done: &mut [u64]) {
    for (index, rule) in rules.iter().enumerate() {
        let Action::Alias { pattern, at } = rule.action() else { continue };
        let mut found = BTreeMap::new();
        let (mut follower, place) = Follower::start(rules, Stage::Alias);
        collect(document, &mut follower, &place, index, pattern, &mut found);
        if found.is_empty() || found.len() > MOST {
            continue;
        }
        let names = named(document, pattern, found);
        let shortened = |text: &str| {
            let namespace = pattern.find(text)?;
            names.get(namespace).map(|name| format!("{name}{}", &text[namespace.len()..]))
        };
        if at.is_empty() {
            done[index] += rewrite(document, &shortened);
        } else {
            let places: Vec<&Pattern> = std::iter::once(rule.path()).chain(at).collect();
            marked::mark(document, &places, &|text| shortened(text).is_some());
            done[index] += rewrite(document, &|text| shortened(marked::unmarked(text)?));
        }
    }
}

/// The namespaces at the places of the rule at `index`.
fn collect(
    value: &Value<'_>,
    follower: &mut Follower<'_>,
    place: &Place,
    index: usize,
    pattern: &TextPattern,
    found: &mut BTreeMap<String, Vec<Digest>>,
) {
    if let (Some(decided), Value::String(text)) = (place.decision, value)
        && decided == index
        && found.len() <= MOST
        && let Some(namespace) = pattern.find(text)
    {
        found.entry(namespace.to_owned()).or_default();
    }
    if follower.is_done(place) {
        return;
    }
    match value {
        Value::Array(items) => {
            let below = follower.below(place, None);
            items.iter().for_each(|item| collect(item, follower, &below, index, pattern, found));
            follower.leave(&below);
        }
        Value::Object(members) => {
            for member in members {
                let below = follower.below(place, Some(&member.name));
                collect(&member.value, follower, &below, index, pattern, found);
                follower.leave(&below);
            }
        }
        _ => {}
    }
}

fn named(
    document: &Value<'_>,
    pattern: &TextPattern,
    mut found: BTreeMap<String, Vec<Digest>>,
) -> HashMap<String, String> {
    if found.len() == 1 {
        return found.into_keys().map(|namespace| (namespace, "(alias)".to_owned())).collect();
    }
    below(document, pattern, &mut found);
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (namespace, mut rest) in found {
        rest.sort_unstable();
        let all: String = rest.iter().map(Digest::hex).collect();
        let name = format!("(alias {})", &Digest::of(all.as_bytes()).hex()[..16]);
        names.entry(name).or_default().push(namespace);
    }
    let alone = names.into_iter().filter(|(_, namespaces)| namespaces.len() == 1);
    alone
        .flat_map(|(name, namespaces)| namespaces.into_iter().map(move |namespace| (namespace, name.clone())))
        .collect()
}

/// Adds what stands behind each namespace.
fn below(value: &Value<'_>, pattern: &TextPattern, found: &mut BTreeMap<String, Vec<Digest>>) {
    let mut one = |text: &str| {
        if let Some(namespace) = pattern.find(text)
            && let Some(rest) = found.get_mut(namespace)
        {
            rest.push(Digest::of(&text.as_bytes()[namespace.len()..]));
        }
    };
    match value {
        Value::String(text) => one(text),
        Value::Array(items) => items.iter().for_each(|item| below(item, pattern, found)),
        Value::Object(members) => {
            members.iter().for_each(|member| one(&member.name));
            members.iter().for_each(|member| below(&member.value, pattern, found));
        }
        _ => {}
    }
}
