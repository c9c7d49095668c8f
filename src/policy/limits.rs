//! How much a policy may take.

use std::time::Duration;

/// Most files of one policy.
pub(super) const MAX_FILES: usize = 256;
/// Most bytes of all files of one policy together.
pub(super) const MAX_POLICY_BYTES: usize = 16 << 20;
/// Most bytes of one reason code.
pub(super) const MAX_CODE_BYTES: usize = 200;

/// What one decision may take; past any of them the decision is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyLimits {
    /// Wall time of the evaluation. It decides only between an answer and an error, never between two answers.
    pub time: Duration,
    /// Size of the input as compact JSON, in bytes.
    pub input_bytes: usize,
    /// Number of reason codes.
    pub reasons: usize,
}

impl Default for PolicyLimits {
    /// Five seconds, 64 MiB, 1,000 codes.
    fn default() -> Self {
        Self { time: Duration::from_secs(5), input_bytes: 64 << 20, reasons: 1_000 }
    }
}
