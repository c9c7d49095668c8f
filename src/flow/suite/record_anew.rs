//! A case or canary, recorded anew: by running the recorded job with the candidate, never from files that lie about.
//!
//! Invariants: what comes out is written only if it is what was approved; a recording keeps its labels, its command and its instant of
//! the frozen clock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::execute::builtin::ENGINE;
use crate::flow::record::recording::{self, RecordError, RecordRequest};
use crate::flow::record::restore::{self, RestoreError};
use crate::flow::suite::base::{canary_changes, case_changes};
use crate::flow::suite::canary::{Canary, MANIFEST};
use crate::flow::suite::case::{Case, CaseError};
use crate::flow::suite::subject::Built;
use crate::host::clock;
use crate::host::fs::{self, FsError};
use crate::host::scratch::Scratch;
use crate::job::artifact::Artifact;
use crate::job::input_roots;
use crate::job::manifest_file;
use crate::job::manifest_summary::UNKNOWN_VERSION;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::dimension::Dimension;
use crate::model::manifest::{NotReplayable, ReplayableManifest};
use crate::model::outcome::Outcome;
use crate::store::blob::{LocalStore, StoreError};
use crate::workspace::context::Context;

/// Why something was not recorded anew.
#[derive(Debug, thiserror::Error)]
pub enum RecordAnewError {
    /// Its manifest holds placeholders.
    #[error("its manifest cannot be replayed")]
    Placeholders(#[source] NotReplayable),
    /// Something that it needs is not to be had.
    #[error("something that it needs is not to be had: {}", .0.join(", "))]
    Gone(Vec<String>),
    /// It cannot be restored.
    #[error("it cannot be restored")]
    Restore(#[source] RestoreError),
    /// The scan cannot be recorded.
    #[error("the scan cannot be recorded")]
    Record(#[from] RecordError),
    /// The case cannot be run.
    #[error("the case cannot be run")]
    Case(#[from] CaseError),
    /// It did not run well.
    #[error("it did not run well: {0}")]
    Run(String),
    /// What came out is not what was approved.
    #[error("`{0}` is another one than what was approved: it differs from itself")]
    Another(String),
    /// Files cannot be written.
    #[error("cannot write it")]
    Files(#[from] FsError),
    /// A private folder cannot be made.
    #[error("cannot make a private folder")]
    Scratch(#[source] std::io::Error),
    /// The fixture store cannot be written.
    #[error("cannot keep what it depends on")]
    Store(#[from] StoreError),
    /// A manifest has no canonical form.
    #[error("its manifest cannot be written")]
    Manifest(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Diagnostic for RecordAnewError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Record(error) => error.kind(),
            Self::Restore(RestoreError::Damaged(_)) => FailureKind::Verification,
            Self::Case(error) if error.is_broken() => FailureKind::Usage,
            Self::Files(_) | Self::Scratch(_) | Self::Store(_) | Self::Restore(RestoreError::Broken(_)) => {
                FailureKind::Infrastructure
            }
            Self::Placeholders(_)
            | Self::Gone(_)
            | Self::Restore(RestoreError::Gone(_))
            | Self::Case(_)
            | Self::Run(_)
            | Self::Another(_)
            | Self::Manifest(_) => FailureKind::Inconclusive,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Record(error) => error.hint(),
            _ => None,
        }
    }
}

/// What is expected to come out: digests at the gate's level by the name of the artifact. One that is not named must be as it was recorded.
pub type Approved = BTreeMap<String, Option<Digest>>;

/// Records a canary anew, into its folder as it is shown; what a fresh checkout needs goes to the store at `fixtures`.
///
/// # Errors
/// When it cannot run or runs badly, what comes out is not what was approved, or a file cannot be written.
pub fn canary(
    canary: &Canary,
    built: &Built,
    approved: &Approved,
    fixtures: &Path,
    context: &Context,
) -> Result<(), RecordAnewError> {
    let manifest = ReplayableManifest::try_from(canary.manifest.clone()).map_err(RecordAnewError::Placeholders)?;
    let scratch = Scratch::new().map_err(RecordAnewError::Scratch)?;
    let swapped: &[Dimension] = if built.concerns(&canary.manifest) { &[built.dimension()] } else { &[] };
    let restored = restore::restore(&manifest, swapped, context, scratch.path()).map_err(|error| match error {
        RestoreError::Gone(missing) => RecordAnewError::Gone(missing),
        error @ (RestoreError::Damaged(_) | RestoreError::Broken(_)) => RecordAnewError::Restore(error),
    })?;
    let was = &canary.manifest;
    let mut job = restored.job.clone();
    let (mut engine, mut version) = (was.scanner.engine.clone(), was.scanner.scanner_version.clone());
    if !swapped.is_empty() {
        built.swap_into_recording(&mut job);
        match built {
            Built::BuiltIn => (engine, version) = (ENGINE.to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            // Nobody asked the new one.
            Built::Stella(_) | Built::Scanner(..) => version = UNKNOWN_VERSION.to_owned(),
            Built::Nothing | Built::Feed(_) | Built::Policy(_) => {}
        }
    }
    let request = RecordRequest {
        job,
        engine,
        scanner_version: version,
        labels: was.labels.clone(),
        input_type: was.input.input_type,
        as_is: None,
        closure: None,
        created_at: clock::now(),
        ignored: Vec::new(),
    };
    // What a fresh checkout needs is committed with it.
    let fixtures = context.keeping_in(LocalStore::open(fixtures)?);
    let recording = recording::record(&request, &fixtures)?;
    let across_builds = !swapped.is_empty() && built.is_scanner();
    let level = context.config.rules.pr_level;
    let now = case_changes::goldens(
        &recording.artifacts,
        &input_roots::of_manifest(&recording.manifest),
        (across_builds, request.job.clock),
        context,
    );
    let recorded = canary_changes::goldens(canary, context);
    check(&now.all_at(level), &recorded.all_at(level), approved)?;

    let mut manifest = recording.manifest;
    // What a run does not tell, and people wrote down.
    manifest.input.source_provenance.clone_from(&was.input.source_provenance);
    manifest.input.uri.clone_from(&was.input.uri);
    manifest.environment.toolchain_versions.clone_from(&was.environment.toolchain_versions);
    manifest.policy.commit.clone_from(&was.policy.commit);
    manifest.extra.clone_from(&was.extra);
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| RecordAnewError::Manifest(error);
    manifest.seal = Some(manifest_file::seal(&manifest).map_err(|error| failed(error.into()))?.into());
    let bytes = manifest_file::to_bytes(&manifest).map_err(|error| failed(error.into()))?;
    write(&canary.shown, &recording.artifacts)?;
    Ok(fs::write_atomic(&canary.shown.join(MANIFEST), &bytes)?)
}

/// Runs a case with the candidate and writes what comes out as what is expected.
///
/// # Errors
/// When it cannot run or runs badly, what comes out is not what was approved, or a file cannot be written.
pub fn case(case: &Case, built: &Built, approved: &Approved, context: &Context) -> Result<(), RecordAnewError> {
    let replay = case.replay(case.materials(context)?, built, context);
    let replayed = replay.run(context);
    match &replayed.result.outcome {
        Outcome::Match { .. } | Outcome::Drift { .. } => {}
        Outcome::Flaky { detail } | Outcome::Unhealthy { detail } | Outcome::Infra { detail } => {
            return Err(RecordAnewError::Run(detail.clone()));
        }
        Outcome::Unreplayable { missing } => return Err(RecordAnewError::Gone(missing.clone())),
    }
    let expected: Vec<&str> = replay.expected.artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
    let wanted = replayed.artifacts.iter().filter(|artifact| expected.contains(&artifact.name.as_str()));
    let wanted: Vec<Artifact> = wanted.cloned().collect();
    let level = context.config.rules.pr_level;
    let roots = input_roots::of_job(&replay.job);
    let now = case_changes::goldens(&wanted, &roots, (replay.across_builds, replay.job.clock), context);
    check(&now.all_at(level), &case.goldens(context).all_at(level), approved)?;
    write(&case.shown, &wanted)
}

/// Whether each artifact is what was approved, or what it was.
fn check(
    now: &BTreeMap<String, Digest>,
    recorded: &BTreeMap<String, Digest>,
    approved: &Approved,
) -> Result<(), RecordAnewError> {
    for name in now.keys().chain(recorded.keys()) {
        let wanted = approved.get(name).copied().unwrap_or_else(|| recorded.get(name).copied());
        if now.get(name).copied() != wanted {
            return Err(RecordAnewError::Another(name.clone()));
        }
    }
    Ok(())
}

/// Writes golden artifacts; those that are no longer expected go.
fn write(folder: &Path, artifacts: &[Artifact]) -> Result<(), RecordAnewError> {
    let expected: PathBuf = folder.join("expected");
    fs::ensure_dir(&expected)?;
    for artifact in artifacts {
        fs::write_atomic(&expected.join(&artifact.name), &artifact.bytes)?;
    }
    for item in fs::list(&expected)? {
        let name = item.relative.to_string_lossy();
        let is_file = matches!(item.kind, fs::Kind::File { .. });
        if is_file && !artifacts.iter().any(|artifact| artifact.name == name) {
            fs::remove_file_if_present(&expected.join(&item.relative))?;
        }
    }
    Ok(())
}
