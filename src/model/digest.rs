//! SHA-256 digests: the only identity of bytes.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest, written `sha256:<64 lower-case hex digits>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// The text does not begin with `sha256:`.
    #[error("`{0}` is not a digest: expected `sha256:` followed by 64 hex digits")]
    Algorithm(String),
    /// What follows `sha256:` is not 64 lower-case hex digits.
    #[error("`{0}` is not resolved: expected 64 lower-case hex digits after `sha256:`")]
    Hex(String),
}

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of `pieces`, one behind the other.
    pub fn of_all<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Self {
        let mut hash = Sha256::new();
        pieces.into_iter().for_each(|piece| hash.update(piece));
        Self(hash.finalize().into())
    }

    /// Takes the 32 bytes of a finished hash.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hex digits without the algorithm.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The first twelve hex digits, for people.
    pub fn short(&self) -> String {
        hex::encode(&self.0[..6])
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let Some(digits) = text.strip_prefix("sha256:") else {
            return Err(DigestError::Algorithm(text.to_owned()));
        };
        let mut bytes = [0; 32];
        let lower = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !lower || hex::decode_to_slice(digits, &mut bytes).is_err() {
            return Err(DigestError::Hex(text.to_owned()));
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Digest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Digest".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" })
    }
}

/// A digest as a manifest may carry it before it is resolved.
///
/// A recorded example may hold `sha256:...`: such a *placeholder* can be read, listed and shown, but
/// nothing can be replayed from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DigestRef {
    /// A real digest.
    Resolved(Digest),
    /// A text that begins with `sha256:` and names no bytes.
    Placeholder(String),
}

impl DigestRef {
    /// The digest, if it is one.
    pub fn resolved(&self) -> Option<Digest> {
        match self {
            Self::Resolved(digest) => Some(*digest),
            Self::Placeholder(_) => None,
        }
    }
}

impl From<Digest> for DigestRef {
    fn from(digest: Digest) -> Self {
        Self::Resolved(digest)
    }
}

impl fmt::Display for DigestRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolved(digest) => digest.fmt(f),
            Self::Placeholder(text) => f.write_str(text),
        }
    }
}

impl Serialize for DigestRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DigestRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse() {
            Ok(digest) => Ok(Self::Resolved(digest)),
            Err(DigestError::Hex(text)) => Ok(Self::Placeholder(text)),
            Err(error) => Err(serde::de::Error::custom(error)),
        }
    }
}

impl JsonSchema for DigestRef {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DigestRef".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^sha256:",
            "description": "A SHA-256 digest (64 lower-case hex digits), or a placeholder that cannot be replayed."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_of_nothing_is_the_published_one() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), empty);
        assert_eq!(empty.parse(), Ok(Digest::of(b"")));
    }

    #[test]
    fn only_sixty_four_lower_case_digits_resolve() {
        for text in ["sha256:", "sha256:...", "sha256:ABC", &format!("sha256:{}", "A".repeat(64))] {
            assert_eq!(text.parse::<Digest>(), Err(DigestError::Hex(text.to_owned())), "{text}");
            let read: DigestRef = serde_json::from_value(text.into()).unwrap();
            assert_eq!(read, DigestRef::Placeholder(text.to_owned()));
        }
        for text in ["", "md5:00", "deadbeef"] {
            assert!(matches!(text.parse::<Digest>(), Err(DigestError::Algorithm(_))), "{text}");
            assert!(serde_json::from_value::<DigestRef>(text.into()).is_err());
        }
    }
}
