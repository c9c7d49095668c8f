//! An image as an input: its manifest, its unpacked root file system, and the files in it that list packages.
//!
//! Invariant: every blob of it is in the store. Absent: how it gets there (`workspace/image`).

use std::path::Path;
use std::sync::Arc;

use crate::archive::ArchiveError;
use crate::archive::tree::Tree;
use crate::job::material::blob::Blob;
use crate::oci::{self, Image, ImageError, ImageName};
use crate::rootfs::RootFs;
use crate::store::blob::{LayeredStore, StoreBlobs};

/// A file with its path.
pub type NamedFile = (String, Arc<[u8]>);

/// An image whose every blob is in the store, unpacked.
#[derive(Debug, Clone)]
pub struct ImageMaterial {
    /// The image.
    pub image: Image,
    /// Its name in a registry.
    pub name: Option<ImageName>,
    /// The bytes of its manifest.
    pub manifest: Arc<[u8]>,
    /// Its files, unpacked.
    pub rootfs: RootFs,
    /// What the built-in scanner reads of it.
    pub files: Vec<NamedFile>,
    /// Where its blobs are.
    pub blobs: LayeredStore,
}

impl ImageMaterial {
    /// The image.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// Its root filesystem.
    pub fn rootfs(&self) -> &RootFs {
        &self.rootfs
    }

    /// How it is called in a manifest: its name where it has one, and always its digest.
    pub fn reference(&self) -> String {
        let digest = self.image.digest();
        self.name.as_ref().map_or_else(|| digest.to_string(), |name| name.at(digest).to_string())
    }

    /// Its manifest as a blob.
    pub fn blob(&self) -> Blob {
        Blob { bytes: self.manifest.clone(), digest: self.image.digest() }
    }

    /// Lockfiles, package databases and SBOMs in it, with their paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), &**bytes))
    }

    /// Writes it as an OCI image layout.
    ///
    /// # Errors
    /// When a blob of it is gone or damaged, or a file cannot be written.
    pub fn write_layout(&self, to: &Path) -> Result<(), ImageError> {
        oci::write_layout(&self.image, &blobs_of(&self.blobs), to)
    }

    /// Writes what the built-in scanner reads of it.
    ///
    /// # Errors
    /// When two of its paths contradict each other, or a file cannot be written.
    pub fn write_files(&self, to: &Path) -> Result<(), ArchiveError> {
        let files = self.files.iter().map(|(path, bytes)| (path.clone(), bytes.to_vec())).collect();
        Tree::of_files(files)?.restore(to)
    }
}

/// The blobs of images in `store`.
pub fn blobs_of(store: &LayeredStore) -> StoreBlobs {
    StoreBlobs { store: Arc::new(store.clone()), scratch: store.local().root().join("tmp") }
}
