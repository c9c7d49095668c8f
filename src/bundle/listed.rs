//! Bundles that say what is in them: records below one directory, and a manifest that lists each by digest.
//!
//! Feeds and policies are such bundles; a [`Kind`] says how they are called and what their manifest tells of their
//! origin. A [`Bundle`] exists only when everything listed is there with the right digest and size, and nothing else is.
//!
//! Three digests, each for its own question:
//!
//! | digest | of | same when |
//! |---|---|---|
//! | archive | the archive's bytes | packed by the same release of zstd; it names the file |
//! | content | the uncompressed tar | same records, same stated origin; survives another zstd |
//! | records | the tar of the records alone | a scanner reads the same bytes, whatever is said of their origin |
//!
//! A plain directory is read as the bundle that would be built from it with no origin stated. The manifest is a function
//! of the records and the origin alone (`generated_by` names the rules by which it is written, not the release of the
//! program), so all three digests of a directory equal those of a bundle built from it without origin; with an origin
//! the records digest still does.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bundle::archive::{
    self, ArchiveError, Content, Entry, EntryPath, Item, Limits, Node, Packed, PathError, dir,
};
use crate::host::fs::{self, FsError};
use crate::host::limits::MAX_BUNDLE_BYTES;
use crate::model::digest::Digest;

/// A kind of listed bundle.
pub trait Kind: fmt::Debug + Clone + PartialEq {
    /// What it is called in messages: `feed`, `policy`.
    const NAME: &'static str;
    /// The schema of its manifest.
    const SCHEMA: &'static str;
    /// The name of its manifest, at the root of the archive.
    const MANIFEST: &'static str;
    /// The directory at the root of the archive that holds its records.
    const ROOT: &'static str;
    /// What the manifest tells of where the records come from. The default is to tell nothing.
    type Origin: fmt::Debug + Clone + PartialEq + Default + Serialize + DeserializeOwned;
}

/// Who wrote a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratedBy {
    /// The program.
    pub name: String,
    /// The version of the rules by which it writes bundles.
    pub version: String,
}

/// One record as its manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedFile {
    /// Its path in the archive.
    pub path: String,
    /// The SHA-256 of its bytes.
    pub sha256: Digest,
    /// Its length in bytes.
    pub size: u64,
}

/// The manifest of a bundle. Unknown fields are passed by; a later schema has another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest<O> {
    /// [`Kind::SCHEMA`].
    pub schema: String,
    /// Where the records come from.
    #[serde(flatten)]
    pub origin: O,
    /// Every record, sorted by path.
    pub files: Vec<ListedFile>,
    /// Who wrote this.
    pub generated_by: GeneratedBy,
}

/// One record of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its path below the bundle's root.
    pub path: &'a EntryPath,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// A bundle whose every record is listed and has the digest that is listed for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle<K: Kind> {
    manifest: Manifest<K::Origin>,
    manifest_node: Node,
    /// Sorted by path below the root; each of them a file in memory.
    records: Vec<(EntryPath, Node)>,
    archive: Option<Digest>,
    content: Digest,
    records_digest: Digest,
}

