//! Whether what fails now failed before the change: what the base's subject does in the same replay.
//!
//! Invariant: it says something of a replay that fails, and decides nothing. Absent: any reader of it in a gate.

/// What the base's subject does in a replay that fails with that of the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeforeChange {
    /// It ends in the same way, with the same artifacts.
    RedAsNow,
    /// It does not match either, and differs in another way.
    RedOtherwise,
    /// It matches.
    Green,
    /// It was not found out.
    NotKnown {
        /// Why, in words.
        why: String,
    },
}
