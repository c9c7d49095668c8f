//! From a manifest back to a job: every blob by its digest, checked as it is read.
//!
//! Invariant: what is gone is named, all of it at once; what is edited or damaged is named too and never taken for gone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::archive::tree::Tree;
use crate::bundle::feed::{self, FeedBundle, FeedOrigin};
use crate::bundle::policy;
use crate::closure::error::UnpackError;
use crate::closure::listing::Listing;
use crate::closure::unpack;
use crate::format;
use crate::hint;
use crate::host::fs;
use crate::job::artifact::Artifact;
use crate::job::machine_settings::Settings;
use crate::job::manifest_summary;
use crate::job::material::{ClosureMaterial, InputMaterial, ScannerMaterial, builtin_digest};
use crate::job::scan_spec::ScanSpec;
use crate::model::artifact_spec::ArtifactSpec;
use crate::model::digest::{Digest, DigestRef};
use crate::model::dimension::Dimension;
use crate::model::error_chain::chain;
use crate::model::limits;
use crate::model::manifest::{
    ArtifactRecord, ClockMode, Environment, Fault, FileTimes, Input, InputType, Located, NetworkMode,
    ReplayableManifest, ScannerKind,
};
use crate::model::parameter::Parameter;
use crate::model::result::Isolation;
use crate::oci::{BlobProblem, ImageError};
use crate::rootfs::RootfsError;
use crate::sandbox::ledger::Header;
use crate::sandbox::validated::CpuCount;
use crate::store::blob::{BlobSource, StoreError};
use crate::workspace::closures;
use crate::workspace::context::Context;
use crate::workspace::image;

/// Why a manifest cannot become a job.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Inputs that are nowhere.
    #[error("not to be had: {}", .0.join(", "))]
    Gone(Vec<String>),
    /// Fields of the manifest that contradict what they name, or whose bytes are damaged.
    #[error("not what was recorded: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    Damaged(Vec<Fault>),
    /// A store that cannot be read.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// What stopped a restoration and says nothing about the recording: a store that cannot be read, a folder that cannot be
/// written.
#[derive(Debug, thiserror::Error)]
#[error("{doing}")]
pub struct Broken {
    doing: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Broken {
    /// `source` while `doing` something.
    pub fn new(doing: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { doing: doing.into(), source: source.into() }
    }
}

/// A manifest that became a job.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The job; an input that is gone and will be swapped has something empty in its place.
    pub job: ScanSpec,
    /// Inputs that are gone and will be swapped, each with its name.
    pub gone: Vec<(Dimension, String)>,
}

struct Restorer<'a> {
    context: &'a Context,
    scratch: &'a Path,
    /// What will not be used.
    swapped: &'a [Dimension],
    missing: Vec<(Dimension, String)>,
    faults: Vec<Fault>,
}

/// A digest of a manifest that something is restored by.
struct Field<'a> {
    dimension: Dimension,
    /// Path of the field that names the blob.
    blob: &'a str,
    /// Path of the field that names its content.
    identity: &'a str,
    /// For people.
    what: &'a str,
}

/// Restores everything that `manifest` names. Scanners that come out of the store are written below `scratch`. What will be
/// `swapped` need not be there.
///
/// # Errors
/// When an input is gone, damaged or not what the manifest says, or the store cannot be read.
pub fn restore(
    manifest: &ReplayableManifest,
    swapped: &[Dimension],
    context: &Context,
    scratch: &Path,
) -> Result<Restored, RestoreError> {
    let mut restorer = Restorer { context, scratch, swapped, missing: Vec::new(), faults: Vec::new() };
    let job = restorer.job(manifest)?;
    restorer.ledger(manifest)?;
    if !restorer.faults.is_empty() {
        return Err(RestoreError::Damaged(restorer.faults));
    }
    let (gone, missing): (Vec<_>, Vec<_>) =
        restorer.missing.into_iter().partition(|(dimension, _)| swapped.contains(dimension));
    if missing.is_empty() {
        Ok(Restored { job, gone })
    } else {
        Err(RestoreError::Gone(missing.into_iter().map(|(_, what)| what).collect()))
    }
}

