//! Changes that matter: what a reader of the document would act upon.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::canonical::profile::Profile;
use crate::canonical::rule::{Action, Rule, Stage};
use crate::profiling::mutation::traverse::{self, VisitedValue};
use crate::profiling::mutation::variant::{Variant, some};

/// What a scalar is about, by the names of the members that lead to it.
pub(in crate::profiling) fn meaning(names: &[Option<&str>]) -> Option<&'static str> {
    let plain = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let named: Vec<String> = names.iter().flatten().map(|name| plain(name)).collect();
    let last = named.last()?.as_str();
    // The member, or the list or object that it stands in.
    let near = &named[named.len().saturating_sub(3)..];
    let is_near = |words: &[&str]| near.iter().any(|name| words.iter().any(|word| name.contains(word)));
    if is_near(&["hash", "checksum", "digest", "fingerprint", "sha256"]) {
        return Some("hash");
    }
    if is_near(&["license", "licence"]) {
        return Some("licence");
    }
    if last.contains("fix") || ["recommendation", "remediation", "patched"].iter().any(|word| last.contains(word)) {
        return Some("fix");
    }
    if last.ends_with("version") || last == "versioninfo" {
        return Some("version");
    }
    if last.contains("severity") || ["score", "basescore", "level", "vector"].contains(&last) {
        return Some("severity");
    }
    if ["status", "state", "justification", "response", "verdict", "decision"].contains(&last)
        || last.ends_with("statement")
    {
        return Some("status");
    }
    let identity = ["id", "name", "purl", "cpe", "ruleid", "cveid", "affectedpurl", "spdxid", "uri", "startline"];
    identity.contains(&last).then_some("identity")
}

/// Gives `try_one` every change that matters.
pub(super) fn each(profile: &Profile, document: &Value, try_one: &mut impl FnMut(Variant)) {
    let rules = profile.rules();
    let seen = traverse::all(document, rules, Stage::Write);
    let ids = ids(document, rules);
    scalars(document, rules, &seen, &ids, try_one);
    lists(document, &seen, &ids, try_one);
    references(document, &seen, &ids, try_one);
}

fn variant(kind: &'static str, place: &str, document: &Value) -> Variant {
    Variant { kind, place: place.to_owned(), text: document.to_string(), roots: None }
}

