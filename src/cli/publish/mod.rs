//! Show what another job has found where people look: `stella publish`, and in [`notify`] `stella notify`.

pub mod notify;
mod publisher;

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::ci;
use crate::cli::args::{Format, GlobalArgs};
use crate::cli::error::CliResult;
use crate::cli::publish::publisher::PublisherArgs;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::config::Subject;
use crate::flow::publish::outcome::Published;
use crate::flow::publish::request::{PublishError, PublishRequest, Source};
use crate::flow::publish::{github, gitlab};
use crate::flow::suite::init::recipe::Recipe;
use crate::model::exit::Exit;
use crate::wire::v1::publish::{PublishSchema, PublishV1, PublishedV1, WouldV1};

/// Show the report of a gate on its pull request: a comment, a status of the commit, a check run; at GitLab a note
///
/// It holds a token (GITHUB_TOKEN, at GitLab STELLA_GITLAB_TOKEN) and runs in a job that runs nothing of the pull request; the report is read as a stranger's. Nothing is
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
    /// At GitLab: the name of the gate's job, of which GitLab is asked how it ended [default: stella]
    #[arg(long, value_name = "NAME")]
    job: Option<String>,
    /// Write no comment
    #[arg(long)]
    no_comment: bool,
    /// Set the status `stella/KEY` of the commit
    #[arg(long)]
    status: bool,
    /// Make a check run `stella/KEY` with annotations
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    publisher: PublisherArgs,
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
        key: args.publisher.key()?,
        end: args.publisher.conclusion,
        job: args.job.clone(),
        comment: !args.no_comment,
        status: args.status,
        check: args.check,
        author: args.publisher.author.clone(),
        dry_run: args.publisher.dry_run,
        builds: config.subject.as_ref().and_then(Subject::build).is_some(),
    };
    let variable = |name: &str| std::env::var_os(name);
    let published = if ci::gitlab::is_here(variable) {
        gitlab::publish(&request, variable)
    } else {
        github::publish(&request, variable)
    };
    let published = published.inspect_err(|error| {
        if matches!(error, PublishError::TwoJobs(_)) {
            let files = Recipe::GithubComment.files(None);
            files.iter().for_each(|(path, text)| output::talk_lines(&format!("{}:\n{text}", path.display())));
        }
    })?;
    tell(global, &published, args.publisher.require_publish)
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
