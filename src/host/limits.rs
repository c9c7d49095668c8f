//! Every limit on foreign things, in one place. Bytes unless the name says otherwise.
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
/// A pax extended header: room for two paths and the usual times and names.
pub const MAX_PAX_HEADER_BYTES: u64 = 16 * 1024;

/// A path inside a tree: `PATH_MAX` of Linux without its closing NUL.
pub const MAX_PATH_BYTES: usize = 4095;
/// One component of a path: `NAME_MAX` of Linux.
pub const MAX_NAME_BYTES: usize = 255;
/// Symbolic links followed while one path is resolved: what Linux allows before `ELOOP`.
pub const MAX_LINK_HOPS: usize = 40;
/// Path components walked while all links of one tree are resolved.
pub const MAX_LINK_STEPS: usize = 4_000_000;
