//! `stella badge`: what stands on the branch that shows a badge.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use crate::ci::default_branch::DefaultBranch;
use crate::ci::provider;
use crate::cli::args::GlobalArgs;
use crate::cli::error::{CliError, CliResult};
use crate::cli::history;
use crate::cli::report;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::flow::history as file;
use crate::flow::suite::base::without;
use crate::host::{clock, fs};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::exit::Exit;
use crate::model::result::RunResult;
use crate::report::badge::Badge;
use crate::report::emit;
use crate::report::publication::Publication;
use crate::score::gate::request::GateError;

/// Write what stands on the branch of a badge: the badge itself, the history that it is made from, and the last report
///
/// Give the folder in which the branch is checked out, or an empty one: history.jsonl in it is added to, and badge.json (for shields.io),
/// badge.svg and index.html are written anew. Without --result the badge is only made anew: three days after the last run it says so.
/// docs/reports.md has the lines that publish it.
#[derive(Debug, Args)]
pub struct BadgeArgs {
    /// The folder of the branch
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The result of a whole run of the default branch, as `stella ci --result` writes it
    #[arg(long, value_name = "FILE")]
    result: Option<PathBuf>,
    /// Commit to note [default: the one that the CI system tells]
    #[arg(long, value_name = "SHA", requires = "result")]
    commit: Option<String>,
}

/// How far the clocks of two machines may differ.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(10);

/// What gets no badge.
#[derive(Debug, thiserror::Error)]
enum NoBadge {
    #[error("a badge is of the default branch `{0}`, and this run is of something else")]
    OtherBranch(String),
    #[error("`{}` says that it ended at {ended}, which is not yet", .path.display())]
    NotYet { path: PathBuf, ended: Timestamp },
    #[error("`{}` is of a part of a run, which would pass for the whole", .0.display())]
    Part(PathBuf),
}

impl Diagnostic for NoBadge {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::OtherBranch(_) => "let the job run on pushes to that branch, or on a schedule, alone".into(),
            Self::NotYet { .. } => "it was changed after it was written, or by a machine whose clock is wrong".into(),
            Self::Part(_) => "give the result of a whole run, or what `stella merge` makes of all its shards".into(),
        })
    }
}

pub fn run(global: &GlobalArgs, args: &BadgeArgs) -> CliResult {
    of_the_default_branch(&without::told(|name| std::env::var_os(name)))?;
    fs::check_output_dir(&args.folder)?;
    let config = setup::config(global)?;
    let noted = args.folder.join(file::FILE_NAME);
    file::check(&noted)?;
    let now = clock::now();
    let run = args.result.as_deref().map(|path| whole(path, now)).transpose()?;
    let mut known = history::so_far(&noted)?;
    if let Some(run) = &run {
        let is_known = known.records().any(|record| record.run == run.id());
        known.add_run(run).map_err(GateError::from)?;
        if !is_known {
            let commit = args.commit.clone().or_else(|| provider::commit(|name| std::env::var_os(name)));
            fs::ensure_dir(&args.folder)?;
            file::append(&noted, run, commit.as_deref())?;
        }
    }
    let badge = Badge::of_history(&known, now, &config.rules);
    let none = RunResult::new(env!("CARGO_PKG_VERSION").to_owned(), now, now, Vec::new(), Vec::new());
    let publication = Publication { badge, ..Publication::of(run.as_ref().unwrap_or(&none), now) };
    for (form, name) in [("badge", "badge.svg"), ("badge-json", "badge.json"), ("html", "index.html")] {
        let Some(emitter) = emit::named(form) else { continue };
        // The page of the last run stays where there is no later one.
        if form != "html" || run.is_some() {
            fs::write_output(&args.folder.join(name), &emitter.write(&publication)?)?;
        }
    }
    output::data_line(&publication.badge.sentence);
    Ok(Exit::Passed.into())
}

/// A system that tells the default branch must tell that this is a run of it.
fn of_the_default_branch(told: &DefaultBranch) -> Result<(), CliError> {
    match (&told.name, &told.of_this_run) {
        (Some(name), None) => Err(NoBadge::OtherBranch(name.clone()).into()),
        _ => Ok(()),
    }
}

fn whole(path: &Path, now: Timestamp) -> Result<RunResult, CliError> {
    let (run, _) = report::read(path)?;
    // The history would hold it for ever.
    if run.finished_at.duration_since(now) > CLOCKS_DIFFER {
        return Err(NoBadge::NotYet { path: path.to_owned(), ended: run.finished_at }.into());
    }
    if run.part.is_partial() {
        return Err(NoBadge::Part(path.to_owned()).into());
    }
    Ok(run)
}
