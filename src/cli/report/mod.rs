//! `stella report`: a stored result in any form.

pub(super) mod folder;
mod form;
pub(super) mod form_file;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::args::GlobalArgs;
use crate::cli::error::{CliError, CliResult};
use crate::cli::gate::{StrictnessArgs, WantedGate};
use crate::cli::history::ReadArgs;
use crate::cli::report::form::FormArgs;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::host::{clock, fs};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::exit::Exit;
use crate::model::gate_result::Gate;
use crate::model::result::RunResult;
use crate::report::badge::Badge;
use crate::report::origin::{Commit, Key, Link, Unfit};
use crate::report::publication::Publication;
use crate::report::standing::Standing;
use crate::score::gate::request::GateRequest;
use crate::wire::v1;

/// The largest comment that is read back.
const MAX_COMMENT: u64 = 1 << 20;

/// Show a stored result: as a page, for test viewers, code scanning, pull requests, as a badge
///
/// It runs nothing and reaches for nothing. What the result says of a gate is not believed: `--gate` judges it again.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The result of a run, as `stella ci --result` and `stella replay --out-dir` write it
    #[arg(value_name = "RESULT")]
    result: PathBuf,
    #[command(flatten)]
    form: FormArgs,
    /// Write to this file [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Judge the run by this gate, with the rules of the configuration
    #[arg(long, value_enum, value_name = "GATE")]
    gate: Option<WantedGate>,
    #[command(flatten)]
    strictness: StrictnessArgs,
    #[command(flatten)]
    history: ReadArgs,
    /// Tells the reports of several jobs on one pull request apart
    #[arg(long, value_name = "KEY", default_value = "stella")]
    key: String,
    /// The commit that was judged, to be named in the report
    #[arg(long, value_name = "SHA")]
    commit: Option<String>,
    /// Where the run can be looked at, an address that begins with https://
    #[arg(long, value_name = "URL")]
    link: Option<String>,
    /// The last comment on the same pull request: the report says what was fixed since, and what is new
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
}

/// An option that a report cannot take.
#[derive(Debug, thiserror::Error)]
#[error("`--{option}` cannot stand in a report")]
struct UnfitOption {
    option: &'static str,
    source: Unfit,
}

impl Diagnostic for UnfitOption {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some(self.source.to_string().into())
    }
}

/// A value of an option that stands in a report.
pub(super) fn fit<'a, T: TryFrom<&'a str, Error = Unfit>>(option: &'static str, text: &'a str) -> Result<T, CliError> {
    T::try_from(text).map_err(|source| UnfitOption { option, source }.into())
}

pub fn run(global: &GlobalArgs, args: &ReportArgs) -> CliResult {
    let key: Key = fit("key", &args.key)?;
    let commit: Option<Commit> = args.commit.as_deref().map(|text| fit("commit", text)).transpose()?;
    let link: Option<Link> = args.link.as_deref().map(|text| fit("link", text)).transpose()?;
    let before = args.before.as_deref().map(|file| fs::read(file, MAX_COMMENT)).transpose()?;
    let before = before.and_then(|bytes| Standing::read(&String::from_utf8_lossy(&bytes)));

    let config = setup::config(global)?;
    let history = args.history.read(global, &config)?;
    let (mut run, judged_by) = read(&args.result)?;
    let now = clock::now();
    match args.gate.map(Gate::from) {
        Some(gate) => {
            let strictness = args.strictness.of(gate, &config.rules);
            let request = GateRequest { gate, rules: config.rules.clone(), strictness, history: history.clone() };
            run.gate = Some(request.judge(Some(&run), now)?);
        }
        None => {
            if let Some(gate) = judged_by {
                output::talk(&format!(
                    "note: a gate had judged this run, and its word is not believed here: judge it again with --gate {gate}"
                ));
            }
        }
    }
    let badge = match &history {
        Some(history) => Badge::of_history(history, now, &config.rules),
        None => Badge::of_run(&run, now),
    };
    let report = Publication { key, commit, link, before, badge, ..Publication::of(&run, now) };
    let bytes = args.form.0.write(&report)?;
    match &args.output {
        Some(file) => fs::write_output(file, &bytes)?,
        None => output::bytes(&bytes),
    }
    Ok(Exit::Passed.into())
}

pub(super) fn read(file: &Path) -> Result<(RunResult, Option<&'static str>), CliError> {
    let bytes = fs::read(file, v1::error::MAX_BYTES as u64)?;
    let run = v1::read_result::read(&bytes).map_err(|error| {
        CliError::from(error).hint(format!("`{}` is not what `stella ci --result` writes", file.display()))
    })?;
    Ok((run, v1::read_result::judged_by(&bytes).map(Gate::code)))
}
