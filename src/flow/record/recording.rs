//! Records a scan: seals it, runs it, keeps everything it depended on, writes its manifest.
//!
//! Invariants: every blob that a manifest names is in the store before the manifest exists; secrets are redacted before
//! anything is written; what was really reached (isolation, clock, network) is what the manifest says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::archive::ArchiveError;
use crate::artifacts::read_artifact::{ReadArtifact, UnreadableArtifact};
use crate::bundle::listed::BundleError;
use crate::canonical::{CANONICALIZER_VERSION, JsonError};
use crate::closure::capture::{self, Captured};
use crate::config::Config;
use crate::execute::builtin::ENGINE;
use crate::execute::failure::{Failure, Fault, Trouble};
use crate::execute::health_gate;
use crate::execute::host_fingerprint;
use crate::execute::run_job::{self, Executed};
use crate::execute::unnamed_format;
use crate::execute::unsandboxed;
use crate::flow::record::closure::{self, ClosureError, Keeping};
use crate::flow::record::missed;
use crate::hint;
use crate::host::machine;
use crate::job::artifact::Artifact;
use crate::job::dimensions::{self, Invocation, Named};
use crate::job::input_roots;
use crate::job::manifest_file::{self, ManifestBytesError};
use crate::job::material::blob::Blob;
use crate::job::material::{FeedMaterial, InputMaterial, PolicyMaterial, ScannerMaterial};
use crate::job::placeholder::Placeholders;
use crate::job::scan_spec::ScanSpec;
use crate::model::artifact_spec::ArtifactSpec;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::dimension::Dimensions;
use crate::model::error_chain::causes;
use crate::model::manifest::{
    ArtifactRecord, ClockMode, Environment, FeedBundleRef, Feeds, FileTimes, Input, InputType, MANIFEST_VERSION,
    Normalization, PolicyRef, ScanManifest, Scanner, ScannerKind,
};
use crate::model::parameter::Parameter;
use crate::model::showing::Showing;
use crate::model::text::redact;
use crate::store::blob::{BlobStore, StoreError};
use crate::workspace::context::Context;

/// What to record.
#[derive(Debug, Clone)]
pub struct RecordRequest {
    /// The scan.
    pub job: ScanSpec,
    /// Name of the engine.
    pub engine: String,
    /// Its version, as it calls itself.
    pub scanner_version: String,
    /// Labels for the manifest.
    pub labels: BTreeMap<String, String>,
    /// What the input is.
    pub input_type: InputType,
    /// Run the command where it is, without a sandbox, as the step of a pipeline that it was.
    pub as_is: Option<unsandboxed::HostPaths>,
    /// How its closure is kept; `None` where none is.
    pub closure: Option<Keeping>,
    /// When the recording began.
    pub created_at: Timestamp,
    /// What git ignores and was left out of the input, by its path below it.
    pub ignored: Vec<String>,
}

/// A recorded scan.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Its manifest.
    pub manifest: ScanManifest,
    /// What it wrote.
    pub artifacts: Vec<Artifact>,
    /// How it ran.
    pub executed: Executed,
    /// What it read of the machine, where that was kept.
    pub closure: Option<Captured>,
    /// Things to know.
    pub notes: Vec<Hint>,
}

