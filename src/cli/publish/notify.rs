//! `stella notify`: an issue for each scan that fails, and none for what is green.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::GlobalArgs;
use crate::cli::error::CliResult;
use crate::cli::publish::publisher::PublisherArgs;
use crate::cli::publish::tell;
use crate::cli::setup;
use crate::config::Subject;
use crate::flow::publish::notify;
use crate::flow::publish::request::NotifyRequest;

/// Keep one issue open for each scan that fails and each cause, and close it when that is green
///
/// For a run of the default branch, such as every night. Like `stella publish` it holds a token (GITHUB_TOKEN, `issues: write`) and runs in
/// a job that runs nothing of the repository. A report that is missing or not believed closes nothing, and has an issue of its own.
#[derive(Debug, Args)]
pub struct NotifyArgs {
    /// The folder that `stella ci --out-dir` has written, as the job of the gate has left it
    #[arg(long, value_name = "DIR")]
    report: PathBuf,
    #[command(flatten)]
    publisher: PublisherArgs,
}

pub fn run(global: &GlobalArgs, args: &NotifyArgs) -> CliResult {
    let config = setup::config(global)?;
    let request = NotifyRequest {
        report: args.report.clone(),
        key: args.publisher.key()?,
        end: args.publisher.conclusion,
        author: args.publisher.author.clone(),
        dry_run: args.publisher.dry_run,
        builds: config.subject.as_ref().and_then(Subject::build).is_some(),
    };
    let published = notify::notify(&request, |name| std::env::var_os(name))?;
    tell(global, &published, args.publisher.require_publish)
}
