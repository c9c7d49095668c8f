//! A base that cannot be read, and what is said of it: who mends it, and whether this checkout may.
//!
//! Invariant: nothing is judged by the rules of the checkout because those of its base are broken.

use crate::flow::suite::base::commit::Which;
use crate::flow::suite::base::committed;
use crate::flow::suite::base::error::BaseError;
use crate::git::error::GitError;
use crate::git::repository::Repository;
use crate::model::change::approval::{ChangeKey, Changed, Cover};
use crate::model::change::base::{Change, Effect};
use crate::model::digest::Digest;
use crate::model::error_chain::chain;
use crate::workspace::context::Context;

/// What git says of an object that a partial clone has not fetched, which differs from release to release, said as what it is.
pub(super) fn not_fetched(error: BaseError, own: &Context) -> BaseError {
    let is_partial = || Repository::open(&own.config.root).and_then(|repository| repository.is_partial());
    match error {
        BaseError::Git(source @ (GitError::Missing { .. } | GitError::Malformed { .. }))
            if is_partial().unwrap_or(false) =>
        {
            BaseError::Partial(source)
        }
        error => error,
    }
}

/// Whether the checkout could be a base itself: else it would leave no change after it with a verdict.
pub(super) fn as_a_base(change: &committed::Change) -> Option<Change> {
    let error = change.commit.as_ref().err()?;
    let detail = chain("no change after this one could be judged by it", error);
    let key = Changed::Rule { key: "as a base".to_owned() };
    let key = ChangeKey { of: key, old: None, new: Some(Digest::of(detail.as_bytes())) };
    Some(Change { key, effect: Effect::Loosening, detail, reverts_to: None, cover: Cover::None })
}

/// What stands on the base is broken. Its rules cannot judge the change that mends it, and those of the checkout never do.
pub(super) fn broken(error: BaseError, change: &committed::Change) -> BaseError {
    if !error.is_of_what_stands_there() {
        return error;
    }
    let own = match as_a_base(change) {
        None => "what this checkout has in its place was read and is fine: it may be the mend".to_owned(),
        Some(change) => format!("what this checkout has in its place was read, and is broken too: {}", change.detail),
    };
    let mend = format!(
        "mend it in a change of its own, which somebody who owns the branch looks at and merges past this check: no gate lets it pass; {own}"
    );
    BaseError::Broken { source: Box::new(error), mend: mend.into() }
}

/// The commit at which the change left its base is broken, and the base no more.
pub(super) fn left_a_broken_one(error: BaseError, which: &Which) -> BaseError {
    if !error.is_of_what_stands_there() {
        return error;
    }
    let (left, rules) = (which.changed_from.short(), which.rules.short());
    let mend = format!("the base has mended it since {left}: merge the base ({rules}) into this change");
    BaseError::Broken { source: Box::new(error), mend: mend.into() }
}
