//! Every value of a document, and what its place is to a comparison of meanings.

use serde_json::Value;

use crate::model::text::json_pointer;
use crate::profiling::members::{Class, Member, Members};
use crate::profiling::mutation::meaning::trial::Place;

/// A value of a document and what it is.
pub(super) struct Spot<'v> {
    /// Its JSON pointer (RFC 6901).
    pub(super) pointer: String,
    pub(super) place: Place,
    pub(super) value: &'v Value,
    pub(super) member: Option<&'v Member>,
    /// It is a member of an object, not an element.
    pub(super) is_member: bool,
    /// The first place of those of which all that is below is one.
    pub(super) is_whole: bool,
}

impl Spot<'_> {
    pub(super) fn is_leaf(&self) -> bool {
        !matches!(self.value, Value::Array(_) | Value::Object(_))
    }

    /// Whether anything is said there: what is absent, empty or `null` says nothing.
    pub(super) fn is_said(&self) -> bool {
        is_said(self.value)
    }

    pub(super) fn class(&self) -> Option<&Class> {
        self.member.map(|member| &member.class)
    }

    pub(super) fn is_meant(&self) -> bool {
        matches!(self.class(), Some(Class::Identity | Class::Decides | Class::Refers))
    }
}

fn is_said(value: &Value) -> bool {
    match value {
        Value::Null => false,
        // SPDX has a word for it.
        Value::String(text) => !matches!(text.as_str(), "" | "NOASSERTION"),
        Value::Array(items) => items.iter().any(is_said),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Every value of a document but the whole.
pub(super) fn spots<'v>(members: &'v Members, document: &'v Value) -> Vec<Spot<'v>> {
    let mut spots = Vec::new();
    let root = members.root(document);
    let at = At { pointer: "", place: &root, above: None, is_member: false, in_whole: false };
    walk(members, document, at, &mut spots);
    spots
}

struct At<'v, 'p> {
    pointer: &'p str,
    place: &'p [String],
    /// What the list is in which it stands.
    above: Option<&'v Member>,
    is_member: bool,
    in_whole: bool,
}

fn walk<'v>(members: &'v Members, value: &'v Value, at: At<'v, '_>, spots: &mut Vec<Spot<'v>>) {
    let At { pointer, place, above, is_member, in_whole } = at;
    // A list of plain values is classed as a whole.
    let plain = !is_member && !matches!(value, Value::Array(_) | Value::Object(_));
    let member = above.filter(|_| plain).or_else(|| members.at(place));
    let is_whole = !place.is_empty() && members.is_whole(place);
    if !pointer.is_empty() {
        let is_whole = is_whole && !in_whole;
        spots.push(Spot { pointer: pointer.to_owned(), place: place.to_vec(), value, member, is_member, is_whole });
    }
    let in_whole = in_whole || is_whole;
    let step = |segment: String| place.iter().cloned().chain([segment]).collect::<Vec<_>>();
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let below = step(members.element(place, item));
                let pointer = format!("{pointer}/{index}");
                let at = At { pointer: &pointer, place: &below, above: member, is_member: false, in_whole };
                walk(members, item, at, spots);
            }
        }
        Value::Object(object) => {
            for (name, value) in object {
                let pointer = format!("{pointer}/{}", json_pointer::escaped(name));
                let below = step(name.clone());
                walk(
                    members,
                    value,
                    At { pointer: &pointer, place: &below, above: None, is_member: true, in_whole },
                    spots,
                );
            }
        }
        _ => {}
    }
}
