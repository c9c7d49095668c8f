//! The tracer: one thread that waits for whatever a run's processes do next, and decides.
//!
//! ```text
//! wait ─▶ fork ─────────▶ know the child by its birth
//!      ─▶ exec ─────────▶ hide the clock, seed the random bytes
//!      ─▶ filtered call ▶ answer it, change it, or let it run and look at its end
//!      ─▶ signal, stop ─▶ pass it on
//!      ─▶ end ──────────▶ of the scanner: the run is over, whoever is left is killed
//!      ─▶ tick ─────────▶ has stella gone away? are the limits kept?
//! ```
//!
//! Invariants: a process that cannot be given what the spec says is killed, never let run with the machine's; nothing
//! that a program does can make the tracer wait for it; when [`Tracer::follow`] returns, no process but the first of
//! the namespaces is left.

mod clock;
mod directory;
mod network;
mod observed;
mod paths;
pub(super) mod random;
mod start;
mod task;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Instant;

use rustix::thread::CpuSet;

pub(super) use observed::Observed;
use task::{AtExit, Task};

use crate::sandbox::linux::arch::{Call, LAYOUT};
use crate::sandbox::linux::filter;
use crate::sandbox::linux::limits::Sampler;
use crate::sandbox::linux::link::Link;
use crate::sandbox::linux::machine;
use crate::sandbox::linux::sys;
use crate::sandbox::linux::tracee::{self, Pid, Resume};
use crate::sandbox::linux::vdso::{self, Patch};
use crate::sandbox::run::Reason;
use crate::sandbox::spec::{Clock, SandboxSpec};
use crate::sandbox::wire::How;

const EFAULT: i64 = 14;
const EINVAL: i64 = 22;

/// What keeps the program from the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walls {
    /// Namespaces: the tracer only watches.
    Namespaces,
    /// The tracer alone.
    Tracer,
}

/// How a run went on.
#[derive(Debug)]
pub(super) struct Followed {
    /// `None` where the first process ended before the program ran: it has said why.
    pub(super) how: Option<How>,
    pub(super) observed: Observed,
}

/// A run that is being traced.
pub(super) struct Tracer<'a> {
    spec: &'a SandboxSpec,
    walls: Walls,
    /// The folder of the run, where it has no file system of its own.
    private: Option<&'a Path>,
    link: &'a Link,
    /// The first process: it starts the program and never runs foreign code.
    init: Pid,
    /// The program's first process, once it is there.
    program: Option<Pid>,
    /// Whether it has executed the program.
    started: bool,
    /// The processors that stella may use.
    processors: CpuSet,
    tasks: HashMap<Pid, Task>,
    /// Stopped at birth before their parent's event has come.
    early: Vec<Pid>,
    clock: clock::Standing,
    listings: directory::Listings,
    patches: Vec<Patch>,
    network_up: bool,
    sampler: Sampler,
    ended: Option<How>,
    observed: Observed,
    begun: Instant,
}

