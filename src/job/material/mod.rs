//! Bytes that a scan depends on, with their identity and the blob that keeps them.
//!
//! A file is its own blob. A directory is kept as one deterministic archive; its identity is the content digest of that
//! archive, so that another compression is not another input.

pub mod blob;
pub mod image;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::archive::ArchiveError;
use crate::archive::tree::Tree;
use crate::bundle::feed::FeedBundle;
use crate::bundle::listed::{Bundle, BundleError, Kind, Record};
use crate::bundle::policy::PolicyBundle;
use crate::closure::unpacked::Unpacked;
use crate::host::fs::{self, FsError};
use crate::job::material::blob::Blob;
use crate::job::material::image::ImageMaterial;
use crate::job::osv_feed::FeedError;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::limits;
use crate::oci::InvalidImageName;
use crate::policy::Policy;
use crate::rootfs::RootfsError;
use crate::scanner::feed::Feed;

/// Why something that a scan depends on cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MaterialError {
    /// The path cannot be read.
    #[error("cannot read the {what}")]
    Read {
        /// `input`, `feed`, …
        what: &'static str,
        /// Why.
        source: FsError,
    },
    /// The directory or archive holds something that is refused.
    #[error("the {what} `{}` cannot be used", .path.display())]
    Archive {
        /// `input`, `scanner`, …
        what: &'static str,
        /// Where it lies.
        path: PathBuf,
        /// Why.
        source: ArchiveError,
    },
    /// It is not a bundle of its kind.
    #[error("the {what} `{}` cannot be used", .path.display())]
    Bundle {
        /// `feed`, `policy`
        what: &'static str,
        /// Where it lies.
        path: PathBuf,
        /// Why.
        source: BundleError,
    },
    /// An image that cannot be read or unpacked.
    #[error("the image `{what}` cannot be used")]
    Image {
        /// Its path or name.
        what: String,
        /// Why.
        source: RootfsError,
    },
    /// A text that can only be meant as an image, and is not a name of one.
    #[error(transparent)]
    ImageName(InvalidImageName),
    /// An image in a registry, which this program cannot ask.
    #[error("`{0}` is in a registry, and this stella was built without access to registries")]
    NoRegistry(String),
}

impl Diagnostic for MaterialError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Image { source, .. } => source.kind(),
            Self::Read { .. }
            | Self::Archive { .. }
            | Self::Bundle { .. }
            | Self::ImageName(_)
            | Self::NoRegistry(_) => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Image { source, .. } => source.hint(),
            Self::NoRegistry(_) => Some(
                "build it with `--features registry`, or copy the image to a layout first, e.g. `skopeo copy docker://NAME \
                 oci:DIR`"
                    .into(),
            ),
            _ => None,
        }
    }
}

/// What is scanned, or what the scanner is configured with.
#[derive(Debug, Clone)]
pub enum InputMaterial {
    /// One file, under its own name.
    File {
        /// Its name.
        name: String,
        /// Its bytes.
        bytes: Arc<[u8]>,
        /// Their digest.
        digest: Digest,
    },
    /// A directory.
    Tree(Tree),
    /// A container image.
    Image(Box<ImageMaterial>),
}

impl InputMaterial {
    /// A file in memory.
    pub fn file(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        let digest = Digest::of(&bytes);
        Self::File { name: name.into(), bytes: bytes.into(), digest }
    }

    /// Whether a file of that path, relative to the scanner's working directory, is part of it.
    pub fn holds(&self, path: &str) -> bool {
        match self {
            Self::File { name, .. } => name == path,
            Self::Tree(_) => self.files().into_iter().any(|(file, _)| file == path.trim_start_matches("./")),
            Self::Image(_) => false,
        }
    }

    /// Reads a file or a directory; of a directory not what lies below `without`, and not `.git`.
    ///
    /// # Errors
    /// When it cannot be read, or is more than a tree may hold.
    pub fn read(path: &Path, without: &[PathBuf]) -> Result<Self, MaterialError> {
        Self::read_as("input", path, without)
    }

