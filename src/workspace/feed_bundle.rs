//! A directory of advisories to a bundle, and a bundle checked.

use std::path::{Path, PathBuf};

use crate::bundle::feed::{self, FeedBundle, FeedSource};
use crate::bundle::listed::BundleError;
use crate::hint;
use crate::host::fs::{self, FsError};
use crate::job::material::pairs;
use crate::job::osv_feed::{self, FeedError};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::limits;
use crate::model::parameter::{Operation, Parameter};
use crate::model::text::redact;

/// Why there is no bundle, or not the right one.
#[derive(Debug, thiserror::Error)]
pub enum FeedBundleError {
    /// The directory is not one of records.
    #[error(transparent)]
    Directory(BundleError),
    /// A record is not OSV, and any other format was not asked for.
    #[error(transparent)]
    Record(#[from] FeedError),
    /// Nothing in it is an OSV record of a package, and any other format was not asked for.
    #[error("`{}` holds no OSV record of a package", .directory.display())]
    NoRecord {
        /// The directory.
        directory: PathBuf,
        /// What is in it.
        source: FeedError,
    },
    /// The bundle cannot be packed.
    #[error("the bundle cannot be packed")]
    Pack(#[source] BundleError),
    /// The bundle cannot be written, or the file to check cannot be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// What should be checked is a directory.
    #[error("`{}` is a directory", .0.display())]
    IsDirectory(PathBuf),
    /// It is whole, and another bundle than its name says.
    #[error("the bundle `{}` is not the one that its name says: its bytes are {digest}", .file.display())]
    OtherName {
        /// The bundle.
        file: PathBuf,
        /// The digest in its name.
        named: Digest,
        /// The digest of its bytes.
        digest: Digest,
    },
    /// The bytes of a bundle are not what its manifest says.
    #[error("the bundle `{}` cannot be used", .file.display())]
    Damaged {
        /// The bundle.
        file: PathBuf,
        /// What is wrong.
        source: BundleError,
    },
}

impl Diagnostic for FeedBundleError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Directory(_) | Self::Record(_) | Self::NoRecord { .. } | Self::IsDirectory(_) => FailureKind::Usage,
            Self::Pack(_) => FailureKind::Infrastructure,
            Self::File(error) => error.kind(),
            Self::Damaged { .. } | Self::OtherName { .. } => FailureKind::Verification,
        }
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::Directory(_) => "a feed is a directory of plain files, OSV records in JSON".into(),
            Self::Record(_) => {
                hint!("mend or remove the record, or pack it as it is with {}", Parameter::AnyFormat)
            }
            Self::NoRecord { .. } => {
                hint!("a feed holds OSV records; other formats need {}", Parameter::AnyFormat)
            }
            Self::IsDirectory(_) => hint!("{} makes a bundle of it", Operation::FeedBuild.of("DIR")),
            Self::OtherName { .. } => {
                "a bundle is named by its digest: give it that name, or fetch the one that was meant".into()
            }
            Self::Damaged { .. } => "do not use this bundle: fetch it again by its digest".into(),
            Self::Pack(_) | Self::File(_) => return None,
        })
    }
}

/// A bundle that was written.
#[derive(Debug)]
pub struct Written {
    /// Its file, named by its digest.
    pub file: PathBuf,
    /// The digest of the file.
    pub archive: Digest,
    /// What it holds.
    pub bundle: FeedBundle,
}

/// Packs a directory of records into `out_dir`. Without `any_format` every record must be OSV, and there must be one.
///
/// # Errors
/// See [`FeedBundleError`].
pub fn build(
    directory: &Path,
    sources: Vec<FeedSource>,
    any_format: bool,
    out_dir: &Path,
) -> Result<Written, FeedBundleError> {
    fs::check_output_dir(out_dir)?;
    let bundle = feed::build(directory, sources).map_err(FeedBundleError::Directory)?;
    if !any_format {
        osv_feed::read(pairs(bundle.records())).map_err(|error| match error {
            FeedError::Nothing { .. } | FeedError::NoPackage { .. } => {
                FeedBundleError::NoRecord { directory: directory.to_owned(), source: error }
            }
            error => error.into(),
        })?;
    }
    let packed = bundle.pack().map_err(FeedBundleError::Pack)?;
    fs::ensure_dir(out_dir)?;
    let file = out_dir.join(packed.file_name());
    fs::write_atomic(&file, &packed.bytes)?;
    Ok(Written { file, archive: packed.digests.archive, bundle })
}

/// Checks every record of a bundle against its manifest, and its name where that is a digest; the digest is that of the file.
///
/// # Errors
/// See [`FeedBundleError`].
pub fn verify(file: &Path) -> Result<(Digest, FeedBundle), FeedBundleError> {
    if fs::is_dir(file) {
        return Err(FeedBundleError::IsDirectory(file.to_owned()));
    }
    let bytes = fs::read(file, limits::MAX_BUNDLE_BYTES)?;
    let bundle = feed::verify(&bytes).map_err(|source| FeedBundleError::Damaged { file: file.to_owned(), source })?;
    let digest = Digest::of(&bytes);
    match named_digest(file) {
        Some(named) if named != digest => Err(FeedBundleError::OtherName { file: file.to_owned(), named, digest }),
        _ => Ok((digest, bundle)),
    }
}

/// The digest that a bundle is called by, where its name is one.
fn named_digest(file: &Path) -> Option<Digest> {
    let name = file.file_name()?.to_str()?;
    format!("sha256:{}", name.split('.').next()?).parse().ok()
}

/// `https://host/repo@commit`; an `@` before the last `/` is part of the URL. The user part of a URL is taken out.
pub fn source(text: &str) -> FeedSource {
    let (url, commit) = match text.rsplit_once('@') {
        Some((url, commit)) if !commit.contains('/') && !commit.is_empty() => (url, Some(commit.to_owned())),
        _ => (text, None),
    };
    FeedSource { url: redact::text(url), commit, etag: None, licence: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_digest_only_where_it_is_one_as_a_whole() {
        let hex = "a".repeat(64);
        for (name, is_one) in
            [(format!("b/{hex}.tar.zst"), true), (hex.clone(), true), ("osv.tar.zst".to_owned(), false)]
        {
            assert_eq!(named_digest(Path::new(&name)).is_some(), is_one, "{name}");
        }
        assert_eq!(named_digest(Path::new(&format!("osv-{hex}.tar.zst"))), None);
    }

    #[test]
    fn a_commit_stands_after_the_last_at_sign_of_a_url() {
        let parts = |text: &str| (source(text).url, source(text).commit);
        assert_eq!(parts("https://a.example/b@c0ffee"), ("https://a.example/b".to_owned(), Some("c0ffee".to_owned())));
        assert_eq!(parts("ssh://git@a.example/b").1, None);
        assert_eq!(parts("https://a.example/b@").1, None);
    }
}
