//! Policies: any text is loaded or refused; one that is loaded is asked.

use std::time::Duration;

use jiff::Timestamp;
use stella::compare::semantic::Semantics;
use stella::policy::{Policy, PolicyInput, PolicyLimits};

/// One run of the target.
pub fn run(input: &[u8]) {
    let _ = Policy::load(&[
        ("p.rego".to_owned(), b"package stella.policy\n\ndeny contains \"x\" if false\n".to_vec()),
        ("data.json".to_owned(), input.to_vec()),
    ]);
    let Ok(policy) = Policy::load(&[("p.rego".to_owned(), input.to_vec())]) else { return };
    let limits = PolicyLimits { time: Duration::from_millis(200), ..PolicyLimits::default() };
    let _ = policy.decide(&PolicyInput::of(&Semantics::default()), Timestamp::UNIX_EPOCH, &limits);
}
