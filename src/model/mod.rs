//! The words of the product: plain values that every other part speaks in.
//!
//! Invariants: no I/O, no clock, no randomness; a value that breaks a rule of its type cannot be built.
//! Absent: wire formats of results (see [`crate::wire`]) and foreign formats (see [`crate::format`]).

pub mod artifact;
pub mod artifact_spec;
pub mod candidate;
pub mod cause;
pub mod change;
pub mod comparison;
pub mod decision;
pub mod diagnosis;
pub mod diagnostic;
pub mod digest;
pub mod dimension;
pub mod ecosystem;
pub mod error_chain;
pub mod event;
pub mod exit;
pub mod experiment;
pub mod finding;
pub mod gate_result;
pub mod hint;
pub mod job_end;
pub mod limits;
pub mod manifest;
pub mod outcome;
pub mod package;
pub mod parameter;
pub mod rate;
pub mod replay_record;
pub mod report_files;
pub mod result;
pub(crate) mod same_words;
pub mod shard;
pub mod showing;
pub mod statistics;
pub mod text;
pub mod vex;
