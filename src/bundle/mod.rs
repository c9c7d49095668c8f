//! Trees packed for keeping.
//!
//! [`archive`] is the mechanism; [`listed`] adds a manifest that lists every record, for [`feed`]s and [`policy`] rules;
//! [`tree`] is a directory as it is, for inputs and scanners. A directory and its bundle have the same identity.
//!
//! Absent: container images, and where bundles are kept (see [`crate::store`]).

pub mod archive;
pub mod feed;
pub mod listed;
pub mod policy;
pub mod tree;

#[cfg(test)]
mod laws;
