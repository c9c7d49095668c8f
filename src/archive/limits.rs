//! How much an archive may hold.

use crate::host::compress::Allowance;
use crate::model::limits;

/// The limits of one archive, for its reader and its writer alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the archive itself.
    pub packed_bytes: u64,
    /// Bytes of its tar stream.
    pub unpacked_bytes: u64,
    /// Entries, counting every directory on the way to one.
    pub entries: u64,
    /// How many times larger than the archive its tar stream may be.
    pub ratio: u64,
    /// Up to this many bytes of tar the ratio is not looked at.
    pub ratio_floor: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            packed_bytes: limits::MAX_BUNDLE_BYTES,
            unpacked_bytes: limits::MAX_BUNDLE_UNPACKED_BYTES,
            entries: limits::MAX_BUNDLE_ENTRIES,
            ratio: limits::MAX_BUNDLE_RATIO,
            ratio_floor: limits::BUNDLE_RATIO_FLOOR,
        }
    }
}

impl Limits {
    /// What an archive of `packed` bytes may unpack to.
    pub(crate) fn allowance(&self, packed: u64) -> Allowance {
        Allowance::ratio(self.unpacked_bytes, packed, self.ratio, self.ratio_floor)
    }
}
