//! Content-addressed blobs: the key is the SHA-256 of the raw bytes.
//!
//! Layout, everywhere the same: `sha256/ab/<64 hex digits>.zst`, one zstd frame each, where `ab` are the first two
//! digits. The digest is checked on *every* read. Errors tell three things apart: a blob that is *gone* is `None`, one
//! that is *corrupt* is [`StoreError::Damaged`] or [`StoreError::Mismatch`], and *I/O* that failed is
//! [`StoreError::Io`].
//!
//! [`LocalStore`] reads and writes, [`FolderStore`] only reads, [`LayeredStore`] asks several in the order of
//! resolution.

mod batch;
mod error;
mod folder;
mod layered;
mod local;

#[cfg(test)]
mod crash;

use std::path::Path;

use crate::model::digest::Digest;

pub use batch::Batch;
pub use error::StoreError;
pub use folder::FolderStore;
pub use layered::{LayeredStore, Located, Place};
pub use local::LocalStore;

/// Somewhere blobs can be read from.
pub trait BlobSource: Send + Sync {
    /// The blob's bytes, checked against the digest; `None` where it is not here.
    ///
    /// # Errors
    /// [`StoreError::Mismatch`] or [`StoreError::Damaged`] when what is here is corrupt, [`StoreError::Io`].
    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes the blob's bytes, checked, to the file `to`; `false` where it is not here. `to` appears only when whole.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    fn get_to_file(&self, digest: &Digest, to: &Path) -> Result<bool, StoreError>;

    /// Whether the blob is here. Its bytes are not looked at.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    fn contains(&self, digest: &Digest) -> Result<bool, StoreError>;
}

/// Somewhere blobs can be written to as well.
pub trait BlobStore: BlobSource {
    /// Keeps `bytes` and tells their digest; on return they are on disk.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError>;

    /// Keeps the contents of a file without holding it in memory.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    fn put_file(&self, path: &Path) -> Result<Digest, StoreError>;
}
