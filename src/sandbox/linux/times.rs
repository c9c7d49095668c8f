//! Times of what the sandbox makes itself: those of the run's clock, so that they are the same whenever it runs.
//!
//! Absent: the times of creation and of the last change of the inode, which only the kernel sets. `lost` names them.

use std::fs;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Timespec, Timestamps, lstat, utimensat};
use rustix::io::{Errno, Result};

use crate::sandbox::spec::Clock;

/// The times of a clock that stands.
pub(super) fn of(clock: Clock) -> Option<Timestamps> {
    let Clock::Frozen(instant) = clock else { return None };
    let nanoseconds = instant.as_nanosecond();
    let second = 1_000_000_000;
    let at = Timespec {
        tv_sec: i64::try_from(nanoseconds.div_euclid(second)).unwrap_or(0),
        tv_nsec: i64::try_from(nanoseconds.rem_euclid(second)).unwrap_or(0),
    };
    Some(Timestamps { last_access: at, last_modification: at })
}

/// Gives `folder`, and all below it on its own file system, the times of a clock that stands. What is mounted there keeps
/// its own.
pub(super) fn set_below(folder: &Path, clock: Clock) -> Result<()> {
    let Some(times) = of(clock) else { return Ok(()) };
    below(folder, lstat(folder)?.st_dev, &times)
}

fn below(path: &Path, device: u64, times: &Timestamps) -> Result<()> {
    let found = lstat(path)?;
    if found.st_dev != device {
        return Ok(());
    }
    if FileType::from_raw_mode(found.st_mode) == FileType::Directory {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            below(&entry.path(), device, times)?;
        }
    }
    // After its entries: to list them is to access it.
    match utimensat(CWD, path, times, AtFlags::SYMLINK_NOFOLLOW) {
        // What covers another file, which got them where it lies.
        Err(Errno::ROFS) => Ok(()),
        done => done,
    }
}
