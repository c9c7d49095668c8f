//! The sockets in the file system that a run has bound, where it has no file system of its own.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, StatxFlags, fstat, statx};

/// The most sockets in the file system that a run has at a time.
const MOST: usize = 512;

/// Sockets that the run has bound, as the kernel knows them: moving another one to where such a one was, or linking it
/// there, makes none. They are held open, so that their numbers are no other file's.
#[derive(Debug, Default)]
pub(super) struct Bound(BTreeMap<(u64, u64), OwnedFd>);

impl Bound {
    pub(super) fn has(&self, file: impl AsFd) -> bool {
        fstat(file).is_ok_and(|found| self.0.contains_key(&(found.st_dev, found.st_ino)))
    }

    /// Lets go of those that have no name left; whether there is room for another one then.
    pub(super) fn make_room(&mut self) -> bool {
        if self.0.len() >= MOST {
            self.0.retain(|_, file| fstat(file).is_ok_and(|found| found.st_nlink > 0));
        }
        self.0.len() < MOST
    }

    /// Takes `file` for one of the run's, if it is a socket that nobody had before `since`, by the seconds and nanoseconds
    /// of the machine's clock. A file system that does not say when a file was made has none of the run's.
    pub(super) fn add(&mut self, file: OwnedFd, since: (i64, i64)) {
        let wanted = StatxFlags::BTIME | StatxFlags::NLINK | StatxFlags::TYPE;
        let Ok(found) = statx(&file, "", AtFlags::EMPTY_PATH, wanted) else { return };
        let made = (found.stx_btime.tv_sec, i64::from(found.stx_btime.tv_nsec));
        let said = found.stx_mask & StatxFlags::BTIME.bits() != 0;
        let is_socket = FileType::from_raw_mode(found.stx_mode.into()) == FileType::Socket;
        if said
            && is_socket
            && found.stx_nlink == 1
            && made >= since
            && let Ok(found) = fstat(&file)
        {
            self.0.insert((found.st_dev, found.st_ino), file);
        }
    }
}
