//! `--emit FORM=FILE`: a run in one more form, where it has just been judged.

use std::path::PathBuf;

use crate::cli::error::CliError;
use crate::host::{clock, fs};
use crate::model::result::RunResult;
use crate::report::emit::emitter::{EmitError, Emitter};
use crate::report::emit::{EMITTERS, named};
use crate::report::publication::Publication;

/// A form of report, and the file that it is written to.
#[derive(Debug, Clone)]
pub struct FormFile {
    form: &'static Emitter,
    file: PathBuf,
}

impl FormFile {
    /// Reads `FORM=FILE`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let known = || EMITTERS.map(|emitter| emitter.name).join(", ");
        let (name, file) = text.split_once('=').unwrap_or((text, ""));
        let form = named(name).ok_or_else(|| format!("`{name}` is not a form of report; there are: {}", known()))?;
        if file.is_empty() {
            return Err(format!("give the file, as in `{name}={}`", form.file));
        }
        Ok(Self { form, file: PathBuf::from(file) })
    }

    /// Writes the run in this form.
    pub fn write(&self, run: &RunResult) -> Result<(), CliError> {
        let bytes: Result<Vec<u8>, EmitError> = self.form.write(&Publication::of(run, clock::now()));
        Ok(fs::write_output(&self.file, &bytes?)?)
    }
}
