//! Images that are kept in a store: their blobs as [`crate::oci`] reads them.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use crate::host::fs;
use crate::model::digest::Digest;
use crate::oci::{Blobs, ImageError};
use crate::store::blob::error::StoreError;
use crate::store::blob::source::BlobSource;

/// The blobs of a store. They are unpacked into `scratch` while they are read.
#[derive(Clone)]
pub struct StoreBlobs {
    /// The store.
    pub store: Arc<dyn BlobSource>,
    /// A folder for temporary files.
    pub scratch: PathBuf,
}

impl Blobs for StoreBlobs {
    fn open(&self, digest: &Digest) -> Result<Option<Box<dyn Read>>, ImageError> {
        let failed = |error| match error {
            StoreError::Io(error) => ImageError::Io(error),
            error => ImageError::Source(Box::new(error)),
        };
        let staged = fs::StagedDir::beside(&self.scratch.join("blob"))?;
        let path = staged.path().join("blob");
        if !self.store.get_to_file(digest, &path).map_err(failed)? {
            return Ok(None);
        }
        // The open file outlives its name.
        Ok(Some(Box::new(fs::open(&path).map(|(file, _)| file)?) as Box<dyn Read>))
    }
}
