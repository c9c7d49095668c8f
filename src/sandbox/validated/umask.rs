//! Permission bits that are taken away.

use serde::{Deserialize, Serialize};

use crate::sandbox::validated::error::InvalidSetting;

/// Permission bits that new files do not get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Umask(u16);

impl Umask {
    /// Checks `bits`.
    ///
    /// # Errors
    /// When they are more than `0o777`.
    pub fn new(bits: u16) -> Result<Self, InvalidSetting> {
        if bits <= 0o777 { Ok(Self(bits)) } else { Err(InvalidSetting::Umask(bits)) }
    }

    /// The bits.
    pub fn bits(self) -> u16 {
        self.0
    }
}

impl Default for Umask {
    /// `022`.
    fn default() -> Self {
        Self(0o022)
    }
}

impl TryFrom<u16> for Umask {
    type Error = InvalidSetting;

    fn try_from(bits: u16) -> Result<Self, Self::Error> {
        Self::new(bits)
    }
}

impl From<Umask> for u16 {
    fn from(umask: Umask) -> Self {
        umask.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permission_bits_alone_are_taken() {
        assert!(Umask::new(0o777).is_ok());
        assert_eq!(Umask::new(0o1000), Err(InvalidSetting::Umask(0o1000)));
        assert!(serde_json::from_str::<Umask>("512").is_err());
    }
}
