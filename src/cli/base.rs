//! Where commands that judge a change look for its base.

use std::path::PathBuf;

use clap::Args;

use crate::cli::error::CliError;
use crate::flow::suite::base::approved;
use crate::flow::suite::base::commit::BaseRequest;
use crate::flow::suite::base::prepare::{self, Prepared};
use crate::flow::suite::base::review_file;
use crate::model::change::approval::Approval;
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

impl BaseArgs {
    /// Whether a base was named.
    pub fn is_given(&self) -> bool {
        self.base.is_some()
    }

    /// Makes the base ready; `None` where this is not a pull request.
    pub fn prepare(&self, own: &Context) -> Result<Option<Prepared>, CliError> {
        let asked = match &self.base {
            Some(revision) => BaseRequest::Revision(revision.clone()),
            None => BaseRequest::told(|name| std::env::var_os(name))?,
        };
        let review = self.reviewed.as_deref().map(|file| review_file::read(file, &own.config.root)).transpose()?;
        Ok(prepare::prepare(own, &asked, review.as_ref())?)
    }
}

/// Approvals of the checkout itself.
pub fn own_approvals(own: &Context) -> Result<Vec<Approval>, CliError> {
    Ok(approved::own(&own.config.root)?.entries)
}
