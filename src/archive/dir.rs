//! Directories as trees.

use std::path::Path;

use crate::archive::entry::{Content, Entry, EntryPath, Node};
use crate::archive::error::{ArchiveError, Problem};
use crate::archive::limits::Limits;
use crate::archive::write::{self, Packed};
use crate::host::fs::{self, Kind};
use crate::model::digest::Digest;

/// Lists a directory as entries, sorted; contents stay on disk until they are needed. No link is followed, but `root`
/// itself may be one.
///
/// # Errors
/// [`ArchiveError`] for what cannot be in an archive: devices, pipes, sockets, names that are not UTF-8. Where links
/// lead is checked when the entries are packed.
pub fn entries(root: &Path, limits: &Limits) -> Result<Vec<Entry>, ArchiveError> {
    kept_entries(root, limits, |_| true)
}

/// The same without what `is_kept` does not keep: nothing of it is looked at.
///
/// # Errors
/// As [`entries`].
pub fn kept_entries(root: &Path, limits: &Limits, is_kept: impl Fn(&Path) -> bool) -> Result<Vec<Entry>, ArchiveError> {
    fs::walk_kept(root, limits.entries, is_kept)?.into_iter().map(|item| entry(root, item)).collect()
}

/// Packs a directory.
///
/// # Errors
/// As [`entries`] and [`pack`](write::pack).
pub fn pack(root: &Path, limits: &Limits) -> Result<Packed, ArchiveError> {
    write::pack(&entries(root, limits)?, limits)
}

/// The tree digest of a directory: the content digest of its archive. Nothing is held in memory.
///
/// # Errors
/// As [`pack`].
pub fn digest(root: &Path, limits: &Limits) -> Result<Digest, ArchiveError> {
    write::content_digest(&entries(root, limits)?, limits)
}

fn entry(root: &Path, item: fs::Item) -> Result<Entry, ArchiveError> {
    let shown = item.relative.display().to_string();
    let path = EntryPath::from_bytes(item.relative.as_os_str().as_encoded_bytes())
        .map_err(|error| Problem::from(error).at(&shown))?;
    let node = match item.kind {
        Kind::Directory => Node::Directory,
        Kind::File { size, executable } => {
            Node::File { content: Content::OnDisk { path: root.join(&path), size }, executable }
        }
        Kind::Symlink { target } => {
            let target = target.into_os_string().into_string().map_err(|_| Problem::SymlinkTarget.at(&shown))?;
            Node::Symlink { target }
        }
        Kind::Special => return Err(Problem::Special("a device, pipe or socket").at(&shown)),
    };
    Ok(Entry { path, node })
}
