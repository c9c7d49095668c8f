//! A stretch of time. Days are 24 hours and instants have no time zone, so no clock change moves a boundary.

use jiff::{SignedDuration, Timestamp};

/// After one instant, up to and including another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    after: Timestamp,
    until: Timestamp,
}

impl Window {
    /// The `days` before `until`.
    pub fn ending(until: Timestamp, days: u16) -> Self {
        Self { after: earlier(until, days), until }
    }

    /// The week before `until`, and the week before that: they touch and do not overlap.
    pub fn weeks(until: Timestamp) -> Weeks<Self> {
        let now = Self::ending(until, 7);
        Weeks { before: Self::ending(now.after, 7), now }
    }

    /// Whether an instant lies in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.after < at && at <= self.until
    }

    /// Its ends: after the first, up to and including the second.
    pub fn ends(&self) -> (Timestamp, Timestamp) {
        (self.after, self.until)
    }
}

/// Something of the last week and of the week before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weeks<T> {
    /// The week before.
    pub before: T,
    /// The last week.
    pub now: T,
}

fn earlier(instant: Timestamp, days: u16) -> Timestamp {
    // Hours are never ambiguous; only the beginning of time is in the way.
    instant.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_end_is_in_and_the_beginning_is_not() {
        let window = Window::ending(at("2026-03-31T12:00:00Z"), 30);
        for (instant, inside) in [
            ("2026-03-01T12:00:00Z", false),
            ("2026-03-01T12:00:00.000000001Z", true),
            ("2026-03-31T12:00:00Z", true),
            ("2026-03-31T12:00:00.000000001Z", false),
        ] {
            assert_eq!(window.contains(at(instant)), inside, "{instant}");
        }
    }

    /// Europe's clocks went forward on 2026-03-29: by the wall this week has 167 hours, by the clock 168.
    #[test]
    fn a_time_zone_moves_no_boundary() {
        let until = at("2026-03-31T00:30:00+02:00");
        assert_eq!(until, at("2026-03-30T22:30:00Z"));
        let weeks = Window::weeks(until);
        assert_eq!(weeks.now.ends().0, at("2026-03-23T22:30:00Z"));
        assert!(weeks.now.contains(at("2026-03-23T23:30:01+01:00")));
        assert!(!weeks.now.contains(at("2026-03-23T23:30:00+01:00")));
        assert!(
            weeks.before.contains(at("2026-03-23T17:30:00-05:00")),
            "the boundary belongs to the week that it ends"
        );
    }

    #[test]
    fn the_beginning_of_time_is_no_panic() {
        assert_eq!(Window::ending(Timestamp::MIN, u16::MAX).ends(), (Timestamp::MIN, Timestamp::MIN));
    }
}
