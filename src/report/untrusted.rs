//! Foreign text made fit to be shown: identifiers, titles, package names, details of errors.
//!
//! Invariant: what comes out of [`line()`] is one line, holds no character that a terminal, an XML parser
//! or the bidirectional algorithm acts upon, and no command that a CI system would obey
//! (`##[…]` and `##vso[…]` are obeyed anywhere in a line of a log). A line of a log never *begins* with
//! such text: GitHub obeys `::…` there. That is for the renderer to keep.

use std::fmt::Write;

use crate::model::text::hidden::is_hidden;

/// The longest piece of foreign text in one line of a report, in characters.
pub const MAX_CHARS: usize = 600;

/// `text` as one harmless line of at most [`MAX_CHARS`] characters and a `…` where it was cut.
pub fn line(text: &str) -> String {
    cut(text, MAX_CHARS)
}

/// The longest message of an error or a note, in characters.
pub const MAX_MESSAGE: usize = 2000;

/// A message that may quote foreign text, as one harmless line of at most [`MAX_MESSAGE`] characters that says how many
/// were left out.
pub fn message(text: &str) -> String {
    match text.char_indices().nth(MAX_MESSAGE) {
        None => visible(text),
        Some((end, _)) => format!("{}… ({} more characters)", visible(&text[..end]), text[end..].chars().count()),
    }
}

/// A line of a log that is foreign from its start: like [`visible()`], and no command of GitHub (`::…`, which it obeys
/// after blanks, too).
pub fn log_line(text: &str) -> String {
    let shown = visible(text);
    match shown.find(|c: char| !c.is_whitespace()).filter(|at| shown[*at..].starts_with("::")) {
        Some(at) => format!("{}\\x3a{}", &shown[..at], &shown[at + 1..]),
        None => shown,
    }
}

/// Like [`line()`], without a limit: for what must stay unique, such as identifiers.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut previous = '\0';
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            '#' if previous == '#' => shown.push_str("\\x23"),
            _ if is_hidden(c) => escape(c, &mut shown),
            _ => shown.push(c),
        }
        previous = c;
    }
    shown
}

/// A JSON text of which a terminal shows what it holds: in its strings, what is not seen or acts is written as `\u202e`. It is the
/// same document.
pub fn json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut previous = '\0';
    for c in text.chars() {
        match c {
            // The space between the values.
            '\n' | '\r' | '\t' => shown.push(c),
            '#' if previous == '#' => shown.push_str("\\u0023"),
            _ if is_hidden(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(shown, "\\u{unit:04x}");
                }
            }
            _ => shown.push(c),
        }
        previous = c;
    }
    shown
}

/// The first `max` lines of `text`, each made harmless, and a last one that counts the rest.
pub fn lines(text: &str, max: usize) -> Vec<String> {
    let mut all = text.lines();
    let mut shown: Vec<String> = all.by_ref().take(max).map(line).collect();
    match all.count() {
        0 => {}
        more => shown.push(format!("… {more} more lines")),
    }
    shown
}

/// The same text without mentions: an `@` that would begin one is parted from the name behind it.
///
/// For readers that look for mentions and have no way to write text as it is.
pub fn unmentioned(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let (mut rest, mut previous) = (text.chars().peekable(), ' ');
    while let Some(c) = rest.next() {
        shown.push(c);
        if c == '@' && !previous.is_alphanumeric() && rest.peek().is_some_and(|next| !next.is_whitespace()) {
            shown.push(' ');
        }
        previous = c;
    }
    shown
}

/// At most `max` entries of `all`, each made harmless, joined with commas.
pub fn list(all: &[String], max: usize) -> String {
    let mut text = all.iter().take(max).map(|entry| line(entry)).collect::<Vec<_>>().join(", ");
    if all.len() > max {
        text += &format!(" and {} more", all.len() - max);
    }
    text
}

