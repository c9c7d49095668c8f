//! How much a scanner differs from itself, and how sure an accusation is in spite of that.
//!
//! Two questions are asked of two arms of runs (*without* and *with* a swap). Where nothing ever flickered: how likely is
//! it that a scanner which ignores the swap, and flickers at whatever rate fits best, splits so cleanly? Where something
//! did: how likely is a difference of the rates as large as this one (Fisher's exact test)?

use crate::model::statistics::wilson::Interval;

/// The greatest chance of a false accusation that one gate lets through.
///
/// What is promised for a whole experiment is 0.1 %: a change passes several gates, and each gets a fifth of it.
pub const ALPHA: f64 = 0.0002;

/// A share with the interval in which the true one lies with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// How many.
    pub part: u32,
    /// Of how many.
    pub all: u32,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

impl Share {
    /// Wilson's score interval for `part` of `all`; the whole of 0..=1 where nothing was counted.
    pub fn wilson(part: u32, all: u32) -> Self {
        let interval = Interval::wilson((u64::from(part), u64::from(all)));
        let Interval { low, high } = interval.unwrap_or(Interval { low: 0.0, high: 1.0 });
        Self { part, all, low, high }
    }
}

/// An upper bound for the chance that pairs of arms split cleanly by accident.
///
/// Each pair holds the same inputs but for one swap: `a` runs with it all show one thing, `b` runs without it all show
/// another. If the swap is ignored, every run of a pair shows the first thing with one and the same probability `p`; of
/// all `p` the one that makes the split most likely is `a / (a + b)`. Pairs are independent. Twice, for either thing could
/// have been on either side; times `guesses`, the number of swaps that could have been accused.
pub fn chance_of_split(pairs: &[(usize, usize)], guesses: usize) -> f64 {
    let one = |&(a, b): &(usize, usize)| {
        let (a, b) = (as_f64(a), as_f64(b));
        let all = a + b;
        if a == 0.0 || b == 0.0 { 1.0 } else { (a * (a / all).ln() + b * (b / all).ln()).exp() }
    };
    (2.0 * as_f64(guesses.max(1)) * pairs.iter().map(one).product::<f64>()).min(1.0)
}

/// Fisher's exact test, two-sided: the chance of tables at most as likely as this one, given their margins.
///
/// Each arm is (how often it happened, of how many runs).
pub fn fisher((a, n): (usize, usize), (b, m): (usize, usize)) -> f64 {
    let hits = a + b;
    let log = |k: usize| ln_choose(n, k) + ln_choose(m, hits - k) - ln_choose(n + m, hits);
    let seen = log(a);
    let tables = hits.saturating_sub(m)..=hits.min(n);
    // A table that is as likely as the one that was seen must not be lost to rounding.
    tables.map(log).filter(|one| *one <= seen + 1e-9).map(f64::exp).sum::<f64>().min(1.0)
}

fn ln_choose(n: usize, k: usize) -> f64 {
    (1..=k.min(n)).map(|i| (as_f64(n - i + 1) / as_f64(i)).ln()).sum()
}

fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-4
    }

    #[test]
    fn wilson_is_that_of_the_tables() {
        let share = Share::wilson(5, 10);
        assert!(close(share.low, 0.2366) && close(share.high, 0.7634), "{share:?}");
        let none = Share::wilson(0, 20);
        assert!(none.low == 0.0 && close(none.high, 0.1611), "{none:?}");
        assert_eq!(Share::wilson(0, 0).high, 1.0);
    }

    #[test]
    fn fisher_is_that_of_the_lady_tasting_tea() {
        assert!(close(fisher((3, 4), (1, 4)), 0.4857));
        assert!(close(fisher((4, 4), (0, 4)), 0.0286));
        assert!(close(fisher((8, 8), (0, 8)), 0.0002));
        assert!(close(fisher((0, 8), (0, 8)), 1.0));
    }

    #[test]
    fn a_split_of_seven_and_seven_is_enough_for_one_swap() {
        assert!(chance_of_split(&[(7, 7)], 1) < ALPHA);
        assert!(chance_of_split(&[(6, 7)], 1) > ALPHA);
        assert!(chance_of_split(&[(4, 4), (4, 4)], 2) < ALPHA);
        assert_eq!(chance_of_split(&[(0, 6)], 1), 1.0);
        assert_eq!(chance_of_split(&[], 1), 1.0);
    }

    /// The bound holds for every rate: of all patterns of a scanner that ignores the swap, clean splits are this rare.
    #[test]
    fn no_rate_of_flickering_splits_more_often_than_the_bound() {
        for (a, b) in [(1, 1), (2, 3), (6, 6), (9, 4)] {
            let bound = chance_of_split(&[(a, b)], 1);
            for percent in 1..100 {
                let p = f64::from(percent) / 100.0;
                let power = |base: f64, times: usize| base.powi(i32::try_from(times).unwrap());
                let clean = power(p, a) * power(1.0 - p, b) + power(1.0 - p, a) * power(p, b);
                assert!(clean <= bound + 1e-12, "{a} {b} {p}");
            }
        }
    }
}
