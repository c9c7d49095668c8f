//! What a change of attributes has git write into every checkout in the place of what is committed.
//!
//! The run of a pull request reads what is committed. Every other run reads what lies in its checkout: it would judge by other bytes than
//! anybody has seen.
//!
//! Invariants: what is asked is how a file is written on any machine, not how it lies in this checkout; a file that is written as it is
//! kept hides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::config::approvals;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::layout::Layout;
use crate::flow::suite::base::listing::{Stored, StoredFiles};
use crate::flow::suite::base::snapshot::Snapshot;
use crate::git::attributes::{self, Written};
use crate::git::object_id::ObjectId;
use crate::git::objects::Objects;
use crate::git::repository::Repository;
use crate::git::tree::{Commit, Mode};
use crate::model::change::approval::{ChangeKey, Changed, Cover};
use crate::model::change::base::{Change, Effect};
use crate::model::digest::Digest;
use crate::model::limits;

/// Files with attributes that are another one than at `was`, where anything that `head` has a gate judge by is written otherwise for
/// them; and pointers of Git LFS that no attribute declares.
///
/// # Errors
/// When git cannot say.
pub fn changes(
    repository: &Repository,
    objects: &mut Objects,
    was: &ObjectId,
    (head, layout): (&Snapshot, &Layout),
) -> Result<Vec<Change>, BaseError> {
    let before = Commit::read(objects, was)?;
    let mut all = repository.paths_called(was, &[attributes::FILE_NAME])?;
    all.extend(repository.paths_called(&head.commit.id, &[attributes::FILE_NAME])?);
    let mut edited = Vec::new();
    for path in all {
        if before.find(objects, &path)? != head.commit.find(objects, &path)? {
            edited.push(path);
        }
    }
    let judged = judged_by(objects, head, layout)?;
    let mut brought = Vec::new();
    for (path, pointer) in &judged {
        if let Some(id) = pointer
            && before.find(objects, path)?.is_none_or(|entry| entry.id != *id)
        {
            brought.push(path);
        }
    }
    if edited.is_empty() && brought.is_empty() {
        return Ok(Vec::new());
    }
    let paths: BTreeSet<&str> = judged.keys().map(String::as_str).collect();
    let (old, new) = (repository.written(was, &paths)?, repository.written(&head.commit.id, &paths)?);
    let stays_pointer = |path: &str| !new.get(path).is_some_and(Written::is_of_lfs);
    let otherwise = |(path, pointer): &(&String, &Option<ObjectId>)| {
        let (was, is) = (old.get(*path).cloned().unwrap_or_default(), new.get(*path).cloned().unwrap_or_default());
        let is_otherwise = !is.is_as_kept() && !is.is_no_more_than(&was);
        was != is && (is_otherwise || (pointer.is_some() && stays_pointer(path)))
    };
    let otherwise: Vec<&String> = judged.iter().filter(otherwise).map(|(path, _)| path).collect();
    let mut changes: Vec<Change> =
        brought.into_iter().filter(|path| stays_pointer(path)).map(|path| pointer(path)).collect();
    for file in edited {
        let folder = file.strip_suffix(attributes::FILE_NAME).unwrap_or_default();
        let mut below = otherwise.iter().filter(|path| path.starts_with(folder));
        let Some(first) = below.next() else { continue };
        let told = |side: &BTreeMap<String, Written>| side.get(*first).cloned().unwrap_or_default().told();
        let what = match below.count() {
            0 => format!("`{first}` is"),
            1 => format!("`{first}` and one more file are"),
            more => format!("`{first}` and {more} more files are"),
        };
        let detail = format!(
            "{what} written otherwise into a checkout (`{}`, was `{}`): a run that judges no pull request reads what lies there",
            told(&new),
            told(&old)
        );
        let sides = (content(objects, &before, &file)?, content(objects, &head.commit, &file)?);
        let key = ChangeKey { of: Changed::Rule { key: file }, old: sides.0, new: sides.1 };
        changes.push(Change { key, effect: Effect::Loosening, detail, reverts_to: None, cover: Cover::None });
    }
    Ok(changes)
}

/// What names a file with attributes: the digest of its bytes.
///
/// # Errors
/// When git cannot say.
pub fn content(objects: &mut Objects, commit: &Commit, path: &str) -> Result<Option<Digest>, BaseError> {
    match commit.find(objects, path)? {
        Some(entry) if matches!(entry.mode, Mode::File | Mode::Executable) => {
            let bytes = objects.read(&entry.id, &format!("`{path}` of the base"), limits::MAX_CONFIG_BYTES)?.1;
            Ok(Some(Digest::of(&bytes)))
        }
        _ => Ok(None),
    }
}

/// Whether a rule is about such a file.
pub fn is_about(rule: &str) -> bool {
    rule.rsplit('/').next() == Some(attributes::FILE_NAME)
}

/// A pointer that no attribute says to be one of Git LFS. It is what every checkout has, and nobody can approve that: what it names is judged.
fn pointer(path: &str) -> Change {
    let detail = "it is a pointer of Git LFS that no attribute declares (`filter=lfs`): every checkout has the pointer itself; it cannot be approved".to_owned();
    let key = ChangeKey { of: Changed::Rule { key: path.to_owned() }, old: None, new: None };
    Change { key, effect: Effect::Loosening, detail, reverts_to: None, cover: Cover::None }
}

/// Every file that a gate judges by, and the object of those that are pointers of Git LFS.
fn judged_by(
    objects: &mut Objects,
    head: &Snapshot,
    layout: &Layout,
) -> Result<BTreeMap<String, Option<ObjectId>>, BaseError> {
    let mut files = BTreeMap::new();
    let mut add = |folder: &str, stored: &StoredFiles| {
        let pointer = |stored: &Stored| stored.lfs.is_some().then(|| stored.id.clone());
        files.extend(stored.iter().map(|(file, stored)| (format!("{folder}/{file}"), pointer(stored))));
    };
    for item in head.items.values() {
        add(&item.path, &item.files);
    }
    add(&layout.path_of_joined(&head.config.fixture_store)?, &head.store);
    for name in [layout.file.as_str(), approvals::FILE_NAME] {
        let path = layout.path_of(Path::new(name))?;
        if head.commit.find(objects, &path)?.is_some() {
            files.insert(path, None);
        }
    }
    Ok(files)
}