/// Why a scan was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The scanner could not run, or did not run well.
    #[error(transparent)]
    Execute(Failure),
    /// An artifact has no canonical form.
    #[error("artifact `{name}`")]
    Artifact {
        /// Its name.
        name: String,
        /// Why.
        source: UnreadableArtifact,
        /// What the run showed.
        showing: Box<Showing>,
    },
    /// Two artifacts with one name.
    #[error("two artifacts are called `{0}`: give their files different names")]
    SameName(String),
    /// The scanner was built again while it was recorded.
    #[error("the scanner `{}` changed while it was recorded: record again when nothing writes it", .0.display())]
    ScannerChanged(PathBuf),
    /// What it read of the machine cannot be kept.
    #[error(transparent)]
    Closure(#[from] ClosureError),
    /// The store cannot be written.
    #[error("cannot keep what the scan depends on")]
    Store(#[from] StoreError),
    /// A directory cannot be packed.
    #[error("cannot pack what the scan depends on")]
    Archive(#[from] ArchiveError),
    /// A feed or a policy cannot be packed.
    #[error("cannot pack what the scan depends on")]
    Bundle(#[from] BundleError),
    /// Something has no digest.
    #[error("cannot digest the scan's inputs")]
    Digest(#[from] JsonError),
    /// The manifest has no digest.
    #[error("cannot seal the manifest")]
    Seal(#[from] ManifestBytesError),
}

impl Diagnostic for RecordError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Execute(Failure { fault: Fault::Unhealthy, .. }) | Self::Artifact { .. } => FailureKind::Inconclusive,
            Self::SameName(_) => FailureKind::Usage,
            Self::Closure(ClosureError::Capture(error)) => error.kind(),
            Self::Execute(_)
            | Self::ScannerChanged(_)
            | Self::Closure(ClosureError::Scanner(_))
            | Self::Store(_)
            | Self::Archive(_)
            | Self::Bundle(_)
            | Self::Digest(_)
            | Self::Seal(_) => FailureKind::Infrastructure,
        }
    }

    fn hint(&self) -> Option<Hint> {
        if let Self::Closure(ClosureError::Capture(error)) = self {
            return error.hint();
        }
        match self.kind() {
            FailureKind::Inconclusive => Some("nothing was recorded: a scan that is not healthy says nothing".into()),
            _ => None,
        }
    }
}

/// Records one scan. Everything is in the store when this returns; where the manifest goes is the caller's matter.
///
/// # Errors
/// When the scan cannot run or runs badly, or the store cannot be written.
pub fn record(request: &RecordRequest, context: &Context) -> Result<Recording, RecordError> {
    record_with(request, None, context)
}

/// The same with what was expected in the place of what comes out: the manifest of a scan whose replay differs.
///
/// # Errors
/// As [`record`].
pub fn record_expecting(
    request: &RecordRequest,
    expected: &[Artifact],
    context: &Context,
) -> Result<ScanManifest, RecordError> {
    record_with(request, Some(expected), context).map(|recording| recording.manifest)
}

fn record_with(
    request: &RecordRequest,
    expected: Option<&[Artifact]>,
    context: &Context,
) -> Result<Recording, RecordError> {
    let job = &request.job;
    let kept = keep_inputs(job, context)?;
    let (began, before, began_at) = (Instant::now(), machine::children_cpu(), capture::now());
    let mut executed = match &request.as_is {
        Some(place) => unsandboxed::execute(job, place)
            .and_then(|executed| run_job::gate(job, &executed, context).map(|()| executed)),
        None => run_job::execute(job, context),
    }
    .map_err(RecordError::Execute)?;

    let mut notes: Vec<Hint> = executed.notes.iter().cloned().map(Hint::from).collect();
    if let InputMaterial::Image(image) = &job.input {
        notes.extend(
            image.rootfs().notes.lines().into_iter().map(|note| format!("of the unpacked image {note}").into()),
        );
    }
    let closure = match (&request.closure, &executed.look_ups) {
        (Some(keeping), Some(look_ups)) => Some(closure::keep(job, look_ups, began_at, keeping, context)?),
        (Some(_), None) => {
            notes.push(
                "the recording is not self-contained: what the command read is seen at isolation `full` alone; its replay needs \
                 the same machine"
                    .into(),
            );
            None
        }
        (None, _) => None,
    };
    if closure.is_some() {
        // The machine that it ran on is a part of it.
        executed.environment.runtime = None;
        executed.environment.roots.clear();
    }
    let worked = machine::children_cpu().zip(before).map(|(after, before)| after.saturating_sub(before));
    let waited = worked.and_then(|worked| waited(&executed, began.elapsed(), worked));
    notes.extend(executed.denial().map(Hint::from).into_iter().chain(waited));
    notes.extend(missed::note(&request.ignored, request.as_is.is_some(), &executed.showing.absent));
    // The decision that a policy adds comes after them.
    for (spec, artifact) in job.artifacts.iter().zip(&executed.artifacts) {
        let has_profile = artifact.profile.is_some();
        notes.extend(unnamed_format::ambiguous(spec, artifact.format, has_profile, &artifact.bytes));
    }
    let named = expected.unwrap_or(&executed.artifacts);
    let artifacts = records(request, named, &executed, context, &mut notes)?;
    let mut batch = context.local.batch();
    if let Some(ledger) = &executed.ledger {
        batch.put(ledger)?;
    }
    for artifact in named {
        batch.put(&artifact.bytes)?;
    }
    batch.commit()?;
    let expected = expected_exit_codes(job, &executed, &context.config);
    if !is_this_program(job)
        && expected == [executed.exit_code]
        && executed.exit_code != 0
        && job.expected_exit_codes.is_empty()
    {
        let code = executed.exit_code.to_string();
        let codes = Parameter::ExpectExit.to(format!("0,{code}"));
        notes.push(hint!(
            "the scanner ended with exit code {}, which is now the only one expected: if it depends on what is found, record \
             with {}",
            code,
            codes
        ));
    }
    let closure_digest = match (&closure, &job.scanner) {
        (Some(captured), _) => Some(captured.digest),
        (None, ScannerMaterial::Closure(closure)) => Some(closure.digest),
        (None, _) => None,
    };
    let manifest = manifest(request, (&kept, closure_digest), &executed, artifacts, expected, &mut notes)?;
    Ok(Recording { manifest, artifacts: executed.artifacts.clone(), executed, closure, notes })
}

/// From how long a wait is told.
const LONG: Duration = Duration::from_secs(2);

/// What to know of a scanner that mostly waited while its clock stood still: it may have waited for the clock to move, and
/// have given up.
fn waited(executed: &Executed, wall: Duration, worked: Duration) -> Option<Hint> {
    let reads = executed.showing.clock_reads.filter(|reads| *reads > 0)?;
    let waited = wall.saturating_sub(worked);
    let told = executed.environment.clock.is_some() && waited >= LONG && worked < wall / 4;
    told.then(|| {
        hint!(
            "the scanner waited for {} s and read the clock {} times, which stands still: if it waited for the clock to move, \
             record with {}",
            waited.as_secs().to_string(),
            reads.to_string(),
            Parameter::Clock.to("real")
        )
    })
}

/// The blobs of a job's inputs.
struct StoredInputs {
    input: Blob,
    config: Option<Blob>,
    feeds: Vec<Blob>,
    policy: Option<Blob>,
    tree: Option<Blob>,
}

/// Puts every blob into the store, on disk together.
fn keep_inputs(job: &ScanSpec, context: &Context) -> Result<StoredInputs, RecordError> {
    let tree = match &job.scanner {
        ScannerMaterial::Tree(tree) => Some(Blob::new(tree.pack()?.bytes)),
        _ => None,
    };
    let kept = StoredInputs {
        input: job.input.blob()?,
        config: job.config.as_ref().map(InputMaterial::blob).transpose()?,
        feeds: job.feeds.iter().map(FeedMaterial::blob).collect::<Result<_, _>>()?,
        policy: job.policy.as_ref().map(PolicyMaterial::blob).transpose()?,
        tree,
    };
    let mut batch = context.local.batch();
    for blob in
        std::iter::once(&kept.input).chain(&kept.config).chain(&kept.feeds).chain(&kept.policy).chain(&kept.tree)
    {
        batch.put(&blob.bytes)?;
    }
    batch.commit()?;
    if let ScannerMaterial::Binary { path, .. } = &job.scanner {
        let found = context.local.put_file(path)?;
        if found != job.scanner.identity() {
            return Err(RecordError::ScannerChanged(path.clone()));
        }
    }
    Ok(kept)
}

fn records(
    request: &RecordRequest,
    artifacts: &[Artifact],
    executed: &Executed,
    context: &Context,
    notes: &mut Vec<Hint>,
) -> Result<Vec<ArtifactRecord>, RecordError> {
    let job = &request.job;
    let roots = match &request.as_is {
        Some(place) => {
            input_roots::of_input(&place.input.to_string_lossy(), matches!(job.input, InputMaterial::Tree(_)))
        }
        None => input_roots::of_job(job),
    };
    let mut records: Vec<ArtifactRecord> = Vec::new();
    for artifact in artifacts {
        if records.iter().any(|record| record.path == artifact.name) {
            return Err(RecordError::SameName(artifact.name.clone()));
        }
        let read = ReadArtifact::read(artifact, &roots, &context.config).map_err(|source| RecordError::Artifact {
            name: artifact.name.clone(),
            source,
            showing: Box::new(executed.after(Trouble::Malformed, job, context)),
        })?;
        notes.extend(read.unread.as_ref().map(|unread| format!("`{}`: {}", artifact.name, causes(unread)).into()));
        let spec = job.artifacts.iter().find(|spec| spec.file_name() == artifact.name);
        records.push(ArtifactRecord {
            artifact_type: artifact.artifact_type,
            path: artifact.name.clone(),
            format: artifact.format,
            raw_sha256: Digest::of(&artifact.bytes),
            canonical_sha256: read.canonical.digest,
            profile: artifact.profile.clone(),
            profile_digest: context.config.profile(artifact.format, artifact.profile.as_ref()).digest(),
            source: spec.map(|ArtifactSpec { path, .. }| path.to_string()),
            uri: None,
            extra: BTreeMap::new(),
        });
    }
    Ok(records)
}

fn manifest(
    request: &RecordRequest,
    (kept, closure): (&StoredInputs, Option<Digest>),
    executed: &Executed,
    artifacts: Vec<ArtifactRecord>,
    expected_exit_codes: Vec<i32>,
    notes: &mut Vec<Hint>,
) -> Result<ScanManifest, RecordError> {
    let job = &request.job;
    let (argv, secret_argv) = redact::arguments(&job.argv);
    let (flags, secret_flags) = redact::arguments(&job.flags);
    // Not even a digest of a secret is written.
    let (set_env, secret_env) = redact::variables(&job.set_env);
    let invocation = Invocation {
        argv: argv.clone(),
        flags: flags.clone(),
        env_names: job.env.keys().cloned().collect(),
        set_env: set_env.clone(),
        config: job.config.as_ref().map(InputMaterial::identity),
    };
    let inputs = job.dimensions(&executed.environment)?;
    let inputs = Dimensions { config: Some(invocation.digest()?), scanner: closure.or(inputs.scanner), ..inputs };
    let outputs: Vec<_> = artifacts.iter().map(|artifact| artifact.raw_sha256).collect();
    let scan_id = dimensions::scan_id(&inputs, &outputs, request.created_at, Named::Sealed)?;
    if secret_argv || secret_flags || secret_env {
        notes.push("secrets were taken out of the recorded command: its replay runs without them".into());
    }
    let only_feed = match kept.feeds.as_slice() {
        [only] => Some(only.digest.into()),
        _ => None,
    };
    let feeds = job.feeds.iter().zip(&kept.feeds);
    let extra = BTreeMap::new;
    let manifest = ScanManifest {
        manifest_version: MANIFEST_VERSION.to_owned(),
        scan_id,
        created_at: request.created_at,
        input: input(request, kept),
        scanner: Scanner { set_env, ..scanner(request, (kept, closure), expected_exit_codes, argv, flags) },
        feeds: Feeds {
            vuln_feed_bundle_digest: only_feed,
            license_db_digest: None,
            bundles: feeds.map(|(feed, blob)| bundle_ref(feed, blob)).collect(),
            extra: extra(),
        },
        policy: match job.policy.as_ref().zip(kept.policy.as_ref()) {
            None => PolicyRef::default(),
            Some((material, blob)) => PolicyRef {
                policy_bundle_digest: Some(blob.digest.into()),
                policy_content_digest: Some(material.identity().into()),
                policy_set: Some(material.policy.name().to_owned()),
                ..PolicyRef::default()
            },
        },
        environment: environment(job, executed),
        normalization: Normalization {
            canonicalizer_version: CANONICALIZER_VERSION.to_owned(),
            sbom_schema: is_this_program(job).then(|| "cyclonedx-1.6".to_owned()),
            vex_schema: is_this_program(job).then(|| "cyclonedx-vex-1.6".to_owned()),
            extra: extra(),
        },
        artifacts,
        labels: request.labels.clone(),
        seal: None,
        extra: extra(),
    };
    Ok(ScanManifest { seal: Some(manifest_file::seal(&manifest)?.into()), ..manifest })
}

/// What was asked for, else what the profiles know of the scanner, else the one code that was seen.
fn expected_exit_codes(job: &ScanSpec, executed: &Executed, config: &Config) -> Vec<i32> {
    if !job.expected_exit_codes.is_empty() {
        return job.expected_exit_codes.clone();
    }
    let known = health_gate::known_exit_codes(job, &executed.artifacts, config);
    known.map_or_else(|| vec![executed.exit_code], <[i32]>::to_vec)
}

/// Whether this very program is the scanner, and not another stella.
fn is_this_program(job: &ScanSpec) -> bool {
    matches!(job.scanner, ScannerMaterial::BuiltIn)
}

fn bundle_ref(feed: &FeedMaterial, blob: &Blob) -> FeedBundleRef {
    FeedBundleRef {
        name: feed.name.clone(),
        digest: blob.digest.into(),
        content_digest: Some(feed.identity().into()),
        uri: None,
        extra: BTreeMap::new(),
    }
}

fn input(request: &RecordRequest, kept: &StoredInputs) -> Input {
    let job = &request.job;
    let is_tree = matches!(job.input, InputMaterial::Tree(_));
    let (input_type, image) = match &job.input {
        InputMaterial::Tree(_) => (InputType::Directory, None),
        InputMaterial::Image(image) => (InputType::OciImage, Some(image)),
        InputMaterial::File { .. } => (request.input_type, None),
    };
    let layers = image.iter().flat_map(|image| image.image().layers());
    Input {
        input_type,
        image_ref: image.map(|image| image.reference()),
        layers: layers.map(|layer| layer.blob.digest.into()).collect(),
        source_provenance: None,
        digest: Some(job.input.identity().into()),
        bundle_digest: is_tree.then(|| kept.input.digest.into()),
        path: Some(match &request.as_is {
            Some(place) => place.input.to_string_lossy().into_owned(),
            None => Placeholders::of(job).input().to_owned(),
        }),
        uri: None,
        extra: BTreeMap::new(),
    }
}

fn scanner(
    request: &RecordRequest,
    (kept, closure): (&StoredInputs, Option<Digest>),
    expected_exit_codes: Vec<i32>,
    argv: Vec<String>,
    flags: Vec<String>,
) -> Scanner {
    let job = &request.job;
    let (kind, bundle, uri) = match &job.scanner {
        _ if closure.is_some() => (ScannerKind::Closure, None, None),
        ScannerMaterial::Closure(_) => (ScannerKind::Closure, None, None),
        ScannerMaterial::BuiltIn => (ScannerKind::BuiltIn, None, None),
        ScannerMaterial::Stella { path, .. } | ScannerMaterial::Binary { path, .. } => {
            (ScannerKind::Binary, None, Some(format!("file://{}", path.display())))
        }
        ScannerMaterial::Tree(_) => (ScannerKind::Tree, kept.tree.as_ref().map(|blob| blob.digest.into()), None),
    };
    let config_is_tree = matches!(job.config, Some(InputMaterial::Tree(_)));
    Scanner {
        engine: if is_this_program(job) { ENGINE.to_owned() } else { request.engine.clone() },
        kind: Some(kind),
        scanner_image_digest: None,
        scanner_binary_digest: closure.is_none().then(|| job.scanner.identity().into()),
        bundle_digest: bundle,
        closure_digest: closure.map(Into::into),
        scanner_version: request.scanner_version.clone(),
        config_digest: job.config.as_ref().map(|config| config.identity().into()),
        config_bundle_digest: kept.config.as_ref().filter(|_| config_is_tree).map(|blob| blob.digest.into()),
        config_path: job.config.as_ref().map(|_| Placeholders::of(job).config().to_owned()),
        flags,
        argv,
        env_names: job.env.keys().cloned().collect(),
        set_env: BTreeMap::new(),
        expected_exit_codes,
        uri,
        extra: BTreeMap::new(),
    }
}

fn environment(job: &ScanSpec, executed: &Executed) -> Environment {
    let environment = &executed.environment;
    Environment {
        arch: environment.arch.clone(),
        os: environment.os.clone(),
        tz: environment.tz.clone(),
        locale: environment.locale.clone(),
        network: environment.network,
        clock_mode: if environment.clock.is_some() { ClockMode::Frozen } else { ClockMode::Real },
        clock_value: Some(job.clock),
        runtime_digest: environment.runtime.map(Into::into),
        runtime_source: environment.runtime.map(|_| host_fingerprint::HOW.to_owned()),
        roots: environment.roots.clone(),
        path: environment.path.clone(),
        time_limit_seconds: job.settings.time_limit.and_then(|limit| u32::try_from(limit.as_secs()).ok()),
        memory_limit_mib: job.settings.memory_limit,
        file_times: environment.file_times_clamped.then_some(FileTimes::Clamped),
        cpu_count: environment.cpu_count,
        // The built-in scanner in process sees no kernel.
        kernel: if executed.executor.in_process { None } else { machine::kernel() },
        seed: environment.seed,
        isolation: executed.executor.isolation,
        ledger_digest: executed.ledger.as_deref().map(|ledger| Digest::of(ledger).into()),
        toolchain_versions: BTreeMap::new(),
        extra: BTreeMap::new(),
    }
}
