//! The bundle itself: built from a directory, or read and checked.

use std::path::Path;

use crate::archive::{self, Content, Entry, EntryPath, Item, Limits, Node, Packed, dir};
use crate::bundle::listed::error::{BundleError, foreign};
use crate::bundle::listed::kind::Kind;
use crate::bundle::listed::manifest::{self, Manifest};
use crate::bundle::listed::record::Record;
use crate::host::fs;
use crate::model::digest::Digest;
use crate::model::limits::MAX_BUNDLE_BYTES;

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

/// How a zstd frame begins (RFC 8878 §3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

impl<K: Kind> Bundle<K> {
    /// Builds the bundle of all files below `root`: every regular file is a record, none is skipped.
    ///
    /// # Errors
    /// [`BundleError::Foreign`] for a symbolic link, else as [`dir::entries`].
    pub fn build(root: &Path, origin: K::Origin) -> Result<Self, BundleError> {
        Self::from_records(plain_files::<K>(dir::entries(root, &Limits::default())?)?, origin)
    }

    /// Builds the bundle of records in memory, given as pairs of path and bytes.
    ///
    /// # Errors
    /// [`BundleError`] for a path that cannot be in an archive.
    pub fn of_records<'a>(
        records: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        origin: K::Origin,
    ) -> Result<Self, BundleError> {
        let record = |(path, bytes): (&str, &[u8])| {
            let node = Node::File { content: Content::Bytes(bytes.to_vec()), executable: false };
            Ok((parse(path)?, node))
        };
        Self::from_records(records.into_iter().map(record).collect::<Result<_, BundleError>>()?, origin)
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
            let archive = fs::read(path, MAX_BUNDLE_BYTES)?;
            if !archive.starts_with(&ZSTD_MAGIC) {
                return Err(BundleError::NotAnArchive { kind: K::NAME });
            }
            return Self::verify(&archive)?.check_name(path);
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
    /// [`BundleError::Archive`] when the archive would go beyond the limits.
    pub fn pack(&self) -> Result<Packed, BundleError> {
        Ok(archive::pack_items(items::<K>(&self.manifest_node, &self.records)?, &Limits::default())?)
    }

    /// Writes the records, without the manifest, as the directory `to`, which must not exist yet.
    ///
    /// # Errors
    /// As [`archive::restore`].
    pub fn restore_records(&self, to: &Path) -> Result<(), BundleError> {
        let items = self.records.iter().map(|(path, node)| (path.clone(), node)).collect();
        Ok(archive::restore_items(items, to, None, &Limits::default())?)
    }

    fn from_records(mut records: Vec<(EntryPath, Node)>, origin: K::Origin) -> Result<Self, BundleError> {
        records.sort_by(|a, b| a.0.cmp(&b.0));
        let manifest = Manifest::of::<K>(each(&records), origin);
        let bytes = manifest.write::<K>()?;
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
        let manifest = manifest::read::<K>(&manifest_bytes)?;
        records.sort_by(|a, b| a.0.cmp(&b.0));
        manifest::check::<K>(&manifest.files, each(&records))?;
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

fn parse(name: &str) -> Result<EntryPath, BundleError> {
    name.parse().map_err(|source| BundleError::Path { path: name.to_owned(), source })
}

fn below(path: &EntryPath, root: &EntryPath) -> Result<EntryPath, BundleError> {
    path.below(root).map_err(|source| BundleError::Path { path: path.to_string(), source })
}
