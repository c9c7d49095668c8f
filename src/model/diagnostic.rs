//! What kind of failure an error is, and what mends it: the error says so itself, so that every face says the same.
//!
//! A face maps kinds to what it has: the command line maps them to exit codes in one place (`cli/exit.rs`). Absent: outcomes of
//! a replay, which are results and not errors.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// What kind of failure an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// What was asked for, or what was given for it, is wrong.
    Usage,
    /// It could not be done: our fault or the machine's.
    Infrastructure,
    /// Bytes are not what their digest says, or a manifest is not what was recorded.
    Verification,
    /// It was done, and nothing can be said.
    Inconclusive,
}

/// An error that knows its kind.
pub trait Diagnostic: Error {
    /// What kind of failure it is.
    fn kind(&self) -> FailureKind;

    /// How to mend it, where there is one thing to try.
    fn hint(&self) -> Option<Hint> {
        None
    }
}

/// What mends an error, for whoever reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint(Cow<'static, str>);

impl From<&'static str> for Hint {
    fn from(text: &'static str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