/// Why something is not a bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The archive is refused, or the directory cannot be one.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A file could not be read.
    #[error(transparent)]
    Io(#[from] FsError),
    /// The name of the archive is a digest, but not its own.
    #[error("`{name}` should be the archive {expected}, but is {found}")]
    Name {
        /// The file name.
        name: String,
        /// The digest in its name.
        expected: Digest,
        /// The digest of its bytes.
        found: Digest,
    },
    /// The manifest is missing.
    #[error("the {kind} bundle has no `{manifest}`")]
    NoManifest {
        /// [`Kind::NAME`].
        kind: &'static str,
        /// [`Kind::MANIFEST`].
        manifest: &'static str,
    },
    /// The manifest cannot be read.
    #[error("`{manifest}` is malformed at `{field}`")]
    Manifest {
        /// [`Kind::MANIFEST`].
        manifest: &'static str,
        /// The path of the field.
        field: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The manifest is of another schema.
    #[error("`{manifest}` has the schema `{found}`: expected `{expected}`")]
    Schema {
        /// [`Kind::MANIFEST`].
        manifest: &'static str,
        /// [`Kind::SCHEMA`].
        expected: &'static str,
        /// What it says.
        found: String,
    },
    /// The manifest's list is not sorted, or names a path twice.
    #[error("`{manifest}` lists `{path}` twice or out of order")]
    Order {
        /// [`Kind::MANIFEST`].
        manifest: &'static str,
        /// The path.
        path: String,
    },
    /// A link, or something outside the root.
    #[error("`{path}` has no place in a {kind} bundle: only plain files below `{root}/` have")]
    Foreign {
        /// [`Kind::NAME`].
        kind: &'static str,
        /// [`Kind::ROOT`].
        root: &'static str,
        /// The entry.
        path: String,
    },
    /// A path that gets too long in the archive.
    #[error("`{path}` cannot be in a bundle")]
    Path {
        /// The path.
        path: String,
        /// Why not.
        source: PathError,
    },
    /// A record is listed but not there.
    #[error("`{path}` is listed but missing")]
    Missing {
        /// Its path in the archive.
        path: String,
    },
    /// A record is there but not listed.
    #[error("`{path}` is not listed")]
    Unlisted {
        /// Its path in the archive.
        path: String,
    },
    /// A record is not the one that is listed.
    #[error(
        "`{path}` is not the listed file: expected {expected} ({expected_size} bytes), found {found} ({found_size} bytes)"
    )]
    Digest {
        /// Its path in the archive.
        path: String,
        /// The listed digest.
        expected: Digest,
        /// The listed length.
        expected_size: u64,
        /// The digest of its bytes.
        found: Digest,
        /// Their number.
        found_size: u64,
    },
}

impl<K: Kind> Bundle<K> {
    /// Builds the bundle of all files below `root`: every regular file is a record, none is skipped.
    ///
    /// # Errors
    /// [`BundleError::Foreign`] for a symbolic link, else as [`dir::entries`].
    pub fn build(root: &Path, origin: K::Origin) -> Result<Self, BundleError> {
        Self::from_records(plain_files::<K>(dir::entries(root, &Limits::default())?)?, origin)
    }

    /// Reads an archive.
    ///
    /// # Errors
    /// [`BundleError`] for anything that is not exactly what its manifest lists.
    pub fn verify(archive: &[u8]) -> Result<Self, BundleError> {
        let entries = archive::read(archive, &Limits::default())?;
        Ok(Self { archive: Some(Digest::of(archive)), ..Self::from_entries(entries)? })
    }

