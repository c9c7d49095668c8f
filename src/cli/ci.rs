//! `stella ci`: replay every case and canary of a repository.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{Format, GlobalArgs, IsolationArgs};
use crate::cli::error::{CliError, CliResult};
use crate::cli::progress::Progress;
use crate::cli::{output, setup};
use crate::flow::ci::{self, CiError, CiRequest};
use crate::flow::subject::SubjectError;
use crate::host::machine;
use crate::model::exit::Exit;
use crate::model::result::RunResult;
use crate::report::json::v1;
use crate::report::text::{Show, Style, TextReport};
use crate::report::{junit, markdown};

/// Replay every regression case and canary of this repository
///
/// By default the subject that .stella.yaml names (what this checkout builds) is swapped in and everything else is pinned:
/// did I break it? With --pinned canaries are replayed exactly as recorded: is it repeatable?
#[derive(Debug, Args)]
pub struct CiArgs {
    /// Replay canaries exactly as recorded
    #[arg(long)]
    pinned: bool,
    /// Only the case or canary with this id or folder name (repeatable)
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// How many replays run at the same time [default: the number of CPUs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    jobs: Option<u16>,
    /// Write a JUnit report
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write the result as JSON
    #[arg(long, value_name = "FILE")]
    result: Option<PathBuf>,
    /// Write a summary in Markdown
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// Leave expected and actual artifacts of every replay side by side
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    #[command(flatten)]
    isolation: IsolationArgs,
}

pub fn run(global: &GlobalArgs, args: CiArgs) -> CliResult {
    let context = setup::context(global, &args.isolation)?;
    let request = CiRequest {
        pinned: args.pinned,
        only: args.only.clone(),
        jobs: args.jobs.map_or_else(machine::parallelism, usize::from),
        out_dir: args.out_dir.clone(),
    };
    let mut progress = Progress::new();
    let mut summary = TextReport::new(String::new(), Style::coloured(), Show::Summary);
    let result = ci::run(&context, &request, &mut [&mut progress, &mut summary]).map_err(failed)?;

    let document = v1::result(&result).map_err(CliError::infrastructure)?;
    match global.format {
        Format::Json => output::data(&document),
        Format::Text => output::data(&summary.into_sink().map_err(CliError::infrastructure)?),
    }
    // After the verdict is shown: a report that cannot be written must not hide it.
    write_reports(&args, &result, &document)?;
    if result.replays.is_empty() {
        output::talk(&format!("error: nothing to replay\nhint: {}", ci::nothing_found(&request)));
    }
    Ok(result.exit().into())
}

fn failed(error: CiError) -> CliError {
    match error {
        // What the configuration names is not there or not what it must be.
        CiError::Discover(_) | CiError::Subject(SubjectError::Missing(_) | SubjectError::Tree(_)) => {
            CliError::usage(error)
        }
        CiError::Subject(SubjectError::Start { .. } | SubjectError::Build { .. }) | CiError::Scratch(_) => {
            CliError::new(Exit::Infrastructure, error)
        }
    }
}

fn write_reports(args: &CiArgs, result: &RunResult, document: &str) -> Result<(), CliError> {
    if let Some(path) = &args.result {
        output::file(path, document.as_bytes())?;
    }
    if let Some(path) = &args.junit {
        output::file(path, &junit::render(result).map_err(CliError::infrastructure)?)?;
    }
    if let Some(path) = &args.summary {
        output::file(path, markdown::render(result, markdown::DEFAULT_BUDGET).as_bytes())?;
    }
    Ok(())
}
