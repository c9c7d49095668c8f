//! What shows that a manifest, or what it names, is not what was recorded.

use std::fmt;

/// How something is not what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wrong {
    /// The manifest says what no recording says, or two of its fields contradict each other.
    Edited,
    /// The bytes that it names are not those that were kept.
    Damaged,
}

impl Wrong {
    /// What a text says of it, and how: the form in which a [`Fault`] is shown.
    pub fn told(text: &str) -> Option<(Self, &str)> {
        let rest = |wrong: Self| Some((wrong, text.strip_prefix(wrong.words())?.strip_prefix(": ")?));
        [Self::Edited, Self::Damaged].into_iter().find_map(rest)
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Damaged => "damaged",
        }
    }
}

/// A field of a manifest that cannot be trusted. A replay of it would prove nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fault {
    /// Path of the field.
    pub path: String,
    /// How it is wrong.
    pub wrong: Wrong,
    /// What shows it.
    pub what: String,
}

impl Fault {
    /// A field that was edited.
    pub fn edited(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self { path: path.into(), wrong: Wrong::Edited, what: what.into() }
    }

    /// A field whose bytes are damaged.
    pub fn damaged(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self { path: path.into(), wrong: Wrong::Damaged, what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`: {}", self.wrong.words(), self.path, self.what)
    }
}
