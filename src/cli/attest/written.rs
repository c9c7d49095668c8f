//! Why nothing was signed or written.

use std::path::{Path, PathBuf};

use crate::host::fs;
use crate::model::diagnostic::{Diagnostic, FailureKind};

/// Why nothing was signed or written.
#[derive(Debug, thiserror::Error)]
pub enum Unattested {
    /// A name that would be another as that of a file, or acts upon a terminal.
    #[error("`{0}` is not a name that an attestation is written under")]
    Name(String),
    /// Two files would have the same name, or on some file systems.
    #[error("two files are called `{0}`, or differ in capitals alone")]
    Twice(String),
    /// It would be written over what was read.
    #[error("`{}` is read here, and would be written over: give another place", .0.display())]
    OwnInput(PathBuf),
    /// A folder stands where a file is to be written.
    #[error("`{}` is a folder, and a file is to be written there", .0.display())]
    Folder(PathBuf),
    /// A file is not the same that it was when its statement was made.
    #[error("`{}` has changed while it was attested", .0.display())]
    Changed(PathBuf),
}

/// Refuses to write to `path` over what is read there, whatever leads to it.
///
/// # Errors
/// [`Unattested::OwnInput`].
pub fn not_over<'a>(path: &Path, read: impl IntoIterator<Item = &'a Path>) -> Result<(), Unattested> {
    let over = read.into_iter().find(|read| fs::is_same(read, path));
    over.map_or(Ok(()), |read| Err(Unattested::OwnInput(read.to_owned())))
}

impl Diagnostic for Unattested {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Name(_) | Self::Twice(_) | Self::OwnInput(_) | Self::Folder(_) => FailureKind::Usage,
            Self::Changed(_) => FailureKind::Verification,
        }
    }
}
