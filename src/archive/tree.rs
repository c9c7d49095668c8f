//! Directories as they are: inputs and scanners. No manifest, no fixed root.

use std::path::Path;

use crate::archive::dir;
use crate::archive::entry::{Content, Entry, EntryPath, Node};
use crate::archive::error::{ArchiveError, Problem};
use crate::archive::extract::restore_checked;
use crate::archive::limits::Limits;
use crate::archive::read::read;
use crate::archive::write::{Packed, content_digest, pack};
use crate::host::fs;
use crate::model::digest::Digest;
use crate::model::limits::MAX_BUNDLE_BYTES;

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
        Self::new(read(archive, &Limits::default())?)
    }

    /// Reads a directory into memory, so that what is scanned is what was digested: only what `is_kept` by its
    /// relative path.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn read_directory(path: &Path, is_kept: impl Fn(&Path) -> bool) -> Result<Self, ArchiveError> {
        let kept = dir::kept_entries(path, &Limits::default(), is_kept)?;
        Self::new(kept.into_iter().map(in_memory).collect::<Result<_, _>>()?)
    }

    /// A tree of plain files.
    ///
    /// # Errors
    /// [`ArchiveError`] for a path that cannot be in a tree, or two files with one path.
    pub fn of_files(files: Vec<(String, Vec<u8>)>) -> Result<Self, ArchiveError> {
        let entry = |(path, bytes): (String, Vec<u8>)| {
            let parsed: EntryPath = path.parse().map_err(|error| Problem::from(error).at(&path))?;
            Ok(Entry::file(parsed, bytes))
        };
        Self::new(files.into_iter().map(entry).collect::<Result<_, ArchiveError>>()?)
    }

    /// Every regular file in memory, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.entries.iter().filter_map(|entry| match &entry.node {
            Node::File { content: Content::Bytes(bytes), .. } => Some((entry.path.as_str(), bytes.as_slice())),
            _ => None,
        })
    }

    fn new(entries: Vec<Entry>) -> Result<Self, ArchiveError> {
        let content = content_digest(&entries, &Limits::default())?;
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
        let packed = pack(&self.entries, &Limits::default())?;
        if packed.digests.content == self.content { Ok(packed) } else { Err(Problem::Changed.at(self.content)) }
    }

    /// Writes it as the directory `to`, which must not exist yet.
    ///
    /// # Errors
    /// As [`pack`](Self::pack); `to` is then as it was.
    pub fn restore(&self, to: &Path) -> Result<(), ArchiveError> {
        restore_checked(&self.entries, to, self.content, &Limits::default())
    }
}

fn in_memory(entry: Entry) -> Result<Entry, ArchiveError> {
    let node = match entry.node {
        Node::File { content, executable } => Node::File { content: Content::Bytes(content.into_bytes()?), executable },
        other => other,
    };
    Ok(Entry { path: entry.path, node })
}
