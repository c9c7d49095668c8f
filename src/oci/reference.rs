//! Names of images.

use std::fmt;
use std::str::FromStr;

use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::digest::Digest;

/// The name of an image in a registry: `HOST[:PORT]/REPOSITORY[:TAG][@sha256:…]`.
///
/// The host is always written: a name without one means something else on every machine. Only the digest identifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is not a name of an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidImageName {
    /// No host.
    #[error("`{0}` names no registry: write it out, e.g. `docker.io/library/debian@sha256:…`")]
    NoRegistry(String),
    /// Neither tag nor digest.
    #[error("`{0}` has neither digest nor tag: append `@sha256:…`")]
    NoVersion(String),
    /// A part that breaks the grammar.
    #[error("`{text}` is not a name of an image: {what}")]
    Malformed {
        /// The name.
        text: String,
        /// What is wrong.
        what: &'static str,
    },
}

impl Diagnostic for InvalidImageName {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

impl ImageName {
    /// `HOST[:PORT]`
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path below the registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, a label that may move.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The same image by its digest alone.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Self {
        Self { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// Whether a text can only be meant as the name of an image: it has a digest, or a host and a tag.
    pub fn is_meant_by(text: &str) -> bool {
        text.contains("@sha256:")
            || text.split_once('/').is_some_and(|(host, rest)| is_host(host) && rest.contains(':'))
    }
}

/// What tells a host from the first component of a repository (the rule of Docker's distribution).
fn is_host(text: &str) -> bool {
    text == "localhost" || (text.contains(['.', ':']) && !text.starts_with('.'))
}

impl FromStr for ImageName {
    type Err = InvalidImageName;

    fn from_str(text: &str) -> Result<Self, InvalidImageName> {
        let malformed = |what| InvalidImageName::Malformed { text: text.to_owned(), what };
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => {
                (name, Some(digest.parse().map_err(|_| malformed("expected `@sha256:` and 64 hex digits"))?))
            }
            None => (text, None),
        };
        let Some((registry, rest)) = name.split_once('/').filter(|(host, _)| is_host(host)) else {
            return Err(InvalidImageName::NoRegistry(text.to_owned()));
        };
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag.to_owned())),
            None => (rest, None),
        };
        if !registry.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':')) {
            return Err(malformed("the registry is not a host"));
        }
        let component = |part: &str| {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
            part.bytes().all(|b| plain(b) || matches!(b, b'.' | b'_' | b'-'))
                && part.bytes().next().is_some_and(plain)
                && part.bytes().last().is_some_and(plain)
        };
        if repository.len() > 255 || !repository.split('/').all(component) {
            return Err(malformed("the repository has characters other than a-z, 0-9, `.`, `_`, `-` and `/`"));
        }
        let is_tag = |tag: &String| {
            (1..=128).contains(&tag.len())
                && !tag.starts_with(['.', '-'])
                && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        if !tag.iter().all(is_tag) {
            return Err(malformed("the tag has characters other than letters, digits, `.`, `_` and `-`"));
        }
        if tag.is_none() && digest.is_none() {
            return Err(InvalidImageName::NoVersion(text.to_owned()));
        }
        Ok(Self { registry: registry.to_owned(), repository: repository.to_owned(), tag, digest })
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        self.tag.iter().try_for_each(|tag| write!(f, ":{tag}"))?;
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn names_are_read_back() {
        for name in
            ["127.0.0.1:5000/t/img:v1", "docker.io/library/debian:12.5", "localhost/a", "ghcr.io/o/r_x/y-z:V_1.0"]
        {
            let by_digest = format!("{name}@{DIGEST}");
            assert_eq!(by_digest.parse::<ImageName>().unwrap().to_string(), by_digest);
            assert!(ImageName::is_meant_by(&by_digest));
        }
        let name: ImageName = "127.0.0.1:5000/t/img:v1".parse().unwrap();
        assert_eq!((name.registry(), name.repository(), name.tag()), ("127.0.0.1:5000", "t/img", Some("v1")));
        assert_eq!(name.at(DIGEST.parse().unwrap()).to_string(), format!("127.0.0.1:5000/t/img@{DIGEST}"));
    }

    #[test]
    fn what_does_not_say_where_or_which_is_refused() {
        use InvalidImageName::{NoRegistry, NoVersion};
        for text in [format!("debian@{DIGEST}"), "debian:12".to_owned(), format!("library/debian@{DIGEST}")] {
            assert_eq!(text.parse::<ImageName>(), Err(NoRegistry(text)));
        }
        assert_eq!("ghcr.io/a".parse::<ImageName>(), Err(NoVersion("ghcr.io/a".to_owned())));
        for text in [
            "ghcr.io/A:1",
            "ghcr.io/a@sha256:00",
            "ghcr.io/../a:1",
            "ghcr.io//a:1",
            "gh$.io/a:1",
            "ghcr.io/a:",
            "ghcr.io/a:b:c",
        ] {
            assert!(matches!(text.parse::<ImageName>(), Err(InvalidImageName::Malformed { .. })), "{text}");
        }
    }

    #[test]
    fn paths_are_not_taken_for_names() {
        for text in [".", "out", "a/b", "./a:b", "../x:y", "package-lock.json", "dir/file:1"] {
            assert!(!ImageName::is_meant_by(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = text.parse::<ImageName>();
        }
    }
}
