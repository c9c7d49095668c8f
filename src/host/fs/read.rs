//! Bounded reading.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::host::fs::error::FsError;
use crate::host::hash::Hashing;
use crate::model::digest::Digest;

/// Whether nothing is there. What may not be looked at is there: whoever opens it is told so.
pub fn is_missing(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
        || fs::metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

/// Opens a regular file for reading and tells its length in bytes. Symbolic links are followed.
///
/// # Errors
/// [`FsError::NotAFile`] for anything but a regular file (a pipe would block for ever), else [`FsError::Io`].
pub fn open(path: &Path) -> Result<(File, u64), FsError> {
    if !fs::metadata(path).map_err(FsError::reading("read", path))?.is_file() {
        return Err(FsError::NotAFile { path: path.to_owned() });
    }
    let file = File::open(path).map_err(FsError::reading("open", path))?;
    let length = file.metadata().map_err(FsError::reading("read", path))?.len();
    Ok((file, length))
}

/// Reads a whole file of at most `limit` bytes.
///
/// # Errors
/// [`FsError::TooLarge`] beyond the limit, [`FsError::NotAFile`], [`FsError::Io`].
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FsError> {
    let (file, length) = open(path)?;
    read_opened(&file, length, path, limit)
}

/// Reads a file up to `most` bytes, and no further.
///
/// # Errors
/// [`FsError::NotAFile`], [`FsError::Io`].
pub fn read_begin(path: &Path, most: u64) -> Result<Vec<u8>, FsError> {
    let (file, _) = open(path)?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(FsError::reading("read", path))?;
    Ok(bytes)
}

/// Reads what is left of an open file of about `length` bytes, which is called `path`, as [`read`] does.
///
/// # Errors
/// [`FsError::TooLarge`] beyond the limit, [`FsError::Io`].
pub fn read_opened(file: &File, length: u64, path: &Path, limit: u64) -> Result<Vec<u8>, FsError> {
    let too_large = || FsError::TooLarge { path: path.to_owned(), limit };
    if length > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(FsError::reading("read", path))?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

/// Reads a whole file of at most `limit` bytes; `None` where there is none.
///
/// # Errors
/// As [`read`], but for a missing file.
pub fn read_if_present(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FsError> {
    match read(path, limit) {
        Err(error) if error.is_not_found() => Ok(None),
        other => other.map(Some),
    }
}

/// Reads a whole file that must lie in `root`: a symbolic link that leads out of it is refused, wherever it stands.
///
/// # Errors
/// As [`read`].
pub fn read_inside(root: &Path, path: &Path, limit: u64) -> Result<Vec<u8>, FsError> {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let dir = Dir::open_ambient_dir(root, ambient_authority()).map_err(FsError::reading("open", root))?;
    // Before it is opened: a pipe would block for ever.
    let found = dir.metadata(relative).map_err(FsError::reading("open", path))?;
    if !found.is_file() {
        return Err(FsError::NotAFile { path: path.to_owned() });
    }
    let too_large = || FsError::TooLarge { path: path.to_owned(), limit };
    if found.len() > limit {
        return Err(too_large());
    }
    let file = dir.open(relative).map_err(FsError::reading("open", path))?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(FsError::reading("read", path))?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

/// The digest of a whole file of at most `limit` bytes; it is never held in memory.
///
/// # Errors
/// As [`read`].
pub fn digest(path: &Path, limit: u64) -> Result<Digest, FsError> {
    let (file, _) = open(path)?;
    let mut hashing = Hashing::new(file.take(limit.saturating_add(1)));
    std::io::copy(&mut hashing, &mut std::io::sink()).map_err(FsError::reading("read", path))?;
    let (_, digest, length) = hashing.finish();
    if length > limit { Err(FsError::TooLarge { path: path.to_owned(), limit }) } else { Ok(digest) }
}

/// Reads a whole UTF-8 file of at most `limit` bytes.
///
/// # Errors
/// As [`read`], and [`FsError::NotText`].
pub fn read_text(path: &Path, limit: u64) -> Result<String, FsError> {
    String::from_utf8(read(path, limit)?)
        .map_err(|error| FsError::NotText { path: path.to_owned(), source: error.utf8_error() })
}

/// The path from the root, without a look at what stands there.
///
/// # Errors
/// [`FsError::Io`] for an empty path, and where there is no working directory.
pub fn absolute(path: &Path) -> Result<PathBuf, FsError> {
    std::path::absolute(path).map_err(FsError::reading("find", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_inclusive_and_errors_name_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("four");
        fs::write(&path, b"1234").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"1234");
        assert!(matches!(read(&path, 3), Err(FsError::TooLarge { limit: 3, .. })));
        assert_eq!(read(&path, 3).unwrap_err().path(), path);
    }

    #[test]
    fn missing_is_told_from_unreadable() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read_if_present(&dir.path().join("none"), 9).unwrap(), None);
        assert!(matches!(read_if_present(dir.path(), 9), Err(FsError::NotAFile { .. })));
        // Endless although its length says 0.
        assert!(matches!(read(Path::new("/dev/zero"), 9), Err(FsError::NotAFile { .. })));
    }

    #[test]
    fn text_is_utf8() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("latin1");
        fs::write(&path, b"caf\xe9").unwrap();
        assert!(matches!(read_text(&path, 9), Err(FsError::NotText { .. })));
    }
}
