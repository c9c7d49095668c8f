//! Version order, one file per ecosystem, behind one entry.
//!
//! Invariants: every order is total (see the property tests); a text that is not a version of its ecosystem
//! is an error, never a guess; versions are parsed once and compared often. All parsers are strict where the
//! ecosystem's own tool is strict, so that `1.2.3.4` is never read as `1.2.3`.
//!
//! Absent: version ranges as package managers write them (`^1.2`): OSV has none.

mod apk;
mod debian;
mod digits;
mod go;
mod maven;
mod npm;
mod nuget;
mod numbers;
mod packagist;
mod padded;
mod pub_dart;
mod pypi;
mod rpm;
mod ruby_gems;
mod semver;

#[cfg(test)]
mod published;

use std::cmp::Ordering;
use std::error::Error;

use crate::model::ecosystem::Ecosystem;
use crate::model::ecosystem::version_order::VersionOrder;
use crate::scanner::version::apk::ApkVersion;
use crate::scanner::version::debian::DebianVersion;
use crate::scanner::version::maven::MavenVersion;
use crate::scanner::version::nuget::NuGetVersion;
use crate::scanner::version::numbers::Numbers;
use crate::scanner::version::packagist::PackagistVersion;
use crate::scanner::version::pub_dart::PubVersion;
use crate::scanner::version::pypi::PypiVersion;
use crate::scanner::version::rpm::RpmVersion;
use crate::scanner::version::ruby_gems::GemVersion;
use crate::scanner::version::semver::SemVer;

/// Longest version text in bytes (node-semver's own limit; the longest real ones are under 100).
const MAX_LENGTH: usize = 256;

/// Why two versions cannot be ordered.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// No version order is implemented for the ecosystem.
    #[error("the version order of ecosystem `{ecosystem}` is not known")]
    UnknownEcosystem {
        /// Its OSV name.
        ecosystem: String,
    },
    /// The text is longer than any version.
    #[error("a version of {length} bytes is longer than {MAX_LENGTH}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The text is not a version in that order.
    #[error("`{text}` is not a valid {order} version")]
    Unparsable {
        /// The order that was asked.
        order: VersionOrder,
        /// The text.
        text: String,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// The order of an ecosystem's own versions (OSV ranges of type `ECOSYSTEM`).
///
/// # Errors
/// [`VersionError::UnknownEcosystem`] where none is implemented.
pub fn order_of(ecosystem: &Ecosystem) -> Result<VersionOrder, VersionError> {
    ecosystem.version_order().ok_or_else(|| VersionError::UnknownEcosystem { ecosystem: ecosystem.name().to_owned() })
}

/// Reads a version.
///
/// # Errors
/// Names the text that is not a version in this order.
pub fn parse(order: VersionOrder, text: &str) -> Result<Version, VersionError> {
    if text.len() > MAX_LENGTH {
        return Err(VersionError::TooLong { length: text.len() });
    }
    let parsed: Result<Family, Box<dyn Error + Send + Sync>> = match order {
        VersionOrder::SemVer => SemVer::parse(text).map(Family::SemVer).map_err(Into::into),
        VersionOrder::Npm => npm::parse(text).map(Family::SemVer).map_err(Into::into),
        VersionOrder::Go => go::parse(text).map(Family::SemVer).map_err(Into::into),
        VersionOrder::Pypi => PypiVersion::parse(text).map(Family::Pypi).map_err(Into::into),
        VersionOrder::Debian => DebianVersion::parse(text).map(Family::Debian).map_err(Into::into),
        VersionOrder::Maven => MavenVersion::parse(text).map(Family::Maven).map_err(Into::into),
        VersionOrder::Rpm => RpmVersion::parse(text).map(Family::Rpm).map_err(Into::into),
        VersionOrder::RubyGems => GemVersion::parse(text).map(Family::RubyGems).map_err(Into::into),
        VersionOrder::Apk => ApkVersion::parse(text).map(Family::Apk).map_err(Into::into),
        VersionOrder::NuGet => NuGetVersion::parse(text).map(Family::NuGet).map_err(Into::into),
        VersionOrder::Packagist => PackagistVersion::parse(text).map(Family::Packagist).map_err(Into::into),
        VersionOrder::Pub => PubVersion::parse(text).map(Family::Pub).map_err(Into::into),
        VersionOrder::Haskell => Numbers::of_haskell(text).map(Family::Numbers).map_err(Into::into),
        VersionOrder::R => Numbers::of_r(text).map(Family::Numbers).map_err(Into::into),
    };
    parsed.map(Version).map_err(|source| VersionError::Unparsable { order, text: text.to_owned(), source })
}

/// A version that was read in a [`VersionOrder`].
///
/// Equal means *same place in the order* (`1.0+a` and `1.0+b` in SemVer), not same text. Only versions of one
/// order are ever compared; between families the order is that of the variants, so that it stays total.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(Family);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    SemVer(SemVer),
    Pypi(PypiVersion),
    Debian(DebianVersion),
    Maven(MavenVersion),
    Rpm(RpmVersion),
    RubyGems(GemVersion),
    Apk(ApkVersion),
    NuGet(NuGetVersion),
    Packagist(PackagistVersion),
    Pub(PubVersion),
    Numbers(Numbers),
}

