//! Which of the repositories that a clone knows is the one that changes are merged into.
//!
//! Invariant: nothing is guessed: where git itself would not know which one to fetch from, this does not either.

use crate::git::error::GitError;
use crate::git::repository::Repository;

/// The name that git fetches from where nothing else is said.
const DEFAULT: &str = "origin";

/// A remote of a clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remote {
    /// The one.
    Is(String),
    /// One of these; nothing tells which.
    OneOf(Vec<String>),
}

impl Repository {
    /// The names of all remotes.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn remotes(&self) -> Result<Vec<String>, GitError> {
        Ok(self.run(&["remote"])?.lines().map(str::to_owned).collect())
    }

    /// The remote that git would fetch from: that of the branch that is checked out, the only one, or the one with the usual name.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn remote(&self) -> Result<Remote, GitError> {
        let all = self.remotes()?;
        if let [] | [_] = all.as_slice() {
            return Ok(Remote::Is(all.into_iter().next().unwrap_or_else(|| DEFAULT.to_owned())));
        }
        // A branch may as well follow another branch of this clone, or an address without a name.
        let tracked = self.tracked()?.filter(|name| all.contains(name));
        let usual = || all.iter().find(|name| *name == DEFAULT).cloned();
        Ok(tracked.or_else(usual).map_or(Remote::OneOf(all.clone()), Remote::Is))
    }

    /// The remote of the branch that is checked out; `None` where none is, or it has none.
    fn tracked(&self) -> Result<Option<String>, GitError> {
        let Some(branch) = self.stands_for("HEAD")? else { return Ok(None) };
        let Some(branch) = branch.strip_prefix("refs/heads/") else { return Ok(None) };
        match self.run(&["config", "--get", &format!("branch.{branch}.remote")]) {
            Ok(said) => Ok(Some(said).filter(|said| !said.is_empty())),
            // There is no such setting.
            Err(GitError::Failed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
