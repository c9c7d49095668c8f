//! npm versions, as node-semver reads them without `loose`.
//!
//! Not read by `nodejs-semver`: it drops what it does not understand (`1.2.3.4` becomes `1.2.3`), and a guess
//! is the one thing that a match must not rest on.

use crate::scanner::version::semver::SemVer;

/// Reads a version: surrounding blanks and one leading `v` or `=` do not count.
pub(super) fn parse(text: &str) -> Result<SemVer, semver::Error> {
    let text = text.trim();
    SemVer::parse(text.strip_prefix(['v', '=']).unwrap_or(text).trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> SemVer {
        parse(text).unwrap()
    }

    #[test]
    fn greater_pairs_are_the_published_ones() {
        // node-semver, test/fixtures/comparisons.js: the first is greater.
        for (a, b) in [
            ("0.0.0", "0.0.0-foo"),
            ("0.0.1", "0.0.0"),
            ("1.0.0", "0.9.9"),
            ("0.10.0", "0.9.0"),
            ("v0.0.0", "0.0.0-foo"),
            ("0.99.0", "v0.10.0"),
            ("1.2.3", "1.2.3-asdf"),
            ("1.2.3", "1.2.3-4"),
            ("1.2.3", "1.2.3-4-foo"),
            ("1.2.3-5-foo", "1.2.3-5"),
            ("1.2.3-5", "1.2.3-4"),
            ("1.2.3-5-foo", "1.2.3-5-Foo"),
            ("3.0.0", "2.7.2+asdf"),
            ("1.2.3-a.10", "1.2.3-a.5"),
            ("1.2.3-a.b", "1.2.3-a.5"),
            ("1.2.3-a.b", "1.2.3-a"),
            ("1.2.3-a.b.c.10.d.5", "1.2.3-a.b.c.5.d.100"),
            ("1.2.3-r2", "1.2.3-r100"),
            ("1.2.3-r100", "1.2.3-R2"),
        ] {
            assert!(read(a) > read(b), "{a} > {b}");
        }
    }

    #[test]
    fn equal_pairs_are_the_published_ones() {
        // node-semver, test/fixtures/equality.js.
        for (a, b) in [
            ("1.2.3", "v1.2.3"),
            ("1.2.3", "=1.2.3"),
            ("1.2.3", " v 1.2.3"),
            ("1.2.3-0", "= 1.2.3-0"),
            ("1.2.3-beta", " =1.2.3-beta"),
            ("1.2.3-beta+build", "1.2.3-beta+otherbuild"),
            ("  v1.2.3+build", "1.2.3+otherbuild"),
        ] {
            assert_eq!(read(a), read(b), "{a} = {b}");
        }
    }
}
