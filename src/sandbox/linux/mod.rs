//! The mechanism: one socket between stella ([`client`]) and the helper, which is everything else here.
//!
//! ```text
//! stella: client ──socket──▶ outer ──▶ init (pid 1): root, restrict ──▶ program
//!                              └─────▶ plain, where namespaces are refused: restrict ──▶ program
//! ```

pub(crate) mod client;
mod init;
mod outer;
mod plain;
mod restrict;
mod root;
#[expect(unsafe_code, reason = "system calls without a safe wrapper, each with its argument")]
mod sys;

use std::env;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitCode;

use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus, wait};

use crate::sandbox::program::Unrunnable;
use crate::sandbox::wire::{self, Cause, Failure, Report};

/// The argument with which the helper starts itself inside.
const INIT: &str = "init";

/// The helper program, outside or inside.
pub(crate) fn main() -> ExitCode {
    let closed = sys::close_inherited();
    let inside = env::args_os().nth(1).is_some_and(|argument| argument == INIT);
    let served = socket().and_then(|socket| {
        let report = if inside { init::serve(&socket) } else { outer::serve(&socket, closed) };
        match report {
            Ok(report) => wire::send(&socket, &report),
            Err(Stopped::Told) => Ok(()),
            Err(Stopped::Refused(cause)) => wire::send(&socket, &Report::Refused(cause)),
            Err(Stopped::Failed(what, source)) => {
                wire::send(&socket, &Report::Failed { what, errno: number_of(&source) })
            }
        }
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            writeln!(io::stderr(), "stella-sandbox is started by stella, not by hand: {why}").ok();
            ExitCode::FAILURE
        }
    }
}

/// The socket that stella passed as stdin, under a number that no program inherits.
fn socket() -> io::Result<UnixStream> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket.peer_addr()?;
    Ok(socket)
}

/// Why there is no report of a run.
#[derive(Debug)]
enum Stopped {
    /// This mechanism does not work on this machine.
    Refused(Cause),
    /// The spec cannot be run.
    Failed(Failure, io::Error),
    /// Somebody else has reported, or will.
    Told,
}

impl From<Unrunnable> for Stopped {
    fn from(why: Unrunnable) -> Self {
        match why {
            Unrunnable::WorkingDirectory(source) => Self::Failed(Failure::WorkingDirectory, source),
            Unrunnable::Program(source) => Self::Failed(Failure::Program, source),
        }
    }
}

/// Says what was being done when something failed.
trait During<T> {
    /// A failure means that the mechanism does not work here.
    fn or_refuse(self, step: &str) -> Result<T, Stopped>;
    /// A failure means that nothing works here.
    fn or_fail(self, step: &str) -> Result<T, Stopped>;
}

impl<T, E: Into<io::Error>> During<T> for Result<T, E> {
    fn or_refuse(self, step: &str) -> Result<T, Stopped> {
        self.map_err(|source| Stopped::Refused(Cause { step: step.to_owned(), errno: number_of(&source.into()) }))
    }

    fn or_fail(self, step: &str) -> Result<T, Stopped> {
        self.map_err(|source| Stopped::Failed(Failure::Step(step.to_owned()), source.into()))
    }
}

/// The number that says the same on the other side of the socket.
fn number_of(error: &io::Error) -> i32 {
    let by_kind = match error.kind() {
        io::ErrorKind::NotFound => Errno::NOENT,
        io::ErrorKind::PermissionDenied => Errno::ACCESS,
        io::ErrorKind::NotADirectory => Errno::NOTDIR,
        _ => Errno::IO,
    };
    error.raw_os_error().unwrap_or(by_kind.raw_os_error())
}

/// Reaps whatever ends until the program does.
fn wait_for(program: Pid) -> Result<WaitStatus, Stopped> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == program => return Ok(status),
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno).or_fail("wait for the program"),
        }
    }
}

/// How the program ended, as told to stella.
fn report_of(status: WaitStatus, lost: Vec<String>) -> Report {
    let status = std::process::ExitStatus::from_raw(status.as_raw());
    match status.code() {
        Some(code) => Report::Exited { code, lost },
        None => Report::Signalled { signal: status.signal().unwrap_or(0), lost },
    }
}
