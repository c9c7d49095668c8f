//! How a blob comes into a folder: staged beside it without a name, then renamed.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::host::compress::{self, STORE_LEVEL};
use crate::host::fs::{self, FsError, Staged};
use crate::host::hash::Hashing;
use crate::model::digest::Digest;
use crate::model::limits::MAX_BLOB_BYTES;
use crate::store::blob::error::StoreError;
use crate::store::blob::folder::FolderStore;

/// A folder of blobs, and the folder beside it in which files wait for their names.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    pub(crate) blobs: FolderStore,
    pub(crate) staging: PathBuf,
}

impl Writer {
    /// Packs `bytes` into a file without a name.
    pub(crate) fn stage(&self, bytes: &[u8]) -> Result<Staged, StoreError> {
        let failed = || FsError::writing("write a blob in", &self.staging);
        let mut encoder = compress::packer(Staged::new_in(&self.staging)?, STORE_LEVEL).map_err(failed())?;
        encoder.write_all(bytes).map_err(failed())?;
        Ok(encoder.finish().map_err(failed())?)
    }

    /// Packs what is left of `file` into a file without a name; with it the digest and the length of what was read.
    pub(crate) fn stage_file(&self, file: impl Read, name: &Path) -> Result<(Staged, Digest, u64), StoreError> {
        let failed = || FsError::writing("keep a copy of", name);
        let mut raw = Hashing::new(file.take(MAX_BLOB_BYTES + 1));
        let mut encoder = compress::packer(Staged::new_in(&self.staging)?, STORE_LEVEL).map_err(failed())?;
        std::io::copy(&mut raw, &mut encoder).map_err(failed())?;
        let staged = encoder.finish().map_err(failed())?;
        let (_, digest, length) = raw.finish();
        if length > MAX_BLOB_BYTES {
            return Err(FsError::TooLarge { path: name.to_owned(), limit: MAX_BLOB_BYTES }.into());
        }
        Ok((staged, digest, length))
    }

    /// The path of a blob, its directory made.
    pub(crate) fn make_room(&self, digest: &Digest) -> Result<PathBuf, StoreError> {
        let path = self.blobs.path_of(digest);
        if let Some(shard) = path.parent() {
            fs::ensure_dir(shard)?;
        }
        Ok(path)
    }

    /// Whether the blob is here and sound. A corrupt one counts as missing, so that putting it again mends it.
    pub(crate) fn holds(&self, digest: &Digest) -> Result<bool, StoreError> {
        match self.blobs.check(digest) {
            Err(StoreError::Mismatch { .. } | StoreError::Damaged { .. }) => Ok(false),
            other => other,
        }
    }
}
