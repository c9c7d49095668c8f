//! The words of reviews: who has approved a commit, and whose review does not count.

use crate::model::change::review::{Reviews, WhyNot};

/// What was found of a commit, in lines that may quote foreign text; `None` where the base asks for no review.
pub fn lines(found: Option<&Reviews>, head: &str) -> Vec<String> {
    let Some(found) = found else {
        return vec!["the base does not ask for a review: `approvals.in_head` is not `reviewed`".to_owned()];
    };
    let mut lines: Vec<String> = found.approved_by.iter().map(|name| format!("`{name}` has approved {head}")).collect();
    let not = found.not_counted.iter();
    lines.extend(not.map(|(name, why)| format!("the review of `{name}` does not count: {}", why_not(*why))));
    if found.approved_by.is_empty() {
        lines.push(format!("no approver has approved {head}"));
    }
    lines
}

fn why_not(why: WhyNot) -> &'static str {
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
