//! Folders for a while: each goes with its value, or with the process that is interrupted, and what a process that was
//! killed has left goes with the next run.
//!
//! ```text
//! TMPDIR/stella-<user's number>/             of this user alone; gone when nothing is in it
//!   stella-<12 letters and digits>/          of this user alone
//!     owner                                  locked for as long as the folder is in use; the kernel lets go of it
//!     run/                                   what the folder is for
//! ```
//!
//! They lie together so that whoever sweeps need not read all that lies in `TMPDIR`, which may be much. Where another user
//! has the outer folder, the inner ones lie in `TMPDIR` itself, and all of that is read.
//!
//! Invariants: a folder is swept only by who holds the lock of its `owner`, so never one that a living process uses, in
//! whatever container; never one of another user, and never one that is not of this form.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Once;

use crate::host::ending::{self, Hold};
use crate::host::removal::remove_tree;

const PREFIX: &str = "stella-";
/// Letters and digits behind the prefix.
const LETTERS: usize = 12;
const OWNER: &str = "owner";
const RUN: &str = "run";
const WORDS: &str = "A folder of a run of stella. It can be removed when stella has ended.\n";

/// A private folder; gone with the value.
#[derive(Debug)]
pub struct Scratch {
    top: PathBuf,
    path: PathBuf,
    /// Before [`Self::_owner`], which must outlast it.
    _hold: Hold,
    _outer: Option<Hold>,
    _owner: File,
}

impl Scratch {
    /// Makes one where temporary files belong.
    ///
    /// # Errors
    /// When it cannot be made or locked.
    pub fn new() -> io::Result<Self> {
        sweep_once();
        Self::unswept()
    }

    /// The same for who calls [`sweep_once`] later, when nobody waits for it.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn unswept() -> io::Result<Self> {
        Self::new_in(&std::env::temp_dir())
    }

    fn new_in(parent: &Path) -> io::Result<Self> {
        loop {
            let shared = shared::make(parent);
            let outer = shared.clone().map(ending::hold_shared).transpose()?;
            let place = shared.as_deref().unwrap_or(parent);
            // As one step: whoever is interrupted between the two would leave it.
            let made = ending::hold_folder(|| {
                let top = tempfile::Builder::new().prefix(PREFIX).rand_bytes(LETTERS).tempdir_in(place)?.keep();
                Ok((top.clone(), top))
            });
            let (made, hold) = match made {
                // Somebody has removed it as an empty one.
                Err(gone) if gone.kind() == io::ErrorKind::NotFound && shared.is_some() => continue,
                made => made?,
            };
            match own(&made) {
                Ok(Some(owner)) => {
                    return Ok(Self { path: made.join(RUN), top: made, _hold: hold, _outer: outer, _owner: owner });
                }
                // Somebody has taken it for nobody's before it was locked.
                Ok(None) => {}
                Err(error) => {
                    remove_tree(&made).ok();
                    return Err(error);
                }
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.top).ok();
    }
}

/// Locks the folder `top` for this process; `None` where it is gone.
fn own(top: &Path) -> io::Result<Option<File>> {
    let gone = |error: io::Error| if error.kind() == io::ErrorKind::NotFound { Ok(None) } else { Err(error) };
    let mut owner = match File::create_new(top.join(OWNER)) {
        Ok(owner) => owner,
        Err(error) => return gone(error),
    };
    if owner.lock().is_err() {
        // A file system without locks: without its owner the folder is never swept.
        fs::remove_file(top.join(OWNER)).or_else(|error| gone(error).map(|_| ()))?;
        return fs::create_dir(top.join(RUN)).map(|()| Some(owner)).or_else(gone);
    }
    owner.write_all(WORDS.as_bytes())?;
    // Whoever held the lock before has removed it.
    if !top.join(OWNER).exists() {
        return Ok(None);
    }
    fs::create_dir(top.join(RUN)).map(|()| Some(owner)).or_else(gone)
}

/// Removes a folder by its [`Scratch::path`]: for who outlives its maker.
///
/// # Errors
/// When something of it cannot be removed.
pub fn remove_by_path(path: &Path) -> io::Result<()> {
    remove(path.parent().unwrap_or(path))
}

/// Removes the folder `top`, and last of it what shows whose it is.
fn remove(top: &Path) -> io::Result<()> {
    remove_tree(&top.join(RUN))?;
    remove_tree(top)?;
    top.parent().into_iter().for_each(shared::leave);
    Ok(())
}

