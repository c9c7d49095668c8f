//! Bundles that say what is in them: records below one directory, and a manifest that lists each by digest.
//!
//! Feeds and policies are such bundles; a [`Kind`] says how they are called and what their manifest tells of their
//! origin. A [`Bundle`] exists only when everything listed is there with the right digest and size, and nothing else is.
//!
//! Three digests, each for its own question:
//!
//! | digest | of | same when |
//! |---|---|---|
//! | archive | the archive's bytes | packed by the same release of zstd; it names the file |
//! | content | the uncompressed tar | same records, same stated origin; survives another zstd |
//! | records | the tar of the records alone | a scanner reads the same bytes, whatever is said of their origin |
//!
//! A plain directory is read as the bundle that would be built from it with no origin stated. The manifest is a function
//! of the records and the origin alone (`generated_by` names the rules by which it is written, not the release of the
//! program), so all three digests of a directory equal those of a bundle built from it without origin; with an origin
//! the records digest still does.

mod bundle;
mod error;
mod kind;
mod manifest;
mod record;

pub use bundle::Bundle;
pub use error::BundleError;
pub use kind::Kind;
pub use manifest::{GeneratedBy, ListedFile, Manifest};
pub use record::Record;
