//! A command whose options are described only when it is the one that is asked for: to describe those of every command
//! takes longer than a short command does.
//!
//! Absent: help and lists of commands, which need the description of all; for them nothing is put off.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};

use clap::{ArgMatches, Args, Command, Error, FromArgMatches, Subcommand};

thread_local! {
    static PUT_OFF: Cell<bool> = const { Cell::new(false) };
}

/// The arguments of a command, or the commands below it.
#[derive(Debug)]
pub(in crate::cli) struct Deferred<T>(pub(in crate::cli) Box<T>);

impl<T: Args> Args for Deferred<T> {
    fn augment_args(command: Command) -> Command {
        if PUT_OFF.get() { command.defer(T::augment_args) } else { T::augment_args(command) }
    }

    fn augment_args_for_update(command: Command) -> Command {
        T::augment_args_for_update(command)
    }
}

impl<T: Subcommand> Subcommand for Deferred<T> {
    fn augment_subcommands(command: Command) -> Command {
        if PUT_OFF.get() { command.defer(T::augment_subcommands) } else { T::augment_subcommands(command) }
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        T::augment_subcommands_for_update(command)
    }

    fn has_subcommand(name: &str) -> bool {
        T::has_subcommand(name)
    }
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(|arguments| Self(Box::new(arguments)))
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches_mut(matches).map(|arguments| Self(Box::new(arguments)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

/// Describes a program that is called with `arguments`, its own name first: commands that they do not ask for without
/// their options.
pub(in crate::cli) fn described(arguments: &[OsString], describe: impl FnOnce() -> Command) -> Command {
    PUT_OFF.set(is_one_command(arguments));
    let described = describe();
    PUT_OFF.set(false);
    described
}

/// Whether the first word is a command, and no help is asked for.
fn is_one_command(arguments: &[OsString]) -> bool {
    let words = arguments.iter().skip(1).map(OsString::as_os_str);
    let first = words.clone().next().is_some_and(|word| !word.as_encoded_bytes().starts_with(b"-") && word != "help");
    let mut options = words.take_while(|word| *word != OsStr::new("--"));
    first && !options.any(|word| word == "-h" || word == "--help" || word == "help")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn help_is_told_of_every_command() {
        for one in ["stella scan .", "stella sandbox -- true --help", "stella unknown"] {
            assert!(is_one_command(&words(one)), "{one}");
        }
        for all in [
            "stella",
            "stella --help",
            "stella help scan",
            "stella scan --help",
            "stella --quiet scan",
            "stella adapter help",
        ] {
            assert!(!is_one_command(&words(all)), "{all}");
        }
    }
}
