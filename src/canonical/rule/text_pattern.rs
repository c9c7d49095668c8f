//! Which texts a rule means, once its path means the place.

use std::fmt;
use std::ops::Range;

use regex::{Regex, RegexBuilder};

/// A regular expression over a text, in the syntax of the crate `regex`: matching takes time linear in the text.
///
/// Where it is anchored follows from what it is for: see [`Anchor`]. Where it has groups with names, only what these match is meant:
/// what stands around it tells which of several places that is.
#[derive(Debug, Clone)]
pub struct TextPattern {
    written: String,
    compiled: Regex,
    has_names: bool,
}

/// Which part of a text must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// All of it.
    Whole,
    /// A beginning.
    Beginning,
    /// Any part.
    Part,
}

/// Why a text is not a pattern.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TextPatternError {
    /// It is not a regular expression, or one that would compile to too much.
    #[error("`{written}` is not a usable regular expression: {}", .reason.replace('\n', " "))]
    Invalid {
        /// The text.
        written: String,
        /// What is wrong.
        reason: String,
    },
    /// It matches the empty text, which is everywhere.
    #[error("`{0}` matches the empty text: it would mean every place")]
    Empty(String),
}

impl TextPattern {
    /// How much memory a compiled expression may take, in bytes.
    const MAX_COMPILED: usize = 256 << 10;

    /// Compiles `written`.
    ///
    /// # Errors
    /// When it is not a regular expression, compiles to too much, or matches the empty text.
    pub fn new(written: &str, anchor: Anchor) -> Result<Self, TextPatternError> {
        let anchored = match anchor {
            Anchor::Whole => format!("^(?:{written})$"),
            Anchor::Beginning => format!("^(?:{written})"),
            Anchor::Part => written.to_owned(),
        };
        let compiled = RegexBuilder::new(&anchored).size_limit(Self::MAX_COMPILED).nest_limit(32).build();
        let invalid =
            |error: regex::Error| TextPatternError::Invalid { written: written.to_owned(), reason: error.to_string() };
        let compiled = compiled.map_err(invalid)?;
        if compiled.is_match("") {
            return Err(TextPatternError::Empty(written.to_owned()));
        }
        let has_names = compiled.capture_names().flatten().next().is_some();
        Ok(Self { written: written.to_owned(), compiled, has_names })
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Whether `text` matches: in any part that is meant.
    pub fn is_match(&self, text: &str) -> bool {
        if self.has_names { !self.parts(text).is_empty() } else { self.compiled.is_match(text) }
    }

    /// The first part of `text` that is meant.
    pub fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        if self.has_names {
            return text.get(self.parts(text).into_iter().next()?);
        }
        self.compiled.find(text).map(|found| found.as_str())
    }

    /// `text` with `instead` for every part that is meant; `None` where that is `text` again.
    pub fn replaced(&self, text: &str, instead: &str) -> Option<String> {
        let (mut new, mut kept) = (String::new(), 0);
        for part in self.parts(text) {
            new.push_str(text.get(kept..part.start)?);
            new.push_str(instead);
            kept = part.end;
        }
        new.push_str(text.get(kept..)?);
        (new != text).then_some(new)
    }

    /// Where the parts are that are meant, one after the other.
    fn parts(&self, text: &str) -> Vec<Range<usize>> {
        if !self.has_names {
            return self.compiled.find_iter(text).map(|found| found.range()).collect();
        }
        let mut parts: Vec<Range<usize>> = Vec::new();
        for found in self.compiled.captures_iter(text) {
            let named = self.compiled.capture_names().enumerate().filter(|(_, name)| name.is_some());
            for part in named.filter_map(|(at, _)| found.get(at)) {
                // A group within another is a part of it.
                if parts.last().is_none_or(|last| last.end <= part.start()) {
                    parts.push(part.range());
                }
            }
        }
        parts
    }
}

impl PartialEq for TextPattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for TextPattern {}

impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_anchor_says_which_part_must_match() {
        let whole = TextPattern::new("a|bc", Anchor::Whole).unwrap();
        assert!(whole.is_match("a") && whole.is_match("bc") && !whole.is_match("ab") && !whole.is_match("xa"));
        let beginning = TextPattern::new("a|bc", Anchor::Beginning).unwrap();
        assert_eq!((beginning.find("bcd"), beginning.find("xbc")), (Some("bc"), None));
        let part = TextPattern::new("[0-9]+", Anchor::Part).unwrap();
        assert_eq!(part.replaced("a1b22", "#").as_deref(), Some("a#b#"));
        assert_eq!(part.replaced("ab", "#"), None);
        assert_eq!(part.replaced("1", "$0").as_deref(), Some("$0"));
        assert_eq!(part.replaced("1", "1"), None);
        // Only the groups that have names.
        let named = TextPattern::new("x=(?<a>[0-9]+)|y(?<b>[0-9])?", Anchor::Part).unwrap();
        assert_eq!(named.replaced("1 x=22 y y3 x=z", "#").as_deref(), Some("1 x=# y y# x=z"));
        assert_eq!((named.find("y x=22"), named.replaced("y", "#")), (Some("22"), None));
    }

    #[test]
    fn what_means_everything_or_costs_too_much_is_refused() {
        for (written, error) in [
            ("", "matches the empty text"),
            ("a*", "matches the empty text"),
            ("(", "not a usable regular expression"),
            ("(?:a{1000}){1000}", "not a usable regular expression"),
            ("\\w{5000}", "not a usable regular expression"),
        ] {
            let refused = TextPattern::new(written, Anchor::Part).unwrap_err().to_string();
            assert!(refused.contains(error), "{refused}");
        }
    }
}
