//! Why there is no closure.

use std::io;
use std::path::PathBuf;

use crate::hint;
use crate::host::fs::FsError;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::parameter::Parameter;
use crate::model::text::path_bytes;
use crate::store::blob::StoreError;

/// What is wrong with an entry of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Relative, with `..`, too long.
    #[error("it is not a plain path from the root on")]
    Path,
    /// Every sandbox has a place of its own there.
    #[error("every sandbox has its own there")]
    Reserved,
    /// What stands above it is not a folder of the listing.
    #[error("it does not lie in a folder of the closure")]
    NotInFolder,
    /// It would lend the rights of its owner.
    #[error("its mode has more than permissions")]
    Mode,
    /// No instant.
    #[error("its time is not an instant")]
    Time,
    /// Empty, or it leads above the root.
    #[error("it is a link that leads out of the closure, or nowhere")]
    Link,
}

/// Why bytes are not the listing of a closure.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// A line is not what it must be.
    #[error("line {line} of the listing")]
    Json {
        /// Its number, from 1 on.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// Another version.
    #[error("its schema is `{found}`: this program reads `stella.closure/1`")]
    Version {
        /// The one found.
        found: String,
    },
    /// An entry that no recording writes.
    #[error("`{path}` of the listing: {problem}")]
    Entry {
        /// Its path.
        path: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// More than is read.
    #[error("it has more than {limit} entries")]
    TooMany {
        /// The limit.
        limit: u64,
    },
    /// Not the form in which a recording writes it.
    #[error("it is not in the one form of a listing: an entry is there twice, in another place, or spelt otherwise")]
    Form,
}

impl ListingError {
    pub(crate) fn entry(path: &[u8], problem: Problem) -> Self {
        Self::Entry { path: path_bytes::to_text(path), problem }
    }
}

/// Why a run has no closure.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// More paths than were noted.
    #[error("the command looked up more paths than a closure is made of")]
    TooManyPaths,
    /// A file changed while it was kept, or while the command ran.
    #[error("`{path}` changed while it was recorded: record again when nothing writes it")]
    Changed {
        /// Its path.
        path: String,
    },
    /// More than the limit.
    #[error("the command read {bytes} bytes, and its closure may hold {limit}; the largest: {}", largest.join(", "))]
    TooLarge {
        /// How many bytes.
        bytes: u64,
        /// How many it may be.
        limit: u64,
        /// The largest files, with their sizes.
        largest: Vec<String>,
    },
    /// Files that look like credentials.
    #[error("the command read what looks like credentials: {}", quoted(.0))]
    Credentials(Vec<String>),
    /// Files of a home that are not of a scanner.
    #[error("the command read files of a home: {}", quoted(.0))]
    OfAHome(Vec<String>),
    /// A file cannot be read.
    #[error("cannot keep `{path}`")]
    Read {
        /// Its path.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Something that no listing can hold.
    #[error("what the command read cannot be listed")]
    Listing(#[from] ListingError),
    /// The store failed.
    #[error("cannot keep what the command read")]
    Store(#[from] StoreError),
}

impl Diagnostic for CaptureError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::TooManyPaths | Self::TooLarge { .. } | Self::Credentials(_) | Self::OfAHome(_) => FailureKind::Usage,
            Self::Changed { .. } | Self::Read { .. } | Self::Listing(_) | Self::Store(_) => FailureKind::Infrastructure,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::TooLarge { bytes, .. } => {
                let mebibytes = (bytes >> 20).saturating_add(1).to_string();
                Some(hint!("where all of it is needed, allow it with {}", Parameter::ClosureLimit.to(mebibytes)))
            }
            Self::Credentials(paths) => {
                let first = paths.first().map_or("PATH", String::as_str);
                Some(hint!(
                    "a closure would hold them: keep them from the command, or admit each with {}",
                    Parameter::CaptureSecrets.to(first)
                ))
            }
            Self::OfAHome(paths) => {
                let first = paths.first().map_or("PATH", String::as_str);
                Some(hint!(
                    "a closure would hold them: keep them from the command, or admit a file or a folder with {}",
                    Parameter::Capture.to(first)
                ))
            }
            _ => None,
        }
    }
}

/// As many as a message holds.
fn quoted(paths: &[String]) -> String {
    const NAMED: usize = 10;
    let more = paths.len().saturating_sub(NAMED);
    let named = paths.iter().take(NAMED).map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{named} and {more} more") } else { named }
}

/// Why a closure cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// Contents that no store has: each with its path.
    #[error("not to be had: {}", .0.join(", "))]
    Gone(Vec<String>),
    /// A content that is not what its digest says.
    #[error("the content {digest} of `{path}`")]
    Damaged {
        /// The path of the file.
        path: String,
        /// The digest in the listing.
        digest: Digest,
        /// What is wrong with it.
        source: StoreError,
    },
    /// A content of another length than the listing says.
    #[error("the content of `{path}` has {found} bytes, and the listing says {expected}")]
    Size {
        /// The path of the file.
        path: String,
        /// What the listing says.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// A store that cannot be read.
    #[error("cannot read the content of `{path}`")]
    Store {
        /// The path of the file.
        path: String,
        /// Why.
        source: StoreError,
    },
    /// The folder cannot be written.
    #[error("cannot unpack the closure")]
    Io(#[from] FsError),
    /// A file in it cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Its path on the machine.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
