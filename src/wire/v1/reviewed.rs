//! Who approved exactly one commit (`stella.reviewed/1`): what `stella reviewed` writes and `stella ci --reviewed` reads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::change::review::{self, Reviews};
use crate::model::same_words::same_words;

/// The name and version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ReviewedSchema {
    /// Version 1.
    #[serde(rename = "stella.reviewed/1")]
    V1,
}

/// Who approved exactly one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewedV1 {
    /// The name and version of the format.
    pub schema: ReviewedSchema,
    /// The commit: the last one of the pull request.
    pub head: String,
    /// The number of the pull request.
    pub pull_request: u64,
    /// Approvers of the base whose review approves that commit, by their names at the provider.
    pub approved_by: Vec<String>,
    /// Reviews that do not count, each with why.
    pub not_counted: Vec<NotCountedV1>,
}

/// A review that does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotCountedV1 {
    /// Whose.
    pub reviewer: String,
    /// Why.
    pub why: WhyNot,
}

/// Why a review does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WhyNot {
    /// The base does not name them as an approver.
    NotAnApprover,
    /// They opened the pull request.
    Author,
    /// They wrote or committed one of its commits.
    AuthorOfACommit,
    /// Their review is of another commit.
    StaleReview,
    /// Their last review does not approve.
    NotApproving,
    /// They are not a person.
    NotAUser,
    /// A commit has an author whom the provider does not know: it may be anybody.
    UnknownAuthor,
}

same_words!(review::WhyNot {
    NotAnApprover,
    Author,
    AuthorOfACommit,
    StaleReview,
    NotApproving,
    NotAUser,
    UnknownAuthor
});

impl ReviewedV1 {
    /// What was found of a commit, the last one of a pull request.
    pub fn of(head: &str, pull_request: u64, found: &Reviews) -> Self {
        let not_counted = found.not_counted.iter();
        Self {
            schema: ReviewedSchema::V1,
            head: head.to_owned(),
            pull_request,
            approved_by: found.approved_by.clone(),
            not_counted: not_counted
                .map(|(reviewer, why)| NotCountedV1 { reviewer: reviewer.clone(), why: (*why).into() })
                .collect(),
        }
    }
}

/// Reads it. The file says who approved; that it comes from a step that was told so by the provider is for the caller to keep.
///
/// # Errors
/// Where it is not such a document.
pub fn read(bytes: &[u8]) -> Result<ReviewedV1, serde_json::Error> {
    serde_json::from_slice(bytes)
}
