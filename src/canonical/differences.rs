//! The places at which two documents differ, with what stands there on both sides.
//!
//! Elements of an array that both sides have are put aside first, wherever they stand: one that is new moves all behind it,
//! and only it differs. What is left is paired in order where both sides have as many; else each stands alone.
//!
//! Invariants: nothing exactly where the documents are the same; places and values are bounded and printable, and what is not
//! shown is counted. Absent: which element became which; nobody knows what they mean.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::canonical::document::emit::emit;
use crate::canonical::document::parse::{Source, parse};
use crate::canonical::document::value::{Value, utf16_order};
use crate::canonical::limits::Limits;
use crate::canonical::location::{Step, excerpt, pointer};
use crate::model::comparison::diff::{PlaceChange, Top};

/// The first `most` places at which `a` and `b` differ, in the order of `a`; the rest is counted. Places of JSON are pointers
/// (RFC 6901), those of other text lines (`line 12`), those of other bytes offsets (`byte 12`).
pub fn differences(a: &[u8], b: &[u8], most: usize) -> Top<PlaceChange> {
    if a == b {
        return Top::default();
    }
    let mut found = Found { shown: Vec::new(), most, total: 0 };
    let limits = Limits::new(usize::MAX, Limits::DEEPEST);
    match (parse(a, Source::Canonical, &limits), parse(b, Source::Canonical, &limits)) {
        (Ok(x), Ok(y)) if x != y => values(Some(&x), Some(&y), &mut Vec::new(), &mut found),
        _ => match (std::str::from_utf8(a), std::str::from_utf8(b)) {
            (Ok(a), Ok(b)) => lines(a, b, &mut found),
            _ => {
                let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
                let byte = |side: &[u8]| side.get(same).map(|byte| format!("{byte:#04x}"));
                found.take(format!("byte {same}"), byte(a), byte(b));
            }
        },
    }
    Top { omitted: found.total - found.shown.len(), shown: found.shown }
}

struct Found {
    shown: Vec<PlaceChange>,
    most: usize,
    total: usize,
}

impl Found {
    fn take(&mut self, place: String, before: Option<String>, after: Option<String>) {
        self.total += 1;
        if self.shown.len() < self.most {
            self.shown.push(PlaceChange { place, before, after });
        }
    }
}

fn written(value: &Value<'_>) -> Vec<u8> {
    emit(value, &[], 0).bytes
}

fn shown(value: &Value<'_>) -> String {
    excerpt(&String::from_utf8_lossy(&written(value)))
}

fn values<'v>(a: Option<&'v Value<'_>>, b: Option<&'v Value<'_>>, steps: &mut Vec<Step<'v>>, found: &mut Found) {
    match (a, b) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
            loop {
                let order = match (a.peek(), b.peek()) {
                    (None, None) => break,
                    (Some(_), None) => Ordering::Less,
                    (None, Some(_)) => Ordering::Greater,
                    (Some(x), Some(y)) => utf16_order(&x.name, &y.name),
                };
                let x = if order.is_le() { a.next() } else { None };
                let y = if order.is_ge() { b.next() } else { None };
                let Some(either) = x.or(y) else { break };
                steps.push(Step::Member(either.name.as_ref().into()));
                values(x.map(|member| &member.value), y.map(|member| &member.value), steps, found);
                steps.pop();
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => elements(a, b, steps, found),
        (a, b) if a == b => {}
        (a, b) => found.take(pointer(steps), a.map(shown), b.map(shown)),
    }
}

