//! Which generation of Rekor a log is of.

/// A generation of Rekor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Generation {
    /// Its API 1: a promise with the time, and a proof.
    #[default]
    First,
    /// Its API 2: a proof, and no time.
    Second,
}

impl Generation {
    /// The one of this version of the API.
    pub fn of_api(version: u32) -> Option<Self> {
        match version {
            1 => Some(Self::First),
            2 => Some(Self::Second),
            _ => None,
        }
    }
}
