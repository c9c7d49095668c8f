//! A review that a step before this one found, as a file says it.
//!
//! Invariant: a file of the checkout is refused; whoever is judged may have written it.

use std::path::{Path, PathBuf};

use crate::flow::suite::base::approved::Review;
use crate::git::repository;
use crate::hint;
use crate::host::fs::{self, FsError};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::limits;
use crate::model::parameter::{Operation, Parameter};
use crate::wire::v1::reviewed;

/// Why a file is not what an earlier step found.
#[derive(Debug, thiserror::Error)]
pub enum ReviewFileError {
    /// It or the checkout cannot be found.
    #[error("the file of the review, `{}`, cannot be found", .path.display())]
    Find {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It lies in the checkout.
    #[error("the file of the review, `{}`, lies in the checkout, which whoever is judged has written", .0.display())]
    InCheckout(PathBuf),
    /// It cannot be read.
    #[error("the file of the review cannot be read")]
    Read(#[source] FsError),
    /// It says something else.
    #[error("the file of the review, `{}`, is not one", .path.display())]
    Shape {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl Diagnostic for ReviewFileError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some(hint!(
            "have {} write it in a step of its own, outside of the checkout, e.g. to `$RUNNER_TEMP`",
            Operation::Reviewed.with([Parameter::Out.to("FILE")], None)
        ))
    }
}

/// Reads it; `root` is the folder of the configuration that is judged.
///
/// # Errors
/// [`ReviewFileError`].
pub fn read(file: &Path, root: &Path) -> Result<Review, ReviewFileError> {
    let real =
        |path: &Path| path.canonicalize().map_err(|source| ReviewFileError::Find { path: path.to_owned(), source });
    let root = real(root)?;
    // The checkout is the whole repository, also where the configuration lies below its root.
    if real(file)?.starts_with(repository::top_of(&root).unwrap_or(root)) {
        return Err(ReviewFileError::InCheckout(file.to_owned()));
    }
    let bytes = fs::read(file, limits::MAX_CONFIG_BYTES).map_err(ReviewFileError::Read)?;
    let found = reviewed::read(&bytes).map_err(|source| ReviewFileError::Shape { path: file.to_owned(), source })?;
    Ok(Review { head: found.head, reviewers: found.approved_by })
}
