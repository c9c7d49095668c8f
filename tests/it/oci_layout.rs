//! Image layouts for tests: small, and the same bytes every time.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use stella::model::digest::Digest;
use tar::{Builder, EntryType, Header};

/// Blobs, and the images that are made of them.
#[derive(Default)]
pub struct Layout {
    pub blobs: BTreeMap<Digest, Vec<u8>>,
    pub manifests: Vec<Value>,
}

/// A layer of files and, where the text begins with `->`, symbolic links.
pub fn layer(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_mtime(0);
        match text.strip_prefix("->") {
            Some(target) => {
                header.set_entry_type(EntryType::Symlink);
                header.set_size(0);
                tar.append_link(&mut header, path, target).unwrap();
            }
            None => {
                header.set_size(text.len() as u64);
                tar.append_data(&mut header, path, text.as_bytes()).unwrap();
            }
        }
    }
    tar.into_inner().unwrap()
}

impl Layout {
    pub fn put(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let digest = Digest::of(&bytes);
        let descriptor = json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() });
        self.blobs.insert(digest, bytes);
        descriptor
    }

    /// Adds an image of these layers; tells its digest.
    pub fn image(&mut self, architecture: &str, layers: &[Vec<u8>]) -> Digest {
        let diff_ids: Vec<Digest> = layers.iter().map(|tar| Digest::of(tar)).collect();
        let config = json!({
            "os": "linux", "architecture": architecture,
            "config": { "Env": ["PATH=/usr/bin"], "Cmd": ["sh", "-c", "exit"] },
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
        });
        let config = self.put("application/vnd.oci.image.config.v1+json", config.to_string().into_bytes());
        let pack = |tar: &Vec<u8>| zstd::encode_all(&tar[..], 3).unwrap();
        let layers: Vec<_> =
            layers.iter().map(|tar| self.put("application/vnd.oci.image.layer.v1.tar+zstd", pack(tar))).collect();
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({ "schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers });
        let mut descriptor = self.put(kind, manifest.to_string().into_bytes());
        descriptor["platform"] = json!({ "os": "linux", "architecture": architecture });
        self.manifests.push(descriptor.clone());
        descriptor["digest"].as_str().unwrap().parse().unwrap()
    }

    /// The index of all its images.
    pub fn index(&self) -> Value {
        let kind = "application/vnd.oci.image.index.v1+json";
        json!({ "schemaVersion": 2, "mediaType": kind, "manifests": self.manifests })
    }

    /// Writes it as a folder.
    pub fn write(&self, root: &Path) {
        std::fs::create_dir_all(root.join("blobs/sha256")).unwrap();
        std::fs::write(root.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        std::fs::write(root.join("index.json"), self.index().to_string()).unwrap();
        for (digest, bytes) in &self.blobs {
            std::fs::write(root.join("blobs/sha256").join(digest.hex()), bytes).unwrap();
        }
    }
}
