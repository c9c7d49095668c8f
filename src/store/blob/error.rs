//! What can go wrong with a blob.

use std::path::PathBuf;

use crate::host::compress::UnpackError;
use crate::host::fs::FsError;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::digest::Digest;

/// Why a blob could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The bytes are not those that the name promises.
    #[error("`{}` is corrupt: expected {expected}, found {found}; delete it and record or fetch it again", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// The digest in its name.
        expected: Digest,
        /// The digest of its bytes.
        found: Digest,
    },
    /// The bytes cannot be unpacked.
    #[error("`{}` is corrupt, it should hold {digest}; delete it and record or fetch it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The digest in its name.
        digest: Digest,
        /// What is wrong with it.
        source: UnpackError,
    },
    /// The blob is in none of the places where it was looked for.
    #[error("{digest} is gone: looked in {}", looked_in.join(", "))]
    Gone {
        /// The digest.
        digest: Digest,
        /// Every place, in the order of resolution.
        looked_in: Vec<String>,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] FsError),
}

impl Diagnostic for StoreError {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }
}
