//! A closure that was unpacked. Absent: how ([`super::unpack`]).

use std::path::PathBuf;

/// An unpacked closure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// The folder that is `/`.
    pub root: PathBuf,
    /// The list of its files without content, and of the folders of which nothing is known.
    pub without_content: PathBuf,
}
