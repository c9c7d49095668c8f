//! One run of an experiment: what it showed, and what the sandbox denied meanwhile.

use crate::attribute::TrialOutcome;

/// One run.
#[derive(Debug, Clone)]
pub struct TrialRun {
    /// What it showed.
    pub shown: TrialOutcome,
    /// What the sandbox denied, as evidence.
    pub denied: Vec<String>,
}
