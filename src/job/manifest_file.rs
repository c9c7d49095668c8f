//! Manifests on disk: read with the path in every error, written whole, digested over their canonical JSON.

use std::path::{Path, PathBuf};

use crate::canonical::{JsonError, Limits, jcs};
use crate::hint;
use crate::host::fs::{self, FsError};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::limits;
use crate::model::manifest::{self, MANIFEST_VERSION, ManifestError, ScanManifest, Seal};
use crate::model::parameter::Operation;

/// Why a manifest's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestFileError {
    /// The file cannot be read.
    #[error("cannot read the manifest")]
    Read(#[source] FsError),
    /// Its content is not a manifest.
    #[error("{} is not a ScanManifest", .file.display())]
    Manifest {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: ManifestError,
    },
    /// Its content is not JSON that has canonical bytes (a key twice, a number beyond 2^53).
    #[error("{} has no canonical form", .file.display())]
    Canonical {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: JsonError,
    },
}

impl Diagnostic for ManifestFileError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Read(_) => None,
            Self::Manifest { .. } | Self::Canonical { .. } => Some(hint!(
                "{} checks a manifest; docs/schema/scan-manifest-v1.json is its schema",
                Operation::ManifestValidate.of("FILE")
            )),
        }
    }
}

/// Why a manifest cannot be written or digested. No manifest that was read or made causes it.
#[derive(Debug, thiserror::Error)]
pub enum ManifestBytesError {
    /// The serialiser refuses it.
    #[error("the manifest cannot be written")]
    Write(#[from] serde_json::Error),
    /// It has no canonical form.
    #[error("the manifest has no digest")]
    Digest(#[from] JsonError),
}

impl Diagnostic for ManifestBytesError {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }
}

/// Reads a manifest.
///
/// # Errors
/// When the file cannot be read, or is not a manifest of a version that is known.
pub fn read(file: &Path) -> Result<ScanManifest, ManifestFileError> {
    let bytes = fs::read(file, limits::MAX_DOCUMENT_BYTES).map_err(ManifestFileError::Read)?;
    let manifest =
        manifest::from_json(&bytes).map_err(|source| ManifestFileError::Manifest { file: file.to_owned(), source })?;
    jcs::canonicalize(&bytes, &Limits::default())
        .map_err(|source| ManifestFileError::Canonical { file: file.to_owned(), source })?;
    Ok(manifest)
}

/// The bytes of a manifest as it is written: indented, for people, with a final newline.
///
/// # Errors
/// Where the serialiser refuses it.
pub fn to_bytes(manifest: &ScanManifest) -> Result<Vec<u8>, ManifestBytesError> {
    let mut bytes = serde_json::to_vec_pretty(manifest)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The manifest's own digest: SHA-256 of its canonical JSON.
///
/// # Errors
/// When the bytes are not JSON that has a canonical form.
pub fn digest(manifest: &ScanManifest) -> Result<Digest, ManifestBytesError> {
    let bytes = serde_json::to_vec(manifest).unwrap_or_default();
    Ok(Digest::of(&jcs::canonicalize(&bytes, &Limits::default())?))
}

/// What the `seal` of a manifest must be: the digest of everything else in it, fields of later versions too.
///
/// # Errors
/// When the bytes are not JSON that has a canonical form.
pub fn seal(manifest: &ScanManifest) -> Result<Digest, ManifestBytesError> {
    digest(&ScanManifest { seal: None, ..manifest.clone() })
}

/// Brings a manifest of any readable version to the one that this program writes.
///
/// 1.x only ever adds fields, so nothing is changed but the version; a later minor version is kept as it is, for its
/// fields are kept too.
pub fn migrate(mut manifest: ScanManifest) -> ScanManifest {
    let minor = |version: &str| version.split('.').nth(1).and_then(|m| m.parse::<u64>().ok());
    if minor(&manifest.manifest_version) < minor(MANIFEST_VERSION) {
        let was_whole = manifest.seal.is_some() && seal(&manifest).ok().map(Seal::from) == manifest.seal;
        MANIFEST_VERSION.clone_into(&mut manifest.manifest_version);
        // One that did not fit before must not fit afterwards.
        if was_whole {
            manifest.seal = seal(&manifest).ok().map(Seal::from);
        }
    }
    manifest
}
