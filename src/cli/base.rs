//! Where commands that judge a change look for its base.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::ci::base_commit;
use crate::cli::error::CliError;
use crate::flow::suite::base::approved::{self, Review};
use crate::flow::suite::base::commit::Asked;
use crate::flow::suite::base::prepare::{self, Prepared};
use crate::git::repository;
use crate::host::fs;
use crate::model::change::approval::Approval;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::limits;
use crate::wire::v1::reviewed;
use crate::workspace::context::Context;

/// By whose rules a change is judged.
#[derive(Debug, Args)]
#[command(next_help_heading = "Base")]
pub struct BaseArgs {
    /// Judge by the rules, cases and canaries of this commit [default: in a pull request the commit that the CI system tells, else
    /// this checkout's own]
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// What `stella reviewed` found, from a step before this one; outside of the checkout
    #[arg(long, value_name = "FILE")]
    pub reviewed: Option<PathBuf>,
}

/// The largest event of a CI system that is read.
const MAX_EVENT_BYTES: u64 = 64 << 20;

/// What is asked for where the CI system tells it.
pub fn told() -> Result<Asked, CliError> {
    let event = |path: &str| fs::read(Path::new(path), MAX_EVENT_BYTES).ok();
    let told = base_commit::told(|name| std::env::var_os(name), event);
    told.map(Asked::System).map_err(CliError::from)
}

impl BaseArgs {
    /// Whether a base was named.
    pub fn is_given(&self) -> bool {
        self.base.is_some()
    }

    /// Makes the base ready; `None` where this is no pull request.
    pub fn prepare(&self, own: &Context) -> Result<Option<Prepared>, CliError> {
        let asked = match &self.base {
            Some(revision) => Asked::Revision(revision.clone()),
            None => told()?,
        };
        let review = self.reviewed.as_deref().map(|file| review(file, own)).transpose()?;
        Ok(prepare::prepare(own, &asked, review.as_ref())?)
    }
}

/// Approvals of the checkout itself.
pub fn own_approvals(own: &Context) -> Result<Vec<Approval>, CliError> {
    Ok(approved::own(&own.config.root)?.entries)
}

/// A review that a step before this one found. A file of the checkout may have been written by whoever is judged.
fn review(file: &Path, own: &Context) -> Result<Review, CliError> {
    let real = |path: &Path| path.canonicalize().map_err(ReviewFileError::Read);
    let root = real(&own.config.root)?;
    // The checkout is the whole repository, also where the configuration lies below its root.
    if real(file)?.starts_with(repository::top_of(&root).unwrap_or(root)) {
        return Err(ReviewFileError::InCheckout(file.to_owned()).into());
    }
    let bytes = fs::read(file, limits::MAX_CONFIG_BYTES)?;
    let found = reviewed::read(&bytes).map_err(ReviewFileError::Shape)?;
    Ok(Review { head: found.head, reviewers: found.approved_by })
}

/// A file that is not what an earlier step found.
#[derive(Debug, thiserror::Error)]
enum ReviewFileError {
    #[error("cannot find what `--reviewed` names")]
    Read(#[source] std::io::Error),
    #[error("`--reviewed {}` lies in the checkout, which whoever is judged has written", .0.display())]
    InCheckout(PathBuf),
    #[error("what `--reviewed` names is not what `stella reviewed` writes")]
    Shape(#[source] serde_json::Error),
}

impl Diagnostic for ReviewFileError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some("have `stella reviewed --out FILE` write it in a step of its own, outside of the checkout, e.g. to `$RUNNER_TEMP`".into())
    }
}
