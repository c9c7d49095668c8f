//! What a person at a terminal sees while a command runs: data and talk, and how far it is.

pub(in crate::cli) mod output;
pub(in crate::cli) mod progress;
