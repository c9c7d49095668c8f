//! What an experiment may cost.

use std::time::Duration;

/// How much an experiment may cost.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// How many replays.
    pub max_replays: usize,
    /// How long; the replay that runs then is finished.
    pub max_time: Option<Duration>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { max_replays: 200, max_time: None }
    }
}
