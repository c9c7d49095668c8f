//! Attestations through the program.

mod key;
mod statements;
