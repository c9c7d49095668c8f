//! Canaries: recorded scans committed with the repository, as `<id>/manifest.json` and `<id>/expected/`.
//!
//! Invariants: golden means golden: an expected artifact whose bytes are not those that were recorded makes the canary
//! unreplayable; one that is missing is taken from the store by its digest.

use std::path::{Path, PathBuf};

use crate::artifacts::comparison::Scope;
use crate::canonical::Roots;
use crate::flow::record::contradictions;
use crate::flow::record::golden;
use crate::flow::record::restore::{self, Broken, RestoreError};
use crate::flow::replay::other_rules;
use crate::flow::replay::replay_job::{Expected, PreparedReplay, Recorded, Title};
use crate::flow::suite::subject::Built;
use crate::job::artifact::Artifact;
use crate::job::dimensions;
use crate::job::input_roots;
use crate::job::manifest_file::{self, ManifestFileError};
use crate::job::manifest_summary::{self, UnsafeName};
use crate::model::dimension::Dimension;
use crate::model::error_chain::Elsewhere;
use crate::model::manifest::{ArtifactRecord, Fault, NotReplayable, ReplayableManifest, ScanManifest};
use crate::model::result::{Mode, SubjectKind};
use crate::model::text::source_line;
use crate::workspace::context::Context;

/// The file that makes a folder a canary.
pub const MANIFEST: &str = golden::MANIFEST;

/// A canary whose own files were read.
#[derive(Debug, Clone)]
pub struct Canary {
    /// Its folder's name.
    pub id: String,
    /// Its folder.
    pub directory: PathBuf,
    /// Where people find it.
    pub shown: PathBuf,
    /// Its manifest.
    pub manifest: ScanManifest,
}

/// Why a canary cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CanaryError {
    /// Its manifest cannot be read.
    #[error(transparent)]
    Manifest(#[from] ManifestFileError),
    /// It has no manifest.
    #[error("{}: the folder has no `{MANIFEST}`", .0.display())]
    NoManifest(PathBuf),
    /// The manifest names a file that it must not name.
    #[error("{}", .file.display())]
    Names {
        /// The manifest.
        file: PathBuf,
        /// Which.
        source: UnsafeName,
    },
    /// It was read in another folder than the one in which people find it.
    #[error(transparent)]
    Elsewhere(Elsewhere),
}

/// Why a canary cannot be replayed now.
#[derive(Debug)]
pub enum NotReady {
    /// Inputs that are gone, by name.
    Gone(Vec<String>),
    /// Its manifest holds placeholders.
    Placeholders(NotReplayable),
    /// Its manifest is not what was recorded, or what it names is not.
    Untrue(Vec<Fault>),
    /// A store or a file that cannot be read.
    Broken(Broken),
}

impl Canary {
    /// Reads a canary's manifest in `directory`. People find it at `shown`.
    ///
    /// # Errors
    /// When it is not a manifest that can be replayed.
    pub fn found(directory: &Path, shown: &Path) -> Result<Self, CanaryError> {
        match Self::read(directory) {
            Ok(canary) => Ok(canary.shown_at(shown)),
            Err(error) if directory == shown => Err(error),
            Err(error) => Err(CanaryError::Elsewhere(Elsewhere::new(&error, directory, shown))),
        }
    }

    /// The same, where people find it in that folder.
    ///
    /// # Errors
    /// When it is not a manifest that can be replayed.
    pub fn read(directory: &Path) -> Result<Self, CanaryError> {
        let file = directory.join(MANIFEST);
        if !file.exists() {
            return Err(CanaryError::NoManifest(directory.to_owned()));
        }
        let manifest = manifest_file::read(&file)?;
        manifest_summary::check_names(&manifest).map_err(|source| CanaryError::Names { file, source })?;
        let id =
            directory.file_name().map_or_else(|| manifest.scan_id.clone(), |name| name.to_string_lossy().into_owned());
        Ok(Self { id, directory: directory.to_owned(), shown: directory.to_owned(), manifest })
    }

    /// The same, found by people at `shown`.
    #[must_use]
    pub fn shown_at(self, shown: &Path) -> Self {
        Self { shown: shown.to_owned(), ..self }
    }

    /// Where the input of a recording lay.
    pub fn roots(manifest: &ScanManifest) -> Roots {
        input_roots::of_manifest(manifest)
    }

