//! Versions of apk: Alpine and the distributions that use its package manager (apk-tools 3, `src/version.c`; the format is in
//! <https://wiki.alpinelinux.org/wiki/Package_policies>): `1.2.3b_rc1_p2~hash-r4`.
//!
//! Invariant: a version is a list of segments that ends with [`Segment::End`], so that the order of lists is the order of
//! versions: what goes on is greater, but for a suffix that stands before the release.

use crate::scanner::version::digits::{Number, take_while};

/// The segments of a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ApkVersion(Vec<Segment>);

/// Later variants sort after earlier ones where two versions go on differently.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    /// `_alpha`, `_beta`, `_pre`, `_rc`.
    Before(usize),
    End,
    Revision(Number),
    Commit(String),
    /// The number of a suffix.
    Count(Number),
    /// `_cvs`, `_svn`, `_git`, `_hg`, `_p`.
    After(usize),
    Letter(char),
    /// A number after a dot with a zero before it: compared as text, and so before every other.
    Padded(String),
    Number(Number),
}

const BEFORE: [&str; 4] = ["alpha", "beta", "pre", "rc"];
const AFTER: [&str; 5] = ["cvs", "svn", "git", "hg", "p"];

/// Why a text is not a version of apk.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ApkError {
    #[error("a number is missing")]
    NoNumber,
    #[error("`_{0}` is not a suffix")]
    Suffix(String),
    #[error("`{0}` is not allowed there")]
    Character(char),
}

impl ApkVersion {
    pub(super) fn parse(text: &str) -> Result<Self, ApkError> {
        let mut rest = text;
        let mut segments = vec![Segment::Number(Number::of(digits(&mut rest)?))];
        while let Some(after) = rest.strip_prefix('.') {
            rest = after;
            let number = digits(&mut rest)?;
            let padded = number.starts_with('0');
            segments.push(if padded {
                Segment::Padded(number.to_owned())
            } else {
                Segment::Number(Number::of(number))
            });
        }
        if let Some(letter) = rest.chars().next().filter(char::is_ascii_lowercase) {
            segments.push(Segment::Letter(letter));
            rest = &rest[1..];
        }
        while let Some(after) = rest.strip_prefix('_') {
            rest = after;
            let name = take_while(&mut rest, |c| c.is_ascii_lowercase());
            let place = |names: &[&str]| names.iter().position(|known| *known == name);
            segments.push(match (place(&BEFORE), place(&AFTER)) {
                (Some(before), _) => Segment::Before(before),
                (None, Some(after)) => Segment::After(after),
                (None, None) => return Err(ApkError::Suffix(name.to_owned())),
            });
            let count = take_while(&mut rest, |c| c.is_ascii_digit());
            if !count.is_empty() {
                segments.push(Segment::Count(Number::of(count)));
            }
        }
        if let Some(after) = rest.strip_prefix('~') {
            rest = after;
            let hash = take_while(&mut rest, |c| c.is_ascii_digit() || ('a'..='f').contains(&c));
            segments.push(Segment::Commit(hash.to_owned()));
        }
        if let Some(after) = rest.strip_prefix("-r") {
            rest = after;
            segments.push(Segment::Revision(Number::of(digits(&mut rest)?)));
        }
        segments.push(Segment::End);
        rest.chars().next().map_or(Ok(Self(segments)), |other| Err(ApkError::Character(other)))
    }
}

fn digits<'t>(rest: &mut &'t str) -> Result<&'t str, ApkError> {
    let digits = take_while(rest, |c| c.is_ascii_digit());
    if digits.is_empty() { Err(ApkError::NoNumber) } else { Ok(digits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_apk_does_not_take_is_refused() {
        for (text, error) in [
            ("", ApkError::NoNumber),
            ("a", ApkError::NoNumber),
            ("1.", ApkError::NoNumber),
            ("1.a", ApkError::NoNumber),
            ("1.0bc", ApkError::Character('c')),
            ("1.0_foo", ApkError::Suffix("foo".to_owned())),
            ("1.0_", ApkError::Suffix(String::new())),
            ("1.0-r", ApkError::NoNumber),
            ("1.0-1", ApkError::Character('-')),
            ("1.0-r1_p1", ApkError::Character('_')),
            ("1:1.0", ApkError::Character(':')),
        ] {
            assert_eq!(ApkVersion::parse(text).unwrap_err(), error, "{text}");
        }
    }
}
