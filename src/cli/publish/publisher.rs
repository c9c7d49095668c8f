//! What everything that publishes is given.

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::report::fit;
use crate::model::job_end::JobEnd;
use crate::report::origin::Key;

/// Who publishes, of which job, and how.
#[derive(Debug, Args)]
pub struct PublisherArgs {
    /// How the job of the gate ended, as GitHub says it: `${{ needs.JOB.result }}`
    #[arg(long, value_name = "RESULT", value_parser = end)]
    pub conclusion: Option<JobEnd>,
    /// Tells the reports of several jobs apart
    #[arg(long, value_name = "KEY", default_value = "stella")]
    key: String,
    /// The account under which the token writes [default: at GitHub `github-actions[bot]`; at GitLab the account of the token]
    #[arg(long, value_name = "LOGIN")]
    pub author: Option<String>,
    /// End with 4 where something cannot be published
    #[arg(long)]
    pub require_publish: bool,
    /// Write nothing: print what would be written first, and the calls that would be made
    #[arg(long)]
    pub dry_run: bool,
}

impl PublisherArgs {
    /// The key, where it is one.
    pub fn key(&self) -> Result<Key, CliError> {
        fit("key", &self.key)
    }
}

fn end(text: &str) -> Result<JobEnd, String> {
    text.parse().map_err(|_| "expected `success`, `failure`, `cancelled` or `skipped`".to_owned())
}
