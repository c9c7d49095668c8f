//! Images as inputs: taken from a layout or a registry into the store, and shown to a scanner as it wants them.
//!
//! Invariants: everything that an image is made of is in the store before it is used, and is found there again by digest;
//! the identity is the digest of its manifest. Where it came from is only told.

use std::path::{Path, PathBuf};

use crate::format::detect::inventory;
use crate::host::fs::{self, FsError, Kind};
use crate::job::material::image::{ImageMaterial, NamedFile, blobs_of};
use crate::job::material::{InputMaterial, MaterialError};
use crate::model::digest::Digest;
use crate::model::limits::{MAX_BLOB_BYTES, MAX_BUNDLE_UNPACKED_BYTES, MAX_DOCUMENT_BYTES, MAX_IMAGE_ENTRIES};
use crate::oci::{self, BlobProblem, Blobs, Descriptor, Image, ImageError, ImageName, Layout, Platform, Wanted};
use crate::rootfs::{RootfsError, sound_rootfs};
use crate::store::blob::{BlobSource, BlobStore, StoreError};
use crate::workspace::context::Context;

/// Takes an image into the store and unpacks it.
///
/// # Errors
/// When the image is not whole, cannot be unpacked, or the store cannot be written.
pub fn take(
    image: Image,
    name: Option<ImageName>,
    from: &dyn Blobs,
    context: &Context,
) -> Result<ImageMaterial, RootfsError> {
    for descriptor in image.blobs() {
        keep(descriptor, from, context)?;
    }
    kept(image, name, context)
}

/// The image whose manifest has `digest`, from the stores; `None` where not even the manifest is there.
///
/// # Errors
/// When a part of it is gone or damaged, or it cannot be unpacked.
pub fn restore(
    digest: Digest,
    name: Option<ImageName>,
    context: &Context,
) -> Result<Option<ImageMaterial>, RootfsError> {
    if !context.blobs.contains(&digest)? {
        return Ok(None);
    }
    let image = Image::by_digest(&blobs_of(&context.blobs), digest, None)?;
    kept(image, name, context).map(Some)
}

fn kept(image: Image, name: Option<ImageName>, context: &Context) -> Result<ImageMaterial, RootfsError> {
    let gone = |digest: Digest| StoreError::Gone { digest, looked_in: context.blobs.looked_in() };
    let manifest = context.blobs.get(&image.digest())?.ok_or_else(|| gone(image.digest()))?;
    let rootfs = sound_rootfs(&image, &blobs_of(&context.blobs), &cache(context))?;
    let files = inventories(&rootfs.path)?;
    Ok(ImageMaterial { image, name, manifest: manifest.into(), rootfs, files, blobs: context.blobs.clone() })
}

/// Where root filesystems are kept: beside the blobs that they are made of. Absolute, for they are mounted.
pub fn cache(context: &Context) -> PathBuf {
    let cache = context.local.root().join("rootfs");
    std::path::absolute(&cache).unwrap_or(cache)
}

/// Puts one blob into the store, checked while it is copied.
fn keep(descriptor: &Descriptor, from: &dyn Blobs, context: &Context) -> Result<(), RootfsError> {
    if context.local.holds(&descriptor.digest)? {
        return Ok(());
    }
    let staged = fs::StagedDir::beside(&context.local.root().join("tmp/blob"))?;
    let path = staged.path().join("blob");
    oci::copy_blob(from, descriptor, &path)?;
    context.local.put_file(&path)?;
    Ok(())
}

/// What is to be scanned: a file, a directory, or an image.
#[derive(Debug, Clone, Default)]
pub struct InputOptions<'a> {
    /// What is not a part of a directory.
    pub without: &'a [PathBuf],
    /// Whether `.git` is a part of a directory.
    pub with_git: bool,
    /// The platform of an image.
    pub platform: Option<Platform>,
}

/// Reads an input: an image where `given` is an image layout or names an image, else a file or a directory.
///
/// `LAYOUT@sha256:…` picks one of several images of a layout.
///
/// # Errors
/// When it cannot be read, or is not what it is given for.
pub fn input(given: &Path, asked: &InputOptions<'_>, context: &Context) -> Result<InputMaterial, MaterialError> {
    match material(given, asked.platform.clone(), context)? {
        Some(image) => Ok(InputMaterial::Image(Box::new(image))),
        None if asked.with_git => InputMaterial::read_with_git(given, asked.without),
        None => InputMaterial::read(given, asked.without),
    }
}

/// Takes what is an image into the store; `None` for what is a file or a directory as any other.
///
/// # Errors
/// When it is an image that cannot be had, or cannot be unpacked.
pub fn material(
    given: &Path,
    platform: Option<Platform>,
    context: &Context,
) -> Result<Option<ImageMaterial>, MaterialError> {
    let Some(opened) = open(given, platform, context)? else { return Ok(None) };
    let failed = |source| MaterialError::Image { what: given.display().to_string(), source };
    for index in &opened.indexes {
        keep(index, &*opened.blobs, context).map_err(failed)?;
    }
    let Opened { image, name, blobs, .. } = opened;
    take(image, name, &*blobs, context).map(Some).map_err(failed)
}

