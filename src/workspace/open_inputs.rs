//! Feeds, policies and scanners from where a user keeps them: a directory, or a bundle.

use std::path::{Path, PathBuf};

use crate::archive::tree::Tree;
use crate::bundle::{feed, policy};
use crate::host::fs::{self, FsError};
use crate::job::material::{FeedMaterial, MaterialError, PolicyMaterial, ScannerMaterial};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::limits;
use crate::policy::PolicyError;
use crate::workspace::context::Context;

/// Why a feed, policy or scanner cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// Its bytes are not what they must be.
    #[error(transparent)]
    Material(#[from] MaterialError),
    /// Its rules do not load.
    #[error("the policy `{}` does not load", .path.display())]
    Policy {
        /// Where it lies.
        path: PathBuf,
        /// Why.
        source: PolicyError,
    },
}

impl Diagnostic for TreeError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Material(error) => error.kind(),
            Self::Policy { .. } => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Material(error) => error.hint(),
            Self::Policy { .. } => None,
        }
    }
}

/// The bytes of a bundle's file; `None` for a directory.
fn archive(what: &'static str, path: &Path) -> Result<Option<Vec<u8>>, MaterialError> {
    if fs::is_dir(path) {
        return Ok(None);
    }
    fs::read(path, limits::MAX_BUNDLE_BYTES).map(Some).map_err(|source| MaterialError::Read { what, source })
}

/// A feed from a directory of records or a bundle.
///
/// # Errors
/// When it cannot be read, or is not a feed.
pub fn feed(name: &str, path: &Path, context: &Context) -> Result<FeedMaterial, MaterialError> {
    // A zip archive is records as databases publish them, and no bundle of ours.
    let published = path.extension().is_some_and(|extension| extension == "zip");
    let archive = if published { None } else { archive("feed", path)? };
    let bundle = match &archive {
        Some(bytes) => feed::verify(bytes),
        None => feed::open(path),
    };
    let bundle = bundle.map_err(|source| MaterialError::Bundle { what: "feed", path: path.to_owned(), source })?;
    Ok(context.feed(name, bundle, archive))
}

/// A policy from a directory of rules or a bundle.
///
/// # Errors
/// When it cannot be read.
pub fn policy(path: &Path, context: &Context) -> Result<PolicyMaterial, TreeError> {
    let archive = archive("policy", path)?;
    let bundle = match &archive {
        Some(bytes) => policy::verify(bytes),
        None => policy::open(path),
    };
    let bundle = bundle.map_err(|source| MaterialError::Bundle { what: "policy", path: path.to_owned(), source })?;
    context.policy(bundle, archive).map_err(|source| TreeError::Policy { path: path.to_owned(), source })
}

/// A scanner: an executable file, or a directory with everything it needs.
///
/// # Errors
/// When it cannot be read, or is not executable.
pub fn scanner(path: &Path) -> Result<ScannerMaterial, MaterialError> {
    if fs::is_dir(path) {
        let tree = Tree::read_directory(path, |_| true).map_err(|source| MaterialError::Archive {
            what: "scanner",
            path: path.to_owned(),
            source,
        })?;
        return Ok(ScannerMaterial::Tree(tree));
    }
    executable(path).map_err(|source| MaterialError::Read { what: "scanner", source })
}

/// An executable file with its digest.
///
/// # Errors
/// When it cannot be read.
pub fn executable(path: &Path) -> Result<ScannerMaterial, FsError> {
    let digest = fs::digest(path, limits::MAX_BLOB_BYTES)?;
    let name = path.file_name().map_or_else(|| "scanner".to_owned(), |name| name.to_string_lossy().into_owned());
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Ok(ScannerMaterial::Binary { name, path, digest })
}

/// Looks a program up as a shell does: a name with `/` is a path, any other is searched in `search`.
pub fn look_up(program: &str, search: Option<&std::ffi::OsStr>) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| path.is_file());
    }
    std::env::split_paths(search?).map(|directory| directory.join(program)).find(|path| path.is_file())
}
