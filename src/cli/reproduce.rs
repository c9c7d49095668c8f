//! `stella reproduce`: the red check again, from a downloaded report.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{Format, GlobalArgs, IsolationArgs};
use crate::cli::error::CliResult;
use crate::cli::setup;
use crate::cli::terminal::{self, output};
use crate::flow::suite::reproduce::again::{self, AgainRequest};
use crate::model::event::{Event, Subscriber};
use crate::model::result::Isolation;
use crate::report::text::{Show, TextReport};
use crate::report::untrusted;
use crate::wire::v1;

/// Run the failing replays of a report again, from nothing but what the report holds
///
/// The report is the folder that `stella ci --out-dir` wrote, as it is downloaded. Nothing else is read: no configuration, no store, no
/// network. It says whether the same is seen, and ends as `stella ci` does: with 1 where something differs again.
#[derive(Debug, Args)]
pub struct ReproduceArgs {
    /// The folder of the report
    #[arg(value_name = "DIR")]
    report: PathBuf,
    /// Only the case or canary with this id (repeatable)
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    #[command(flatten)]
    isolation: IsolationArgs,
}

pub fn run(global: &GlobalArgs, args: &ReproduceArgs) -> CliResult {
    let request = AgainRequest {
        report: args.report.clone(),
        only: args.only.clone(),
        // What is run comes from wherever the report does.
        isolation: args.isolation.require_isolation.map_or(Isolation::Full, Isolation::from),
        roots: setup::visible("--ro", &args.isolation.ro)?,
    };
    let again = again::again(&request)?;
    match global.format {
        Format::Json => output::document(&v1::result::write(&again.run)?),
        Format::Text => {
            let mut summary = TextReport::new(String::new(), terminal::style(), Show::Summary);
            summary.on_event(&Event::RunFinished(Box::new(again.run.clone())));
            output::data(&summary.into_sink()?);
            for (id, is_same) in &again.same {
                let same = if *is_same { "the same as in the report" } else { "not the same as in the report" };
                output::data_line(&format!("{}: {same}", untrusted::line(id)));
            }
        }
    }
    Ok(again.run.exit().into())
}
