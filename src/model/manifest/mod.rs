//! ScanManifest v1: a scan with everything it depended on.
//!
//! Two types: [`ScanManifest`] is a manifest *as read* (digests may be placeholders, unknown fields are
//! kept), [`ReplayableManifest`] is one in which every digest is resolved; only the second can be replayed.
//!
//! Versions: a reader of 1.x accepts any 1.y and keeps the fields that it does not know; a writer of a later
//! minor version only adds; another major version needs a migration.
//!
//! - 1.0: the first; `seal` and `scanner.closure_digest` were added to it later. Everything beyond the fields of the published example is optional.

mod fault;
mod number;
mod read;
mod replayable;
mod v1;

pub use fault::{Fault, Wrong};
pub use read::{ManifestError, from_json};
pub use replayable::{Located, NotReplayable, Problem, ReplayableFeed, ReplayableManifest};
pub use v1::{
    ArtifactRecord, ClockMode, Environment, FeedBundleRef, Feeds, FileTimes, Input, InputType, NetworkMode,
    Normalization, PolicyRef, ScanManifest, Scanner, ScannerKind, Seal, SourceProvenance,
};

/// The version that this program writes.
pub const MANIFEST_VERSION: &str = "1.0";
