//! Images made by hand, byte by byte, for tests.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use serde_json::{Value, json};
use tar::{EntryType, Header};

use crate::model::digest::Digest;
use crate::oci::blobs::Blobs;
use crate::oci::descriptor::{DOCKER_CONFIG, DOCKER_MANIFEST, OCI_INDEX};
pub(crate) use crate::oci::descriptor::{OCI_CONFIG, OCI_MANIFEST};
use crate::oci::error::ImageError;
use crate::oci::layout::Layout;
use crate::oci::resolve::{Image, Wanted};

pub(crate) const MTIME: u64 = 1_000_000_000;

/// A header that says exactly what it is told to say, and its data.
pub(crate) fn entry(kind: EntryType, path: &[u8], link: &[u8], mode: u32, data: &[u8]) -> Vec<u8> {
    let head = header(kind, path, link, mode, data.len() as u64);
    let padding = vec![0; data.len().next_multiple_of(512) - data.len()];
    [&head[..], data, &padding].concat()
}

pub(crate) fn header(kind: EntryType, path: &[u8], link: &[u8], mode: u32, size: u64) -> Vec<u8> {
    let mut header = Header::new_ustar();
    let fields = header.as_ustar_mut().unwrap();
    fields.name[..path.len()].copy_from_slice(path);
    fields.linkname[..link.len()].copy_from_slice(link);
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(MTIME);
    header.set_size(size);
    header.set_cksum();
    header.as_bytes().to_vec()
}

pub(crate) fn file(path: &str, data: &str) -> Vec<u8> {
    entry(EntryType::Regular, path.as_bytes(), b"", 0o644, data.as_bytes())
}

pub(crate) fn directory(path: &str) -> Vec<u8> {
    entry(EntryType::Directory, path.as_bytes(), b"", 0o755, b"")
}

pub(crate) fn symlink(path: &str, target: &str) -> Vec<u8> {
    entry(EntryType::Symlink, path.as_bytes(), target.as_bytes(), 0o777, b"")
}

pub(crate) fn hard_link(path: &str, target: &str) -> Vec<u8> {
    entry(EntryType::Link, path.as_bytes(), target.as_bytes(), 0o644, b"")
}

/// A layer before it is packed.
pub(crate) fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 1024]].concat()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Blobs in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(pub(crate) BTreeMap<Digest, Vec<u8>>);

impl Blobs for Memory {
    fn open(&self, digest: &Digest) -> Result<Option<Box<dyn Read>>, ImageError> {
        Ok(self.0.get(digest).map(|bytes| Box::new(Cursor::new(bytes.clone())) as Box<dyn Read>))
    }
}

impl Memory {
    /// Keeps a blob and describes it.
    pub(crate) fn put(&mut self, media_type: &str, bytes: impl Into<Vec<u8>>) -> Value {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        let descriptor = json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() });
        self.0.insert(digest, bytes);
        descriptor
    }

    /// Keeps the layers (tar streams) as gzip, zstd and plain by turns, and an image of them.
    pub(crate) fn image(&mut self, layers: &[Vec<u8>], architecture: &str) -> Value {
        let packed = layers.iter().enumerate().map(|(at, tar)| match at % 3 {
            0 => ("application/vnd.oci.image.layer.v1.tar+gzip", gzip(tar)),
            1 => ("application/vnd.oci.image.layer.v1.tar+zstd", zstd::encode_all(&tar[..], 1).unwrap()),
            _ => ("application/vnd.oci.image.layer.v1.tar", tar.clone()),
        });
        let packed: Vec<_> = packed.collect();
        let layers: Vec<_> =
            packed.into_iter().zip(layers).map(|((kind, blob), tar)| (kind, blob, tar.clone())).collect();
        self.image_of(layers, architecture)
    }

    pub(crate) fn image_of(&mut self, layers: Vec<(&str, Vec<u8>, Vec<u8>)>, architecture: &str) -> Value {
        let diff_ids: Vec<_> = layers.iter().map(|(_, _, tar)| Digest::of(tar)).collect();
        let docker = layers.iter().any(|(kind, ..)| kind.contains("docker"));
        let config = json!({
            "os": "linux", "architecture": architecture, "created": "2020-01-01T00:00:00Z",
            "config": { "Env": ["PATH=/bin"], "Entrypoint": ["/bin/tool"], "WorkingDir": "/srv" },
            "rootfs": { "type": "layers", "diff_ids": diff_ids }, "history": [],
        });
        let kinds = if docker { (DOCKER_CONFIG, DOCKER_MANIFEST) } else { (OCI_CONFIG, OCI_MANIFEST) };
        let config = self.put(kinds.0, config.to_string());
        let layers: Vec<_> = layers.into_iter().map(|(kind, blob, _)| self.put(kind, blob)).collect();
        let manifest = json!({ "schemaVersion": 2, "mediaType": kinds.1, "config": config, "layers": layers });
        self.put(kinds.1, manifest.to_string())
    }

    pub(crate) fn index(&mut self, manifests: &[Value]) -> Value {
        self.put(OCI_INDEX, json!({ "schemaVersion": 2, "manifests": manifests }).to_string())
    }

    /// Writes a layout folder.
    pub(crate) fn layout(&self, root: &Path, manifests: &[Value]) -> Layout {
        for (name, bytes) in self.files(manifests) {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        Layout::open(root).unwrap()
    }

    /// The files of a layout.
    pub(crate) fn files(&self, manifests: &[Value]) -> Vec<(String, Vec<u8>)> {
        let index = json!({ "schemaVersion": 2, "manifests": manifests }).to_string().into_bytes();
        let mut files = vec![
            ("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()),
            ("index.json".to_owned(), index),
        ];
        files.extend(self.0.iter().map(|(digest, bytes)| (format!("blobs/sha256/{}", digest.hex()), bytes.clone())));
        files
    }
}

/// An image of these layers, each a list of entries.
pub(crate) fn image(layers: &[&[Vec<u8>]]) -> (Memory, Image) {
    let mut blobs = Memory::default();
    let tars: Vec<_> = layers.iter().map(|entries| tar(entries)).collect();
    let manifest = blobs.image(&tars, "amd64");
    let image = resolve(&blobs, &[manifest], &Wanted::default()).unwrap();
    (blobs, image)
}

pub(crate) fn resolve(blobs: &Memory, manifests: &[Value], wanted: &Wanted) -> Result<Image, ImageError> {
    let roots: Vec<_> = manifests.iter().map(|value| serde_json::from_value(value.clone()).unwrap()).collect();
    Image::resolve(blobs, &roots, wanted)
}
