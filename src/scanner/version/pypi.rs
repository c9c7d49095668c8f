//! Python versions: PEP 440, now <https://packaging.python.org/en/latest/specifications/version-specifiers/>.

use std::str::FromStr;

use pep440_rs::{Version, VersionParseError};

/// A PEP 440 version. Legacy versions (`2.0.x-dev`) have no place in its order and are refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PypiVersion(Version);

impl PypiVersion {
    /// Reads a version in any spelling that normalises.
    pub(super) fn parse(text: &str) -> Result<Self, VersionParseError> {
        Version::from_str(text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> PypiVersion {
        PypiVersion::parse(text).unwrap()
    }

    #[test]
    fn order_is_the_published_one() {
        // PEP 440, "Summary of permitted suffixes and relative ordering".
        let ascending = [
            "1.dev0",
            "1.0.dev456",
            "1.0a1",
            "1.0a2.dev456",
            "1.0a12.dev456",
            "1.0a12",
            "1.0b1.dev456",
            "1.0b2",
            "1.0b2.post345.dev456",
            "1.0b2.post345",
            "1.0rc1.dev456",
            "1.0rc1",
            "1.0",
            "1.0+abc.5",
            "1.0+abc.7",
            "1.0+5",
            "1.0.post456.dev34",
            "1.0.post456",
            "1.0.15",
            "1.1.dev1",
        ];
        assert!(ascending.is_sorted_by(|a, b| read(a) < read(b)));
        // PEP 440, "Version epochs".
        let ascending = ["1.0", "1.1", "2.0", "2013.10", "2014.04", "1!1.0", "1!1.1", "1!2.0"];
        assert!(ascending.is_sorted_by(|a, b| read(a) < read(b)));
    }

    #[test]
    fn spellings_are_normalised() {
        // PEP 440, "Normalization".
        for (a, b) in [
            ("1.1RC1", "1.1rc1"),
            ("1.1.a1", "1.1a1"),
            ("1.1alpha1", "1.1a1"),
            ("1.1c3", "1.1rc3"),
            ("1.2a", "1.2a0"),
            ("1.2-post2", "1.2.post2"),
            ("1.0-r4", "1.0.post4"),
            ("1.0-1", "1.0.post1"),
            ("1.2.dev", "1.2.dev0"),
            ("1.0+ubuntu-1", "1.0+ubuntu.1"),
            ("v1.0", "1.0"),
            ("1.0\n", "1.0"),
            ("1.0", "1.0.0"),
        ] {
            assert_eq!(read(a), read(b), "{a:?} = {b}");
        }
    }

    #[test]
    fn legacy_versions_have_no_order() {
        for text in ["2.0.x-dev", "french toast", "1.0+a+", "1.0++", "1.0+_foobar", "1.0+foo&asd", "1.0+1+1"] {
            assert!(PypiVersion::parse(text).is_err(), "{text}");
        }
    }
}
