//! Names a place in a document for people: line and column, JSON pointer, excerpts.
//!
//! Everything here is bounded and printable, since it quotes foreign text into messages.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::model::text::json_pointer;

/// The longest excerpt, in characters.
const EXCERPT: usize = 80;
/// How many segments of a pointer are shown at its head and at its tail.
const SHOWN: usize = 16;

/// `text` without control characters, cut after [`EXCERPT`] characters.
pub(super) fn excerpt(text: &str) -> String {
    let mut shown = String::new();
    for (i, c) in text.chars().enumerate() {
        if i == EXCERPT {
            shown.push('…');
            break;
        }
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// One step of a JSON pointer (RFC 6901): a member's name or an element's index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Member(Cow<'a, str>),
    Element(usize),
}

/// The JSON pointer made of `steps`, outermost first; a very long one loses its middle.
pub(super) fn pointer(steps: &[Step<'_>]) -> String {
    let mut text = String::new();
    let cut = steps.len().saturating_sub(SHOWN);
    for (i, step) in steps.iter().enumerate() {
        if i >= SHOWN && i < cut {
            if i == SHOWN {
                text.push_str("/…");
            }
            continue;
        }
        match step {
            Step::Member(name) => {
                text.push('/');
                text.push_str(&json_pointer::escaped(&excerpt(name)));
            }
            Step::Element(index) => {
                // Writing to a string cannot fail.
                let _ = write!(text, "/{index}");
            }
        }
    }
    text
}

/// Line and column (both from 1, the column in characters) of the byte at `offset`.
pub(super) fn line_and_column(input: &[u8], offset: usize) -> (usize, usize) {
    let before = input.get(..offset).unwrap_or(input);
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    // A character is counted by its first byte, so that invalid UTF-8 has a column too.
    let column = before[line_start..].iter().filter(|b| (**b & 0xC0) != 0x80).count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "{\n \"é€\": x".as_bytes();
        assert_eq!(line_and_column(text, 0), (1, 1));
        assert_eq!(line_and_column(text, 2), (2, 1));
        assert_eq!(line_and_column(text, text.len() - 1), (2, 8));
        assert_eq!(line_and_column(text, 9999), (2, 9));
    }

    #[test]
    fn pointers_are_escaped_and_bounded() {
        let steps = [Step::Member("a/b~c\u{1b}".into()), Step::Element(3)];
        assert_eq!(pointer(&steps), "/a~1b~0c\\u{1b}/3");
        assert_eq!(pointer(&[]), "");
        let deep: Vec<_> = (0..500).map(Step::Element).collect();
        let text = pointer(&deep);
        assert!(text.starts_with("/0/1/") && text.contains("/15/…/484/") && text.ends_with("/499"), "{text}");
        assert_eq!(excerpt(&"x".repeat(1000)).chars().count(), EXCERPT + 1);
    }
}
