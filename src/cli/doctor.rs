//! `stella doctor`: what this machine can do, and how to get more of it.

use clap::Args;

use crate::cli::args::{Format, GlobalArgs};
use crate::cli::error::CliResult;
use crate::cli::terminal::output;
use crate::model::exit::Exit;
use crate::report::text;
use crate::sandbox::doctor;
use crate::wire::v1::commands::DoctorV1;

/// Say how well this machine can isolate a scan, and how to get more
///
/// Every level is tried, never guessed. Exits with 0 when a scan can be sealed and observed in full, 3 when only a weaker
/// level works here.
#[derive(Debug, Args)]
pub struct DoctorArgs {}

pub fn run(global: &GlobalArgs, _args: &DoctorArgs) -> CliResult {
    let diagnosis = doctor::examine();
    match global.format {
        Format::Json => output::json(&DoctorV1::from(&diagnosis)),
        Format::Text => output::data(&text::doctor(&diagnosis)),
    }
    Ok(if diagnosis.is_full() { Exit::Passed.into() } else { Exit::Inconclusive.into() })
}
