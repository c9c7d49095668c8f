//! Removes what a foreign program may have made: folders that nobody may enter, and folders within folders without end.
//!
//! Invariants: no link is followed and no other file system is entered; neither the stack nor the number of open files
//! grows with the depth of what is removed.

use std::io;
use std::path::Path;

/// Removes `dir` with all that is in it, whatever its permissions; one that does not exist is removed already.
///
/// # Errors
/// When something of it cannot be removed: the rest is gone all the same.
#[cfg(not(target_os = "linux"))]
pub fn remove_tree(dir: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(target_os = "linux")]
pub use linux::remove_tree;

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::{CStr, CString};
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

    use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, chmod, fstat, openat, unlinkat};
    use rustix::io::Errno;

    use super::{Path, io};

    const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

    /// How often all of it is gone through while somebody still adds to it.
    const PATIENCE: usize = 100;

    /// Removes `dir` with all that is in it, whatever its permissions; one that does not exist is removed already.
    ///
    /// # Errors
    /// When something of it cannot be removed: the rest is gone all the same.
    pub fn remove_tree(dir: &Path) -> io::Result<()> {
        let mut rounds = 0;
        loop {
            let top = match enter(CWD, dir) {
                Ok(top) => top,
                Err(Errno::NOENT) => return Ok(()),
                Err(errno) => return Err(errno.into()),
            };
            let failed = clear(top);
            match unlinkat(CWD, dir, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT) => return Ok(()),
                Err(Errno::NOTEMPTY) if failed.is_none() && rounds < PATIENCE => rounds += 1,
                Err(errno) => return Err(failed.unwrap_or(errno).into()),
            }
        }
    }

    /// A folder on the way down: which one it is, and what of it is still to be looked at.
    struct Step {
        inode: u64,
        /// The name of the next step, while that is being gone through.
        below: CString,
        rest: Vec<CString>,
    }

    /// Removes all that is in the folder `at`; returns why the first thing that is left could not be removed.
    ///
    /// Only the lowest folder is open: the way back is by `..`, which nobody but who holds the folder could move.
    fn clear(mut at: OwnedFd) -> Option<Errno> {
        let mut failed = None;
        let mut fail = |errno| {
            failed.get_or_insert(errno);
        };
        let mut above: Vec<Step> = Vec::new();
        let Ok(mut here) = fstat(&at) else { return Some(Errno::IO) };
        let device = here.st_dev;
        let mut rest = names(at.as_fd()).map_err(&mut fail).unwrap_or_default();
        loop {
            let Some(name) = rest.pop() else {
                let Some(step) = above.pop() else { return failed };
                let up = openat(&at, c"..", FOLDER, Mode::empty()).and_then(|up| Ok((fstat(&up)?, up)));
                match up {
                    Ok((found, up)) if (found.st_dev, found.st_ino) == (device, step.inode) => (here, at) = (found, up),
                    // It was moved away: what is above cannot be found from here.
                    _ => return Some(Errno::XDEV),
                }
                match unlinkat(&at, &step.below, AtFlags::REMOVEDIR) {
                    // Somebody adds to it: the next round sees.
                    Ok(()) | Err(Errno::NOENT | Errno::NOTEMPTY) => {}
                    Err(errno) => fail(errno),
                }
                rest = step.rest;
                continue;
            };
            match remove_one(at.as_fd(), &name) {
                Ok(()) => {}
                Err(Errno::NOTEMPTY) => match enter(at.as_fd(), &name).and_then(|below| Ok((fstat(&below)?, below))) {
                    Ok((found, below)) if found.st_dev == device => {
                        let listed = names(below.as_fd()).map_err(&mut fail).unwrap_or_default();
                        let rest_here = std::mem::replace(&mut rest, listed);
                        above.push(Step { inode: here.st_ino, below: name, rest: rest_here });
                        (here, at) = (found, below);
                    }
                    Ok(_) => fail(Errno::XDEV),
                    Err(errno) => fail(errno),
                },
                Err(errno) => fail(errno),
            }
        }
    }

    /// Removes a file, a link or an empty folder; `NOTEMPTY` for any other folder.
    fn remove_one(folder: BorrowedFd<'_>, name: &CStr) -> rustix::io::Result<()> {
        match unlinkat(folder, name, AtFlags::empty()) {
            Err(Errno::ISDIR) => match unlinkat(folder, name, AtFlags::REMOVEDIR) {
                Err(Errno::NOENT) => Ok(()),
                done => done,
            },
            Err(Errno::NOENT) => Ok(()),
            done => done,
        }
    }

    fn names(folder: BorrowedFd<'_>) -> rustix::io::Result<Vec<CString>> {
        let entries = Dir::read_from(folder)?.map(|entry| entry.map(|entry| entry.file_name().to_owned()));
        let own = |name: &CString| matches!(name.as_bytes(), b"." | b"..");
        entries.filter(|name| !name.as_ref().is_ok_and(own)).collect()
    }

    /// Opens a folder, and lets this user do everything in it.
    fn enter(at: BorrowedFd<'_>, name: impl rustix::path::Arg) -> rustix::io::Result<OwnedFd> {
        let found = openat(at, name, FOLDER | OFlags::PATH, Mode::empty())?;
        let mode = Mode::from_raw_mode(fstat(&found)?.st_mode);
        if !mode.contains(Mode::RWXU) {
            // By its descriptor: a name could have become a link meanwhile. Where it fails, so does what follows.
            chmod(format!("/proc/self/fd/{}", found.as_raw_fd()), mode | Mode::RWXU).ok();
        }
        openat(&found, c".", FOLDER, Mode::empty())
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn folders_that_nobody_may_enter_go_and_what_links_point_at_stays() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("kept"), "x").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().join("top");
        fs::create_dir_all(top.join("a/b/c")).unwrap();
        fs::write(top.join("a/b/c/file"), "x").unwrap();
        fs::write(top.join(".stella-removed-1"), "taken").unwrap();
        fs::create_dir_all(top.join(".stella-removed-2/full")).unwrap();
        symlink(outside.path(), top.join("a/link")).unwrap();
        symlink(outside.path(), top.join("link")).unwrap();
        for folder in ["a/b/c", "a/b", "a", "."] {
            fs::set_permissions(top.join(folder), Permissions::from_mode(0o0)).unwrap();
        }
        remove_tree(&top).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        assert!(outside.path().join("kept").exists());
        remove_tree(&top).unwrap();
        symlink(outside.path(), &top).unwrap();
        assert!(remove_tree(&top).is_err() && outside.path().join("kept").exists());
    }

    #[test]
    fn depth_costs_neither_stack_nor_files() {
        use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().join("top");
        fs::create_dir(&top).unwrap();
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut at = openat(CWD, &top, flags, Mode::empty()).unwrap();
        for _ in 0..20_000 {
            mkdirat(&at, "d", Mode::RWXU).unwrap();
            at = openat(&at, "d", flags, Mode::empty()).unwrap();
        }
        drop(at);
        let removal = std::thread::Builder::new().stack_size(256 << 10).spawn(move || remove_tree(&top)).unwrap();
        removal.join().unwrap().unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
