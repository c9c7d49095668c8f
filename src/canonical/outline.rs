//! Where in a canonical document a byte stands, without reading more of it than what comes before.

use std::borrow::Cow;

use crate::canonical::document::value::utf16_order;
use crate::canonical::location::Step;

/// A container that is open, and what was last begun in it.
enum Open<'t> {
    Array {
        index: usize,
    },
    /// The name as written, without quotes; none before the first.
    Object {
        name: Option<&'t str>,
        /// Whether the name is that of a value that was begun.
        has_value: bool,
    },
}

/// The steps to the first place at which `a` and `b` differ, both canonical JSON, whose first `same` bytes are the
/// same and no more.
pub(super) fn place_of<'t>(a: &'t str, b: &'t str, same: usize) -> Vec<Step<'t>> {
    let bytes = a.as_bytes();
    let mut open: Vec<Open<'t>> = Vec::new();
    let mut at = 0;
    // What begins before the difference and ends before it is the same in both.
    while at < same {
        match bytes[at] {
            b'{' => open.push(Open::Object { name: None, has_value: false }),
            b'[' => open.push(Open::Array { index: 0 }),
            b'}' | b']' => _ = open.pop(),
            b':' => {
                if let Some(Open::Object { has_value, .. }) = open.last_mut() {
                    *has_value = true;
                }
            }
            b',' => match open.last_mut() {
                Some(Open::Array { index }) => *index += 1,
                Some(Open::Object { has_value, .. }) => *has_value = false,
                None => {}
            },
            b'"' => {
                let end = string_end(bytes, at);
                if end > same {
                    break;
                }
                if let Some(Open::Object { name, has_value: false }) = open.last_mut() {
                    *name = a.get(at + 1..end - 1);
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    // A difference behind the last value of a container, one of which goes on: the place is the next one.
    let next = |text: &str| text.as_bytes().get(same).copied();
    let ends = |byte: Option<u8>| matches!(byte, None | Some(b',' | b']' | b'}'));
    let goes_on = at == same
        && same > 0
        && !matches!(bytes[same - 1], b'{' | b'[' | b',' | b':')
        && ends(next(a))
        && ends(next(b));
    let depth = open.len();
    let mut steps: Vec<Step<'t>> = Vec::with_capacity(depth);
    for (level, container) in open.into_iter().enumerate() {
        let innermost = level + 1 == depth;
        match container {
            Open::Array { index } => steps.push(Step::Element(index + usize::from(innermost && goes_on))),
            Open::Object { name, has_value } if !innermost || has_value && !goes_on => {
                steps.extend(name.map(|name| Step::Member(decoded(name))));
            }
            // A name differs, or one object ends where the other has another member.
            Open::Object { .. } => {
                let names = [a, b].map(|text| name_from(text, if at == same { same } else { at }));
                let least = match names {
                    [Some(x), Some(y)] => Some(if utf16_order(&x, &y).is_le() { x } else { y }),
                    [x, y] => x.or(y),
                };
                steps.extend(least.map(Step::Member));
            }
        }
    }
    steps
}

/// Where the string that begins at `at` ends, its closing quote included.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'"' => return end + 1,
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
    end
}

/// The name that begins at `at` or behind a comma there, if one does.
fn name_from(text: &str, at: usize) -> Option<Cow<'_, str>> {
    let bytes = text.as_bytes();
    let start = at + usize::from(bytes.get(at) == Some(&b','));
    if bytes.get(start) != Some(&b'"') {
        return None;
    }
    let end = string_end(bytes, start);
    text.get(start + 1..end - 1).map(decoded)
}

/// A name as written, read.
fn decoded(written: &str) -> Cow<'_, str> {
    if !written.contains('\\') {
        return Cow::Borrowed(written);
    }
    serde_json::from_str(&format!("\"{written}\"")).map_or(Cow::Borrowed(written), Cow::Owned)
}
