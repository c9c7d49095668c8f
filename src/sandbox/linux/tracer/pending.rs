//! A connection to a socket of the run's own, made in the program's place: it may have to wait for its listener, and the
//! tracer must not.

use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout, socket_timeout};
use rustix::net::{SocketAddrUnix, connect};

use crate::sandbox::linux::tracee::Pid;

pub(super) const ECONNREFUSED: i64 = libc::ECONNREFUSED as i64;

/// How long a connection waits for a listener whose queue is full, in ticks.
const PATIENCE: u32 = 100;

/// A connection that waits for its listener; the task stays stopped meanwhile.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) pid: Pid,
    socket: OwnedFd,
    file: OwnedFd,
    ticks: u32,
}

impl Pending {
    pub(super) fn new(pid: Pid, socket: OwnedFd, file: OwnedFd) -> Self {
        Self { pid, socket, file, ticks: 0 }
    }

    /// What it came to, at another tick; `None` where it is to wait on.
    pub(super) fn try_again(&mut self) -> Option<i64> {
        self.ticks += 1;
        match attempt(&self.socket, &self.file) {
            Attempt::Done(result) => Some(result),
            Attempt::Full if self.ticks < PATIENCE => None,
            // As a program is told whose own patience has an end.
            Attempt::Full => Some(-i64::from(libc::EAGAIN)),
        }
    }
}

/// What an attempt came to.
pub(super) enum Attempt {
    Done(i64),
    /// The listener's queue is full, and the program means to wait.
    Full,
}

/// Connects the program's `socket` to the socket that `file` is, without ever waiting.
pub(super) fn attempt(socket: &OwnedFd, file: &OwnedFd) -> Attempt {
    let Ok(address) = SocketAddrUnix::new(format!("/proc/self/fd/{}", file.as_raw_fd())) else {
        return Attempt::Done(-ECONNREFUSED);
    };
    let patience = socket_timeout(socket, Timeout::Send);
    // The least that there is.
    let brief = set_socket_timeout(socket, Timeout::Send, Some(Duration::from_micros(1)));
    let (Ok(patience), Ok(())) = (patience, brief) else { return Attempt::Done(-ECONNREFUSED) };
    let done = connect(socket, &address);
    let restored = set_socket_timeout(socket, Timeout::Send, patience);
    let waits = fcntl_getfl(socket).is_ok_and(|flags| !flags.contains(OFlags::NONBLOCK));
    match (done, restored) {
        (Ok(()), _) => Attempt::Done(0),
        (Err(Errno::AGAIN | Errno::INTR), Ok(())) if waits => Attempt::Full,
        (Err(errno), _) => Attempt::Done(-i64::from(errno.raw_os_error())),
    }
}
