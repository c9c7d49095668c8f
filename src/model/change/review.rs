//! Reviews of one commit, as a provider tells them.

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reviews {
    /// Approvers whose review approves the commit.
    pub approved_by: Vec<String>,
    /// Reviews that do not count, by who gave them.
    pub not_counted: Vec<(String, WhyNot)>,
}

/// Why a review does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
