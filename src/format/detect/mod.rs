//! What a file is: all that is known of how files are recognised.
//!
//! - [`detect`]: the format of an artifact, by its content
//! - [`by_name`]: the same, with its name among those that we give
//! - [`inventory`]: the lockfile, database or SBOM that a file is, by content and path
//! - [`unread`]: the files that list packages and are not read, by name
//! - [`tool`]: the tool whose JSON a document of unknown meaning is
//!
//! Invariant: nothing is read but what tells files apart; whether a file is sound its reader says.

pub mod by_name;
pub mod inventory;
pub mod tool;
pub mod unread;

mod document;
mod marks;

pub use document::detect;
