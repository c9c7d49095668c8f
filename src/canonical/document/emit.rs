//! Writes a parsed document as canonical bytes, applying rules on the way.
//!
//! One walk: a member is dropped or masked on the way down, a set is put in order on the way up, when its elements
//! are canonical bytes already. The order of a set:
//!
//! 1. by the members that the rule's `key` names, in turn: an absent one first, then by its canonical bytes, a
//!    string without its quotes;
//! 2. then by the canonical bytes of the whole element. Equal elements all stay.
//!
//! Invariant: elements are moved as bytes, never written twice.

use std::cmp::Ordering;
use std::ops::Range;

use crate::canonical::document::value::{Member, Value};
use crate::canonical::number;
use crate::canonical::rule::matcher::{Follower, Place};
use crate::canonical::rule::{Action, Rule, Stage, TextPattern};

/// What stands in place of a masked value.
pub(in crate::canonical) const MASK: &str = "(masked)";

/// What came out.
pub(in crate::canonical) struct Emitted {
    pub(in crate::canonical) bytes: Vec<u8>,
    /// What each rule did: at how many places it dropped or masked, how many arrays it called sets.
    pub(in crate::canonical) done: Vec<u64>,
    /// How many arrays each rule put in another order.
    pub(in crate::canonical) reordered: Vec<u64>,
}

/// Writes `document` under those of `rules` that drop, mask or order; `size` is a guess at the result's.
pub(in crate::canonical) fn emit(document: &Value<'_>, rules: &[Rule], size: usize) -> Emitted {
    let (follower, place) = Follower::start(rules, Stage::Write);
    let (done, reordered) = (vec![0; rules.len()], vec![0; rules.len()]);
    let mut emitter = Emitter { out: Vec::with_capacity(size), rules, follower, done, reordered };
    emitter.value(document, &place);
    Emitted { bytes: emitter.out, done: emitter.done, reordered: emitter.reordered }
}

struct Emitter<'r> {
    out: Vec<u8>,
    rules: &'r [Rule],
    follower: Follower<'r>,
    done: Vec<u64>,
    reordered: Vec<u64>,
}

/// An element of a set, as ranges of the output.
struct Element {
    whole: Range<usize>,
    key: Vec<Option<Range<usize>>>,
}

impl<'r> Emitter<'r> {
    fn action(&self, place: &Place) -> Option<(usize, &'r Action)> {
        place.decision.map(|index| (index, self.rules[index].action()))
    }

    /// Writes a value that is masked, and counts it where that changes anything.
    fn masked(&mut self, value: &Value<'_>, index: usize, pattern: Option<&TextPattern>, place: &Place) {
        match (pattern, value) {
            (None, _) => {
                self.done[index] += 1;
                self.out.extend_from_slice(b"\"(masked)\"");
            }
            (Some(pattern), Value::String(text)) => match pattern.replaced(text, MASK) {
                None => write_string(text, &mut self.out),
                Some(masked) => {
                    self.done[index] += 1;
                    write_string(&masked, &mut self.out);
                }
            },
            (Some(_), other) => self.value(other, place),
        }
    }

    fn value(&mut self, value: &Value<'_>, place: &Place) {
        match value {
            Value::Null => self.out.extend_from_slice(b"null"),
            Value::Bool(true) => self.out.extend_from_slice(b"true"),
            Value::Bool(false) => self.out.extend_from_slice(b"false"),
            Value::Number(value) => number::write(*value, &mut self.out),
            Value::String(text) => write_string(text, &mut self.out),
            Value::Array(items) => self.array(items, place),
            Value::Object(members) => self.object(members, place, &[], &mut []),
        }
    }

