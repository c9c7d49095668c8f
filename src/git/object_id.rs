//! The name of an object: a digest in hexadecimal, of SHA-1 or of SHA-256.

use std::fmt;

/// The name of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(String);

impl ObjectId {
    /// A whole name in lowercase hexadecimal; `None` for anything else, abbreviations included.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        (is_hex && matches!(text.len(), 40 | 64)).then(|| Self(text.to_owned()))
    }

    /// From the bytes as they stand in a tree.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::parse(&hex::encode(bytes))
    }

    /// How many bytes a name has in a tree of the same repository.
    pub fn byte_length(&self) -> usize {
        self.0.len() / 2
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, for people.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }

    /// Whether it names nothing, as systems write a commit that there is none of.
    pub fn is_zero(&self) -> bool {
        self.0.bytes().all(|byte| byte == b'0')
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_are_names() {
        let sha1 = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(ObjectId::parse(sha1).unwrap().short(), "0123456789ab");
        assert!(ObjectId::parse(&"a".repeat(64)).is_some());
        for no in ["", "HEAD", "abc", &sha1[..39], &sha1.to_uppercase(), "--all", &"g".repeat(40), &"é".repeat(20)] {
            assert_eq!(ObjectId::parse(no), None, "{no}");
        }
        assert!(ObjectId::parse(&"0".repeat(40)).unwrap().is_zero());
    }
}
