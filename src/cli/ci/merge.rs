//! `stella merge`: the results of shards, judged as one run.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{Format, GlobalArgs};
use crate::cli::ci::judged::JudgedArgs;
use crate::cli::ci::outputs::OutputArgs;
use crate::cli::ci::results;
use crate::cli::error::CliResult;
use crate::cli::options::step_inputs;
use crate::cli::terminal::{self, output};
use crate::flow::suite::shards::{gather, merge};
use crate::host::clock;
use crate::model::event::{Event, Subscriber};
use crate::report::count::counted;
use crate::report::text::{Show, TextReport};
use crate::wire::v1;

/// Put the results of all shards of a run together, and judge them as one run
///
/// Run it in the same checkout as the shards, with the same --gate: rules, base, cases, canaries and approvals are read here again, and
/// a result that was judged by others is refused. It replays nothing. A shard without a result is never a pass (docs/shards.md).
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// What `stella ci --shard` wrote: a result, or a folder with result.json in it or in its folders
    #[arg(value_name = "RESULT", required = true)]
    results: Vec<PathBuf>,
    #[command(flatten)]
    judged: JudgedArgs,
    #[command(flatten)]
    outputs: OutputArgs,
}

pub fn run(global: &GlobalArgs, args: &MergeArgs) -> CliResult {
    step_inputs::check()?;
    args.outputs.check()?;
    let given = results::read(&args.results)?;
    let judged = args.judged.prepare(global, true)?;
    let judged_by = args.outputs.judged_by(&judged.own.config)?;
    let common = args.judged.common(&judged)?;
    let (result, reports) = merge::merge(&judged.context, &judged.request, &common, given, clock::now())?;
    let document = v1::result::write(&result)?;
    match global.format {
        Format::Json => output::document(&document),
        Format::Text => {
            let mut summary = TextReport::new(String::new(), terminal::style(), Show::Summary);
            summary.on_event(&Event::RunFinished(Box::new(result.clone())));
            output::data(&summary.into_sink()?);
        }
    }
    // After the verdict is shown: a report that cannot be written must not hide it.
    args.outputs.write(&result, &document, judged_by)?;
    if let Some(folder) = &args.outputs.out_dir {
        let left_out = gather::gather(&reports, &result, folder, &judged.context)?;
        if left_out > 0 {
            output::talk(&format!(
                "warning: artifacts of {} of the shards were not copied: they are more than a report may hold",
                counted(left_out, "replay", "replays")
            ));
        }
    }
    args.judged.note(&judged, &result)?;
    Ok(result.exit().into())
}
