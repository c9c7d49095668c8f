//! artifacts

pub mod canonicalize;
pub mod compare_artifacts;
pub mod detect_profile;
pub mod diff_paths;
pub mod document_file;
pub mod large_inventories;
pub mod observe;
