//! What stood at a commit of the base's past, seen from what stands now.
//!
//! Invariants: a state is named by the same changes, with the same digests, as those that approvals name; where the configuration, its
//! approvals or a case lay elsewhere before, they are followed there; what cannot be read is an error and never nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::config::{Config, approvals, rule_changes};
use crate::flow::suite::base::case_changes::of_value;
use crate::flow::suite::base::checkout::OwnItem;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::finding::{self, ItemId};
use crate::flow::suite::base::items;
use crate::flow::suite::base::listing::{self, Files, Known, StoredFiles};
use crate::flow::suite::base::snapshot::{self, Layout, Snapshot, StoredItem};
use crate::flow::suite::base::write_out::{self, LfsPlaces, Wanted};
use crate::flow::suite::{canary, case};
use crate::git::error::GitError;
use crate::git::object_id::ObjectId;
use crate::git::objects::Objects;
use crate::git::repository::Repository;
use crate::git::tree::{self, Commit, Entry, Mode};
use crate::model::change::approval::{Approval, ChangeKey, Changed};
use crate::model::digest::Digest;
use crate::model::limits;
use crate::model::result::SubjectKind;
use crate::workspace::context::Context;

/// What a change leads to: what is changed, and the digest of what it is then.
pub type Target = (Changed, Option<Digest>);

/// What a change leads to on the base: what was approved as the output of a replay is what is expected from then on.
pub fn target(key: &ChangeKey) -> Target {
    let of = match &key.of {
        Changed::Difference { id, artifact } => Changed::Golden { id: id.clone(), artifact: artifact.clone() },
        of => of.clone(),
    };
    (of, key.new)
}

/// The entries of a file: their changes, each with what it was approved after.
type Entries = Rc<BTreeMap<ChangeKey, Option<String>>>;

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

/// What lies directly in a folder.
type Level = Rc<BTreeMap<String, Entry>>;

/// Entries of folders that are kept in memory.
const MAX_KEPT: usize = 1_000_000;

/// A configuration of the past; `None` where it could not be read.
type KnownConfig = Rc<Option<Config>>;

/// The past of a base.
pub struct Past<'a> {
    of: Reading<'a>,
    objects: Objects,
    known: Known,
    commits: HashMap<ObjectId, Option<Commit>>,
    entries: HashMap<ObjectId, Entries>,
    configs: HashMap<(ObjectId, String), KnownConfig>,
    /// What lies directly in folders, and how many entries that are.
    levels: (HashMap<ObjectId, Level>, usize),
    /// The id of the case that a folder is.
    case_ids: HashMap<ObjectId, Option<String>>,
    /// What a state of a case or canary leads to, by its id and the digest of its files.
    states: HashMap<(String, Digest), Rc<Vec<Target>>>,
    now: HashMap<String, (PathBuf, Files)>,
    written: usize,
    /// Every path whose past is looked at.
    pub paths: BTreeSet<String>,
    /// Folders in which the configuration lies or lay, with `/` at the end.
    folders: BTreeSet<String>,
    /// Cases and canaries that are asked for.
    ids: BTreeSet<String>,
    /// Approvals of other configurations that are there now.
    elsewhere: BTreeSet<String>,
}

