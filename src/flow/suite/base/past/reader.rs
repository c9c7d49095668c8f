//! Commits, folders and files of the past, each read once.
//!
//! Invariants: after an error others can be asked for; a link or a submodule leads nowhere.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::listing::{self, Known, StoredFiles};
use crate::git::error::GitError;
use crate::git::object_id::ObjectId;
use crate::git::objects::Objects;
use crate::git::repository::Repository;
use crate::git::tree::{self, Commit, Entry, Mode};

/// What lies directly in a folder.
pub type Level = Rc<BTreeMap<String, Entry>>;

/// Entries of folders that are kept in memory.
const MAX_KEPT: usize = 1_000_000;

/// What reads them.
pub struct Reader<'a> {
    repository: &'a Repository,
    objects: Objects,
    known: Known,
    commits: HashMap<ObjectId, Option<Rc<Commit>>>,
    levels: HashMap<ObjectId, Level>,
    /// How many entries the levels have.
    kept: usize,
}

impl<'a> Reader<'a> {
    /// One that has read nothing yet.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn new(repository: &'a Repository) -> Result<Self, BaseError> {
        Ok(Self {
            repository,
            objects: repository.objects()?,
            known: Known::new(),
            commits: HashMap::new(),
            levels: HashMap::new(),
            kept: 0,
        })
    }

    /// The repository.
    pub fn repository(&self) -> &'a Repository {
        self.repository
    }

    /// What hands out objects, for whoever asks for more than this does; what fails goes through [`Self::failed`].
    pub fn objects(&mut self) -> &mut Objects {
        &mut self.objects
    }

    /// An error, after which others can be asked for.
    pub fn failed(&mut self, error: BaseError) -> BaseError {
        if self.objects.is_over()
            && let Ok(objects) = self.repository.objects()
        {
            self.objects = objects;
        }
        error
    }

    /// A commit; `None` where it is not in this clone.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn commit(&mut self, id: &ObjectId) -> Result<Option<Rc<Commit>>, BaseError> {
        if let Some(known) = self.commits.get(id) {
            return Ok(known.clone());
        }
        let commit = match Commit::read(&mut self.objects, id) {
            Ok(commit) => Some(Rc::new(commit)),
            Err(GitError::Missing { .. }) => {
                self.objects = self.repository.objects()?;
                None
            }
            Err(error) => return Err(self.failed(error.into())),
        };
        self.commits.insert(id.clone(), commit.clone());
        Ok(commit)
    }

    /// What lies directly in a folder.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn level(&mut self, tree: &ObjectId) -> Result<Level, BaseError> {
        if let Some(known) = self.levels.get(tree) {
            return Ok(Rc::clone(known));
        }
        let read = tree::entries(&mut self.objects, tree);
        let level = Rc::new(read.map_err(|error| self.failed(error.into()))?);
        self.kept += level.len();
        if self.kept > MAX_KEPT {
            self.levels = HashMap::new();
            self.kept = level.len();
        }
        self.levels.insert(tree.clone(), Rc::clone(&level));
        Ok(level)
    }

    /// What a path leads to. Where a link or a submodule is on the way nothing of this repository is there.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn find(&mut self, commit: &Commit, path: &str) -> Result<Option<Entry>, BaseError> {
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

    /// The object of a file.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn file(&mut self, commit: &Commit, path: &str) -> Result<Option<ObjectId>, BaseError> {
        Ok(self.find(commit, path)?.filter(is_file).map(|entry| entry.id))
    }

    /// What an object of at most `limit` bytes holds.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn bytes(&mut self, id: &ObjectId, limit: u64) -> Result<Vec<u8>, BaseError> {
        let read = self.objects.read(id, "a file of the base's past", limit);
        read.map(|(_, bytes)| bytes).map_err(|error| self.failed(error.into()))
    }

    /// Every file below a folder.
    ///
    /// # Errors
    /// When the past cannot be read.
    pub fn listing(&mut self, commit: &Commit, folder: &str) -> Result<StoredFiles, BaseError> {
        let files = listing::of_commit(&mut self.objects, commit, folder, &mut self.known);
        Ok(files.map_err(|error| self.failed(error.into()))?.unwrap_or_default())
    }
}

/// Whether something is a file.
pub fn is_file(entry: &Entry) -> bool {
    matches!(entry.mode, Mode::File | Mode::Executable)
}
