//! The store of this machine.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::host::fs;
use crate::model::digest::Digest;
use crate::store::blob::batch::Batch;
use crate::store::blob::error::StoreError;
use crate::store::blob::folder::FolderStore;
use crate::store::blob::source::{BlobSource, BlobStore};
use crate::store::blob::writer::Writer;

/// A temporary file older than this was left by a process that was killed.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// A store that is read and written, by any number of processes at once.
///
/// A blob is written to `tmp/`, flushed, and renamed to its name: whoever is killed at any instant leaves at most a
/// temporary file, which a later [`open`](Self::open) sweeps. Two writers of one blob write the same bytes, so the
/// second rename changes nothing.
#[derive(Debug, Clone)]
pub struct LocalStore {
    writer: Writer,
}

impl LocalStore {
    /// Opens the store under `root`, creating it where it is missing.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        let staging = root.join("tmp");
        fs::ensure_dir(&staging)?;
        fs::sweep(&staging, ABANDONED)?;
        Ok(Self { writer: Writer { blobs: FolderStore::new(root), staging } })
    }

    /// The folder that holds `sha256/`.
    pub fn root(&self) -> &Path {
        self.writer.blobs.root()
    }

    /// Where the blob is if it is here.
    pub fn path_of(&self, digest: &Digest) -> PathBuf {
        self.writer.blobs.path_of(digest)
    }

    /// Starts to write many blobs that become visible together.
    pub fn batch(&self) -> Batch<'_> {
        Batch::new(&self.writer)
    }

    /// Whether the blob is here and sound. A corrupt one counts as missing, so that putting it again mends it.
    pub(crate) fn holds(&self, digest: &Digest) -> Result<bool, StoreError> {
        self.writer.holds(digest)
    }
}

impl BlobSource for LocalStore {
    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.writer.blobs.get(digest)
    }

    fn get_to_file(&self, digest: &Digest, to: &Path) -> Result<bool, StoreError> {
        self.writer.blobs.get_to_file(digest, to)
    }

    fn copy_to(&self, digest: &Digest, out: &mut dyn Write, name: &Path) -> Result<bool, StoreError> {
        self.writer.blobs.copy_to(digest, out, name)
    }

    fn contains(&self, digest: &Digest) -> Result<bool, StoreError> {
        self.writer.blobs.contains(digest)
    }
}

impl BlobStore for LocalStore {
    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        if !self.writer.holds(&digest)? {
            let staged = self.writer.stage(bytes)?;
            staged.publish(&self.writer.make_room(&digest)?)?;
        }
        Ok(digest)
    }

    fn put_file(&self, path: &Path) -> Result<Digest, StoreError> {
        let (file, _) = fs::open(path)?;
        let (staged, digest, _) = self.writer.stage_file(file, path)?;
        if !self.writer.holds(&digest)? {
            staged.publish(&self.writer.make_room(&digest)?)?;
        }
        Ok(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::thread;

    fn files(root: &Path) -> Vec<PathBuf> {
        let items = fs::walk(root, 10_000).unwrap();
        items.into_iter().filter(|i| matches!(i.kind, fs::Kind::File { .. })).map(|i| i.relative).collect()
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::open(dir.path().join("new/store")).unwrap();
        let digest = store.put(b"").unwrap();
        // SHA-256 of nothing, FIPS 180-4.
        let name = "sha256/e3/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.zst";
        assert_eq!(files(store.root()), [Path::new(name)]);
        assert_eq!(store.get(&digest).unwrap().unwrap(), b"");
    }

    #[test]
    fn putting_again_mends_what_is_corrupt() {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::open(dir.path()).unwrap();
        let digest = store.put(b"stella").unwrap();
        for rot in [&b""[..], b"rot"] {
            std::fs::write(store.path_of(&digest), rot).unwrap();
            assert!(matches!(store.get(&digest), Err(StoreError::Damaged { .. })));
            assert!(store.contains(&digest).unwrap());
            store.put(b"stella").unwrap();
            assert_eq!(store.get(&digest).unwrap().unwrap(), b"stella");
        }
    }

    #[test]
    fn a_file_is_kept_as_its_bytes_are() {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::open(dir.path().join("store")).unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        let bytes: Vec<u8> = (0..300_000u32).flat_map(|n| n.wrapping_mul(n).to_le_bytes()).collect();
        std::fs::write(&from, &bytes).unwrap();
        let digest = store.put_file(&from).unwrap();
        assert_eq!(digest, store.put(&bytes).unwrap());
        assert!(store.get_to_file(&digest, &to).unwrap());
        assert_eq!(std::fs::read(&to).unwrap(), bytes);
        assert_eq!(files(store.root()).len(), 1);
    }

    #[test]
    fn writers_at_the_same_time_do_not_hurt_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let blob = |n: u32| n.to_le_bytes().repeat(500);
        thread::scope(|scope| {
            for writer in 0..8 {
                let root = dir.path();
                scope.spawn(move || {
                    let store = LocalStore::open(root).unwrap();
                    // The first ten are everybody's, the others are this writer's own.
                    for n in (0..10).chain(100 * writer + 10..100 * writer + 20) {
                        let digest = store.put(&blob(n)).unwrap();
                        assert_eq!(store.get(&digest).unwrap().unwrap(), blob(n));
                    }
                });
            }
        });
        assert_eq!(files(dir.path()).len(), 10 + 8 * 10);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_is_put_is_got(bytes: Vec<u8>) {
            let dir = tempfile::tempdir().unwrap();
            let store = LocalStore::open(dir.path()).unwrap();
            let digest = store.put(&bytes).unwrap();
            prop_assert_eq!(digest, Digest::of(&bytes));
            prop_assert_eq!(store.get(&digest).unwrap(), Some(bytes));
        }
    }
}
