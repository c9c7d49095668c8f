//! Everything for which an archive is refused, each by its own name.

use crate::archive::entry::PathError;
use crate::host::compress::UnpackError;
use crate::host::fs::FsError;
use crate::model::diagnostic::{Diagnostic, FailureKind};

/// Why an archive could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// One entry is not acceptable.
    #[error("entry `{path}` is refused: {problem}")]
    Entry {
        /// Its path, as far as it can be shown.
        path: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// More entries than the limit, counting every directory on the way to one.
    #[error("more than {limit} entries")]
    TooManyEntries {
        /// The limit.
        limit: u64,
    },
    /// The archive as it lies there is larger than the limit.
    #[error("the archive is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The compression is damaged, hides a bomb, or something follows it.
    #[error("the compressed stream is refused")]
    Unpack(#[source] UnpackError),
    /// The tar stream is damaged.
    #[error("the tar stream is damaged at byte {offset}")]
    Tar {
        /// Where, in bytes from the start of the uncompressed stream.
        offset: u64,
        /// What is wrong.
        source: TarDamage,
    },
    /// The tar stream ends without its end marker.
    #[error("the tar stream is cut short: its end marker is missing")]
    Truncated,
    /// Something other than zeros follows the end marker.
    #[error("bytes follow the end of the tar stream")]
    TrailingGarbage,
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] FsError),
}

impl Diagnostic for ArchiveError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

/// What is wrong with a tar stream.
#[derive(Debug, thiserror::Error)]
pub enum TarDamage {
    /// Its parts do not follow each other as they must.
    #[error("{0}")]
    Order(&'static str),
    /// What the reader of its headers says.
    #[error(transparent)]
    Header(std::io::Error),
}

/// Why one entry is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Its path is not a plain relative one.
    #[error(transparent)]
    Path(#[from] PathError),
    /// Another entry has the same path.
    #[error("the path stands there twice")]
    Duplicate,
    /// Something on the way to it is a file or a symbolic link.
    #[error("`{ancestor}` on the way to it is not a directory")]
    NotBelowDirectory {
        /// The file or link.
        ancestor: String,
    },
    /// It is a file or a link, but others stand below it.
    #[error("it is not a directory, but other entries stand below it")]
    HasChildren,
    /// It is a symbolic link that leaves the tree, by itself or through another link.
    #[error("the symbolic link to `{target}` leaves the tree")]
    SymlinkLeaves {
        /// What it says.
        target: String,
    },
    /// It is a symbolic link that leads back to itself.
    #[error("the symbolic link to `{target}` is a loop, or too long a chain")]
    SymlinkLoop {
        /// What it says.
        target: String,
    },
    /// It is a symbolic link to nothing, to no text, or to more than a path can hold.
    #[error("the symbolic link's target is empty, not UTF-8, or too long")]
    SymlinkTarget,
    /// It is a hard link; pack the file itself.
    #[error("a hard link to `{target}`: hard links are not taken, pack the file itself")]
    HardLink {
        /// The other name.
        target: String,
    },
    /// It is a device, a pipe or a socket.
    #[error("{0}: only files, directories and symbolic links are taken")]
    Special(&'static str),
    /// It is of a kind that this reader does not know.
    #[error("its tar type `{0}` is not taken; pack it with a tar in POSIX format")]
    UnknownType(String),
    /// It has the setuid, setgid or sticky bit.
    #[error("mode {0:o} has a setuid, setgid or sticky bit")]
    SpecialBits(u32),
    /// It carries an extended attribute that would be lost.
    #[error("its pax header has `{0}`, which is not taken")]
    PaxKey(String),
    /// Its extended header cannot be read.
    #[error("its pax header is malformed")]
    PaxMalformed,
    /// A directory or link with contents.
    #[error("{0} bytes of contents, where its type has none")]
    Contents(u64),
    /// It changed between being listed and being read.
    #[error("it changed while it was being read")]
    Changed,
}

impl Problem {
    /// The error for the entry at `path`.
    pub(crate) fn at(self, path: impl ToString) -> ArchiveError {
        ArchiveError::Entry { path: path.to_string(), problem: self }
    }
}
