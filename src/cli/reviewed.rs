//! `stella reviewed`: who of the base's approvers has approved exactly this commit.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{Format, GlobalArgs};
use crate::cli::error::CliResult;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::flow::suite::base::commit::BaseRequest;
use crate::flow::suite::reviewed;
use crate::host::fs;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::exit::Exit;
use crate::report::review_phrases;
use crate::wire::v1::reviewed::ReviewedV1;

/// Find out who has approved exactly this commit of a pull request
///
/// For a base whose configuration says `approvals: {in_head: reviewed}`. It is a step of its own, before `stella ci`: it holds the
/// token that reads pull requests (GITHUB_TOKEN), builds nothing, and runs nothing of the checkout. An approver counts who is neither
/// the author of the pull request nor of any of its commits, and whose last review approves this commit and no earlier one.
#[derive(Debug, Args)]
pub struct ReviewedArgs {
    /// Where to write what was found, outside of the checkout: `stella ci --reviewed FILE` reads it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// What was found cannot be written as JSON: a bug of its types.
#[derive(Debug, thiserror::Error)]
#[error("what was found cannot be written")]
struct Unwritable(#[source] serde_json::Error);

impl Diagnostic for Unwritable {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }
}

pub fn run(global: &GlobalArgs, args: &ReviewedArgs) -> CliResult {
    let config = setup::config(global)?;
    let variable = |name: &str| std::env::var_os(name);
    let reviewed = reviewed::find(&config, &BaseRequest::told(variable)?, variable)?;
    let found = reviewed.found.clone().unwrap_or_default();
    let document = ReviewedV1::of(&reviewed.head, reviewed.number, &found);
    let mut text = serde_json::to_string_pretty(&document).map_err(Unwritable)?;
    text.push('\n');
    fs::write_output(&args.out, text.as_bytes())?;
    match global.format {
        Format::Json => output::data(&text),
        Format::Text => {
            let lines = review_phrases::lines(reviewed.found.as_ref(), &reviewed.head);
            lines.iter().for_each(|line| output::data_line(line));
        }
    }
    Ok(Exit::Passed.into())
}
