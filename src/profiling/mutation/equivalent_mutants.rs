//! Changes that do not matter, by what the profile declares.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::canonical::Roots;
use crate::canonical::profile::Profile;
use crate::canonical::rule::{Action, Array, ArraySegment, MemberPath, Rule, Stage, TextPattern, place_of};
use crate::canonical::scramble::Scramble;
use crate::model::text::json_pointer;
use crate::model::text::words;
use crate::profiling::mutation::traverse::{self, VisitedValue};
use crate::profiling::mutation::variant::{Variant, some};

/// Under how many seeds a document is spelled in another way.
const SPELLINGS: u64 = 8;

/// Gives `try_one` every change that does not matter.
pub(super) fn each(profile: &Profile, roots: &Roots, document: &Value, try_one: &mut impl FnMut(Variant)) {
    let rules = profile.rules();
    for seed in 0..SPELLINGS {
        let text = Scramble::new(seed).spelling(document);
        try_one(Variant { kind: "spelling", place: format!("seed {seed}"), text, roots: None });
    }
    let mut one = |kind, place: &str, document: &Value| {
        try_one(Variant { kind, place: place.to_owned(), text: document.to_string(), roots: None });
    };
    let seen = traverse::all(document, rules, Stage::Write);
    sets(document, rules, &seen, &mut one);
    volatile(document, rules, &seen, &mut one);
    random(document, rules, &mut one);
    if let Some(moved) = roots.moved(&document.to_string()) {
        let (text, roots) = moved;
        try_one(Variant { kind: "root", place: String::new(), text, roots: Some(roots) });
    }
}

fn sets(document: &Value, rules: &[Rule], seen: &[VisitedValue<'_>], one: &mut impl FnMut(&'static str, &str, &Value)) {
    let positions = positions(document, rules);
    let is_set =
        |at: &&VisitedValue<'_>| at.rule.is_some_and(|index| matches!(rules[index].action(), Action::Set { .. }));
    for at in some(seen.iter().filter(is_set).collect()) {
        let Some(items) = at.value.as_array().filter(|items| items.len() > 1) else { continue };
        let count = items.len();
        // Positions outside the array follow it first: pointers stay right.
        let mut changed = document.clone();
        for (place, position) in positions.get(&at.pointer).into_iter().flatten() {
            if let Some(value) = changed.pointer_mut(place).filter(|_| *position < count) {
                *value = Value::from(count - 1 - position);
            }
        }
        if let Some(list) = changed.pointer_mut(&at.pointer).and_then(Value::as_array_mut) {
            list.reverse();
        }
        one("order of a set", &at.pointer, &changed);
    }
}

/// Pointer of an array → the positions in it that rules resolve, each by its own pointer.
fn positions(document: &Value, rules: &[Rule]) -> BTreeMap<String, Vec<(String, usize)>> {
    let mut positions: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
    for at in traverse::all(document, rules, Stage::ResolveIndex) {
        let Some(Action::ResolveIndex { into, .. }) = at.rule.map(|index| rules[index].action()) else { continue };
        let Some(position) = at.value.as_u64().and_then(|position| usize::try_from(position).ok()) else { continue };
        if let Some(array) = into.iter().find_map(|array| array_of(document, array, &at.pointer)) {
            positions.entry(array).or_default().push((at.pointer, position));
        }
    }
    positions
}

/// The pointer of the array that a position counts in.
fn array_of(document: &Value, array: &Array, position: &str) -> Option<String> {
    let steps: Vec<&str> = position.split('/').skip(1).collect();
    let beside = position.rsplit_once('/').map_or("", |(beside, _)| beside);
    let mut pointer = String::new();
    for (level, segment) in array.segments().iter().enumerate() {
        let step = match segment {
            ArraySegment::Name(name) => json_pointer::escaped(name).into_owned(),
            ArraySegment::Same => (*steps.get(level)?).to_owned(),
            ArraySegment::NumberAt(path) => {
                let number: Vec<&str> = path.names().collect();
                document.pointer(&format!("{beside}/{}", number.join("/")))?.as_u64()?.to_string()
            }
            ArraySegment::Named { by, member } => {
                let pointer_of = |path: &MemberPath| path.names().map(|name| format!("/{name}")).collect::<String>();
                let name = document.pointer(&format!("{beside}{}", pointer_of(by)))?.as_str()?;
                let items = document.pointer(&pointer)?.as_array()?;
                let member = pointer_of(member);
                place_of(name, items.iter().map(|item| item.pointer(&member)?.as_str()))?.to_string()
            }
        };
        pointer.push('/');
        pointer.push_str(&step);
    }
    document.pointer(&pointer).filter(|value| value.is_array()).map(|_| pointer)
}

