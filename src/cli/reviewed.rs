//! `stella reviewed`: who of the base's approvers has approved exactly this commit.

use std::path::PathBuf;

use clap::Args;

use crate::ci::base_commit::{PullRequest, Told};
use crate::ci::github::reviews::{Answer, Why};
use crate::cli::args::{Format, GlobalArgs};
use crate::cli::base;
use crate::cli::error::{CliError, CliResult};
use crate::cli::{output, setup};
use crate::flow::suite::base::commit::Asked;
use crate::flow::suite::base::prepare;
use crate::host::fs;
use crate::model::change::approval::InHead;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::exit::Exit;
use crate::wire::v1::reviewed::{NotCountedV1, ReviewedSchema, ReviewedV1, WhyNot};

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

/// The longest answer of the API.
#[cfg(feature = "registry")]
const MAX_ANSWER: u64 = 16 << 20;

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
enum ReviewedError {
    #[error("this is not a pull request at GitHub: there is no review that could be read")]
    NoPullRequest,
    #[cfg(feature = "registry")]
    #[error("{0} is not set")]
    Unset(&'static str),
    #[cfg(feature = "registry")]
    #[error("GitHub cannot be asked")]
    Client(#[source] crate::host::http::HttpError),
    #[cfg(not(feature = "registry"))]
    #[error("this stella was built without the network (feature `registry`): it cannot read reviews")]
    NoNetwork,
    #[error("what was found cannot be written")]
    Write(#[source] serde_json::Error),
}

impl Diagnostic for ReviewedError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NoPullRequest => FailureKind::Inconclusive,
            #[cfg(feature = "registry")]
            Self::Client(_) => FailureKind::Infrastructure,
            Self::Write(_) => FailureKind::Infrastructure,
            #[cfg(feature = "registry")]
            Self::Unset(_) => FailureKind::Usage,
            #[cfg(not(feature = "registry"))]
            Self::NoNetwork => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::NoPullRequest => {
                Some("reviews are read at GitHub alone; elsewhere use `approvals: {in_head: no}`".into())
            }
            #[cfg(feature = "registry")]
            Self::Unset(_) => {
                Some("GitHub Actions sets it; a token is given with `env: {GITHUB_TOKEN: ${{ github.token }}}`".into())
            }
            _ => None,
        }
    }
}

pub fn run(global: &GlobalArgs, args: &ReviewedArgs) -> CliResult {
    let config = setup::config(global)?;
    let asked = base::told()?;
    let Asked::System(Told::PullRequest(pull)) = &asked else {
        return Err(ReviewedError::NoPullRequest.into());
    };
    let rules = prepare::approval_rules(&config, &asked)?;
    let approvers = rules.map(|(rules, _)| rules).filter(|rules| rules.in_head == InHead::Reviewed);
    let answer = match &approvers {
        // Nobody's review is needed, so nobody is asked.
        None => Answer::default(),
        Some(rules) => ask(pull, &rules.approvers)?,
    };
    let document = document(pull, &answer);
    let mut text = serde_json::to_string_pretty(&document).map_err(ReviewedError::Write)?;
    text.push('\n');
    fs::write_output(&args.out, text.as_bytes())?;
    match global.format {
        Format::Json => output::data(&text),
        Format::Text => {
            if approvers.is_none() {
                output::data_line("the base does not ask for a review: `approvals.in_head` is not `reviewed`");
            }
            for name in &document.approved_by {
                output::data_line(&format!("`{name}` has approved {}", document.head));
            }
            for NotCountedV1 { reviewer, why } in &document.not_counted {
                output::data_line(&format!("the review of `{reviewer}` does not count: {}", words(*why)));
            }
            if document.approved_by.is_empty() && approvers.is_some() {
                output::data_line(&format!("no approver has approved {}", document.head));
            }
        }
    }
    Ok(Exit::Passed.into())
}

fn document(pull: &PullRequest, answer: &Answer) -> ReviewedV1 {
    let why = |why: &Why| match why {
        Why::NotAnApprover => WhyNot::NotAnApprover,
        Why::Author => WhyNot::Author,
        Why::AuthorOfACommit => WhyNot::AuthorOfACommit,
        Why::StaleReview => WhyNot::StaleReview,
        Why::NotApproving => WhyNot::NotApproving,
        Why::NotAUser => WhyNot::NotAUser,
        Why::UnknownAuthor => WhyNot::UnknownAuthor,
    };
    let not_counted = answer.not_counted.iter();
    ReviewedV1 {
        schema: ReviewedSchema::V1,
        head: pull.head.clone(),
        pull_request: pull.number,
        approved_by: answer.approved_by.clone(),
        not_counted: not_counted.map(|(name, of)| NotCountedV1 { reviewer: name.clone(), why: why(of) }).collect(),
    }
}

fn words(why: WhyNot) -> &'static str {
    match why {
        WhyNot::NotAnApprover => "the base does not name them as an approver",
        WhyNot::Author => "they opened the pull request",
        WhyNot::AuthorOfACommit => "they wrote one of its commits",
        WhyNot::StaleReview => "it is of an earlier commit",
        WhyNot::NotApproving => "it does not approve",
        WhyNot::NotAUser => "they are not a person",
        WhyNot::UnknownAuthor => "GitHub does not know the author of one of the commits, who may be anybody",
    }
}

#[cfg(feature = "registry")]
fn ask(pull: &PullRequest, approvers: &std::collections::BTreeSet<String>) -> Result<Answer, CliError> {
    use std::time::Duration;

    use crate::ci::github::reviews::{self, Question};
    use crate::host::http::{Http, Reach, Request};

    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let needed = |name: &'static str| variable(name).ok_or(ReviewedError::Unset(name));
    let (repository, token) = (needed("GITHUB_REPOSITORY")?, needed("GITHUB_TOKEN")?);
    let api = variable("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned());
    let http = Http::new(&Reach { past_proxies: false, certificates: None }).map_err(ReviewedError::Client)?;
    let fetch = |path: &str| {
        let url = format!("{}/{path}", api.trim_end_matches('/'));
        let mut request = Request::get(&url, Duration::from_secs(30));
        request.headers.push(("accept", "application/vnd.github+json".to_owned()));
        request.headers.push(("authorization", format!("Bearer {token}")));
        request.headers.push(("x-github-api-version", "2022-11-28".to_owned()));
        Ok(http.bytes(&request, MAX_ANSWER)?)
    };
    let question = Question { repository: &repository, number: pull.number, head: &pull.head, approvers };
    Ok(reviews::find(&question, &fetch)?)
}

#[cfg(not(feature = "registry"))]
fn ask(_: &PullRequest, _: &std::collections::BTreeSet<String>) -> Result<Answer, CliError> {
    Err(ReviewedError::NoNetwork.into())
}
