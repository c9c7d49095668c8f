//! `stella explain`: which input made a recorded scan differ.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{BudgetArgs, Format, GlobalArgs, IsolationArgs};
use crate::cli::error::CliResult;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::flow::replay::prepare::{ReplayRequest, Swap, SwapError};
use crate::flow::suite::one;
use crate::job::manifest_file;
use crate::model::parameter::Operation;
use crate::report::text::{self, Style};
use crate::wire::v1::explanation::ExplanationV1;

/// Find out by experiment which input made a recorded scan differ
///
/// Replays the scan with one input of now among the recorded ones, with one recorded input among those of now, and with
/// ever smaller sets, until each changed finding has its own cause and the chance that it is false is at most 0.1 %.
/// Exits as `stella replay` does.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The manifest of the recording
    #[arg(long, value_name = "MANIFEST.json")]
    from: PathBuf,
    /// What is otherwise now: feed=PATH, feed=NAME=PATH, policy=PATH, scanner=PATH, scanner=builtin, input=PATH,
    /// flags=WORDS, tz=, locale=, hostname=, cpus=, clock=, seed= (repeatable)
    #[arg(long, value_name = "WHAT=VALUE")]
    with: Vec<String>,
    /// An environment variable that the recording passed too
    #[arg(long, value_name = "NAME")]
    env: Vec<String>,
    #[command(flatten)]
    budget: BudgetArgs,
    #[command(flatten)]
    isolation: IsolationArgs,
}

pub fn run(global: &GlobalArgs, args: ExplainArgs) -> CliResult {
    let context = setup::context(global, &args.isolation)?;
    let manifest = manifest_file::read(&args.from)?;
    let swaps = args.with.iter().map(|given| given.parse()).collect::<Result<Vec<Swap>, SwapError>>();
    let request = ReplayRequest {
        swaps: swaps?,
        explain: Some(args.budget.budget()),
        ..ReplayRequest::as_recorded(&args.from, &args.env, Operation::Explain)
    };
    args.isolation.note_without_a_command(request.runs_a_command(&manifest));
    let (result, _) = one::manifest(manifest, &request, &context)?;
    for replay in &result.replays {
        match global.format {
            Format::Json => output::json(&ExplanationV1::from(replay)),
            Format::Text => {
                output::data(&text::replay(replay, Style::coloured()));
            }
        }
    }
    Ok(result.exit().into())
}
