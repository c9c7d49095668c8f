//! Where commands that replay note what they found, and where commands that judge look for it.

use std::path::PathBuf;

use clap::Args;

use crate::ci::provider;
use crate::cli::args::GlobalArgs;
use crate::cli::error::CliError;
use crate::cli::setup;
use crate::config::Config;
use crate::flow::history;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::result::RunResult;
use crate::score::history::History;
use crate::workspace::context::Context;

/// Where to note every replay.
#[derive(Debug, Args)]
#[command(next_help_heading = "History")]
pub struct NoteArgs {
    /// Note every replay in this file, one line each; it is made where it is missing [default: history.jsonl in the local
    /// store, where the configuration says `history: true`]
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
    /// Commit to note [default: the one that the CI system tells]
    #[arg(long, value_name = "SHA")]
    pub commit: Option<String>,
}

/// A commit that would be noted nowhere.
#[derive(Debug, thiserror::Error)]
#[error("`--commit` does not apply to this: no replay is noted")]
struct NothingNoted;

impl Diagnostic for NothingNoted {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some("name a file with `--history FILE`, or leave it out".into())
    }
}

/// Where to look for what was noted.
#[derive(Debug, Args)]
pub struct ReadArgs {
    /// A history; several are merged, and a replay that stands in more than one counts once (repeatable) [default:
    /// history.jsonl in the local store, where the configuration says `history: true`]
    #[arg(long, value_name = "FILE")]
    pub history: Vec<PathBuf>,
}

impl NoteArgs {
    /// The file, where one is wanted; never a file that is something else.
    pub fn file(&self, context: &Context) -> Result<Option<PathBuf>, CliError> {
        let in_store = || context.config.history.then(|| context.local.root().join(history::FILE_NAME));
        let file = self.history.clone().or_else(in_store);
        match &file {
            Some(file) => history::check(file)?,
            None if self.commit.is_some() => return Err(NothingNoted.into()),
            None => {}
        }
        Ok(file)
    }

    /// Appends every replay of `run`.
    pub fn note(&self, file: &std::path::Path, run: &RunResult) -> Result<(), CliError> {
        let commit = self.commit.clone().or_else(|| provider::commit(|name| std::env::var_os(name)));
        Ok(history::append(file, run, commit.as_deref())?)
    }
}

impl ReadArgs {
    /// Everything that was noted; `None` where nobody says where.
    pub fn read(&self, global: &GlobalArgs, config: &Config) -> Result<Option<History>, CliError> {
        let mut files = self.history.clone();
        if files.is_empty() && config.history {
            files.push(setup::store(global, config)?.join(history::FILE_NAME));
        }
        let mut all = History::default();
        for file in &files {
            history::read_into(&mut all, file, false)?;
        }
        Ok((!files.is_empty()).then_some(all))
    }
}

/// What was noted so far in a file that may not exist yet.
pub fn so_far(file: &std::path::Path) -> Result<History, CliError> {
    let mut all = History::default();
    history::read_into(&mut all, file, true)?;
    Ok(all)
}
