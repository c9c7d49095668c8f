//! What stood at a commit of the base's past, seen from what stands now.
//!
//! Invariants: a state is named by the same changes, with the same digests, as those that approvals name; where the configuration, its
//! approvals or a case lay elsewhere before, they are followed there; what cannot be read is an error and never nothing.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::rc::Rc;

use crate::config::approvals;
use crate::flow::suite::base::case_changes::ChangeScope;
use crate::flow::suite::base::checked_out;
use crate::flow::suite::base::checkout::OwnItem;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::finding::ItemId;
use crate::flow::suite::base::layout::Layout;
use crate::flow::suite::base::listing;
use crate::flow::suite::base::past::reader::Reader;
use crate::flow::suite::base::past::view::{Folder, Item, Target, View, Viewer};
use crate::flow::suite::base::side::Side;
use crate::flow::suite::base::snapshot::{Snapshot, StoredItem};
use crate::flow::suite::base::write_out::{self, LfsPlaces};
use crate::git::object_id::ObjectId;
use crate::git::repository::Repository;
use crate::git::tree::Commit;
use crate::model::change::approval::{Approval, ChangeKey, Changed};
use crate::model::digest::Digest;
use crate::workspace::context::Context;

/// What a change leads to on the base: what was approved as the output of a replay is what is expected from then on.
pub fn target(key: &ChangeKey) -> Target {
    let of = match &key.of {
        Changed::Difference { id, artifact } => Changed::Golden { id: id.clone(), artifact: artifact.clone() },
        of => of.clone(),
    };
    (of, key.new)
}

/// Where things of a base are, and what reads them.
pub struct Reading<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// What stands now.
    pub tip: &'a Snapshot,
    /// Where its configuration lies.
    pub layout: &'a Layout,
    /// Its rules.
    pub context: &'a Context,
    /// Where files of Git LFS may lie.
    pub lfs: &'a LfsPlaces,
    /// A private folder.
    pub scratch: &'a Path,
}

/// What a case or canary is now.
struct Now<'a> {
    id: &'a ItemId,
    stored: &'a StoredItem,
    tree: Option<ObjectId>,
}

/// The past of a base.
pub struct Past<'a> {
    of: Reading<'a>,
    reader: Reader<'a>,
    viewer: Viewer<'a>,
    now: HashMap<&'a str, Now<'a>>,
    /// What a tree of a case or canary changes of what stands now.
    states: HashMap<(&'a ItemId, ObjectId), Rc<BTreeSet<Target>>>,
    /// What stands now, as far as it was needed.
    sides: HashMap<&'a ItemId, Rc<Side<'a>>>,
    /// Folders that were written.
    written: usize,
    /// Approvals of other configurations that are there now.
    elsewhere: BTreeSet<String>,
}

