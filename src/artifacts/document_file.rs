//! A document in a file, for those who read it in windows.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};

use crate::canonical::{Source, Unsuited};
use crate::host::fs::{self, FsError};
use crate::model::limits;

/// How much of a file is read at once.
const WINDOW: usize = 256 << 10;

/// A file that is read from its beginning, and again if need be: that very file, also where another takes its name. If it
/// changes meanwhile, the last reading counts.
pub struct InFile {
    path: PathBuf,
    file: File,
    size: u64,
}

impl InFile {
    /// Opens it.
    ///
    /// # Errors
    /// Where it is not a regular file, cannot be read or is too large.
    pub fn open(path: &Path) -> Result<Self, FsError> {
        let (path, (file, size)) = (path.to_owned(), fs::open(path)?);
        let limit = limits::MAX_DOCUMENT_BYTES;
        if size > limit { Err(FsError::TooLarge { path, limit }) } else { Ok(Self { path, file, size }) }
    }

    /// How many bytes it had when it was opened.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads it as a whole.
    ///
    /// # Errors
    /// Where it cannot be read or is too large.
    pub fn whole(&mut self) -> Result<Vec<u8>, FsError> {
        self.file.rewind().map_err(FsError::reading("read", &self.path))?;
        fs::read_opened(&self.file, self.size, &self.path, limits::MAX_DOCUMENT_BYTES)
    }

    /// How much of it to read at a time: no more than there is, and one byte to see that it ends.
    pub fn window(&self) -> usize {
        usize::try_from(self.size).unwrap_or(WINDOW).saturating_add(1).min(WINDOW)
    }
}

impl Source for InFile {
    fn fill(&mut self, room: &mut [u8]) -> Result<usize, Unsuited> {
        self.file.read(room).map_err(|_| Unsuited)
    }

    fn restart(&mut self) -> Result<(), Unsuited> {
        self.file.rewind().map_err(|_| Unsuited)
    }
}
