//! The only door to the time of day.

use crate::model::diagnostic::{Diagnostic, FailureKind};
use jiff::Timestamp;

/// Freezes [`now`] at an RFC 3339 instant. For hermetic tests of the program as a whole, and for nothing else.
pub const TEST_NOW: &str = "STELLA_TEST_NOW";

/// The variable [`TEST_NOW`] holds something that is not an instant.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`{TEST_NOW}` holds `{given}`: expected an RFC 3339 instant such as `2026-01-31T12:00:00Z`")]
pub struct ClockError {
    given: String,
    #[source]
    source: jiff::Error,
}

impl Diagnostic for ClockError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

/// The present instant; the one in [`TEST_NOW`] where that is set.
///
/// A program calls [`frozen`] at its start, so that a value that cannot be read is an error there; here it is passed by.
pub fn now() -> Timestamp {
    frozen().ok().flatten().unwrap_or_else(Timestamp::now)
}

/// The instant at which [`TEST_NOW`] freezes the clock, if it does.
///
/// # Errors
/// [`ClockError`] when the variable is set and holds no instant.
pub fn frozen() -> Result<Option<Timestamp>, ClockError> {
    std::env::var_os(TEST_NOW).map(|value| parse(&value.to_string_lossy())).transpose()
}

fn parse(text: &str) -> Result<Timestamp, ClockError> {
    text.parse().map_err(|source| ClockError { given: text.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_instant_freezes_the_clock() {
        assert_eq!(parse("2026-01-31T12:00:00Z").unwrap().to_string(), "2026-01-31T12:00:00Z");
        for text in ["", "now", "2026-01-31", "12:00"] {
            let error = parse(text).unwrap_err();
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }

    #[test]
    fn the_clock_runs() {
        let before = now();
        assert!(now() >= before);
    }
}
