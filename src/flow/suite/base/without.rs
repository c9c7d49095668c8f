//! Approvals of a run that has no base: which of them count.
//!
//! | what is known | whose count |
//! |---|---|
//! | HEAD is what the default branch was pushed to | those of HEAD: it is the base from now on |
//! | the default branch is in this clone | those of the last commit that HEAD and that branch have in common |
//! | neither, at a release | those of HEAD^1, what was there before what is released |
//! | neither, elsewhere | all of the checkout's, and that is said first |
//!
//! Those that only the checkout has count where `approvals.in_head` of that commit is `yes`; of `reviewed` nobody was asked.
//!
//! Invariants: what cannot be read of such a commit lets nothing count that only the checkout has.

use std::ffi::OsString;
use std::path::Path;

use crate::ci::base_commit;
use crate::ci::default_branch::{self, DefaultBranch};
use crate::flow::suite::base::approved;
use crate::flow::suite::base::commit::{MAX_EVENT_BYTES, WHOLE_HISTORY};
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::layout::Layout;
use crate::flow::suite::base::snapshot;
use crate::flow::suite::base::standings;
use crate::flow::suite::base::taken_back;
use crate::git::error::GitError;
use crate::git::object_id::ObjectId;
use crate::git::remotes::Remote;
use crate::git::repository::Repository;
use crate::git::tree::Commit;
use crate::host::fs;
use crate::model::change::approval::{Approval, Counted, InHead};
use crate::model::change::base::{Trusted, WithoutBase};
use crate::model::error_chain::chain;
use crate::model::gate_result::Gate;
use crate::workspace::context::Context;

/// What the system that runs this tells of the default branch; `variable` reads the environment.
pub fn told(variable: impl Fn(&str) -> Option<OsString>) -> DefaultBranch {
    default_branch::told(variable, |path| fs::read(Path::new(path), MAX_EVENT_BYTES).ok())
}

/// Those that count for `gate`, each with whether it holds by the history of HEAD, and whose they are; the latter is `None` where there are
/// no approvals.
///
/// # Errors
/// When the checkout's own approvals cannot be read.
pub fn approvals(
    own: &Context,
    gate: Gate,
    told: &DefaultBranch,
) -> Result<(Vec<Counted>, Option<WithoutBase>), BaseError> {
    let all = approved::on_disk(&own.config.root)?;
    if all.is_empty() {
        return Ok((Vec::new(), None));
    }
    let mut without = WithoutBase { trusted: None, counted_in_head: 0, waiting_in_head: 0, notes: Vec::new() };
    let found = match find(own, gate, told) {
        Ok(found) => found,
        Err(error) => {
            without.notes.push(chain("nothing tells which commit is trusted", &error));
            None
        }
    };
    let (of_it, in_head) = match &found {
        Some((trusted, of_it, in_head)) => {
            without.trusted = Some(trusted.clone());
            (of_it.as_slice(), *in_head)
        }
        // Where a release is judged, whoever wrote it is not believed.
        None if gate == Gate::Pr => (&[][..], InHead::Yes),
        None => (&[][..], InHead::No),
    };
    let (mut entries, brought): (Vec<Approval>, Vec<Approval>) = all.into_iter().partition(|one| of_it.contains(one));
    let count = brought.len() as u64;
    if in_head == InHead::Yes {
        without.counted_in_head = count;
        entries.extend(brought);
    } else {
        without.waiting_in_head = count;
    }
    if in_head == InHead::Reviewed && count > 0 {
        without.notes.push("a review is found for a pull request alone: here only what is merged counts".to_owned());
    }
    Ok((held(own, entries), Some(without)))
}

/// All of the checkout's, each with whether it holds: for whoever writes more of them.
///
/// # Errors
/// When the checkout's own approvals cannot be read.
pub fn all(own: &Context) -> Result<Vec<Counted>, BaseError> {
    Ok(held(own, approved::on_disk(&own.config.root)?))
}

fn held(own: &Context, entries: Vec<Approval>) -> Vec<Counted> {
    if entries.is_empty() {
        return Vec::new();
    }
    standings::standings(own, entries.clone()).unwrap_or_else(|error| {
        let standing = taken_back::unread(&error);
        entries.into_iter().map(|approval| Counted { approval, standing: standing.clone() }).collect()
    })
}

/// The commit that is trusted, its entries, and what it lets count; `None` where nothing tells of one.
fn find(
    own: &Context,
    gate: Gate,
    told: &DefaultBranch,
) -> Result<Option<(Trusted, Vec<Approval>, InHead)>, BaseError> {
    let repository = Repository::open(&own.config.root)?;
    let head = repository.commit("HEAD")?;
    let Some((commit, how)) = trusted(&repository, &head, gate, told)? else { return Ok(None) };
    let layout = Layout::of_checkout(&repository, &own.config)?;
    let (entries, in_head) = entries_of(&repository, &commit, &layout)?;
    Ok(Some((Trusted { commit: commit.short().to_owned(), how }, entries, in_head)))
}

fn trusted(
    repository: &Repository,
    head: &ObjectId,
    gate: Gate,
    told: &DefaultBranch,
) -> Result<Option<(ObjectId, String)>, BaseError> {
    if let (Some(name), Some(commit)) = (&told.name, &told.of_this_run)
        && commit == head.as_str()
    {
        return Ok(Some((head.clone(), format!("`{name}` is the default branch, and this is what it was moved to"))));
    }
    let name = match (repository.remote()?, &told.name) {
        (Remote::Is(remote), Some(name)) => Some(base_commit::fetched(&remote, name)),
        // As a clone notes it. A branch of that name that was fetched is no such note.
        (Remote::Is(remote), None) => repository.stands_for(&base_commit::fetched(&remote, "HEAD"))?,
        (Remote::OneOf(_), _) => None,
    };
    if let Some(name) = name
        && let Some(tip) = repository.reference(&name)?
        && let Some(commit) = repository.merge_base(&tip, head)?
    {
        let short = name.trim_start_matches("refs/remotes/");
        return Ok(Some((commit, format!("the last commit that it has in common with `{short}`, the default branch"))));
    }
    if gate == Gate::Pr {
        return Ok(None);
    }
    let mut objects = repository.objects()?;
    let commit = Commit::read(&mut objects, head)?;
    let Some(before) = commit.parents.first() else { return Ok(None) };
    match Commit::read(&mut objects, before) {
        Ok(before) => {
            let why = match &told.name {
                Some(name) => format!("HEAD^1: `{name}`, the default branch, is not in this clone"),
                None => "HEAD^1: nothing tells which branch is the default one".to_owned(),
            };
            Ok(Some((before.id, why)))
        }
        Err(GitError::Missing { .. }) => Err(BaseError::Absent {
            commit: before.short().to_owned(),
            what: "HEAD^1",
            shallow: repository.is_shallow()?,
            mend: WHOLE_HISTORY.into(),
        }),
        Err(error) => Err(error.into()),
    }
}

/// The entries of a commit, and what its configuration lets count beside them.
fn entries_of(repository: &Repository, id: &ObjectId, layout: &Layout) -> Result<(Vec<Approval>, InHead), BaseError> {
    let mut objects = repository.objects()?;
    let commit = Commit::read(&mut objects, id)?;
    let (config, entries) = snapshot::config_and_approvals(&mut objects, &commit, layout)?;
    Ok((entries, config.approvals.in_head))
}