    /// Its manifest.
    pub fn manifest(&self) -> &ScanManifest {
        &self.manifest
    }

    /// Which question its replay answers.
    pub fn mode(&self, built: &Built, pinned: bool) -> Mode {
        if !pinned && built.concerns(&self.manifest) { Mode::Regression } else { Mode::Fidelity }
    }

    /// How the canary is called in results.
    pub fn title(&self, mode: Mode, context: &Context) -> Title {
        let file = self.shown.join(MANIFEST);
        Title {
            id: self.id.clone(),
            title: manifest_summary::describe(&self.manifest),
            kind: SubjectKind::Canary,
            mode,
            // What is swapped in, if anything is, is the candidate.
            candidate: mode == Mode::Regression,
            recording: manifest_summary::recording(&self.manifest),
            labels: manifest_summary::labels(&self.manifest),
            source: source_line::locate(&context.config.root, &file),
            reproduce: context.reproduce(&self.id, mode == Mode::Fidelity),
        }
    }

    /// Restores everything that the replay needs; scanners from a store are written below `scratch`. `expected` is what
    /// [`expected`](Self::expected) gives, read before anything foreign ran.
    ///
    /// # Errors
    /// When an input is gone or damaged, or the store cannot be read.
    pub fn replay(
        &self,
        mode: Mode,
        built: &Built,
        expected: Vec<Artifact>,
        context: &Context,
        scratch: &Path,
    ) -> Result<PreparedReplay, NotReady> {
        let manifest = ReplayableManifest::try_from(self.manifest.clone()).map_err(NotReady::Placeholders)?;
        let faults = contradictions::of_manifest(&manifest);
        if !faults.is_empty() {
            return Err(NotReady::Untrue(faults));
        }
        let swap = mode == Mode::Regression;
        let swapped: &[Dimension] = if swap { &[built.dimension()] } else { &[] };
        let restored = restore::restore(&manifest, swapped, context, scratch).map_err(not_ready)?;
        let mut job = restored.job.clone();
        if swap {
            built.swap_into_recording(&mut job);
        }
        let dimensions = dimensions::of_manifest(&manifest)
            .map_err(|error| NotReady::Broken(Broken::new("cannot digest the recorded inputs", error)))?;
        let roots = input_roots::of_manifest(&self.manifest);
        let (faults, known) = contradictions::of_artifacts(&self.manifest, &expected, &roots, &context.config);
        if !faults.is_empty() {
            return Err(NotReady::Untrue(faults));
        }
        let notes = other_rules::other_rules(&self.manifest, &context.config);
        Ok(PreparedReplay {
            title: self.title(mode, context),
            job,
            expected: Expected {
                artifacts: expected,
                scope: Scope::All,
                recorded: Recorded::Known(dimensions),
                roots,
                known,
            },
            notes,
            origin: Some(restored),
            across_builds: swap && built.is_scanner(),
        })
    }

    /// What the replay must give: the golden artifacts of its folder, each with the digest that the manifest says; one that
    /// is not there is taken from the store.
    ///
    /// # Errors
    /// When a golden artifact is gone, or is not the one that the manifest names.
    pub fn expected(&self, context: &Context) -> Result<Vec<Artifact>, NotReady> {
        let golden = golden::beside(&self.manifest, &self.directory);
        let elsewhere = |error| Elsewhere::new(&error, &self.directory, &self.shown);
        let golden = golden.map_err(|error| Broken::new("cannot read what is expected", elsewhere(error)));
        let golden = golden.map_err(NotReady::Broken)?;
        if !golden.edited.is_empty() {
            return Err(NotReady::Untrue(golden.edited));
        }
        let mut artifacts = golden.artifacts;
        let wanted = |record: &ArtifactRecord| !artifacts.iter().any(|artifact| artifact.name == record.path);
        let elsewhere = restore::artifacts(&self.manifest.artifacts, wanted, context).map_err(not_ready)?;
        artifacts.extend(elsewhere);
        Ok(artifacts)
    }
}

fn not_ready(error: RestoreError) -> NotReady {
    match error {
        RestoreError::Gone(missing) => NotReady::Gone(missing),
        RestoreError::Damaged(faults) => NotReady::Untrue(faults),
        RestoreError::Broken(broken) => NotReady::Broken(broken),
    }
}
