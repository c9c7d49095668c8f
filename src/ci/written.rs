//! What became of a status or a check run.

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It stands there.
    Done,
    /// A newer run has written one for the same commit.
    Newer,
    /// The pull request is at another commit.
    Moved(String),
    /// The pull request is closed.
    Closed,
}
