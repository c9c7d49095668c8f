//! Texts that count as references, marked: elsewhere the same text is only a text.
//!
//! A mark is put before a text while a step looks at references, and taken off by the step itself. It begins with a
//! noncharacter of Unicode, which documents do not exchange; in one that does, a text that is not a reference could be taken
//! for one, and nothing else.

use crate::canonical::document::value::Value;
use crate::canonical::rule::Pattern;
use crate::canonical::rule::matcher::{Follower, Place};
use crate::model::text::words;

/// What stands before a reference.
const MARK: &str = "\u{10ffff}ref\u{10ffff}";

/// A text as a reference.
pub(super) fn marked(text: &str) -> String {
    format!("{MARK}{text}")
}

/// The text of a reference, where a text is one.
pub(super) fn unmarked(text: &str) -> Option<&str> {
    text.strip_prefix(MARK)
}

/// Marks the texts at `places` for which `counts` holds.
pub(super) fn mark(document: &mut Value<'_>, places: &[&Pattern], counts: &impl Fn(&str) -> bool) {
    let (mut follower, place) = Follower::of(places.iter().map(|place| (0, *place)).collect());
    each(document, &mut follower, &place, &mut |value| {
        if let Value::String(text) = value
            && counts(text)
        {
            *text = marked(text).into();
        }
    });
}

/// What stands before the pieces of a text.
const PIECES: &str = "\u{10ffff}pieces\u{10ffff}";

/// Marks the words of texts at `places` for which `counts` holds: such a text is a list of its pieces until it is joined.
pub(super) fn mark_words(document: &mut Value<'_>, places: &[&Pattern], counts: &impl Fn(&str) -> bool) {
    let (mut follower, place) = Follower::of(places.iter().map(|place| (0, *place)).collect());
    each(document, &mut follower, &place, &mut |value| {
        let Value::String(text) = value else { return };
        if !words::pieces(text).any(|(is_word, piece)| is_word && counts(piece)) {
            return;
        }
        let piece = |(is_word, piece): (bool, &str)| {
            Value::String(if is_word && counts(piece) { marked(piece).into() } else { piece.to_owned().into() })
        };
        let pieces = std::iter::once(Value::String(PIECES.into())).chain(words::pieces(text).map(piece)).collect();
        *value = Value::Array(pieces);
    });
}

/// Makes texts of the lists of pieces, wherever they are.
pub(super) fn join_words(value: &mut Value<'_>) {
    match value {
        Value::Array(items) => match &items[..] {
            [Value::String(first), rest @ ..] if first == PIECES => {
                let text =
                    |piece: &Value<'_>| if let Value::String(text) = piece { text.to_string() } else { String::new() };
                *value = Value::String(rest.iter().map(text).collect::<String>().into());
            }
            _ => items.iter_mut().for_each(join_words),
        },
        Value::Object(members) => members.iter_mut().for_each(|member| join_words(&mut member.value)),
        _ => {}
    }
}

fn each<'v>(value: &mut Value<'v>, follower: &mut Follower<'_>, place: &Place, act: &mut impl FnMut(&mut Value<'v>)) {
    if place.decision.is_some() {
        act(value);
    }
    if follower.is_done(place) {
        return;
    }
    match value {
        Value::Array(items) => {
            let element = follower.below(place, None);
            items.iter_mut().for_each(|item| each(item, follower, &element, act));
            follower.leave(&element);
        }
        Value::Object(members) => {
            for member in members {
                let inner = follower.below(place, Some(&member.name));
                each(&mut member.value, follower, &inner, act);
                follower.leave(&inner);
            }
        }
        _ => {}
    }
}