    /// The same of a directory, with the `.git` that lies in it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_with_git(path: &Path, without: &[PathBuf]) -> Result<Self, MaterialError> {
        tree_of("input", path, without, true).map(Self::Tree)
    }

    /// Reads the configuration of a scanner.
    ///
    /// # Errors
    /// When it cannot be read, or is more than a tree may hold.
    pub fn read_configuration(path: &Path) -> Result<Self, MaterialError> {
        Self::read_as("configuration", path, &[])
    }

    fn read_as(what: &'static str, path: &Path, without: &[PathBuf]) -> Result<Self, MaterialError> {
        if fs::is_dir(path) {
            return tree(what, path, without).map(Self::Tree);
        }
        let bytes = fs::read(path, limits::MAX_BLOB_BYTES).map_err(|source| MaterialError::Read { what, source })?;
        let name = path.file_name().map_or_else(|| what.to_owned(), |name| name.to_string_lossy().into_owned());
        Ok(Self::file(name, bytes))
    }

    /// What identity means: the digest of the file, the content digest of the directory, or the digest of the image's
    /// manifest.
    pub fn identity(&self) -> Digest {
        match self {
            Self::File { digest, .. } => *digest,
            Self::Tree(tree) => tree.digest(),
            Self::Image(image) => image.image().digest(),
        }
    }

    /// What the store keeps; of an image its manifest, for the rest of it is there already.
    ///
    /// # Errors
    /// When it is more than an archive may hold.
    pub fn blob(&self) -> Result<Blob, ArchiveError> {
        match self {
            Self::File { bytes, digest, .. } => Ok(Blob { bytes: bytes.clone(), digest: *digest }),
            Self::Tree(tree) => Ok(Blob::new(tree.pack()?.bytes)),
            Self::Image(image) => Ok(image.blob()),
        }
    }

    /// The same with one more file beside it, in a directory of their own.
    ///
    /// # Errors
    /// When the name is taken, or it is more than an archive may hold.
    pub fn with_file(self, name: &str, bytes: Vec<u8>) -> Result<Self, ArchiveError> {
        let mut files: Vec<(String, Vec<u8>)> =
            self.files().into_iter().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect();
        files.push((name.to_owned(), bytes));
        Tree::of_files(files).map(Self::Tree)
    }

    /// Every file with its path below the input; of an image those that list packages.
    pub fn files(&self) -> Vec<(&str, &[u8])> {
        match self {
            Self::File { name, bytes, .. } => vec![(name.as_str(), bytes)],
            Self::Tree(tree) => tree.files().collect(),
            Self::Image(image) => image.files().collect(),
        }
    }
}

/// Where a path really lies: the thing that it leads to, and the link itself where it is one. Nothing where it is not there.
pub fn places(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let link = folder.zip(path.file_name()).filter(|_| path.symlink_metadata().is_ok());
    let link = link.and_then(|(folder, name)| Some(folder.canonicalize().ok()?.join(name)));
    let thing = path.canonicalize().ok();
    let same = thing == link;
    thing.into_iter().chain(link.filter(|_| !same)).collect()
}

/// Reads a directory into memory, without what lies below `without` and without `.git`.
///
/// # Errors
/// When it cannot be read, or is more than a tree may hold.
pub fn tree(what: &'static str, path: &Path, without: &[PathBuf]) -> Result<Tree, MaterialError> {
    tree_of(what, path, without, false)
}

/// The same, and where it is asked for with the `.git` that lies in `path` itself.
fn tree_of(what: &'static str, path: &Path, without: &[PathBuf], with_git: bool) -> Result<Tree, MaterialError> {
    // One thing has many spellings (`.`, `./out`, `/repo/out`); what is not there yet cannot be read either.
    let without: HashSet<PathBuf> = without.iter().flat_map(|excluded| places(excluded)).collect();
    let root = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let is_kept = |relative: &Path| {
        let is_git = relative.components().any(|name| name.as_os_str() == ".git");
        let is_git = is_git && !(with_git && is_of_history(relative));
        !is_git && !root.join(relative).ancestors().any(|above| without.contains(above))
    };
    let failed = |source| MaterialError::Archive { what, path: path.to_owned(), source };
    Tree::read_directory(path, is_kept).map_err(failed)
}

/// Whether a path is the repository of the directory itself, or a part of it in which its history is. All else of `.git` is of this machine
/// and may hold what is nobody else's: hooks, the repositories of submodules, what other programs keep there.
fn is_of_history(relative: &Path) -> bool {
    const PARTS: [&str; 8] = ["HEAD", "config", "index", "info", "objects", "packed-refs", "refs", "shallow"];
    let Ok(below) = relative.strip_prefix(".git") else { return false };
    below.components().next().is_none_or(|first| PARTS.iter().any(|part| first.as_os_str() == *part))
}