fn volatile(
    document: &Value,
    rules: &[Rule],
    seen: &[VisitedValue<'_>],
    one: &mut impl FnMut(&'static str, &str, &Value),
) {
    let volatile = seen.iter().filter_map(|at| {
        let other = match (rules[at.rule?].action(), at.value) {
            (Action::Drop | Action::Mask { pattern: None }, _) => Value::from("another value"),
            (Action::Mask { pattern: Some(pattern) }, Value::String(text)) => Value::String(moved(text, pattern)?),
            _ => return None,
        };
        Some((at, other))
    });
    for (at, other) in some(volatile.collect()) {
        if let (Some(address), true) = (at.value.as_str(), is_address(&at.pointer, rules)) {
            // A document under another address refers to itself by that one.
            let core = address.strip_prefix("urn:uuid:").unwrap_or(address);
            let changed =
                traverse::rename(document, &|text| text.contains(core).then(|| text.replace(core, &turned(core))));
            one("volatile value", &at.pointer, &changed);
            continue;
        }
        one("volatile value", &at.pointer, &traverse::with(document, &at.pointer, other));
    }
}

/// Whether a place holds the document's own address.
fn is_address(pointer: &str, rules: &[Rule]) -> bool {
    rules.iter().any(|rule| match rule.action() {
        Action::OwnLink { of, .. } => format!("/{of}") == pointer,
        _ => false,
    })
}

/// `text` with other digits in what `pattern` matches, where that is still what it matches.
fn moved(text: &str, pattern: &TextPattern) -> Option<String> {
    let found = pattern.find(text)?;
    let other = turned(found);
    let moved = text.replacen(found, &other, 1);
    (moved != text && pattern.replaced(&moved, "") == pattern.replaced(text, "")).then_some(moved)
}

/// Every digit another: 0 stays within 0 to 9, a within a to f.
fn turned(text: &str) -> String {
    let turn = |c: char| match c {
        '0'..='9' => char::from((c as u8 - b'0' + 3) % 10 + b'0'),
        'a'..='f' => char::from((c as u8 - b'a' + 1) % 6 + b'a'),
        other => other,
    };
    text.chars().map(turn).collect()
}

/// `text` with other digits, and no letters: for ids in which letters mean something.
fn turned_digits(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { char::from((c as u8 - b'0' + 3) % 10 + b'0') } else { c }).collect()
}

/// Gives ids that are words of a text the names that they have elsewhere.
fn with_words(mut document: Value, rules: &[Rule], renamed: &BTreeMap<&str, String>) -> Value {
    let within = rules.iter().filter_map(|rule| match rule.action() {
        Action::Relabel { within, .. } => Some(within),
        _ => None,
    });
    let places = within.flatten().filter_map(|place| Rule::new(place.clone(), Action::Mask { pattern: None }, "found"));
    let places: Vec<Rule> = places.collect();
    let found = traverse::all(&document, &places, Stage::Write);
    let texts: Vec<(String, String)> = found
        .iter()
        .filter(|at| at.rule.is_some())
        .filter_map(|at| {
            let pieces = words::pieces(at.value.as_str()?);
            let name = |(is_word, piece)| renamed.get(piece).filter(|_| is_word).map_or(piece, String::as_str);
            Some((at.pointer.clone(), pieces.map(name).collect()))
        })
        .collect();
    for (pointer, text) in texts {
        if let Some(place) = document.pointer_mut(&pointer) {
            *place = Value::String(text);
        }
    }
    document
}

fn random(document: &Value, rules: &[Rule], one: &mut impl FnMut(&'static str, &str, &Value)) {
    let named = |stage| {
        let places = traverse::all(document, rules, stage).into_iter();
        let texts = places.filter_map(|at| {
            let text = at.value.as_str()?;
            match rules[at.rule?].action() {
                Action::Relabel { pattern, .. } if !text.starts_with("pkg:") => pattern.find(text),
                Action::Alias { pattern, .. } => pattern.find(text),
                _ => None,
            }
        });
        texts.map(str::to_owned).collect::<BTreeSet<String>>()
    };
    let patterns = |stage| {
        rules.iter().filter(move |rule| rule.action().stage() == stage).filter_map(|rule| match rule.action() {
            Action::Relabel { pattern, .. } | Action::Alias { pattern, .. } => Some(pattern),
            _ => None,
        })
    };
    // Whatever the letters are, another id must be one, too, and no other that is there.
    let other = |id: &str, stage| -> Option<String> {
        let is_id = |new: &String| new != id && patterns(stage).any(|pattern| pattern.find(new) == Some(new.as_str()));
        [turned(id), turned_digits(id)].into_iter().find(is_id)
    };
    // By its own address and an id a document refers to what is in it.
    let addresses: Vec<&str> = rules
        .iter()
        .filter_map(|rule| match rule.action() {
            Action::OwnLink { of, .. } => document.pointer(&format!("/{of}"))?.as_str(),
            _ => None,
        })
        .map(|address| address.strip_prefix("urn:uuid:").unwrap_or(address))
        .filter(|address| !address.is_empty())
        .collect();
    for (kind, stage) in [("random ids", Stage::Relabel), ("namespace", Stage::Alias)] {
        let ids = named(stage);
        let renamed: BTreeMap<&str, String> =
            ids.iter().filter_map(|id| Some((id.as_str(), other(id, stage)?))).collect();
        let distinct: BTreeSet<&String> = renamed.values().collect();
        if renamed.is_empty() || distinct.len() < renamed.len() {
            continue;
        }
        let changed = traverse::rename(document, &|text| {
            if stage == Stage::Relabel {
                return renamed.get(text).cloned().or_else(|| {
                    let (document, id) = text.rsplit_once('#')?;
                    let is_own = addresses.iter().any(|address| document.contains(address));
                    renamed.get(id).filter(|_| is_own).map(|new| format!("{document}#{new}"))
                });
            }
            let namespace = patterns(stage).find_map(|pattern| pattern.find(text))?;
            renamed.get(namespace).map(|new| format!("{new}{}", &text[namespace.len()..]))
        });
        let changed = if stage == Stage::Relabel { with_words(changed, rules, &renamed) } else { changed };
        one(kind, "", &changed);
    }
}
