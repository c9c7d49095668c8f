//! What a run finds on this machine: configuration, stores, inputs and images as a user names them.
//!
//! Invariant: everything is taken into the store, and has its digest, before it is used. Absent: running anything.

pub mod closures;
pub mod context;
pub mod feed_bundle;
pub mod git_folder;
pub mod image;
pub mod open_inputs;
pub mod profiles;
pub mod work_tree;
