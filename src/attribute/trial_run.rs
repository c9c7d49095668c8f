//! One run of an experiment: what it showed, and what the sandbox denied meanwhile.

use crate::attribute::Shown;

/// One run.
#[derive(Debug, Clone)]
pub struct Ran {
    /// What it showed.
    pub shown: Shown,
    /// What the sandbox denied, as evidence.
    pub denied: Vec<String>,
}
