//! Which texts a rule means, once its path means the place.

use std::fmt;

use regex::{Captures, Regex, RegexBuilder};

/// A regular expression over a text, in the syntax of the crate `regex`: matching takes time linear in the text.
///
/// Where it is anchored follows from what it is for: see [`Anchor`].
#[derive(Debug, Clone)]
pub struct TextPattern {
    written: String,
    compiled: Regex,
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
        Ok(Self { written: written.to_owned(), compiled })
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Whether `text` matches.
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }

    /// The first part of `text` that matches.
    pub fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.compiled.find(text).map(|found| found.as_str())
    }

    /// `text` with `instead` for every part that matches; `None` where that is `text` again.
    pub fn replaced(&self, text: &str, instead: &str) -> Option<String> {
        let replaced = self.compiled.replace_all(text, |_: &Captures<'_>| instead);
        match replaced {
            std::borrow::Cow::Borrowed(_) => None,
            std::borrow::Cow::Owned(new) => (new != text).then_some(new),
        }
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
