//! What a report may say of where it comes from: a key, a commit, an address.
//!
//! Invariant: each is of few characters and can stand in any report as it is; what is not cannot be made.

/// Tells reports apart: 1 to 64 lowercase letters, digits, `.`, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

/// Why something cannot stand in a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The key of a report.
    #[error("a key has 1 to 64 of the characters `a-z`, `0-9`, `.`, `_`, `-`")]
    Key,
    /// The commit.
    #[error("a commit has 7 to 64 hexadecimal digits")]
    Commit,
    /// The address.
    #[error("an address begins with `https://`, has at most 2,000 characters and none that would need quoting")]
    Link,
}

impl Default for Key {
    fn default() -> Self {
        Self("stella".to_owned())
    }
}

impl TryFrom<&str> for Key {
    type Error = Unfit;

    fn try_from(text: &str) -> Result<Self, Unfit> {
        let fits = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"._-".contains(&c);
        // `--` would end the comment in which a key stands.
        let is_key = (1..=64).contains(&text.len()) && text.bytes().all(fits) && !text.contains("--");
        if is_key { Ok(Self(text.to_owned())) } else { Err(Unfit::Key) }
    }
}

impl Key {
    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A commit, by its hexadecimal name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit(String);

impl TryFrom<&str> for Commit {
    type Error = Unfit;

    fn try_from(text: &str) -> Result<Self, Unfit> {
        let is_commit = (7..=64).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_hexdigit());
        if is_commit { Ok(Self(text.to_ascii_lowercase())) } else { Err(Unfit::Commit) }
    }
}

impl Commit {
    /// The first 12 digits.
    pub fn short(&self) -> &str {
        &self.0[..self.0.len().min(12)]
    }
}

/// An address that can stand in a link of any report as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link(String);

impl TryFrom<&str> for Link {
    type Error = Unfit;

    fn try_from(text: &str) -> Result<Self, Unfit> {
        let fits = |c: u8| c.is_ascii_alphanumeric() || b"-._~:/?#@!$&+,;=%".contains(&c);
        let rest = text.strip_prefix("https://");
        let is_link = rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(fits)) && text.len() <= 2000;
        if is_link { Ok(Self(text.to_owned())) } else { Err(Unfit::Link) }
    }
}

impl Link {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_act_cannot_be_made() {
        for key in ["", "A", "a b", "a/b", "a--b", "-->", "é", &"a".repeat(65)] {
            assert_eq!(Key::try_from(key), Err(Unfit::Key), "{key}");
        }
        for commit in ["", "abcdef", "zzzzzzz", "abcdef1\n", &"a".repeat(65)] {
            assert_eq!(Commit::try_from(commit), Err(Unfit::Commit), "{commit}");
        }
        for link in [
            "",
            "https://",
            "http://a",
            "javascript:alert(1)",
            "https://a b",
            "https://a)",
            "https://a\"",
            "https://a<b",
            "https://a`",
            "https://a\u{202e}",
            &format!("https://{}", "a".repeat(2000)),
        ] {
            assert_eq!(Link::try_from(link), Err(Unfit::Link), "{link}");
        }
        assert_eq!(Commit::try_from("ABCDEF0123456789").unwrap().short(), "abcdef012345");
        assert!(Key::try_from("ci-linux.2_x").is_ok() && Link::try_from("https://a.example/b?c=%20&d#e").is_ok());
    }
}
