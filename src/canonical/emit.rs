//! Writes a parsed document as canonical bytes, applying rules on the way.
//!
//! One walk: a member is dropped or masked on the way down, a set is put in order on the way up, when its elements
//! are canonical bytes already. The order of a set:
//!
//! 1. by the members that the rule's `key` names, in turn: an absent one first, then by its canonical bytes, a
//!    string without its quotes;
//! 2. then by the canonical bytes of the whole element. Equal elements all stay.
//!
//! Invariants: elements are moved as bytes, never written twice; a place costs at most one step of every rule that
//! is still open there.

use std::cmp::Ordering;
use std::ops::Range;

use crate::canonical::number;
use crate::canonical::profile::{Action, Progress, Rule};
use crate::canonical::value::{Member, Value};

/// What stands in place of a masked value.
const MASK: &[u8] = b"\"(masked)\"";

/// What came out.
pub(super) struct Emitted {
    pub(super) bytes: Vec<u8>,
    /// How many places each rule dropped or masked.
    pub(super) masked: Vec<u64>,
}

/// Writes `document` under `rules`; `size` is a guess at the result's.
pub(super) fn emit(document: &Value<'_>, rules: &[Rule], size: usize) -> Emitted {
    let mut emitter = Emitter { out: Vec::with_capacity(size), rules, open: Vec::new(), masked: vec![0; rules.len()] };
    let mut decision = None;
    for (index, rule) in rules.iter().enumerate() {
        let start = rule.path().start();
        if rule.path().is_match(start) {
            decision = decision.or(Some(index));
        }
        emitter.open.push((index, start));
    }
    let place = Place { open: 0..rules.len(), decision };
    emitter.value(document, &place);
    Emitted { bytes: emitter.out, masked: emitter.masked }
}

struct Emitter<'r> {
    out: Vec<u8>,
    rules: &'r [Rule],
    /// A stack: the rules that are open at each level of the way down.
    open: Vec<(usize, Progress)>,
    masked: Vec<u64>,
}

/// What the rules say about one place.
struct Place {
    /// The part of [`Emitter::open`] that is about it.
    open: Range<usize>,
    /// The first rule that means it.
    decision: Option<usize>,
}

/// An element of a set, as ranges of the output.
struct Element {
    whole: Range<usize>,
    key: Vec<Option<Range<usize>>>,
}

impl<'r> Emitter<'r> {
    /// What the rules say one level below: about the member `name`, or about every element.
    fn below(&mut self, place: &Place, name: Option<&str>) -> Place {
        let start = self.open.len();
        let mut decision = None;
        for at in place.open.clone() {
            let (index, progress) = self.open[at];
            let path = self.rules[index].path();
            let progress = path.step(progress, name);
            if path.is_match(progress) {
                decision = decision.or(Some(index));
            }
            if path.is_open(progress) {
                self.open.push((index, progress));
            }
        }
        Place { open: start..self.open.len(), decision }
    }

    fn leave(&mut self, place: &Place) {
        self.open.truncate(place.open.start);
    }

    fn action(&self, place: &Place) -> Option<(usize, &'r Action)> {
        place.decision.map(|index| (index, self.rules[index].action()))
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
            let below = self.below(place, Some(name));
            let action = self.action(&below);
            if let Some((index, Action::Drop | Action::Mask)) = action {
                self.masked[index] += 1;
            }
            if !matches!(action, Some((_, Action::Drop))) {
                if self.out.len() > begin + 1 {
                    self.out.push(b',');
                }
                write_string(name, &mut self.out);
                self.out.push(b':');
                let start = self.out.len();
                match action {
                    Some((_, Action::Mask)) => self.out.extend_from_slice(MASK),
                    _ => self.value(value, &below),
                }
                if let Some(at) = key.iter().position(|wanted| wanted == name) {
                    found[at] = Some(start..self.out.len());
                }
            }
            self.leave(&below);
        }
        self.out.push(b'}');
    }

    fn array(&mut self, items: &[Value<'_>], place: &Place) {
        let set = match self.action(place) {
            Some((_, Action::Set { key })) => Some(key),
            _ => None,
        };
        // The elements of an array are one place: a rule cannot tell them apart.
        let below = self.below(place, None);
        match self.action(&below) {
            Some((index, Action::Drop)) => {
                self.masked[index] += items.len() as u64;
                self.out.extend_from_slice(b"[]");
            }
            Some((index, Action::Mask)) => {
                self.masked[index] += items.len() as u64;
                self.list(items, |emitter, _| emitter.out.extend_from_slice(MASK));
            }
            _ => match set {
                None => self.list(items, |emitter, item| emitter.value(item, &below)),
                Some(key) => self.set(items, &below, key),
            },
        }
        self.leave(&below);
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

    fn set(&mut self, items: &[Value<'_>], below: &Place, key: &[String]) {
        let begin = self.out.len();
        let mut elements = Vec::with_capacity(items.len());
        self.list(items, |emitter, item| {
            let start = emitter.out.len();
            let mut found = vec![None; key.len()];
            match item {
                Value::Object(members) => emitter.object(members, below, key, &mut found),
                other => emitter.value(other, below),
            }
            elements.push(Element { whole: start..emitter.out.len(), key: found });
        });
        if elements.is_sorted_by(|a, b| set_order(&self.out, a, b).is_le()) {
            return;
        }
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
