//! From what a layout lists to one image: its manifest, its configuration, its layers.

use std::io::Read;

use crate::model::digest::Digest;
use crate::model::limits::{MAX_IMAGE_DOCUMENT_BYTES, MAX_IMAGE_INDEX_DEPTH, MAX_IMAGE_LAYERS, MAX_IMAGES_IN_LAYOUT};
use crate::oci::blobs::{self, Blobs};
use crate::oci::descriptor::{Config, DOCKER_CONFIG, Descriptor, Document, LayerEncoding, OCI_CONFIG};
use crate::oci::error::{BlobProblem, DocumentProblem, ImageError};
use crate::oci::platform::Platform;

/// Which image of several is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The digest of its manifest, or of an index that lists it.
    pub digest: Option<Digest>,
    /// Its platform. Without one the only image is taken, and of several the one for this machine.
    pub platform: Option<Platform>,
}

/// An image whose documents have been read and checked. Its layers have not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    manifest: Descriptor,
    config: Descriptor,
    platform: Platform,
    layers: Vec<Layer>,
    run: RunConfig,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its blob.
    pub blob: Descriptor,
    /// How its tar stream is packed.
    pub encoding: LayerEncoding,
    /// SHA-256 of its tar stream.
    pub diff_id: Digest,
}

/// How an image wants to be run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunConfig {
    /// `NAME=VALUE`, in order.
    pub env: Vec<String>,
    /// The first words of the command.
    pub entrypoint: Vec<String>,
    /// The other words of it.
    pub cmd: Vec<String>,
    /// Where it starts; `/` where the image does not say.
    pub working_dir: String,
    /// Whom it wants to run as; empty for the superuser. Nothing follows it: an unpacked image has one owner.
    pub user: String,
}

impl Image {
    /// Finds the image that is `wanted` among those that `roots` list.
    ///
    /// # Errors
    /// [`ImageError`] for a document that is refused, no image or several.
    pub fn resolve(blobs: &dyn Blobs, roots: &[Descriptor], wanted: &Wanted) -> Result<Self, ImageError> {
        let mut found = Listed { wanted: wanted.digest, manifests: Vec::new(), seen: 0 };
        found.walk(blobs, roots, wanted.digest.is_none(), 0)?;
        let manifests = found.manifests;
        let several = manifests.len() > 1;
        let shown: Vec<String> = manifests.iter().map(shown).collect();
        let platform = wanted.platform.clone().or_else(|| several.then(Platform::of_this_machine));
        let name = match (wanted.digest, &platform) {
            (Some(digest), None) => digest.to_string(),
            (Some(digest), Some(platform)) => format!("{digest} on {platform}"),
            (None, Some(platform)) => platform.to_string(),
            (None, None) => "any platform".to_owned(),
        };
        let mut images = Vec::new();
        for manifest in manifests {
            // What an index says decides only what need not be read; an image's own configuration is what counts.
            let declared = manifest.platform.clone();
            let fits = |is: &Platform| platform.as_ref().is_none_or(|wanted| is.satisfies(wanted));
            if declared.as_ref().is_none_or(fits) {
                let image = Self::load(blobs, manifest)?;
                if declared.is_some() || fits(&image.platform) {
                    images.push(image);
                }
            }
        }
        match images.len() {
            0 => Err(ImageError::NoSuchImage { wanted: name, found: shown }),
            1 => Ok(images.remove(0)),
            _ => {
                let found = images.iter().map(|image| shown_as(image.digest(), Some(&image.platform))).collect();
                Err(ImageError::Several { wanted: name, found })
            }
        }
    }

    /// The image whose manifest has `digest`, or that an index with it lists; its length and kind unknown.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve).
    pub fn by_digest(blobs: &dyn Blobs, digest: Digest, platform: Option<Platform>) -> Result<Self, ImageError> {
        let mut bytes = Vec::new();
        let opened = blobs.open(&digest)?.ok_or_else(|| BlobProblem::Gone.of(digest))?;
        let limit = MAX_IMAGE_DOCUMENT_BYTES;
        opened.take(limit + 1).read_to_end(&mut bytes).map_err(|error| blobs::problem(error, digest))?;
        let descriptor = Document::describe(&format!("document {digest}"), digest, &bytes)?;
        Self::resolve(blobs, &[descriptor], &Wanted { digest: None, platform })
    }

