//! Wilson's score interval: how far the true rate may lie from the one that was seen.
//!
//! E. B. Wilson, *Probable inference, the law of succession, and statistical inference*, JASA 22 (1927). It is honest for
//! small counts and for rates near 1, where the usual interval has no width at all.

/// The two-sided 95 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A 95 % interval, both ends in 0..=1; it contains the rate that was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// The interval of `good` out of `all`; `None` of nothing.
    pub fn wilson((good, all): (u64, u64)) -> Option<Self> {
        if all == 0 {
            return None;
        }
        let (n, rate) = (all as f64, good.min(all) as f64 / all as f64);
        let z2 = Z * Z;
        let centre = rate + z2 / (2.0 * n);
        let spread = Z * (rate * (1.0 - rate) / n + z2 / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z2 / n;
        // Rounding may put an end past the rate or out of 0..=1, where it lies exactly at both extremes.
        Some(Self {
            low: ((centre - spread) / scale).clamp(0.0, rate),
            high: ((centre + spread) / scale).clamp(rate, 1.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A perfect record needs so many replays for its lower end to reach a threshold.
    #[test]
    fn a_perfect_record_reaches_the_thresholds_where_it_should() {
        for (needed, threshold) in [(35, 0.90), (73, 0.95), (189, 0.98)] {
            assert!(Interval::wilson((needed, needed)).unwrap().low >= threshold, "{needed}");
            assert!(Interval::wilson((needed - 1, needed - 1)).unwrap().low < threshold, "{needed}");
        }
    }

    #[test]
    fn nothing_has_no_interval_and_the_extremes_end_there() {
        assert_eq!(Interval::wilson((0, 0)), None);
        assert_eq!(Interval::wilson((7, 7)).unwrap().high, 1.0);
        assert_eq!(Interval::wilson((0, 7)).unwrap().low, 0.0);
    }
}
