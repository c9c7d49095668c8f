//! Where things of a checkout lie in its repository.
//!
//! Invariants: whatever is named from the root of a configuration is found from the top of the repository, or refused where it leads out
//! of it; no link of the checkout chooses the folder.

use std::path::{Component, Path, PathBuf};

use crate::config::{self, Config};
use crate::flow::suite::base::error::BaseError;
use crate::git::repository::Repository;

/// Where things of a checkout lie in its repository.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The top of the checkout.
    pub top: PathBuf,
    /// The root of the configuration, on disk and as it is written everywhere.
    pub root: PathBuf,
    /// The root from the top, with `/` at its end; empty for the top itself.
    pub prefix: String,
    /// The path of the configuration from the root, whether there is such a file or not.
    pub file: String,
}

impl Layout {
    /// Of the checkout whose configuration is `own`.
    ///
    /// # Errors
    /// When its root lies outside of the repository, or is reached by a link of the checkout.
    pub fn of_checkout(repository: &Repository, own: &Config) -> Result<Self, BaseError> {
        let outside = |path: &Path| BaseError::Outside { path: path.display().to_string() };
        let here = Path::new(".").canonicalize().map_err(|_| outside(&own.root))?;
        let mut real = if own.root.is_absolute() { PathBuf::new() } else { here };
        // Word by word: a link in the checkout leads wherever its author likes.
        for part in own.root.components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => drop(real.pop()),
                part => real.push(part),
            }
            let is_link = real.symlink_metadata().is_ok_and(|there| there.is_symlink());
            if is_link && real.starts_with(repository.top()) {
                return Err(BaseError::LinkedRoot { path: own.root.display().to_string() });
            }
            if is_link {
                real = real.canonicalize().map_err(|_| outside(&own.root))?;
            }
        }
        let prefix = real.strip_prefix(repository.top()).map_err(|_| outside(&own.root))?;
        let mut text = String::new();
        for part in prefix.components() {
            text += part.as_os_str().to_str().ok_or_else(|| outside(&own.root))?;
            text += "/";
        }
        let file = own.file.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
        Ok(Self {
            top: repository.top().to_owned(),
            root: own.root.clone(),
            prefix: text,
            file: file.unwrap_or(config::FILE_NAME).to_owned(),
        })
    }

    /// The path from the top of something that is named from the root.
    ///
    /// # Errors
    /// When the path leads out of the repository.
    pub fn path_of(&self, relative: &Path) -> Result<String, BaseError> {
        let outside = || BaseError::Outside { path: relative.display().to_string() };
        let mut parts: Vec<&str> = self.prefix.split('/').filter(|part| !part.is_empty()).collect();
        for part in relative.components() {
            match part {
                Component::CurDir => {}
                Component::Normal(name) => parts.push(name.to_str().ok_or_else(outside)?),
                Component::ParentDir => {
                    parts.pop().ok_or_else(outside)?;
                }
                Component::RootDir | Component::Prefix(_) => return Err(outside()),
            }
        }
        Ok(parts.join("/"))
    }

    /// The same of a path of a [`Config`], which is joined to the root.
    ///
    /// # Errors
    /// When the path leads out of the repository.
    pub fn path_of_joined(&self, joined: &Path) -> Result<String, BaseError> {
        match joined.strip_prefix(&self.root) {
            Ok(relative) => self.path_of(relative),
            Err(_) => Err(BaseError::Outside { path: joined.display().to_string() }),
        }
    }
}
