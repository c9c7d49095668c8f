//! What kind of failure an error is, and what mends it: the error says so itself, so that every face says the same.
//!
//! A face maps kinds to what it has: the command line maps them to exit codes in one place (`cli/exit.rs`). Absent: outcomes of
//! a replay, which are results and not errors.

use std::error::Error;

pub use crate::model::hint::Hint;

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
