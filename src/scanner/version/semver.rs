//! Semantic Versioning 2.0.0 (<https://semver.org>): crates.io, and the ground of npm and Go.

use std::cmp::Ordering;

/// A semantic version, ordered by precedence (§11): build metadata does not count.
#[derive(Debug, Clone)]
pub(super) struct SemVer(semver::Version);

impl SemVer {
    /// Reads a version exactly as the specification writes it.
    pub(super) fn parse(text: &str) -> Result<Self, semver::Error> {
        semver::Version::parse(text).map(Self)
    }
}

// The crate's own `Ord` breaks ties by build metadata; precedence does not.
impl Ord for SemVer {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp_precedence(&other.0)
    }
}

impl PartialOrd for SemVer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SemVer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for SemVer {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> SemVer {
        SemVer::parse(text).unwrap()
    }

    #[test]
    fn precedence_is_the_published_one() {
        // semver.org §11.2 and §11.4.
        for list in [
            &["1.0.0", "2.0.0", "2.1.0", "2.1.1"][..],
            &[
                "1.0.0-alpha",
                "1.0.0-alpha.1",
                "1.0.0-alpha.beta",
                "1.0.0-beta",
                "1.0.0-beta.2",
                "1.0.0-beta.11",
                "1.0.0-rc.1",
                "1.0.0",
            ],
        ] {
            assert!(list.is_sorted_by(|a, b| read(a) < read(b)), "{list:?}");
        }
    }

    #[test]
    fn build_metadata_has_no_precedence() {
        // semver.org §10.
        assert_eq!(read("1.0.0+20130313144700"), read("1.0.0+exp.sha.5114f85"));
        assert_eq!(read("1.0.0-beta+exp.sha.5114f85"), read("1.0.0-beta"));
    }

    #[test]
    fn only_semantic_versions_are_read() {
        // semver.org FAQ, the invalid examples of its regular expression's test page.
        for text in ["1", "1.2", "1.2.3-0123", "1.2.3-0123.0123", "+invalid", "alpha.1", "01.1.1", "1.1.01", "v1.0.0"] {
            assert!(SemVer::parse(text).is_err(), "{text}");
        }
    }
}
