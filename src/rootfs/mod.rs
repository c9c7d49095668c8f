//! Root filesystems: the layers of an image put upon each other in a folder, kept by the digest of its manifest.
//!
//! Nothing is ever written outside that folder, and it appears only when it is whole. What is refused is refused by name
//! ([`RootfsError`]), what cannot be kept without privileges is counted in [`Notes`]. Unpacking needs no privileges; everything
//! belongs to who unpacks it.
//!
//! `<cache>/sha256/ab/<hex of the manifest's digest>/` holds `root/` and `rootfs.json`, which says what the content was.

mod content;
mod disk;
mod error;
mod layer;
mod tree;
mod unpack;

#[cfg(test)]
mod crash;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod layouts;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::host::fs;
use crate::model::digest::Digest;
use crate::model::limits::{MAX_CONFIG_BYTES, MAX_IMAGE_ENTRIES};
use crate::oci::{Blobs, Image, RunConfig};

pub use error::RootfsError;
pub use layer::{LayerError, LayerProblem, Notes};

const RECORD: &str = "rootfs.json";
const SCHEMA: &str = "stella.rootfs/1";
/// What is half unpacked for longer than this was left by a process that was killed.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// An unpacked image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootFs {
    /// The folder that is `/`.
    pub path: PathBuf,
    /// The image's digest.
    pub image: Digest,
    /// The digest over paths, types, modes, link targets and contents: what a program that runs in it depends on.
    pub content: Digest,
    /// How the image wants to be run.
    pub run: RunConfig,
    /// What of the image was not kept.
    pub notes: Notes,
}

/// What stands beside the folder.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    schema: String,
    image: Digest,
    content: Digest,
    notes: Notes,
}

/// Unpacks `image` into `cache`, or finds it there.
///
/// What is found is taken for what it was: [`RootFs::check`] holds it against its digest. Two processes may unpack the
/// same image at once; the first one's folder is used by both.
///
/// # Errors
/// [`RootfsError`]; nothing is then left in `cache`.
pub fn rootfs(image: &Image, blobs: &dyn Blobs, cache: &Path) -> Result<RootFs, RootfsError> {
    let hex = image.digest().hex();
    let folder = cache.join("sha256").join(&hex[..2]).join(&hex);
    if let Some(found) = find(image, &folder)? {
        return Ok(found);
    }
    // A folder without its record is none that was made here.
    fs::remove_dir_if_present(&folder)?;
    let staged = fs::StagedDir::beside(&folder)?;
    if let Some(shard) = folder.parent() {
        fs::sweep(shard, ABANDONED)?;
    }
    let root = staged.path().join("root");
    let (content, notes) = unpack::unpack(image, blobs, &root)?;
    let record = Record { schema: SCHEMA.to_owned(), image: image.digest(), content, notes };
    let text = serde_json::json!(record).to_string();
    fs::write_atomic(&staged.path().join(RECORD), text.as_bytes())?;
    staged.flush()?;
    match staged.publish(&folder) {
        Ok(()) => {}
        // Another process was faster.
        Err(error) => match find(image, &folder)? {
            Some(found) => return Ok(found),
            None => return Err(error.into()),
        },
    }
    Ok(RootFs { path: folder.join("root"), image: image.digest(), content, run: image.run_config().clone(), notes })
}

/// As [`rootfs`], and holds what it finds against its digest: one that was changed is unpacked again.
///
/// # Errors
/// As [`rootfs`].
pub fn sound_rootfs(image: &Image, blobs: &dyn Blobs, cache: &Path) -> Result<RootFs, RootfsError> {
    let found = rootfs(image, blobs, cache)?;
    match found.check() {
        Ok(()) => return Ok(found),
        Err(RootfsError::Changed { .. } | RootfsError::Io(_)) => {}
        Err(error) => return Err(error),
    }
    // Not the folder, whose other entry would still call it whole, but that entry first.
    if let Some(folder) = found.path.parent() {
        fs::remove_file_if_present(&folder.join(RECORD))?;
    }
    rootfs(image, blobs, cache)
}

fn find(image: &Image, folder: &Path) -> Result<Option<RootFs>, RootfsError> {
    let Some(bytes) = fs::read_if_present(&folder.join(RECORD), MAX_CONFIG_BYTES)? else { return Ok(None) };
    let record = serde_json::from_slice::<Record>(&bytes).ok();
    let ours = |record: &Record| record.schema == SCHEMA && record.image == image.digest();
    let run = image.run_config().clone();
    Ok(record.filter(ours).map(|Record { image, content, notes, .. }| RootFs {
        path: folder.join("root"),
        image,
        content,
        run,
        notes,
    }))
}

impl RootFs {
    /// Holds what is there now against the digest of what was unpacked.
    ///
    /// # Errors
    /// [`RootfsError::Changed`], or [`RootfsError::Io`] for what cannot be read.
    pub fn check(&self) -> Result<(), RootfsError> {
        let found = content::of_folder(&self.path, MAX_IMAGE_ENTRIES)?;
        let expected = self.content;
        if found == expected {
            return Ok(());
        }
        Err(RootfsError::Changed { path: self.path.clone(), expected, found })
    }
}
