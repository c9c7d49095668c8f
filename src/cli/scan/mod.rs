//! `stella scan`: record a scan.

mod args;
mod request;
mod show;

use crate::cli::args::GlobalArgs;
use crate::cli::error::{CliError, CliResult, ExitCode};
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::execute::failure::Failure;
use crate::execute::run_job;
use crate::flow::record::recording::{self, RecordError};
use crate::flow::record::request::resolve::{self, Resolved};
use crate::flow::replay::output_dir;
use crate::host::fs::{self, Writing};
use crate::job::manifest_file;
use crate::model::exit::Exit;
use crate::report::showing;

pub use args::ScanArgs;

pub fn run(global: &GlobalArgs, args: &ScanArgs) -> CliResult {
    args.emit_artifacts_dir.iter().try_for_each(|folder| fs::check_output_dir(folder))?;
    let files = [Some(&args.emit_manifest), args.ledger.as_ref()];
    files.into_iter().flatten().try_for_each(|file| fs::check_output(file, Writing::Anew))?;
    let context = setup::context(global, &args.isolation)?.with_ledger(args.ledger.clone());
    let Resolved { request, notes } = resolve::resolve(&request::of(args)?, &context)?;
    notes.iter().for_each(|note| output::talk(&format!("note: {}", note.for_command_line())));
    let recording =
        recording::record(&request, &context).map_err(|error| failed(error).without(run_job::secrets(&request.job)))?;
    if let Some(directory) = &args.emit_artifacts_dir {
        // A step that ran as it is could have changed it.
        fs::check_output_dir(directory)?;
        fs::ensure_dir(directory)?;
        for artifact in &recording.artifacts {
            fs::write_atomic(&directory.join(&artifact.name), &artifact.bytes)?;
        }
        output_dir::ledger(directory, recording.executed.ledger.as_deref())?;
    }
    let bytes = manifest_file::to_bytes(&recording.manifest)?;
    fs::write_output(&args.emit_manifest, &bytes)?;
    show::show(global, args, &recording)?;
    Ok(if args.as_is { ExitCode::of_wrapped(recording.executed.exit_code) } else { Exit::Passed.into() })
}

/// Characters of a line of what a run showed, so that it fits into a terminal of 80 columns.
const SHOWN_WIDTH: usize = 70;

fn failed(error: RecordError) -> CliError {
    let shown = match &error {
        RecordError::Execute(Failure { showing, .. }) | RecordError::Artifact { showing, .. } => {
            showing::wrapped(showing, SHOWN_WIDTH)
        }
        _ => Vec::new(),
    };
    CliError::from(error).showing(shown)
}
