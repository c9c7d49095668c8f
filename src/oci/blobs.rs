//! Blobs of images: where they are, and their check while they are read.

use std::cell::Cell;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use crate::host::fs;
use crate::model::digest::Digest;
use crate::oci::descriptor::Descriptor;
use crate::oci::error::{BlobProblem, ImageError};

/// Somewhere the blobs of an image can be read from.
pub trait Blobs {
    /// Opens a blob. Its bytes need not be checked; `None` where it is not here.
    ///
    /// # Errors
    /// [`ImageError`] when it is here and cannot be opened.
    fn open(&self, digest: &Digest) -> Result<Option<Box<dyn Read>>, ImageError>;
}

/// A whole small blob, checked.
pub(crate) fn read(blobs: &dyn Blobs, descriptor: &Descriptor, limit: u64) -> Result<Vec<u8>, ImageError> {
    let (mut checked, _) = Checked::open(blobs, descriptor, limit)?;
    let mut bytes = Vec::new();
    match checked.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(problem(error, descriptor.digest)),
    }
}

/// Takes back what [`Checked`] had to hide in an [`io::Error`].
pub(crate) fn problem(error: io::Error, digest: Digest) -> ImageError {
    match error.downcast::<BlobProblem>() {
        Ok(problem) => problem.of(digest),
        Err(error) => fs::FsError::reading("read blob", Path::new(&digest.to_string()))(error).into(),
    }
}

/// Whether a blob was read to its end and is what it is called.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proof(Rc<Cell<bool>>);

impl Proof {
    pub(crate) fn holds(&self) -> bool {
        self.0.get()
    }
}

/// Reads a blob and checks digest and size at its end: a read that returns 0 means that they are right.
pub(crate) struct Checked {
    inner: Box<dyn Read>,
    hash: Sha256,
    bytes: u64,
    size: u64,
    digest: Digest,
    proof: Proof,
}

impl Checked {
    pub(crate) fn open(blobs: &dyn Blobs, descriptor: &Descriptor, limit: u64) -> Result<(Self, Proof), ImageError> {
        let Descriptor { digest, size, .. } = descriptor;
        if *size > limit {
            return Err(BlobProblem::TooLarge { limit }.of(*digest));
        }
        let inner = blobs.open(digest)?.ok_or_else(|| BlobProblem::Gone.of(*digest))?;
        let proof = Proof::default();
        let checked = Self { inner, hash: Sha256::new(), bytes: 0, size: *size, digest: *digest, proof: proof.clone() };
        Ok((checked, proof))
    }

    fn check(&mut self) -> Result<(), BlobProblem> {
        if self.bytes != self.size {
            return Err(BlobProblem::Size { expected: self.size });
        }
        let found = Digest::from_bytes(std::mem::take(&mut self.hash).finalize().into());
        if found != self.digest {
            return Err(BlobProblem::Digest { found });
        }
        self.proof.0.set(true);
        Ok(())
    }
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.proof.holds() {
            return Ok(0);
        }
        let count = self.inner.read(buffer)?;
        self.bytes += count as u64;
        if count == 0 || self.bytes > self.size {
            return self.check().map(|()| 0).map_err(io::Error::other);
        }
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}