impl<'a> Past<'a> {
    /// The past of `of`, for the cases and canaries of these changes.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn new(of: Reading<'a>, keys: &[&ChangeKey]) -> Result<Self, BaseError> {
        let objects = of.repository.objects()?;
        let ids = keys.iter().filter_map(|key| key.of.id().map(str::to_owned)).collect();
        let prefix = of.layout.prefix.clone();
        let elsewhere = of.repository.paths_called(&of.tip.commit.id, &[approvals::FILE_NAME])?;
        let mut past = Self {
            of,
            objects,
            known: Known::new(),
            commits: HashMap::new(),
            entries: HashMap::new(),
            configs: HashMap::new(),
            levels: (HashMap::new(), 0),
            case_ids: HashMap::new(),
            states: HashMap::new(),
            now: HashMap::new(),
            written: 0,
            paths: BTreeSet::new(),
            folders: BTreeSet::new(),
            ids,
            elsewhere,
        };
        past.folder(prefix);
        // A rule that says that a file is not there is about that file.
        let files = keys.iter().filter_map(|key| match (&key.of, key.new) {
            (Changed::Rule { key }, None) => Some(key.clone()),
            _ => None,
        });
        past.paths.extend(files);
        Ok(past)
    }

    /// The repository.
    pub fn repository(&self) -> &'a Repository {
        self.of.repository
    }

    /// What stands now.
    pub fn tip(&self) -> &'a Snapshot {
        self.of.tip
    }

    fn folder(&mut self, prefix: String) {
        self.paths.insert(format!("{prefix}{}", approvals::FILE_NAME));
        self.paths.insert(format!("{prefix}{}", self.of.layout.file));
        self.folders.insert(prefix);
    }

    /// A commit; `None` where it is not in this clone.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn commit(&mut self, id: &ObjectId) -> Result<Option<Commit>, BaseError> {
        if let Some(known) = self.commits.get(id) {
            return Ok(known.clone());
        }
        let commit = match Commit::read(&mut self.objects, id) {
            Ok(commit) => Some(commit),
            Err(GitError::Missing { .. }) => {
                self.objects = self.of.repository.objects()?;
                None
            }
            Err(error) => return Err(self.failed(error.into())),
        };
        self.commits.insert(id.clone(), commit.clone());
        Ok(commit)
    }

    /// An error, after which others can be asked for.
    fn failed(&mut self, error: BaseError) -> BaseError {
        if self.objects.is_over()
            && let Ok(objects) = self.of.repository.objects()
        {
            self.objects = objects;
        }
        error
    }

    fn level(&mut self, tree: &ObjectId) -> Result<Level, BaseError> {
        if let Some(known) = self.levels.0.get(tree) {
            return Ok(Rc::clone(known));
        }
        let read = tree::entries(&mut self.objects, tree);
        let level = Rc::new(read.map_err(|error| self.failed(error.into()))?);
        self.levels.1 += level.len();
        if self.levels.1 > MAX_KEPT {
            self.levels = (HashMap::new(), level.len());
        }
        self.levels.0.insert(tree.clone(), Rc::clone(&level));
        Ok(level)
    }

    /// What a path leads to. Where a link or a submodule is on the way nothing of this repository is there.
    fn find(&mut self, commit: &Commit, path: &str) -> Result<Option<Entry>, BaseError> {
        let mut here = Entry { mode: Mode::Folder, id: commit.tree.clone() };
        for name in path.split('/').filter(|name| !name.is_empty()) {
            if here.mode != Mode::Folder {
                return Ok(None);
            }
            match self.level(&here.id)?.get(name) {
                Some(entry) => here = entry.clone(),
                None => return Ok(None),
            }
        }
        Ok(Some(here))
    }

    fn file(&mut self, commit: &Commit, path: &str) -> Result<Option<ObjectId>, BaseError> {
        let found = self.find(commit, path)?;
        Ok(found.filter(|entry| matches!(entry.mode, Mode::File | Mode::Executable)).map(|entry| entry.id))
    }

    fn bytes(&mut self, id: &ObjectId, limit: u64) -> Result<Vec<u8>, BaseError> {
        let read = self.objects.read(id, "a file of the base's past", limit);
        read.map(|(_, bytes)| bytes).map_err(|error| self.failed(error.into()))
    }

    /// The folders in which a commit has the entry.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn folders_with(&mut self, commit: &Commit, approval: &Approval) -> Result<Vec<String>, BaseError> {
        let (key, wanted) = approval.identity();
        self.folders_where(commit, key, |after| after == wanted)
    }

    /// The folders in which a commit has an entry for this change.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn folders_for(&mut self, commit: &Commit, key: &ChangeKey) -> Result<Vec<String>, BaseError> {
        self.folders_where(commit, key, |_| true)
    }

    fn folders_where(
        &mut self,
        commit: &Commit,
        key: &ChangeKey,
        is_it: impl Fn(Option<&str>) -> bool,
    ) -> Result<Vec<String>, BaseError> {
        let mut found = Vec::new();
        for prefix in self.folders.clone() {
            let Some(id) = self.file(commit, &format!("{prefix}{}", approvals::FILE_NAME))? else { continue };
            if self.entries(&id)?.get(key).is_some_and(|after| is_it(after.as_deref())) {
                found.push(prefix);
            }
        }
        Ok(found)
    }

    /// The entries of a file. One that is not understood as a whole approved nothing.
    fn entries(&mut self, id: &ObjectId) -> Result<Entries, BaseError> {
        if let Some(known) = self.entries.get(id) {
            return Ok(Rc::clone(known));
        }
        let bytes = self.bytes(id, limits::MAX_CONFIG_BYTES)?;
        let entries = approvals::parse(&bytes).unwrap_or_default();
        let found: Entries = Rc::new(entries.into_iter().map(|one| (one.key, one.after)).collect());
        self.entries.insert(id.clone(), Rc::clone(&found));
        Ok(found)
    }

    fn layout(&self, prefix: &str) -> Layout {
        Layout { prefix: prefix.to_owned(), ..self.of.layout.clone() }
    }

    /// The configuration that lay in a folder.
    fn config(&mut self, commit: &Commit, prefix: &str) -> Result<KnownConfig, BaseError> {
        let at = (commit.id.clone(), prefix.to_owned());
        if let Some(known) = self.configs.get(&at) {
            return Ok(Rc::clone(known));
        }
        let layout = self.layout(prefix);
        let bytes = match self.file(commit, &format!("{prefix}{}", layout.file))? {
            Some(id) => Some(self.bytes(&id, limits::MAX_CONFIG_BYTES)?),
            None => None,
        };
        let mut names = Vec::new();
        let read =
            snapshot::configuration_and_names(&mut self.objects, commit, &layout, bytes.as_deref(), None, &mut names);
        let config = match read {
            Ok(config) => Some(config),
            // It names what is not there, or is broken: then nobody was judged by it.
            Err(error) if self.objects.is_over() => return Err(self.failed(error)),
            Err(_) => None,
        };
        self.paths.extend(names);
        let config = Rc::new(config);
        self.configs.insert(at, Rc::clone(&config));
        Ok(config)
    }

    /// Notes where what is asked for lay at a commit.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn learn(&mut self, commit: &Commit) -> Result<(), BaseError> {
        for prefix in self.folders.clone() {
            let config = self.config(commit, &prefix)?;
            for id in self.ids.clone() {
                if let Some((_, item)) = self.item(commit, &prefix, config.as_ref().as_ref(), &id)? {
                    self.paths.insert(item.path);
                }
            }
        }
        Ok(())
    }

    /// Notes where the approvals lay before, where they came to a folder with a commit.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn follow(&mut self, commit: &Commit) -> Result<(), BaseError> {
        for prefix in self.folders.clone() {
            let path = format!("{prefix}{}", approvals::FILE_NAME);
            if self.file(commit, &path)?.is_none() {
                continue;
            }
            for parent in &commit.parents {
                let Some(parent) = self.commit(parent)? else { continue };
                if self.file(&parent, &path)?.is_some() {
                    continue;
                }
                let before = self.of.repository.paths_called(&parent.id, &[approvals::FILE_NAME])?;
                for path in before.iter().filter(|path| !self.elsewhere.contains(*path)).cloned().collect::<Vec<_>>() {
                    let prefix = path.strip_suffix(approvals::FILE_NAME).unwrap_or_default();
                    self.folder(prefix.to_owned());
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
        for prefix in self.folders.clone() {
            if self.stands(commit, &prefix, target)? != everywhere {
                return Ok(!everywhere);
            }
        }
        Ok(everywhere)
    }

    /// Whether a commit has what a change leads to, and the base has it no more.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn stands(&mut self, commit: &Commit, prefix: &str, target: &Target) -> Result<bool, BaseError> {
        let config = self.config(commit, prefix)?;
        let Some(id) = target.0.id() else {
            return self.rule_stands(commit, config.as_ref().as_ref(), target);
        };
        let id = id.to_owned();
        let tip = self.of.tip;
        let Some((now, stored)) = tip.items.iter().find(|(item, _)| item.id == id) else { return Ok(false) };
        let found = self.item(commit, prefix, config.as_ref().as_ref(), &id)?;
        let Some((_, item)) = found.filter(|(kind, _)| *kind == now.kind) else {
            let gone = Changed::Recording { id, part: "gone".to_owned() };
            return Ok((gone, None) == *target);
        };
        let same = self.find(commit, &item.path)? == self.find(&tip.commit, &stored.path)?;
        if same {
            return Ok(false);
        }
        let files = listing::of_commit(&mut self.objects, commit, &item.path, &mut self.known);
        let files = files.map_err(|error| self.failed(error.into()))?.unwrap_or_default();
        if files == stored.files {
            return Ok(false);
        }
        let item = StoredItem { files, ..item };
        Ok(self.state(now, stored, &item)?.contains(target))
    }

    fn rule_stands(&mut self, commit: &Commit, config: Option<&Config>, target: &Target) -> Result<bool, BaseError> {
        let Changed::Rule { key } = &target.0 else { return Ok(false) };
        let changes = config.map(|config| rule_changes::changes(&self.of.tip.config, config)).unwrap_or_default();
        let side = |value: &serde_json::Value| (!value.is_null()).then(|| of_value(value));
        if changes.iter().any(|change| change.key == *key && side(&change.new) == target.1) {
            return Ok(true);
        }
        // A file that was dropped, and is there again.
        let tip = &self.of.tip.commit;
        let is_file = target.1.is_none() && self.file(tip, key)?.is_some();
        Ok(is_file && self.file(commit, key)?.is_none())
    }

    /// Everything that a state of a case or canary changes of what stands now.
    fn state(&mut self, id: &ItemId, now: &StoredItem, item: &StoredItem) -> Result<Rc<Vec<Target>>, BaseError> {
        let files = listing::plain(&item.files);
        let at = (id.id.clone(), listing::digest(&files));
        if let Some(known) = self.states.get(&at) {
            return Ok(Rc::clone(known));
        }
        let (now_at, now_files) = match self.now.get(&id.id) {
            Some(known) => known.clone(),
            None => {
                let known = (self.write(now)?, listing::plain(&now.files));
                self.now.insert(id.id.clone(), known.clone());
                known
            }
        };
        let directory = self.write(item)?;
        let head = OwnItem { shown: directory.clone(), directory, is_link: false, files };
        let changes = items::of_one(id, (&now_at, &now_files), &head, self.of.context)?;
        let targets: Rc<Vec<Target>> =
            Rc::new(changes.into_iter().map(|change| (change.key.of, change.key.new)).collect());
        self.states.insert(at, Rc::clone(&targets));
        Ok(targets)
    }

    fn write(&mut self, item: &StoredItem) -> Result<PathBuf, BaseError> {
        let to = self.of.scratch.join(format!("past-{}", self.written)).join(&item.folder);
        self.written += 1;
        let wanted = Wanted { files: &item.files, path: &item.path, to: &to };
        let done = write_out::write(&mut self.objects, &[wanted], self.of.lfs);
        done.map_err(|error| self.failed(error))?;
        Ok(to)
    }

    /// The case or canary of that id, without its files.
    fn item(
        &mut self,
        commit: &Commit,
        prefix: &str,
        config: Option<&Config>,
        id: &str,
    ) -> Result<Option<(SubjectKind, StoredItem)>, BaseError> {
        // Of a configuration that cannot be read the roots are those of today.
        let config = config.unwrap_or(&self.of.tip.config);
        let (cases, canaries) = (config.cases.clone(), config.canaries.clone());
        let layout = self.layout(prefix);
        let item = |folder: &str, root: &str| {
            let path = format!("{root}/{folder}");
            StoredItem { folder: folder.to_owned(), path, files: StoredFiles::new() }
        };
        for root in &canaries {
            let Ok(root) = layout.path_of_joined(root) else { continue };
            let is_one = finding::is_visible(id)
                && !id.contains('/')
                && self.file(commit, &format!("{root}/{id}/{}", canary::MANIFEST))?.is_some();
            if is_one {
                return Ok(Some((SubjectKind::Canary, item(id, &root))));
            }
        }
        for root in &cases {
            let Ok(root) = layout.path_of_joined(root) else { continue };
            let Some(Entry { mode: Mode::Folder, id: tree }) = self.find(commit, &root)? else { continue };
            for (folder, entry) in self.level(&tree)?.iter() {
                if entry.mode == Mode::Folder
                    && finding::is_visible(folder)
                    && self.case_id(&entry.id)?.as_deref() == Some(id)
                {
                    return Ok(Some((SubjectKind::Case, item(folder, &root))));
                }
            }
        }
        Ok(None)
    }

    /// The id in the metadata of a case; `None` where they cannot be read.
    fn case_id(&mut self, folder: &ObjectId) -> Result<Option<String>, BaseError> {
        if let Some(known) = self.case_ids.get(folder) {
            return Ok(known.clone());
        }
        let metadata = self.level(folder)?.get(case::METADATA).cloned();
        let metadata = metadata.filter(|entry| matches!(entry.mode, Mode::File | Mode::Executable));
        let id = match metadata {
            Some(entry) => finding::id_of_case(&self.bytes(&entry.id, limits::MAX_CONFIG_BYTES)?),
            None => None,
        };
        self.case_ids.insert(folder.clone(), id.clone());
        Ok(id)
    }
}
