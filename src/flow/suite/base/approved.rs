//! Which approvals count: the base's, and of those that a checkout brings what the base lets count.

use std::path::Path;

use jiff::civil::Date;

use crate::config::approvals::{self, ApprovalsError};
use crate::flow::suite::base::error::BaseError;
use crate::hint;
use crate::host::fs;
use crate::model::change::approval::{Approval, ApprovalRules, Counted, Cover, InHead};
use crate::model::change::base::CoveredDifference;
use crate::model::limits;
use crate::model::parameter::Parameter;
use crate::model::result::RunResult;

/// An approving review that was found by whoever may ask the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The commit that was approved.
    pub head: String,
    /// Who approved it.
    pub reviewers: Vec<String>,
}

/// What is known of a review of the change that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// This one was found.
    Review(&'a Review),
    /// Nobody looked for one.
    NotGiven,
    /// There is none that could count, for this reason.
    NotApplicable(&'static str),
}

/// Approvals that count.
#[derive(Debug, Clone)]
pub struct Approvals<T = Counted> {
    /// Every one.
    pub entries: Vec<T>,
    /// How many of them only the checkout has.
    pub counted_in_head: u64,
    /// How many the checkout has and that do not count.
    pub waiting_in_head: u64,
    /// Things to know, in words.
    pub notes: Vec<String>,
}

impl<T> Approvals<T> {
    /// The same of other entries.
    pub fn with<U>(self, entries: impl FnOnce(Vec<T>) -> Vec<U>) -> Approvals<U> {
        let Self { entries: all, counted_in_head, waiting_in_head, notes } = self;
        Approvals { entries: entries(all), counted_in_head, waiting_in_head, notes }
    }
}

impl<T> Default for Approvals<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), counted_in_head: 0, waiting_in_head: 0, notes: Vec::new() }
    }
}

/// The approvals beside a configuration on disk; none where there is no file.
///
/// # Errors
/// When the file cannot be read, or is not a list of approvals.
pub fn on_disk(root: &Path) -> Result<Vec<Approval>, BaseError> {
    let file = root.join(approvals::FILE_NAME);
    if fs::is_dir(&file) {
        // It approves nothing; and such a commit could not be a base.
        return Ok(Vec::new());
    }
    match fs::read_if_present(&file, limits::MAX_CONFIG_BYTES)? {
        None => Ok(Vec::new()),
        Some(bytes) => approvals::parse(&bytes).map_err(|source: ApprovalsError| BaseError::OwnApprovals(source)),
    }
}

/// Those of the base, and what `rules` of the base let count of the checkout's. `head` is the last commit of the change.
///
/// # Errors
/// When approvals cannot be read, or the history that they depend on is not there.
pub fn together(
    base: &[Approval],
    root: &Path,
    rules: &ApprovalRules,
    (head, review): (&str, Found<'_>),
) -> Result<Approvals<Approval>, BaseError> {
    let brought: Vec<Approval> = on_disk(root)?.into_iter().filter(|own| !base.contains(own)).collect();
    let mut all = Approvals { entries: base.to_vec(), ..Approvals::default() };
    if brought.is_empty() {
        return Ok(all);
    }
    let count = brought.len() as u64;
    let counts = match rules.in_head {
        InHead::No => {
            all.notes.push(format!("{count} approvals of this checkout count once they are in the base"));
            false
        }
        InHead::Yes => true,
        InHead::Reviewed => {
            let (ok, why) = reviewed(rules, head, review);
            all.notes.push(why);
            ok
        }
    };
    if counts {
        all.counted_in_head = count;
        all.entries.extend(brought);
    } else {
        all.waiting_in_head = count;
    }
    Ok(all)
}

/// Whether one of the approvers approved exactly this commit, and the words for it.
fn reviewed(rules: &ApprovalRules, head: &str, review: Found<'_>) -> (bool, String) {
    let review = match review {
        Found::Review(review) => review,
        Found::NotGiven => {
            let why =
                hint!("approvals of this checkout need a review, and none was given with {}", Parameter::Reviewed);
            return (false, why.for_command_line());
        }
        Found::NotApplicable(why) => {
            let told = format!(
                "approvals of this checkout count once they are in the base: a review is not applicable here: {why}"
            );
            return (false, told);
        }
    };
    if review.head != head {
        let why = format!("the review is of another commit ({}) than the one that is judged ({head})", review.head);
        return (false, why);
    }
    let by = review.reviewers.iter().find(|name| rules.approvers.contains(&name.to_ascii_lowercase()));
    match by {
        Some(name) => (true, format!("approvals of this checkout count: `{name}` has approved this commit")),
        None => (false, "nobody whom the base names as an approver has approved this commit".to_owned()),
    }
}

/// Notes what approvals say of the differences of a run and of the changes of its base.
pub fn cover(run: &mut RunResult, approvals: &[Counted], today: Date) {
    run.covered = run
        .differences()
        .into_iter()
        .map(|key| CoveredDifference { cover: Cover::of(&key, approvals, today), key })
        .filter(|covered| covered.cover != Cover::None)
        .collect();
    if let Some(base) = &mut run.base {
        for change in &mut base.changes {
            change.cover = Cover::of(&change.key, approvals, today);
        }
    }
}
