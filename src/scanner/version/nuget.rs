//! NuGet versions (<https://learn.microsoft.com/en-us/nuget/concepts/package-versioning>): Semantic Versioning 2.0.0 with one to four
//! numbers, zeros before them, and pre-releases in any case. Build metadata does not count.

use crate::scanner::version::digits::Number;
use crate::scanner::version::padded;
use std::cmp::Ordering;

/// Numbers, and what stands after the first hyphen.
#[derive(Debug, Clone)]
pub(super) struct NuGetVersion {
    numbers: Vec<Number>,
    pre: Vec<Identifier>,
}

/// A part of a pre-release: numbers sort before words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(Number),
    /// In small letters.
    Word(String),
}

/// Why a text is not a NuGet version.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NuGetError {
    #[error("expected one to four numbers")]
    Numbers,
    #[error("a part of the pre-release or the metadata is empty, or is not of letters, digits and hyphens")]
    Identifier,
}

impl NuGetVersion {
    pub(super) fn parse(text: &str) -> Result<Self, NuGetError> {
        let (text, metadata) = text.split_once('+').map_or((text, None), |(text, metadata)| (text, Some(metadata)));
        let (numbers, pre) = text.split_once('-').map_or((text, None), |(numbers, pre)| (numbers, Some(pre)));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<&str> = numbers.split('.').collect();
        if parts.len() > 4 || !parts.iter().all(|part| is_number(part)) {
            return Err(NuGetError::Numbers);
        }
        let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let words = |text: Option<&str>| -> Result<Vec<String>, NuGetError> {
            let parts: Vec<&str> = text.map(|text| text.split('.').collect()).unwrap_or_default();
            let all = parts.iter().all(is_word);
            if all {
                Ok(parts.iter().map(|part| part.to_ascii_lowercase()).collect())
            } else {
                Err(NuGetError::Identifier)
            }
        };
        words(metadata)?;
        let pre = words(pre)?.into_iter();
        let pre = pre
            .map(|word| if is_number(&word) { Identifier::Number(Number::of(&word)) } else { Identifier::Word(word) });
        Ok(Self { numbers: parts.iter().map(|part| Number::of(part)).collect(), pre: pre.collect() })
    }
}

impl Ord for NuGetVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = padded::compare(&self.numbers, &other.numbers, &Number::ZERO);
        // What has no pre-release comes after what has one.
        let release = self.pre.is_empty().cmp(&other.pre.is_empty());
        numbers.then(release).then_with(|| self.pre.cmp(&other.pre))
    }
}

impl PartialOrd for NuGetVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for NuGetVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for NuGetVersion {}
