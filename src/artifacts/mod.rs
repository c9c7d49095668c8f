//! What scans wrote, read and compared: raw bytes in, canonical forms, meanings, decisions and differences out.
//!
//! Invariant: both sides of a comparison are read under the same rules. Absent: where they come from.

pub mod canonicalize;
pub mod compare_artifacts;
pub mod comparison;
pub mod detect_profile;
pub mod diff_paths;
pub mod document_file;
mod empty_list;
pub mod found_secrets;
pub mod held_against;
pub mod in_scope;
pub mod large_inventories;
pub mod level_digest;
pub mod meaning;
pub mod observe;
pub mod read_artifact;
mod unread;
