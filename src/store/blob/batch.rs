//! Many blobs at once, flushed once.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;

use crate::host::fs::{self, FsError, Sealed};
use crate::host::hash::Hashing;
use crate::model::digest::Digest;
use crate::store::blob::error::StoreError;
use crate::store::blob::writer::Writer;

/// Blobs that wait to become visible together; dropped without [`commit`](Self::commit), none of them ever was.
///
/// No name appears before the bytes of every blob of the batch are on disk. A crash in the middle of `commit` may leave
/// some of the names and not others, each of them whole: what refers to the blobs must be written after it.
#[derive(Debug)]
pub struct Batch<'a> {
    store: &'a Writer,
    waiting: BTreeMap<Digest, Sealed>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(store: &'a Writer) -> Self {
        Self { store, waiting: BTreeMap::new() }
    }

    /// Adds `bytes` and tells their digest; they cannot be read before [`commit`](Self::commit).
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn put(&mut self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        if !self.waiting.contains_key(&digest) && !self.store.holds(&digest)? {
            let staged = self.store.stage(bytes)?;
            self.waiting.insert(digest, staged.seal(self.store.make_room(&digest)?));
        }
        Ok(digest)
    }

    /// Adds the content of an open file, which is called `name` in errors, and tells its digest and its length. What is here
    /// already is read, and not written again.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn put_file(&mut self, file: &File, name: &Path) -> Result<(Digest, u64), StoreError> {
        let from_start = || {
            let mut file = file;
            file.seek(SeekFrom::Start(0)).map_err(FsError::reading("read", name))?;
            Ok::<_, StoreError>(file)
        };
        let mut raw = Hashing::new(from_start()?);
        std::io::copy(&mut raw, &mut std::io::sink()).map_err(FsError::reading("read", name))?;
        let (_, digest, length) = raw.finish();
        if self.waiting.contains_key(&digest) || self.store.holds(&digest)? {
            return Ok((digest, length));
        }
        // Named by what was packed, which is another content where the file has changed since.
        let (staged, digest, length) = self.store.stage_file(from_start()?, name)?;
        if !self.waiting.contains_key(&digest) {
            self.waiting.insert(digest, staged.seal(self.store.make_room(&digest)?));
        }
        Ok((digest, length))
    }

    /// Makes every blob visible; on return they are on disk.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn commit(self) -> Result<(), StoreError> {
        Ok(fs::rename_all(self.waiting.into_values().collect())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::blob::{BlobSource, LocalStore};

    #[test]
    fn nothing_is_visible_before_the_commit() {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::open(dir.path()).unwrap();
        let mut batch = store.batch();
        let digests: Vec<_> = (0..20u8).map(|n| batch.put(&[n % 10; 99]).unwrap()).collect();
        assert!(digests.iter().all(|digest| !store.contains(digest).unwrap()));
        batch.commit().unwrap();
        for (n, digest) in (0..20).zip(&digests) {
            assert_eq!(store.get(digest).unwrap().unwrap(), [n % 10; 99]);
        }
        assert_eq!(fs::list(&dir.path().join("tmp")).unwrap(), []);
    }

    #[test]
    fn a_file_is_kept_by_what_was_read_of_it_wherever_it_stands() {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::open(dir.path().join("store")).unwrap();
        let path = dir.path().join("file");
        let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, &bytes).unwrap();
        let mut file = File::open(&path).unwrap();
        file.seek(SeekFrom::Start(7)).unwrap();
        for _ in 0..2 {
            let mut batch = store.batch();
            let found = batch.put_file(&file, &path).unwrap();
            assert_eq!(found, (Digest::of(&bytes), bytes.len() as u64));
            assert_eq!(batch.put_file(&file, &path).unwrap(), found);
            batch.commit().unwrap();
            assert_eq!(store.get(&found.0).unwrap().unwrap(), bytes);
        }
    }

    #[test]
    fn a_batch_that_is_dropped_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::open(dir.path()).unwrap();
        let mut batch = store.batch();
        let digest = batch.put(b"stella").unwrap();
        drop(batch);
        store.batch().commit().unwrap();
        assert!(!store.contains(&digest).unwrap());
        assert_eq!(fs::list(&dir.path().join("tmp")).unwrap(), []);
    }
}
