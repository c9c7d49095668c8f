//! What can stand at a path of a closure.

use crate::model::digest::Digest;

/// A time of modification: seconds since the epoch, and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Modified {
    /// Seconds; negative before the epoch.
    pub seconds: i64,
    /// Below a thousand million.
    pub nanoseconds: u32,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A folder.
    Folder {
        /// Permission bits.
        mode: u32,
        /// When an entry of it was last made or removed.
        modified: Modified,
        /// Whether all that it has is in the listing; else nothing is known of what is in it.
        listed: bool,
    },
    /// A file.
    File {
        /// Permission bits.
        mode: u32,
        /// Bytes.
        size: u64,
        /// When its content was last changed.
        modified: Modified,
        /// The digest of its content; `None` where it was only looked at, and nothing is known of its content.
        content: Option<Digest>,
    },
    /// A symbolic link.
    Link {
        /// What it says.
        target: Vec<u8>,
    },
}
