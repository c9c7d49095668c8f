//! Writing below a root that cannot be left.
//!
//! Every call goes through a directory handle, and no path has a link on its way: [`super::tree`] resolved them. While a
//! root filesystem is made its directories are open to their owner alone.

use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, Permissions};

use crate::host::fs::FsError;
use crate::host::hash::Hashing;
use crate::model::digest::Digest;
use crate::rootfs::layer::{LayerError, Modified, stream_error};
use crate::rootfs::tree::Step;

/// The folder that becomes a root filesystem.
pub(crate) struct Disk {
    path: PathBuf,
    root: Dir,
}

impl Disk {
    /// Makes the folder `path` and opens it.
    pub(crate) fn create(path: &Path) -> Result<Self, FsError> {
        std::fs::create_dir(path).map_err(FsError::writing("create", path))?;
        let root = Dir::open_ambient_dir(path, ambient_authority()).map_err(FsError::reading("open", path))?;
        Ok(Self { path: path.to_owned(), root })
    }

    /// Does what the tree says, in its order.
    pub(crate) fn run(&self, steps: Vec<Step>) -> Result<(), FsError> {
        for step in steps {
            let (action, path, done) = match &step {
                Step::Directory(path) => ("create", path, self.make_directory(as_path(path))),
                Step::Remove(path) => ("remove", path, self.root.remove_file(as_path(path))),
                Step::RemoveAll(path) => ("remove", path, self.root.remove_dir_all(as_path(path))),
            };
            done.map_err(|error| self.failed(action, path, error))?;
        }
        Ok(())
    }

    fn make_directory(&self, path: &Path) -> io::Result<()> {
        self.root.create_dir(path)?;
        self.root.set_permissions(path, Permissions::from_std(PermissionsExt::from_mode(0o700)))
    }

    /// Writes a new file; tells its digest and its length, which is less than announced where the stream was cut short.
    pub(crate) fn file(
        &self,
        path: &[u8],
        mode: u32,
        modified: Modified,
        data: &mut dyn Read,
    ) -> Result<(Digest, u64), LayerError> {
        let failed = |error| self.failed("write", path, error);
        let options = self.root.open_with(as_path(path), OpenOptions::new().write(true).create_new(true));
        let mut file = options.map_err(failed)?.into_std();
        let mut hashing = Hashing::new(&mut file);
        let mut buffer = [0; 64 * 1024];
        loop {
            let count = match data.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(stream_error(error, 0)),
            };
            io::Write::write_all(&mut hashing, &buffer[..count]).map_err(failed)?;
        }
        let (_, digest, length) = hashing.finish();
        file.set_permissions(PermissionsExt::from_mode(mode)).map_err(failed)?;
        if let Some(time) = system_time(modified) {
            file.set_modified(time).map_err(failed)?;
        }
        Ok((digest, length))
    }

    /// Gives a file one more name.
    pub(crate) fn hard_link(&self, from: &[u8], to: &[u8]) -> Result<(), FsError> {
        let linked = self.root.hard_link(as_path(from), &self.root, as_path(to));
        linked.map_err(|error| self.failed("link", to, error))
    }

    /// Makes a symbolic link that says exactly `target`.
    pub(crate) fn symlink(&self, target: &[u8], path: &[u8], modified: Modified) -> Result<(), FsError> {
        let linked = self.root.symlink_contents(as_path(target), as_path(path));
        let linked = linked.and_then(|()| set_time(&self.root, as_path(path), modified));
        linked.map_err(|error| self.failed("link", path, error))
    }

    /// Gives a directory its own mode and time, now that nothing is written into it any more.
    pub(crate) fn finish_directory(&self, path: &[u8], mode: u32, modified: Modified) -> Result<(), FsError> {
        let at = if path.is_empty() { Path::new(".") } else { as_path(path) };
        let set = self.root.set_permissions(at, Permissions::from_std(PermissionsExt::from_mode(mode)));
        let set = set.and_then(|()| set_time(&self.root, at, modified));
        set.map_err(|error| self.failed("set mode and time of", path, error))
    }

    fn failed(&self, action: &'static str, path: &[u8], error: io::Error) -> FsError {
        FsError::writing(action, &self.path.join(as_path(path)))(error)
    }
}

fn as_path(bytes: &[u8]) -> &Path {
    Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes))
}

/// The instant, where the machine can say it.
fn system_time(Modified { seconds, nanoseconds }: Modified) -> Option<SystemTime> {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let at =
        if seconds < 0 { SystemTime::UNIX_EPOCH.checked_sub(whole) } else { SystemTime::UNIX_EPOCH.checked_add(whole) };
    at?.checked_add(Duration::from_nanos(nanoseconds.into()))
}

#[cfg(target_os = "linux")]
fn set_time(root: &Dir, path: &Path, Modified { seconds, nanoseconds }: Modified) -> io::Result<()> {
    let at = rustix::fs::Timespec { tv_sec: seconds, tv_nsec: nanoseconds.into() };
    let times = rustix::fs::Timestamps { last_access: at, last_modification: at };
    Ok(rustix::fs::utimensat(root, path, &times, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn set_time(_: &Dir, _: &Path, _: Modified) -> io::Result<()> {
    Ok(())
}
