//! Sockets in the file system: which file a path means, whether it is one of the run's own, and connections to it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2};
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{SocketAddrUnix, bind, connect};
use rustix::process::{WaitOptions, chdir, umask, waitpid};
use rustix::time::{ClockId, clock_gettime};

use crate::sandbox::linux::arch::Call;
use crate::sandbox::linux::proc;
use crate::sandbox::linux::restrict;
use crate::sandbox::linux::sys::{self, Forked};
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
            return self.reach_kernel(pid, Call::Connect, descriptor, bytes);
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
        let own = self.bound.has(&file);
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

    /// `bind` in the program's place, without namespaces, to the path that is `address`.
    pub(super) fn bind_to_path(&mut self, pid: Pid, descriptor: u64, address: &Address) -> Resume {
        let done = match (tracee::open_file(pid, descriptor), address) {
            (Ok(socket), Address::Path(path)) => self.bind_as(pid, &socket, Path::new(OsStr::from_bytes(path))),
            (Err(Errno::BADF), _) => Err(Errno::BADF),
            _ => Err(Errno::ACCESS),
        };
        if done == Err(Errno::ACCESS) {
            self.note(pid, Call::Bind, address, true);
        }
        answered(pid, done.map_or_else(|errno| -i64::from(errno.raw_os_error()), |()| 0))
    }

    /// Binds `socket` as `pid` would, but nowhere outside the private folders.
    fn bind_as(&mut self, pid: Pid, socket: &OwnedFd, path: &Path) -> Result<(), Errno> {
        let root = self.private.clone().ok_or(Errno::ACCESS)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = open_path(pid, folder.as_os_str().as_bytes())?;
        if !path_of(&folder).is_some_and(|folder| folder.starts_with(&root)) {
            return Err(Errno::ACCESS);
        }
        if !self.bound.make_room() {
            return Err(Errno::NOBUFS);
        }
        let mask = umask_of(pid).ok_or(Errno::ACCESS)?;
        let address = SocketAddrUnix::new(path)?;
        let now = clock_gettime(ClockId::RealtimeCoarse);
        // By its own name the program asks for it later, so it is bound by that one, and in a process that may do no more than
        // the program: a link on the way may have been changed since.
        match sys::fork_into(0)? {
            Forked::Child => {
                // Whoever is restricted sees no more of the program.
                let bound = chdir(format!("/proc/{pid}/cwd")).and_then(|()| {
                    restrict::make_only_below(&root)?;
                    umask(mask);
                    bind(socket, &address)
                });
                std::process::exit(bound.map_or_else(|errno| errno.raw_os_error(), |()| 0));
            }
            Forked::Parent(child) => loop {
                match waitpid(Some(child), WaitOptions::empty()) {
                    Err(Errno::INTR) => {}
                    Ok(Some((_, status))) => match status.exit_status() {
                        Some(0) => break,
                        Some(errno) => return Err(Errno::from_raw_os_error(errno)),
                        None => return Err(Errno::ACCESS),
                    },
                    _ => return Err(Errno::ACCESS),
                }
            },
        }
        if let Some(file) = path.file_name().and_then(|name| {
            openat(&folder, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()).ok()
        }) {
            self.bound.add(file, (now.tv_sec, now.tv_nsec));
        }
        Ok(())
    }

    /// `connect` and `bind` of a socket of the kernel's, to the kernel alone: of a process the tracer has the power to
    /// reach others that the program lacks. Another kind of socket takes no such address.
    pub(super) fn reach_kernel(&mut self, pid: Pid, call: Call, descriptor: u64, bytes: &[u8]) -> Resume {
        let word = |at: usize| bytes.get(at..).and_then(<[u8]>::first_chunk::<4>).map(|word| u32::from_ne_bytes(*word));
        let kernel = SocketAddrNetlink::new(0, 0);
        let done = match (word(4), word(8)) {
            (Some(0), Some(0)) => match tracee::open_file(pid, descriptor) {
                Ok(socket) if call == Call::Bind => bind(&socket, &kernel),
                Ok(socket) => connect(&socket, &kernel),
                Err(errno) => Err(errno),
            },
            (Some(_), Some(_)) => {
                self.note_refusal(pid, Some(call));
                Err(Errno::PERM)
            }
            _ => Err(Errno::INVAL),
        };
        answered(pid, done.map_or_else(|errno| -i64::from(errno.raw_os_error()), |()| 0))
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

/// The mask of `pid` for the modes of new files.
fn umask_of(pid: Pid) -> Option<Mode> {
    let text = proc::text(format!("/proc/{pid}/status")).ok()?;
    let mask = text.lines().find_map(|line| line.strip_prefix("Umask:"))?;
    u32::from_str_radix(mask.trim(), 8).ok().map(Mode::from_raw_mode)
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

pub(super) fn root_of(pid: Pid) -> Result<OwnedFd, Errno> {
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
