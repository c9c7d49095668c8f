//! What one kind of listed bundle has of its own.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A kind of listed bundle.
pub trait Kind: fmt::Debug + Clone + PartialEq {
    /// What it is called in messages: `feed`, `policy`.
    const NAME: &'static str;
    /// The schema of its manifest.
    const SCHEMA: &'static str;
    /// The name of its manifest, at the root of the archive.
    const MANIFEST: &'static str;
    /// The directory at the root of the archive that holds its records.
    const ROOT: &'static str;
    /// What the manifest tells of where the records come from. The default is to tell nothing.
    type Origin: fmt::Debug + Clone + PartialEq + Default + Serialize + DeserializeOwned;
}
