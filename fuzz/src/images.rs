//! OCI images: the input as an index or manifest, as the configuration of an image, as its layer in each encoding, and as
//! a layout in an archive.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use serde_json::{Value, json};
use stella::host::compress;
use stella::model::digest::Digest;
use stella::oci::{Blobs, Image, ImageError, Layout};
use stella::rootfs::rootfs;

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

#[derive(Default)]
struct Memory(BTreeMap<Digest, Vec<u8>>);

impl Blobs for Memory {
    fn open(&self, digest: &Digest) -> Result<Option<Box<dyn Read>>, ImageError> {
        Ok(self.0.get(digest).map(|bytes| Box::new(Cursor::new(bytes.clone())) as Box<dyn Read>))
    }
}

impl Memory {
    fn put(&mut self, kind: &str, bytes: &[u8]) -> Value {
        let digest = Digest::of(bytes);
        self.0.insert(digest, bytes.to_vec());
        json!({ "mediaType": kind, "digest": digest, "size": bytes.len() })
    }

    /// An image with these descriptors; its digest.
    fn image(&mut self, config: &Value, layers: &[Value]) -> Digest {
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({ "schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers }).to_string();
        self.put(kind, manifest.as_bytes());
        Digest::of(manifest.as_bytes())
    }
}

/// One run of the target.
pub fn run(input: &[u8]) {
    let mut blobs = Memory::default();
    let config = blobs.put("application/vnd.oci.image.config.v1+json", input);
    let _ = Image::by_digest(&blobs, Digest::of(input), None);
    let image = blobs.image(&config, &[]);
    let _ = Image::by_digest(&blobs, image, None);

    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let file = folder.path().join("layout.tar");
    std::fs::write(&file, input).expect("a file in it");
    if Layout::is_one(&file)
        && let Ok(layout) = Layout::open(&file)
    {
        let _ = Image::resolve(&layout, layout.index(), &Default::default());
    }

    let zstd = compress::pack(input, 1).expect("memory does not fail");
    for (encoding, packed) in [("", input), ("+gzip", input), ("+zstd", input), ("+zstd", &zstd)] {
        layer(&format!("{LAYER}{encoding}"), packed, Digest::of(input));
    }
}

/// Unpacks an image that has it twice, and holds what is on disk against its digest.
fn layer(kind: &str, packed: &[u8], diff_id: Digest) {
    let mut blobs = Memory::default();
    let layer = blobs.put(kind, packed);
    let root = json!({ "type": "layers", "diff_ids": [diff_id, diff_id] });
    let config = json!({ "os": "linux", "architecture": "amd64", "rootfs": root }).to_string();
    let config = blobs.put("application/vnd.oci.image.config.v1+json", config.as_bytes());
    let digest = blobs.image(&config, &[layer.clone(), layer]);
    let image = Image::by_digest(&blobs, digest, None).expect("we made it");
    let cache = tempfile::tempdir().expect("a folder for temporary files");
    let unpacked = rootfs(&image, &blobs, cache.path());
    if let Ok(found) = &unpacked {
        found.check().expect("nobody changed it");
    }
}
