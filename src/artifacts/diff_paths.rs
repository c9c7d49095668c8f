//! Two files or two directories of artifacts, compared without a recording.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::artifacts::compare_artifacts::{self, Comparison, ComparisonError, Rules, Scope};
use crate::artifacts::large_inventories;
use crate::artifacts::read_artifact::{KnownArtifacts, ReadArtifact, UnreadableArtifact};
use crate::canonical::Roots;
use crate::config::Config;
use crate::format::detect::by_name;
use crate::host::fs::{self, FsError, Kind};
use crate::job::artifact::{Artifact, usual_profile, usual_type};
use crate::model::artifact::ArtifactType;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::limits;
use crate::policy::{Policy, PolicyError};

/// Why two paths cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum DiffPathsError {
    /// A path cannot be read.
    #[error("cannot read what should be compared")]
    Read(#[from] FsError),
    /// One of them is not there.
    #[error("there is no `{}`", .0.display())]
    Missing(PathBuf),
    /// A file against a directory.
    #[error("`{}` is a directory and `{}` is a file", .directory.display(), .file.display())]
    Mixed {
        /// The directory.
        directory: PathBuf,
        /// The file.
        file: PathBuf,
    },
    /// A directory without a file.
    #[error("`{}` holds no file", .0.display())]
    Empty(PathBuf),
    /// A file is not what its format says.
    #[error("`{}` cannot be compared", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: UnreadableArtifact,
    },
    /// The default policy does not load.
    #[error("the default policy does not load")]
    Policy(#[from] PolicyError),
    /// The files cannot be compared.
    #[error(transparent)]
    Comparison(#[from] ComparisonError),
}

impl Diagnostic for DiffPathsError {
    fn kind(&self) -> FailureKind {
        match self {
            // The files are read by then: what fails now is ours.
            Self::Comparison(ComparisonError::Policy(_) | ComparisonError::Order(_)) | Self::Policy(_) => {
                FailureKind::Infrastructure
            }
            Self::Read(_)
            | Self::Missing(_)
            | Self::Mixed { .. }
            | Self::Empty(_)
            | Self::Unreadable { .. }
            | Self::Comparison(ComparisonError::Expected { .. } | ComparisonError::Actual { .. }) => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Comparison(_) | Self::Policy(_) | Self::Unreadable { .. } => None,
            Self::Read(_) | Self::Missing(_) | Self::Mixed { .. } | Self::Empty(_) => {
                Some("give two files, or two directories of artifacts".into())
            }
        }
    }
}

/// Compares `a` with `b`.
pub fn compare(a: &Path, b: &Path, config: &Config) -> Result<Comparison, DiffPathsError> {
    if let Some(missing) = [a, b].into_iter().find(|path| fs::is_missing(path)) {
        return Err(DiffPathsError::Missing(missing.to_owned()));
    }
    let policy = Policy::builtin_default()?;
    // The default policy looks at the clock only for its allow-list, which is empty.
    // Where the inputs of two files lay is not known.
    let roots = Roots::default();
    let rules = Rules {
        config,
        scope: Scope::All,
        policy: &policy,
        now: Timestamp::UNIX_EPOCH,
        expected_roots: &roots,
        actual_roots: &roots,
        across_builds: false,
    };
    if let Some(sides) = large_inventories::read(a, b, config) {
        return Ok(compare_artifacts::compare_inventories(sides, &rules)?);
    }
    let (before, after) = match (fs::is_dir(a), fs::is_dir(b)) {
        (true, true) => (directory(a, config)?, directory(b, config)?),
        // Two files are one artifact, whatever they are called.
        (false, false) => {
            let one = |path| {
                let bytes = fs::read(path, limits::MAX_DOCUMENT_BYTES)?;
                artifact("artifact".to_owned(), path, bytes, config).map(|artifact| vec![artifact])
            };
            (one(a)?, one(b)?)
        }
        (true, false) => return Err(DiffPathsError::Mixed { directory: a.to_owned(), file: b.to_owned() }),
        (false, true) => return Err(DiffPathsError::Mixed { directory: b.to_owned(), file: a.to_owned() }),
    };
    let nothing = KnownArtifacts::default();
    compare_artifacts::compare(&before, &nothing, &after, &rules).map_err(|error| match error {
        ComparisonError::Expected { name, source } => DiffPathsError::Unreadable { path: place(a, &name), source },
        ComparisonError::Actual { name, source } => DiffPathsError::Unreadable { path: place(b, &name), source },
        error => error.into(),
    })
}

/// Where the artifact `name` of `side` is.
fn place(side: &Path, name: &str) -> PathBuf {
    if fs::is_dir(side) { side.join(name) } else { side.to_owned() }
}

fn directory(root: &Path, config: &Config) -> Result<Vec<Artifact>, DiffPathsError> {
    let items = fs::walk(root, limits::MAX_BUNDLE_ENTRIES)?;
    let hidden = |path: &Path| path.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."));
    let files = items.into_iter().filter(|item| item.kind != Kind::Directory && !hidden(&item.relative));
    let artifacts = files.map(|item| {
        let path = root.join(&item.relative);
        // What is passed by in silence would be no difference; opening a pipe would block for ever.
        if item.kind == Kind::Special {
            return Err(FsError::NotAFile { path }.into());
        }
        let bytes = fs::read_inside(root, &path, limits::MAX_DOCUMENT_BYTES)?;
        artifact(item.relative.to_string_lossy().into_owned(), &path, bytes, config)
    });
    let artifacts = artifacts.collect::<Result<Vec<_>, _>>()?;
    if artifacts.is_empty() { Err(DiffPathsError::Empty(root.to_owned())) } else { Ok(artifacts) }
}

fn artifact(name: String, path: &Path, bytes: Vec<u8>, config: &Config) -> Result<Artifact, DiffPathsError> {
    let format = by_name::recognise(&name, &bytes);
    // What a file of unknown format is for is not known either: it must not pass for mere evidence.
    let artifact_type =
        if format.has_meaning() || name == "evidence.json" { usual_type(format) } else { ArtifactType::Findings };
    let profile = usual_profile(format, &bytes);
    let artifact = Artifact { artifact_type, name, format, profile, bytes: bytes.into() };
    // What is compared is read then; what is not must be readable all the same.
    if !artifact.artifact_type.is_primary() {
        ReadArtifact::read(&artifact, &Roots::default(), config)
            .map_err(|source| DiffPathsError::Unreadable { path: path.to_owned(), source })?;
    }
    Ok(artifact)
}
