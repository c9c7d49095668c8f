//! A folder of blobs that is only read: what is committed in a repository, or lies beside a case.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use crate::host::compress::{Allowance, Unpack, UnpackError};
use crate::host::fs::{self, FsError, Staged};
use crate::host::hash::Hashing;
use crate::model::digest::Digest;
use crate::model::limits::MAX_BLOB_BYTES;
use crate::store::blob::error::StoreError;
use crate::store::blob::source::BlobSource;

/// A read-only store; a folder that does not exist is an empty one.
#[derive(Debug, Clone)]
pub struct FolderStore {
    root: PathBuf,
}

impl FolderStore {
    /// The store under `root`, the folder that holds `sha256/`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder that holds `sha256/`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the blob is if it is here.
    pub fn path_of(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.root.join("sha256").join(&hex[..2]).join(format!("{hex}.zst"))
    }

    /// Whether the blob is here, its bytes checked.
    ///
    /// # Errors
    /// As [`BlobSource::get`].
    pub fn check(&self, digest: &Digest) -> Result<bool, StoreError> {
        let Some(blob) = self.open(digest)? else { return Ok(false) };
        blob.copy_to(&mut io::sink(), Path::new("nowhere"))?;
        Ok(true)
    }

    fn open(&self, digest: &Digest) -> Result<Option<Blob>, StoreError> {
        let path = self.path_of(digest);
        match fs::open(&path) {
            Ok((file, _)) => Ok(Some(Blob { file, path, digest: *digest })),
            Err(error) if error.is_not_found() => Ok(None),
            // A folder, a pipe: nothing that a store has put there.
            Err(FsError::NotAFile { path }) => {
                Err(StoreError::Damaged { path, digest: *digest, source: UnpackError::NotAFile })
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl BlobSource for FolderStore {
    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(blob) = self.open(digest)? else { return Ok(None) };
        let mut bytes = Vec::new();
        blob.copy_to(&mut bytes, Path::new("memory"))?;
        Ok(Some(bytes))
    }

    fn get_to_file(&self, digest: &Digest, to: &Path) -> Result<bool, StoreError> {
        let Some(blob) = self.open(digest)? else { return Ok(false) };
        let mut staged = Staged::beside(to)?;
        blob.copy_to(&mut staged, to)?;
        staged.publish(to)?;
        Ok(true)
    }

    fn copy_to(&self, digest: &Digest, out: &mut dyn Write, name: &Path) -> Result<bool, StoreError> {
        let Some(blob) = self.open(digest)? else { return Ok(false) };
        blob.copy_to(&mut &mut *out, name).map(|()| true)
    }

    fn contains(&self, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.open(digest)?.is_some())
    }
}

/// An opened blob whose bytes are not yet known to be the right ones.
struct Blob {
    file: File,
    path: PathBuf,
    digest: Digest,
}

impl Blob {
    /// Copies the raw bytes to `out`, which is called `name` in errors; on success they are the right ones.
    fn copy_to(self, out: &mut impl Write, name: &Path) -> Result<(), StoreError> {
        let Self { file, path, digest } = self;
        let damaged = |source: UnpackError| StoreError::Damaged { path: path.clone(), digest, source };
        let unpack = Unpack::new(BufReader::new(file), Allowance::bytes(MAX_BLOB_BYTES)).map_err(damaged)?;
        let mut raw = Hashing::new(unpack);
        let mut buffer = vec![0; 128 * 1024];
        loop {
            let count = match raw.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(damaged(UnpackError::from_io(error))),
            };
            out.write_all(&buffer[..count]).map_err(FsError::writing("write", name))?;
        }
        let (_, found, _) = raw.finish();
        if found == digest { Ok(()) } else { Err(StoreError::Mismatch { path, expected: digest, found }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::compress;

    fn plant(store: &FolderStore, digest: &Digest, file: &[u8]) {
        let path = store.path_of(digest);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file).unwrap();
    }

    #[test]
    fn gone_corrupt_and_unreadable_are_three_things() {
        let dir = tempfile::tempdir().unwrap();
        let store = FolderStore::new(dir.path().join("none"));
        let (digest, frame) = (Digest::of(b"stella"), compress::pack(b"stella", 3).unwrap());
        assert_eq!(store.get(&digest).unwrap(), None);
        assert!(!store.get_to_file(&digest, &dir.path().join("out")).unwrap());

        plant(&store, &digest, &frame);
        assert_eq!(store.get(&digest).unwrap().unwrap(), b"stella");

        plant(&store, &digest, &compress::pack(b"stellb", 3).unwrap());
        let error = store.get(&digest).unwrap_err();
        let found = Digest::of(b"stellb");
        assert!(
            matches!(&error, StoreError::Mismatch { expected, found: f, .. } if *expected == digest && *f == found)
        );
        for part in [digest.to_string(), found.to_string(), store.path_of(&digest).display().to_string()] {
            assert!(error.to_string().contains(&part), "{error} names {part}");
        }

        std::fs::remove_file(store.path_of(&digest)).unwrap();
        std::fs::create_dir(store.path_of(&digest)).unwrap();
        // No store has put a folder there.
        assert!(matches!(store.get(&digest), Err(StoreError::Damaged { source: UnpackError::NotAFile, .. })));

        std::fs::remove_dir(store.path_of(&digest)).unwrap();
        std::os::unix::fs::symlink(store.path_of(&digest), store.path_of(&digest)).unwrap();
        assert!(matches!(store.get(&digest), Err(StoreError::Io(FsError::Io { .. }))));
    }

    #[test]
    fn no_damage_goes_unseen() {
        let dir = tempfile::tempdir().unwrap();
        let store = FolderStore::new(dir.path());
        let raw: Vec<u8> = (0..2000u32).flat_map(|n| n.to_le_bytes()).collect();
        let (digest, frame) = (Digest::of(&raw), compress::pack(&raw, 3).unwrap());
        for cut in (0..frame.len()).step_by(97) {
            plant(&store, &digest, &frame[..cut]);
            assert!(matches!(store.get(&digest), Err(StoreError::Damaged { .. })), "cut at {cut}");
        }
        for at in (0..frame.len()).step_by(41) {
            let mut flipped = frame.clone();
            flipped[at] ^= 0x10;
            plant(&store, &digest, &flipped);
            match store.get(&digest) {
                // Some bits of a frame mean nothing: then the bytes must be the right ones.
                Ok(bytes) => assert_eq!(bytes.unwrap(), raw, "flipped at {at}"),
                Err(error) => assert!(
                    matches!(error, StoreError::Damaged { .. } | StoreError::Mismatch { .. }),
                    "flipped at {at}: {error}"
                ),
            }
        }
        plant(&store, &digest, &[&frame[..], b"garbage"].concat());
        assert!(matches!(store.get(&digest), Err(StoreError::Damaged { source: UnpackError::Trailing, .. })));
    }

    #[test]
    fn a_corrupt_blob_never_reaches_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let store = FolderStore::new(dir.path().join("store"));
        let (digest, to) = (Digest::of(b"stella"), dir.path().join("out"));
        plant(&store, &digest, &compress::pack(b"stellb", 3).unwrap());
        assert!(store.get_to_file(&digest, &to).is_err());
        assert!(!to.exists());
        plant(&store, &digest, &compress::pack(b"stella", 3).unwrap());
        assert!(store.get_to_file(&digest, &to).unwrap());
        assert_eq!(std::fs::read(&to).unwrap(), b"stella");
    }
}