    fn load(blobs: &dyn Blobs, mut descriptor: Descriptor) -> Result<Self, ImageError> {
        let what = format!("manifest {}", descriptor.digest);
        let bytes = blobs::read(blobs, &descriptor, MAX_IMAGE_DOCUMENT_BYTES)?;
        let Document::Manifest { config, layers, .. } = Document::parse(&what, Some(&descriptor.media_type), &bytes)?
        else {
            return Err(DocumentProblem::Index.of(what));
        };
        if !matches!(config.media_type.as_str(), OCI_CONFIG | DOCKER_CONFIG) {
            return Err(DocumentProblem::NotAnImage(config.media_type).of(what));
        }
        if layers.len() > MAX_IMAGE_LAYERS {
            return Err(DocumentProblem::TooManyLayers.of(what));
        }
        let config_name = format!("configuration {}", config.digest);
        let parsed = Config::parse(&config_name, &blobs::read(blobs, &config, MAX_IMAGE_DOCUMENT_BYTES)?)?;
        if parsed.rootfs.diff_ids.len() != layers.len() {
            let (config, manifest) = (parsed.rootfs.diff_ids.len(), layers.len());
            return Err(DocumentProblem::Layers { config, manifest }.of(config_name));
        }
        let with_encoding = |(blob, diff_id): (Descriptor, Digest)| match blob.encoding() {
            Some(encoding) => Ok(Layer { blob, encoding, diff_id }),
            None => Err(ImageError::Encoding { digest: blob.digest, media_type: blob.media_type }),
        };
        let layers = layers.into_iter().zip(parsed.rootfs.diff_ids).map(with_encoding).collect::<Result<_, _>>()?;
        descriptor.platform = Some(parsed.platform.clone());
        let run = parsed.config.unwrap_or_default();
        Ok(Self {
            manifest: descriptor,
            config,
            platform: parsed.platform,
            layers,
            run: RunConfig {
                env: run.env.unwrap_or_default(),
                entrypoint: run.entrypoint.unwrap_or_default(),
                cmd: run.cmd.unwrap_or_default(),
                working_dir: run.working_dir.filter(|dir| !dir.is_empty()).unwrap_or_else(|| "/".to_owned()),
                user: run.user.unwrap_or_default(),
            },
        })
    }

    /// Its identity: the digest of its manifest.
    pub fn digest(&self) -> Digest {
        self.manifest.digest
    }

    /// What it runs on, by its own configuration.
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// Its layers, lowest first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// How it wants to be run.
    pub fn run_config(&self) -> &RunConfig {
        &self.run
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Descriptor {
        &self.manifest
    }

    /// Its configuration.
    pub fn config(&self) -> &Descriptor {
        &self.config
    }

    /// Every blob that it is made of, its manifest first.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        [&self.manifest, &self.config].into_iter().chain(self.layers.iter().map(|layer| &layer.blob))
    }
}

/// The manifests that a layout lists, in order.
struct Listed {
    wanted: Option<Digest>,
    manifests: Vec<Descriptor>,
    seen: usize,
}

impl Listed {
    /// `inside` is whether everything here is meant.
    fn walk(&mut self, blobs: &dyn Blobs, listed: &[Descriptor], inside: bool, depth: usize) -> Result<(), ImageError> {
        for descriptor in listed {
            let what = format!("index {}", descriptor.digest);
            self.seen += 1;
            if self.seen > MAX_IMAGES_IN_LAYOUT {
                return Err(DocumentProblem::TooManyImages.of(what));
            }
            let inside = inside || self.wanted == Some(descriptor.digest);
            if descriptor.is_index() {
                if depth >= MAX_IMAGE_INDEX_DEPTH {
                    return Err(DocumentProblem::TooDeep.of(what));
                }
                let bytes = blobs::read(blobs, descriptor, MAX_IMAGE_DOCUMENT_BYTES)?;
                if let Document::Index(nested) = Document::parse(&what, Some(&descriptor.media_type), &bytes)? {
                    self.walk(blobs, &nested, inside, depth + 1)?;
                }
            } else if inside && descriptor.is_manifest() && is_image(descriptor) && !self.has(descriptor.digest) {
                self.manifests.push(descriptor.clone());
            }
        }
        Ok(())
    }

    fn has(&self, digest: Digest) -> bool {
        self.manifests.iter().any(|known| known.digest == digest)
    }
}

/// What builders list beside their images, such as provenance, has the platform `unknown`.
fn is_image(descriptor: &Descriptor) -> bool {
    descriptor.platform.as_ref().is_none_or(|platform| platform.os != "unknown")
}

fn shown(descriptor: &Descriptor) -> String {
    shown_as(descriptor.digest, descriptor.platform.as_ref())
}

fn shown_as(digest: Digest, platform: Option<&Platform>) -> String {
    platform.map_or_else(|| digest.to_string(), |platform| format!("{digest} ({platform})"))
}
