//! Bundles: archives that list what is in them. [`listed`] is the mechanism, [`feed`]s and [`policy`] rules are its kinds.
//!
//! A directory and its bundle have the same identity. The archive itself is [`crate::archive`].
//!
//! Absent: where bundles are kept (see [`crate::store`]).

pub mod feed;
pub mod listed;
pub mod policy;

#[cfg(test)]
mod properties;