/// The recorded artifacts that are wanted, by their raw digests.
///
/// # Errors
/// [`RestoreError`].
pub fn artifacts(
    records: &[ArtifactRecord],
    wanted: impl Fn(&ArtifactRecord) -> bool,
    context: &Context,
) -> Result<Vec<Artifact>, RestoreError> {
    let (scratch, swapped) = (Path::new(""), &[]);
    let mut restorer = Restorer { context, scratch, swapped, missing: Vec::new(), faults: Vec::new() };
    let mut restored = Vec::new();
    for (i, record) in records.iter().enumerate().filter(|(_, record)| wanted(record)) {
        let (what, path) = (format!("artifact `{}`", record.path), format!("artifacts[{i}].raw_sha256"));
        // Of no dimension: it is what comes out.
        let field = Field { dimension: Dimension::Environment, blob: &path, identity: &path, what: &what };
        if let Some(bytes) = restorer.blob(&field, &record.raw_sha256)? {
            restored.push(manifest_summary::artifact(record, bytes));
        }
    }
    if !restorer.faults.is_empty() {
        return Err(RestoreError::Damaged(restorer.faults));
    }
    let missing: Vec<String> = restorer.missing.into_iter().map(|(_, what)| what).collect();
    if missing.is_empty() { Ok(restored) } else { Err(RestoreError::Gone(missing)) }
}

/// The recorded number of processors, which somebody may have edited.
fn cpu_count(recorded: Option<u32>) -> Result<Option<CpuCount>, RestoreError> {
    let count = recorded.map(CpuCount::try_from).transpose();
    count.map_err(|error| broken("`environment.cpu_count` of the manifest", error))
}

fn broken(doing: &str, error: impl std::error::Error + Send + Sync + 'static) -> RestoreError {
    Broken::new(doing, error).into()
}