fn scalars(
    document: &Value,
    rules: &[Rule],
    seen: &[VisitedValue<'_>],
    ids: &BTreeSet<&str>,
    try_one: &mut impl FnMut(Variant),
) {
    let masks =
        |at: &&VisitedValue<'_>| at.rule.is_some_and(|index| matches!(rules[index].action(), Action::Mask { .. }));
    for wanted in ["version", "severity", "fix", "status", "licence", "hash", "identity"] {
        let of_kind = seen.iter().filter(|at| meaning(&at.names) == Some(wanted));
        // Of the last kind many are volatile by design; of the others none may be.
        let may_hide = wanted == "identity";
        let meant = of_kind.filter(|at| !(may_hide && (at.is_hidden || masks(at))));
        let meant = meant.filter(|at| !at.value.as_str().is_some_and(|text| ids.contains(text)));
        for at in some(meant.collect()) {
            if let Some(other) = other(at.value) {
                try_one(variant(wanted, &at.pointer, &traverse::with(document, &at.pointer, other)));
            }
        }
    }
}

/// Another value of the same type.
fn other(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(is) => Some(Value::Bool(!is)),
        Value::String(text) => Some(Value::String(format!("{text}-changed"))),
        Value::Number(number) => Some(Value::from(number.as_f64()? + 1.0)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The document without what is hidden, its random ids included.
fn visible(document: &Value, seen: &[VisitedValue<'_>], ids: &BTreeSet<&str>) -> Value {
    let mut visible = document.clone();
    let is_random = |at: &&VisitedValue<'_>| at.is_hidden || at.value.as_str().is_some_and(|text| ids.contains(text));
    for at in seen.iter().filter(is_random) {
        // Not removed, so that pointers stay right; what is hidden within it is gone already.
        if let Some(place) = visible.pointer_mut(&at.pointer) {
            *place = Value::Null;
        }
    }
    visible
}

/// Elements that go, and members that two elements exchange.
fn lists(document: &Value, seen: &[VisitedValue<'_>], ids: &BTreeSet<&str>, try_one: &mut impl FnMut(Variant)) {
    let lists: Vec<(&VisitedValue<'_>, &Vec<Value>)> =
        seen.iter().filter(|at| !at.is_hidden).filter_map(|at| at.value.as_array().map(|items| (at, items))).collect();
    let elements = lists.iter().flat_map(|(at, items)| (0..items.len()).map(move |index| (at, items, index)));
    for (at, items, index) in some(elements.collect()) {
        let mut rest = (*items).clone();
        rest.remove(index);
        let place = format!("{}/{index}", at.pointer);
        try_one(variant("removed", &place, &traverse::with(document, &at.pointer, Value::Array(rest))));
    }
    let pairs = lists.iter().flat_map(|(at, items)| {
        let names = items.first().and_then(Value::as_object).into_iter().flat_map(|first| first.keys());
        names.map(move |name| (at, items, name))
    });
    let visible = visible(document, seen, ids);
    let pairs = pairs.filter_map(|(at, items, name)| {
        let names: Vec<Option<&str>> = at.names.iter().copied().chain([None, Some(name.as_str())]).collect();
        meaning(&names).filter(|kind| *kind != "identity")?;
        let first = items.first()?.get(name)?;
        let second = items.iter().position(|item| item.get(name).is_some_and(|value| value != first))?;
        let exchange = |items: &Vec<Value>| -> Option<Vec<Value>> {
            let mut exchanged = items.clone();
            let (one, two) = exchanged.split_at_mut(second);
            std::mem::swap(one.first_mut()?.get_mut(name)?, two.first_mut()?.get_mut(name)?);
            Some(exchanged)
        };
        // Two that are alike in all else that counts have only changed places.
        let left = visible.pointer(&at.pointer)?.as_array()?;
        let after = exchange(left)?;
        let changed_places = after.first() == left.get(second) && after.get(second) == left.first();
        let exchanged = exchange(items)?;
        (!changed_places).then(|| (format!("{}/*/{name}", at.pointer), at, exchanged))
    });
    for (place, at, exchanged) in some(pairs.collect()) {
        try_one(variant("exchanged", &place, &traverse::with(document, &at.pointer, Value::Array(exchanged))));
    }
}

/// The random ids of a document.
fn ids<'v>(document: &'v Value, rules: &[Rule]) -> BTreeSet<&'v str> {
    let definitions = traverse::all(document, rules, Stage::Relabel).into_iter();
    let ids = definitions.filter_map(|at| match rules[at.rule?].action() {
        Action::Relabel { pattern, .. } => at.value.as_str().filter(|text| pattern.is_match(text)),
        _ => None,
    });
    ids.collect()
}

/// A reference that goes to something else that has a random id.
fn references(document: &Value, seen: &[VisitedValue<'_>], ids: &BTreeSet<&str>, try_one: &mut impl FnMut(Variant)) {
    let mut defined = BTreeSet::new();
    let referring = seen.iter().filter(|at| !at.is_hidden).filter_map(|at| {
        let id = at.value.as_str().filter(|text| ids.contains(text))?;
        // The first time that it stands there is taken for its definition, which is not a reference.
        (!defined.insert(id)).then_some((at, id))
    });
    for (at, id) in some(referring.collect()) {
        if let Some(target) = ids.iter().find(|other| **other != id) {
            try_one(variant("reference", &at.pointer, &traverse::with(document, &at.pointer, Value::from(*target))));
        }
    }
}
