//! Show what another job has found where people look: `stella publish`, and in [`notify`] `stella notify`.

pub mod notify;

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::cli::args::{Format, GlobalArgs};
use crate::cli::error::CliResult;
use crate::cli::report::fit;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::config::Subject;
use crate::flow::publish::github;
use crate::flow::publish::outcome::Published;
use crate::flow::publish::request::{PublishError, PublishRequest, Source};
use crate::flow::suite::init::recipe::Recipe;
use crate::model::exit::Exit;
use crate::model::job_end::JobEnd;
use crate::wire::v1::publish::{PublishSchema, PublishV1, PublishedV1, WouldV1};

/// Show the report of a gate on its pull request: a comment, a status of the commit, a check run
///
/// It holds a token (GITHUB_TOKEN) and runs in a job that runs nothing of the pull request; the report is read as a stranger's. Nothing is
/// green that the job of the gate did not pass. What cannot be published changes no verdict, unless that is asked for.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true)))]
pub struct PublishArgs {
    /// The folder that `stella ci --out-dir` has written, as the job of the gate has left it
    #[arg(long, value_name = "DIR", group = "source")]
    report: Option<PathBuf>,
    /// The run of the gate, in a workflow with `on: workflow_run`: its report and its pull request are asked for
    #[arg(long, value_name = "ID", group = "source")]
    from_run: Option<u64>,
    /// The name under which that run has left its report
    #[arg(long, value_name = "NAME", default_value = "stella")]
    artifact: String,
    /// How the job of the gate ended, as GitHub says it: `${{ needs.JOB.result }}`
    #[arg(long, value_name = "RESULT", value_parser = end)]
    conclusion: Option<JobEnd>,
    /// Tells the reports of several jobs on one pull request apart
    #[arg(long, value_name = "KEY", default_value = "stella")]
    key: String,
    /// Write no comment
    #[arg(long)]
    no_comment: bool,
    /// Set the status `stella/KEY` of the commit
    #[arg(long)]
    status: bool,
    /// Make a check run `stella/KEY` with annotations
    #[arg(long)]
    check: bool,
    /// The account under which the token writes comments
    #[arg(long, value_name = "LOGIN", default_value = "github-actions[bot]")]
    author: String,
    /// End with 4 where something cannot be published
    #[arg(long)]
    require_publish: bool,
    /// Write nothing: print the comment and the calls that would be made
    #[arg(long)]
    dry_run: bool,
}

fn end(text: &str) -> Result<JobEnd, String> {
    text.parse().map_err(|_| "expected `success`, `failure`, `cancelled` or `skipped`".to_owned())
}

pub fn run(global: &GlobalArgs, args: &PublishArgs) -> CliResult {
    let source = match (&args.report, args.from_run) {
        (_, Some(id)) => Source::Run { id, artifact: args.artifact.clone() },
        (Some(folder), None) => Source::Folder(folder.clone()),
        (None, None) => Source::Folder(PathBuf::from(".")),
    };
    let config = setup::config(global)?;
    let request = PublishRequest {
        source,
        key: fit("key", &args.key)?,
        end: args.conclusion,
        comment: !args.no_comment,
        status: args.status,
        check: args.check,
        author: args.author.clone(),
        dry_run: args.dry_run,
        builds: config.subject.as_ref().and_then(Subject::build).is_some(),
    };
    let published = github::publish(&request, |name| std::env::var_os(name)).inspect_err(|error| {
        if matches!(error, PublishError::TwoJobs(_)) {
            let files = Recipe::GithubComment.files(None);
            files.iter().for_each(|(path, text)| output::talk_lines(&format!("{}:\n{text}", path.display())));
        }
    })?;
    tell(global, &published, args.require_publish)
}

/// What became of it, and how the command ends.
fn tell(global: &GlobalArgs, published: &Published, require_publish: bool) -> CliResult {
    match global.format {
        Format::Json => output::json(&document(published)),
        Format::Text => show(published),
    }
    for complaint in &published.complaints {
        output::talk(&format!("error: {complaint}"));
    }
    for failure in &published.failures {
        output::talk(&format!("warning: {failure}"));
    }
    for hint in &published.hints {
        output::talk(&format!("hint: {hint}"));
    }
    let unpublished = require_publish && !published.failures.is_empty();
    let ends = Exit::strongest([published.ends].into_iter().chain(unpublished.then_some(Exit::Infrastructure)));
    Ok(ends.into())
}

fn show(published: &Published) {
    if let Some(text) = &published.text {
        output::data(text);
        output::data("\n");
    }
    for (call, bytes) in &published.would {
        output::data_line(&format!("would call {call} ({bytes} bytes)"));
    }
    for outcome in &published.outcomes {
        output::data_line(&format!("{}: {}", outcome.what, outcome.words));
    }
}

fn document(published: &Published) -> PublishV1 {
    let outcomes = published.outcomes.iter();
    PublishV1 {
        schema: PublishSchema,
        shown: published.shown.into(),
        published: outcomes
            .map(|one| PublishedV1 { what: one.what.to_owned(), outcome: one.code.to_owned(), text: one.words.clone() })
            .collect(),
        failures: published.failures.clone(),
        calls: published.calls,
        would: published
            .would
            .iter()
            .map(|(call, bytes)| WouldV1 { call: call.clone(), bytes: *bytes as u64 })
            .collect(),
        comment: published.text.clone(),
    }
}
