//! RPM versions: `[epoch:]version[-release]`, as rpm's `rpmvercmp` orders each part.
//!
//! Invariant: a part is a list of segments that ends with [`Segment::End`], so that the order of lists is the order
//! of parts. A missing release sorts before every other; rpm itself lets it equal each, which is no order.

use crate::scanner::version::digits::{Number, take_while};

/// Epoch, version and release. The order of the fields is the order of their weight.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RpmVersion {
    epoch: u32,
    version: Vec<Segment>,
    release: Vec<Segment>,
}

/// What a part is made of; other characters only separate. Later variants sort after earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    /// `~`: before everything, even the end.
    Tilde,
    End,
    /// `^`: after the end, before everything else.
    Caret,
    Letters(String),
    Digits(Number),
}

/// Why a text is not an RPM version.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RpmError {
    #[error("epoch is not a number up to {}", u32::MAX)]
    Epoch,
    #[error("version is empty")]
    NoVersion,
    #[error("release is empty")]
    NoRelease,
    #[error("`{0}` is not allowed")]
    Character(char),
}

impl RpmVersion {
    /// Reads `[epoch:]version[-release]`. What precedes the last hyphen is the version, as in rpm.
    pub(super) fn parse(text: &str) -> Result<Self, RpmError> {
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) => {
                let digits = !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit());
                (epoch.parse().ok().filter(|_| digits).ok_or(RpmError::Epoch)?, rest)
            }
            None => (0, text),
        };
        let (version, release) = match rest.rsplit_once('-') {
            Some((_, "")) => return Err(RpmError::NoRelease),
            Some((version, release)) => (version, release),
            None => (rest, ""),
        };
        if version.is_empty() {
            return Err(RpmError::NoVersion);
        }
        Ok(Self { epoch, version: segments(version)?, release: segments(release)? })
    }
}

fn segments(part: &str) -> Result<Vec<Segment>, RpmError> {
    let mut segments = Vec::new();
    let mut rest = part;
    while let Some(first) = rest.chars().next() {
        match first {
            '0'..='9' => segments.push(Segment::Digits(Number::of(take_while(&mut rest, |c| c.is_ascii_digit())))),
            'a'..='z' | 'A'..='Z' => {
                segments.push(Segment::Letters(take_while(&mut rest, |c| c.is_ascii_alphabetic()).to_owned()));
            }
            '~' | '^' => {
                segments.push(if first == '~' { Segment::Tilde } else { Segment::Caret });
                rest = &rest[1..];
            }
            // rpm, `ALLOWED_CHARS_VERREL` and the `%{…}` that a spec file may leave behind.
            '.' | '_' | '+' | '%' | '{' | '}' => rest = &rest[1..],
            other => return Err(RpmError::Character(other)),
        }
    }
    segments.push(Segment::End);
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> RpmVersion {
        RpmVersion::parse(text).unwrap()
    }

    #[test]
    fn epoch_weighs_more_than_version_and_version_more_than_release() {
        let ascending = ["1.0", "1.0-1", "1.0-1.el9", "1.0-1.el9_2", "1.0-2", "1.1-1", "0:2-1", "1:0.1-1", "2:0-1"];
        assert!(ascending.is_sorted_by(|a, b| read(a) < read(b)));
        assert_eq!(read("0:1.0-1"), read("1.0-1"));
        assert!(read("1.0-3.el9~bootstrap") < read("1.0-3.el9"));
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for (text, error) in [
            ("", RpmError::NoVersion),
            ("1:", RpmError::NoVersion),
            ("-1", RpmError::NoVersion),
            ("1-", RpmError::NoRelease),
            (":1", RpmError::Epoch),
            ("a:1", RpmError::Epoch),
            ("+1:1", RpmError::Epoch),
            ("99999999999:1", RpmError::Epoch),
            ("1 2", RpmError::Character(' ')),
            ("1-2-3", RpmError::Character('-')),
            ("1.1.α", RpmError::Character('α')),
        ] {
            assert_eq!(RpmVersion::parse(text).unwrap_err(), error, "{text}");
        }
    }
}
