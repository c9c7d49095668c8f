//! Why an image cannot be read.

use std::error::Error;
use std::path::PathBuf;

use crate::host::fs::FsError;
#[cfg(feature = "registry")]
use crate::host::http::HttpError;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::limits::{MAX_IMAGE_INDEX_DEPTH, MAX_IMAGE_LAYERS, MAX_IMAGES_IN_LAYOUT};

/// What to do with an image that is not what its digests say.
pub(crate) const UNSOUND: &str = "do not use this image: fetch it again by its digest";

/// Why an image cannot be read. What goes wrong while it is unpacked is [`crate::rootfs::RootfsError`].
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The path holds no image layout.
    #[error("`{}` is not an OCI image layout: {what}", path.display())]
    NotALayout {
        /// The folder or archive.
        path: PathBuf,
        /// What is missing or wrong.
        what: String,
    },
    /// An index, a manifest or a configuration that cannot be understood.
    #[error("the image's {what} is refused")]
    Document {
        /// Which, with its digest where it has one.
        what: String,
        /// Where and why.
        source: DocumentProblem,
    },
    /// A blob that is missing or not what it is called.
    #[error("blob {digest} of the image {problem}")]
    Blob {
        /// Its digest, as the image names it.
        digest: Digest,
        /// What is wrong.
        problem: BlobProblem,
    },
    /// A layer in an encoding that nobody wrote down.
    #[error("layer {digest} has media type `{media_type}`: expected a tar, plain or packed by gzip or zstd")]
    Encoding {
        /// The layer's blob.
        digest: Digest,
        /// What the manifest calls it.
        media_type: String,
    },
    /// The layout lists no image of the platform.
    #[error("no image for {wanted} here; there are: {}", listed(.found))]
    NoSuchImage {
        /// What was asked for: a platform, or a digest.
        wanted: String,
        /// What there is.
        found: Vec<String>,
    },
    /// Several images would do.
    #[error("several images for {wanted} here: {}", listed(.found))]
    Several {
        /// What was asked for.
        wanted: String,
        /// The images.
        found: Vec<String>,
    },
    /// The registry failed.
    #[cfg(feature = "registry")]
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// What holds the blobs failed, in its own words.
    #[error(transparent)]
    Source(Box<dyn Error + Send + Sync>),
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] FsError),
}

impl Diagnostic for ImageError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Blob { .. } => FailureKind::Verification,
            Self::Source(_) => FailureKind::Infrastructure,
            #[cfg(feature = "registry")]
            Self::Registry(_) => FailureKind::Infrastructure,
            Self::Io(error) => error.kind(),
            Self::NotALayout { .. }
            | Self::Document { .. }
            | Self::Encoding { .. }
            | Self::NoSuchImage { .. }
            | Self::Several { .. } => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let hint = match self {
            Self::Blob { .. } => UNSOUND,
            Self::NoSuchImage { .. } => "name another platform, such as `linux/arm64`, or one image by `@sha256:…`",
            Self::Several { .. } => "name one by `@sha256:…`",
            _ => return None,
        };
        Some(hint.into())
    }
}

fn listed(found: &[String]) -> String {
    if found.is_empty() { "none".to_owned() } else { found.join(", ") }
}

/// Why an index, a manifest or a configuration of an image is refused.
#[derive(Debug, thiserror::Error)]
pub enum DocumentProblem {
    /// It is not JSON of its kind.
    #[error(transparent)]
    Json(serde_path_to_error::Error<serde_json::Error>),
    /// Something follows the JSON.
    #[error(transparent)]
    Trailing(serde_json::Error),
    /// It is of another version.
    #[error("its schemaVersion is not 2")]
    SchemaVersion,
    /// It has the parts of an index and of a manifest.
    #[error("it is an index and a manifest at once")]
    TwoKinds,
    /// It has the parts of neither.
    #[error("it has neither `manifests` nor `config` and `layers`")]
    NoKind,
    /// Its media type is that of another kind of document.
    #[error("it is called `{0}`, which it is not")]
    MediaType(String),
    /// It lists images where one image is wanted.
    #[error("it is an index")]
    Index,
    /// It is an artifact of another kind than an image that can be run.
    #[error("its configuration is of type `{0}`: this is not a container image")]
    NotAnImage(String),
    /// It has more layers than the limit.
    #[error("more than {MAX_IMAGE_LAYERS} layers")]
    TooManyLayers,
    /// Its configuration and its manifest have different layers.
    #[error("it names {config} layers in rootfs.diff_ids, the manifest {manifest}")]
    Layers {
        /// As many as the configuration has.
        config: usize,
        /// As many as the manifest has.
        manifest: usize,
    },
    /// Its root filesystem is made in a way that nobody wrote down.
    #[error("rootfs.type is `{0}`, expected `layers`")]
    RootFs(String),
    /// A layout lists more images than the limit.
    #[error("more than {MAX_IMAGES_IN_LAYOUT} images are listed")]
    TooManyImages,
    /// Indexes list indexes, and so on.
    #[error("indexes are nested more than {MAX_IMAGE_INDEX_DEPTH} deep")]
    TooDeep,
}

impl DocumentProblem {
    /// The error for the document `what`.
    pub(crate) fn of(self, what: impl Into<String>) -> ImageError {
        ImageError::Document { what: what.into(), source: self }
    }
}

/// What is wrong with a blob.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlobProblem {
    /// It is nowhere.
    #[error("is not there")]
    Gone,
    /// Its bytes have another digest.
    #[error("has other bytes: their digest is {found}")]
    Digest {
        /// The digest of what is there.
        found: Digest,
    },
    /// It has another length.
    #[error("is not {expected} bytes long, as the image says")]
    Size {
        /// The length in bytes that the image states.
        expected: u64,
    },
    /// Larger than what is read of its kind.
    #[error("is larger than {limit} bytes, the limit for its kind")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
}

impl BlobProblem {
    /// The error for the blob `digest`.
    pub(crate) fn of(self, digest: Digest) -> ImageError {
        ImageError::Blob { digest, problem: self }
    }
}

/// Why a registry gave nothing.
#[cfg(feature = "registry")]
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It could not be asked, or refused.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It wants to know who asks in a way that is not answered.
    #[error("`{registry}` wants authentication (`{challenge}`): only anonymous access is supported")]
    Authentication {
        /// The registry.
        registry: String,
        /// What it said.
        challenge: String,
    },
    /// It gave another document than was asked for.
    #[error("`{registry}` gave a document with digest {found} for {expected}")]
    OtherDocument {
        /// The registry.
        registry: String,
        /// What was asked for.
        expected: Digest,
        /// What came.
        found: Digest,
    },
}
