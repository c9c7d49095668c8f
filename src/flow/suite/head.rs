//! Which commit is checked out, and what lies there otherwise than it has it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config;
use crate::git::error::GitError;
use crate::git::repository::{Repository, top_of};
use crate::model::diagnostic::{Diagnostic, FailureKind};

/// There is a repository, and it does not tell.
#[derive(Debug, thiserror::Error)]
#[error("nothing tells which commit is checked out")]
pub struct UnknownHead(#[from] GitError);

impl Diagnostic for UnknownHead {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }
}

/// Whether a folder above `root`, or itself, says that it is a repository, sound or not.
pub fn is_in_repository(root: &Path) -> bool {
    root.canonicalize().map_or(true, |root| top_of(&root).is_some())
}

/// The commit that is checked out in the repository that `root` is in; `None` where there is no repository, or it has no commit.
///
/// # Errors
/// [`UnknownHead`]: a repository that cannot be asked is not none.
pub fn head(root: &Path) -> Result<Option<String>, UnknownHead> {
    if !is_in_repository(root) {
        return Ok(None);
    }
    match Repository::open(root).and_then(|repository| repository.commit("HEAD")) {
        Ok(commit) => Ok(Some(commit.to_string())),
        Err(GitError::NoCommit(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The files that git tracks and that lie in the checkout otherwise than its commit has them; `None` where nothing tells.
pub fn uncommitted(root: &Path) -> Option<BTreeSet<String>> {
    let repository = Repository::open(root).ok()?;
    repository.changed_since(&repository.commit("HEAD").ok()?).ok()
}

/// Whether the configuration that lies at `file`, or none below `root`, is what the commit has there.
pub fn is_as_committed(root: &Path, file: Option<&Path>) -> bool {
    let known = || {
        let repository = Repository::open(root).ok()?;
        let head = repository.commit("HEAD").ok()?;
        let place = file.map_or_else(|| root.join(config::FILE_NAME), Path::to_owned);
        // One that is not there has a folder.
        let place = place.parent()?.canonicalize().ok()?.join(place.file_name()?);
        // What a link leads to no commit has.
        if place.is_symlink() {
            return None;
        }
        let path = place.strip_prefix(repository.top().canonicalize().ok()?).ok()?.to_str()?.to_owned();
        let is_there = repository.has(&head, &path).ok()?;
        let is_changed = repository.changed_since(&head).ok()?.contains(&path);
        Some(is_there == file.is_some() && !is_changed)
    };
    known().unwrap_or(false)
}
