//! `stella chaos`: what must not matter to a scan, and does.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{Format, GlobalArgs, IsolationArgs};
use crate::cli::error::CliResult;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::flow::experiment::chaos;
use crate::flow::replay::prepare::ReplayRequest;
use crate::job::manifest_file;
use crate::model::exit::Exit;
use crate::model::parameter::Operation;
use crate::report::text::{self, Style};
use crate::wire::v1::chaos::ChaosV1;

/// Perturb a recorded scan and say which perturbation changes which artifact
///
/// Clock, time zone, locale, host name, CPU count, order of directories and components, seed, user, umask, home, warm
/// caches: one at a time, everything else as recorded. Exits with 1 when one of them changes a result, 3 when the scan
/// cannot be run at all.
#[derive(Debug, Args)]
pub struct ChaosArgs {
    /// The manifest of the recording
    #[arg(long, value_name = "MANIFEST.json")]
    from: PathBuf,
    /// Only this perturbation (repeatable)
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// An environment variable that the recording passed too
    #[arg(long, value_name = "NAME")]
    env: Vec<String>,
    #[command(flatten)]
    isolation: IsolationArgs,
}

pub fn run(global: &GlobalArgs, args: ChaosArgs) -> CliResult {
    let context = setup::context(global, &args.isolation)?;
    let manifest = manifest_file::read(&args.from)?;
    let request = ReplayRequest::as_recorded(&args.from, &args.env, Operation::Chaos);
    args.isolation.note_without_a_command(request.runs_a_command(&manifest));
    let chaos = chaos::run(manifest, &request, &args.only, &context)?;
    let shaken = chaos.is_shaken();
    match global.format {
        Format::Json => output::json(&ChaosV1::from(chaos)),
        Format::Text => output::data(&text::chaos(&chaos, Style::coloured())),
    }
    Ok(if shaken { Exit::Failed } else { Exit::Passed }.into())
}