    /// Writes an object; where members that `key` names stand goes to `found`.
    fn object(&mut self, members: &[Member<'_>], place: &Place, key: &[String], found: &mut [Option<Range<usize>>]) {
        let begin = self.out.len();
        self.out.push(b'{');
        for Member { name, value } in members {
            let below = self.follower.below(place, Some(name));
            let action = self.action(&below);
            if let Some((index, Action::Drop)) = action {
                self.done[index] += 1;
            } else {
                if self.out.len() > begin + 1 {
                    self.out.push(b',');
                }
                write_string(name, &mut self.out);
                self.out.push(b':');
                let start = self.out.len();
                match action {
                    Some((index, Action::Mask { pattern })) => self.masked(value, index, pattern.as_ref(), &below),
                    _ => self.value(value, &below),
                }
                if let Some(at) = key.iter().position(|wanted| wanted == name) {
                    found[at] = Some(start..self.out.len());
                }
            }
            self.follower.leave(&below);
        }
        self.out.push(b'}');
    }

    fn array(&mut self, items: &[Value<'_>], place: &Place) {
        let set = match self.action(place) {
            Some((index, Action::Set { key })) => {
                self.done[index] += 1;
                Some((index, key))
            }
            _ => None,
        };
        // The elements of an array are one place: a rule cannot tell them apart.
        let below = self.follower.below(place, None);
        match self.action(&below) {
            Some((index, Action::Drop)) => {
                self.done[index] += items.len() as u64;
                self.out.extend_from_slice(b"[]");
            }
            Some((index, Action::Mask { pattern: None })) => {
                self.list(items, |emitter, item| emitter.masked(item, index, None, &below));
            }
            _ => match set {
                None => self.list(items, |emitter, item| emitter.element(item, &below)),
                Some((index, key)) => self.set(items, &below, index, key),
            },
        }
        self.follower.leave(&below);
    }

    /// Writes an element whose place may be masked in part.
    fn element(&mut self, item: &Value<'_>, below: &Place) {
        match self.action(below) {
            Some((index, Action::Mask { pattern })) => self.masked(item, index, pattern.as_ref(), below),
            _ => self.value(item, below),
        }
    }

    fn list<'v>(&mut self, items: &'v [Value<'v>], mut write: impl FnMut(&mut Self, &'v Value<'v>)) {
        self.out.push(b'[');
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.out.push(b',');
            }
            write(self, item);
        }
        self.out.push(b']');
    }

    fn set(&mut self, items: &[Value<'_>], below: &Place, index: usize, key: &[String]) {
        let begin = self.out.len();
        let mut elements = Vec::with_capacity(items.len());
        self.list(items, |emitter, item| {
            let start = emitter.out.len();
            let mut found = vec![None; key.len()];
            match item {
                Value::Object(members) => emitter.object(members, below, key, &mut found),
                other => emitter.element(other, below),
            }
            elements.push(Element { whole: start..emitter.out.len(), key: found });
        });
        if elements.is_sorted_by(|a, b| set_order(&self.out, a, b).is_le()) {
            return;
        }
        self.reordered[index] += 1;
        elements.sort_by(|a, b| set_order(&self.out, a, b));
        let unordered = self.out.split_off(begin);
        self.out.push(b'[');
        for (i, element) in elements.iter().enumerate() {
            if i > 0 {
                self.out.push(b',');
            }
            self.out.extend_from_slice(&unordered[element.whole.start - begin..element.whole.end - begin]);
        }
        self.out.push(b']');
    }
}

fn set_order(out: &[u8], a: &Element, b: &Element) -> Ordering {
    let part = |range: &Option<Range<usize>>| range.clone().map(|range| bare(&out[range]));
    let by_key = a.key.iter().zip(&b.key).map(|(a, b)| part(a).cmp(&part(b))).find(|order| order.is_ne());
    by_key.unwrap_or_else(|| out[a.whole.clone()].cmp(&out[b.whole.clone()]))
}

/// A string's canonical bytes without the quotes; any other value's as they are.
fn bare(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(bytes)
}

/// Appends a string as RFC 8785 §3.2.2.2 has it: the shortest escape where one is needed, all else as it is.
fn write_string(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bytes = text.as_bytes();
    out.push(b'"');
    let mut written = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let short = match byte {
            b'"' | b'\\' => *byte,
            0x08 => b'b',
            0x09 => b't',
            0x0A => b'n',
            0x0C => b'f',
            0x0D => b'r',
            0x00..=0x1F => b'u',
            _ => continue,
        };
        out.extend_from_slice(&bytes[written..at]);
        out.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            out.extend_from_slice(&[b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0xF)]]);
        }
        written = at + 1;
    }
    out.extend_from_slice(&bytes[written..]);
    out.push(b'"');
}