    /// Reads an archive, an extracted bundle (a directory with a manifest) or a plain directory of records.
    ///
    /// # Errors
    /// As [`verify`](Self::verify) and [`build`](Self::build); [`BundleError::Name`] when the file is named after
    /// another archive's digest.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        if !fs::is_dir(path) {
            let bundle = Self::verify(&fs::read(path, MAX_BUNDLE_BYTES)?)?;
            return bundle.check_name(path);
        }
        let entries = dir::entries(path, &Limits::default())?;
        if entries.iter().any(|entry| entry.path.as_str() == K::MANIFEST) {
            Self::from_entries(entries)
        } else {
            Self::from_records(plain_files::<K>(entries)?, K::Origin::default())
        }
    }

    /// The records, sorted by path.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        each(&self.records)
    }

    /// The manifest; for a plain directory the one that a bundle of it would have.
    pub fn manifest(&self) -> &Manifest<K::Origin> {
        &self.manifest
    }

    /// The digest of the archive it was read from; `None` where it was a directory.
    pub fn archive_digest(&self) -> Option<Digest> {
        self.archive
    }

    /// The content digest: of the uncompressed deterministic tar, manifest included.
    pub fn content_digest(&self) -> Digest {
        self.content
    }

    /// The digest of what a scanner reads: the content digest of the records alone, relative to the root.
    pub fn records_digest(&self) -> Digest {
        self.records_digest
    }

    /// Packs it; the archive's content digest is [`content_digest`](Self::content_digest).
    ///
    /// # Errors
    /// [`ArchiveError`] when the archive would go beyond the limits.
    pub fn pack(&self) -> Result<Packed, BundleError> {
        Ok(archive::pack_items(items::<K>(&self.manifest_node, &self.records)?, &Limits::default())?)
    }

    /// Writes the records, without the manifest, as the directory `to`, which must not exist yet.
    ///
    /// # Errors
    /// As [`archive::restore`].
    pub fn restore_records(&self, to: &Path) -> Result<(), BundleError> {
        let items = self.records.iter().map(|(path, node)| (path.clone(), node)).collect();
        Ok(archive::restore_items(items, to, &Limits::default())?)
    }

    fn from_records(mut records: Vec<(EntryPath, Node)>, origin: K::Origin) -> Result<Self, BundleError> {
        records.sort_by(|a, b| a.0.cmp(&b.0));
        let manifest = Manifest {
            schema: K::SCHEMA.to_owned(),
            origin,
            files: each(&records).map(|record| listed(K::ROOT, record)).collect(),
            generated_by: GeneratedBy { name: "stella".to_owned(), version: "1".to_owned() },
        };
        let mut bytes = serde_json::to_vec_pretty(&manifest).map_err(malformed::<K>("."))?;
        bytes.push(b'\n');
        Self::finish(manifest, bytes, records)
    }

    fn from_entries(entries: Vec<Entry>) -> Result<Self, BundleError> {
        let root: EntryPath = parse(K::ROOT)?;
        let (mut records, mut manifest_bytes) = (Vec::new(), None);
        for Entry { path, node } in entries {
            match node {
                // On the way to records; an empty one says nothing.
                Node::Directory if path == root || path.strip(&root).is_some() => {}
                Node::File { content, .. } if path.as_str() == K::MANIFEST => {
                    manifest_bytes = Some(content.into_bytes()?);
                }
                Node::File { content, .. } => {
                    let below = path.strip(&root).ok_or_else(|| foreign::<K>(&path))?;
                    records.push((below, plain(content)?));
                }
                _ => return Err(foreign::<K>(&path)),
            }
        }
        let no_manifest = BundleError::NoManifest { kind: K::NAME, manifest: K::MANIFEST };
        let manifest_bytes = manifest_bytes.ok_or(no_manifest)?;
        let manifest = read_manifest::<K>(&manifest_bytes)?;
        records.sort_by(|a, b| a.0.cmp(&b.0));
        check_list::<K>(&manifest.files, &records)?;
        Self::finish(manifest, manifest_bytes, records)
    }

    fn finish(
        manifest: Manifest<K::Origin>,
        manifest_bytes: Vec<u8>,
        records: Vec<(EntryPath, Node)>,
    ) -> Result<Self, BundleError> {
        let limits = Limits::default();
        let manifest_node = plain(Content::Bytes(manifest_bytes))?;
        let content = archive::digest_items(items::<K>(&manifest_node, &records)?, &limits)?;
        let alone = records.iter().map(|(path, node)| (path.clone(), node)).collect();
        let records_digest = archive::digest_items(alone, &limits)?;
        Ok(Self { manifest, manifest_node, records, archive: None, content, records_digest })
    }

    fn check_name(self, path: &Path) -> Result<Self, BundleError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let expected = name.strip_suffix(".tar.zst").and_then(|hex| format!("sha256:{hex}").parse::<Digest>().ok());
        match (expected, self.archive) {
            (Some(expected), Some(found)) if expected != found => Err(BundleError::Name { name, expected, found }),
            _ => Ok(self),
        }
    }
}

