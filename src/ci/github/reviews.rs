//! Who has approved exactly one commit of a pull request (`GET /repos/{repo}/pulls/{number}` and below).
//!
//! Invariants: who somebody is, the provider says and never a commit, whose names are text that anybody can write; a commit that belongs
//! to no account may be anybody's, so then nobody's review counts; a review counts for the commit that it was given for and for no
//! other; of several reviews of one person the last that says yes or no counts. What is listed only in part is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::model::change::review::{Reviews, WhyNot};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};

/// Entries of one page, the most that the API gives.
const PER_PAGE: usize = 100;
/// Pages of one list.
const MAX_PAGES: usize = 30;
/// The account under which GitHub itself commits what people do on its pages.
const WEB_FLOW: &str = "web-flow";

/// Gives the body of the answer to a GET of a path below the API's root, with its query.
pub type Fetch<'a> = dyn Fn(&str) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> + 'a;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// `owner/name`
    pub repository: &'a str,
    /// The number of the pull request.
    pub number: u64,
    /// The commit, as the event of this run names it.
    pub head: &'a str,
    /// Whose review counts, in lowercase.
    pub approvers: &'a BTreeSet<String>,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum ReviewsError {
    /// The API did not answer.
    #[error("cannot ask GitHub for {what}")]
    Fetch {
        /// What was asked for.
        what: &'static str,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The answer is not what the API documents.
    #[error("GitHub's answer for {what} cannot be read")]
    Shape {
        /// What was asked for.
        what: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A name that is not one of a repository.
    #[error("`{0}` is not `OWNER/NAME`")]
    Repository(String),
    /// Another pull request, or another commit of it.
    #[error(
        "pull request {number} is at {found} now, and this run is about {asked}: only a run of its last commit can tell"
    )]
    Moved {
        /// The number.
        number: u64,
        /// Its last commit.
        found: String,
        /// The commit of this run.
        asked: String,
    },
    /// Fewer commits are listed than there are.
    #[error("the pull request has {all} commits and the API lists {listed}: who wrote the others is not known")]
    NotAllCommits {
        /// How many there are.
        all: usize,
        /// How many are listed.
        listed: usize,
    },
    /// A list that does not end.
    #[error("GitHub lists more than {} {what}", PER_PAGE * MAX_PAGES)]
    TooMany {
        /// Of what.
        what: &'static str,
    },
}

impl Diagnostic for ReviewsError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Fetch { .. } => FailureKind::Infrastructure,
            Self::Repository(_) => FailureKind::Usage,
            Self::Shape { .. } | Self::Moved { .. } | Self::NotAllCommits { .. } | Self::TooMany { .. } => {
                FailureKind::Inconclusive
            }
        }
    }

    fn hint(&self) -> Option<Hint> {
        let token = "the token needs `permissions: {pull-requests: read, contents: read}`";
        matches!(self, Self::Fetch { .. }).then(|| token.into())
    }
}

#[derive(Debug, Deserialize)]
struct Account {
    login: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Deserialize)]
struct Head {
    sha: String,
}

#[derive(Debug, Deserialize)]
struct Pull {
    number: u64,
    user: Option<Account>,
    head: Head,
    commits: usize,
}

#[derive(Debug, Deserialize)]
struct Review {
    user: Option<Account>,
    state: String,
    commit_id: Option<String>,
}

