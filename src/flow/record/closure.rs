//! The closure of a recorded run: what it read of the machine, taken into the store.

use std::path::{Path, PathBuf};

use crate::closure::capture::{self, Admitted, Captured, View, Wanted};
use crate::closure::entry::Modified;
use crate::closure::error::{CaptureError, ListingError, UnpackError};
use crate::closure::listing::Listing;
use crate::closure::unpack;
use crate::hint;
use crate::host::scratch::Scratch;
use crate::job::in_place;
use crate::job::manifest_file::{self, ManifestFileError};
use crate::job::material::ScannerMaterial;
use crate::job::placeholder::Placeholders;
use crate::job::scan_spec::ScanSpec;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::{Digest, DigestRef};
use crate::model::parameter::Parameter;
use crate::sandbox::look_ups::LookUps;
use crate::store::blob::StoreError;
use crate::workspace::context::Context;

/// Why a run that was recorded has no closure.
#[derive(Debug, thiserror::Error)]
pub enum ClosureError {
    /// It cannot be kept.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The scanner's folder cannot be laid out.
    #[error("cannot lay out the scanner")]
    Scanner(#[source] std::io::Error),
}

/// How a closure is kept.
#[derive(Debug, Clone, Default)]
pub struct Keeping {
    /// The most bytes that its files may have.
    pub limit: u64,
    /// What of somebody's own it may hold.
    pub admitted: Admitted,
    /// The home of whoever records.
    pub home: Option<PathBuf>,
}

/// Keeps what a run of `job` looked up that began at `began`.
///
/// # Errors
/// See [`ClosureError`].
pub fn keep(
    job: &ScanSpec,
    look_ups: &LookUps,
    began: Modified,
    keeping: &Keeping,
    context: &Context,
) -> Result<Captured, ClosureError> {
    let scanner = Placeholders::of(job).scanner().to_owned();
    // As it was laid out for the run, whose folders are gone.
    let laid_out = match &job.scanner {
        ScannerMaterial::Tree(tree) => {
            let scratch = Scratch::new().map_err(ClosureError::Scanner)?;
            let restored = tree.restore(&scratch.path().join("scanner"));
            restored.map_err(|error| ClosureError::Scanner(std::io::Error::other(error)))?;
            Some(scratch)
        }
        _ => None,
    };
    let folder = laid_out.as_ref().map(|scratch| scratch.path().join("scanner"));
    let host: Option<&Path> = match &job.scanner {
        ScannerMaterial::Binary { path, .. } if !in_place::runs_in_place(path, &job.roots) => Some(path),
        _ => folder.as_deref(),
    };
    let view = View::new(&job.roots, host.map(|host| (scanner.as_str(), host)));
    let Keeping { limit, admitted, home } = keeping.clone();
    // One that is a folder of the system's is that of a service.
    let homes = home.into_iter().filter(|home| home.parent().is_some()).collect();
    let wanted = Wanted {
        look_ups,
        view,
        scanner: scanner.clone(),
        began,
        laid_out: laid_out.is_some(),
        limit,
        homes,
        admitted,
    };
    Ok(capture::capture(&wanted, &context.local)?)
}

/// The closure of a recording, from the stores.
#[derive(Debug, Clone)]
pub struct ClosureOf {
    /// The digest of its listing.
    pub digest: Digest,
    /// What it holds.
    pub listing: Listing,
}

/// Why the closure of a recording cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum NoClosure {
    /// The manifest cannot be read.
    #[error(transparent)]
    Manifest(#[from] ManifestFileError),
    /// It has none.
    #[error("`{}` has no closure", .0.display())]
    None(PathBuf),
    /// The listing is in no store.
    #[error("the listing of the closure is not to be had")]
    Store(#[from] StoreError),
    /// What the manifest names is not a listing.
    #[error("{digest} is not the listing of a closure")]
    Listing {
        /// What the manifest names.
        digest: Digest,
        /// Why.
        source: ListingError,
    },
    /// It cannot be written out.
    #[error("the closure cannot be written out")]
    Unpack(#[from] UnpackError),
}

impl Diagnostic for NoClosure {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Manifest(error) => error.kind(),
            Self::None(_) => FailureKind::Usage,
            Self::Store(_) | Self::Unpack(_) => FailureKind::Infrastructure,
            Self::Listing { .. } => FailureKind::Verification,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Manifest(error) => error.hint(),
            Self::None(_) => Some(hint!("record it again with {}", Parameter::Closure)),
            Self::Store(_) | Self::Unpack(_) | Self::Listing { .. } => None,
        }
    }
}

/// The closure of the recording whose manifest is `file`.
///
/// # Errors
/// See [`NoClosure`].
pub fn of_recording(file: &Path, context: &Context) -> Result<ClosureOf, NoClosure> {
    let manifest = manifest_file::read(file)?;
    let digest = manifest.scanner.closure_digest.as_ref().and_then(DigestRef::resolved);
    let digest = digest.ok_or_else(|| NoClosure::None(file.to_owned()))?;
    let listing = Listing::parse(&context.blobs.require(&digest)?.bytes);
    Ok(ClosureOf { digest, listing: listing.map_err(|source| NoClosure::Listing { digest, source })? })
}

impl ClosureOf {
    /// Writes its files to the new folder `to`.
    ///
    /// # Errors
    /// Where a content is gone or damaged, the folder is there or cannot be written.
    pub fn export(&self, to: &Path, context: &Context) -> Result<(), NoClosure> {
        Ok(unpack::export(&self.listing, &context.blobs, to)?)
    }
}
