//! An instant that stands: what a program reads from a frozen clock.

/// In nanoseconds.
pub(super) const SECOND: i128 = 1_000_000_000;

/// An instant that stands still, or moves by the same step at each reading.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// Nanoseconds since 1970.
    now: i128,
    step: i128,
}

impl Standing {
    pub(super) fn new(now: i128, step: i128) -> Self {
        Self { now, step }
    }

    /// The instant, in nanoseconds since 1970; it does not move by this.
    pub(super) fn now(&self) -> i128 {
        self.now
    }

    /// What one reading gives, in seconds and nanoseconds.
    pub(super) fn read(&mut self) -> (i64, i64) {
        let read = split(self.now);
        self.now += self.step;
        read
    }
}

/// Nanoseconds as seconds and nanoseconds.
pub(super) fn split(nanoseconds: i128) -> (i64, i64) {
    let seconds = i64::try_from(nanoseconds.div_euclid(SECOND)).unwrap_or(i64::MAX);
    (seconds, i64::try_from(nanoseconds.rem_euclid(SECOND)).unwrap_or(0))
}

/// The inverse of [`split`].
pub(super) fn join((seconds, nanoseconds): (i64, i64)) -> i128 {
    i128::from(seconds) * SECOND + i128::from(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_or_steps() {
        let mut standing = Standing::new(1_700_000_000 * SECOND + 5, 0);
        assert_eq!((standing.read(), standing.read()), ((1_700_000_000, 5), (1_700_000_000, 5)));
        let mut stepping = Standing::new(999_999_999, 1);
        assert_eq!((stepping.read(), stepping.read()), ((0, 999_999_999), (1, 0)));
        assert_eq!(split(-1), (-1, 999_999_999));
    }
}