impl<'a> Past<'a> {
    /// The past of `of`, for the cases and canaries of these changes.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn new(of: Reading<'a>, keys: &[&ChangeKey]) -> Result<Self, BaseError> {
        let mut reader = Reader::new(of.repository)?;
        let ids: BTreeSet<Rc<str>> = keys.iter().filter_map(|key| key.of.id().map(Rc::from)).collect();
        let mut now = HashMap::new();
        // A case and a canary share the names of replays: the first is the one.
        for (id, stored) in of.tip.items.iter().rev().filter(|(id, _)| ids.contains(id.id.as_str())) {
            let tree = reader.find(&of.tip.commit, &stored.path)?.map(|entry| entry.id);
            now.insert(id.id.as_str(), Now { id, stored, tree });
        }
        let mut viewer = Viewer::new(of.tip, of.layout, ids);
        // A rule that says that a file is not there is about that file.
        viewer.paths.extend(keys.iter().filter_map(|key| match (&key.of, key.new) {
            (Changed::Rule { key }, new) if new.is_none() || checked_out::is_about(key) => Some(key.clone()),
            _ => None,
        }));
        let elsewhere = of.repository.paths_called(&of.tip.commit.id, &[approvals::FILE_NAME])?;
        Ok(Self { of, reader, viewer, now, states: HashMap::new(), sides: HashMap::new(), written: 0, elsewhere })
    }

    /// The repository.
    pub fn repository(&self) -> &'a Repository {
        self.reader.repository()
    }

    /// What stands now.
    pub fn tip(&self) -> &'a Snapshot {
        self.of.tip
    }

    /// Every path whose past is looked at.
    pub fn paths(&self) -> &BTreeSet<String> {
        &self.viewer.paths
    }

    /// A commit; `None` where it is not in this clone.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn commit(&mut self, id: &ObjectId) -> Result<Option<Rc<Commit>>, BaseError> {
        self.reader.commit(id)
    }

    /// What a commit has. Where that lies is looked at from now on.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn view(&mut self, commit: &Commit) -> Result<View, BaseError> {
        self.viewer.view(&mut self.reader, commit)
    }

    /// Notes where the approvals lay before, where they came to a folder with a commit.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn follow(&mut self, commit: &Commit) -> Result<(), BaseError> {
        let paths = self.viewer.folders().map(|prefix| format!("{prefix}{}", approvals::FILE_NAME));
        for path in paths.collect::<Vec<_>>() {
            if self.reader.file(commit, &path)?.is_none() {
                continue;
            }
            for parent in &commit.parents {
                let Some(parent) = self.reader.commit(parent)? else { continue };
                if self.reader.file(&parent, &path)?.is_some() {
                    continue;
                }
                let before = self.repository().paths_called(&parent.id, &[approvals::FILE_NAME])?;
                for path in before.iter().filter(|path| !self.elsewhere.contains(*path)) {
                    let prefix = path.strip_suffix(approvals::FILE_NAME).unwrap_or_default();
                    self.viewer.look_into(prefix.to_owned());
                }
            }
        }
        Ok(())
    }

    /// Whether a commit has what a change leads to in any folder in which the configuration lies or lay; where it leads to nothing being
    /// there, in all of them.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn stands_anywhere(&mut self, commit: &Commit, target: &Target) -> Result<bool, BaseError> {
        let everywhere = matches!(target, (Changed::Recording { part, .. }, None) if part == "gone");
        for folder in self.view(commit)?.iter() {
            if self.stands(commit, folder, target)? != everywhere {
                return Ok(!everywhere);
            }
        }
        Ok(everywhere)
    }

    /// Whether a commit has what a change leads to, and the base has it no more.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn stands(&mut self, commit: &Commit, folder: &Folder, target: &Target) -> Result<bool, BaseError> {
        let Some(id) = target.0.id() else {
            return self.rule_stands(commit, folder, target);
        };
        let Some(now) = self.now.get(id) else { return Ok(false) };
        match folder.items.get(id).filter(|item| item.kind == now.id.kind) {
            Some(item) => Ok(self.state(commit, id, item)?.contains(target)),
            None => {
                let gone = Changed::Recording { id: id.to_owned(), part: "gone".to_owned() };
                Ok((gone, None) == *target)
            }
        }
    }

    fn rule_stands(&mut self, commit: &Commit, folder: &Folder, target: &Target) -> Result<bool, BaseError> {
        let Changed::Rule { key } = &target.0 else { return Ok(false) };
        if folder.config.rules.contains(target) {
            return Ok(true);
        }
        if checked_out::is_about(key) {
            let tip = &self.of.tip.commit;
            return Ok(self.content(commit, key)? == target.1 && self.content(tip, key)? != target.1);
        }
        // A file that was dropped, and is there again.
        let is_file = target.1.is_none() && self.reader.file(&self.of.tip.commit, key)?.is_some();
        Ok(is_file && self.reader.file(commit, key)?.is_none())
    }

    /// What names a file with attributes.
    fn content(&mut self, commit: &Commit, path: &str) -> Result<Option<Digest>, BaseError> {
        let content = checked_out::content(self.reader.objects(), commit, path);
        content.map_err(|error| self.reader.failed(error))
    }

    /// Everything that a state of a case or canary changes of what stands now.
    fn state(&mut self, commit: &Commit, id: &str, item: &Item) -> Result<Rc<BTreeSet<Target>>, BaseError> {
        let Some(now) = self.now.get(id) else { return Ok(Rc::default()) };
        if now.tree.as_ref() == Some(&item.tree) {
            return Ok(Rc::default());
        }
        let at = (now.id, item.tree.clone());
        if let Some(known) = self.states.get(&at) {
            return Ok(Rc::clone(known));
        }
        let (id, stored) = (now.id, now.stored);
        let files = self.reader.listing(commit, &item.path)?;
        let mut targets = BTreeSet::new();
        if files != stored.files {
            let now = self.side_now(id, stored)?;
            let item = StoredItem { folder: item.folder.clone(), path: item.path.clone(), files };
            let head = self.write(&item)?;
            let changes = now.changes(&head, ChangeScope::Approvable, self.of.context);
            targets.extend(changes.into_iter().map(|change| (change.key.of, change.key.new)));
            // There are many of them, and this one was read.
            let _ = fs::remove_dir_all(&head.directory);
        }
        let targets = Rc::new(targets);
        self.states.insert(at, Rc::clone(&targets));
        Ok(targets)
    }

    /// What stands now, read once.
    fn side_now(&mut self, id: &'a ItemId, stored: &'a StoredItem) -> Result<Rc<Side<'a>>, BaseError> {
        if let Some(known) = self.sides.get(id) {
            return Ok(Rc::clone(known));
        }
        let now = self.write(stored)?;
        let side = Rc::new(Side::read(id, now, self.of.context)?);
        self.sides.insert(id, Rc::clone(&side));
        Ok(side)
    }

    fn write(&mut self, item: &StoredItem) -> Result<OwnItem, BaseError> {
        let to = self.of.scratch.join(format!("past-{}", self.written)).join(&item.folder);
        self.written += 1;
        let wanted = write_out::Wanted { files: &item.files, path: &item.path, to: &to };
        let done = write_out::write(self.reader.objects(), &[wanted], self.of.lfs);
        done.map_err(|error| self.reader.failed(error))?;
        Ok(OwnItem {
            directory: to,
            shown: item.path.clone().into(),
            is_link: false,
            files: listing::plain(&item.files),
        })
    }
}

/// Which entries are asked for.
#[derive(Clone, Copy)]
pub enum Wanted<'a> {
    /// This one.
    Entry(&'a Approval),
    /// Any for this change.
    Change(&'a ChangeKey),
}

impl Wanted<'_> {
    /// The change.
    pub fn key(&self) -> &ChangeKey {
        match self {
            Self::Entry(approval) => &approval.key,
            Self::Change(key) => key,
        }
    }

    /// Whether a folder of a commit has it.
    pub fn is_in(&self, folder: &Folder) -> bool {
        let Some(entries) = &folder.entries else { return false };
        match self {
            Self::Entry(approval) => {
                let (key, wanted) = approval.identity();
                entries.get(key).is_some_and(|after| after.as_deref() == wanted)
            }
            Self::Change(key) => entries.contains_key(*key),
        }
    }
}
