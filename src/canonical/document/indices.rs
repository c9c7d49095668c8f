//! Positions in an array, replaced by what stands there: then the array may be put in another order.
//!
//! An element is named by the members that the rule gives, joined by a blank; where another has the same, a digest of
//! the element is added. A position without an element stays a number, and so does one whose array is not found.

use std::collections::HashMap;

use crate::canonical::document::emit;
use crate::canonical::document::value::{Member, Value, utf16_order};
use crate::canonical::rule::matcher::{Follower, Place};
use crate::canonical::rule::{Action, Array, ArraySegment, MemberPath, Rule, Stage, place_of};
use crate::model::digest::Digest;

/// Resolves every position that `rules` name; adds to `done` how many.
pub(super) fn resolve(document: &mut Value<'_>, rules: &[Rule], done: &mut [u64]) {
    let (mut follower, place) = Follower::start(rules, Stage::ResolveIndex);
    let mut finder = Finder { document, rules, above: Vec::new(), names: HashMap::new(), found: Vec::new() };
    finder.walk(document, &mut follower, &place, None);
    let mut found = std::mem::take(&mut finder.found).into_iter();
    let (mut follower, place) = Follower::start(rules, Stage::ResolveIndex);
    replace(document, &mut follower, &place, &mut found, done);
}

/// A step of the way down.
#[derive(Clone, Copy)]
enum Step<'v> {
    Member(&'v str),
    Element(usize),
}

/// Which array of the document, and under which rule its elements are named.
type ArrayId = (usize, *const ());

struct Finder<'v, 'a> {
    document: &'v Value<'a>,
    rules: &'v [Rule],
    above: Vec<Step<'v>>,
    /// The names of an array's elements, made once.
    names: HashMap<ArrayId, Vec<String>>,
    /// One for each number at a place of a rule, in the order of the walk.
    found: Vec<Option<String>>,
}

impl<'v, 'a> Finder<'v, 'a> {
    /// `beside` is the object that the value is a member of.
    fn walk(
        &mut self,
        value: &'v Value<'a>,
        follower: &mut Follower<'_>,
        place: &Place,
        beside: Option<&'v Value<'a>>,
    ) {
        if let (Some(index), Value::Number(position)) = (place.decision, value) {
            let name = self.named(index, *position, beside);
            self.found.push(name);
        }
        if follower.is_done(place) {
            return;
        }
        match value {
            Value::Array(items) => {
                let below = follower.below(place, None);
                for (at, item) in items.iter().enumerate() {
                    self.above.push(Step::Element(at));
                    self.walk(item, follower, &below, None);
                    self.above.pop();
                }
                follower.leave(&below);
            }
            Value::Object(members) => {
                for member in members {
                    let below = follower.below(place, Some(&member.name));
                    self.above.push(Step::Member(&member.name));
                    self.walk(&member.value, follower, &below, Some(value));
                    self.above.pop();
                    follower.leave(&below);
                }
            }
            _ => {}
        }
    }

    fn named(&mut self, index: usize, position: f64, beside: Option<&'v Value<'a>>) -> Option<String> {
        let Action::ResolveIndex { into, by } = self.rules[index].action() else { return None };
        let items = into.iter().find_map(|array| self.array(array, beside))?;
        let at = element(position)?;
        let names = self.names.entry((index, items.as_ptr().cast())).or_insert_with(|| names(items, by));
        names.get(at).cloned()
    }

    fn array(&self, array: &Array, beside: Option<&'v Value<'a>>) -> Option<&'v [Value<'a>]> {
        let mut at = self.document;
        for (level, segment) in array.segments().iter().enumerate() {
            at = match segment {
                ArraySegment::Name(name) => member(at, name)?,
                ArraySegment::Same => match self.above.get(level)? {
                    Step::Member(name) => member(at, name)?,
                    Step::Element(index) => item(at, *index)?,
                },
                ArraySegment::NumberAt(path) => match below(beside?, path)? {
                    Value::Number(position) => item(at, element(*position)?)?,
                    _ => return None,
                },
                ArraySegment::Named { by, member } => {
                    let (Value::String(name), Value::Array(items)) = (below(beside?, by)?, at) else { return None };
                    let text = |item: &'v Value<'a>| match below(item, member)? {
                        Value::String(text) => Some(&**text),
                        _ => None,
                    };
                    items.get(place_of(name, items.iter().map(text))?)?
                }
            };
        }
        match at {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }
}

/// A position as an index; none for `-1`, which SARIF writes where there is none, and for what is not a position at all.
fn element(position: f64) -> Option<usize> {
    let whole = position >= 0.0 && position.fract() == 0.0 && position < f64::from(u32::MAX);
    whole.then_some(position as usize)
}

fn item<'v, 'a>(value: &'v Value<'a>, index: usize) -> Option<&'v Value<'a>> {
    match value {
        Value::Array(items) => items.get(index),
        _ => None,
    }
}

fn member<'v, 'a>(value: &'v Value<'a>, name: &str) -> Option<&'v Value<'a>> {
    match value {
        // They are in canonical order: a search for each position must not look at all of them.
        Value::Object(members) => {
            let at = members.binary_search_by(|member| utf16_order(&member.name, name)).ok()?;
            members.get(at).map(|member| &member.value)
        }
        _ => None,
    }
}

pub(in crate::canonical) fn below<'v, 'a>(value: &'v Value<'a>, path: &MemberPath) -> Option<&'v Value<'a>> {
    path.names().try_fold(value, member)
}

fn names(items: &[Value<'_>], by: &[MemberPath]) -> Vec<String> {
    let plain = |item: &Value<'_>| {
        let parts = by.iter().filter_map(|path| match below(item, path)? {
            Value::String(text) => Some(text.clone().into_owned()),
            other => Some(String::from_utf8_lossy(&emit::emit(other, &[], 0).bytes).into_owned()),
        });
        parts.collect::<Vec<_>>().join(" ")
    };
    let mut names: Vec<String> = items.iter().map(plain).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    names.iter().for_each(|name| *counts.entry(name).or_default() += 1);
    let ambiguous: Vec<bool> = names.iter().map(|name| name.is_empty() || counts[name.as_str()] > 1).collect();
    for ((name, item), _) in names.iter_mut().zip(items).zip(ambiguous).filter(|(_, ambiguous)| *ambiguous) {
        let digest = Digest::of(&emit::emit(item, &[], 0).bytes).hex();
        *name = format!("{name} {}", &digest[..32]);
    }
    names
}

/// The same walk once more, now with what was found.
fn replace(
    value: &mut Value<'_>,
    follower: &mut Follower<'_>,
    place: &Place,
    found: &mut impl Iterator<Item = Option<String>>,
    done: &mut [u64],
) {
    if let (Some(index), Value::Number(_)) = (place.decision, &*value)
        && let Some(name) = found.next().flatten()
    {
        *value = Value::String(name.into());
        done[index] += 1;
    }
    if follower.is_done(place) {
        return;
    }
    match value {
        Value::Array(items) => {
            let below = follower.below(place, None);
            items.iter_mut().for_each(|item| replace(item, follower, &below, found, done));
            follower.leave(&below);
        }
        Value::Object(members) => {
            for Member { name, value } in members {
                let below = follower.below(place, Some(name));
                replace(value, follower, &below, found, done);
                follower.leave(&below);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
