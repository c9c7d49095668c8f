//! Appending whole lines to a file that others may append to as well.
//!
//! One write at the end of the file, under a lock, then to disk. What a killed writer leaves is whole lines and at most one
//! that ends in the middle; the next writer ends that one before it begins its own, so that two are never joined.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::host::fs::error::FsError;
use crate::host::fs::planted::{self, Writing};
use crate::host::fs::write::{ensure_dir, parent, sync_dir};

/// Appends `lines`, each with its line break, to a file that is made where it is missing.
///
/// # Errors
/// [`FsError::NotAFile`] for anything but a regular file, [`FsError::Planted`] for what a checkout put there, else [`FsError::Io`].
pub fn append_lines(path: &Path, lines: &str) -> Result<(), FsError> {
    planted::check(path, Writing::InPlace)?;
    let exists = match std::fs::metadata(path) {
        // Before it is opened: a pipe would block for ever.
        Ok(metadata) if !metadata.is_file() => return Err(FsError::NotAFile { path: path.to_owned() }),
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(FsError::writing("read", path)(error)),
    };
    if lines.is_empty() {
        return Ok(());
    }
    ensure_dir(parent(path))?;
    let mut file =
        OpenOptions::new().read(true).append(true).create(true).open(path).map_err(FsError::writing("open", path))?;
    lock(&file).map_err(FsError::writing("lock", path))?;
    let torn = ends_in_a_line(&mut file).map_err(FsError::writing("read", path))?;
    let bytes = if torn { format!("\n{lines}") } else { lines.to_owned() };
    file.write_all(bytes.as_bytes()).map_err(FsError::writing("append to", path))?;
    file.sync_all().map_err(FsError::writing("flush", path))?;
    if exists { Ok(()) } else { sync_dir(parent(path)) }
}

/// Waits until no other writer is at work. Where a file system has no locks, the single write has to do.
fn lock(file: &File) -> io::Result<()> {
    match file.lock() {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        other => other,
    }
}

/// Whether the last line has no line break.
fn ends_in_a_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_torn_line_is_ended_and_never_joined() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/history.jsonl");
        append_lines(&path, "one\n").unwrap();
        std::fs::write(&path, "one\ntw").unwrap();
        append_lines(&path, "three\nfour\n").unwrap();
        append_lines(&path, "").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntw\nthree\nfour\n");
    }

    #[test]
    fn many_writers_leave_whole_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.jsonl");
        thread::scope(|scope| {
            for writer in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..10 {
                        let line = format!("{}\n", writer.to_string().repeat(5000));
                        append_lines(path, &line).unwrap();
                    }
                });
            }
        });
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 80);
        assert!(text.lines().all(|line| line.len() == 5000 && line.chars().all(|c| line.starts_with(c))));
    }

    #[test]
    fn only_a_file_is_appended_to() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(append_lines(dir.path(), "x\n"), Err(FsError::NotAFile { .. })));
        assert!(matches!(append_lines(Path::new("/dev/null"), "x\n"), Err(FsError::NotAFile { .. })));
    }
}
