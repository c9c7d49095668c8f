//! `stella replay`: run a recorded scan again and say whether it is the same.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::args::{ExplainArgs, Format, GlobalArgs, IsolationArgs};
use crate::cli::error::{CliError, CliResult};
use crate::cli::history::NoteArgs;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::flow::replay::output_dir;
use crate::flow::replay::prepare::{Part, ReplayRequest, Swap, SwapError};
use crate::flow::suite::one;
use crate::host::fs;
use crate::job::manifest_file;
use crate::model::parameter::Operation;
use crate::report::text::{self, Style};
use crate::wire::v1;

/// Replay a recorded scan and compare the results
///
/// Everything is restored by digest and runs sealed: no network, fixed time zone and locale, private directories.
/// Exits with 0 when the replay matches, 1 when it drifted, 3 when an input is gone, 4 when it could not run,
/// 5 when the manifest was edited or what it names is damaged.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The manifest of the recording
    #[arg(long, value_name = "MANIFEST.json")]
    from: PathBuf,
    /// Where to leave the artifacts; result.json and the expected ones are in .stella/ there
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// Replay with another input: feed=PATH, feed=NAME=PATH (one of several), policy=PATH, scanner=PATH, scanner=builtin,
    /// config=PATH or input=PATH
    #[arg(long, value_name = "WHAT=PATH", conflicts_with = "history")]
    with: Vec<String>,
    /// Show the command no file as newer than the clock, whatever was recorded
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          conflicts_with = "history")]
    clamp_file_times: Option<bool>,
    /// An environment variable that the recording passed too
    #[arg(long, value_name = "NAME")]
    env: Vec<String>,
    #[command(flatten)]
    note: NoteArgs,
    #[command(flatten)]
    experiment: ExplainArgs,
    #[command(flatten)]
    isolation: IsolationArgs,
}

pub fn run(global: &GlobalArgs, args: ReplayArgs) -> CliResult {
    args.out_dir.iter().try_for_each(|folder| fs::check_output_dir(folder))?;
    let context = setup::context(global, &args.isolation)?;
    let manifest = manifest_file::read(&args.from)?;
    let swaps = args.with.iter().map(|given| given.parse()).collect::<Result<Vec<Swap>, SwapError>>();
    let clamp = args.clamp_file_times.map(|clamp| Swap::Part(Part::ClampFileTimes(clamp)));
    let request = ReplayRequest {
        swaps: swaps?.into_iter().chain(clamp).collect(),
        out_dir: args.out_dir.clone(),
        explain: args.experiment.budget(),
        ..ReplayRequest::as_recorded(&args.from, &args.env, Operation::Replay)
    };
    args.isolation.note_without_a_command(request.runs_a_command(&manifest));
    // A replay with other inputs says nothing of how repeatable the recording is.
    let history = if request.swaps.is_empty() { args.note.file(&context)? } else { None };
    let (result, unkept) = one::manifest(manifest, &request, &context)?;
    let document = v1::result::write(&result)?;
    if let Some(directory) = &args.out_dir {
        write_result(directory, &document)?;
    }
    match global.format {
        Format::Json => output::document(&document),
        Format::Text => result.replays.iter().for_each(|replay| output::data(&text::replay(replay, Style::coloured()))),
    }
    if let Some(file) = &history {
        args.note.note(file, &result)?;
    }
    match unkept {
        Some(error) => Err(error.into()),
        None => Ok(result.exit().into()),
    }
}

fn write_result(directory: &Path, document: &str) -> Result<(), CliError> {
    let aside = directory.join(output_dir::ASIDE);
    fs::check_output_dir(&aside)?;
    fs::ensure_dir(&aside)?;
    Ok(fs::write_atomic(&aside.join("result.json"), document.as_bytes())?)
}
