//! A document in a file, for those who read it in windows.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::Path;

use crate::canonical::{Source, Unsuited};
use crate::host::fs;
use crate::host::limits;

/// How much of a file is read at once.
const WINDOW: usize = 256 << 10;

/// A file that is read from its beginning, and again if need be. If it changes meanwhile, the last reading counts.
pub struct InFile {
    file: File,
    size: u64,
}

impl InFile {
    /// Opens it, if it is a regular file that can be read and is not too large.
    pub fn open(path: &Path) -> Option<Self> {
        let (file, size) = fs::open(path).ok()?;
        (size <= limits::MAX_DOCUMENT_BYTES).then_some(Self { file, size })
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
