//! Who of the base's approvers has approved exactly the commit that is judged.
//!
//! Invariants: nothing is built, and nothing of the checkout runs; whose review counts, the base says; where the base asks for no
//! review nobody is asked.

use std::ffi::OsString;

use crate::ci::base_commit::{CiEvent, PullRequest};
#[cfg(feature = "registry")]
use crate::ci::github::{access::Unset, reviews::ReviewsError};
use crate::ci::review::{self, NoReview};
use crate::config::Config;
use crate::flow::suite::base::commit::BaseRequest;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::prepare;
use crate::model::change::approval::InHead;
use crate::model::change::review::Reviews;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};

/// What was found of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// Its last commit.
    pub head: String,
    /// Its number.
    pub number: u64,
    /// Reviews of that commit; `None` where the base asks for none.
    pub found: Option<Reviews>,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum ReviewedError {
    /// No provider has a review of this that could be believed.
    #[error("a review is not applicable here: {why}")]
    NotApplicable {
        /// Why.
        why: &'static str,
        /// What to do in its place.
        mend: &'static str,
    },
    /// The base cannot be read.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// A variable is missing.
    #[cfg(feature = "registry")]
    #[error(transparent)]
    Unset(#[from] Unset),
    /// There is no door to the network.
    #[cfg(feature = "registry")]
    #[error("GitHub cannot be asked")]
    Client(#[source] crate::host::http::HttpError),
    /// GitHub's answer does not tell.
    #[cfg(feature = "registry")]
    #[error(transparent)]
    Reviews(#[from] ReviewsError),
    /// This program has no network.
    #[cfg(not(feature = "registry"))]
    #[error("this stella was built without the network (feature `registry`): it cannot read reviews")]
    NoNetwork,
}

impl Diagnostic for ReviewedError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NotApplicable { .. } => FailureKind::Inconclusive,
            Self::Base(error) => error.kind(),
            #[cfg(feature = "registry")]
            Self::Unset(error) => error.kind(),
            #[cfg(feature = "registry")]
            Self::Client(_) => FailureKind::Infrastructure,
            #[cfg(feature = "registry")]
            Self::Reviews(error) => error.kind(),
            #[cfg(not(feature = "registry"))]
            Self::NoNetwork => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::NotApplicable { mend, .. } => Some((*mend).into()),
            Self::Base(error) => error.hint(),
            #[cfg(feature = "registry")]
            Self::Unset(error) => error.hint(),
            #[cfg(feature = "registry")]
            Self::Client(_) => None,
            #[cfg(feature = "registry")]
            Self::Reviews(error) => error.hint(),
            #[cfg(not(feature = "registry"))]
            Self::NoNetwork => None,
        }
    }
}

/// Finds out what `asked` is about; `variable` reads the environment.
///
/// # Errors
/// [`ReviewedError`].
pub fn find(
    config: &Config,
    asked: &BaseRequest,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Reviewed, ReviewedError> {
    let told = match asked {
        BaseRequest::System(told) => told,
        BaseRequest::Revision { .. } => &CiEvent::NoPullRequest,
    };
    let pull =
        review::pull_request(told).map_err(|NoReview { why, mend }| ReviewedError::NotApplicable { why, mend })?;
    let rules = prepare::approval_rules(config, asked)?.map(|(rules, _)| rules);
    let rules = rules.filter(|rules| rules.in_head == InHead::Reviewed);
    let found = rules.map(|rules| ask(pull, &rules.approvers, variable)).transpose()?;
    Ok(Reviewed { head: pull.head.clone(), number: pull.number, found })
}

#[cfg(feature = "registry")]
fn ask(
    pull: &PullRequest,
    approvers: &std::collections::BTreeSet<String>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Reviews, ReviewedError> {
    use std::time::Duration;

    use crate::ci::github::access::Access;
    use crate::ci::github::reviews::{self, Question};
    use crate::host::http::{Http, Reach, Request};

    /// The longest answer of the API.
    const MAX_ANSWER: u64 = 16 << 20;

    let access = Access::told(variable)?;
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
fn ask(
    _: &PullRequest,
    _: &std::collections::BTreeSet<String>,
    _: impl Fn(&str) -> Option<OsString>,
) -> Result<Reviews, ReviewedError> {
    Err(ReviewedError::NoNetwork)
}
