//! How much of a foreign document is read before it is refused.

use crate::model::limits;

/// Bounds on a document: nothing foreign is read without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    max_bytes: usize,
    max_depth: usize,
}

impl Limits {
    /// The deepest nesting that is ever read: what the call stack is sized for.
    pub const DEEPEST: usize = 512;

    /// At most `max_bytes` bytes, nested at most `max_depth` containers deep ([`Limits::DEEPEST`] caps it).
    pub fn new(max_bytes: usize, max_depth: usize) -> Self {
        Self { max_bytes, max_depth: max_depth.min(Self::DEEPEST) }
    }

    /// The largest document, in bytes.
    pub fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// The deepest nesting, in containers: `[]` is one deep, `[[]]` two.
    pub fn max_depth(&self) -> usize {
        self.max_depth
    }
}

impl Default for Limits {
    /// [`limits::MAX_DOCUMENT_BYTES`], 512 deep.
    fn default() -> Self {
        Self { max_bytes: limits::MAX_DOCUMENT_BYTES as usize, max_depth: Self::DEEPEST }
    }
}