impl<'a> Tracer<'a> {
    /// A tracer of `init`, which it has seized.
    pub(super) fn new(
        spec: &'a SandboxSpec,
        (walls, private): (Walls, Option<&'a Path>),
        link: &'a Link,
        init: Pid,
        processors: CpuSet,
        begun: Instant,
    ) -> Self {
        let now = match spec.clock {
            Clock::Frozen(instant) => instant.as_nanosecond(),
            Clock::Real => 0,
        };
        let step = i128::try_from(spec.clock_step.as_nanos()).unwrap_or(0);
        Self {
            spec,
            walls,
            private,
            link,
            init,
            program: None,
            started: false,
            processors,
            tasks: HashMap::new(),
            early: Vec::new(),
            clock: clock::Standing::new(now, step),
            listings: BTreeMap::new(),
            patches: vdso::patches(),
            network_up: false,
            sampler: Sampler::new(spec.limits),
            ended: None,
            observed: Observed::default(),
            begun,
        }
    }

    /// Follows the run to its end.
    pub(super) fn follow(mut self) -> Followed {
        loop {
            match sys::wait_any() {
                Ok(Some(event)) => {
                    if self.event(event.pid, event.status, event.peak_memory) {
                        break;
                    }
                }
                Ok(None) => {}
                // Nobody is left.
                Err(_) => break,
            }
            // Of a program that never stops asking there is always an event, and no wait that a tick could interrupt.
            if sys::has_ticked() {
                self.tick();
            }
        }
        self.link.hear_all(|said| said.note(&mut self.observed));
        Followed { how: self.ended, observed: self.observed }
    }

    /// One event; whether it was the last one.
    fn event(&mut self, pid: Pid, status: i32, peak_memory: u64) -> bool {
        if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
            self.observed.peak_memory = self.observed.peak_memory.max(peak_memory);
            return self.is_gone(pid, status);
        }
        let (signal, event) = (libc::WSTOPSIG(status), status >> 16);
        let how = match event {
            libc::PTRACE_EVENT_SECCOMP => self.asked(pid),
            libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
                self.is_born(pid, event == libc::PTRACE_EVENT_CLONE);
                Resume::Run
            }
            libc::PTRACE_EVENT_EXEC => {
                let starts = !self.started && Some(pid) == self.program;
                self.started |= starts;
                self.executed(pid);
                if starts && !self.spread(pid) {
                    // It has not run yet: no result, and an error is reported.
                    self.started = false;
                    tracee::kill(pid);
                    tracee::kill(self.init);
                }
                Resume::Run
            }
            libc::PTRACE_EVENT_STOP => match signal {
                libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU => Resume::StayStopped,
                _ if pid == self.init || self.tasks.contains_key(&pid) => Resume::Run,
                _ => {
                    // Its parent's event names it, and comes.
                    self.early.push(pid);
                    return false;
                }
            },
            _ if signal == libc::SIGTRAP | 0x80 => {
                self.has_left(pid);
                Resume::Run
            }
            _ => Resume::Deliver(signal),
        };
        tracee::resume(pid, how);
        false
    }

    /// A process or thread is no more; whether the run is over.
    fn is_gone(&mut self, pid: Pid, status: i32) -> bool {
        self.tasks.remove(&pid);
        self.early.retain(|early| *early != pid);
        if pid == self.init {
            // With namespaces the kernel has ended all others; without, they are ended here.
            self.kill_all();
            return self.tasks.is_empty();
        }
        if Some(pid) == self.program && self.ended.is_none() {
            // Before the program runs, the first process says what is wrong.
            self.ended = self.started.then(|| {
                if libc::WIFEXITED(status) {
                    How::Code(libc::WEXITSTATUS(status))
                } else {
                    How::Signal(libc::WTERMSIG(status))
                }
            });
            if self.ended.is_some() {
                self.kill_all();
            }
        }
        // The first process goes with this one; nobody needs to wait for that.
        self.ended.is_some() && self.tasks.is_empty() && self.early.is_empty()
    }

    fn is_born(&mut self, parent: Pid, is_thread: bool) {
        let Some(born) = tracee::event_number(parent) else { return };
        self.observed.processes += 1;
        let task = match self.tasks.get(&parent) {
            Some(parent) if is_thread => parent.thread(),
            Some(parent) => parent.child(),
            None => {
                self.program.get_or_insert(born);
                Task::first(self.spec.seed)
            }
        };
        self.tasks.insert(born, task);
        if let Some(early) = self.early.iter().position(|early| *early == born) {
            self.early.swap_remove(early);
            tracee::resume(born, Resume::Run);
        }
        if self.tasks.len() > usize::try_from(self.spec.limits.processes).unwrap_or(usize::MAX) {
            self.end(Reason::TooManyProcesses);
        }
    }

    /// A call that the filter asks about.
    fn asked(&mut self, pid: Pid) -> Resume {
        // What the first process prepares is not the program's.
        if !self.started {
            return Resume::Run;
        }
        let Some(asked) = tracee::asked(pid) else { return Resume::Run };
        let Some(call) = Call::of_mark(asked.mark) else { return Resume::Run };
        let arguments = &asked.arguments;
        match call {
            Call::ClockGetTime | Call::GetTimeOfDay | Call::Time => self.read_clock(pid, call, arguments),
            Call::Futex
            | Call::ClockNanosleep
            | Call::TimerFdSetTime
            | Call::TimerSetTime
            | Call::QueueSend
            | Call::QueueReceive => self.deadline(pid, call, arguments),
            Call::UtimensAt | Call::Utimes | Call::Utime | Call::FutimesAt => self.touch(pid, call, arguments),
            Call::GetRandom => self.draw(pid, arguments),
            Call::GetAffinity => self.processors(pid, arguments),
            Call::GetDirectoryEntries => self.list(pid, arguments),
            Call::SystemName => answer_with(pid, arguments[0], &machine::system_name(self.spec)),
            Call::SystemInfo => answer_with(pid, arguments[0], &machine::system_info(self.spec)),
            Call::Socket => self.socket(),
            Call::Connect | Call::SendTo | Call::SendMessage | Call::SendMessages => self.reach(pid, call, arguments),
            Call::Fstat => self.clamp_later(pid, call, arguments),
            Call::Stat | Call::LinkStat | Call::NewFstatAt | Call::Statx => self.file_status(pid, call, arguments),
            Call::Execute
            | Call::ExecuteAt
            | Call::ChangeDirectory
            | Call::Open
            | Call::OpenAt
            | Call::OpenAt2
            | Call::Access
            | Call::FaccessAt
            | Call::FaccessAt2
            | Call::ReadLink
            | Call::ReadLinkAt => self.look_up(pid, call, arguments),
            // All that is left are calls that the filter sends here to be refused.
            _ => self.refuse(pid, call),
        }
    }

    fn refuse(&mut self, pid: Pid, call: Call) -> Resume {
        if let Some(task) = self.tasks.get(&pid) {
            self.observed.refuse(call.name(), task.executable());
        }
        tracee::answer(pid, -i64::from(filter::refusal(call)));
        Resume::Run
    }

    /// A look at a file's times, at its path, or at both.
    fn file_status(&mut self, pid: Pid, call: Call, arguments: &[u64; 6]) -> Resume {
        use crate::sandbox::spec::{FileTimes, Paths};
        let mut how = Resume::Run;
        if self.spec.file_times == FileTimes::Clamped && self.spec.clock != Clock::Real {
            how = self.clamp_later(pid, call, arguments);
        }
        if self.spec.paths == Paths::Every && self.look_up(pid, call, arguments) == Resume::ToExit {
            how = Resume::ToExit;
        }
        how
    }

    /// `sched_getaffinity(pid, length, mask)`: as many processors as the spec says, whatever the machine has.
    fn processors(&self, pid: Pid, arguments: &[u64; 6]) -> Resume {
        let mask = machine::processor_mask(self.spec.cpu_count.unwrap_or(1));
        let [_, length, place, ..] = *arguments;
        let result = if length < mask.len() as u64 {
            -EINVAL
        } else if tracee::write(pid, place, &mask) {
            i64::try_from(mask.len()).unwrap_or(0)
        } else {
            -EFAULT
        };
        tracee::answer(pid, result);
        Resume::Run
    }

    /// Remembers what to do at the end of the call.
    fn at_exit(&mut self, pid: Pid, what: AtExit) -> Resume {
        match self.tasks.get_mut(&pid) {
            Some(task) => {
                task.at_exit.push(what);
                Resume::ToExit
            }
            None => Resume::Run,
        }
    }

    /// A call has ended at whose end there was something to do.
    fn has_left(&mut self, pid: Pid) {
        let Some(task) = self.tasks.get_mut(&pid) else { return };
        let todo = std::mem::take(&mut task.at_exit);
        let Some(registers) = tracee::registers(pid) else { return };
        let result = registers.result();
        for what in todo {
            match what {
                AtExit::Restore(before) => {
                    let mut after = registers;
                    after.restore_arguments(&before);
                    if !tracee::set_registers(pid, &after) {
                        tracee::kill(pid);
                    }
                }
                AtExit::Order { descriptor, buffer, length } => {
                    self.order(pid, (descriptor, buffer, length), result);
                }
                AtExit::Clamp { buffer, offsets } if result == 0 => self.clamp(pid, buffer, offsets),
                AtExit::Clamp { .. } => {}
                AtExit::LookedUp { path, attempt } => self.looked_up(pid, &path, attempt, result),
            }
        }
    }

    /// Changes the result of the call at whose end `pid` is stopped.
    fn set_result(&self, pid: Pid, result: i64) {
        let Some(mut registers) = tracee::registers(pid) else { return };
        registers.set_word(LAYOUT.result, result.cast_unsigned());
        if !tracee::set_registers(pid, &registers) {
            tracee::kill(pid);
        }
    }

    /// Lets the first process raise the loopback and its resolver; the caller stands still meanwhile.
    fn raise_network(&mut self) {
        if self.walls == Walls::Namespaces && !self.network_up {
            self.network_up = true;
            self.link.ask_for_network(|said| said.note(&mut self.observed));
        }
    }

    fn tick(&mut self) {
        self.link.hear_all(|said| said.note(&mut self.observed));
        if self.link.stella_has_gone() {
            self.ended.get_or_insert(How::Stopped);
            self.kill_all();
            return;
        }
        let sample = self.sampler.sample(Path::new("/proc"), self.tasks.keys().copied());
        self.observed.peak_memory = self.observed.peak_memory.max(sample.memory);
        if let Some(reason) = sample.exceeded {
            self.end(reason);
        }
    }

    fn end(&mut self, reason: Reason) {
        if self.ended.is_none() {
            self.ended = Some(How::Killed(reason));
        }
        self.kill_all();
    }

    /// Kills every process of the program. The end of the first process of the namespaces is the end of all in them.
    fn kill_all(&self) {
        if self.walls == Walls::Namespaces && !self.tasks.is_empty() {
            tracee::kill(self.init);
        }
        self.tasks.keys().chain(&self.early).for_each(|pid| tracee::kill(*pid));
    }

    /// Milliseconds since the start.
    fn elapsed(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

fn answer_with(pid: Pid, place: u64, bytes: &[u8]) -> Resume {
    let written = tracee::write(pid, place, bytes);
    tracee::answer(pid, if written { 0 } else { -EFAULT });
    Resume::Run
}
