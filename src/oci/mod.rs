//! Container images as OCI distributes them: read from a layout, a store or a registry, checked blob by blob.
//!
//! ```text
//! layout (folder, tar) ─┐
//!                       ├─▶ Blobs ──▶ Image (manifest, configuration) ──▶ layers, lowest first
//! store, registry ──────┘    by digest
//! ```
//!
//! Invariants: identity is the digest of the image's manifest, never a name or a tag; every byte that is used has been
//! checked against its digest and size. What is refused is refused by name ([`ImageError`]).
//!
//! Absent: what is in a layer, and unpacking it (see [`crate::rootfs`]); building and pushing images; signatures.

mod blobs;
mod descriptor;
mod error;
mod layout;
mod platform;
mod reference;
#[cfg(feature = "registry")]
mod registry;
mod resolve;

#[cfg(test)]
pub(crate) mod samples;

pub use blobs::Blobs;
pub(crate) use blobs::{Checked, problem};
pub use descriptor::{Descriptor, LayerEncoding};
#[cfg(feature = "registry")]
pub use error::RegistryError;
pub(crate) use error::UNSOUND;
pub use error::{BlobProblem, DocumentProblem, ImageError};
pub use layout::{Layout, copy_blob, write_layout};
pub use platform::Platform;
pub use reference::{ImageName, InvalidImageName};
#[cfg(feature = "registry")]
pub use registry::Registry;
pub use resolve::{Image, Layer, RunConfig, Wanted};
