//! Where commands that judge a change look for its base.

use std::path::PathBuf;

use clap::Args;

use crate::cli::error::CliError;
use crate::flow::suite::base::commit::BaseRequest;
use crate::flow::suite::base::prepare::{self, Prepared};
use crate::flow::suite::base::{review_file, without};
use crate::model::change::approval::Counted;
use crate::model::change::base::WithoutBase;
use crate::model::gate_result::Gate;
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
            Some(revision) => BaseRequest::named(revision, |name| std::env::var_os(name)),
            None => BaseRequest::told(|name| std::env::var_os(name))?,
        };
        let review = self.reviewed.as_deref().map(|file| review_file::read(file, &own.config.root)).transpose()?;
        Ok(prepare::prepare(own, &asked, review.as_ref())?)
    }
}

/// Approvals of a run without a base.
pub fn own_approvals(own: &Context, gate: Gate) -> Result<(Vec<Counted>, Option<WithoutBase>), CliError> {
    Ok(without::approvals(own, gate, &without::told(|name| std::env::var_os(name)))?)
}
