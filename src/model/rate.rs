//! Rates that cannot flatter: the counts stay beside the quotient.

use crate::model::comparison::fidelity::Level;
use crate::model::outcome::Outcome;

/// Counts of outcomes, and of agreement at each level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "one count per outcome")]
pub struct Tally {
    pub matched: u64,
    pub lucky: u64,
    pub drift: u64,
    pub flaky: u64,
    pub unhealthy: u64,
    pub unreplayable: u64,
    pub infra: u64,
    /// Replays that agree semantically / that a semantic verdict applies to.
    pub semantic: (u64, u64),
    /// Replays whose decision agrees / that a policy verdict applies to.
    pub policy: (u64, u64),
}

impl Tally {
    /// Counts one replay; `fidelity` is `None` where nothing could be compared.
    pub fn add(&mut self, outcome: &Outcome, at: impl Fn(Level) -> Option<bool>) {
        match outcome {
            Outcome::Match { lucky } => {
                self.matched += 1;
                self.lucky += u64::from(*lucky);
            }
            Outcome::Drift { .. } => self.drift += 1,
            Outcome::Flaky { .. } => self.flaky += 1,
            Outcome::Unhealthy { .. } => self.unhealthy += 1,
            Outcome::Unreplayable { .. } => self.unreplayable += 1,
            Outcome::Infra { .. } => self.infra += 1,
        }
        if outcome.is_comparison() {
            for (level, count) in [(Level::Semantic, &mut self.semantic), (Level::Policy, &mut self.policy)] {
                if let Some(agrees) = at(level) {
                    count.0 += u64::from(agrees);
                    count.1 += 1;
                }
            }
        }
    }

    /// Every replay counted.
    pub fn total(&self) -> u64 {
        self.compared() + self.unhealthy + self.unreplayable + self.infra
    }

    /// The denominator of bitwise fidelity: matches, drifts and flaky ones.
    pub fn compared(&self) -> u64 {
        self.matched + self.drift + self.flaky
    }

    /// Numerator and denominator of the rate at `level`.
    pub fn counts(&self, level: Level) -> (u64, u64) {
        match level {
            Level::Bitwise => (self.matched, self.compared()),
            Level::Semantic => self.semantic,
            Level::Policy => self.policy,
        }
    }

    /// The rate at `level`, in 0..=1; `None` where nothing was compared at it.
    pub fn rate(&self, level: Level) -> Option<f64> {
        let (good, all) = self.counts(level);
        (all > 0).then(|| good as f64 / all as f64)
    }
}

/// What a rate was counted over: replays, and how many different recordings they were made from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sample {
    /// Every replay.
    pub tally: Tally,
    /// Distinct manifests (or cases) among those that were compared: repeats of one are one piece of evidence.
    pub manifests: u64,
}

/// A threshold between 0 and 1 in whole millionths, so that comparing counts with it is exact.
///
/// `0.95 - 0.93` is less than `0.02` in floating point; a gate must not depend on that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u32);

impl Share {
    const ONE: u32 = 1_000_000;

    /// A threshold in percent; more than 100 is 100.
    pub const fn percent(percent: u32) -> Self {
        Self(if percent > 100 { Self::ONE } else { percent * 10_000 })
    }

    /// A threshold as people write it: 0 to 1 with at most six decimals. `None` for any other number.
    pub fn from_number(number: f64) -> Option<Self> {
        let millionths = number * f64::from(Self::ONE);
        let whole = millionths.round();
        let fits = (0.0..=f64::from(Self::ONE)).contains(&whole) && (millionths - whole).abs() < 1e-6;
        // In range, and without a fraction.
        fits.then_some(Self(whole as u32))
    }

    /// The threshold as a number.
    pub fn number(self) -> f64 {
        f64::from(self.0) / f64::from(Self::ONE)
    }

    /// Whether `good` of `all` reach it. Nothing of nothing reaches no threshold.
    pub fn is_reached(self, (good, all): (u64, u64)) -> bool {
        all > 0 && u128::from(good) * u128::from(Self::ONE) >= u128::from(self.0) * u128::from(all)
    }

    /// Whether the rate fell from `before` to `now` by at least this much; `false` where one of them is of nothing.
    pub fn is_dropped(self, before: (u64, u64), now: (u64, u64)) -> bool {
        let ([a, b], [c, d]) = ([before.0, before.1].map(u128::from), [now.0, now.1].map(u128::from));
        // a/b − c/d ≥ self, over the common denominator. Counts beyond 2^50 do not occur; beyond them it saturates.
        let by = |x: u128, y: u128| x.saturating_mul(y);
        b > 0 && d > 0 && a * d > c * b && by(a * d - c * b, Self::ONE.into()) >= by(self.0.into(), b * d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_stand_beside_the_rate_and_never_in_it() {
        let mut tally = Tally::default();
        tally.add(&Outcome::Match { lucky: true }, |_| Some(true));
        tally.add(&Outcome::Flaky { detail: String::new() }, |level| Some(level == Level::Policy));
        tally.add(&Outcome::Infra { detail: String::new() }, |_| Some(true));
        tally.add(&Outcome::Unreplayable { missing: vec![] }, |_| None);
        assert_eq!((tally.total(), tally.compared(), tally.lucky), (4, 2, 1));
        assert_eq!(tally.rate(Level::Bitwise), Some(0.5));
        assert_eq!(tally.rate(Level::Semantic), Some(0.5));
        assert_eq!(tally.rate(Level::Policy), Some(1.0));
        assert_eq!(Tally::default().rate(Level::Bitwise), None);
    }

    #[test]
    fn a_threshold_is_met_exactly_at_its_boundary() {
        let ninety_eight = Share::percent(98);
        assert!(ninety_eight.is_reached((49, 50)) && !ninety_eight.is_reached((979_999, 1_000_000)));
        assert!(!Share::percent(0).is_reached((0, 0)));
        // 0.95 − 0.93 and 1.0 − 0.98 fall on different sides of 0.02 in floating point.
        let two = Share::percent(2);
        assert!(two.is_dropped((95, 100), (93, 100)) && two.is_dropped((100, 100), (98, 100)));
        assert!(!two.is_dropped((95, 100), (94, 100)) && !two.is_dropped((93, 100), (95, 100)));
        assert!(!two.is_dropped((1, 1), (0, 0)) && !two.is_dropped((0, 0), (1, 1)));
        assert!(!Share::percent(0).is_dropped((1, 2), (2, 4)), "the same rate is no drop");
    }

    #[test]
    fn a_threshold_is_written_as_a_number() {
        for (number, share) in [(0.98, Share::percent(98)), (1.0, Share::percent(100)), (0.0, Share::percent(0))] {
            assert_eq!(Share::from_number(number), Some(share));
            assert_eq!(share.number(), number);
        }
        assert!(Share::from_number(0.123_456).is_some());
        for number in [-0.1, 1.1, 98.0, 0.123_456_7, f64::NAN, f64::INFINITY] {
            assert_eq!(Share::from_number(number), None, "{number}");
        }
    }
}
