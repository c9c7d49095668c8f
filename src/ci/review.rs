//! Whether somebody can have reviewed what is judged, so that it could be believed.
//!
//! Absent: asking for the review ([`crate::ci::github::reviews`]).

use crate::ci::base_commit::{CiEvent, PullRequest};

/// Why no review counts, and what to do in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoReview {
    /// Why.
    pub why: &'static str,
    /// What to do.
    pub mend: &'static str,
}

/// The pull request that a review can be asked for.
///
/// # Errors
/// [`NoReview`] where what a system tells has none that would count.
pub fn pull_request(told: &CiEvent) -> Result<&PullRequest, NoReview> {
    let (why, mend) = match told {
        CiEvent::PullRequest(pull) => return Ok(pull),
        CiEvent::MergeGroup { .. } => (
            "a merge group holds the commits of several pull requests, and nobody has reviewed the commit that the queue made of them",
            "leave this step out for `merge_group`: there the approvals count that are on the base",
        ),
        CiEvent::MergeRequest(_) => (
            "GitLab tells who has approved a merge request, and neither which commit was approved nor by which accounts its commits were \
             written",
            "use `approvals: {in_head: no}` and merge the entry first, or `yes` where code owners guard `approvals.yaml`",
        ),
        CiEvent::NoPullRequest => (
            "this is not a run of a pull request at GitHub, and no other system is asked for reviews",
            "run this step for `pull_request` alone; elsewhere the approvals count that are on the base",
        ),
    };
    Err(NoReview { why, mend })
}