/// Removes what earlier processes have left; once in the life of this one.
pub fn sweep_once() {
    static SWEPT: Once = Once::new();
    SWEPT.call_once(|| sweep_all(&std::env::temp_dir()));
}

/// Removes what earlier processes have left below `parent`.
fn sweep_all(parent: &Path) {
    match shared::find(parent) {
        shared::Found::Nothing => {}
        shared::Found::Own(place) => {
            sweep(&place);
            shared::leave(&place);
        }
        shared::Found::Foreign => sweep(parent),
    }
}

/// The folder in which those of this user lie together.
#[cfg(target_os = "linux")]
mod shared {
    use std::fs;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    use std::path::{Path, PathBuf};

    use super::PREFIX;

    pub(super) enum Found {
        Nothing,
        Own(PathBuf),
        /// Something that another user may have made to be found here.
        Foreign,
    }

    fn name() -> String {
        format!("{PREFIX}{}", rustix::process::geteuid().as_raw())
    }

    /// Finds it in `parent`; it is this user's if nobody else can put anything into it.
    pub(super) fn find(parent: &Path) -> Found {
        let place = parent.join(name());
        let user = rustix::process::geteuid().as_raw();
        match place.symlink_metadata() {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => Found::Nothing,
            Ok(found) if found.is_dir() && found.uid() == user && found.mode() & 0o022 == 0 => Found::Own(place),
            _ => Found::Foreign,
        }
    }

    /// Makes it in `parent`, if it is not there; `None` where it cannot be this user's.
    pub(super) fn make(parent: &Path) -> Option<PathBuf> {
        fs::DirBuilder::new().mode(0o700).create(parent.join(name())).ok();
        if let Found::Own(place) = find(parent) { Some(place) } else { None }
    }

    /// Removes it if it is one and is empty.
    pub(super) fn leave(place: &Path) {
        if place.file_name().is_some_and(|found| found == name().as_str()) {
            fs::remove_dir(place).ok();
        }
    }
}

/// Here nothing is swept.
#[cfg(not(target_os = "linux"))]
mod shared {
    use std::path::{Path, PathBuf};

    #[expect(dead_code, reason = "what there is on Linux")]
    pub(super) enum Found {
        Nothing,
        Own(PathBuf),
        Foreign,
    }

    pub(super) fn find(_parent: &Path) -> Found {
        Found::Nothing
    }

    pub(super) fn make(_parent: &Path) -> Option<PathBuf> {
        None
    }

    pub(super) fn leave(_place: &Path) {}
}

