//! The command line: one file per command, the same names below `tests/it/cli`.
//!
//! Invariants: stdout is data, stderr is talk; colour never carries meaning alone; every way out is an
//! [`Exit`](crate::model::exit::Exit). Absent: logic. A command reads its arguments, calls `flow` and shows what came out.

mod adapter;
mod args;
mod builtin_scan;
mod canonicalize;
mod chaos;
mod ci;
mod demo;
pub mod demo_files;
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
mod output;
mod profile;
mod progress;
mod reference;
mod replay;
mod sandbox;
mod scan;
mod score;
mod setup;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::cli::args::GlobalArgs;
use crate::cli::error::{CliError, CliResult};
use crate::host::{clock, ending};
use crate::model::exit::Exit;
use crate::report::untrusted;

pub use reference::reference;

/// Proves that security scans are repeatable.
///
/// stella records a scan with everything it depended on, replays it sealed, compares the results
/// (bitwise, semantic, policy), names the input that made them drift, and gates pull requests on it.
#[derive(Debug, Parser)]
#[command(name = "stella", version, propagate_version = false, max_term_width = 100, after_help = EXIT_CODES)]
struct App {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 passed · 1 drift, regression or a gate that fails · 2 usage or configuration · \
3 inconclusive (nothing to replay, unhealthy, unreplayable, too little evidence) · 4 infrastructure · 5 verification failed";

#[derive(Debug, Subcommand)]
enum Command {
    Scan(Box<scan::ScanArgs>),
    Replay(replay::ReplayArgs),
    Explain(explain::ExplainArgs),
    Diff(diff::DiffArgs),
    Ci(Box<ci::CiArgs>),
    Score(score::ScoreArgs),
    Gate(gate::GateArgs),
    Chaos(chaos::ChaosArgs),
    Canonicalize(canonicalize::CanonicalizeArgs),
    Init(init::InitArgs),
    Demo(demo::DemoArgs),
    Sandbox(Box<sandbox::SandboxArgs>),
    Doctor(doctor::DoctorArgs),
    #[command(subcommand)]
    Adapter(adapter::AdapterCommand),
    #[command(subcommand)]
    Manifest(manifest::ManifestCommand),
    #[command(subcommand)]
    Feed(feed::FeedCommand),
    #[command(subcommand)]
    Image(image::ImageCommand),
    #[command(subcommand)]
    Profile(profile::ProfileCommand),
    /// The built-in scanner as a process of its own: what a sandbox runs.
    #[command(hide = true)]
    BuiltinScan(builtin_scan::BuiltinScanArgs),
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    ExitCode::from(run(std::env::args_os()))
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let matches = match App::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            // Help and version are data and no error.
            let code = if error.use_stderr() { Exit::Usage.code() } else { Exit::Passed.code() };
            // A word of the command line may come from elsewhere; what clap writes has colours, and is left so where it is plain.
            let text = error.render().to_string();
            if text.lines().any(|line| untrusted::log_line(line) != line) {
                output::talk_lines(&text);
            } else {
                let _ = error.print();
            }
            return code;
        }
    };
    let result = App::from_arg_matches(&matches).map_err(CliError::usage).and_then(|app| {
        clock::frozen()?;
        ending::arm();
        dispatch(app)
    });
    match result {
        Ok(code) => code.0,
        Err(error) => {
            output::talk_lines(&error.to_string());
            error.exit().code()
        }
    }
}

fn dispatch(app: App) -> CliResult {
    let global = &app.global;
    match app.command {
        Command::Scan(args) => scan::run(global, &args),
        Command::Replay(args) => replay::run(global, args),
        Command::Explain(args) => explain::run(global, args),
        Command::Diff(args) => diff::run(global, args),
        Command::Ci(args) => ci::run(global, &args),
        Command::Score(args) => score::run(global, &args),
        Command::Gate(args) => gate::run(global, &args),
        Command::Chaos(args) => chaos::run(global, args),
        Command::Canonicalize(args) => canonicalize::run(global, &args),
        Command::Init(args) => init::run(global, args),
        Command::Demo(args) => demo::run(global, args),
        Command::Sandbox(args) => sandbox::run(global, &args),
        Command::Doctor(args) => doctor::run(global, &args),
        Command::Adapter(command) => adapter::run(global, command),
        Command::Manifest(command) => manifest::run(global, command),
        Command::Feed(command) => feed::run(global, command),
        Command::Image(command) => image::run(global, command),
        Command::Profile(command) => profile::run(global, command),
        Command::BuiltinScan(args) => builtin_scan::run(args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        App::command().debug_assert();
    }
}
