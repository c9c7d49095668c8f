//! Writing that is whole or absent, also after a crash.
//!
//! The order is always: bytes into a temporary file, bytes to disk, rename, directory to disk. A name therefore never
//! stands for half a file. What a killed process leaves behind is a temporary file, which [`sweep`] removes.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::{NamedTempFile, TempDir, TempPath};

use crate::host::ending::{self, Hold};
use crate::host::fs::error::FsError;
use crate::host::fs::planted::{self, Writing};
use crate::host::removal::remove_tree;

/// How the names of temporary files begin.
pub const TEMP_PREFIX: &str = ".stella-tmp-";

/// Writes `bytes` to `path`, replacing what is there; readers see the old file or the new one.
///
/// # Errors
/// [`FsError::Io`]; the old file is then untouched.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let mut staged = Staged::beside(path)?;
    staged.write_all(bytes).map_err(FsError::writing("write", path))?;
    staged.publish(path)
}

/// Writes a file that a user named, whole or not at all, with the folders on the way to it.
///
/// A link, a pipe or a device is written to and never replaced: `/dev/stdout` must stay what it is.
///
/// # Errors
/// [`FsError::IsAFolder`], [`FsError::NotAFolder`] for what stands on the way, [`FsError::Planted`] for what a checkout put there, else
/// [`FsError::Io`].
pub fn write_output(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    planted::check(path, Writing::Anew)?;
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        ensure_dir(parent)?;
    }
    if path.is_dir() {
        return Err(FsError::IsAFolder { path: path.to_owned() });
    }
    let is_special = fs::symlink_metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir());
    if is_special { fs::write(path, bytes).map_err(FsError::writing("write", path)) } else { write_atomic(path, bytes) }
}

/// Writes a file that only its owner may read, whole or not at all, where nothing stands yet.
///
/// # Errors
/// [`FsError::Exists`], [`FsError::NotAFolder`], [`FsError::Planted`], else [`FsError::Io`].
pub fn write_new_secret(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    planted::check(path, Writing::Anew)?;
    let dir = parent(path);
    ensure_dir(dir)?;
    let mut staged = Staged::new_in(dir)?;
    // Before anything is in it.
    #[cfg(unix)]
    {
        let mode = <Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600);
        staged.file.as_file().set_permissions(mode).map_err(FsError::writing("protect", path))?;
    }
    staged.write_all(bytes).map_err(FsError::writing("write", path))?;
    staged.publish_new(path)
}

/// Whether both paths lead to one file that is there.
pub fn is_same(one: &Path, other: &Path) -> bool {
    match (std::fs::canonicalize(one), std::fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Removes a directory with all that is in it; one that does not exist is removed already.
///
/// # Errors
/// [`FsError::Io`].
pub fn remove_dir_if_present(dir: &Path) -> Result<(), FsError> {
    remove_tree(dir).map_err(FsError::writing("remove", dir))
}

/// Removes a file; one that does not exist is removed already.
///
/// # Errors
/// [`FsError::Io`].
pub fn remove_file_if_present(path: &Path) -> Result<(), FsError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(FsError::writing("remove", path)),
    }
}

/// Refuses a name under which no folder can be made, or only elsewhere, before anything is done: what stands there, or on the way to
/// it, is something else.
///
/// # Errors
/// [`FsError::NotAFolder`], [`FsError::Planted`].
pub fn check_output_dir(dir: &Path) -> Result<(), FsError> {
    planted::check(dir, Writing::Anew)?;
    check_way(dir)
}

fn check_way(dir: &Path) -> Result<(), FsError> {
    let there = dir.ancestors().filter(|dir| !dir.as_os_str().is_empty()).find(|dir| dir.symlink_metadata().is_ok());
    match there {
        Some(path) if !path.is_dir() => Err(FsError::NotAFolder { path: path.to_owned() }),
        _ => Ok(()),
    }
}

/// Creates `dir` and what is missing above it, each of them on disk before this returns.
///
/// # Errors
/// [`FsError::Io`].
pub fn ensure_dir(dir: &Path) -> Result<(), FsError> {
    check_way(dir)?;
    let mut missing: Vec<&Path> =
        dir.ancestors().take_while(|dir| !dir.as_os_str().is_empty() && !dir.is_dir()).collect();
    while let Some(dir) = missing.pop() {
        match fs::create_dir(dir) {
            Ok(()) => sync_dir(parent(dir))?,
            // Another process was faster.
            Err(_) if dir.is_dir() => {}
            Err(error) => return Err(FsError::writing("create", dir)(error)),
        }
    }
    Ok(())
}

/// Lets everyone execute a file, such as a scanner that was restored from a store.
///
/// # Errors
/// [`FsError::Io`].
#[cfg(unix)]
pub fn make_executable(path: &Path) -> Result<(), FsError> {
    let mode = <Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
    fs::set_permissions(path, mode).map_err(FsError::writing("make executable", path))
}

