//! Where closures are unpacked: beside the blobs that they are made of.

use std::path::PathBuf;

use crate::workspace::context::Context;

/// The folder of unpacked closures. Absolute, for they are mounted.
pub fn cache(context: &Context) -> PathBuf {
    let cache = context.local.root().join("closures");
    std::path::absolute(&cache).unwrap_or(cache)
}
