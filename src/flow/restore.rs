//! From a manifest back to a job: every blob by its digest, checked as it is read.
//!
//! Invariant: what is gone is named, all of it at once; what is corrupt is an error of its own and never taken for gone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::archive::tree::Tree;
use crate::bundle::feed::{self, FeedBundle, FeedOrigin};
use crate::bundle::policy;
use crate::flow::artifact_spec::ArtifactSpec;
use crate::flow::context::Context;
use crate::flow::failure::chain;
use crate::flow::image::ImageMaterial;
use crate::flow::job::Job;
use crate::flow::material::{InputMaterial, ScannerMaterial, builtin_digest};
use crate::flow::produced::Produced;
use crate::flow::recorded;
use crate::flow::settings::Settings;
use crate::host::fs;
use crate::host::limits;
use crate::model::digest::Digest;
use crate::model::dimension::Dimension;
use crate::model::manifest::{ArtifactRecord, InputType, Located, NetworkMode, ReplayableManifest, ScannerKind};
use crate::oci::{BlobProblem, ImageError};
use crate::rootfs::RootfsError;
use crate::store::blob::{BlobSource, StoreError};

/// Why a manifest cannot become a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreError {
    /// Inputs that are nowhere.
    Gone(Vec<String>),
    /// A store that cannot be read, or a blob that is corrupt.
    Broken(String),
}

/// A manifest that became a job.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The job; an input that is gone and will be swapped has something empty in its place.
    pub job: Job,
    /// Inputs that are gone and will be swapped, each with its name.
    pub gone: Vec<(Dimension, String)>,
}

struct Restorer<'a> {
    context: &'a Context,
    scratch: &'a Path,
    missing: Vec<(Dimension, String)>,
}

/// Restores everything that `manifest` names. Scanners that come out of the store are written below `scratch`. What will be
/// `swapped` need not be there.
pub fn restore(
    manifest: &ReplayableManifest,
    swapped: &[Dimension],
    context: &Context,
    scratch: &Path,
) -> Result<Restored, RestoreError> {
    let mut restorer = Restorer { context, scratch, missing: Vec::new() };
    let job = restorer.job(manifest)?;
    let (gone, missing): (Vec<_>, Vec<_>) =
        restorer.missing.into_iter().partition(|(dimension, _)| swapped.contains(dimension));
    if missing.is_empty() {
        Ok(Restored { job, gone })
    } else {
        Err(RestoreError::Gone(missing.into_iter().map(|(_, what)| what).collect()))
    }
}

/// The recorded artifacts, by their raw digests.
pub fn artifacts(records: &[ArtifactRecord], context: &Context) -> Result<Vec<Produced>, RestoreError> {
    let mut restorer = Restorer { context, scratch: Path::new(""), missing: Vec::new() };
    let mut restored = Vec::new();
    for record in records {
        let what = format!("artifact `{}`", record.path);
        // Of no dimension: it is what comes out.
        if let Some(bytes) = restorer.blob(Dimension::Environment, &what, &record.raw_sha256)? {
            restored.push(recorded::produced(record, bytes));
        }
    }
    let missing: Vec<String> = restorer.missing.into_iter().map(|(_, what)| what).collect();
    if missing.is_empty() { Ok(restored) } else { Err(RestoreError::Gone(missing)) }
}

