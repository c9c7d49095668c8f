//! Debian versions: policy §5.6.12, as dpkg orders them.
//!
//! Not ordered by `debversion`: it puts `1.` before `1.0`, which dpkg holds for equal.

use std::cmp::Ordering;

/// Epoch, upstream version and revision.
#[derive(Debug, Clone)]
pub(super) struct DebianVersion {
    epoch: u32,
    upstream: String,
    /// Empty where there is none, which is the same place in the order as `0`.
    revision: String,
}

/// Why a text is not a Debian version.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DebianError {
    #[error("epoch is not a number up to {}", i32::MAX)]
    Epoch,
    #[error("upstream version is empty")]
    NoUpstream,
    #[error("revision is empty")]
    NoRevision,
    #[error("`{0}` is not allowed")]
    Character(char),
}

impl DebianVersion {
    /// Reads `[epoch:]upstream[-revision]`; blanks around it do not count.
    pub(super) fn parse(text: &str) -> Result<Self, DebianError> {
        let text = text.trim_matches([' ', '\t', '\n']);
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) => (read_epoch(epoch)?, rest),
            None => (0, text),
        };
        let (upstream, revision) = match rest.rsplit_once('-') {
            Some((_, "")) => return Err(DebianError::NoRevision),
            Some((upstream, revision)) => (upstream, revision),
            None => (rest, ""),
        };
        if upstream.is_empty() {
            return Err(DebianError::NoUpstream);
        }
        allow(upstream, ".+-~:")?;
        allow(revision, ".+~")?;
        Ok(Self { epoch, upstream: upstream.to_owned(), revision: revision.to_owned() })
    }
}

/// dpkg keeps the epoch in a C `int` and refuses signs.
fn read_epoch(text: &str) -> Result<u32, DebianError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let epoch = text.parse::<i32>().ok().filter(|_| digits).ok_or(DebianError::Epoch)?;
    u32::try_from(epoch).map_err(|_| DebianError::Epoch)
}

fn allow(part: &str, marks: &str) -> Result<(), DebianError> {
    match part.chars().find(|&char| !char.is_ascii_alphanumeric() && !marks.contains(char)) {
        Some(char) => Err(DebianError::Character(char)),
        None => Ok(()),
    }
}

/// Compares one part: runs of non-digits by [`weight`], runs of digits as numbers of any length, in turns.
fn compare_part(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while !a.is_empty() || !b.is_empty() {
        let (words_a, words_b) = (split(&mut a, false), split(&mut b, false));
        for i in 0..words_a.len().max(words_b.len()) {
            let order = weight(words_a.get(i)).cmp(&weight(words_b.get(i)));
            if order.is_ne() {
                return order;
            }
        }
        let (number_a, number_b) = (significant(split(&mut a, true)), significant(split(&mut b, true)));
        let order = number_a.len().cmp(&number_b.len()).then_with(|| number_a.cmp(number_b));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// Takes the longest beginning that is all digits, or all others.
fn split<'a>(part: &mut &'a [u8], digits: bool) -> &'a [u8] {
    let end = part.iter().position(|byte| byte.is_ascii_digit() != digits).unwrap_or(part.len());
    let (head, tail) = part.split_at(end);
    *part = tail;
    head
}

fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == b'0').count();
    &number[zeros..]
}

/// A tilde sorts before everything, even the end of the part; letters sort before other characters.
fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        Some(b'~') => -1,
        None => 0,
        Some(&byte) if byte.is_ascii_alphabetic() => byte.into(),
        Some(&byte) => i32::from(byte) + 256,
    }
}

impl Ord for DebianVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare_part(&self.upstream, &other.upstream))
            .then_with(|| compare_part(&self.revision, &other.revision))
    }
}

impl PartialOrd for DebianVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for DebianVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for DebianVersion {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> DebianVersion {
        DebianVersion::parse(text).unwrap()
    }

    #[test]
    fn tildes_are_ordered_as_in_the_policy() {
        // Debian policy §5.6.12: "~~, ~~a, ~, the empty part, a".
        let ascending = ["1~~", "1~~a", "1~", "1", "1a"];
        assert!(ascending.is_sorted_by(|a, b| read(a) < read(b)));
        assert!(read("1.0~beta1~svn1245") < read("1.0~beta1") && read("1.0~beta1") < read("1.0"));
    }

    #[test]
    fn order_is_the_one_of_dpkg() {
        // dpkg, lib/dpkg/t/t-version.c, test_version_compare and test_version_parse.
        for (a, b) in [("0:1-1", "0:2-1"), ("0:1-1", "0:1-2"), ("0:0-0", "1:0-0"), ("a-0", "b-0"), ("0-a", "0-b")] {
            assert!(read(a) < read(b), "{a} < {b}");
        }
        for (a, b) in [
            ("0-0", "0-00"),
            ("0-00", "00-0"),
            ("0", "0:0"),
            ("0:0-0", "0"),
            ("1:2-3", "1:2-3"),
            ("  \t0:0-1", "0-1"),
            ("0:0-1\t  ", "0-1"),
        ] {
            assert_eq!(read(a), read(b), "{a} = {b}");
        }
        let parts = |text| {
            let version = read(text);
            (version.epoch, version.upstream, version.revision)
        };
        for (text, epoch, upstream, revision) in [
            ("5:1", 5, "1", ""),
            ("0:0-0-0", 0, "0-0", "0"),
            ("0:0-0-0-0", 0, "0-0-0", "0"),
            ("0:0:0-0", 0, "0:0", "0"),
            ("0:0-0:0-0", 0, "0-0:0", "0"),
            ("0:09azAZ.-+~:-0", 0, "09azAZ.-+~:", "0"),
            ("0:0-azAZ09.+~", 0, "0", "azAZ09.+~"),
        ] {
            assert_eq!(parts(text), (epoch, upstream.to_owned(), revision.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_dpkg_refuses_is_refused() {
        // dpkg, lib/dpkg/t/t-version.c, test_version_parse.
        for text in [
            "",
            "  ",
            "0:",
            "0:0 0-1",
            "-1:0-1",
            "999999999999999999999999:0-1",
            "a:0-0",
            "A:0-0",
            "-0",
            "0:-0",
            "0:0-0:0",
        ] {
            assert!(DebianVersion::parse(text).is_err(), "{text:?}");
        }
        for mark in "!#@$%&/|\\<>()[]{};,_=*^'".chars() {
            assert_eq!(DebianVersion::parse(&format!("0:0{mark}-0")).unwrap_err(), DebianError::Character(mark));
            assert_eq!(DebianVersion::parse(&format!("0:0-{mark}")).unwrap_err(), DebianError::Character(mark));
        }
    }

    #[test]
    fn a_missing_number_is_zero_and_long_numbers_are_numbers() {
        assert_eq!(read("1."), read("1.0"));
        assert!(read("1.99999999999999999999999999") < read("1.100000000000000000000000000"));
        assert!(read("1.2.3-1") < read("1.2.3-1+deb12u1") && read("1.2.3-1~bpo12+1") < read("1.2.3-1"));
        assert!(read("2.4.52-1ubuntu4") > read("2.4.52-1"));
    }
}
