//! Rates that cannot flatter: the counts stay beside the quotient.

use crate::model::fidelity::Level;
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

    /// The rate at `level`, in 0..=1; `None` where nothing was compared at it.
    pub fn rate(&self, level: Level) -> Option<f64> {
        let (good, all) = match level {
            Level::Bitwise => (self.matched, self.compared()),
            Level::Semantic => self.semantic,
            Level::Policy => self.policy,
        };
        (all > 0).then(|| good as f64 / all as f64)
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
}
