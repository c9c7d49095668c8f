//! Many blobs at once, flushed once.

use std::collections::BTreeMap;

use crate::host::fs::{self, Sealed};
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
