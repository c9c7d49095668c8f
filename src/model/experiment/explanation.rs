//! What an experiment showed of one replay: the replays that were run, what each gave, and what follows for each change.

use crate::model::cause::{Cause, Factor};
use crate::model::digest::Digest;

/// An experiment with its conclusion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// How many changes have which cause: `12 feed, 2 scanner, 1 feed × policy, 0 unexplained`.
    pub summary: String,
    /// What differs between the recording and now, and could be swapped.
    pub factors: Vec<Factor>,
    /// What could not be swapped and can therefore not be excluded.
    pub not_excluded: Vec<String>,
    /// Every kind of replay that was run.
    pub cells: Vec<CellRuns>,
    /// Every change with its cause.
    pub changes: Vec<Change>,
    /// How often the scan differs from itself.
    pub noise: Noise,
    /// How many replays were run for it, those that another explanation had run included.
    pub replays: u64,
    /// Whether the budget ended before everything was sure.
    pub partial: bool,
}

/// The runs of one cell: each factor from one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellRuns {
    /// The factors that were taken as they are now; all others were as recorded.
    pub from_now: Vec<Factor>,
    /// The digest of all inputs.
    pub inputs: Digest,
    /// How often it was run.
    pub runs: u64,
    /// How many different results came out.
    pub results: u64,
    /// How many changes its first run shows against what was recorded.
    pub changed: u64,
    /// Why a run gave no result, where one did not.
    pub failed: Option<String>,
}

/// One change with its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `finding`, `package`, `vex`, `decision`, `artifact`
    pub kind: String,
    /// What changed, in words.
    pub what: String,
    /// `feed`, `feed × policy`, `flaky`, `unexplained`, …
    pub by: String,
    /// Its cause; null where it is not known.
    pub cause: Option<Cause>,
}

/// How many of the control replays differ from the most common result of their side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noise {
    /// How many differ.
    pub different: u64,
    /// Of how many.
    pub runs: u64,
    /// Lower end of the Wilson 95 % interval, in parts per million.
    pub low_ppm: u64,
    /// Its upper end.
    pub high_ppm: u64,
}
