//! Listings in a stable order, and walks that follow no link.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use crate::host::fs::error::FsError;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A regular file.
    File {
        /// Its length in bytes.
        size: u64,
        /// Whether its owner may execute it.
        executable: bool,
    },
    /// A symbolic link, not followed.
    Symlink {
        /// What it says, as it stands.
        target: PathBuf,
    },
    /// A device, pipe or socket.
    Special,
}

/// One entry of a directory or tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its path relative to what was listed.
    pub relative: PathBuf,
    /// What it is.
    pub kind: Kind,
}

/// Whether `path` is a directory, or a link to one.
pub fn is_dir(path: &Path) -> bool {
    path.is_dir()
}

/// The entries of one directory, sorted by the bytes of their names.
///
/// # Errors
/// [`FsError::Io`].
pub fn list(dir: &Path) -> Result<Vec<Item>, FsError> {
    let mut items = Vec::new();
    for entry in fs::read_dir(dir).map_err(FsError::reading("list", dir))? {
        let entry = entry.map_err(FsError::reading("list", dir))?;
        let path = entry.path();
        let metadata = entry.metadata().map_err(FsError::reading("read", &path))?;
        items.push(Item { relative: entry.file_name().into(), kind: kind(&path, &metadata)? });
    }
    sort(&mut items);
    Ok(items)
}

/// Everything below `root`, sorted by the bytes of the relative paths; `root` itself may be a link to a directory.
///
/// # Errors
/// [`FsError::TooMany`] beyond `limit` entries, else [`FsError::Io`].
pub fn walk(root: &Path, limit: u64) -> Result<Vec<Item>, FsError> {
    walk_kept(root, limit, |_| true)
}

/// The same without what `is_kept` does not keep, by its path relative to `root`: a folder that is not kept is not entered.
///
/// # Errors
/// As [`walk`]; what is not kept does not count.
pub fn walk_kept(root: &Path, limit: u64, is_kept: impl Fn(&Path) -> bool) -> Result<Vec<Item>, FsError> {
    let mut items: Vec<Item> = Vec::new();
    let mut pending = vec![PathBuf::new()];
    while let Some(dir) = pending.pop() {
        for Item { relative, kind } in list(&root.join(&dir))? {
            let relative = dir.join(relative);
            if !is_kept(&relative) {
                continue;
            }
            if kind == Kind::Directory {
                pending.push(relative.clone());
            }
            items.push(Item { relative, kind });
            if items.len() as u64 > limit {
                return Err(FsError::TooMany { path: root.to_owned(), limit });
            }
        }
    }
    sort(&mut items);
    Ok(items)
}

fn kind(path: &Path, metadata: &Metadata) -> Result<Kind, FsError> {
    let file_type = metadata.file_type();
    Ok(if file_type.is_dir() {
        Kind::Directory
    } else if file_type.is_file() {
        Kind::File { size: metadata.len(), executable: executable(metadata) }
    } else if file_type.is_symlink() {
        Kind::Symlink { target: fs::read_link(path).map_err(FsError::reading("read the link", path))? }
    } else {
        Kind::Special
    })
}

#[cfg(unix)]
fn executable(metadata: &Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn executable(_: &Metadata) -> bool {
    false
}

/// By bytes, not by components as `Path` orders: `a-b` stands before `a/b`, as it does in an archive.
fn sort(items: &mut [Item]) {
    items.sort_unstable_by(|a, b| {
        a.relative.as_os_str().as_encoded_bytes().cmp(b.relative.as_os_str().as_encoded_bytes())
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_walk_is_sorted_by_bytes_and_follows_no_link() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("a/deep")).unwrap();
        for name in ["a/b", "a-b", "B", "a/deep/x"] {
            fs::write(root.join(name), b"12").unwrap();
        }
        symlink("..", root.join("a/loop")).unwrap();
        let items = walk(root, 100).unwrap();
        let paths: Vec<_> = items.iter().map(|item| item.relative.to_str().unwrap()).collect();
        assert_eq!(paths, ["B", "a", "a-b", "a/b", "a/deep", "a/deep/x", "a/loop"]);
        assert_eq!(items[0].kind, Kind::File { size: 2, executable: false });
        assert_eq!(items[6].kind, Kind::Symlink { target: "..".into() });
        assert!(matches!(walk(root, 6), Err(FsError::TooMany { limit: 6, .. })));
        assert_eq!(walk(root, 7).unwrap().len(), 7);
    }

    #[test]
    fn special_files_are_named_as_such() {
        let dir = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
        assert_eq!(list(dir.path()).unwrap(), [Item { relative: "socket".into(), kind: Kind::Special }]);
    }
}
