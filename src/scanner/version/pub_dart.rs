//! Pub versions (<https://pub.dev/documentation/pub_semver/latest/>): Semantic Versioning 2.0.0 in which build metadata counts, last and
//! after none.

use std::cmp::Ordering;

use crate::scanner::version::digits::Number;
use crate::scanner::version::semver::SemVer;

/// A semantic version, and the parts of its build metadata.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PubVersion {
    version: SemVer,
    build: Vec<BuildPart>,
}

/// Numbers sort before words.
#[derive(Debug, Clone, PartialEq, Eq)]
enum BuildPart {
    Number(Number),
    Word(String),
}

impl Ord for BuildPart {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Word(a), Self::Word(b)) => a.cmp(b),
            (Self::Number(_), Self::Word(_)) => Ordering::Less,
            (Self::Word(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for BuildPart {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PubVersion {
    pub(super) fn parse(text: &str) -> Result<Self, semver::Error> {
        let version = SemVer::parse(text)?;
        let build = text.split_once('+').map(|(_, build)| build.split('.')).into_iter().flatten();
        let part = |part: &str| match part.bytes().all(|byte| byte.is_ascii_digit()) {
            true => BuildPart::Number(Number::of(part)),
            false => BuildPart::Word(part.to_owned()),
        };
        Ok(Self { version, build: build.map(part).collect() })
    }
}
