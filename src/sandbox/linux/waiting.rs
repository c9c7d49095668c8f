//! Waiting for a program that nobody traces, and how it ended.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus, wait};

use crate::sandbox::linux::stopped::{During, Stopped};
use crate::sandbox::wire::How;

/// How often limits are looked at, and whether stella is still there.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// Reaps whatever ends until the program does.
pub(super) fn wait_for(program: Pid) -> Result<WaitStatus, Stopped> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == program => return Ok(status),
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno).or_fail("wait for the program"),
        }
    }
}

/// How a program ended that nobody traced.
pub(super) fn how_of(status: WaitStatus) -> How {
    let status = std::process::ExitStatus::from_raw(status.as_raw());
    match status.code() {
        Some(code) => How::Code(code),
        None => How::Signal(status.signal().unwrap_or(0)),
    }
}