fn broken(doing: &str, error: &(dyn std::error::Error + 'static)) -> RestoreError {
    RestoreError::Broken(chain(doing, error))
}

/// Holds the content digest that was found against the recorded one. A manifest that knows only the archive's digest has
/// nothing more to hold against it.
fn same_content(what: &str, recorded: Located, found: Digest) -> Result<(), RestoreError> {
    if recorded.identity == recorded.blob || found == recorded.identity {
        return Ok(());
    }
    Err(RestoreError::Broken(format!("the {what} has content digest {found}, the manifest says {}", recorded.identity)))
}

impl Restorer<'_> {
    fn job(&mut self, manifest: &ReplayableManifest) -> Result<Job, RestoreError> {
        let written = manifest.manifest();
        let input = self.input(manifest)?.unwrap_or_else(|| InputMaterial::file("input", Vec::new()));
        let config = self.config(manifest)?;
        let scanner = self.scanner(manifest)?.unwrap_or(ScannerMaterial::BuiltIn);
        let mut feeds = Vec::new();
        for feed in &manifest.feeds {
            let what = format!("feed `{}`", feed.name);
            let unpack = |error| broken(&format!("cannot unpack the {what}"), &error);
            let Some(bytes) = self.blob(Dimension::Feed, &what, &feed.archive.blob)? else {
                // Its name stays: the feed that takes its place is found by it.
                let empty = FeedBundle::of_records([], FeedOrigin::default()).map_err(unpack)?;
                feeds.push(self.context.feed(&feed.name, empty, None));
                continue;
            };
            let bundle = feed::verify(&bytes).map_err(unpack)?;
            same_content(&what, feed.archive, bundle.content_digest())?;
            feeds.push(self.context.feed(&feed.name, bundle, Some(bytes)));
        }
        let mut policy = None;
        if let Some(archive) = manifest.policy
            && let Some(bytes) = self.blob(Dimension::Policy, "policy", &archive.blob)?
        {
            let bundle = policy::verify(&bytes).map_err(|error| broken("cannot unpack the policy", &error))?;
            same_content("policy", archive, bundle.content_digest())?;
            let material = self.context.policy(bundle, Some(bytes));
            policy = Some(material.map_err(|error| broken("the recorded policy does not load", &error))?);
        }
        let specs = written.artifacts.iter().filter_map(ArtifactSpec::of_record).collect::<Result<_, _>>();
        let artifacts = specs.map_err(|error| broken("`artifacts` of the manifest", &error))?;
        Ok(Job {
            input,
            scanner,
            argv: written.scanner.argv.clone(),
            config,
            flags: written.scanner.flags.clone(),
            env: BTreeMap::new(),
            set_env: written.scanner.set_env.clone(),
            recorded_env: written.scanner.env_names.clone(),
            expected_exit_codes: written.scanner.expected_exit_codes.clone(),
            artifacts,
            feeds,
            policy,
            clock: manifest.clock,
            tz: written.environment.tz.clone(),
            locale: written.environment.locale.clone(),
            seed: written.environment.seed.unwrap_or_default(),
            settings: Settings { cpu_count: written.environment.cpu_count, ..Settings::default() },
            roots: self.roots(&written.environment.roots),
            // A replay is always offline, whatever the recording was.
            network: NetworkMode::Disabled,
        })
    }

    /// Folders of the machine are shown only where the caller names them too: a manifest comes from elsewhere and could ask
    /// for anything.
    fn roots(&mut self, roots: &[String]) -> Vec<String> {
        let refused = roots.iter().filter(|root| !self.context.roots.contains(root));
        self.missing.extend(refused.map(|root| {
            (Dimension::Environment, format!("folder `{root}` of the machine (allow it with `--ro {root}`)"))
        }));
        roots.to_vec()
    }

    fn blob(&mut self, dimension: Dimension, what: &str, digest: &Digest) -> Result<Option<Vec<u8>>, RestoreError> {
        let bytes =
            self.context.blobs.get(digest).map_err(|error| broken(&format!("cannot restore the {what}"), &error))?;
        if bytes.is_none() {
            self.missing.push((dimension, format!("{what} {digest}")));
        }
        Ok(bytes)
    }

    /// A directory: its archive from the store, its content digest against the recorded identity.
    fn tree(&mut self, dimension: Dimension, archive: Located) -> Result<Option<Tree>, RestoreError> {
        let what = dimension.code();
        let Some(bytes) = self.blob(dimension, what, &archive.blob)? else { return Ok(None) };
        let tree = Tree::verify(&bytes).map_err(|error| broken(&format!("cannot unpack the {what}"), &error))?;
        same_content(what, archive, tree.digest())?;
        Ok(Some(tree))
    }

    fn input(&mut self, manifest: &ReplayableManifest) -> Result<Option<InputMaterial>, RestoreError> {
        let input = &manifest.manifest().input;
        if input.input_type == InputType::Directory {
            return Ok(self.tree(Dimension::Input, manifest.input)?.map(InputMaterial::Tree));
        }
        if input.input_type == InputType::OciImage {
            return self.image(manifest.input.identity, input.image_ref.as_deref());
        }
        let name = input.path.as_deref().and_then(|path| path.rsplit('/').next()).unwrap_or("input").to_owned();
        Ok(self.blob(Dimension::Input, "input", &manifest.input.blob)?.map(|bytes| InputMaterial::file(name, bytes)))
    }

    /// An image: every blob of it by its digest.
    fn image(&mut self, digest: Digest, reference: Option<&str>) -> Result<Option<InputMaterial>, RestoreError> {
        let name = reference.and_then(|text| text.parse().ok());
        match ImageMaterial::restore(digest, name, self.context) {
            Ok(Some(image)) => return Ok(Some(InputMaterial::Image(Box::new(image)))),
            Ok(None) => self.missing.push((Dimension::Input, format!("image {digest}"))),
            Err(
                RootfsError::Image(ImageError::Blob { digest, problem: BlobProblem::Gone })
                | RootfsError::Store(StoreError::Gone { digest, .. }),
            ) => {
                self.missing.push((Dimension::Input, format!("blob {digest} of the image")));
            }
            Err(error) => return Err(broken("cannot restore the image", &error)),
        }
        Ok(None)
    }

    fn config(&mut self, manifest: &ReplayableManifest) -> Result<Option<InputMaterial>, RestoreError> {
        let scanner = &manifest.manifest().scanner;
        let Some((located, path)) = manifest.config.zip(scanner.config_path.as_deref()) else { return Ok(None) };
        if scanner.config_bundle_digest.is_some() {
            return Ok(self.tree(Dimension::Config, located)?.map(InputMaterial::Tree));
        }
        let name = path.rsplit('/').next().unwrap_or("config").to_owned();
        Ok(self.blob(Dimension::Config, "configuration", &located.blob)?.map(|bytes| InputMaterial::file(name, bytes)))
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
            ScannerKind::Tree => Ok(self.tree(Dimension::Scanner, wanted)?.map(ScannerMaterial::Tree)),
            ScannerKind::Binary | ScannerKind::Image => self.binary(manifest),
        }
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
        let restored =
            self.context.blobs.get_to_file(&digest, &path).map_err(|e| broken("cannot restore the scanner", &e))?;
        if !restored {
            self.missing.push((Dimension::Scanner, format!("scanner `{name}` {digest}")));
            return Ok(None);
        }
        fs::make_executable(&path).map_err(|e| broken("cannot restore the scanner", &e))?;
        Ok(Some(ScannerMaterial::Binary { name, path, digest }))
    }
}
