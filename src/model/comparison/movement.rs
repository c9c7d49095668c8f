//! What a result gained and lost beside the one that was expected: whether a change can only be good.

/// How many findings moved which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Movement {
    /// Findings that only the replay has.
    pub appeared: u64,
    /// Findings that both have, of which the replay says more or something newer.
    pub updated: u64,
    /// Findings that only the recording has.
    pub disappeared: u64,
    /// Findings that both have, of which the replay says less: a lower severity, no longer reachable, no fix any more.
    pub weakened: u64,
    /// Packages and VEX statements that were lost or weakened.
    pub other_lost: u64,
    /// The decision is another, or one of its reasons is gone.
    pub decision_changed: bool,
    /// An artifact differs whose meaning nobody knows, or is gone.
    pub unknown: bool,
}

impl Movement {
    /// Whether nothing that was known is lost, and nothing was decided otherwise.
    pub fn nothing_lost(&self) -> bool {
        let lost = self.disappeared + self.weakened + self.other_lost;
        lost == 0 && !self.decision_changed && !self.unknown
    }
}
