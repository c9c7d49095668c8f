//! Directories as they are: inputs and scanners. No manifest, no fixed root.

use std::path::Path;

use crate::bundle::archive::{self, ArchiveError, Entry, Limits, Packed, Problem, dir};
use crate::host::fs;
use crate::host::limits::MAX_BUNDLE_BYTES;
use crate::model::digest::Digest;

/// A tree, from a directory or from the archive of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    entries: Vec<Entry>,
    content: Digest,
}

impl Tree {
    /// Reads a directory or an archive. The contents of a directory's files stay on disk until they are needed.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        if fs::is_dir(path) {
            Self::new(dir::entries(path, &Limits::default())?)
        } else {
            Self::verify(&fs::read(path, MAX_BUNDLE_BYTES)?)
        }
    }

    /// Reads an archive.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn verify(archive: &[u8]) -> Result<Self, ArchiveError> {
        Self::new(archive::read(archive, &Limits::default())?)
    }

    fn new(entries: Vec<Entry>) -> Result<Self, ArchiveError> {
        let content = archive::content_digest(&entries, &Limits::default())?;
        Ok(Self { entries, content })
    }

    /// What is in it.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The tree digest: the same for a directory and for every archive of it.
    pub fn digest(&self) -> Digest {
        self.content
    }

    /// Packs it.
    ///
    /// # Errors
    /// [`Problem::Changed`] when files on disk are no longer what was digested, else any other [`ArchiveError`].
    pub fn pack(&self) -> Result<Packed, ArchiveError> {
        let packed = archive::pack(&self.entries, &Limits::default())?;
        if packed.digests.content == self.content { Ok(packed) } else { Err(Problem::Changed.at(self.content)) }
    }

    /// Writes it as the directory `to`, which must not exist yet.
    ///
    /// # Errors
    /// As [`pack`](Self::pack); `to` is then as it was.
    pub fn restore(&self, to: &Path) -> Result<(), ArchiveError> {
        archive::restore_checked(&self.entries, to, self.content, &Limits::default())
    }
}
