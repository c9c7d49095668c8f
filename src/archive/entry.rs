//! One entry of a tree.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::host::fs::{self, FsError};
use crate::model::limits::{MAX_NAME_BYTES, MAX_PATH_BYTES};

/// A path inside a tree: relative, `/` between its components, none of them empty, `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryPath(String);

/// Why a text is not a path inside a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing.
    #[error("the path is empty")]
    Empty,
    /// It begins with `/`.
    #[error("the path is absolute")]
    Absolute,
    /// It has a `..`.
    #[error("the path has a `..`")]
    Parent,
    /// It has a `.` or an empty component.
    #[error("the path has an empty component or a `.`")]
    NotPlain,
    /// It has a NUL byte.
    #[error("the path has a NUL byte")]
    Nul,
    /// It is not UTF-8.
    #[error("the path is not UTF-8")]
    NotUtf8,
    /// No operating system takes it.
    #[error("the path is longer than {MAX_PATH_BYTES} bytes, or a component longer than {MAX_NAME_BYTES}")]
    TooLong,
}

impl EntryPath {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its components, at least one.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// This path below `root`.
    ///
    /// # Errors
    /// [`PathError::TooLong`].
    pub fn below(&self, root: &Self) -> Result<Self, PathError> {
        format!("{root}/{self}").parse()
    }

    /// What is left of this path below `root`; `None` where it is not below it.
    pub fn strip(&self, root: &Self) -> Option<Self> {
        let rest = self.0.strip_prefix(root.as_str())?.strip_prefix('/')?;
        Some(Self(rest.to_owned()))
    }

    /// Reads what an archive or a directory holds as a name.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PathError> {
        std::str::from_utf8(bytes).map_err(|_| PathError::NotUtf8)?.parse()
    }
}

impl FromStr for EntryPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        if text.len() > MAX_PATH_BYTES {
            return Err(PathError::TooLong);
        }
        if text.starts_with('/') {
            return Err(PathError::Absolute);
        }
        if text.contains('\0') {
            return Err(PathError::Nul);
        }
        for component in text.split('/') {
            match component {
                ".." => return Err(PathError::Parent),
                "" | "." => return Err(PathError::NotPlain),
                name if name.len() > MAX_NAME_BYTES => return Err(PathError::TooLong),
                _ => {}
            }
        }
        Ok(Self(text.to_owned()))
    }
}

impl AsRef<Path> for EntryPath {
    fn as_ref(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The bytes of a regular file, or where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// In memory.
    Bytes(Vec<u8>),
    /// On disk, read when they are needed.
    OnDisk {
        /// The file.
        path: PathBuf,
        /// Its length in bytes when it was listed; another length later is an error.
        size: u64,
    },
}

impl Content {
    /// The length in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::OnDisk { size, .. } => *size,
        }
    }

    /// Opens it for reading.
    pub(crate) fn open(&self) -> Result<ContentReader<'_>, FsError> {
        Ok(match self {
            Self::Bytes(bytes) => ContentReader::Bytes(bytes),
            Self::OnDisk { path, .. } => ContentReader::File(fs::open(path)?.0),
        })
    }

    /// All of it.
    ///
    /// # Errors
    /// [`FsError`] when the file on disk cannot be read or has grown.
    pub fn into_bytes(self) -> Result<Vec<u8>, FsError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::OnDisk { path, size } => fs::read(&path, size),
        }
    }
}

/// An open [`Content`].
pub(crate) enum ContentReader<'a> {
    Bytes(&'a [u8]),
    File(File),
}

impl Read for ContentReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Bytes(bytes) => bytes.read(buffer),
            Self::File(file) => file.read(buffer),
        }
    }
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A directory.
    Directory,
    /// A regular file.
    File {
        /// Its bytes.
        content: Content,
        /// Whether its owner may execute it.
        executable: bool,
    },
    /// A symbolic link.
    Symlink {
        /// What it says, relative to its own directory.
        target: String,
    },
}

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands.
    pub path: EntryPath,
    /// What it is.
    pub node: Node,
}

impl Entry {
    /// A regular file that is not executable.
    pub fn file(path: EntryPath, bytes: Vec<u8>) -> Self {
        Self { path, node: Node::File { content: Content::Bytes(bytes), executable: false } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_relative_paths_are_paths() {
        let long = "x".repeat(256);
        let deep = "x/".repeat(2048) + "x";
        for (text, error) in [
            ("", PathError::Empty),
            ("/a", PathError::Absolute),
            ("..", PathError::Parent),
            ("a/../b", PathError::Parent),
            (".", PathError::NotPlain),
            ("./a", PathError::NotPlain),
            ("a//b", PathError::NotPlain),
            ("a/", PathError::NotPlain),
            ("a\0b", PathError::Nul),
            (&long, PathError::TooLong),
            (&deep, PathError::TooLong),
        ] {
            assert_eq!(text.parse::<EntryPath>(), Err(error), "{text:?}");
        }
        assert_eq!(EntryPath::from_bytes(b"caf\xe9"), Err(PathError::NotUtf8));
        for text in ["a", "a/b", "...", "..a", ".hidden", "a b", "a\nb", "ä", &long[..255]] {
            assert_eq!(text.parse::<EntryPath>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn stripping_undoes_below() {
        let [root, path, other]: [EntryPath; 3] = ["feeds", "npm/x.json", "feeds2/x"].map(|text| text.parse().unwrap());
        assert_eq!(path.below(&root).unwrap().strip(&root), Some(path));
        assert_eq!(other.strip(&root), None);
        assert_eq!(root.strip(&root), None);
    }
}
