//! The final decision of a policy.

use std::collections::BTreeSet;

/// Pass or fail with its reason codes: all that policy fidelity compares.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decision {
    /// Whether the policy lets the scan pass.
    pub passed: bool,
    /// Stable reason codes, sorted, without duplicates.
    pub reasons: BTreeSet<String>,
}

impl Decision {
    /// `pass` or `fail`.
    pub fn verdict(&self) -> &'static str {
        if self.passed { "pass" } else { "fail" }
    }
}
