//! What can be asked of a store.

use std::io::Write;
use std::path::Path;

use crate::model::digest::Digest;
use crate::store::blob::error::StoreError;

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

    /// Writes the blob's bytes to `out`, which is called `name` in errors; `false` where it is not here. On success they are the
    /// right ones; what is written of others before that is found out is the caller's to throw away.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    fn copy_to(&self, digest: &Digest, out: &mut dyn Write, name: &Path) -> Result<bool, StoreError>;

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