impl Restorer<'_> {
    fn job(&mut self, manifest: &ReplayableManifest) -> Result<ScanSpec, RestoreError> {
        let written = manifest.manifest();
        let input = self.input(manifest)?.unwrap_or_else(|| InputMaterial::file("input", Vec::new()));
        let config = self.config(manifest)?;
        let scanner = self.scanner(manifest)?.unwrap_or(ScannerMaterial::BuiltIn);
        let mut feeds = Vec::new();
        for (i, feed) in manifest.feeds.iter().enumerate() {
            let what = format!("feed `{}`", feed.name);
            let (blob, identity) = match written.feeds.bundles.is_empty() {
                true => ("feeds.vuln_feed_bundle_digest".to_owned(), "feeds.vuln_feed_bundle_digest".to_owned()),
                false => (format!("feeds.bundles[{i}].digest"), format!("feeds.bundles[{i}].content_digest")),
            };
            let field = Field { dimension: Dimension::Feed, blob: &blob, identity: &identity, what: &what };
            let bundle = match self.blob(&field, &feed.archive.blob)? {
                None => None,
                Some(bytes) => self.unpacked(&field, feed::verify(&bytes)).map(|bundle| (bundle, bytes)),
            };
            let bundle = bundle.filter(|(bundle, _)| self.has_content(&field, feed.archive, bundle.content_digest()));
            feeds.push(match bundle {
                Some((bundle, bytes)) => self.context.feed(&feed.name, bundle, Some(bytes)),
                None => {
                    // Its name stays: the feed that takes its place is found by it.
                    let empty = FeedBundle::of_records([], FeedOrigin::default());
                    self.context.feed(&feed.name, empty.map_err(|error| broken("cannot make a feed", error))?, None)
                }
            });
        }
        let mut policy = None;
        let field = Field {
            dimension: Dimension::Policy,
            blob: "policy.policy_bundle_digest",
            identity: "policy.policy_content_digest",
            what: "policy",
        };
        if let Some(archive) = manifest.policy
            && let Some(bytes) = self.blob(&field, &archive.blob)?
            && let Some(bundle) = self.unpacked(&field, policy::verify(&bytes))
            && self.has_content(&field, archive, bundle.content_digest())
        {
            let material = self.context.policy(bundle, Some(bytes));
            let material = material.map_err(|error| broken("the recorded policy does not load", error))?;
            if let Some(set) = written.policy.policy_set.as_deref().filter(|set| *set != material.policy.name()) {
                let name = material.policy.name();
                let what = format!("the policy calls itself `{name}`, not `{set}`");
                self.fault(Dimension::Policy, Fault::edited("policy.policy_set", what));
            }
            policy = Some(material);
        }
        let specs = written.artifacts.iter().filter_map(ArtifactSpec::of_record).collect::<Result<_, _>>();
        let artifacts = specs.map_err(|error| broken("`artifacts` of the manifest", error))?;
        Ok(ScanSpec {
            input,
            scanner,
            argv: written.scanner.argv.clone(),
            config,
            flags: written.scanner.flags.clone(),
            env: BTreeMap::new(),
            set_env: written.scanner.set_env.clone(),
            recorded_env: Some(written.scanner.env_names.clone()),
            expected_exit_codes: written.scanner.expected_exit_codes.clone(),
            artifacts,
            feeds,
            policy,
            clock: manifest.clock,
            tz: written.environment.tz.clone(),
            locale: written.environment.locale.clone(),
            seed: written.environment.seed.unwrap_or_default(),
            settings: Settings {
                cpu_count: cpu_count(written.environment.cpu_count)?,
                clock_runs: clock_was_asked_to_run(&written.environment),
                clamp_file_times: written.environment.file_times == Some(FileTimes::Clamped),
                time_limit: written.environment.time_limit_seconds.map(|seconds| Duration::from_secs(seconds.into())),
                memory_limit: written.environment.memory_limit_mib,
                path: written.environment.path.clone(),
                ..Settings::default()
            },
            roots: self.roots(&written.environment.roots),
            // A replay is always offline, whatever the recording was.
            network: NetworkMode::Disabled,
        })
    }

    /// Folders of the machine are shown only where the caller names them too: a manifest comes from elsewhere and could ask
    /// for anything.
    fn roots(&mut self, roots: &[String]) -> Vec<String> {
        // Who names a folder names what is in it.
        let is_allowed = |root: &&String| self.context.roots.iter().any(|allowed| Path::new(root).starts_with(allowed));
        let refused = roots.iter().filter(|root| !is_allowed(root));
        self.missing.extend(refused.map(|root| {
            let allow = Parameter::Ro.to(root.as_str());
            let missing = hint!("folder `{}` of the machine (allow it with {})", root.as_str(), allow);
            (Dimension::Environment, missing.for_command_line())
        }));
        roots.to_vec()
    }

    /// What is wrong with an input that will be swapped does not matter.
    fn fault(&mut self, dimension: Dimension, fault: Fault) {
        if !self.swapped.contains(&dimension) {
            self.faults.push(fault);
        }
    }

    /// The bytes; where there are none, that is kept in mind.
    fn blob(&mut self, field: &Field<'_>, digest: &Digest) -> Result<Option<Vec<u8>>, RestoreError> {
        let read = self.context.blobs.get(digest);
        self.had(field, digest, read).map(Option::flatten)
    }

    fn had<T>(
        &mut self,
        field: &Field<'_>,
        digest: &Digest,
        read: Result<T, StoreError>,
    ) -> Result<Option<T>, RestoreError>
    where
        T: Had,
    {
        match read {
            Ok(read) => {
                if !read.is_there() {
                    self.missing.push((field.dimension, format!("{} {digest} (`{}`)", field.what, field.blob)));
                }
                Ok(Some(read))
            }
            Err(error @ (StoreError::Mismatch { .. } | StoreError::Damaged { .. })) => {
                self.fault(field.dimension, Fault::damaged(field.blob, chain(&format!("the {}", field.what), &error)));
                Ok(None)
            }
            Err(error) => Err(broken(&format!("cannot restore the {}", field.what), error)),
        }
    }

    /// The bytes are those that the digest names: what cannot be unpacked was never an archive.
    fn unpacked<T, E: std::error::Error + 'static>(&mut self, field: &Field<'_>, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| {
            let what = chain(&format!("what it names is not an archive of a {}", field.what), &error);
            self.fault(field.dimension, Fault::edited(field.blob, what));
        })
        .ok()
    }

    /// Holds the content digest that was found against the recorded one. A manifest that knows only the archive's digest
    /// has nothing more to hold against it.
    fn has_content(&mut self, field: &Field<'_>, recorded: Located, found: Digest) -> bool {
        let same = recorded.identity == recorded.blob || found == recorded.identity;
        if !same {
            let what = format!("the content of `{}` has the digest {found}", field.blob);
            self.fault(field.dimension, Fault::edited(field.identity, what));
        }
        same
    }

    /// A directory: its archive from the store, its content digest against the recorded identity.
    fn tree(&mut self, field: &Field<'_>, archive: Located) -> Result<Option<Tree>, RestoreError> {
        let Some(bytes) = self.blob(field, &archive.blob)? else { return Ok(None) };
        let Some(tree) = self.unpacked(field, Tree::verify(&bytes)) else { return Ok(None) };
        Ok(self.has_content(field, archive, tree.digest()).then_some(tree))
    }

    fn input(&mut self, manifest: &ReplayableManifest) -> Result<Option<InputMaterial>, RestoreError> {
        let input = &manifest.manifest().input;
        let (dimension, what) = (Dimension::Input, "input");
        if input.input_type == InputType::Directory {
            let field = Field { dimension, blob: "input.bundle_digest", identity: "input.digest", what };
            return Ok(self.tree(&field, manifest.input)?.map(InputMaterial::Tree));
        }
        if input.input_type == InputType::OciImage {
            return self.image(manifest.input.identity, input);
        }
        let name = input.path.as_deref().and_then(|path| path.rsplit('/').next()).unwrap_or("input").to_owned();
        let field = Field { dimension, blob: "input.digest", identity: "input.digest", what };
        let Some(bytes) = self.blob(&field, &manifest.input.blob)? else { return Ok(None) };
        let read = format::read_inventory(&name, &bytes, None).ok().map(|read| read.kind.is_sbom());
        // What this version cannot read may have been read by the one that recorded, and the other way round.
        let other = match (input.input_type, read) {
            (InputType::Lockfile, Some(true)) => Some("an SBOM"),
            (InputType::Sbom, Some(false)) => Some("a lockfile"),
            _ => None,
        };
        if let Some(other) = other {
            self.fault(dimension, Fault::edited("input.type", format!("the input is {other}")));
        }
        Ok(Some(InputMaterial::file(name, bytes)))
    }

    /// An image: every blob of it by its digest.
    fn image(&mut self, digest: Digest, input: &Input) -> Result<Option<InputMaterial>, RestoreError> {
        let dimension = Dimension::Input;
        let name = input.image_ref.as_deref().and_then(|text| text.parse().ok());
        match image::restore(digest, name, self.context) {
            Ok(Some(image)) => {
                let layers: Vec<DigestRef> = image.image().layers().iter().map(|l| l.blob.digest.into()).collect();
                if layers != input.layers {
                    let what = "they are not the layers of the image that `input.digest` names";
                    self.fault(dimension, Fault::edited("input.layers", what));
                }
                return Ok(Some(InputMaterial::Image(Box::new(image))));
            }
            Ok(None) => self.missing.push((dimension, format!("image {digest}"))),
            Err(
                RootfsError::Image(ImageError::Blob { digest, problem: BlobProblem::Gone })
                | RootfsError::Store(StoreError::Gone { digest, .. }),
            ) => {
                self.missing.push((dimension, format!("blob {digest} of the image")));
            }
            Err(
                error @ (RootfsError::Image(ImageError::Blob {
                    problem: BlobProblem::Digest { .. } | BlobProblem::Size { .. },
                    ..
                })
                | RootfsError::Store(StoreError::Mismatch { .. } | StoreError::Damaged { .. })),
            ) => self.fault(dimension, Fault::damaged("input.digest", chain("the image", &error))),
            Err(error) => return Err(broken("cannot restore the image", error)),
        }
        Ok(None)
    }

    fn config(&mut self, manifest: &ReplayableManifest) -> Result<Option<InputMaterial>, RestoreError> {
        let scanner = &manifest.manifest().scanner;
        let Some((located, path)) = manifest.config.zip(scanner.config_path.as_deref()) else { return Ok(None) };
        let (dimension, identity, what) = (Dimension::Config, "scanner.config_digest", "configuration");
        if scanner.config_bundle_digest.is_some() {
            let field = Field { dimension, blob: "scanner.config_bundle_digest", identity, what };
            return Ok(self.tree(&field, located)?.map(InputMaterial::Tree));
        }
        let name = path.rsplit('/').next().unwrap_or("config").to_owned();
        let field = Field { dimension, blob: identity, identity, what };
        Ok(self.blob(&field, &located.blob)?.map(|bytes| InputMaterial::file(name, bytes)))
    }

    /// Nothing of a replay depends on what the sandbox saw of the recording: it is looked at where it is there.
    fn ledger(&mut self, manifest: &ReplayableManifest) -> Result<(), RestoreError> {
        let environment = &manifest.manifest().environment;
        let Some(digest) = environment.ledger_digest.as_ref().and_then(DigestRef::resolved) else { return Ok(()) };
        let path = "environment.ledger_digest";
        let bytes = match self.context.blobs.get(&digest) {
            Ok(bytes) => bytes,
            Err(error @ (StoreError::Mismatch { .. } | StoreError::Damaged { .. })) => {
                self.faults.push(Fault::damaged(path, chain("the ledger", &error)));
                None
            }
            Err(error) => return Err(broken("cannot read the ledger", error)),
        };
        let Some(bytes) = bytes else { return Ok(()) };
        let head = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        match serde_json::from_slice::<Header>(head) {
            Ok(header) if Some(Isolation::from(header.level)) == environment.isolation => {}
            Ok(header) => self.faults.push(Fault::edited(
                "environment.isolation",
                format!("the ledger of the run says `{}`", Isolation::from(header.level).code()),
            )),
            Err(_) => self.faults.push(Fault::edited(path, "what it names is not a ledger")),
        }
        Ok(())
    }

    fn scanner(&mut self, manifest: &ReplayableManifest) -> Result<Option<ScannerMaterial>, RestoreError> {
        let wanted = manifest.scanner;
        match manifest.scanner_kind {
            ScannerKind::BuiltIn if wanted.identity == builtin_digest() => Ok(Some(ScannerMaterial::BuiltIn)),
            ScannerKind::BuiltIn => {
                let what = format!(
                    "built-in scanner {} (this stella has {}: replay with the stella that recorded, or record again)",
                    wanted.identity,
                    builtin_digest()
                );
                self.missing.push((Dimension::Scanner, what));
                Ok(None)
            }
            ScannerKind::Tree => {
                let (blob, identity) = ("scanner.bundle_digest", "scanner.scanner_binary_digest");
                let field = Field { dimension: Dimension::Scanner, blob, identity, what: "scanner" };
                Ok(self.tree(&field, wanted)?.map(ScannerMaterial::Tree))
            }
            ScannerKind::Closure => self.closure(wanted.identity),
            ScannerKind::Binary | ScannerKind::Image => self.binary(manifest),
        }
    }

    /// The closure: its listing, and every file of it by its digest, unpacked.
    fn closure(&mut self, digest: Digest) -> Result<Option<ScannerMaterial>, RestoreError> {
        let (dimension, path) = (Dimension::Scanner, "scanner.closure_digest");
        let field = Field { dimension, blob: path, identity: path, what: "closure of the scanner" };
        let Some(bytes) = self.blob(&field, &digest)? else { return Ok(None) };
        let listing = match Listing::parse(&bytes) {
            Ok(listing) => listing,
            Err(error) => {
                let what = chain("what it names is not the listing of a closure", &error);
                self.fault(dimension, Fault::edited(path, what));
                return Ok(None);
            }
        };
        match unpack::unpack(&listing, digest, &self.context.blobs, &closures::cache(self.context)) {
            Ok(unpacked) => {
                let scanner = listing.scanner().to_owned();
                return Ok(Some(ScannerMaterial::Closure(ClosureMaterial { digest, scanner, unpacked })));
            }
            Err(UnpackError::Gone(files)) => self.missing.extend(files.into_iter().map(|file| (dimension, file))),
            Err(error @ UnpackError::Damaged { .. }) => {
                self.fault(dimension, Fault::damaged(path, chain("a file of the closure", &error)));
            }
            Err(error @ UnpackError::Size { .. }) => self.fault(dimension, Fault::edited(path, error.to_string())),
            Err(error @ (UnpackError::Store { .. } | UnpackError::Io(_) | UnpackError::Write { .. })) => {
                return Err(broken("cannot restore the closure of the scanner", error));
            }
        }
        Ok(None)
    }

    /// The recorded file where it still stands unchanged, else the one from the store.
    fn binary(&mut self, manifest: &ReplayableManifest) -> Result<Option<ScannerMaterial>, RestoreError> {
        let digest = manifest.scanner.identity;
        let recorded = manifest.manifest().scanner.uri.as_deref().and_then(|uri| uri.strip_prefix("file://"));
        let name = recorded.and_then(|path| path.rsplit('/').next()).unwrap_or("scanner").to_owned();
        let unchanged = |path: &PathBuf| fs::digest(path, limits::MAX_BLOB_BYTES).is_ok_and(|found| found == digest);
        if let Some(path) = recorded.map(PathBuf::from).filter(unchanged) {
            return Ok(Some(ScannerMaterial::Binary { name, path, digest }));
        }
        let path = self.scratch.join(&name);
        let identity = "scanner.scanner_binary_digest";
        let what = format!("scanner `{name}`");
        let field = Field { dimension: Dimension::Scanner, blob: identity, identity, what: &what };
        let read = self.context.blobs.get_to_file(&digest, &path);
        if self.had(&field, &digest, read)? != Some(true) {
            return Ok(None);
        }
        fs::make_executable(&path).map_err(|e| broken("cannot restore the scanner", e))?;
        Ok(Some(ScannerMaterial::Binary { name, path, digest }))
    }
}

/// At the levels that can freeze a clock it runs only where that was asked for. At the others nobody knows whether it was,
/// and a replay seals it.
fn clock_was_asked_to_run(environment: &Environment) -> bool {
    environment.clock_mode == ClockMode::Real
        && matches!(environment.isolation, Some(Isolation::Full | Isolation::Traced))
}

/// What a store answers where nothing failed.
trait Had {
    fn is_there(&self) -> bool;
}

impl Had for Option<Vec<u8>> {
    fn is_there(&self) -> bool {
        self.is_some()
    }
}

impl Had for bool {
    fn is_there(&self) -> bool {
        *self
    }
}

#[cfg(test)]
mod tests;
