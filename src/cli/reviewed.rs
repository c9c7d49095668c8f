//! `stella reviewed`: who of the base's approvers has approved exactly this commit.

use std::path::PathBuf;

use clap::Args;

use crate::ci::base_commit::{PullRequest, Told};
use crate::cli::args::{Format, GlobalArgs};
use crate::cli::base;
use crate::cli::error::{CliError, CliResult};
use crate::cli::{output, setup};
use crate::flow::suite::base::commit::Asked;
use crate::flow::suite::base::prepare;
use crate::host::fs;
use crate::model::change::approval::InHead;
use crate::model::change::review::Reviews;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::exit::Exit;
use crate::report::review_phrases;
use crate::wire::v1::reviewed::ReviewedV1;

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
            #[cfg(not(feature = "registry"))]
            Self::NoNetwork => FailureKind::Usage,
            Self::Write(_) => FailureKind::Infrastructure,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let elsewhere = "reviews are read at GitHub alone; elsewhere use `approvals: {in_head: no}`";
        matches!(self, Self::NoPullRequest).then(|| elsewhere.into())
    }
}

pub fn run(global: &GlobalArgs, args: &ReviewedArgs) -> CliResult {
    let config = setup::config(global)?;
    let asked = base::told()?;
    let Asked::System(Told::PullRequest(pull)) = &asked else {
        return Err(ReviewedError::NoPullRequest.into());
    };
    let rules = prepare::approval_rules(&config, &asked)?;
    let rules = rules.map(|(rules, _)| rules).filter(|rules| rules.in_head == InHead::Reviewed);
    // Where nobody's review is needed nobody is asked.
    let found = rules.map(|rules| ask(pull, &rules.approvers)).transpose()?;
    let document = ReviewedV1::of(&pull.head, pull.number, &found.clone().unwrap_or_default());
    let mut text = serde_json::to_string_pretty(&document).map_err(ReviewedError::Write)?;
    text.push('\n');
    fs::write_output(&args.out, text.as_bytes())?;
    match global.format {
        Format::Json => output::data(&text),
        Format::Text => {
            let lines = review_phrases::lines(found.as_ref(), &pull.head);
            lines.iter().for_each(|line| output::data_line(line));
        }
    }
    Ok(Exit::Passed.into())
}

#[cfg(feature = "registry")]
fn ask(pull: &PullRequest, approvers: &std::collections::BTreeSet<String>) -> Result<Reviews, CliError> {
    use std::time::Duration;

    use crate::ci::github::access::Access;
    use crate::ci::github::reviews::{self, Question};
    use crate::host::http::{Http, Reach, Request};

    let access = Access::told(|name| std::env::var_os(name))?;
    let http = Http::new(&Reach { past_proxies: false, certificates: None }).map_err(ReviewedError::Client)?;
    let fetch = |path: &str| {
        let url = access.url(path);
        let mut request = Request::get(&url, Duration::from_secs(30));
        request.headers.extend(access.headers());
        Ok(http.bytes(&request, MAX_ANSWER)?)
    };
    let question = Question { repository: &access.repository, number: pull.number, head: &pull.head, approvers };
    Ok(reviews::find(&question, &fetch)?)
}

#[cfg(not(feature = "registry"))]
fn ask(_: &PullRequest, _: &std::collections::BTreeSet<String>) -> Result<Reviews, CliError> {
    Err(ReviewedError::NoNetwork.into())
}
