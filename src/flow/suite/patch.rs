//! Edits of a checkout that are made beside it, as a patch that `git apply` takes.
//!
//! Invariant: nothing of the checkout is written. Absent: what is edited.

use std::path::{Path, PathBuf};

use crate::git::error::GitError;
use crate::git::repository::Repository;
use crate::host::fs::{self, FsError, Kind};
use crate::host::scratch::Scratch;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::limits;

/// The folders that `git apply` expects in the names of a patch.
const SIDES: [&str; 2] = ["a", "b"];

/// The most files of one case or canary.
const MAX_FILES: u64 = 10_000;

/// Where edits are made.
pub struct Aside {
    scratch: Scratch,
    repository: Repository,
}

/// Why there is no patch.
#[derive(Debug, thiserror::Error)]
pub enum PatchError {
    /// The repository cannot be asked.
    #[error("a patch is made by git")]
    Git(#[from] GitError),
    /// What is edited is not of the repository.
    #[error("`{}` lies outside of the repository: there is no patch of it", .0.display())]
    Outside(PathBuf),
    /// What is edited is no file.
    #[error("`{}` is not a file: there is no patch of it", .0.display())]
    NotAFile(PathBuf),
    /// A file cannot be read or written.
    #[error("cannot make the edit beside the checkout")]
    Files(#[from] FsError),
    /// A private folder cannot be made.
    #[error("cannot make a private folder")]
    Scratch(#[from] std::io::Error),
}

impl Diagnostic for PatchError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Outside(_) | Self::NotAFile(_) => FailureKind::Usage,
            Self::Git(_) | Self::Files(_) | Self::Scratch(_) => FailureKind::Infrastructure,
        }
    }
}

impl Aside {
    /// Beside the checkout that `root` is in.
    ///
    /// # Errors
    /// When there is no repository, or no folder can be made.
    pub fn new(root: &Path) -> Result<Self, PatchError> {
        let (scratch, repository) = (Scratch::new()?, Repository::open(root)?);
        for side in SIDES {
            fs::ensure_dir(&scratch.path().join(side))?;
        }
        Ok(Self { scratch, repository })
    }

    /// A place for the edit of `path`, with a copy of what stands there.
    ///
    /// # Errors
    /// When it is not of the repository, or cannot be read.
    pub fn copy_of(&self, path: &Path) -> Result<PathBuf, PatchError> {
        let relative = self.relative(path)?;
        for side in SIDES {
            let to = self.scratch.path().join(side).join(&relative);
            if fs::is_dir(path) {
                copy_folder(path, &to)?;
            } else if let Some(bytes) = fs::read_if_present(path, limits::MAX_DOCUMENT_BYTES)? {
                write(&to, &bytes)?;
            } else if let Some(folder) = to.parent() {
                fs::ensure_dir(folder)?;
            }
        }
        Ok(self.edited(&relative))
    }

    /// A place for what is added to the store at `root`.
    ///
    /// # Errors
    /// When it is not of the repository.
    pub fn store(&self, root: &Path) -> Result<PathBuf, PatchError> {
        Ok(self.edited(&self.relative(root)?))
    }

    /// All edits. What was put into `store` and is in the checkout's own already is none.
    ///
    /// # Errors
    /// When git cannot compare them.
    pub fn patch(&self, store: &Path) -> Result<Vec<u8>, PatchError> {
        let added = self.store(store)?;
        fs::remove_dir_if_present(&added.join("tmp"))?;
        if fs::is_dir(&added) {
            for item in fs::walk(&added, MAX_FILES)? {
                let is_there = matches!(item.kind, Kind::File { .. }) && !fs::is_missing(&store.join(&item.relative));
                if is_there {
                    fs::remove_file_if_present(&added.join(&item.relative))?;
                }
            }
        }
        Ok(self.repository.difference(self.scratch.path(), SIDES)?)
    }

    fn edited(&self, relative: &Path) -> PathBuf {
        self.scratch.path().join(SIDES[1]).join(relative)
    }

    /// The path from the top of the repository, whether or not something stands there.
    fn relative(&self, path: &Path) -> Result<PathBuf, PatchError> {
        let outside = || PatchError::Outside(path.to_owned());
        let absolute = fs::absolute(path)?;
        let there = absolute.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
        let (above, real) = there.ok_or_else(outside)?;
        let rest = absolute.strip_prefix(above).map_err(|_| outside())?;
        let inside = real.strip_prefix(self.repository.top()).map_err(|_| outside())?;
        // Nothing is joined where there is nothing left: the path of a file would end as that of a folder.
        Ok(if rest.as_os_str().is_empty() { inside.to_owned() } else { inside.join(rest) })
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), PatchError> {
    for item in fs::walk(from, MAX_FILES)? {
        let path = from.join(&item.relative);
        match item.kind {
            Kind::Directory => {}
            Kind::File { .. } => write(&to.join(&item.relative), &fs::read(&path, limits::MAX_DOCUMENT_BYTES)?)?,
            Kind::Symlink { .. } | Kind::Special => return Err(PatchError::NotAFile(path)),
        }
    }
    Ok(())
}

fn write(to: &Path, bytes: &[u8]) -> Result<(), FsError> {
    if let Some(folder) = to.parent() {
        fs::ensure_dir(folder)?;
    }
    fs::write_atomic(to, bytes)
}
