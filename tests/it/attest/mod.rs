//! Attestations through the program.

mod key;