/// Compares two versions of one ecosystem.
///
/// # Errors
/// The ecosystem has no known order, or a text is not one of its versions.
pub fn compare(ecosystem: &Ecosystem, a: &str, b: &str) -> Result<Ordering, VersionError> {
    let order = order_of(ecosystem)?;
    Ok(parse(order, a)?.cmp(&parse(order, b)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_unknown_ecosystem_is_an_error_and_not_a_guess() {
        let error = compare(&Ecosystem::from("ConanCenter"), "1", "2").unwrap_err();
        assert_eq!(error.to_string(), "the version order of ecosystem `ConanCenter` is not known");
    }

    #[test]
    fn what_is_not_a_version_is_named() {
        for &order in VersionOrder::ALL {
            for text in ["", " ", "hello, world", "1.2.3 4", "ü", "1..2", "latest"] {
                // These let a version start with a letter and hold `1..2` for one; Maven lets it be any word.
                let lenient: &[&str] = match order {
                    VersionOrder::Debian | VersionOrder::Rpm => &["latest", "1..2"],
                    VersionOrder::Maven => &["latest", "1..2", "ü"],
                    _ => &[],
                };
                if lenient.contains(&text) {
                    assert!(parse(order, text).is_ok(), "{order}: {text}");
                    continue;
                }
                let error = parse(order, text).unwrap_err().to_string();
                assert_eq!(error, format!("`{text}` is not a valid {order} version"));
            }
            assert!(matches!(parse(order, &"1".repeat(257)), Err(VersionError::TooLong { length: 257 })));
        }
    }

    #[test]
    fn a_fourth_number_is_never_dropped() {
        for order in [VersionOrder::SemVer, VersionOrder::Npm, VersionOrder::Go] {
            assert!(parse(order, "1.2.3.4").is_err(), "{order}");
        }
    }

    /// Texts that are dense in versions of all orders.
    fn version_like() -> impl Strategy<Value = String> {
        prop_oneof![
            "(v|=|go)?[0-9]{1,2}(\\.[0-9]{1,2}){0,3}(-[0-9a-z.-]{1,6})?(\\+[a-z0-9.]{1,4})?",
            "([0-9]!)?[0-9]{1,2}(\\.[0-9]){0,3}((a|b|rc)[0-9])?(\\.post[0-9])?(\\.dev[0-9])?(\\+[a-z0-9](\\.[a-z0-9])?)?",
            "([0-9]:)?[0-9][0-9a-z.+~]{0,6}(-[0-9a-z.+~]{1,4})?",
            "[0-9](\\.[0-9]){2}(-(0|1|2|10|a|rc)(\\.(0|1|2|10|a|rc)){0,2})?",
            "(0|1|a|b|m|ga|rc|sp|x|[.-]){1,6}",
            "[01](\\.[01]){0,2}([.-]?(a|alpha|rc|sp|ga|final|x)[.-]?[01]?){0,2}",
            "[01a~^.+_]{1,6}(-[01a~^.]{1,3})?",
            "[01](\\.0?[012]){0,2}[ab]?(_(alpha|rc|p|git)[01]?){0,2}(~[0a])?(-r[01])?",
            "v?[01](\\.[01]){0,3}([.-]?(dev|a|beta|RC|stable|p)[.-]?[01]?){0,2}",
        ]
    }

    proptest! {
        #[test]
        fn each_order_is_total(a in version_like(), b in version_like(), c in version_like()) {
            for &order in VersionOrder::ALL {
                let (Ok(a), Ok(b), Ok(c)) = (parse(order, &a), parse(order, &b), parse(order, &c)) else { continue };
                prop_assert_eq!(a.cmp(&a), Ordering::Equal);
                prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
                prop_assert_eq!(a == b, a.cmp(&b) == Ordering::Equal);
                let mut three = [&a, &b, &c];
                three.sort();
                prop_assert!(three[0] <= three[1] && three[1] <= three[2] && three[0] <= three[2]);
                if a == b {
                    prop_assert_eq!(a.cmp(&c), b.cmp(&c));
                }
            }
        }

        #[test]
        fn no_text_panics(text in any::<String>(), like in "[-0-9a-z.+~:!=v ]{0,300}") {
            for &order in VersionOrder::ALL {
                let _ = (parse(order, &text), parse(order, &like));
            }
        }
    }
}