/// The advisories of a feed, or why they cannot be read.
pub type Advisories = Result<Arc<Feed>, Arc<FeedError>>;

/// One feed.
#[derive(Debug, Clone)]
pub struct FeedMaterial {
    /// Its name.
    pub name: String,
    /// Its bundle.
    pub bundle: Arc<FeedBundle>,
    /// The archive that it was restored from.
    pub archive: Option<Arc<[u8]>>,
    /// The advisories in it, for the built-in scanner; the reason where they cannot be read.
    pub advisories: Advisories,
}

impl FeedMaterial {
    /// What identity means: the content digest.
    pub fn identity(&self) -> Digest {
        self.bundle.content_digest()
    }

    /// What the store keeps: the archive that it came from, else one made of it.
    ///
    /// # Errors
    /// When it is more than an archive may hold.
    pub fn blob(&self) -> Result<Blob, BundleError> {
        archived(self.archive.as_ref(), &self.bundle)
    }
}

/// A policy.
#[derive(Debug, Clone)]
pub struct PolicyMaterial {
    /// Its bundle.
    pub bundle: Arc<PolicyBundle>,
    /// The archive that it was restored from.
    pub archive: Option<Arc<[u8]>>,
    /// The rules, ready to be asked.
    pub policy: Arc<Policy>,
}

impl PolicyMaterial {
    /// What identity means: the content digest.
    pub fn identity(&self) -> Digest {
        self.bundle.content_digest()
    }

    /// What the store keeps: the archive that it came from, else one made of it.
    ///
    /// # Errors
    /// When it is more than an archive may hold.
    pub fn blob(&self) -> Result<Blob, BundleError> {
        archived(self.archive.as_ref(), &self.bundle)
    }
}

/// The archive that a bundle came from, else one made of it.
fn archived<K: Kind>(archive: Option<&Arc<[u8]>>, bundle: &Bundle<K>) -> Result<Blob, BundleError> {
    match archive {
        Some(archive) => Ok(Blob::new(archive.clone())),
        None => Ok(Blob::new(bundle.pack()?.bytes)),
    }
}

/// The records of a bundle as pairs of path and bytes.
pub fn pairs<'a>(records: impl Iterator<Item = Record<'a>>) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    records.map(|record| (record.path.as_str(), record.bytes))
}

/// The program that scans.
#[derive(Debug, Clone)]
pub enum ScannerMaterial {
    /// The scanner inside this program.
    BuiltIn,
    /// The scanner inside another stella: it runs in the sandbox, and this program judges it.
    Stella {
        /// Where that program lies.
        path: PathBuf,
        /// Its digest.
        digest: Digest,
    },
    /// One executable file on this machine, checked against its digest when it is used.
    Binary {
        /// Its file name.
        name: String,
        /// Where it lies.
        path: PathBuf,
        /// Its digest.
        digest: Digest,
    },
    /// A directory with everything the scanner needs.
    Tree(Tree),
    /// All that a run of the scanner read of its machine, unpacked: the scanner, and the system that it ran on.
    Closure(ClosureMaterial),
}

/// The closure of a recorded run, unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosureMaterial {
    /// The digest of its listing.
    pub digest: Digest,
    /// What `{scanner}` stands for.
    pub scanner: String,
    /// Its files.
    pub unpacked: Unpacked,
}

/// The identity of the built-in scanner: the digest of its source, made when this program was built.
pub fn builtin_digest() -> Digest {
    const TEXT: &str = env!("STELLA_BUILTIN_DIGEST");
    // The build script wrote it; a text that is not a digest would still name this build and no other.
    TEXT.parse().unwrap_or_else(|_| Digest::of(TEXT.as_bytes()))
}

impl ScannerMaterial {
    /// Whether it is a built-in scanner, this program's or another's: its command and its artifacts are fixed.
    pub fn is_builtin(&self) -> bool {
        matches!(self, Self::BuiltIn | Self::Stella { .. })
    }

    /// What identity means: the digest of its source, of its file, of its directory's content, or of its closure's listing.
    pub fn identity(&self) -> Digest {
        match self {
            Self::BuiltIn => builtin_digest(),
            Self::Stella { digest, .. } | Self::Binary { digest, .. } => *digest,
            Self::Tree(tree) => tree.digest(),
            Self::Closure(closure) => closure.digest,
        }
    }
}
