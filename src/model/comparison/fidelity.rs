//! How far a replay agrees with its recording: bitwise, semantic, policy.

use std::fmt;

/// A level of fidelity, strongest first: `Bitwise` implies `Semantic` implies `Policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Byte for byte the same after canonicalisation.
    Bitwise,
    /// The same packages, findings, VEX statements and decision.
    Semantic,
    /// The same final decision with the same reason codes.
    Policy,
}

impl Level {
    /// Every level, strongest first.
    pub const ALL: [Self; 3] = [Self::Bitwise, Self::Semantic, Self::Policy];

    /// The short name used on the command line and in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Bitwise => "bf",
            Self::Semantic => "sf",
            Self::Policy => "pf",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bitwise => "bitwise",
            Self::Semantic => "semantic",
            Self::Policy => "policy",
        })
    }
}

/// The three verdicts of one comparison.
///
/// Semantic and policy are `None` (*not applicable*) where the meaning of what was compared is unknown:
/// an unknown format is never called semantically equal. The order of the levels holds for every value:
/// the only constructor refuses a set of verdicts that breaks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fidelity {
    bitwise: bool,
    semantic: Option<bool>,
    policy: Option<bool>,
}

/// Verdicts that contradict each other: a bug in a comparison, never repaired silently.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{stronger} fidelity holds but {weaker} does not: the comparison is broken")]
pub struct OrderBroken {
    stronger: Level,
    weaker: Level,
}

impl Fidelity {
    /// Joins three verdicts; fails when a stronger level holds and a weaker one does not.
    ///
    /// # Errors
    /// [`OrderBroken`] when a stronger level holds and a weaker one does not.
    pub fn new(bitwise: bool, semantic: Option<bool>, policy: Option<bool>) -> Result<Self, OrderBroken> {
        let verdicts = [(Level::Bitwise, Some(bitwise)), (Level::Semantic, semantic), (Level::Policy, policy)];
        for (i, (stronger, holds)) in verdicts.iter().enumerate() {
            let broken = verdicts[i + 1..].iter().find(|(_, weaker)| *weaker == Some(false));
            if let (Some(true), Some((weaker, _))) = (holds, broken) {
                return Err(OrderBroken { stronger: *stronger, weaker: *weaker });
            }
        }
        Ok(Self { bitwise, semantic, policy })
    }

    /// The verdict at `level`; `None` is *not applicable*.
    pub fn at(&self, level: Level) -> Option<bool> {
        match level {
            Level::Bitwise => Some(self.bitwise),
            Level::Semantic => self.semantic,
            Level::Policy => self.policy,
        }
    }

    /// The same where somebody answers for every difference: what is applicable agrees.
    #[must_use]
    pub fn as_approved(self) -> Self {
        Self { bitwise: true, semantic: self.semantic.map(|_| true), policy: self.policy.map(|_| true) }
    }

    /// Whether the bytes agree after canonicalisation.
    pub fn is_bitwise(&self) -> bool {
        self.bitwise
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_is_accepted_exactly_when_the_order_holds() {
        let three = [None, Some(false), Some(true)];
        for bitwise in [false, true] {
            for semantic in three {
                for policy in three {
                    let ordered = !(bitwise && (semantic == Some(false) || policy == Some(false))
                        || semantic == Some(true) && policy == Some(false));
                    assert_eq!(
                        Fidelity::new(bitwise, semantic, policy).is_ok(),
                        ordered,
                        "{bitwise} {semantic:?} {policy:?}"
                    );
                }
            }
        }
    }
}
