//! Attestations on the command line: keys.

pub mod key;
