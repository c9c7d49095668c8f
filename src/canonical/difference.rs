//! Where two canonical documents begin to differ.

use std::cmp::Ordering;

use crate::canonical::document::parse::{Source, parse};
use crate::canonical::document::value::{Value, utf16_order};
use crate::canonical::limits::Limits;
use crate::canonical::location::{Step, pointer};
use crate::canonical::outline;
use crate::canonical::stream;

/// The JSON pointer (RFC 6901) of the first place at which `a` and `b` differ, in canonical order; `None` where
/// they are the same. The pointer of the whole document is empty; a very long pointer loses its middle.
///
/// A member that only one of the two has is such a place, and so is the first element that one array has beyond
/// the other. Of bytes that are not JSON, or are the same JSON written in two ways, the offset is told: `byte 12`.
pub fn first_difference(a: &[u8], b: &[u8]) -> Option<String> {
    if a == b {
        return None;
    }
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    // What is canonical need not be read as a whole.
    if let (Some(x), Some(y)) = (stream::canonical_text(a), stream::canonical_text(b)) {
        return Some(pointer(&outline::place_of(x, y, same)));
    }
    by_document(a, b).or_else(|| Some(format!("byte {same}")))
}

/// As [`first_difference`], of JSON however it is written.
fn by_document(a: &[u8], b: &[u8]) -> Option<String> {
    let limits = Limits::new(usize::MAX, Limits::DEEPEST);
    if let (Ok(x), Ok(y)) = (parse(a, Source::Canonical, &limits), parse(b, Source::Canonical, &limits)) {
        let mut steps = Vec::new();
        if descend(&x, &y, &mut steps) {
            return Some(pointer(&steps));
        }
    }
    None
}

/// Whether the two differ; if so, `steps` leads to the place.
fn descend<'a>(a: &'a Value<'_>, b: &'a Value<'_>, steps: &mut Vec<Step<'a>>) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => {
            for (index, (x, y)) in a.iter().zip(b).enumerate() {
                steps.push(Step::Element(index));
                if descend(x, y, steps) {
                    return true;
                }
                steps.pop();
            }
            if a.len() != b.len() {
                steps.push(Step::Element(a.len().min(b.len())));
            }
            a.len() != b.len()
        }
        (Value::Object(a), Value::Object(b)) => {
            for (x, y) in a.iter().zip(b) {
                let (first, differs) = match utf16_order(&x.name, &y.name) {
                    Ordering::Less => (x, true),
                    Ordering::Greater => (y, true),
                    Ordering::Equal => (x, false),
                };
                steps.push(Step::Member(first.name.as_ref().into()));
                if differs || descend(&x.value, &y.value, steps) {
                    return true;
                }
                steps.pop();
            }
            let beyond = a.get(b.len()).or_else(|| b.get(a.len()));
            steps.extend(beyond.map(|member| Step::Member(member.name.as_ref().into())));
            beyond.is_some()
        }
        _ => a != b,
    }
}

/// A canonical list that begins with `text`, a piece of JSON: whatever is left open is closed. `None` where no list can be made of it.
#[cfg(test)]
pub(in crate::canonical) fn closed(text: &str) -> Option<Vec<u8>> {
    let mut open = Vec::new();
    for c in text.chars() {
        match c {
            '[' => open.push(']'),
            '{' => open.push('}'),
            ']' | '}' => _ = open.pop(),
            _ => {}
        }
    }
    let ends: String = open.into_iter().rev().collect();
    let text = format!("[{}{ends}]", text.trim_end_matches(','));
    crate::canonical::jcs::canonicalize(text.as_bytes(), &Limits::default()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The short way, on canonical documents, leads where the long one does.
        #[test]
        fn the_place_is_that_of_the_documents(
            a in "(\\[|\\{\"[abé\u{10000}\u{ffff}\\\\n]{1,2}\":|[12],|\"x\",|\\],|\\},|,){0,12}",
            at in any::<prop::sample::Index>(),
            with in "([\\[\\]{}12,]|\"a\":|\"x\"){0,3}",
        ) {
            let start = at.index(a.len() + 1);
            prop_assume!(a.is_char_boundary(start));
            let other = format!("{}{with}{}", &a[..start], &a[start..]);
            if let (Some(a), Some(b)) = (closed(&a), closed(&other)) && a != b {
                prop_assert_eq!(first_difference(&a, &b), by_document(&a, &b));
            }
        }
    }

    #[test]
    fn the_first_place_is_named() {
        let rows: [(&str, &str, Option<&str>); 14] = [
            ("{}", "{}", None),
            ("1", "2", Some("")),
            (r#"{"a":1}"#, "[1]", Some("")),
            (r#"{"a":1,"b":2}"#, r#"{"a":1,"b":3}"#, Some("/b")),
            (r#"{"a":1,"c":2}"#, r#"{"a":1,"b":2,"c":2}"#, Some("/b")),
            (r#"{"a":1,"b":2,"c":2}"#, r#"{"a":1,"c":2}"#, Some("/b")),
            (r#"{"a":1}"#, r#"{"a":1,"b":2}"#, Some("/b")),
            (r#"{"a":1,"b":2}"#, r#"{"a":1}"#, Some("/b")),
            (r#"{"a":[1,{"x/y":[]}]}"#, r#"{"a":[1,{"x/y":[0]}]}"#, Some("/a/1/x~1y/0")),
            ("[1,2]", "[1]", Some("/1")),
            ("[100000000000000000000]", "[1]", Some("/0")),
            ("plain text", "plain test", Some("byte 8")),
            ("abc", "abcd", Some("byte 3")),
            ("{}", "{ }", Some("byte 1")),
        ];
        for (a, b, expected) in rows {
            assert_eq!(first_difference(a.as_bytes(), b.as_bytes()).as_deref(), expected, "{a} {b}");
        }
    }

    #[test]
    fn a_deep_pointer_is_bounded() {
        let nested = |core: &str| format!("{}{core}{}", "[".repeat(500), "]".repeat(500));
        let place = first_difference(nested("1").as_bytes(), nested("2").as_bytes()).unwrap();
        assert!(place.contains("/…/") && place.len() < 200, "{place}");
    }
}
