//! Trees packed for keeping.
//!
//! [`archive`] is the mechanism; [`listed`] adds a manifest that lists every record, for [`feed`]s and [`policy`] rules;
//! [`tree`] is a directory as it is, for inputs and scanners. A directory and its bundle have the same identity.
//! [`image`] is what others packed: container images, read and unpacked without privileges.
//!
//! Absent: where bundles are kept (see [`crate::store`]).

pub mod archive;
pub mod feed;
pub mod image;
pub mod listed;
pub mod policy;
pub mod tree;

#[cfg(test)]
mod laws;
