//! `stella builtin-scan`: the built-in scanner as a process of its own.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use crate::cli::error::CliResult;
use crate::cli::terminal::output;
use crate::execute::builtin::Scan;
use crate::execute::builtin_input::{self, Files};
use crate::host::fs;
use crate::model::exit::Exit;

/// Everything the scanner needs, as files.
#[derive(Debug, Args)]
pub struct BuiltinScanArgs {
    /// The file or directory to scan
    #[arg(long)]
    input: PathBuf,
    /// A directory with one folder per feed
    #[arg(long)]
    feeds: Option<PathBuf>,
    /// A directory of rules
    #[arg(long)]
    policy: Option<PathBuf>,
    /// The instant of the scan
    #[arg(long)]
    clock: Timestamp,
    /// Where the artifacts go
    #[arg(long)]
    out: PathBuf,
    /// Flags of the scanner
    #[arg(long, allow_hyphen_values = true)]
    flag: Vec<String>,
}

pub fn run(args: BuiltinScanArgs) -> CliResult {
    let Files { input, feeds, policy } =
        builtin_input::read(&args.input, args.feeds.as_deref(), args.policy.as_deref())?;
    let scan = Scan { files: input.files(), flags: &args.flag, feeds: &feeds, policy: &policy, clock: args.clock };
    let output = scan.run()?;
    for artifact in &output.artifacts {
        fs::write_atomic(&args.out.join(&artifact.name), &artifact.bytes)?;
    }
    output.notes.iter().for_each(|note| output::talk(&format!("note: {note}")));
    Ok(Exit::Passed.into())
}
