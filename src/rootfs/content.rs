//! The content digest of a root filesystem.
//!
//! SHA-256 over `stella rootfs 1` and a NUL byte, then for each entry its type (`d`, `f`, `l`), a space, its mode as four
//! octal digits, a space, its path below the root, a NUL byte, and for a file the 32 bytes of its SHA-256, for a link its
//! target and a NUL byte. Entries stand depth first, the names of one directory sorted by their bytes, a directory before
//! what is in it; the root is the first, its path empty. The mode of a link is 0777.
//!
//! Not part of it: owners and times, which depend on who unpacked, and which names are hard links of one another.

use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::host::fs::{self as host, FsError};
use crate::host::hash::Hashing;
use crate::model::digest::Digest;
use crate::model::limits::MAX_IMAGE_UNPACKED_BYTES;

/// What is at a path, as far as it is content.
pub(crate) enum What<'a> {
    Directory { mode: u32 },
    File { mode: u32, content: Digest },
    Symlink { target: &'a [u8] },
}

/// Takes the entries one by one, in their order.
pub(crate) struct ContentDigest(Hashing<io::Sink>);

impl ContentDigest {
    pub(crate) fn new() -> Self {
        let mut this = Self(Hashing::new(io::sink()));
        this.put(b"stella rootfs 1\0");
        this
    }

    pub(crate) fn add(&mut self, path: &[u8], what: &What<'_>) {
        let (kind, mode) = match what {
            What::Directory { mode } => ('d', *mode),
            What::File { mode, .. } => ('f', *mode),
            What::Symlink { .. } => ('l', 0o777),
        };
        self.put(format!("{kind} {mode:04o} ").as_bytes());
        self.put(path);
        self.put(&[0]);
        match what {
            What::Directory { .. } => {}
            What::File { content, .. } => self.put(content.as_bytes()),
            What::Symlink { target } => {
                self.put(target);
                self.put(&[0]);
            }
        }
    }

    pub(crate) fn finish(self) -> Digest {
        self.0.finish().1
    }

    fn put(&mut self, bytes: &[u8]) {
        // A sink takes everything.
        let _ = self.0.write_all(bytes);
    }
}

/// The content digest of what stands in a folder.
pub(crate) fn of_folder(root: &Path, limit: u64) -> Result<Digest, FsError> {
    let mut digest = ContentDigest::new();
    let mut seen = 0;
    // Last one first, so that the first name is taken next.
    let mut pending = vec![PathBuf::new()];
    while let Some(relative) = pending.pop() {
        seen += 1;
        if seen > limit.saturating_add(1) {
            return Err(FsError::TooMany { path: root.to_owned(), limit });
        }
        // `join` of nothing would end in a `/`.
        let path = if seen == 1 { root.to_owned() } else { root.join(&relative) };
        let metadata = fs::symlink_metadata(&path).map_err(FsError::reading("read", &path))?;
        let mode = metadata.permissions().mode() & 0o7777;
        let name = relative.as_os_str().as_bytes();
        if metadata.is_dir() {
            digest.add(name, &What::Directory { mode });
            let items = host::list(&path)?;
            pending.extend(items.into_iter().rev().map(|item| relative.join(item.relative)));
        } else if metadata.is_file() {
            digest.add(name, &What::File { mode, content: host::digest(&path, MAX_IMAGE_UNPACKED_BYTES)? });
        } else if metadata.is_symlink() {
            let target =
                fs::read_link(&path).map_err(FsError::reading("read the link", &path))?.into_os_string().into_vec();
            digest.add(name, &What::Symlink { target: &target });
        } else {
            return Err(FsError::NotAFile { path });
        }
    }
    Ok(digest.finish())
}
