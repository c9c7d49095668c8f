//! Platforms of images.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::host::machine;

/// What an image runs on, in the words of OCI (`linux/arm64/v8`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`
    pub os: String,
    /// `amd64`
    pub architecture: String,
    /// `v8`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// Why a text is not a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a platform: expected `OS/ARCHITECTURE` or `OS/ARCHITECTURE/VARIANT`, e.g. `linux/arm64`")]
pub struct InvalidPlatform(String);

impl Platform {
    /// Linux on the architecture of this machine.
    pub fn of_this_machine() -> Self {
        Self { os: "linux".to_owned(), architecture: machine::arch().to_owned(), variant: None }
    }

    /// Whether this is what is wanted: a variant that nobody asked for is not looked at.
    pub fn satisfies(&self, wanted: &Self) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none() || wanted.variant == self.variant)
    }
}

impl FromStr for Platform {
    type Err = InvalidPlatform;

    fn from_str(text: &str) -> Result<Self, InvalidPlatform> {
        let parts: Vec<&str> = text.split('/').collect();
        let plain = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        match parts.as_slice() {
            [os, architecture, variant @ ..] if variant.len() <= 1 && parts.iter().all(plain) => Ok(Self {
                os: (*os).to_owned(),
                architecture: (*architecture).to_owned(),
                variant: variant.first().map(|variant| (*variant).to_owned()),
            }),
            _ => Err(InvalidPlatform(text.to_owned())),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(f, "/{variant}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_read_back_and_half_ones_are_refused() {
        for text in ["linux/amd64", "linux/arm64/v8"] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
        }
        for text in ["", "linux", "linux/", "linux/a/b/c", "linux/a b"] {
            assert_eq!(text.parse::<Platform>(), Err(InvalidPlatform(text.to_owned())));
        }
    }

    #[test]
    fn a_variant_is_looked_at_where_it_is_asked_for() {
        let [plain, v7, v8]: [Platform; 3] =
            ["linux/arm", "linux/arm/v7", "linux/arm/v8"].map(|text| text.parse().unwrap());
        assert!(v7.satisfies(&plain) && v7.satisfies(&v7));
        assert!(!v7.satisfies(&v8) && !plain.satisfies(&v8));
    }
}
