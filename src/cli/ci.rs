//! `stella ci`: replay every case and canary of a repository.

pub(super) mod judged;
pub(super) mod merge;
pub(super) mod outputs;
mod results;

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{ExplainArgs, Format, GlobalArgs};
use crate::cli::ci::judged::JudgedArgs;
use crate::cli::ci::outputs::OutputArgs;
use crate::cli::error::CliResult;
use crate::cli::options::step_inputs;
use crate::cli::terminal::progress::Progress;
use crate::cli::terminal::{self, output};
use crate::flow::suite::run;
use crate::host::machine;
use crate::model::result::ReplayResult;
use crate::model::shard::Shard;
use crate::report::text::{Show, TextReport};
use crate::wire::v1;

/// Replay every regression case and canary of this repository
///
/// By default the subject that .stella.yaml names (what this checkout builds) is swapped in and everything else is pinned:
/// did I break it? With --pinned canaries are replayed exactly as recorded: is it repeatable?
///
/// Without --gate the outcomes decide how it ends; with it the gate does (docs/scores.md).
#[derive(Debug, Args)]
pub struct CiArgs {
    /// Only the case or canary with this id or folder name (repeatable)
    #[arg(long, value_name = "ID", conflicts_with = "gate")]
    only: Vec<String>,
    /// Only what falls to this one of N shards, such as 2/4; `stella merge` puts their results together and judges them (docs/shards.md)
    #[arg(long, value_name = "I/N", conflicts_with = "only")]
    shard: Option<Shard>,
    /// The base's subject, as a build of the base has left it: what fails is run once more with it, which tells what was red before from
    /// what this change breaks. Without it the base's own files are used where nothing is built. It decides nothing
    #[arg(long, value_name = "PATH", conflicts_with = "pinned")]
    base_subject: Option<PathBuf>,
    /// How many replays run at the same time [default: the number of CPUs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    jobs: Option<u16>,
    #[command(flatten)]
    judged: JudgedArgs,
    #[command(flatten)]
    outputs: OutputArgs,
    #[command(flatten)]
    experiment: ExplainArgs,
}

pub fn run(global: &GlobalArgs, args: &CiArgs) -> CliResult {
    step_inputs::check()?;
    args.outputs.check()?;
    let mut judged = args.judged.prepare(global, args.shard.is_none())?;
    let judged_by = args.outputs.judged_by(&judged.own.config)?;
    judged.request.only.clone_from(&args.only);
    judged.request.jobs = args.jobs.map_or_else(machine::parallelism, usize::from);
    judged.request.out_dir.clone_from(&args.outputs.out_dir);
    judged.request.explain = args.experiment.budget();
    if let Some(path) = &args.base_subject {
        match &mut judged.request.base_subject {
            Some(subject) => subject.kept_at(path),
            None if judged.request.base.is_some() => {
                output::talk("note: the base or the checkout has no subject, so that `--base-subject` says nothing");
            }
            None => output::talk("note: this run has no base, so that `--base-subject` says nothing"),
        }
    }
    judged.request.shard = match args.shard {
        None => None,
        Some(shard) => Some((shard, args.judged.common(&judged)?)),
    };
    let mut progress = Progress::new();
    let mut summary = TextReport::new(String::new(), terminal::style(), Show::Summary);
    let (result, unkept) = run::run(&judged.context, &judged.request, &mut [&mut progress, &mut summary])?;

    let is_in_process = |replay: &ReplayResult| replay.executor.as_ref().is_none_or(|executor| executor.in_process);
    args.judged
        .isolation
        .note_without_a_command(result.replays.is_empty() || !result.replays.iter().all(is_in_process));
    let document = v1::result::write(&result)?;
    match global.format {
        Format::Json => output::document(&document),
        Format::Text => output::data(&summary.into_sink()?),
    }
    // After the verdict is shown: a report that cannot be written must not hide it.
    args.outputs.write(&result, &document, judged_by)?;
    args.judged.note(&judged, &result)?;
    if let Some(error) = unkept {
        return Err(error.into());
    }
    if result.replays.is_empty() && args.shard.is_none() {
        let hint = run::nothing_found(&judged.request, &judged.own.config).for_command_line();
        output::talk_lines(&terminal::style().fit(format!("error: nothing to replay\nhint: {hint}")));
    }
    Ok(result.exit().into())
}
