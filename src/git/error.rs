//! What can go wrong with a repository.

use std::path::PathBuf;

/// Why something of a repository cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no `git`.
    #[error("there is no `git` on PATH, and a base is read with it")]
    NoGit,
    /// The folder is in no repository.
    #[error("`{}` is not in a git repository: {said}", .directory.display())]
    NotARepository {
        /// The folder.
        directory: PathBuf,
        /// What git said.
        said: String,
    },
    /// The repository has no checkout.
    #[error("`{}` is a bare repository: there is no checkout to judge", .directory.display())]
    Bare {
        /// The folder.
        directory: PathBuf,
    },
    /// `git` cannot be started or spoken to.
    #[error("cannot run `{}`", .program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `git` refused.
    #[error("`git {command}` failed: {said}")]
    Failed {
        /// The command.
        command: String,
        /// The first line of what it said.
        said: String,
    },
    /// A name of a commit that leads to none.
    #[error("`{0}` is not a commit of this repository")]
    NoCommit(String),
    /// A name of a commit that leads to several.
    #[error("`{revision}` could be any of {}", .all.join(", "))]
    Ambiguous {
        /// The name.
        revision: String,
        /// What it could be.
        all: Vec<String>,
    },
    /// An object that is named and is not there.
    #[error("{what} ({id}) is not in this clone")]
    Missing {
        /// What it is.
        what: String,
        /// Its name.
        id: String,
    },
    /// An object that is not what it must be.
    #[error("{what} ({id}) cannot be read: {why}")]
    Malformed {
        /// What it is.
        what: String,
        /// Its name.
        id: String,
        /// What is wrong.
        why: &'static str,
    },
    /// An object cannot be written down.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A private folder for git's own configuration cannot be made.
    #[error("cannot make a private folder")]
    Scratch(#[source] std::io::Error),
    /// More than is read.
    #[error("{what} holds more than {limit} files and folders")]
    TooMany {
        /// What is listed.
        what: String,
        /// The limit.
        limit: usize,
    },
}
