//! Sockets in the file system: which file a path means, whether it is one of the run's own, and connections to it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2};
use rustix::io::Errno;
use rustix::net::connect;

use crate::sandbox::linux::arch::Call;
use crate::sandbox::linux::tracee::{self, Pid, Resume};
use crate::sandbox::linux::tracer::address::Address;
use crate::sandbox::linux::tracer::pending::{Attempt, ECONNREFUSED, Pending, attempt};
use crate::sandbox::linux::tracer::{Tracer, answered};

/// Folders that are file systems of the run's own, where it has namespaces.
const OWN: [&str; 4] = ["", "tmp", "var/tmp", "dev/shm"];

impl Tracer<'_> {
    /// The file systems of the run's own, by their devices.
    pub(super) fn own_devices(&self, pid: Pid) -> Result<BTreeSet<u64>, Errno> {
        let root = root_of(pid)?;
        let device = |at: &&str| {
            let opened = openat2(
                &root,
                if at.is_empty() { "." } else { at },
                OFlags::PATH | OFlags::CLOEXEC | OFlags::DIRECTORY,
                Mode::empty(),
                ResolveFlags::IN_ROOT,
            );
            opened.and_then(fstat).map(|found| found.st_dev).ok()
        };
        Ok(OWN.iter().filter_map(device).collect())
    }

    /// `connect` in the program's place, without namespaces, to what `bytes` say, of which `address` was made.
    pub(super) fn connect(&mut self, pid: Pid, descriptor: u64, address: &Address, bytes: &[u8]) -> Resume {
        let socket = match tracee::open_file(pid, descriptor) {
            Ok(socket) => socket,
            Err(Errno::BADF) => return answered(pid, -i64::from(libc::EBADF)),
            Err(_) => {
                self.note(pid, Call::Connect, address, true);
                return answered(pid, -ECONNREFUSED);
            }
        };
        let Address::Path(path) = address else {
            // Only a socket of the kernel's takes an address of the kernel's.
            return answered(pid, connect_to_kernel(&socket, bytes));
        };
        let file = match open_path(pid, path) {
            Ok(file) => file,
            Err(errno @ (Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG)) => {
                self.note(pid, Call::Connect, address, false);
                return answered(pid, -i64::from(errno.raw_os_error()));
            }
            Err(_) => {
                self.note(pid, Call::Connect, address, true);
                return answered(pid, -ECONNREFUSED);
            }
        };
        let own = self.private.as_deref().is_some_and(|root| path_of(&file).is_some_and(|path| path.starts_with(root)));
        self.note(pid, Call::Connect, address, !own);
        if !own {
            return answered(pid, -ECONNREFUSED);
        }
        match attempt(&socket, &file) {
            Attempt::Done(result) => answered(pid, result),
            Attempt::Full => {
                self.pending.push(Pending::new(pid, socket, file));
                Resume::Hold
            }
        }
    }

    /// Tries again what waits.
    pub(super) fn connect_again(&mut self) {
        let mut waiting = std::mem::take(&mut self.pending);
        waiting.retain_mut(|pending| {
            let Some(result) = pending.try_again() else { return true };
            tracee::answer(pending.pid, result);
            tracee::resume(pending.pid, Resume::Run);
            false
        });
        self.pending = waiting;
    }

    /// A task that has ended waits for nothing.
    pub(super) fn forget_pending(&mut self, pid: Pid) {
        self.pending.retain(|pending| pending.pid != pid);
    }
}

fn connect_to_kernel(socket: &OwnedFd, bytes: &[u8]) -> i64 {
    use rustix::net::netlink::SocketAddrNetlink;
    let word = |at: usize| bytes.get(at..).and_then(<[u8]>::first_chunk::<4>).map(|word| u32::from_ne_bytes(*word));
    let (Some(port), Some(groups)) = (word(4), word(8)) else { return -i64::from(libc::EINVAL) };
    match connect(socket, &SocketAddrNetlink::new(port, groups)) {
        Ok(()) => 0,
        Err(errno) => -i64::from(errno.raw_os_error()),
    }
}

/// The file that `path` means to `pid`, which has this process's root: links are followed now, and never again.
fn open_path(pid: Pid, path: &[u8]) -> Result<OwnedFd, Errno> {
    let path = Path::new(OsStr::from_bytes(path));
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    if path.is_absolute() {
        return openat(CWD, path, flags, Mode::empty());
    }
    let here = openat(CWD, format!("/proc/{pid}/cwd"), flags | OFlags::DIRECTORY, Mode::empty())?;
    openat(here, path, flags, Mode::empty())
}

/// Where an open file is now.
fn path_of(file: impl AsFd) -> Option<PathBuf> {
    fs::read_link(format!("/proc/self/fd/{}", file.as_fd().as_raw_fd())).ok()
}

fn root_of(pid: Pid) -> Result<OwnedFd, Errno> {
    openat(CWD, format!("/proc/{pid}/root"), OFlags::PATH | OFlags::CLOEXEC | OFlags::DIRECTORY, Mode::empty())
}

/// Whether `path` means a socket on a file system of the run's own, to `pid`, which has a root of its own.
pub(super) fn is_own(pid: Pid, path: &[u8], own: &BTreeSet<u64>) -> Result<bool, Errno> {
    let path = Path::new(OsStr::from_bytes(path));
    let absolute = if path.is_absolute() {
        path.to_owned()
    } else {
        let here = fs::read_link(format!("/proc/{pid}/cwd"));
        here.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?.join(path)
    };
    // Links and `..` stay within the program's root.
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let found = fstat(openat2(root_of(pid)?, absolute, flags, Mode::empty(), ResolveFlags::IN_ROOT)?)?;
    Ok(FileType::from_raw_mode(found.st_mode) == FileType::Socket && own.contains(&found.st_dev))
}
