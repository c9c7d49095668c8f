//! Why an image has no root filesystem.

use std::path::PathBuf;

use crate::host::fs::FsError;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::oci::{ImageError, UNSOUND};
use crate::rootfs::layer::error::LayerError;
use crate::store::blob::StoreError;

/// Why an image cannot be unpacked, or its root filesystem not be used.
#[derive(Debug, thiserror::Error)]
pub enum RootfsError {
    /// The image cannot be read.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A layer that is refused.
    #[error("layer {digest} of the image")]
    Layer {
        /// The layer's blob.
        digest: Digest,
        /// Why.
        source: LayerError,
    },
    /// A kept root filesystem is not what it was when it was unpacked.
    #[error("the root filesystem `{}` has content {found}, it was unpacked with {expected}", path.display())]
    Changed {
        /// Its folder.
        path: PathBuf,
        /// The digest that was recorded.
        expected: Digest,
        /// The digest that it has now.
        found: Digest,
    },
    /// The store that keeps the image failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] FsError),
}

impl Diagnostic for RootfsError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Image(error) => error.kind(),
            Self::Layer { .. } => FailureKind::Verification,
            Self::Store(error) => error.kind(),
            Self::Changed { .. } | Self::Io(_) => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Image(error) => error.hint(),
            Self::Layer { .. } => Some(UNSOUND.into()),
            _ => None,
        }
    }
}
