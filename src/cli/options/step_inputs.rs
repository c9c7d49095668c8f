//! What only a run in our GitHub Action is asked: what the step gives is its command line.

use std::path::Path;

use crate::ci::github::step_inputs::{self, Action};
use crate::cli::error::CliError;
use crate::host::fs;
use crate::model::limits;

/// The action sets it to the folder with its own files; nothing else does.
const ACTION_PATH: &str = "STELLA_ACTION_PATH";

/// Refuses inputs of the action that it does not have, wherever the workflow can be read.
pub fn check() -> Result<(), CliError> {
    let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(action) = text(ACTION_PATH) else { return Ok(()) };
    let (Some(workspace), Some(workflow), Some(repository)) =
        (text("GITHUB_WORKSPACE"), text("GITHUB_WORKFLOW_REF"), text("GITHUB_REPOSITORY"))
    else {
        return Ok(());
    };
    let Some(file) = step_inputs::workflow_file(&workflow, &repository) else { return Ok(()) };
    let workspace = Path::new(&workspace);
    // Of another checkout, or of none: GitHub has read it, and nobody here can.
    let Ok(bytes) = fs::read_inside(workspace, file, limits::MAX_CONFIG_BYTES) else { return Ok(()) };
    Ok(step_inputs::check(&bytes, file, &Action::at(Path::new(&action), workspace))?)
}
