//! Limits on foreign things that more than one module needs. Bytes unless the name says otherwise.
//!
//! They stop a hostile file from eating the machine. A writer keeps to the same limits as its reader, so that nothing
//! is written that cannot be read again.

const MIB: u64 = 1 << 20;

/// A document that is parsed as a whole: an SBOM, findings, a manifest, an advisory.
pub const MAX_DOCUMENT_BYTES: u64 = 256 * MIB;
/// A file that people write: configuration, metadata of a case, a profile.
pub const MAX_CONFIG_BYTES: u64 = MIB;
/// A history of replays: above a million of them.
pub const MAX_HISTORY_BYTES: u64 = 1024 * MIB;
/// What is sent to a server with one request.
pub const MAX_SENT_BYTES: usize = 16 << 20;
/// One blob of a store, before compression.
pub const MAX_BLOB_BYTES: u64 = 2048 * MIB;

/// An archive as it lies on disk.
pub const MAX_BUNDLE_BYTES: u64 = 1024 * MIB;
/// An archive's tar stream, uncompressed.
pub const MAX_BUNDLE_UNPACKED_BYTES: u64 = 2048 * MIB;
/// Entries of an archive or a tree, counting each directory on the way to one.
pub const MAX_BUNDLE_ENTRIES: u64 = 250_000;
/// How many times larger than the archive its tar stream may be.
pub const MAX_BUNDLE_RATIO: u64 = 1000;
/// Up to this size of the tar stream the ratio is not looked at: small trees of zeros are harmless.
pub const BUNDLE_RATIO_FLOOR: u64 = 16 * MIB;
/// Files of a zip archive that others publish: a few times the largest of osv.dev's.
pub const MAX_ZIP_ENTRIES: usize = 1_000_000;
/// All files of one such archive together, unpacked.
pub const MAX_ZIP_UNPACKED_BYTES: u64 = 4096 * MIB;
/// A pax extended header: room for two paths and the usual times and names.
pub const MAX_PAX_HEADER_BYTES: u64 = 16 * 1024;

/// A manifest, an index or a configuration of an image: what a registry must take at least (OCI Distribution 1.1).
pub const MAX_IMAGE_DOCUMENT_BYTES: u64 = 4 * MIB;
/// Indexes on the way from a layout to a manifest.
pub const MAX_IMAGE_INDEX_DEPTH: usize = 4;
/// Images that one layout may list, those in nested indexes counted.
pub const MAX_IMAGES_IN_LAYOUT: usize = 1000;
/// Layers of one image.
pub const MAX_IMAGE_LAYERS: usize = 512;
/// One layer as it lies in a layout or a registry: what a store keeps.
pub const MAX_LAYER_BYTES: u64 = MAX_BLOB_BYTES;
/// The tar streams of all layers of one image together, uncompressed.
pub const MAX_IMAGE_UNPACKED_BYTES: u64 = 16 * 1024 * MIB;
/// How many times larger than a layer its tar stream may be.
pub const MAX_LAYER_RATIO: u64 = 1000;
/// Up to this size of a layer's tar stream the ratio is not looked at.
pub const LAYER_RATIO_FLOOR: u64 = 64 * MIB;
/// Entries of all layers of one image together, counting each directory on the way to one.
pub const MAX_IMAGE_ENTRIES: u64 = 1_000_000;
/// Entries of one closure.
pub const MAX_CLOSURE_ENTRIES: u64 = 1_000_000;
/// The listing of a closure.
pub const MAX_CLOSURE_LISTING_BYTES: u64 = 512 * MIB;
/// An extended header of a layer: paths, and attributes that are passed over.
pub const MAX_LAYER_HEADER_BYTES: u64 = MIB;
/// A path inside a root filesystem, its links resolved: room is left for where it is kept.
pub const MAX_IMAGE_PATH_BYTES: usize = 3072;
/// Places looked at while the whiteouts of one image are applied.
pub const MAX_WHITEOUT_STEPS: usize = 16_000_000;
/// Path components walked while links on the way to an image's entries are resolved.
pub const MAX_IMAGE_LINK_STEPS: usize = 32_000_000;
/// Files of an archive that holds an image layout.
pub const MAX_LAYOUT_FILES: usize = 10_000;

/// A path inside a tree: `PATH_MAX` of Linux without its closing NUL.
pub const MAX_PATH_BYTES: usize = 4095;
/// One component of a path: `NAME_MAX` of Linux.
pub const MAX_NAME_BYTES: usize = 255;
/// Symbolic links followed while one path is resolved: what Linux allows before `ELOOP`.
pub const MAX_LINK_HOPS: usize = 40;
/// Path components walked while all links of one tree are resolved.
pub const MAX_LINK_STEPS: usize = 4_000_000;
