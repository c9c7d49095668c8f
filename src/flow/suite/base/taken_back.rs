//! Whether a change that was approved stood on the base and was taken back: then its approval is used up.
//!
//! An entry is used up once what it changes to stood at a commit of the base that has the entry or comes after one that has it, and
//! stands no more. An entry is its change and what it was approved after; its other words may be edited, and it may go, also with the very
//! commit that it let pass, and come again: it stays the same. Whoever approves the change anew writes an entry that names the commit that
//! took it back.
//!
//! Invariants: every line of history counts, for nothing tells which of the two sides of a merge was the base; what cannot be read
//! lets no entry hold.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use jiff::civil::Date;

use crate::flow::suite::base::commit::WHOLE_HISTORY;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::past::states::{self, Past, Reading, Wanted};
use crate::flow::suite::base::past::view::{Target, View};
use crate::git::object_id::ObjectId;
use crate::git::tree::Commit;
use crate::model::change::approval::{Approval, ChangeKey, Counted, Standing, Unread};
use crate::model::diagnostic::Diagnostic;
use crate::model::error_chain::causes;

/// Commits of the past that are looked at.
const COMMITS: usize = 2000;
/// How often more paths may come to light that something lay at before.
const ROUNDS: usize = 8;

/// Each entry with whether it holds. One that the base does not have at all never came to it: whoever lets it count approves it now.
pub fn counted(reading: Reading<'_>, approvals: Vec<Approval>, today: Date) -> Vec<Counted> {
    let is_asked = |approval: &Approval| {
        let came = reading.tip.approvals.iter().any(|known| known.identity() == approval.identity());
        // What is over counts for nothing, and what the base does not have is not changed.
        let is_there = |id| reading.tip.items.keys().any(|item| item.id == id);
        came && !approval.is_expired(today) && approval.key.of.id().is_none_or(is_there)
    };
    let asked: Vec<Approval> = approvals.iter().filter(|approval| is_asked(approval)).cloned().collect();
    let standings = if asked.is_empty() { Vec::new() } else { standings(reading, &asked) };
    let standing = |approval: &Approval| {
        let at = asked.iter().position(|one| one == approval);
        at.and_then(|at| standings.get(at)).cloned().unwrap_or_default()
    };
    let counted = |approval: Approval| Counted { standing: standing(&approval), approval };
    approvals.into_iter().map(counted).collect()
}

fn standings(reading: Reading<'_>, asked: &[Approval]) -> Vec<Standing> {
    let keys: Vec<&ChangeKey> = asked.iter().map(|approval| &approval.key).collect();
    let mut past = match Past::new(reading, &keys) {
        Ok(past) => past,
        Err(error) => return vec![unread(&error); asked.len()],
    };
    let commits = match commits(&mut past) {
        Ok(commits) => commits,
        Err(error) => return vec![unread(&error); asked.len()],
    };
    let mut after = Descendants::default();
    let one = |approval: &Approval| -> Result<Standing, BaseError> {
        let left = stood(&mut past, &commits, &mut after, Wanted::Entry(approval))?;
        Ok(left.map_or(Standing::Holds, |commit| Standing::TakenBack { commit: commit.short().to_owned() }))
    };
    let found: Vec<Standing> = asked.iter().map(one).map(|one| one.unwrap_or_else(|error| unread(&error))).collect();
    // What was seen was seen; but that something was never taken back only the whole of a past tells.
    match is_whole(&mut past) {
        Ok(true) => found,
        Ok(false) => found.into_iter().map(|one| if one == Standing::Holds { cut_off() } else { one }).collect(),
        Err(error) => found.into_iter().map(|one| if one == Standing::Holds { unread(&error) } else { one }).collect(),
    }
}

/// For each change what a new entry for it is approved after: the commit that took it back, where it was approved before and stood on
/// the base; the base itself, where nobody can tell.
///
/// # Errors
/// When what is asked for cannot be looked for at all.
pub fn marks(reading: Reading<'_>, keys: &[ChangeKey]) -> Result<Vec<Option<String>>, BaseError> {
    let tip = reading.tip.commit.id.to_string();
    let mut past = Past::new(reading, &keys.iter().collect::<Vec<_>>())?;
    let found = commits(&mut past).and_then(|commits| {
        let whole = is_whole(&mut past)?;
        let mut after = Descendants::default();
        let mut mark = |key: &ChangeKey| -> Result<Option<String>, BaseError> {
            let left = stood(&mut past, &commits, &mut after, Wanted::Change(key))?;
            Ok(left.map(|commit| commit.to_string()).or_else(|| (!whole).then(|| tip.clone())))
        };
        keys.iter().map(&mut mark).collect()
    });
    Ok(found.unwrap_or_else(|_: BaseError| vec![Some(tip.clone()); keys.len()]))
}

