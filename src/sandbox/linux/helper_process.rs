//! A helper at work, seen by stella: takes what the program prints and what the helper reports, and ends the run when it
//! is due or prints too much.
//!
//! One thread waits for all of it: to start others, and to be woken by them, would cost a short run a tenth of its time.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read};

use crate::host::ending::process::Process;
use crate::host::ending::{self, End, Hold};
use crate::sandbox::budget::Budget;
use crate::sandbox::ending::Reason;
use crate::sandbox::wire::{self, Report};

/// How long the helper may take to end a run before it is killed itself.
const GRACE: Duration = Duration::from_secs(10);

/// How much is read at a time, in bytes.
const CHUNK: usize = 64 << 10;

/// A helper that has been asked.
pub(super) struct HelperProcess {
    child: Child,
    /// Closing its sending side ends the run.
    control: UnixStream,
    budget: Arc<Budget>,
    stdout: Stream,
    stderr: Stream,
    report: Incoming,
    chunk: Vec<u8>,
    hold: Hold,
}

/// The same helper, seen by who ends everything.
struct Held {
    control: UnixStream,
    process: Process,
}

impl End for Held {
    fn ask(&self, _signal: i32) {
        self.control.shutdown(Shutdown::Write).ok();
    }

    fn wait(&self) {
        self.process.wait();
    }
}

/// What a program prints.
#[derive(Default)]
struct Stream {
    /// `None` when nothing comes any more.
    from: Option<OwnedFd>,
    kept: Vec<u8>,
}

/// What the helper says at the end.
enum Incoming {
    /// So far.
    Part(Vec<u8>),
    /// `None` where it has died without a word.
    All(Option<Report>),
}

/// What was printed, in full unless the limit was exceeded.
pub(super) struct Printed {
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    /// Whether more came than may.
    pub(super) exceeded: bool,
}

impl HelperProcess {
    /// Takes over a helper whose streams are pipes; `limit` is in bytes, for both streams together.
    ///
    /// # Errors
    /// When it cannot be watched.
    pub(super) fn new(mut child: Child, control: UnixStream, limit: u64) -> io::Result<Self> {
        let process = Process::of(&child);
        let hold = ending::hold_run(Arc::new(Held { control: control.try_clone()?, process }))?;
        let of = |from: Option<OwnedFd>| Stream { from, kept: Vec::new() };
        let stdout = of(child.stdout.take().map(OwnedFd::from));
        let stderr = of(child.stderr.take().map(OwnedFd::from));
        let (budget, report) = (Budget::new(limit), Incoming::Part(Vec::new()));
        Ok(Self { child, control, budget, stdout, stderr, report, chunk: Vec::with_capacity(CHUNK), hold })
    }

    /// Waits for the report; ends the run when it is due or prints too much.
    pub(super) fn wait(&mut self, mut deadline: Option<Instant>) -> (Option<Report>, Option<Reason>) {
        let mut killed = None;
        let mut forced = false;
        loop {
            if let Incoming::All(report) = &mut self.report {
                return (report.take(), killed);
            }
            if killed.is_none() && self.budget.is_exceeded() {
                killed = Some(Reason::OutputTooLarge);
                deadline = self.end();
            } else if self.take_next(deadline) {
            } else if killed.is_none() {
                killed = Some(Reason::TimedOut);
                deadline = self.end();
            } else if !forced {
                forced = true;
                self.child.kill().ok();
                deadline = Instant::now().checked_add(GRACE);
            } else {
                return (None, killed);
            }
        }
    }

    /// Waits until nothing comes any more: no process of the program is left then. The helper takes what is left of the
    /// namespaces down meanwhile, and is collected when it has.
    pub(super) fn drain(mut self) -> Printed {
        let deadline = self.end();
        while (self.stdout.from.is_some() || self.stderr.from.is_some()) && self.take_next(deadline) {}
        // Where everything is being ended this waits for ever: nobody goes on after a run that was interrupted.
        drop(self.hold);
        collect(self.child);
        Printed { stdout: self.stdout.kept, stderr: self.stderr.kept, exceeded: self.budget.is_exceeded() }
    }

    /// Asks the helper to end the run; returns until when it may take.
    fn end(&self) -> Option<Instant> {
        self.control.shutdown(Shutdown::Write).ok();
        Instant::now().checked_add(GRACE)
    }

    /// Takes what comes next; whether anything has come before `deadline`.
    fn take_next(&mut self, deadline: Option<Instant>) -> bool {
        let report = matches!(self.report, Incoming::Part(_)).then_some(self.control.as_fd());
        let sources =
            [report, self.stdout.from.as_ref().map(OwnedFd::as_fd), self.stderr.from.as_ref().map(OwnedFd::as_fd)];
        let mut polled: Vec<_> =
            sources.iter().flatten().map(|from| PollFd::from_borrowed_fd(*from, PollFlags::IN)).collect();
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let left = left.map(|left| Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            });
            match poll(&mut polled, left.as_ref()) {
                Ok(1..) => break,
                Err(Errno::INTR) => {}
                Ok(0) | Err(_) => return false,
            }
        }
        let mut ready = polled.into_iter().map(|polled| !polled.revents().is_empty());
        let [report, stdout, stderr] = sources.map(|source| source.is_some() && ready.next().unwrap_or(false));
        if report {
            self.report.take(&self.control, &mut self.chunk);
        }
        if stdout {
            self.stdout.take(&self.budget, &mut self.chunk);
        }
        if stderr {
            self.stderr.take(&self.budget, &mut self.chunk);
        }
        true
    }
}

/// Collects a helper that is about to end, and those before it: now if it has ended, else with the next one or, by the
/// system, with this process. A thread that waited for it would cost a short run a hundredth of its time.
fn collect(child: Child) {
    static ENDING: Mutex<Vec<Child>> = Mutex::new(Vec::new());
    let mut ending = ENDING.lock().unwrap_or_else(PoisonError::into_inner);
    ending.push(child);
    ending.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
}

impl Stream {
    fn take(&mut self, budget: &Budget, chunk: &mut Vec<u8>) {
        let Some(from) = &self.from else { return };
        chunk.clear();
        match read(from, spare_capacity(chunk)) {
            // What is over the limit is read and dropped, so that the program dies by our hand and not by a full pipe.
            Ok(length @ 1..) => self.kept.extend_from_slice(chunk.get(..budget.take(length)).unwrap_or_default()),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Ok(0) | Err(_) => self.from = None,
        }
    }
}

impl Incoming {
    fn take(&mut self, control: &UnixStream, chunk: &mut Vec<u8>) {
        let Self::Part(so_far) = self else { return };
        chunk.clear();
        match read(control, spare_capacity(chunk)) {
            Ok(1..) => {
                so_far.extend_from_slice(chunk);
                if let Some(report) = wire::parse(so_far) {
                    *self = Self::All(report.map_err(|_: io::Error| ()).ok());
                }
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Ok(0) | Err(_) => *self = Self::All(None),
        }
    }
}
