//! The reports that a run leaves in a folder.

use std::path::Path;

use crate::cli::error::CliError;
use crate::host::{clock, fs};
use crate::model::result::RunResult;
use crate::report::emit::EMITTERS;
use crate::report::emit::emitter::EmitError;
use crate::report::publication::Publication;

/// The forms that a folder with the reports of a run has, written into it.
pub fn write(folder: &Path, run: &RunResult, document: &str) -> Result<(), CliError> {
    let report = Publication::of(run, clock::now());
    fs::write_output(&folder.join("result.json"), document.as_bytes())?;
    for emitter in EMITTERS.into_iter().filter(|emitter| emitter.in_folder) {
        let bytes: Result<Vec<u8>, EmitError> = emitter.write(&report);
        fs::write_output(&folder.join(emitter.file), &bytes?)?;
    }
    Ok(())
}