fn elements<'v>(a: &'v [Value<'_>], b: &'v [Value<'_>], steps: &mut Vec<Step<'v>>, found: &mut Found) {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    let (end_a, end_b) = (a.len() - tail, b.len() - tail);
    let mut counts: HashMap<Vec<u8>, usize> = HashMap::new();
    for item in &b[head..end_b] {
        *counts.entry(written(item)).or_default() += 1;
    }
    // What the other side has as well, wherever it stands, is the same.
    let left = |items: &'v [Value<'_>], counts: &mut HashMap<Vec<u8>, usize>| -> Vec<(usize, &'v Value<'_>)> {
        let rest = items.iter().enumerate().filter(|(_, item)| match counts.get_mut(&written(item)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        });
        rest.map(|(at, item)| (head + at, item)).collect()
    };
    let only_a = left(&a[head..end_a], &mut counts);
    let mut counts: HashMap<Vec<u8>, usize> = HashMap::new();
    for item in &a[head..end_a] {
        *counts.entry(written(item)).or_default() += 1;
    }
    let only_b = left(&b[head..end_b], &mut counts);
    if only_a.is_empty() && only_b.is_empty() {
        if head < end_a {
            steps.push(Step::Element(head));
            found.take(pointer(steps), a.get(head).map(shown), b.get(head).map(shown));
            steps.pop();
        }
        return;
    }
    if only_a.len() == only_b.len() {
        for ((at, x), (_, y)) in only_a.into_iter().zip(only_b) {
            steps.push(Step::Element(at));
            values(Some(x), Some(y), steps, found);
            steps.pop();
        }
        return;
    }
    let gone = only_a.into_iter().map(|(at, x)| (at, Some(x), None));
    let new = only_b.into_iter().map(|(at, y)| (at, None, Some(y)));
    for (at, x, y) in gone.chain(new) {
        steps.push(Step::Element(at));
        values(x, y, steps, found);
        steps.pop();
    }
}

/// Lines that differ, those at the beginning and the end that agree put aside.
fn lines(a: &str, b: &str, found: &mut Found) {
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split_inclusive('\n').collect(), b.split_inclusive('\n').collect());
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[head..a.len() - tail], &b[head..b.len() - tail]);
    for at in 0..a.len().max(b.len()) {
        let (x, y) = (a.get(at), b.get(at));
        if x != y {
            let line = |side: Option<&&str>| side.map(|line| excerpt(line));
            found.take(format!("line {}", head + at + 1), line(x), line(y));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::canonical::difference::closed;

    fn told(a: &str, b: &str) -> Vec<String> {
        let side = |side: Option<String>| side.unwrap_or_else(|| "-".to_owned());
        let found = differences(a.as_bytes(), b.as_bytes(), usize::MAX);
        found.shown.into_iter().map(|at| format!("{}: {} → {}", at.place, side(at.before), side(at.after))).collect()
    }

    #[test]
    fn places_with_both_values() {
        for (a, b, expected) in [
            ("{}", "{}", &[][..]),
            (r#"{"a":1,"b":[1]}"#, r#"{"a":2,"b":[1]}"#, &["/a: 1 → 2"]),
            (r#"{"a":1}"#, r#"{"b":1}"#, &["/a: 1 → -", "/b: - → 1"]),
            ("[1,2,3]", "[0,1,2,3]", &["/0: - → 0"]),
            ("[1,2,3]", "[1,3]", &["/1: 2 → -"]),
            ("[1,1]", "[1]", &["/1: 1 → -"]),
            ("[1,2]", "[2,1]", &["/0: 1 → 2"]),
            (r#"[{"a":1,"b":1},{"a":2}]"#, r#"[{"a":2},{"a":1,"b":3}]"#, &["/0/b: 1 → 3"]),
            ("one\ntwo\nthree\n", "one\n2\nthree\n", &["line 2: two\\n → 2\\n"]),
            ("one", "one\ntwo", &["line 1: one → one\\n", "line 2: - → two"]),
            ("1", "[1]", &[": 1 → [1]"]),
        ] {
            assert_eq!(told(a, b), expected, "{a} {b}");
        }
        assert_eq!(differences(b"\xff\x01", b"\xff\x02", 9).shown[0].place, "byte 1");
    }

    #[test]
    fn what_is_not_shown_is_counted() {
        let many = |of: i32| (0..of).map(|i| format!(r#""k{i:03}":{of}"#)).collect::<Vec<_>>().join(",");
        let found = differences(format!("{{{}}}", many(100)).as_bytes(), format!("{{{}}}", many(99)).as_bytes(), 7);
        assert_eq!((found.shown.len(), found.omitted), (7, 93));
        let long = format!("\"{}\"", "x".repeat(1 << 20));
        assert!(told(&long, "1")[0].len() < 300);
    }

    proptest! {
        #[test]
        fn something_exactly_where_they_differ(
            a in "(\\[|\\{\"[ab]\":|[12],|\"x\",|\\],|\\},|,){0,12}", b in "(\\[|\\{\"[ab]\":|[12],|\"x\",|\\],|\\},|,){0,12}",
        ) {
            if let (Some(a), Some(b)) = (closed(&a), closed(&b)) {
                let found = differences(&a, &b, 3);
                prop_assert_eq!(found.total() == 0, a == b);
                prop_assert_eq!(differences(&b, &a, 3).total() == 0, a == b);
            }
        }
    }
}
