//! Which commit is checked out, and what lies there otherwise than it has it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config;
use crate::git::error::GitError;
use crate::git::repository::Repository;
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

/// The commit that is checked out in the repository that `root` is in; `None` where there is no repository, no commit or no git: nothing else
/// could be checked out there.
///
/// # Errors
/// [`UnknownHead`].
pub fn head(root: &Path) -> Result<Option<String>, UnknownHead> {
    match Repository::open(root).and_then(|repository| repository.commit("HEAD")) {
        Ok(commit) => Ok(Some(commit.to_string())),
        Err(GitError::NotARepository { .. } | GitError::NoGit | GitError::NoCommit(_)) => Ok(None),
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
        let path = place.strip_prefix(repository.top().canonicalize().ok()?).ok()?.to_str()?.to_owned();
        let is_there = repository.has(&head, &path).ok()?;
        let is_changed = repository.changed_since(&head).ok()?.contains(&path);
        Some(is_there == file.is_some() && !is_changed)
    };
    known().unwrap_or(false)
}
