//! What a bundle is for.

use crate::archive::EntryPath;

/// One record of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its path below the bundle's root.
    pub path: &'a EntryPath,
    /// Its bytes.
    pub bytes: &'a [u8],
}
