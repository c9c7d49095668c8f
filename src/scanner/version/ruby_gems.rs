//! RubyGems versions: `Gem::Version` (<https://guides.rubygems.org/patterns/#prerelease-gems>).
//!
//! Absent: the empty text, which RubyGems takes for `0`. A package without a version has none.

use std::cmp::Ordering;

use crate::scanner::version::digits::{Number, take_while};
use crate::scanner::version::padded;

/// The segments of a version, without the zeros that do not count.
#[derive(Debug, Clone)]
pub(super) struct GemVersion(Vec<Segment>);

/// Letters make a pre-release: they sort before every number, and so before the zeros that a shorter version goes
/// on with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Letters(String),
    Digits(Number),
}

/// Why a text is not a RubyGems version.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum GemError {
    #[error("it does not begin with a number")]
    NoNumber,
    #[error("a part is empty")]
    EmptyPart,
    #[error("`{0}` is not allowed")]
    Character(char),
}

impl GemVersion {
    /// Reads `number(.part)*(-part(.part)*)?`; blanks around it do not count.
    pub(super) fn parse(text: &str) -> Result<Self, GemError> {
        let text = text.trim_matches([' ', '\t', '\n', '\r']);
        let (release, pre) = match text.split_once('-') {
            Some((release, pre)) => (release, Some(pre)),
            None => (text, None),
        };
        let first = release.split('.').next().unwrap_or_default();
        if first.is_empty() || !first.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(first
                .chars()
                .find(|c| !c.is_ascii_alphanumeric())
                .map_or(GemError::NoNumber, GemError::Character));
        }
        let mut segments = Vec::new();
        release.split('.').try_for_each(|part| read(part, "", &mut segments))?;
        if let Some(pre) = pre {
            segments.push(Segment::Letters("pre".to_owned()));
            pre.split('.').try_for_each(|part| read(part, "-", &mut segments))?;
        }
        Ok(Self(significant(segments)))
    }
}

/// Adds the segments of a part: runs of letters and runs of digits. Each of `marks` is a further `.pre.`.
fn read(part: &str, marks: &str, segments: &mut Vec<Segment>) -> Result<(), GemError> {
    if part.is_empty() {
        return Err(GemError::EmptyPart);
    }
    let mut rest = part;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_digit() {
            segments.push(Segment::Digits(Number::of(take_while(&mut rest, |c| c.is_ascii_digit()))));
        } else if first.is_ascii_alphabetic() {
            segments.push(Segment::Letters(take_while(&mut rest, |c| c.is_ascii_alphabetic()).to_owned()));
        } else if marks.contains(first) {
            segments.push(Segment::Letters("pre".to_owned()));
            rest = &rest[1..];
        } else {
            return Err(GemError::Character(first));
        }
    }
    Ok(())
}

/// Leaves out the zeros before the first letters, and those at the end.
fn significant(mut segments: Vec<Segment>) -> Vec<Segment> {
    let zero = Segment::Digits(Number::ZERO);
    let letters = segments.iter().position(|segment| matches!(segment, Segment::Letters(_))).unwrap_or(segments.len());
    let mut pre = segments.split_off(letters);
    for part in [&mut segments, &mut pre] {
        part.truncate(part.iter().rposition(|segment| *segment != zero).map_or(0, |last| last + 1));
    }
    segments.append(&mut pre);
    segments
}

impl Ord for GemVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        padded::compare(&self.0, &other.0, &Segment::Digits(Number::ZERO))
    }
}

impl PartialOrd for GemVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for GemVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for GemVersion {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_version_is_refused() {
        // RubyGems, test_gem_version.rb, test_initialize_invalid.
        let published = "2.3422222.222.222222222.22222.ads0as.dasd0.ddd2222.2.qd3e.";
        for (text, error) in [
            ("", GemError::NoNumber),
            ("junk", GemError::NoNumber),
            ("1.0\n2.0", GemError::Character('\n')),
            ("1..2", GemError::EmptyPart),
            ("1.2 3.4", GemError::Character(' ')),
            (published, GemError::EmptyPart),
            ("1-", GemError::EmptyPart),
            ("1+build", GemError::Character('+')),
            ("-1", GemError::NoNumber),
        ] {
            assert_eq!(GemVersion::parse(text).unwrap_err(), error, "{text}");
        }
        assert_eq!(GemVersion::parse(" 1.0\n").unwrap(), GemVersion::parse("1").unwrap());
    }

    #[test]
    fn every_hyphen_makes_a_pre_release() {
        let read = |text| GemVersion::parse(text).unwrap();
        assert_eq!(read("1-a-b"), read("1.pre.a.pre.b"));
        assert!(read("1-a-b") < read("1"));
    }
}
