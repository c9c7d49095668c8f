//! What can go wrong with files, always with the path.

use std::io;
use std::path::{Path, PathBuf};

use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};

/// What a file was opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To look at it.
    Read,
    /// To make or change it.
    Write,
}

/// Why what stands in a checkout is not written to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Planted {
    /// A link that leads out of the checkout, or into its repository.
    #[error("the link `{}` in the checkout leads to `{}`", .link.display(), .to.display())]
    Leads {
        /// Where the link lies.
        link: PathBuf,
        /// What would be written.
        to: PathBuf,
    },
    /// A pipe, a socket or a device.
    #[error("it lies in the checkout and is not a regular file")]
    NotPlain,
    /// A file that has another name elsewhere.
    #[error("it lies in the checkout and has another name, under which it would change, too")]
    Linked,
}

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FsError {
    /// The operating system refused.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was being done: `read`, `create`, …
        action: &'static str,
        /// Whether it was to change something.
        access: Access,
        /// What the system said.
        source: io::Error,
    },
    /// The file is larger than what is read of its kind.
    #[error("`{}` is larger than {limit} bytes, the limit for its kind", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// The tree has more entries than what is read.
    #[error("`{}` holds more than {limit} files and directories", path.display())]
    TooMany {
        /// The root of the tree.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// A directory, a pipe or a device stands where a regular file is expected.
    #[error("`{}` is not a regular file", path.display())]
    NotAFile {
        /// What stands there.
        path: PathBuf,
    },
    /// A file stands where a folder should be written.
    #[error("cannot write into `{}`: it is not a folder", path.display())]
    NotAFolder {
        /// What stands there.
        path: PathBuf,
    },
    /// A folder stands where a file should be written.
    #[error("cannot write to `{}`: it is a folder", path.display())]
    IsAFolder {
        /// What stands there.
        path: PathBuf,
    },
    /// Something stands where a new file should be written, and is not written over.
    #[error("`{}` is there already, and is not written over", path.display())]
    Exists {
        /// What was to be written.
        path: PathBuf,
    },
    /// Something of a checkout stands where a file should be written.
    #[error("`{}` is not written to: {planted}", path.display())]
    Planted {
        /// What was to be written.
        path: PathBuf,
        /// What stands there.
        planted: Planted,
    },
    /// The text is not UTF-8.
    #[error("`{}` is not UTF-8 text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// Where it stops to be UTF-8.
        source: std::str::Utf8Error,
    },
}

/// What cannot be read was named wrongly; what cannot be written is the machine's fault.
impl Diagnostic for FsError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Io { access: Access::Write, .. } | Self::NotAFolder { .. } | Self::IsAFolder { .. } => {
                FailureKind::Infrastructure
            }
            Self::Io { access: Access::Read, .. }
            | Self::TooLarge { .. }
            | Self::TooMany { .. }
            | Self::NotAFile { .. }
            | Self::Exists { .. }
            | Self::Planted { .. }
            | Self::NotText { .. } => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        matches!(self, Self::Planted { .. })
            .then(|| "whoever wrote the checkout could have put it there: remove it, or name a file elsewhere".into())
    }
}

impl FsError {
    pub(crate) fn reading<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io { path: path.to_owned(), action, access: Access::Read, source }
    }

    pub(crate) fn writing<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io { path: path.to_owned(), action, access: Access::Write, source }
    }

    /// The file or directory that it is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. }
            | Self::TooLarge { path, .. }
            | Self::TooMany { path, .. }
            | Self::NotAFile { path }
            | Self::NotAFolder { path }
            | Self::IsAFolder { path }
            | Self::Exists { path }
            | Self::Planted { path, .. }
            | Self::NotText { path, .. } => path,
        }
    }

    /// Whether the file is simply not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}
