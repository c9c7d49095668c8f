//! `stella diff`: what differs between two results.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::artifacts::diff_paths;
use crate::cli::args::{Format, GlobalArgs};
use crate::cli::error::CliResult;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::model::artifact::ArtifactFormat;
use crate::model::comparison::fidelity::Level;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::exit::Exit;
use crate::report::text::{self, Style};
use crate::report::untrusted;
use crate::wire::v1::commands::{DiffSchema, DiffV1, LevelsV1};
use crate::wire::v1::diff_summary::DiffSummaryDocument;

/// Compare two results, files or directories
///
/// Exits with 1 when they differ at the level asked for. Formats are recognised by content; files of two directories are
/// paired by name, hidden ones passed by. Where the meaning of the files is not known, only bytes can be compared; the first
/// places that differ are shown with both values. What cannot be read as its format says is compared by its canonical bytes,
/// what is not JSON by its bytes, with a note.
/// Two CycloneDX inventories of 1 MiB and more are read block by block, and only what they do not share is read for its
/// meaning; the result is the same.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The result before
    #[arg(long, value_name = "PATH")]
    a: PathBuf,
    /// The result after
    #[arg(long, value_name = "PATH")]
    b: PathBuf,
    /// bf: canonical bytes · sf: packages, findings, VEX and decision · pf: the decision alone
    #[arg(long, value_enum, default_value = "bf", value_name = "LEVEL")]
    mode: ModeChoice,
    /// The format of the files: a name that `stella profile list` has, of a format and not of a tool [default: by content]
    #[arg(long = "as", value_name = "FORMAT")]
    as_format: Option<ArtifactFormat>,
    /// The same as --format json
    #[arg(long)]
    json: bool,
}

/// A level of fidelity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ModeChoice {
    Bf,
    Sf,
    Pf,
}

impl From<ModeChoice> for Level {
    fn from(mode: ModeChoice) -> Self {
        match mode {
            ModeChoice::Bf => Self::Bitwise,
            ModeChoice::Sf => Self::Semantic,
            ModeChoice::Pf => Self::Policy,
        }
    }
}

/// How many parts are named that are not compared.
const PARTS: usize = 10;

/// The level that was asked for says nothing of these files.
#[derive(Debug, thiserror::Error)]
#[error("{0} fidelity does not apply: the meaning of these files is not known")]
struct NotApplicable(Level);

impl Diagnostic for NotApplicable {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some("compare bytes with `--mode bf`".into())
    }
}

pub fn run(global: &GlobalArgs, args: DiffArgs) -> CliResult {
    let config = setup::config(global)?;
    let comparison = diff_paths::compare(&args.a, &args.b, args.as_format, &config)?;
    let level = Level::from(args.mode);
    comparison.notes.iter().for_each(|note| output::talk(&format!("note: {}", untrusted::visible(note))));
    let Some(same) = comparison.fidelity.at(level) else {
        return Err(NotApplicable(level).into());
    };
    let not_compared = || comparison.artifacts.iter().filter(|artifact| !artifact.not_compared.is_empty());
    if args.json || global.format == Format::Json {
        let at = |level| comparison.fidelity.at(level);
        output::json(&DiffV1 {
            schema: DiffSchema,
            mode: level.into(),
            same,
            notes: comparison.notes.clone(),
            not_compared: not_compared().map(|one| (one.name.clone(), one.not_compared.clone())).collect(),
            levels: LevelsV1 { bf: at(Level::Bitwise), sf: at(Level::Semantic), pf: at(Level::Policy) },
            diff_summary: DiffSummaryDocument::from(&comparison.diff),
        });
    } else {
        let words = Level::ALL.map(|level| {
            let verdict = match comparison.fidelity.at(level) {
                Some(true) => "same",
                Some(false) => "differs",
                None => "not applicable",
            };
            format!("{level}: {verdict}")
        });
        output::data(&format!("{}\n", words.join(" · ")));
        for artifact in not_compared() {
            let parts = untrusted::list(&artifact.not_compared, PARTS);
            output::data_line(&format!("semantic does not look at {parts} of {}", untrusted::line(&artifact.name)));
        }
        if !comparison.fidelity.is_bitwise() {
            output::data(&text::diff(&comparison.diff, Style::coloured()));
        }
    }
    Ok(if same { Exit::Passed } else { Exit::Failed }.into())
}
