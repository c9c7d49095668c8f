//! Runs of digits as numbers of any length.

/// A natural number, kept as its digits: versions hold dates and hashes that no machine word does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number {
    // The length first: of two numbers without leading zeros the longer is the greater.
    length: usize,
    digits: String,
}

impl Number {
    pub(super) const ZERO: Self = Self { length: 0, digits: String::new() };

    /// Reads a run of ASCII digits; leading zeros do not count.
    pub(super) fn of(digits: &str) -> Self {
        let digits = digits.trim_start_matches('0');
        Self { length: digits.len(), digits: digits.to_owned() }
    }
}

/// Takes the longest beginning of `rest` whose characters are all as `of` says.
pub(super) fn take_while<'t>(rest: &mut &'t str, of: impl Fn(char) -> bool) -> &'t str {
    let end = rest.find(|c| !of(c)).unwrap_or(rest.len());
    let (head, tail) = rest.split_at(end);
    *rest = tail;
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        let ascending = ["0", "1", "9", "10", "18446744073709551615", "18446744073709551616", "1000000000000000000000"];
        assert!(ascending.is_sorted_by(|a, b| Number::of(a) < Number::of(b)));
        assert_eq!(Number::of("007"), Number::of("7"));
        assert_eq!(Number::of("000"), Number::ZERO);
    }
}