/// Writes `c` as Rust would: `\x1b`, `\u{202e}`.
pub(crate) fn escape(c: char, into: &mut String) {
    let code = u32::from(c);
    // Writing to a string cannot fail.
    let _ = if code < 0x80 { write!(into, "\\x{code:02x}") } else { write!(into, "\\u{{{code:x}}}") };
}

fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => visible(text),
        Some((end, _)) => visible(&text[..end]) + "…",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::fixture;

    #[test]
    fn what_acts_is_shown_as_what_it_is() {
        let table = [
            ("plain ünïcode 漢字 🦀", "plain ünïcode 漢字 🦀"),
            ("\u{1b}[31mred\u{7}", "\\x1b[31mred\\x07"),
            ("a\r\nb\tc\0", "a\\r\\nb\\tc\\x00"),
            ("user\u{202e}txt.exe", "user\\u{202e}txt.exe"),
            ("\u{9b}31m\u{85}\u{2028}", "\\u{9b}31m\\u{85}\\u{2028}"),
            ("\u{ffff}\u{1fffe}\u{feff}", "\\u{ffff}\\u{1fffe}\\u{feff}"),
            ("##vso[task] ##[error] ###", "#\\x23vso[task] #\\x23[error] #\\x23\\x23"),
        ];
        for (given, shown) in table {
            assert_eq!(visible(given), shown);
        }
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let long = "é".repeat(MAX_CHARS + 1);
        assert_eq!(line(&long).chars().count(), MAX_CHARS + 1);
        assert!(line(&long).ends_with('…'));
        assert_eq!(line(&long[2..]), long[2..]);
        assert_eq!(lines("a\nb\nc\nd", 2), ["a", "b", "… 2 more lines"]);
        assert_eq!(list(&["a".into(), "b".into(), "c".into()], 2), "a, b and 1 more");
    }

    #[test]
    fn no_line_of_a_log_begins_with_a_command() {
        assert_eq!(log_line("::error::x"), "\\x3a:error::x");
        assert_eq!(log_line("  ::error::x"), "  \\x3a:error::x");
        assert_eq!(log_line("a ::error::x"), "a ::error::x");
        assert_eq!(message("a\r\n::error::\u{1b}[31m"), "a\\r\\n::error::\\x1b[31m");
        let long = message(&"é".repeat(MAX_MESSAGE + 7));
        assert!(long.ends_with("é… (7 more characters)"), "{long}");
    }

    #[test]
    fn an_address_stays_whole_and_a_mention_does_not() {
        for (given, shown) in [
            ("@org/team", "@ org/team"),
            ("(@user)", "(@ user)"),
            ("pkg:npm/minimist@0.0.8", "pkg:npm/minimist@0.0.8"),
            ("@@x @ y", "@ @ x @ y"),
        ] {
            assert_eq!(unmentioned(given), shown);
        }
    }

    #[test]
    fn a_json_document_is_the_same_and_hides_nothing() {
        let value =
            serde_json::json!({ "a\u{9b}\u{7f}": "##vso[x] \u{202e}\u{2028}\u{e0001} ü 漢", "b": ["\n\u{1b}"] });
        let written = serde_json::to_string_pretty(&value).unwrap();
        let shown = json(&written);
        assert!(
            shown.contains(r"a\u009b\u007f") && shown.contains(r"#\u0023vso[x] \u202e\u2028\udb40\udc01 ü 漢"),
            "{shown}"
        );
        assert!(!shown.chars().any(|c| is_hidden(c) && c != '\n'), "{shown:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    proptest! {
        #[test]
        fn nothing_hidden_survives_and_showing_twice_changes_nothing(text in fixture::nasty()) {
            let shown = visible(&text);
            prop_assert!(!shown.chars().any(is_hidden), "{shown:?}");
            prop_assert!(!shown.contains("##"));
            prop_assert_eq!(visible(&shown), shown);
        }
    }
}
