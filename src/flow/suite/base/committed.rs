//! What a change has committed, where that is what will be merged.
//!
//! What lies in a checkout is not always what its commit has: git writes a file in another encoding, with other line ends or through a
//! filter where the attributes of the change say so, and an earlier step may have put something there. The base gets what is committed,
//! and later changes are judged by that.
//!
//! Invariants: where a pull request is judged, its cases and canaries are those of its commit, whatever lies on disk; rules and approvals
//! that lie there otherwise than they are committed are refused. Absent: a person's own checkout, in which work is not committed yet.

use std::path::{Path, PathBuf};

use crate::config::{Config, approvals, rule_changes};
use crate::flow::suite::base::approved;
use crate::flow::suite::base::checkout::{self, Checkout, OwnItem};
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::layout::Layout;
use crate::flow::suite::base::listing::{self, Files, Known};
use crate::flow::suite::base::snapshot::{self, Snapshot, StoredItem};
use crate::flow::suite::base::write_out::{self, LfsPlaces, Wanted};
use crate::flow::suite::discover::{Folder, Folders};
use crate::git::repository::Repository;
use crate::model::result::SubjectKind;

/// The side of the change.
pub struct Change {
    /// Its cases and canaries.
    pub checkout: Checkout,
    /// What its commit holds, or why that could not be a base.
    pub commit: Result<Snapshot, BaseError>,
    /// Things to know, in words.
    pub notes: Vec<String>,
    /// Whether the cases and canaries on disk cannot be told apart; what is wrong with the base is said before.
    pub is_unread: bool,
    /// Whether what is committed counts.
    is_committed: bool,
}

impl Change {
    /// Its fixture store: that of its commit, where what is committed counts.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn store(&self, own: &Config) -> Result<Files, BaseError> {
        match &self.commit {
            Ok(commit) if self.is_committed => Ok(listing::plain(&commit.store)),
            _ => Ok(listing::on_disk(&own.fixture_store)?),
        }
    }

    /// All of its cases and canaries, where nothing of a base stands for them; `None` where the roots on disk say them.
    pub fn folders(&self) -> Option<Folders> {
        if !self.is_committed || self.commit.is_err() {
            return None;
        }
        let in_place = |directory: &PathBuf| Folder { shown: directory.clone(), directory: directory.clone() };
        let Checkout { items, nameless, without_manifest } = &self.checkout;
        let mut folders = Folders::default();
        folders.cases.extend(nameless.iter().map(in_place));
        folders.canaries.extend(without_manifest.iter().map(in_place));
        for (id, item) in items {
            let folder = Folder { directory: item.directory.clone(), shown: item.shown.clone() };
            match id.kind {
                SubjectKind::Case => folders.cases.push(folder),
                SubjectKind::Canary | SubjectKind::Manifest => folders.canaries.push(folder),
            }
        }
        Some(folders)
    }
}

/// Reads it. With `into`, a private folder, what is committed counts, and else what lies on disk.
///
/// # Errors
/// When the checkout cannot be read, or its rules or approvals are not those of its commit.
pub fn read(
    own: &Config,
    repository: &Repository,
    layout: &Layout,
    (lfs, into): (&LfsPlaces, Option<&Path>),
    known: &mut Known,
) -> Result<Change, BaseError> {
    let head = repository.commit("HEAD")?;
    // A process of its own: one that failed is not asked again.
    let commit = snapshot::read(&mut repository.objects()?, &head, layout, None, known);
    let (checkout, is_unread) = match checkout::read(own) {
        Ok(checkout) => (checkout, false),
        Err(BaseError::Duplicate { .. }) => (Checkout::default(), true),
        Err(error) => return Err(error),
    };
    let is_committed = into.is_some() && !is_unread;
    let into = into.filter(|_| is_committed);
    let mut change = Change { checkout, commit, notes: Vec::new(), is_unread, is_committed };
    // What could not be a base is a change of its own, which fails.
    if let (Some(into), Ok(commit)) = (into, &change.commit) {
        are_the_same_rules(own, commit, layout)?;
        let others = take_up(&mut change.checkout, commit, own, (repository, layout, lfs, into))?;
        if !others.is_empty() {
            let note = "judged as they are committed, which is not how they lie in the checkout";
            change.notes.push(format!("{note}: {}", others.join(", ")));
        }
    }
    Ok(change)
}

/// Refuses rules and approvals that lie in the checkout otherwise than they are committed.
fn are_the_same_rules(own: &Config, commit: &Snapshot, layout: &Layout) -> Result<(), BaseError> {
    let differs = |file: &str| -> Result<BaseError, BaseError> {
        Ok(BaseError::NotCommitted { path: layout.path_of(Path::new(file))? })
    };
    if !rule_changes::changes(&commit.config, own).is_empty() {
        return Err(differs(&layout.file)?);
    }
    if approved::on_disk(&own.root)? != commit.approvals {
        return Err(differs(approvals::FILE_NAME)?);
    }
    Ok(())
}

/// Puts what is committed in the place of what lies there; which ones were something else.
fn take_up(
    checkout: &mut Checkout,
    commit: &Snapshot,
    own: &Config,
    (repository, layout, lfs, into): (&Repository, &Layout, &LfsPlaces, &Path),
) -> Result<Vec<String>, BaseError> {
    let mut others: Vec<String> = Vec::new();
    checkout.items.retain(|id, _| {
        let is_committed = commit.items.contains_key(id);
        if !is_committed {
            others.push(format!("`{}`", id.id));
        }
        is_committed
    });
    let is_as_committed = |own: &OwnItem, item: &StoredItem| !own.is_link && own.files == listing::plain(&item.files);
    let mut objects = repository.objects()?;
    for (at, (id, item)) in commit.items.iter().enumerate() {
        let lies_there = checkout.items.get(id);
        if lies_there.is_some_and(|own| is_as_committed(own, item)) {
            continue;
        }
        // A folder of its own, so that its name is its own: that of a canary is its id.
        let directory = into.join(format!("committed-{at}")).join(&item.folder);
        match write_out::write(&mut objects, &[Wanted { files: &item.files, path: &item.path, to: &directory }], lfs) {
            Ok(()) => {}
            // Its pointer lies there, which is another file than any that the base has.
            Err(BaseError::Lfs { .. }) if lies_there.is_some() => continue,
            Err(error) => return Err(error),
        }
        others.push(format!("`{}`", id.id));
        let shown = lies_there.map_or_else(|| own.root.join(below(&item.path, layout)), |own| own.shown.clone());
        let files = listing::plain(&item.files);
        checkout.items.insert(id.clone(), OwnItem { directory, shown, is_link: false, files });
    }
    Ok(others)
}

/// A path from the top, from the root of the configuration where it lies below that.
fn below<'a>(path: &'a str, layout: &Layout) -> &'a str {
    path.strip_prefix(layout.prefix.as_str()).unwrap_or(path)
}