/// Whether somebody may execute a file.
#[cfg(unix)]
pub fn is_executable(file: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(file) & 0o111 != 0
}

/// Other systems know no such right.
#[cfg(not(unix))]
pub fn is_executable(_: &fs::Metadata) -> bool {
    true
}

/// A file without a name yet: it vanishes unless it is published.
#[derive(Debug)]
pub struct Staged {
    file: NamedTempFile,
    hold: Hold,
}

impl Staged {
    /// Starts one in `dir`, which must be on the file system of the later name.
    ///
    /// # Errors
    /// [`FsError::Io`].
    pub fn new_in(dir: &Path) -> Result<Self, FsError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMP_PREFIX);
        #[cfg(unix)]
        builder.permissions(<Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666));
        let made = ending::hold_file(|| {
            let file = builder.tempfile_in(dir)?;
            let path = file.path().to_owned();
            Ok((file, path))
        });
        let (file, hold) = made.map_err(FsError::writing("create a temporary file in", dir))?;
        Ok(Self { file, hold })
    }

    /// Starts one in the directory of `path`, its later name.
    ///
    /// # Errors
    /// [`FsError::Io`].
    pub fn beside(path: &Path) -> Result<Self, FsError> {
        Self::new_in(parent(path))
    }

    /// Gives it its name, durably.
    ///
    /// # Errors
    /// [`FsError::Io`]; the name then stands for what it stood for before.
    pub fn publish(self, path: &Path) -> Result<(), FsError> {
        self.file.as_file().sync_all().map_err(FsError::writing("flush", path))?;
        self.file.persist(path).map_err(|error| FsError::writing("rename to", path)(error.error))?;
        sync_dir(parent(path))
    }

    /// Gives it its name, durably, where nothing has that name yet.
    ///
    /// # Errors
    /// [`FsError::Exists`], [`FsError::Io`].
    fn publish_new(self, path: &Path) -> Result<(), FsError> {
        self.file.as_file().sync_all().map_err(FsError::writing("flush", path))?;
        match self.file.persist_noclobber(path) {
            Ok(_) => sync_dir(parent(path)),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(FsError::Exists { path: path.to_owned() })
            }
            Err(error) => Err(FsError::writing("rename to", path)(error.error)),
        }
    }

    /// Closes it for a later [`rename_all`] under `path`.
    pub fn seal(self, path: PathBuf) -> Sealed {
        Sealed { temp: self.file.into_temp_path(), path, _hold: self.hold }
    }
}

impl Write for Staged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A directory that gets its name when everything is in it; it vanishes unless it is published.
///
/// It does not wait for the disk: for what can be made again.
#[derive(Debug)]
pub struct StagedDir {
    temp: TempDir,
    _hold: Hold,
}

impl StagedDir {
    /// Starts one beside `path`, its later name; what is missing above is made.
    ///
    /// # Errors
    /// [`FsError::Io`].
    pub fn beside(path: &Path) -> Result<Self, FsError> {
        let dir = parent(path);
        ensure_dir(dir)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMP_PREFIX);
        // Published it is a directory as any other: the umask says who may read it.
        #[cfg(unix)]
        builder.permissions(<Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o777));
        let made = ending::hold_folder(|| {
            let temp = builder.tempdir_in(dir)?;
            let path = temp.path().to_owned();
            Ok((temp, path))
        });
        let (temp, hold) = made.map_err(FsError::writing("create a temporary directory in", dir))?;
        Ok(Self { temp, _hold: hold })
    }

    /// Where it is until then.
    pub fn path(&self) -> &Path {
        self.temp.path()
    }

    /// Waits until all that is in it is on disk: for what is trusted later because of its name.
    ///
    /// # Errors
    /// [`FsError::Io`].
    pub fn flush(&self) -> Result<(), FsError> {
        sync_file_system(self.path())
    }

    /// Gives it its name, under which nothing may stand but an empty directory.
    ///
    /// # Errors
    /// [`FsError::Io`].
    pub fn publish(self, path: &Path) -> Result<(), FsError> {
        fs::rename(self.temp.path(), path).map_err(FsError::writing("rename to", path))?;
        // Under its new name it is no longer temporary.
        let _ = self.temp.keep();
        Ok(())
    }
}

/// A written file that waits for its name; it vanishes unless [`rename_all`] takes it.
#[derive(Debug)]
pub struct Sealed {
    temp: TempPath,
    path: PathBuf,
    _hold: Hold,
}

impl Sealed {
    /// Where its bytes are until then.
    pub fn temporary(&self) -> &Path {
        &self.temp
    }
}