fn plain_files<K: Kind>(entries: Vec<Entry>) -> Result<Vec<(EntryPath, Node)>, BundleError> {
    let mut records = Vec::new();
    for Entry { path, node } in entries {
        match node {
            Node::Directory => {}
            Node::File { content, .. } => records.push((path, plain(content)?)),
            Node::Symlink { .. } => return Err(foreign::<K>(&path)),
        }
    }
    Ok(records)
}

/// A record in memory. Exec bits say nothing in a bundle of records, and some file systems set them all.
fn plain(content: Content) -> Result<Node, BundleError> {
    Ok(Node::File { content: Content::Bytes(content.into_bytes()?), executable: false })
}

fn each(records: &[(EntryPath, Node)]) -> impl Iterator<Item = Record<'_>> {
    records.iter().filter_map(|(path, node)| match node {
        Node::File { content: Content::Bytes(bytes), .. } => Some(Record { path, bytes }),
        _ => None,
    })
}

/// All entries of the archive.
fn items<'a, K: Kind>(manifest: &'a Node, records: &'a [(EntryPath, Node)]) -> Result<Vec<Item<'a>>, BundleError> {
    let root = parse(K::ROOT)?;
    let mut items = vec![(parse(K::MANIFEST)?, manifest)];
    for (path, node) in records {
        items.push((below(path, &root)?, node));
    }
    Ok(items)
}

fn listed(root: &str, Record { path, bytes }: Record<'_>) -> ListedFile {
    ListedFile { path: format!("{root}/{path}"), sha256: Digest::of(bytes), size: bytes.len() as u64 }
}

fn read_manifest<K: Kind>(bytes: &[u8]) -> Result<Manifest<K::Origin>, BundleError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let manifest: Manifest<K::Origin> = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        malformed::<K>(&field)(error.into_inner())
    })?;
    reader.end().map_err(malformed::<K>("."))?;
    if manifest.schema != K::SCHEMA {
        return Err(BundleError::Schema { manifest: K::MANIFEST, expected: K::SCHEMA, found: manifest.schema });
    }
    Ok(manifest)
}

/// Every record is listed as it is, every listed one is there, and none twice.
fn check_list<K: Kind>(files: &[ListedFile], records: &[(EntryPath, Node)]) -> Result<(), BundleError> {
    if let Some(pair) = files.windows(2).find(|pair| pair[0].path >= pair[1].path) {
        return Err(BundleError::Order { manifest: K::MANIFEST, path: pair[1].path.clone() });
    }
    let mut expected: BTreeMap<&str, &ListedFile> = files.iter().map(|file| (file.path.as_str(), file)).collect();
    for record in each(records) {
        let found = listed(K::ROOT, record);
        let Some(file) = expected.remove(found.path.as_str()) else {
            return Err(BundleError::Unlisted { path: found.path });
        };
        if *file != found {
            return Err(BundleError::Digest {
                path: found.path,
                expected: file.sha256,
                expected_size: file.size,
                found: found.sha256,
                found_size: found.size,
            });
        }
    }
    match expected.into_keys().next() {
        Some(path) => Err(BundleError::Missing { path: path.to_owned() }),
        None => Ok(()),
    }
}

fn malformed<K: Kind>(field: &str) -> impl FnOnce(serde_json::Error) -> BundleError {
    let field = field.to_owned();
    move |source| BundleError::Manifest { manifest: K::MANIFEST, field, source }
}

fn foreign<K: Kind>(path: &EntryPath) -> BundleError {
    BundleError::Foreign { kind: K::NAME, root: K::ROOT, path: path.to_string() }
}

fn parse(name: &str) -> Result<EntryPath, BundleError> {
    name.parse().map_err(|source| BundleError::Path { path: name.to_owned(), source })
}

fn below(path: &EntryPath, root: &EntryPath) -> Result<EntryPath, BundleError> {
    path.below(root).map_err(|source| BundleError::Path { path: path.to_string(), source })
}
