//! Comparison of two results: what they mean, what differs and why, and how far they agree.
//!
//! Invariants: pure; the order in which a scanner reports never matters; how often it reports a finding or a package does, and a
//! VEX statement that is made twice says nothing more than once. Absent: bytes (their comparison is the equality of canonical digests) and the evaluation of policies.

pub mod diff;
pub mod fidelity;
mod flip_reason;
pub mod movement;
pub mod semantic;

#[cfg(test)]
mod arbitrary;
