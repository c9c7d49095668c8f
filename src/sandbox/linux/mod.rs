//! The mechanism: one socket between stella ([`client`], `running`) and the helper, which is everything else here.
//!
//! ```text
//! stella: client ──socket──▶ outer ──link──▶ init (pid 1): root, restrict ──▶ launch ──▶ program
//!                              │                └── dns, limits                            ▲
//!                              ├── tracer: filter, tracee, vdso ───── waits and answers ───┘
//!                              └─▶ plain, where neither namespaces nor tracing work: restrict ──▶ program
//! ```

mod arch;
pub(crate) mod client;
mod dns;
mod family;
mod filter;
mod group;
mod here;
mod init;
mod launch;
mod limits;
mod link;
mod machine;
mod outer;
mod plain;
mod proc;
mod restrict;
mod root;
mod running;
mod special;
#[expect(unsafe_code, reason = "system calls without a safe wrapper, each with its argument")]
mod sys;
mod times;
#[expect(unsafe_code, reason = "looking into another process, each call with its argument")]
mod tracee;
mod tracer;
mod vdso;

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitCode;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, wait};

use crate::sandbox::linux::group::Group;
use crate::sandbox::program::Unrunnable;
use crate::sandbox::wire::{self, Cause, Failure, How, Part, Report};

/// How often limits are looked at, and whether stella is still there.
const TICK: Duration = Duration::from_millis(100);

/// The helper program.
pub(crate) fn main() -> ExitCode {
    let closed = sys::close_inherited();
    let served = socket().and_then(|socket| {
        let answer = socket.try_clone()?;
        let (report, left) = match outer::serve(socket, closed) {
            Ok((report, left)) => (report, left),
            Err(Stopped::Told) => return Ok(()),
            Err(Stopped::Refused(cause)) => (Report::Refused(cause), Left::default()),
            Err(Stopped::Failed(what, source)) => (Report::Failed { what, errno: number_of(&source) }, Left::default()),
        };
        wire::send(&answer, &report)?;
        drop(answer);
        if let Some(first) = left.first {
            // Stella goes on; the empty namespaces are taken down here.
            kill_process(first, Signal::KILL).ok();
            while sys::wait_any().is_ok() {}
        }
        drop(left.group);
        Ok(())
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            writeln!(io::stderr(), "stella-sandbox is started by stella, not by hand: {why}").ok();
            ExitCode::FAILURE
        }
    }
}

/// What is left to be taken down when the report is sent.
#[derive(Debug, Default)]
struct Left {
    /// The first process of the namespaces.
    first: Option<Pid>,
    group: Option<Group>,
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
        self.map_err(|source| {
            let errno = number_of(&source.into());
            Stopped::Refused(Cause { part: Part::Namespaces, step: step.to_owned(), errno })
        })
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

/// How a program ended that nobody traced.
fn how_of(status: WaitStatus) -> How {
    let status = std::process::ExitStatus::from_raw(status.as_raw());
    match status.code() {
        Some(code) => How::Code(code),
        None => How::Signal(status.signal().unwrap_or(0)),
    }
}

/// The names of the rules of `spec`'s filter, with namespaces or without.
#[cfg(stella_weaken)]
pub(crate) fn rules(spec: &crate::sandbox::spec::SandboxSpec, namespaces: bool) -> Vec<String> {
    filter::names(spec, if namespaces { filter::Purpose::Full } else { filter::Purpose::Traced })
}
