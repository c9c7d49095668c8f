//! Packagist versions, as Composer reads them (<https://getcomposer.org/doc/articles/versions.md>, `composer/semver`): one to four
//! numbers filled up with zeros, or a date; a stability (`dev`, `alpha`, `beta`, `RC`, `patch`) with numbers of its own. Build metadata
//! does not count.
//!
//! Absent: branches (`dev-main`, `1.x-dev`), which have no place among releases.

use crate::scanner::version::digits::{Number, take_while};
use crate::scanner::version::padded;
use std::cmp::Ordering;

/// Numbers, then the stability as a list that ends with [`Part::End`].
#[derive(Debug, Clone)]
pub(super) struct PackagistVersion {
    numbers: Vec<Number>,
    stability: Vec<Part>,
}

/// In the order of PHP's `version_compare`, whose `#` is the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Dev,
    Alpha,
    Beta,
    Rc,
    End,
    Number(Number),
    Patch,
}

/// Why a text is not a version for Composer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PackagistError {
    #[error("expected one to four numbers, or a date")]
    Numbers,
    #[error("`{0}` is not a stability")]
    Stability(String),
    #[error("it is a branch")]
    Branch,
}

/// The most digits of the first number that is not a date.
const FIRST: usize = 5;

impl PackagistVersion {
    pub(super) fn parse(text: &str) -> Result<Self, PackagistError> {
        let text = text.trim();
        let text = text.split_once('+').map_or(text, |(text, _)| text);
        if text.starts_with("dev-") {
            return Err(PackagistError::Branch);
        }
        let mut rest = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let mut numbers = vec![number(&mut rest)?];
        let is_date = numbers[0].len() >= 8 || numbers[0].len() == 4 && rest.starts_with(['-', '.', ':']);
        if !is_date && numbers[0].len() > FIRST {
            return Err(PackagistError::Numbers);
        }
        let next = |rest: &str| {
            let after = rest.strip_prefix('.').or_else(|| rest.strip_prefix(['-', ':']).filter(|_| is_date))?;
            after.starts_with(|c: char| c.is_ascii_digit()).then_some(rest.len() - after.len())
        };
        while let Some(mark) = next(rest) {
            rest = &rest[mark..];
            numbers.push(number(&mut rest)?);
        }
        if numbers.len() > 4 && !is_date {
            return Err(PackagistError::Numbers);
        }
        Ok(Self { numbers: numbers.into_iter().map(Number::of).collect(), stability: stability(rest)? })
    }
}

fn number<'t>(rest: &mut &'t str) -> Result<&'t str, PackagistError> {
    let digits = take_while(rest, |c| c.is_ascii_digit());
    if digits.is_empty() { Err(PackagistError::Numbers) } else { Ok(digits) }
}

/// `[._-]?(stable|beta|b|RC|alpha|a|patch|pl|p)([.-]?[0-9]+)*([.-]?dev)?` in any case.
fn stability(text: &str) -> Result<Vec<Part>, PackagistError> {
    let strange = || PackagistError::Stability(text.to_owned());
    let mut parts = Vec::new();
    let mut rest = text;
    if !rest.is_empty() {
        rest = rest.strip_prefix(['.', '_', '-']).unwrap_or(rest);
        let word = take_while(&mut rest, |c| c.is_ascii_alphabetic());
        let (part, is_last) = match word.to_ascii_lowercase().as_str() {
            "stable" => (None, false),
            "alpha" | "a" => (Some(Part::Alpha), false),
            "beta" | "b" => (Some(Part::Beta), false),
            "rc" => (Some(Part::Rc), false),
            "patch" | "pl" | "p" => (Some(Part::Patch), false),
            "dev" => (Some(Part::Dev), true),
            _ => return Err(strange()),
        };
        let is_stable = part.is_none();
        parts.extend(part);
        while !is_last && !rest.is_empty() {
            rest = rest.strip_prefix(['.', '-']).unwrap_or(rest);
            if rest.eq_ignore_ascii_case("dev") {
                parts.push(Part::Dev);
                rest = "";
                break;
            }
            let count = take_while(&mut rest, |c| c.is_ascii_digit());
            if count.is_empty() || is_stable {
                return Err(strange());
            }
            parts.push(Part::Number(Number::of(count)));
        }
    }
    if !rest.is_empty() {
        return Err(strange());
    }
    parts.push(Part::End);
    Ok(parts)
}

impl Ord for PackagistVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        padded::compare(&self.numbers, &other.numbers, &Number::ZERO).then_with(|| self.stability.cmp(&other.stability))
    }
}

impl PartialOrd for PackagistVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for PackagistVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for PackagistVersion {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_composer_does_not_take_is_refused() {
        for text in [
            "",
            "a",
            "dev-main",
            "1.x-dev",
            "1.0.0.0.0",
            "1.0.0-foo",
            "1.0.0-beta.x",
            "100000",
            "1.0.0-stable1",
            "1.0.",
        ] {
            assert!(PackagistVersion::parse(text).is_err(), "{text}");
        }
    }
}
