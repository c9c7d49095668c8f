//! `stella ci`: replay every case and canary of a repository.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::args::{ExplainArgs, Format, GlobalArgs, IsolationArgs};
use crate::cli::base::{self, BaseArgs};
use crate::cli::error::{CliError, CliResult};
use crate::cli::gate::{StrictnessArgs, WantedGate};
use crate::cli::history::{self, NoteArgs};
use crate::cli::options::step_inputs;
use crate::cli::report::folder;
use crate::cli::report::form_file::FormFile;
use crate::cli::setup;
use crate::cli::terminal::progress::Progress;
use crate::cli::terminal::{self, output};
use crate::flow::suite::run::{self, CiRequest};
use crate::host::fs::{self, Writing};
use crate::host::machine;
use crate::model::gate_result::Gate;
use crate::model::result::RunResult;
use crate::report::text::{Show, TextReport};
use crate::report::{junit, markdown};
use crate::score::gate::request::{GateError, GateRequest};
use crate::wire::v1;
use crate::workspace::context::Context;

/// Replay every regression case and canary of this repository
///
/// By default the subject that .stella.yaml names (what this checkout builds) is swapped in and everything else is pinned:
/// did I break it? With --pinned canaries are replayed exactly as recorded: is it repeatable?
///
/// Without --gate the outcomes decide how it ends; with it the gate does (docs/scores.md).
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
    /// Leave expected and actual artifacts of every replay side by side, and beside them the reports: report.html for people,
    /// result.json, junit.xml, summary.md, stella.sarif and codequality.json
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// Write the run in one more form of `stella report`, e.g. `--emit job-summary=FILE` (repeatable); unlike there the gate of
    /// this run is believed
    #[arg(long, value_name = "FORM=FILE", value_parser = FormFile::parse)]
    emit: Vec<FormFile>,
    /// Let a gate decide how this ends; nightly implies --pinned
    #[arg(long, value_enum, value_name = "GATE", conflicts_with = "only")]
    gate: Option<WantedGate>,
    #[command(flatten)]
    strictness: StrictnessArgs,
    #[command(flatten)]
    base: BaseArgs,
    #[command(flatten)]
    note: NoteArgs,
    #[command(flatten)]
    experiment: ExplainArgs,
    #[command(flatten)]
    isolation: IsolationArgs,
}

pub fn run(global: &GlobalArgs, args: &CiArgs) -> CliResult {
    step_inputs::check()?;
    args.out_dir.iter().try_for_each(|folder| fs::check_output_dir(folder))?;
    let files = [&args.junit, &args.result, &args.summary];
    files.into_iter().flatten().try_for_each(|file| fs::check_output(file, Writing::Anew))?;
    let own = setup::context(global, &args.isolation)?;
    let is_pr = args.gate == Some(WantedGate::Pr);
    let wants_base = is_pr || args.base.is_given();
    let base = if wants_base { args.base.prepare(&own)? } else { None };
    let (approvals, without_base) = match (&base, args.gate) {
        (Some(base), _) => (base.approvals.entries.clone(), None),
        (None, Some(gate)) => base::own_approvals(&own, gate.into())?,
        (None, None) => (Vec::new(), None),
    };
    let context = base.as_ref().map_or(&own, |base| &base.context).clone();
    let history = args.note.file(&context)?;
    let gate = gate(args, &context, history.as_deref())?;
    let request = CiRequest {
        pinned: args.pinned || args.gate == Some(WantedGate::Nightly),
        only: args.only.clone(),
        jobs: args.jobs.map_or_else(machine::parallelism, usize::from),
        out_dir: args.out_dir.clone(),
        expects_candidate: base.as_ref().is_some_and(|base| base.base.subject_dropped),
        gate,
        explain: args.experiment.budget(),
        folders: base.as_ref().and_then(|base| base.folders.clone()),
        base: base.as_ref().map(|base| base.base.clone()),
        without_base,
        approvals,
    };
    let mut progress = Progress::new();
    let mut summary = TextReport::new(String::new(), terminal::style(), Show::Summary);
    let (result, unkept) = run::run(&context, &request, &mut [&mut progress, &mut summary])?;

    let document = v1::result::write(&result)?;
    match global.format {
        Format::Json => output::document(&document),
        Format::Text => output::data(&summary.into_sink()?),
    }
    // After the verdict is shown: a report that cannot be written must not hide it.
    write_reports(args, &result, &document)?;
    if let Some(file) = &history {
        args.note.note(file, &result)?;
    }
    if let Some(error) = unkept {
        return Err(error.into());
    }
    if result.replays.is_empty() {
        output::talk_lines(&format!(
            "error: nothing to replay\nhint: {}",
            run::nothing_found(&request, &own.config).for_command_line()
        ));
    }
    Ok(result.exit().into())
}

/// The gate to ask, with everything that is known before the run.
fn gate(args: &CiArgs, context: &Context, history: Option<&Path>) -> Result<Option<GateRequest>, CliError> {
    let Some(wanted) = args.gate else { return Ok(None) };
    let gate = Gate::from(wanted);
    let known = history.map(history::so_far).transpose()?;
    if gate == Gate::Nightly && known.is_none() {
        return Err(GateError::NoHistory(gate).into());
    }
    let rules = context.config.rules.clone();
    Ok(Some(GateRequest { gate, strictness: args.strictness.of(gate, &rules), rules, history: known }))
}

fn write_reports(args: &CiArgs, result: &RunResult, document: &str) -> Result<(), CliError> {
    if let Some(path) = &args.result {
        fs::write_output(path, document.as_bytes())?;
    }
    if let Some(path) = &args.junit {
        fs::write_output(path, &junit::render(result)?)?;
    }
    if let Some(path) = &args.summary {
        fs::write_output(path, markdown::render(result, markdown::DEFAULT_BUDGET).as_bytes())?;
    }
    if let Some(dir) = &args.out_dir {
        folder::write(dir, result, document)?;
    }
    args.emit.iter().try_for_each(|form| form.write(result))?;
    Ok(())
}
