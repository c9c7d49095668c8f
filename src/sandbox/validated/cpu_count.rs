//! How many processors a program sees.

use serde::{Deserialize, Serialize};

use crate::sandbox::validated::error::{InvalidSetting, MOST_PROCESSORS};

/// How many processors a program sees: as many as the masks of C libraries hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct CpuCount(u32);

impl CpuCount {
    /// The most that there can be.
    pub const MOST: u32 = MOST_PROCESSORS;

    /// That many.
    ///
    /// # Errors
    /// When it is none, or more than [`Self::MOST`].
    pub fn new(count: u32) -> Result<Self, InvalidSetting> {
        if (1..=Self::MOST).contains(&count) { Ok(Self(count)) } else { Err(InvalidSetting::CpuCount(count)) }
    }

    /// That many, or as near to it as can be.
    pub fn nearest(count: usize) -> Self {
        Self(u32::try_from(count).unwrap_or(Self::MOST).clamp(1, Self::MOST))
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for CpuCount {
    type Error = InvalidSetting;

    fn try_from(count: u32) -> Result<Self, Self::Error> {
        Self::new(count)
    }
}

impl From<CpuCount> for u32 {
    fn from(count: CpuCount) -> Self {
        count.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_a_mask_holds() {
        assert!(CpuCount::new(1).is_ok() && CpuCount::new(1023).is_ok());
        for number in ["0", "1024", "1000000000", "4294967295", "4294967296", "-1", "1.5"] {
            assert!(serde_json::from_str::<CpuCount>(number).is_err(), "{number}");
        }
        assert_eq!([0, 7, 5000].map(|count| CpuCount::nearest(count).get()), [1, 7, 1023]);
    }
}
