//! Two files or two directories of artifacts, compared without a recording.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::artifacts::compare_artifacts;
use crate::artifacts::comparison::{Comparison, ComparisonError, Rules, Scope};
use crate::artifacts::large_inventories;
use crate::artifacts::read_artifact::{KnownArtifacts, UnreadableArtifact};
use crate::canonical::Roots;
use crate::config::Config;
use crate::host::fs::{self, FsError, Kind};
use crate::job::artifact::{Artifact, kind_of, usual_profile, usual_type};
use crate::model::artifact::{ArtifactFormat, ArtifactType};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::error_chain::causes;
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
            | Self::Comparison(ComparisonError::Expected { .. } | ComparisonError::Actual { .. }) => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Comparison(_) | Self::Policy(_) => None,
            Self::Read(_) | Self::Missing(_) | Self::Mixed { .. } | Self::Empty(_) => {
                Some("give two files, or two directories of artifacts".into())
            }
        }
    }
}

/// Compares `a` with `b`, as documents of `format` where one is given. Nothing is refused for what is in it: what has no
/// meaning is compared by its canonical bytes, what has none of those by its bytes, and a note says so.
///
/// # Errors
/// See [`DiffPathsError`].
pub fn compare(
    a: &Path,
    b: &Path,
    format: Option<ArtifactFormat>,
    config: &Config,
) -> Result<Comparison, DiffPathsError> {
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
    if format.is_none_or(|format| format == ArtifactFormat::Cyclonedx)
        && let Some(sides) = large_inventories::read(a, b, config)
    {
        return Ok(compare_artifacts::compare_inventories(sides, &rules)?);
    }
    let (mut before, mut after) = match (fs::is_dir(a), fs::is_dir(b)) {
        (true, true) => (directory(a, format)?, directory(b, format)?),
        // Two files are one artifact, whatever they are called.
        (false, false) => {
            let one = |path| {
                let bytes = fs::read(path, limits::MAX_DOCUMENT_BYTES)?;
                Ok::<_, DiffPathsError>(vec![artifact("artifact".to_owned(), file_name(path), format, bytes)])
            };
            (one(a)?, one(b)?)
        }
        (true, false) => return Err(DiffPathsError::Mixed { directory: a.to_owned(), file: b.to_owned() }),
        (false, true) => return Err(DiffPathsError::Mixed { directory: b.to_owned(), file: a.to_owned() }),
    };
    let (nothing, mut notes) = (KnownArtifacts::default(), Vec::new());
    loop {
        let (name, side, source) = match compare_artifacts::compare(&before, &nothing, &after, &rules) {
            Ok(mut comparison) => {
                let named = comparison.notes.iter().map(|note| with_paths(note, a, b));
                comparison.notes = notes.into_iter().chain(named).collect();
                return Ok(comparison);
            }
            Err(ComparisonError::Expected { name, source }) => (name, a, source),
            Err(ComparisonError::Actual { name, source }) => (name, b, source),
            Err(error) => return Err(error.into()),
        };
        // Both sides in the one way that both can be read in; each turn leaves one fewer.
        let (format, how) = match &source {
            UnreadableArtifact::Canonical(_) => (ArtifactFormat::Bytes, "its bytes are compared as they are"),
            UnreadableArtifact::Format(_) => (ArtifactFormat::Json, "only its canonical bytes are compared"),
        };
        notes.push(format!("`{}`: {how}: {}", place(side, &name).display(), causes(&source)));
        for artifact in before.iter_mut().chain(&mut after).filter(|artifact| artifact.name == name) {
            if artifact.format != ArtifactFormat::Bytes {
                (artifact.format, artifact.profile) = (format, None);
            }
        }
    }
}

/// A note in which an artifact is called by the path of its file.
fn with_paths(note: &str, a: &Path, b: &Path) -> String {
    let quoted = note.strip_prefix('`').and_then(|rest| rest.split_once('`'));
    let Some((name, rest)) = quoted else { return note.to_owned() };
    let (a, b) = (place(a, name), place(b, name));
    match (rest.strip_prefix(" as expected"), rest.strip_prefix(" as it came out")) {
        (Some(rest), _) => format!("`{}`{rest}", a.display()),
        (_, Some(rest)) => format!("`{}`{rest}", b.display()),
        _ if a == b => format!("`{}`{rest}", a.display()),
        _ => format!("`{}` and `{}`{rest}", a.display(), b.display()),
    }
}

/// Where the artifact `name` of `side` is.
fn place(side: &Path, name: &str) -> PathBuf {
    if fs::is_dir(side) { side.join(name) } else { side.to_owned() }
}

/// The name of a file, by which it may be known.
fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn directory(root: &Path, format: Option<ArtifactFormat>) -> Result<Vec<Artifact>, DiffPathsError> {
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
        let name = item.relative.to_string_lossy().into_owned();
        Ok(artifact(name.clone(), name, format, bytes))
    });
    let artifacts = artifacts.collect::<Result<Vec<_>, DiffPathsError>>()?;
    if artifacts.is_empty() { Err(DiffPathsError::Empty(root.to_owned())) } else { Ok(artifacts) }
}

/// An artifact that is known by `known_as` and its content, unless its format is given.
fn artifact(name: String, known_as: String, format: Option<ArtifactFormat>, bytes: Vec<u8>) -> Artifact {
    let (format, profile) = match format {
        Some(format) => (format, usual_profile(format, &bytes)),
        None => kind_of(&known_as, &bytes),
    };
    // What a file of unknown format is for is not known either: it must not pass for mere evidence.
    let is_evidence = known_as == "evidence.json";
    let artifact_type = if format.has_meaning() || is_evidence { usual_type(format) } else { ArtifactType::Findings };
    Artifact { artifact_type, name, format, profile, bytes: bytes.into() }
}
