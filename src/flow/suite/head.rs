//! Which commit is checked out.

use std::path::Path;

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
