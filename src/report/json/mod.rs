//! The result as JSON: the one form that is read back.
//!
//! Invariants: the wire types are versioned and their own, converted from the model; a version's documents
//! stay readable. `docs/result.md` explains them to a consumer.

pub mod commands;
pub mod history;
pub mod profiles;
pub mod score;
pub mod v1;
