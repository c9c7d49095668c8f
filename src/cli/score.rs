//! `stella score`: how repeatable the scans of the last weeks were.

use std::collections::BTreeSet;

use clap::Args;

use crate::cli::args::{Format, GlobalArgs};
use crate::cli::error::CliResult;
use crate::cli::history::ReadArgs;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::host::clock;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::exit::Exit;
use crate::model::result::Mode;
use crate::report::text::{self, Style};
use crate::score::rules::By;
use crate::score::windowed::Windowed;
use crate::wire::v1::score::ScoreV1;

/// Show how repeatable scans were: rates with counts and intervals, by label, week over week
///
/// It judges nothing: `stella gate` does.
#[derive(Debug, Args)]
pub struct ScoreArgs {
    #[command(flatten)]
    history: ReadArgs,
    /// Length of a window in days, such as 30d (repeatable) [default: 30d and 90d]
    #[arg(long, value_name = "DAYS", value_parser = days)]
    window: Vec<u16>,
    /// Break down by this label only (repeatable) [default: the configuration's, else every label]
    #[arg(long, value_name = "LABEL")]
    by: Vec<String>,
}

/// Each window once, in the order given: the same one again says nothing new.
fn distinct(windows: &[u16]) -> Vec<u16> {
    let mut seen = BTreeSet::new();
    windows.iter().copied().filter(|days| seen.insert(*days)).collect()
}

/// `30d`
fn days(text: &str) -> Result<u16, String> {
    let number = text.strip_suffix('d').and_then(|digits| digits.parse().ok());
    number.filter(|days| (1..=3650).contains(days)).ok_or_else(|| "expected 1d to 3650d".to_owned())
}

/// A label that no replay has.
#[derive(Debug, thiserror::Error)]
#[error("no replay of this history has the label `{asked}`{}", those(.there))]
struct NoSuchLabel {
    asked: String,
    there: BTreeSet<String>,
}

impl Diagnostic for NoSuchLabel {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

fn those(there: &BTreeSet<String>) -> String {
    let named: Vec<&str> = there.iter().map(String::as_str).collect();
    if named.is_empty() { String::new() } else { format!(": they have {}", named.join(", ")) }
}

/// Nobody says where the history is.
#[derive(Debug, thiserror::Error)]
#[error("no history was given")]
struct NoHistory;

impl Diagnostic for NoHistory {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some("give one with `--history FILE`, or say `history: true` in .stella.yaml".into())
    }
}

pub fn run(global: &GlobalArgs, args: &ScoreArgs) -> CliResult {
    let config = setup::config(global)?;
    let history = args.history.read(global, &config)?.ok_or(NoHistory)?;
    let there: BTreeSet<String> = history.records().flat_map(|record| record.labels.keys().cloned()).collect();
    if let Some(asked) = args.by.iter().find(|label| !there.contains(*label)) {
        return Err(NoSuchLabel { asked: asked.clone(), there }.into());
    }
    let by = if args.by.is_empty() { config.rules.by } else { By::These(args.by.iter().cloned().collect()) };
    let windows = distinct(if args.window.is_empty() { &[30, 90] } else { &args.window });
    let now = clock::now();
    let questions = [Mode::Fidelity, Mode::Regression].into_iter();
    let scores: Vec<(u16, Windowed)> = questions
        .flat_map(|mode| windows.iter().map(move |days| (mode, *days)))
        .map(|(mode, days)| (days, Windowed::of(&history, mode, now, days, &by)))
        .collect();
    match global.format {
        Format::Json => output::json(&ScoreV1::new(&history, now, &scores)),
        Format::Text => output::data(&text::scores(&history, &scores, Style::coloured())),
    }
    Ok(Exit::Passed.into())
}
