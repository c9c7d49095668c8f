//! Whether approvals hold, and after which commit a new one counts, by the history of a commit.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::layout::Layout;
use crate::flow::suite::base::past::states::Reading;
use crate::flow::suite::base::snapshot;
use crate::flow::suite::base::taken_back;
use crate::flow::suite::base::write_out::{self, LfsPlaces};
use crate::git::error::GitError;
use crate::git::object_id::ObjectId;
use crate::git::repository::Repository;
use crate::host::clock;
use crate::host::scratch::Scratch;
use crate::model::change::approval::{Approval, ChangeKey, Counted};
use crate::workspace::context::Context;

/// The day on which approvals are asked for (UTC).
pub(super) fn today() -> Date {
    clock::now().to_zoned(TimeZone::UTC).date()
}

/// Whether entries hold, by the history of HEAD.
///
/// # Errors
/// When the repository or HEAD cannot be read.
pub fn standings(own: &Context, entries: Vec<Approval>) -> Result<Vec<Counted>, BaseError> {
    with_past(own, None, |reading| Ok(taken_back::counted(reading, entries, today())))
}

/// For each change what a new entry for it is approved after, by the history of `at`, or else of HEAD.
///
/// # Errors
/// When the repository or HEAD cannot be read.
pub fn marks(
    own: &Context,
    at: Option<&(ObjectId, Layout)>,
    keys: &[ChangeKey],
) -> Result<Vec<Option<String>>, BaseError> {
    match with_past(own, at, |reading| taken_back::marks(reading, keys)) {
        // Where there is no repository, nothing stood anywhere.
        Err(BaseError::Git(GitError::NotARepository { .. } | GitError::NoGit | GitError::NoCommit(_))) => {
            Ok(vec![None; keys.len()])
        }
        marks => marks,
    }
}

fn with_past<T>(
    own: &Context,
    at: Option<&(ObjectId, Layout)>,
    ask: impl FnOnce(Reading<'_>) -> Result<T, BaseError>,
) -> Result<T, BaseError> {
    let repository = Repository::open(&own.config.root)?;
    let mut objects = repository.objects()?;
    let (commit, layout) = match at {
        Some(at) => at.clone(),
        None => (repository.commit("HEAD")?, Layout::of_checkout(&repository, &own.config)?),
    };
    let scratch = Scratch::new().map_err(BaseError::Scratch)?;
    let tip = snapshot::read(&mut objects, &commit, &layout, None, &mut HashMap::new())?;
    let store = scratch.path().join("store");
    let lfs = LfsPlaces::of(&repository, &layout)?;
    write_out::missing_blobs(&mut objects, &lfs, &tip.store, &layout, &tip.config, &store)?;
    let context = own.by_rules_of(tip.config.clone(), &store, Vec::new());
    ask(Reading {
        repository: &repository,
        tip: &tip,
        layout: &layout,
        context: &context,
        lfs: &lfs,
        scratch: scratch.path(),
    })
}
