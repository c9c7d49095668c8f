//! Which logs are trusted.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::attest::trusted_root::{self, TrustedRoot, TrustedRootError};
use crate::cli::error::CliError;
use crate::host::fs;
use crate::model::diagnostic::{Diagnostic, FailureKind};

/// Which logs are trusted.
#[derive(Debug, Args)]
pub struct TrustArgs {
    /// The logs and authorities that are trusted, as a trusted_root.json of Sigstore names them [default: those of Sigstore's public instance]
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
}

/// A trusted root cannot be used, and where it is.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the trusted root `{}`", .0.display())]
struct Unusable(PathBuf, #[source] TrustedRootError);

impl Diagnostic for Unusable {
    fn kind(&self) -> FailureKind {
        self.1.kind()
    }
}

impl TrustArgs {
    /// The file that is read.
    pub fn file(&self) -> Option<&Path> {
        self.trusted_root.as_deref()
    }

    /// The same, with that of the staging instance where it is asked for.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn root_of(&self, is_staging: bool) -> Result<TrustedRoot, CliError> {
        if is_staging && self.trusted_root.is_none() { Ok(TrustedRoot::staging()?) } else { self.root() }
    }

    /// The root that is named, in the place of the one of this release.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn root(&self) -> Result<TrustedRoot, CliError> {
        match &self.trusted_root {
            None => Ok(TrustedRoot::public_good()?),
            Some(path) => named(path),
        }
    }
}

/// The root in a file.
///
/// # Errors
/// When it cannot be used.
pub fn named(path: &Path) -> Result<TrustedRoot, CliError> {
    let bytes = fs::read(path, trusted_root::MOST_BYTES)?;
    Ok(TrustedRoot::read(&bytes).map_err(|source| Unusable(path.to_owned(), source))?)
}