/// A commit with what it has.
type ViewedCommit = (Rc<Commit>, View);

/// The commits at which something of what is asked for changed, the latest first.
fn commits(past: &mut Past<'_>) -> Result<Vec<ViewedCommit>, BaseError> {
    for _ in 0..ROUNDS {
        let known = past.paths().clone();
        let ids = past.repository().touching(&past.tip().commit.id, &known, COMMITS + 1)?;
        if ids.len() > COMMITS {
            return Err(BaseError::LongPast { limit: COMMITS });
        }
        let mut commits = Vec::new();
        for id in ids {
            let Some(commit) = past.commit(&id)? else { continue };
            past.follow(&commit)?;
            past.view(&commit)?;
            for parent in parents(past, &commit)? {
                past.view(&parent)?;
            }
            commits.push(commit);
        }
        if *past.paths() == known {
            return commits.into_iter().map(|commit| past.view(&commit).map(|view| (commit, view))).collect();
        }
    }
    Err(BaseError::LongPast { limit: COMMITS })
}

/// The commits that come after one, by that one.
#[derive(Default)]
struct Descendants(HashMap<ObjectId, HashSet<ObjectId>>);

impl Descendants {
    fn has(&mut self, past: &Past<'_>, of: &Commit, commit: &Commit) -> Result<bool, BaseError> {
        if !self.0.contains_key(&of.id) {
            let after = past.repository().between(&of.id, &past.tip().commit.id)?;
            self.0.insert(of.id.clone(), after);
        }
        Ok(self.0.get(&of.id).is_some_and(|after| after.contains(&commit.id)))
    }
}

/// The commits that one was made from, as far as they are in this clone.
fn parents(past: &mut Past<'_>, commit: &Commit) -> Result<Vec<Rc<Commit>>, BaseError> {
    let parents = commit.parents.iter().map(|parent| past.commit(parent));
    Ok(parents.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// The commit that took a change back that stood on the base once an entry for it did; `None` where none did.
fn stood(
    past: &mut Past<'_>,
    commits: &[ViewedCommit],
    after: &mut Descendants,
    wanted: Wanted<'_>,
) -> Result<Option<ObjectId>, BaseError> {
    let target = states::target(wanted.key());
    // Commits without an entry, and those with which one came.
    let (mut without, mut came) = (Vec::new(), Vec::new());
    for (commit, view) in commits {
        let mut has_one = false;
        for folder in view.iter().filter(|folder| wanted.is_in(folder)) {
            has_one = true;
            if past.stands(commit, folder, &target)? {
                return left(past, commits, &target, commit).map(Some);
            }
        }
        if !has_one {
            without.push(commit);
            continue;
        }
        let mut is_new = true;
        for parent in parents(past, commit)? {
            is_new = is_new && !past.view(&parent)?.iter().any(|folder| wanted.is_in(folder));
        }
        if is_new {
            came.push(commit);
        }
    }
    // An entry may go with the very commit that it let pass.
    for commit in without {
        for with in &came {
            if after.has(past, with, commit)? && past.stands_anywhere(commit, &target)? {
                return left(past, commits, &target, commit).map(Some);
            }
        }
    }
    Ok(None)
}

/// The last commit at which something stands no more that stood at a commit that it was made from; else `stood`, at which it did.
fn left(past: &mut Past<'_>, commits: &[ViewedCommit], target: &Target, stood: &Commit) -> Result<ObjectId, BaseError> {
    for (commit, _) in commits {
        if past.stands_anywhere(commit, target)? {
            continue;
        }
        for parent in parents(past, commit)? {
            if past.stands_anywhere(&parent, target)? {
                return Ok(commit.id.clone());
            }
        }
    }
    Ok(stood.id.clone())
}

/// Whether nothing of the past was cut off.
fn is_whole(past: &mut Past<'_>) -> Result<bool, BaseError> {
    if !past.repository().is_shallow()? {
        return Ok(true);
    }
    for id in past.repository().first_ones(&past.tip().commit.id)? {
        // As its object says: what was cut off is still named there.
        if past.commit(&id)?.is_none_or(|commit| !commit.parents.is_empty()) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn cut_off() -> Standing {
    let why = "the history of the base is cut off in this clone".to_owned();
    Standing::Unread(Unread { why, mend: WHOLE_HISTORY.to_owned() })
}

/// The base's past cannot be read.
pub fn unread(error: &BaseError) -> Standing {
    let mend = error.hint().map_or_else(|| WHOLE_HISTORY.to_owned(), |hint| hint.for_command_line());
    Standing::Unread(Unread { why: causes(error), mend })
}
