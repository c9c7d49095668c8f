//! Content-addressed blobs: the key is the SHA-256 of the raw bytes.
//!
//! Layout, everywhere the same: `sha256/ab/<64 hex digits>.zst`, one zstd frame each, where `ab` are the first two
//! digits. The digest is checked on *every* read. Errors tell three things apart: a blob that is *gone* is `None`, one
//! that is *corrupt* is [`StoreError::Damaged`] or [`StoreError::Mismatch`], and *I/O* that failed is
//! [`StoreError::Io`].
//!
//! [`LocalStore`] reads and writes, [`FolderStore`] only reads, [`LayeredStore`] asks several in the order of
//! resolution.

mod batch;
mod error;
mod folder;
mod image;
mod layered;
mod local;
mod source;
mod writer;

#[cfg(test)]
mod crash;

pub use batch::Batch;
pub use error::StoreError;
pub use folder::FolderStore;
pub use image::StoreBlobs;
pub use layered::{LayeredStore, Located, Place};
pub use local::LocalStore;
pub use source::{BlobSource, BlobStore};
