//! Foreign formats ↔ the model. Pure: bytes in, values out.
//!
//! - [`inventory`]: what a scan looks at (lockfiles, package databases, SBOMs) → packages
//! - [`reading`]: all files of an input, and [`coverage`]: what became of each
//! - [`document`], [`read_document`]: what a scan leaves behind (SBOM, findings, VEX, decision; a scanner's own report) → packages, findings, …
//! - [`osv`]: what a feed holds → advisories
//! - [`detect`](mod@detect): what a file is
//! - [`cyclonedx`], [`cyclonedx::vex`], [`openvex`], [`findings`], [`decision`], [`evidence`]: the writers
//!
//! Invariants: what is written is sorted, holds nothing volatile and reads back as the same values; what
//! is read is bounded ([`MAX_DOCUMENT_BYTES`], depth 128); an error names the format, the field or line,
//! and how to mend it; what is left out of an inventory is said with its reason.
//! Absent: what things mean for a scan (see [`crate::scanner`]) and canonical bytes (see
//! [`crate::canonical`]).

pub mod coverage;
pub mod cyclonedx;
pub mod decision;
pub mod detect;
pub mod document;
pub mod error;
pub mod evidence;
pub mod feed_totals;
pub mod findings;
pub mod inventory;
pub mod openvex;
pub mod osv;
pub mod reading;

mod csaf;
mod descriptor;
mod details;
mod grype;
pub mod json;
mod licenses;
mod listing;
mod lockfile;
mod osv_scanner;
mod package;
mod purl;
mod read_document;
mod sarif;
mod severity;
mod spdx;
mod spdx3;
mod syft;
mod text;
mod tools;
mod trivy;
mod vulnerability_ids;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod published;
#[cfg(test)]
mod shapes;

pub use detect::detect;
pub use detect::inventory::InventoryKind;
pub use document::Document;
pub use error::FormatError;
pub use inventory::{Inventory, read_inventory};
pub use listing::Skipped;
pub use read_document::{read_document, read_report};
pub use text::MAX_DOCUMENT_BYTES;
pub(crate) use tools::reported_secrets;
