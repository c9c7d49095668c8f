//! Maven versions: the order of the POM reference
//! (<https://maven.apache.org/pom.html#version-order-specification>), as Maven 4 applies it.
//!
//! Maven nests a list at each hyphen and compares items of different kinds by rules that are not transitive for every
//! text. Here a version is one flat list: a number keeps whether a dot or a hyphen stood before it, zeros that count
//! for nothing are left out, and a list that ends goes on with [`Item::Release`]. That is a total order, and the same
//! one wherever Maven's own tests say which it is.
//! Absent: version ranges.

use std::cmp::Ordering;

use crate::scanner::version::digits::{Number, take_while};
use crate::scanner::version::padded;

/// The items of a version that count.
#[derive(Debug, Clone)]
pub(super) struct MavenVersion(Vec<Item>);

/// An item; later variants sort after earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Alpha,
    Beta,
    Milestone,
    Candidate,
    Snapshot,
    /// `ga`, `final`, `release`, and the end.
    Release,
    ServicePack,
    /// Any other word, in lower case.
    Word(String),
    /// A number after a hyphen, or where a word ends.
    Dashed(Number),
    /// A number after a dot, and the first.
    Dotted(Number),
}

/// Why a text is not a Maven version.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MavenError {
    #[error("it is empty")]
    Empty,
    #[error("`{0}` is not allowed")]
    Character(char),
}

impl MavenVersion {
    /// Reads any text that Maven lets be a version: what cannot stand in a file name cannot stand in one.
    pub(super) fn parse(text: &str) -> Result<Self, MavenError> {
        let refused = |c: char| c.is_whitespace() || c.is_control() || "\\/:\"<>|?*[](){},".contains(c);
        if let Some(c) = text.chars().find(|c| refused(*c)) {
            return Err(MavenError::Character(c));
        }
        if text.is_empty() {
            return Err(MavenError::Empty);
        }
        Ok(Self(items(&text.to_lowercase())))
    }
}

fn items(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut rest = text;
    let mut dashed = false;
    loop {
        let number = |digits: &str, dashed| match dashed {
            true => Item::Dashed(Number::of(digits)),
            false => Item::Dotted(Number::of(digits)),
        };
        let digits = take_while(&mut rest, |c| c.is_ascii_digit());
        let word = take_while(&mut rest, |c| !c.is_ascii_digit() && !matches!(c, '.' | '-'));
        if !digits.is_empty() {
            if dashed {
                trim(&mut items, is_zero);
            }
            items.push(number(digits, dashed));
        }
        if !word.is_empty() {
            // A word stands as after a hyphen, whatever is before it.
            trim(&mut items, is_zero);
            let after = rest.strip_prefix('-').unwrap_or(rest);
            items.push(qualifier(word, after.starts_with(|c: char| c.is_ascii_digit())));
        }
        if digits.is_empty() && word.is_empty() {
            // Two separators in a row hold an empty item, which is a zero.
            items.push(number("", dashed));
        }
        dashed = match rest.chars().next() {
            Some('.') => false,
            Some('-') => true,
            Some(_) => {
                // A digit after a word.
                dashed = true;
                continue;
            }
            None => break,
        };
        rest = &rest[1..];
    }
    trim(&mut items, |item| is_zero(item) || *item == Item::Release);
    items
}

/// Leaves out the last items that count for nothing. With no zero before a word or a hyphen, a zero that is left has a
/// number after it, and a version that goes on so is later than one that ends.
fn trim(items: &mut Vec<Item>, nothing: impl Fn(&Item) -> bool) {
    while items.last().is_some_and(&nothing) {
        items.pop();
    }
}

fn is_zero(item: &Item) -> bool {
    matches!(item, Item::Dashed(number) | Item::Dotted(number) if *number == Number::ZERO)
}

/// `a`, `b` and `m` are short for words where a number follows, with a hyphen before it or none.
fn qualifier(word: &str, counted: bool) -> Item {
    match word {
        "a" if counted => Item::Alpha,
        "b" if counted => Item::Beta,
        "m" if counted => Item::Milestone,
        "alpha" => Item::Alpha,
        "beta" => Item::Beta,
        "milestone" => Item::Milestone,
        "rc" | "cr" => Item::Candidate,
        "snapshot" => Item::Snapshot,
        "ga" | "final" | "release" => Item::Release,
        "sp" => Item::ServicePack,
        word => Item::Word(word.to_owned()),
    }
}

impl Ord for MavenVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        padded::compare(&self.0, &other.0, &Item::Release)
    }
}

impl PartialOrd for MavenVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for MavenVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for MavenVersion {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> MavenVersion {
        MavenVersion::parse(text).unwrap()
    }

    #[test]
    fn what_real_projects_write_is_ordered() {
        for ascending in [
            &["4.1.87.Final", "4.1.94.Final", "4.2.0.Alpha1", "4.2.0.Beta1", "4.2.0.CR1", "4.2.0.Final"][..],
            &["2.13.4", "2.13.4.1", "2.13.4.2", "2.14.0-rc1", "2.14.0"],
            &["5.3.0.M1", "5.3.0.RC1", "5.3.0", "5.3.0-jre", "5.3.1"],
            &["20231013", "20240205.1"],
        ] {
            assert!(ascending.is_sorted_by(|a, b| read(a) < read(b)), "{ascending:?}");
        }
        assert_eq!(read("4.1.94.Final"), read("4.1.94"));
        assert_eq!(read("1-a-1"), read("1-alpha-1"));
        assert!(read("1-a") > read("1") && read("1-a.1") > read("1"));
    }

    #[test]
    fn what_cannot_be_in_a_version_is_refused() {
        assert_eq!(MavenVersion::parse("").unwrap_err(), MavenError::Empty);
        for (text, c) in [("1 0", ' '), ("[1,2)", '['), ("${revision}", '{'), ("a/b", '/'), ("1\0", '\0')] {
            assert_eq!(MavenVersion::parse(text).unwrap_err(), MavenError::Character(c), "{text}");
        }
    }
}
