//! Container images: read from an OCI layout, checked blob by blob, unpacked without privileges.
//!
//! ```text
//! layout (folder, tar) ─┐
//!                       ├─▶ Blobs ──▶ Image (manifest, configuration) ──▶ rootfs ──▶ RootFs
//! store, registry ──────┘    by digest        layers, lowest first        cache by the manifest's digest
//! ```
//!
//! Invariants: identity is the digest of the image's manifest, never a name or a tag; every byte that is used has been
//! checked against its digest and size; nothing is ever written outside the folder of its root filesystem, and that folder
//! appears only when it is whole. What is refused is refused by name ([`ImageError`]); what cannot be kept without
//! privileges is counted in [`Notes`].
//!
//! Absent: building and pushing images, signatures, running anything (see [`crate::sandbox`]).

mod blobs;
mod document;
mod error;
mod layer;
mod layout;
mod platform;
mod reference;
#[cfg(feature = "registry")]
mod registry;
mod resolve;
mod rootfs;

#[cfg(test)]
mod layout_tests;
#[cfg(test)]
mod samples;

pub use blobs::{Blobs, StoreBlobs};
pub use document::{Descriptor, LayerEncoding};
pub use error::{BlobProblem, ImageError};
pub use layer::{LayerError, LayerProblem, Notes};
pub use layout::{Layout, copy_blob, write_layout};
pub use platform::Platform;
pub use reference::{ImageName, InvalidImageName};
#[cfg(feature = "registry")]
pub use registry::{Registry, RegistryError};
pub use resolve::{Image, Layer, RunConfig, Wanted};
pub use rootfs::{RootFs, rootfs, sound_rootfs};
