//! Texts that count as references, marked: elsewhere the same text is only a text.
//!
//! A mark is put before a text while a step looks at references, and taken off by the step itself. It begins with a
//! noncharacter of Unicode, which documents do not exchange; in one that does, a text that is not a reference could be taken
//! for one, and nothing else.

use std::borrow::Cow;

use crate::canonical::document::value::Value;
use crate::canonical::rule::Pattern;
use crate::canonical::rule::matcher::{Follower, Place};

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
    each(document, &mut follower, &place, &mut |text| {
        if counts(text) {
            *text = marked(text).into();
        }
    });
}

fn each(value: &mut Value<'_>, follower: &mut Follower<'_>, place: &Place, act: &mut impl FnMut(&mut Cow<'_, str>)) {
    if let (Some(_), Value::String(text)) = (place.decision, &mut *value) {
        act(text);
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