/// An account of a commit; GitHub writes null, or an empty object, where it knows none.
#[derive(Debug, Deserialize)]
struct MaybeAccount {
    login: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Commit {
    sha: String,
    author: Option<MaybeAccount>,
    committer: Option<MaybeAccount>,
}

/// Asks.
///
/// # Errors
/// When the API does not answer, answers with something else than it documents or with less than all, or the pull request is at
/// another commit.
pub fn find(question: &Question<'_>, fetch: &Fetch<'_>) -> Result<Reviews, ReviewsError> {
    let Question { repository, number, head, approvers } = question;
    let is_name = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    if !repository.split_once('/').is_some_and(|(owner, name)| is_name(owner) && is_name(name)) {
        return Err(ReviewsError::Repository((*repository).to_owned()));
    }
    let path = format!("repos/{repository}/pulls/{number}");
    let pull: Pull = one(fetch, &path, "the pull request")?;
    if pull.number != *number || pull.head.sha != *head {
        let (found, asked) = (pull.head.sha, (*head).to_owned());
        return Err(ReviewsError::Moved { number: *number, found, asked });
    }
    let commits: Vec<Commit> = all(fetch, &format!("{path}/commits"), "the commits of the pull request")?;
    if commits.len() != pull.commits || commits.last().is_none_or(|last| last.sha != *head) {
        return Err(ReviewsError::NotAllCommits { all: pull.commits, listed: commits.len() });
    }
    let reviews: Vec<Review> = all(fetch, &format!("{path}/reviews"), "the reviews of the pull request")?;

    let lower = |login: &str| login.to_ascii_lowercase();
    let author = pull.user.as_ref().map(|user| lower(&user.login));
    let mut writers: BTreeSet<String> = BTreeSet::new();
    let mut unknown = author.is_none();
    for commit in &commits {
        for account in [&commit.author, &commit.committer] {
            match account.as_ref().and_then(|account| account.login.as_deref()) {
                Some(WEB_FLOW) => {}
                Some(login) => {
                    writers.insert(lower(login));
                }
                None => unknown = true,
            }
        }
        // Whoever only commits what nobody is known to have written has not written it.
        unknown |=
            commit.author.as_ref().and_then(|author| author.login.as_deref()).is_none_or(|login| login == WEB_FLOW);
    }

    // They are listed in the order in which they were given.
    let mut last: BTreeMap<String, &Review> = BTreeMap::new();
    for review in &reviews {
        let Some(user) = &review.user else { continue };
        let is_word = matches!(review.state.as_str(), "APPROVED" | "CHANGES_REQUESTED" | "DISMISSED");
        if is_word || !last.contains_key(&lower(&user.login)) {
            last.insert(lower(&user.login), review);
        }
    }
    let mut answer = Reviews::default();
    for (login, review) in last {
        let Some(user) = &review.user else { continue };
        let why = if !approvers.contains(&login) {
            Some(WhyNot::NotAnApprover)
        } else if user.kind != "User" {
            Some(WhyNot::NotAUser)
        } else if author.as_deref() == Some(login.as_str()) {
            Some(WhyNot::Author)
        } else if writers.contains(&login) {
            Some(WhyNot::AuthorOfACommit)
        } else if review.state != "APPROVED" {
            Some(WhyNot::NotApproving)
        } else if review.commit_id.as_deref() != Some(*head) {
            Some(WhyNot::StaleReview)
        } else if unknown {
            Some(WhyNot::UnknownAuthor)
        } else {
            None
        };
        match why {
            None => answer.approved_by.push(user.login.clone()),
            Some(why) => answer.not_counted.push((user.login.clone(), why)),
        }
    }
    Ok(answer)
}

fn one<T: DeserializeOwned>(fetch: &Fetch<'_>, path: &str, what: &'static str) -> Result<T, ReviewsError> {
    let bytes = fetch(path).map_err(|source| ReviewsError::Fetch { what, source })?;
    serde_json::from_slice(&bytes).map_err(|source| ReviewsError::Shape { what, source })
}

/// Every page of a list.
fn all<T: DeserializeOwned>(fetch: &Fetch<'_>, path: &str, what: &'static str) -> Result<Vec<T>, ReviewsError> {
    let mut found = Vec::new();
    for page in 1..=MAX_PAGES {
        let more: Vec<T> = one(fetch, &format!("{path}?per_page={PER_PAGE}&page={page}"), what)?;
        let is_last = more.len() < PER_PAGE;
        found.extend(more);
        if is_last {
            return Ok(found);
        }
    }
    Err(ReviewsError::TooMany { what })
}
