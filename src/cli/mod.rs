//! The command line: one file per command, the same names below `tests/it/cli`.
//!
//! Invariants: stdout is data, stderr is talk; colour never carries meaning alone; every way out is an
//! [`Exit`](crate::model::exit::Exit). Absent: logic. A command reads its arguments, calls `flow` and shows what came out.

mod accept;
mod adapter;
mod app;
mod args;
mod attest;
mod badge;
mod base;
mod builtin_scan;
mod canonicalize;
mod chaos;
mod ci;
mod closure;
mod demo;
mod diff;
mod doctor;
mod error;
mod exit;
mod explain;
mod feed;
mod gate;
mod history;
mod image;
mod init;
mod manifest;
mod options;
mod profile;
mod publish;
mod reference;
mod replay;
mod report;
mod reproduce;
mod reviewed;
mod sandbox;
mod scan;
mod score;
mod setup;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::terminal::output;
use crate::host::{clock, ending};
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::exit::Exit;
use crate::report::untrusted;

pub use reference::reference;

/// The arguments, once parsed, are not those of a command: a bug of their types.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Unparsed(clap::Error);

impl Diagnostic for Unparsed {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    ExitCode::from(run(std::env::args_os()))
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut described = options::deferred::described(&arguments, App::command);
    let parsed = described.try_get_matches_from_mut(&arguments);
    // Goes with the process: to take it apart takes as long as to put it together.
    std::mem::forget(described);
    let code = match parsed {
        Ok(mut matches) => obey(&arguments, &mut matches),
        // Help and version are data and no error.
        Err(error) if !error.use_stderr() => {
            output::data(&error.render().ansi().to_string());
            Exit::Passed.code()
        }
        Err(error) => {
            // A word of the command line may come from elsewhere; what clap writes has colours, and is left so where it is plain.
            let text = error.render().to_string();
            if text.lines().any(|line| untrusted::log_line(line) != line) {
                output::talk_lines(&text);
            } else {
                let _ = error.print();
            }
            Exit::Usage.code()
        }
    };
    match output::lost() {
        None => code,
        // Whatever was found: whoever reads the output has not read it.
        Some(lost) => {
            let error = CliError::from(lost);
            output::talk_lines(&error.fit(terminal::style()));
            error.exit().code()
        }
    }
}

fn obey(arguments: &[OsString], matches: &mut ArgMatches) -> u8 {
    let result = app(arguments, matches).and_then(|app| {
        clock::frozen()?;
        ending::arm();
        app::dispatch(app)
    });
    match result {
        Ok(code) => code.0,
        Err(error) => {
            output::talk_lines(&error.fit(terminal::style()));
            error.exit().code()
        }
    }
}

/// The command that the arguments ask for, in which nothing is said in vain.
fn app(arguments: &[OsString], matches: &mut ArgMatches) -> Result<App, CliError> {
    options::check(App::command, arguments, matches)?;
    Ok(App::from_arg_matches_mut(matches).map_err(Unparsed)?)
}
