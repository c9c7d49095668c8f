//! What is asked of every command line before anything is done: nothing that was given is passed over in silence.
//!
//! Invariants: what can be given once is given once ([`once`]), and what says nothing beside the rest is refused ([`idle`]), here and
//! nowhere else; a test walks the options that clap knows, so that none can be forgotten. Absent: what cannot be told without
//! reading a file, such as a name that nothing has; who reads the file says that.

pub(super) mod deferred;
mod error;
mod given;
mod idle;
mod once;
pub(super) mod step_inputs;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

use clap::{ArgMatches, Command};

use crate::cli::options::error::OptionError;
use crate::cli::options::given::Given;

/// Refuses what cannot stand together in one command line of the program that `describe` describes.
pub fn check(
    describe: impl FnOnce() -> Command,
    arguments: &[OsString],
    matches: &ArgMatches,
) -> Result<(), OptionError> {
    let given = Given::of(matches);
    once::check_levels(describe, arguments)?;
    once::check(&given)?;
    idle::check(&given)
}
