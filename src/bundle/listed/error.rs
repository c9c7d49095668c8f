//! Why something is not a bundle.

use crate::archive::{ArchiveError, EntryPath, PathError};
use crate::bundle::listed::kind::Kind;
use crate::host::fs::FsError;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::digest::Digest;

/// Why something is not a bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The archive is refused, or the directory cannot be one.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A file could not be read.
    #[error(transparent)]
    Io(#[from] FsError),
    /// A file that is not an archive, such as a single record.
    #[error("it is not a {kind} bundle, which is a `.tar.zst` archive; give the folder in which it lies")]
    NotAnArchive {
        /// [`Kind::NAME`].
        kind: &'static str,
    },
    /// The name of the archive is a digest, but not its own.
    #[error("`{name}` should be the archive {expected}, but is {found}")]
    Name {
        /// The file name.
        name: String,
        /// The digest in its name.
        expected: Digest,
        /// The digest of its bytes.
        found: Digest,
    },
    /// The manifest is missing.
    #[error("the {kind} bundle has no `{manifest}`")]
    NoManifest {
        /// [`Kind::NAME`].
        kind: &'static str,
        /// [`Kind::MANIFEST`].
        manifest: &'static str,
    },
    /// The manifest cannot be read.
    #[error("`{manifest}` is malformed at `{field}`")]
    Manifest {
        /// [`Kind::MANIFEST`].
        manifest: &'static str,
        /// The path of the field.
        field: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The manifest is of another schema.
    #[error("`{manifest}` has the schema `{found}`: expected `{expected}`")]
    Schema {
        /// [`Kind::MANIFEST`].
        manifest: &'static str,
        /// [`Kind::SCHEMA`].
        expected: &'static str,
        /// What it says.
        found: String,
    },
    /// The manifest's list is not sorted, or names a path twice.
    #[error("`{manifest}` lists `{path}` twice or out of order")]
    Order {
        /// [`Kind::MANIFEST`].
        manifest: &'static str,
        /// The path.
        path: String,
    },
    /// A link, or something outside the root.
    #[error("`{path}` has no place in a {kind} bundle: only plain files below `{root}/` have")]
    Foreign {
        /// [`Kind::NAME`].
        kind: &'static str,
        /// [`Kind::ROOT`].
        root: &'static str,
        /// The entry.
        path: String,
    },
    /// A path that gets too long in the archive.
    #[error("`{path}` cannot be in a bundle")]
    Path {
        /// The path.
        path: String,
        /// Why not.
        source: PathError,
    },
    /// A record is listed but not there.
    #[error("`{path}` is listed but missing")]
    Missing {
        /// Its path in the archive.
        path: String,
    },
    /// A record is there but not listed.
    #[error("`{path}` is not listed")]
    Unlisted {
        /// Its path in the archive.
        path: String,
    },
    /// A record is not the one that is listed.
    #[error(
        "`{path}` is not the listed file: expected {expected} ({expected_size} bytes), found {found} ({found_size} bytes)"
    )]
    Digest {
        /// Its path in the archive.
        path: String,
        /// The listed digest.
        expected: Digest,
        /// The listed length.
        expected_size: u64,
        /// The digest of its bytes.
        found: Digest,
        /// Their number.
        found_size: u64,
    },
}

impl Diagnostic for BundleError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

pub(crate) fn malformed<K: Kind>(field: &str) -> impl FnOnce(serde_json::Error) -> BundleError {
    let field = field.to_owned();
    move |source| BundleError::Manifest { manifest: K::MANIFEST, field, source }
}

pub(crate) fn foreign<K: Kind>(path: &EntryPath) -> BundleError {
    BundleError::Foreign { kind: K::NAME, root: K::ROOT, path: path.to_string() }
}
