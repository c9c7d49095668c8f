//! From which side every factor of a replay is taken.

/// The most factors that one experiment has: every dimension, and every part of the environment.
pub const MAX_FACTORS: usize = 16;

/// The factors that are taken from *now*, by their place in the plan's list; all others are as recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(u16);

impl Cell {
    /// Everything as recorded.
    pub const RECORDED: Self = Self(0);

    /// The first `factors` factors as they are now; of more than [`MAX_FACTORS`] the rest stays as recorded.
    pub fn now(factors: usize) -> Self {
        (0..factors.min(MAX_FACTORS)).fold(Self::RECORDED, Self::with)
    }

    /// One factor as it is now, all others as recorded.
    pub fn only(factor: usize) -> Self {
        Self::RECORDED.with(factor)
    }

    /// The same with one more factor as it is now.
    #[must_use]
    pub fn with(self, factor: usize) -> Self {
        Self(self.0 | bit(factor))
    }

    /// The same with one more factor as recorded.
    #[must_use]
    pub fn without(self, factor: usize) -> Self {
        Self(self.0 & !bit(factor))
    }

    /// The factors of either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The factors that `other` does not have.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether this factor is taken from now.
    pub fn contains(self, factor: usize) -> bool {
        self.0 & bit(factor) != 0
    }

    /// Whether nothing is taken from now.
    pub fn is_recorded(self) -> bool {
        self.0 == 0
    }

    /// How many factors are taken from now.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The same as [`Cell::is_recorded`].
    pub fn is_empty(self) -> bool {
        self.is_recorded()
    }

    /// The factors that are taken from now, in order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..MAX_FACTORS).filter(move |factor| self.contains(*factor))
    }
}

fn bit(factor: usize) -> u16 {
    u32::try_from(factor).ok().and_then(|factor| 1_u16.checked_shl(factor)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_set_of_factors() {
        let all = Cell::now(3);
        assert_eq!(all.iter().collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(all.without(1), Cell::only(0).with(2));
        assert_eq!(all.minus(Cell::only(0)).len(), 2);
        assert!(Cell::now(0).is_recorded() && !all.is_empty());
        assert_eq!(Cell::now(99), Cell::now(MAX_FACTORS));
        assert_eq!(Cell::only(99), Cell::RECORDED);
    }
}
