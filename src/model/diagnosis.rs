//! What a machine can isolate, found by trying.

use crate::model::result::Isolation;

/// One level on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelState {
    /// The level.
    pub level: Isolation,
    /// Whether a run reaches it here.
    pub works: bool,
    /// What it lacks where it works; why it does not where it does not.
    pub reasons: Vec<String>,
}

/// Everything that was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The kernel's release.
    pub kernel: String,
    /// `amd64`, `arm64`, …
    pub arch: String,
    /// The helper program, or why there is none.
    pub helper: Result<String, String>,
    /// Every level, strongest first.
    pub levels: Vec<LevelState>,
    /// How to get more, ready to paste; empty where there is nothing to get.
    pub advice: Vec<String>,
}

impl Diagnosis {
    /// The strongest level that works.
    pub fn best(&self) -> Option<Isolation> {
        self.levels.iter().find(|state| state.works).map(|state| state.level)
    }

    /// Whether a scan can be sealed and observed in full.
    pub fn is_full(&self) -> bool {
        self.best() == Some(Isolation::Full)
    }
}
