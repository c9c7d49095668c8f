//! Everything for which a layer is refused, each by its own name.

use std::io;

use crate::archive::{PathError, TarDamage};
use crate::host::compress::UnpackError;
use crate::host::fs::FsError;
use crate::model::digest::Digest;
use crate::model::limits::MAX_IMAGE_PATH_BYTES;
use crate::oci::BlobProblem;

/// Why a layer is refused.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// One entry is not acceptable.
    #[error("entry `{path}` is refused: {problem}")]
    Entry {
        /// Its path, as far as it can be shown.
        path: String,
        /// What is wrong with it.
        problem: LayerProblem,
    },
    /// More entries than the limit for the whole image.
    #[error("the image's layers have more than {limit} entries")]
    TooManyEntries {
        /// The limit.
        limit: u64,
    },
    /// It unpacks to more than the limits allow.
    #[error("the tar stream is refused")]
    TooMuch(#[source] UnpackError),
    /// The compression is damaged.
    #[error("it is not a whole {encoding} stream")]
    Damaged {
        /// `gzip` or `zstd`
        encoding: &'static str,
        /// What the decoder said.
        source: io::Error,
    },
    /// The blob below it is not what it is called.
    #[error("its blob {0}")]
    Blob(BlobProblem),
    /// The tar stream is damaged.
    #[error("the tar stream is damaged at byte {offset}")]
    Tar {
        /// Where, in bytes from the start of the uncompressed stream.
        offset: u64,
        /// What is wrong.
        source: TarDamage,
    },
    /// Something other than zeros follows the end marker.
    #[error("bytes follow the end of the tar stream")]
    TrailingGarbage,
    /// The tar stream is another than the image's configuration says.
    #[error("its tar stream has digest {found}, the image's configuration says {expected}")]
    DiffId {
        /// What the configuration says.
        expected: Digest,
        /// What there is.
        found: Digest,
    },
    /// A file could not be written.
    #[error(transparent)]
    Io(#[from] FsError),
}

/// Why one entry of a layer is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayerProblem {
    /// Its path has `..`, is too long, or cannot be a path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// Where it would stand, its links resolved, the path is too long.
    #[error("where it leads, the path is longer than {MAX_IMAGE_PATH_BYTES} bytes")]
    PathTooLong,
    /// The same layer has a file or link at this place already.
    #[error("the layer has this path twice, or reaches it on two ways")]
    Duplicate,
    /// The same layer has a file on the way to it.
    #[error("`{ancestor}` on the way to it is not a directory in the same layer")]
    NotBelowDirectory {
        /// The file.
        ancestor: String,
    },
    /// The same layer has entries below it, and it is not a directory.
    #[error("it is not a directory, but the same layer has entries below it")]
    HasChildren,
    /// A link on the way to it climbs above the root.
    #[error("the symbolic link to `{target}` on the way to it leaves the root filesystem")]
    LinkLeaves {
        /// What the link says.
        target: String,
    },
    /// Links on the way to it are a loop, or too many.
    #[error("the symbolic links on the way to it are a loop, or too long a chain")]
    LinkLoop,
    /// It is a symbolic link to nothing, or to more than a path can hold.
    #[error("the symbolic link's target is empty, has a NUL byte, or is too long")]
    SymlinkTarget,
    /// A hard link to something that is not a file here.
    #[error("the hard link leads to `{target}`, where there is not a file in this image")]
    HardLinkTarget {
        /// The other name.
        target: String,
    },
    /// A whiteout that names no file.
    #[error("the whiteout names no file")]
    Whiteout,
    /// Whiteouts that make too much work.
    #[error("the layer's whiteouts make too much work")]
    TooManyWhiteouts,
    /// It is of a kind that this reader does not know.
    #[error("its tar type `{0}` is not taken")]
    UnknownType(String),
    /// Its extended header changes what its contents are.
    #[error("its extended header has `{0}`, which would change what its contents are")]
    PaxKey(String),
    /// Its extended header cannot be read.
    #[error("its extended header is malformed")]
    PaxMalformed,
    /// A directory or link with contents.
    #[error("{0} bytes of contents, where its type has none")]
    Contents(u64),
    /// Its header has a number that is none.
    #[error("its {0} cannot be read")]
    Field(&'static str),
}

impl LayerProblem {
    /// The error for the entry at `path`.
    pub(crate) fn at(self, path: &[u8]) -> LayerError {
        LayerError::Entry { path: String::from_utf8_lossy(path).into_owned(), problem: self }
    }
}