/// Removes every folder in `parent` that is of this form, of this user, and nobody's.
#[cfg(target_os = "linux")]
fn sweep(parent: &Path) {
    use std::os::unix::fs::MetadataExt;

    let user = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        // Most of what lies there is not: it is told by its name alone.
        if !entry.file_name().to_str().is_some_and(is_formed) {
            continue;
        }
        let top = entry.path();
        // Of the entry itself, where it is a link.
        if !entry.metadata().is_ok_and(|found| found.is_dir() && found.uid() == user) {
            continue;
        }
        // One whose maker was killed before it could lock it is empty; one that is just being made is made again.
        if fs::remove_dir(&top).is_ok() {
            continue;
        }
        if let Some(_owner) = abandoned(&top) {
            remove(&top).ok();
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn sweep(_parent: &Path) {}

/// The lock of a folder that nobody has.
#[cfg(target_os = "linux")]
fn abandoned(top: &Path) -> Option<File> {
    use rustix::fs::{CWD, Mode, OFlags, fstat, openat};
    use std::io::Read;

    // A program that ran without walls may have put anything there: nothing is followed, nothing is waited for.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut owner = File::from(openat(CWD, top.join(OWNER), flags, Mode::empty()).ok()?);
    owner.try_lock().ok()?;
    // No name is left of it where another process has swept it meanwhile.
    if !owner.metadata().ok()?.is_file() || fstat(&owner).ok()?.st_nlink != 1 {
        return None;
    }
    let mut words = String::new();
    (&mut owner).take(WORDS.len() as u64 + 1).read_to_string(&mut words).ok()?;
    // Half of them where its maker was killed in between.
    WORDS.starts_with(words.as_str()).then_some(owner)
}

#[cfg(target_os = "linux")]
fn is_formed(name: &str) -> bool {
    let letters = name.strip_prefix(PREFIX);
    let letters = letters.map(|letters| letters.strip_suffix(ending::ASIDE).unwrap_or(letters));
    letters.is_some_and(|letters| letters.len() == LETTERS && letters.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A folder as a process that was killed leaves it.
    fn left(dir: &Path, name: &str, words: &str) {
        fs::create_dir_all(dir.join(name).join("run/input")).unwrap();
        fs::write(dir.join(name).join(OWNER), words).unwrap();
    }

    #[test]
    fn a_folder_goes_with_its_value_and_is_not_swept_before() {
        let dir = tempfile::tempdir().unwrap();
        let scratch = Scratch::new_in(dir.path()).unwrap();
        let other = Scratch::new_in(dir.path()).unwrap();
        fs::write(scratch.path().join("file"), "x").unwrap();
        assert_eq!(names(dir.path()).len(), 1);
        sweep_all(dir.path());
        assert!(scratch.path().join("file").exists());
        drop(scratch);
        assert!(other.path().exists());
        drop(other);
        assert_eq!(names(dir.path()), [] as [String; 0]);
    }

    /// What lies in the folder for temporary files is not read, however much it is.
    #[test]
    fn what_was_left_is_found_where_it_lies() {
        let dir = tempfile::tempdir().unwrap();
        let scratch = Scratch::new_in(dir.path()).unwrap();
        let place = scratch.top.parent().unwrap().to_owned();
        left(&place, "stella-000000000001", WORDS);
        left(dir.path(), "stella-000000000002", WORDS);
        sweep_all(dir.path());
        assert_eq!(names(&place), [scratch.top.file_name().unwrap().to_str().unwrap()]);
        drop(scratch);
        left(&place, "stella-000000000001", WORDS);
        sweep_all(dir.path());
        assert_eq!(names(dir.path()), ["stella-000000000002"]);
    }

    /// Another user may have made it, to decide about what lies in it: then all is as if there were none.
    #[test]
    fn a_folder_that_others_can_change_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let place = dir.path().join(format!("stella-{}", rustix::process::geteuid().as_raw()));
        let used = || {
            left(dir.path(), "stella-000000000001", WORDS);
            let scratch = Scratch::new_in(dir.path()).unwrap();
            assert_eq!(scratch.top.parent(), Some(dir.path()));
            drop(scratch);
            sweep_all(dir.path());
            assert_eq!(names(dir.path()), [place.file_name().unwrap().to_str().unwrap()]);
        };
        symlink(outside.path(), &place).unwrap();
        used();
        fs::remove_file(&place).unwrap();
        fs::create_dir(&place).unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o777)).unwrap();
        used();
    }

    #[test]
    fn what_is_nobodys_is_swept_and_nothing_else() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        left(dir.path(), "stella-000000000001", WORDS);
        left(dir.path(), "stella-000000000002", "");
        left(dir.path(), "stella-000000000003-ended", &WORDS[..10]);
        fs::create_dir(dir.path().join("stella-000000000004")).unwrap();
        // Not of the form: by their names, by what `owner` is or says, or by being a link.
        left(dir.path(), "stella-results", WORDS);
        left(dir.path(), "stella-0000000000005", WORDS);
        left(dir.path(), "stella-notes0000001", "mine");
        fs::create_dir_all(dir.path().join("stella-notes0000002/run")).unwrap();
        left(outside.path(), "stella-000000000006", WORDS);
        symlink(outside.path().join("stella-000000000006"), dir.path().join("stella-000000000006")).unwrap();
        fs::create_dir_all(dir.path().join("stella-000000000007/run")).unwrap();
        symlink(outside.path().join("stella-000000000006/owner"), dir.path().join("stella-000000000007/owner"))
            .unwrap();
        fs::create_dir_all(dir.path().join("stella-000000000008/run")).unwrap();
        let queue = dir.path().join("stella-000000000008/owner");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &queue,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        sweep(dir.path());
        let kept = [
            "stella-0000000000005",
            "stella-000000000006",
            "stella-000000000007",
            "stella-000000000008",
            "stella-notes0000001",
            "stella-notes0000002",
            "stella-results",
        ];
        assert_eq!(names(dir.path()), kept);
        assert!(outside.path().join("stella-000000000006/run/input").exists());
    }

    #[test]
    fn whoever_is_swept_while_making_makes_again() {
        let dir = tempfile::tempdir().unwrap();
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        sweep_all(dir.path());
                    }
                });
            }
            let all_there = (0..300).all(|_| {
                let scratch = Scratch::new_in(dir.path()).unwrap();
                fs::write(scratch.path().join("file"), "x").is_ok() && scratch.path().join("file").exists()
            });
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            assert!(all_there);
        });
        assert_eq!(names(dir.path()), [] as [String; 0]);
    }
}
