//! Which places of a document a rule means.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::text::json_pointer;

/// A pointer pattern: a JSON pointer (RFC 6901) with two wildcards.
///
/// | segment | means |
/// |---|---|
/// | a name | the member of that name; `~1` stands for `/`, `~0` for `~` |
/// | `*` | any one member, or any one element of an array |
/// | `**` | any number of levels, none included; never last, never twice in a row |
///
/// The empty pattern is the whole document. A name never means an element: positions in an array that may be put
/// in another order name nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    segments: Vec<Segment>,
    /// One bit per segment that is `**`.
    any_depth: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Name(String),
    Any,
    AnyDepth,
}

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is neither empty nor begins with `/`.
    #[error("pattern `{0}` must begin with `/`")]
    Relative(String),
    /// It has `**` last or twice in a row.
    #[error("pattern `{0}` must have a name or `*` after each `**`")]
    Dangling(String),
    /// It has `~` without `0` or `1`.
    #[error("pattern `{0}` must write `~` as `~0`")]
    Escape(String),
    /// It has more segments than are kept track of.
    #[error("pattern `{0}` has over {max} segments", max = Pattern::MAX_SEGMENTS)]
    TooLong(String),
}

/// How far a pattern has been followed on the way down: one bit per number of segments that are matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Progress(u64);

impl Pattern {
    /// The most segments that a pattern may have.
    pub const MAX_SEGMENTS: usize = 62;

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names that it has.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Name(name) => Some(name.as_str()),
            Segment::Any | Segment::AnyDepth => None,
        })
    }

    /// At the whole document.
    pub(crate) fn start(&self) -> Progress {
        self.settled(1)
    }

    /// One level further down: to the member `name`, or to an element.
    pub(crate) fn step(&self, from: Progress, name: Option<&str>) -> Progress {
        let mut reached = 0;
        let mut open = from.0;
        while open != 0 {
            let at = open.trailing_zeros() as usize;
            open &= open - 1;
            match self.segments.get(at) {
                Some(Segment::Any) => reached |= 1 << (at + 1),
                Some(Segment::AnyDepth) => reached |= 1 << at,
                Some(Segment::Name(wanted)) if name == Some(wanted) => reached |= 1 << (at + 1),
                Some(Segment::Name(_)) | None => {}
            }
        }
        self.settled(reached)
    }

    /// Whether the place reached is one that the pattern means.
    pub(crate) fn is_match(&self, progress: Progress) -> bool {
        progress.0 >> self.segments.len() & 1 == 1
    }

    /// Whether a place further down may still match.
    pub(crate) fn is_open(&self, progress: Progress) -> bool {
        progress.0 & !(1 << self.segments.len()) != 0
    }

    /// `**` also stands for no level at all. It is never followed by another, so one round is enough.
    fn settled(&self, reached: u64) -> Progress {
        Progress(reached | (reached & self.any_depth) << 1)
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let owned = || text.to_owned();
        let mut segments = Vec::new();
        if !text.is_empty() {
            let path = text.strip_prefix('/').ok_or_else(|| PatternError::Relative(owned()))?;
            for written in path.split('/') {
                segments.push(match written {
                    "*" => Segment::Any,
                    "**" => Segment::AnyDepth,
                    name => Segment::Name(json_pointer::unescaped(name).ok_or_else(|| PatternError::Escape(owned()))?),
                });
            }
        }
        let twice = segments.windows(2).any(|pair| pair[0] == Segment::AnyDepth && pair[1] == Segment::AnyDepth);
        if twice || segments.last() == Some(&Segment::AnyDepth) {
            return Err(PatternError::Dangling(owned()));
        }
        if segments.len() > Self::MAX_SEGMENTS {
            return Err(PatternError::TooLong(owned()));
        }
        let deep = segments.iter().enumerate().filter(|(_, segment)| **segment == Segment::AnyDepth);
        let any_depth = deep.fold(0, |bits, (at, _)| bits | 1 << at);
        Ok(Self { text: owned(), segments, any_depth })
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Follows `path`, in which `#` is an element.
    fn matches(pattern: &str, path: &str) -> bool {
        let pattern: Pattern = pattern.parse().unwrap();
        let steps = path.split('/').skip(1).map(|s| if s == "#" { None } else { Some(s) });
        let end = steps.fold(pattern.start(), |progress, step| pattern.step(progress, step));
        pattern.is_match(end)
    }

    #[test]
    fn wildcards() {
        let rows = [
            ("", "", true),
            ("", "/a", false),
            ("/a", "/a", true),
            ("/a", "/b", false),
            ("/a", "/a/b", false),
            ("/a/*/b", "/a/#/b", true),
            ("/a/*/b", "/a/x/b", true),
            ("/a/*/b", "/a/b", false),
            ("/0", "/#", false),
            ("/**/a", "/a", true),
            ("/**/a", "/#/b/a", true),
            ("/**/a", "/a/a", true),
            ("/**/a", "/a/b", false),
            ("/a/**/b/*/c", "/a/b/b/#/c", true),
            ("/a/**/b/*/c", "/a/x/b/b/c", true),
            ("/a/**/b/*/c", "/x/b/#/c", false),
            ("/**/*", "", false),
            ("/**/*", "/a/#", true),
            ("/a~1b/~0", "/a~1b/~0", false),
            ("/", "/", true),
        ];
        for (pattern, path, expected) in rows {
            assert_eq!(matches(pattern, path), expected, "{pattern} on {path}");
        }
        let escaped: Pattern = "/a~1~01".parse().unwrap();
        assert!(escaped.is_match(escaped.step(escaped.start(), Some("a/~1"))));
    }

    #[test]
    fn unusable_patterns_are_refused() {
        let rows = [
            ("a", PatternError::Relative as fn(_) -> _),
            ("**/a", PatternError::Relative),
            ("/**", PatternError::Dangling),
            ("/a/**", PatternError::Dangling),
            ("/**/**/a", PatternError::Dangling),
            ("/~", PatternError::Escape),
            ("/~2", PatternError::Escape),
            ("/~é", PatternError::Escape),
        ];
        for (text, error) in rows {
            assert_eq!(text.parse::<Pattern>(), Err(error(text.to_owned())));
        }
        assert!("/*".repeat(Pattern::MAX_SEGMENTS).parse::<Pattern>().is_ok());
        assert!(matches!("/*".repeat(Pattern::MAX_SEGMENTS + 1).parse::<Pattern>(), Err(PatternError::TooLong(_))));
    }

    /// The definition, one case per line; exponential, so only for short paths.
    fn defined(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern.split_first(), path.split_first()) {
            (None, None) => true,
            (Some((&"**", rest)), None) => defined(rest, path),
            (Some((&"**", rest)), Some((_, below))) => defined(rest, path) || defined(pattern, below),
            (Some((&"*", rest)), Some((_, below))) => defined(rest, below),
            (Some((name, rest)), Some((step, below))) => name == step && defined(rest, below),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn stepping_agrees_with_the_definition(
            pattern in "(/([ab*]|\\*\\*)){0,6}",
            path in "(/[ab#]){0,6}",
        ) {
            if pattern.parse::<Pattern>().is_ok() {
                let pieces: Vec<_> = pattern.split('/').skip(1).collect();
                let steps: Vec<_> = path.split('/').skip(1).collect();
                prop_assert_eq!(matches(&pattern, &path), defined(&pieces, &steps));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let _ = text.parse::<Pattern>();
        }
    }
}