/// Gives many files, all on one file system, their names: all bytes to disk, then all renames, then all directories to
/// disk.
///
/// No name appears before the bytes of *every* file are on disk. A crash between the renames leaves some names and not
/// others, each of them whole.
///
/// # Errors
/// [`FsError::Io`].
pub fn rename_all(files: Vec<Sealed>) -> Result<(), FsError> {
    sync_files(&files)?;
    let mut dirs: Vec<PathBuf> = files.iter().map(|file| parent(&file.path).to_owned()).collect();
    dirs.sort();
    dirs.dedup();
    for Sealed { temp, path, .. } in files {
        temp.persist(&path).map_err(|error| FsError::writing("rename to", &path)(error.error))?;
    }
    dirs.iter().try_for_each(|dir| sync_dir(dir))
}

/// One flush of the whole file system costs less than one per file.
#[cfg(target_os = "linux")]
fn sync_files(files: &[Sealed]) -> Result<(), FsError> {
    files.first().map_or(Ok(()), |first| sync_file_system(&first.temp))
}

/// Everything on the file system of `path` to disk.
#[cfg(target_os = "linux")]
fn sync_file_system(path: &Path) -> Result<(), FsError> {
    let file = File::open(path).map_err(FsError::writing("open", path))?;
    rustix::fs::syncfs(&file).map_err(|errno| FsError::writing("flush", path)(errno.into()))
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system(path: &Path) -> Result<(), FsError> {
    sync_dir(path)
}

#[cfg(not(target_os = "linux"))]
fn sync_files(files: &[Sealed]) -> Result<(), FsError> {
    files.iter().try_for_each(|Sealed { temp, .. }| {
        File::open(temp).and_then(|file| file.sync_all()).map_err(FsError::writing("flush", temp))
    })
}

pub(super) fn sync_dir(dir: &Path) -> Result<(), FsError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(FsError::writing("flush", dir))
}

/// Removes temporary files and directories in `dir` that are older than `age`; returns how many.
///
/// Age is by the machine's own clock: a clock frozen for a test must not remove what another process is writing.
///
/// # Errors
/// [`FsError::Io`] when the directory cannot be listed; a file that cannot be removed is left.
pub fn sweep(dir: &Path, age: Duration) -> Result<usize, FsError> {
    let now = SystemTime::now();
    let old = |entry: &fs::DirEntry| {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        modified.is_ok_and(|time| now.duration_since(time).is_ok_and(|elapsed| elapsed > age))
    };
    let entries = fs::read_dir(dir).map_err(FsError::reading("list", dir))?;
    let ours = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(TEMP_PREFIX.as_bytes()));
    let removed = |entry: &fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => remove_tree(&entry.path()).is_ok(),
        _ => fs::remove_file(entry.path()).is_ok(),
    };
    Ok(ours.filter(old).filter(removed).count())
}

pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_and_leaves_nothing_beside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("result.json");
        write_atomic(&path, b"one").unwrap();
        write_atomic(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(dir.path()), ["result.json"]);
    }

    #[test]
    fn what_cannot_be_renamed_is_not_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let taken = dir.path().join("taken");
        fs::create_dir(&taken).unwrap();
        let error = write_atomic(&taken, b"x").unwrap_err();
        assert_eq!((error.path(), error.to_string().contains("rename")), (taken.as_path(), true));
        assert_eq!(names(dir.path()), ["taken"]);
        drop(Staged::new_in(dir.path()).unwrap());
        assert_eq!(names(dir.path()), ["taken"]);
    }

    #[test]
    fn directories_are_made_on_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b/c");
        ensure_dir(&deep).unwrap();
        ensure_dir(&deep).unwrap();
        fs::write(dir.path().join("file"), b"").unwrap();
        assert!(ensure_dir(&dir.path().join("file")).is_err());
        assert!(ensure_dir(&dir.path().join("file/under")).is_err());
    }

    #[test]
    fn only_old_temporary_files_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        for name in [".stella-tmp-old", ".stella-tmp-new", "other"] {
            let file = File::create(dir.path().join(name)).unwrap();
            if name != ".stella-tmp-new" {
                file.set_modified(SystemTime::now() - Duration::from_secs(90_000)).unwrap();
            }
        }
        assert_eq!(sweep(dir.path(), Duration::from_secs(86_400)).unwrap(), 1);
        assert_eq!(names(dir.path()), [".stella-tmp-new", "other"]);
    }

    #[test]
    fn a_staged_directory_becomes_one_as_any_other() {
        let mode = |path: &Path| std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
        let dir = tempfile::tempdir().unwrap();
        let (plain, staged) = (dir.path().join("plain"), dir.path().join("staged"));
        fs::create_dir(&plain).unwrap();
        StagedDir::beside(&staged).unwrap().publish(&staged).unwrap();
        assert_eq!(mode(&staged), mode(&plain));
    }
}