/// An image and where its blobs are.
pub struct Opened {
    /// The image.
    pub image: Image,
    /// Its name in a registry.
    pub name: Option<ImageName>,
    /// Its blobs.
    pub blobs: Box<dyn Blobs>,
    /// What its name stands for where that is not an image itself: kept, so that the name is known next time.
    indexes: Vec<Descriptor>,
}

/// Opens what is an image; `None` for what is a file or a directory as any other. Its layers are not read.
///
/// # Errors
/// When it is an image that cannot be had.
pub fn open(given: &Path, platform: Option<Platform>, context: &Context) -> Result<Option<Opened>, MaterialError> {
    let unusable = |source| MaterialError::Image { what: given.display().to_string(), source };
    let failed = |error: ImageError| unusable(error.into());
    let text = given.to_string_lossy();
    let (path, digest) = match text.rsplit_once('@').and_then(|(path, digest)| Some((path, digest.parse().ok()?))) {
        Some((path, digest)) if !given.exists() => (Path::new(path).to_owned(), Some(digest)),
        _ => (given.to_owned(), None),
    };
    if path.exists() {
        if digest.is_none() && !Layout::is_one(&path) {
            return Ok(None);
        }
        let layout = Layout::open(&path).map_err(failed)?;
        let image = Image::resolve(&layout, layout.index(), &Wanted { digest, platform }).map_err(failed)?;
        return Ok(Some(Opened { image, name: None, blobs: Box::new(layout), indexes: Vec::new() }));
    }
    if !ImageName::is_meant_by(&text) {
        return Ok(None);
    }
    let name: ImageName = text.parse().map_err(MaterialError::ImageName)?;
    if let Some(opened) = known(&name, platform.clone(), context).map_err(unusable)? {
        return Ok(Some(opened));
    }
    fetch(name, platform).map(Some)
}

/// An image that is in the store already: its digest says all, and no registry is asked.
fn known(name: &ImageName, platform: Option<Platform>, context: &Context) -> Result<Option<Opened>, RootfsError> {
    let Some(digest) = name.digest() else { return Ok(None) };
    if !context.blobs.contains(&digest)? {
        return Ok(None);
    }
    let blobs = blobs_of(&context.blobs);
    match Image::by_digest(&blobs, digest, platform) {
        Ok(image) => Ok(Some(Opened { image, name: Some(name.clone()), blobs: Box::new(blobs), indexes: Vec::new() })),
        // An index of which another image was taken.
        Err(ImageError::Blob { problem: BlobProblem::Gone, .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(feature = "registry"))]
fn fetch(name: ImageName, _: Option<Platform>) -> Result<Opened, MaterialError> {
    Err(MaterialError::NoRegistry(name.to_string()))
}

#[cfg(feature = "registry")]
fn fetch(name: ImageName, platform: Option<Platform>) -> Result<Opened, MaterialError> {
    use crate::oci::Registry;
    let failed = |error: ImageError| MaterialError::Image { what: name.to_string(), source: error.into() };
    let registry = Registry::connect(&name).map_err(|error| failed(error.into()))?;
    let root = registry.root().map_err(failed)?;
    let roots = std::slice::from_ref(&root);
    let image = Image::resolve(&registry, roots, &Wanted { digest: None, platform }).map_err(failed)?;
    let indexes = if root.digest == image.digest() { Vec::new() } else { vec![root] };
    Ok(Opened { image, name: Some(name), blobs: Box::new(registry), indexes })
}

/// Files of a root filesystem that list packages, or say what the system is: the built-in scanner reads no others.
fn inventories(root: &Path) -> Result<Vec<NamedFile>, FsError> {
    let mut found = Vec::new();
    let mut total = 0;
    for item in fs::walk(root, MAX_IMAGE_ENTRIES)? {
        let Kind::File { size, .. } = item.kind else { continue };
        let Some(path) = item.relative.to_str().filter(|path| lists_packages(path)) else { continue };
        total += size;
        if size > MAX_DOCUMENT_BYTES || total > MAX_BUNDLE_UNPACKED_BYTES {
            let limit = MAX_DOCUMENT_BYTES;
            return Err(FsError::TooLarge { path: root.join(&item.relative), limit });
        }
        found.push((path.to_owned(), fs::read(&root.join(&item.relative), MAX_BLOB_BYTES)?.into()));
    }
    Ok(found)
}

fn lists_packages(path: &str) -> bool {
    inventory::is_in_root(path) || path.rsplit('/').next() == Some("os-release")
}
