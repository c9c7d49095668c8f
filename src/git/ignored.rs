//! What git ignores in a checkout, and what of it is of another repository.
//!
//! Git itself is asked, so that every rule of it counts, the user's own file of patterns too. What is tracked is not ignored, whatever
//! pattern names it. Absent: what lies in a submodule or in a repository of its own, which git does not look into.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::git::error::GitError;
use crate::git::repository::Repository;

/// The mode of a submodule in the index (gitformat-index(5)).
const SUBMODULE: &str = "160000 ";

impl Repository {
    /// Files and whole folders below `folder`, which is given by its path from the top, that git ignores: absolute paths. A folder in
    /// which nothing else lies is one entry; `folder` itself or one above it where git ignores all of it.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn ignored(&self, folder: &Path) -> Result<Vec<PathBuf>, GitError> {
        let folder = format!(":(top,literal){}", folder.to_string_lossy());
        let own = self.patterns_of_the_user().map(|file| format!("core.excludesFile={file}"));
        let mut arguments: Vec<&str> = Vec::new();
        if let Some(own) = &own {
            arguments.extend(["-c", own.as_str()]);
        }
        arguments.extend([
            "ls-files",
            "-z",
            "--others",
            "--ignored",
            "--exclude-standard",
            "--directory",
            "--",
            &folder,
        ]);
        let said = self.run(&arguments)?;
        Ok(said
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(|path| self.top().join(path.trim_end_matches('/')))
            .collect())
    }

    /// The folders of submodules below `folder`, which is given by its path from the top: absolute paths.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn submodules(&self, folder: &Path) -> Result<Vec<PathBuf>, GitError> {
        let folder = format!(":(top,literal){}", folder.to_string_lossy());
        let said = self.run(&["ls-files", "-z", "--stage", "--", &folder])?;
        let entries = said.split('\0').filter(|entry| entry.starts_with(SUBMODULE));
        Ok(entries.filter_map(|entry| entry.split_once('\t')).map(|(_, path)| self.top().join(path)).collect())
    }

    /// Whether git tracks the file, or something in the folder, which is given by its path from the top.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn is_tracked(&self, path: &Path) -> Result<bool, GitError> {
        let path = format!(":(top,literal){}", path.to_string_lossy());
        Ok(!self.run(&["ls-files", "-z", "--", &path])?.is_empty())
    }

    /// The file of patterns that the user keeps for all repositories (gitignore(5)), which git does not find by itself: it is given a
    /// home of ours. Nothing of that configuration is run by reading this one path.
    fn patterns_of_the_user(&self) -> Option<String> {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = variable("HOME");
        let kept = variable("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(".config")))?;
        let mut files = vec![kept.join("git/config")];
        files.extend(home.iter().map(|home| home.join(".gitconfig")));
        // The last that says it counts.
        let said = files.iter().rev().find_map(|file| self.excludes_file_of(file, home.as_deref()));
        let file = said.unwrap_or_else(|| kept.join("git/ignore"));
        file.is_file().then(|| file.to_str().map(str::to_owned)).flatten()
    }

    fn excludes_file_of(&self, config: &Path, home: Option<&Path>) -> Option<PathBuf> {
        let config = config.is_file().then(|| config.to_str()).flatten()?;
        let arguments = ["config", "--file", config, "--no-includes", "--get", "core.excludesFile"];
        let mut command = self.alone();
        command.args(arguments);
        let said = self.finish(command, &arguments, Stdio::null()).ok()?;
        match said.strip_prefix("~/") {
            Some(below) => Some(home?.join(below)),
            None => Some(PathBuf::from(said)).filter(|path| path.is_absolute()),
        }
    }
}
