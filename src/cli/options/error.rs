//! Why an option cannot stand where it does.

use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};

/// An option that cannot stand where it does.
#[derive(Debug, thiserror::Error)]
pub enum OptionError {
    /// It was given again, with the same name before its value.
    #[error("`--{option}` gives `{name}` twice: as `{first}` and as `{second}`")]
    Twice {
        /// The option.
        option: String,
        /// What it gives.
        name: String,
        /// What was given first.
        first: String,
        /// What was given then.
        second: String,
    },
    /// Two things would be written, or one read and one written, under one name.
    #[error("`--{first}` and `--{second}` name one file: `{path}`")]
    OneFile {
        /// One of them.
        first: String,
        /// The other.
        second: String,
        /// The file.
        path: String,
    },
    /// It says nothing beside the rest.
    #[error("`--{option}` does not apply to this: {why}")]
    Idle {
        /// The option.
        option: String,
        /// Why not.
        why: &'static str,
    },
}

impl Diagnostic for OptionError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::Twice { .. } => "leave one of them out".into(),
            Self::OneFile { .. } => "give each its own".into(),
            Self::Idle { .. } => "leave it out".into(),
        })
    }
}
