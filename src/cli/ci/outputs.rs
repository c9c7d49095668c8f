//! Where a run over a whole suite is written to.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::report::folder;
use crate::cli::report::form_file::FormFile;
use crate::cli::terminal::output;
use crate::config::Config;
use crate::flow::attest::predicate;
use crate::flow::suite::head::{is_as_committed, is_in_repository};
use crate::host::fs::{self, Writing};
use crate::model::digest::Digest;
use crate::model::limits;
use crate::model::result::RunResult;
use crate::report::emit::emitter::EmitError;
use crate::report::{junit, markdown};
use crate::wire::v1::timings;

/// Files that a run is written to.
#[derive(Debug, Args)]
pub struct OutputArgs {
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
    pub out_dir: Option<PathBuf>,
    /// Write the run in one more form of `stella report`, e.g. `--emit job-summary=FILE` (repeatable); unlike there the gate of
    /// this run is believed
    #[arg(long, value_name = "FORM=FILE", value_parser = FormFile::parse)]
    emit: Vec<FormFile>,
    /// Write how long each case and canary took, to be committed as .stella-timings.json: shards are balanced by it
    #[arg(long, value_name = "FILE")]
    timings: Option<PathBuf>,
    /// Write what `--gate release` says as the predicate replay-fidelity (docs/attestations.md), for a signer that takes one; where no
    /// candidate with one digest ran there is none, and a note says so
    #[arg(long, value_name = "FILE")]
    predicate: Option<PathBuf>,
}

impl OutputArgs {
    /// Refuses what could not be written, before anything is run.
    pub fn check(&self) -> Result<(), CliError> {
        self.out_dir.iter().try_for_each(|folder| fs::check_output_dir(folder))?;
        let files = [&self.junit, &self.result, &self.summary, &self.timings, &self.predicate];
        files.into_iter().flatten().try_for_each(|file| fs::check_output(file, Writing::Anew))?;
        Ok(())
    }

    /// What a predicate names as that by which a run is judged, where the commit has it so: read before anything of the checkout runs,
    /// which could change it.
    pub fn judged_by(&self, config: &Config) -> Result<Option<Digest>, CliError> {
        let file = config.file.as_deref();
        if self.predicate.is_none() || (is_in_repository(&config.root) && !is_as_committed(&config.root, file)) {
            return Ok(None);
        }
        match file {
            Some(file) => Ok(Some(Digest::of(&fs::read(file, limits::MAX_CONFIG_BYTES)?))),
            None => Ok(Some(Digest::of(b""))),
        }
    }

    /// Writes a run that was judged; `document` is its result.
    pub fn write(&self, result: &RunResult, document: &str, judged_by: Option<Digest>) -> Result<(), CliError> {
        if let Some(path) = &self.result {
            fs::write_output(path, document.as_bytes())?;
        }
        if let Some(path) = &self.junit {
            fs::write_output(path, &junit::render(result)?)?;
        }
        if let Some(path) = &self.summary {
            fs::write_output(path, markdown::render(result, markdown::DEFAULT_BUDGET).as_bytes())?;
        }
        if let Some(path) = &self.timings {
            fs::write_output(path, timings::write(result)?.as_bytes())?;
        }
        if let Some(path) = &self.predicate {
            write_predicate(path, result, document, judged_by)?;
        }
        if let Some(dir) = &self.out_dir {
            folder::write(dir, result, document)?;
        }
        self.emit.iter().try_for_each(|form| form.write(result))
    }
}

/// Leaves none of an earlier run where this one has none.
fn write_predicate(path: &Path, result: &RunResult, document: &str, judged_by: Option<Digest>) -> Result<(), CliError> {
    match predicate::of(result, judged_by, document.as_bytes()) {
        Ok(said) => fs::write_output(path, &serde_json::to_vec(&said).map_err(EmitError::Json)?)?,
        Err(why) => {
            fs::remove_file_if_present(path)?;
            output::talk(&format!("note: no predicate is written: {why}"));
        }
    }
    Ok(())
}
