//! Versions that are nothing but a list of numbers, of which the longer one comes later: Haskell's
//! (<https://hackage.haskell.org/package/base/docs/Data-Version.html>) with dots, R's
//! (<https://stat.ethz.ch/R-manual/R-devel/library/base/html/numeric_version.html>) with dots and hyphens, two numbers at least.

use crate::scanner::version::digits::Number;

/// The numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Numbers(Vec<Number>);

/// Why a text is not such a version.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NumbersError {
    #[error("a part is not a number")]
    Part,
    #[error("expected two numbers at least")]
    TooShort,
}

impl Numbers {
    pub(super) fn of_haskell(text: &str) -> Result<Self, NumbersError> {
        Self::parse(text, &['.'])
    }

    pub(super) fn of_r(text: &str) -> Result<Self, NumbersError> {
        let version = Self::parse(text, &['.', '-'])?;
        if version.0.len() < 2 { Err(NumbersError::TooShort) } else { Ok(version) }
    }

    fn parse(text: &str, marks: &[char]) -> Result<Self, NumbersError> {
        let number = |part: &str| {
            let is_one = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if is_one { Ok(Number::of(part)) } else { Err(NumbersError::Part) }
        };
        text.split(marks).map(number).collect::<Result<_, _>>().map(Self)
    }
}
