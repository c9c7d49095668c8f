//! What attestations say: in-toto statements and their predicates.
//!
//! Invariants: a verdict is only ever made of a gate's result, and one of which nobody can say anything is a failure; a failure is
//! attested as a success is. Numbers are whole ones or decimal strings, since readers of policies round floating-point ones each in
//! its own way. Absent: who signs, and which file was asked for.

pub mod replay_fidelity;
pub mod statement;
pub mod svr;
pub mod test_result;
