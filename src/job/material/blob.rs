//! Bytes that the store keeps, with their digest.

use std::sync::Arc;

use crate::model::digest::Digest;

/// The bytes of a blob with their digest.
#[derive(Debug, Clone)]
pub struct Blob {
    /// What the store keeps.
    pub bytes: Arc<[u8]>,
    /// Its digest.
    pub digest: Digest,
}

impl Blob {
    /// Digests `bytes`.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self { digest: Digest::of(&bytes), bytes }
    }
}
