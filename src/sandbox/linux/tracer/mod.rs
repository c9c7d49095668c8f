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
//! Invariants: a call runs only where the rules of the filter, asked anew for its number and arguments, let it; a
//! process that cannot be given what the spec says is killed, never let run with the machine's; nothing
//! that a program does can make the tracer wait for it; when [`Tracer::follow`] returns, no process but the first of
//! the namespaces is left.

mod address;
mod bound;
mod clock;
mod decide;
mod directory;
mod dirent;
mod draw;
mod evict;
mod listings;
mod network;
mod noted;
pub(super) mod observed;
mod paths;
mod pending;
mod population;
mod resident;
mod standing;
mod start;
mod task;
mod unix;
mod watch;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::thread::CpuSet;

use evict::Eviction;
use listings::Listings;
use noted::Noted;
pub(super) use observed::Observed;
use standing::Standing;
use task::{AtExit, Task};

use crate::sandbox::ending::Reason;
use crate::sandbox::linux::arch::{Call, LAYOUT};
use crate::sandbox::linux::filter::{Action, Filter, TRAPPED};
use crate::sandbox::linux::group::Group;
use crate::sandbox::linux::helper_channel::{Channel, Said};
use crate::sandbox::linux::limits::Sampler;
use crate::sandbox::linux::sys;
use crate::sandbox::linux::tracee::{self, Pid, Resume};
use crate::sandbox::linux::vdso::{self, Patch};
use crate::sandbox::linux::without_content::WithoutContent;
use crate::sandbox::look_ups::LookUps;
use crate::sandbox::looked_for::Given;
use crate::sandbox::spec::{Clock, SandboxSpec};
use crate::sandbox::wire::How;

const EFAULT: i64 = libc::EFAULT as i64;
const EINVAL: i64 = libc::EINVAL as i64;
const EPERM: u16 = libc::EPERM as u16;

/// What keeps the program from the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walls {
    /// Namespaces: the tracer only watches.
    Namespaces,
    /// The tracer alone.
    Tracer,
}

const PAGES_LEFT: &str = "clock: the pages from which the kernel's code reads the time are mapped (`[vvar]`), and a \
                          program that looks for them can read them";

/// How a run went on.
#[derive(Debug)]
pub(super) struct Followed {
    /// `None` where the first process ended before the program ran: it has said why.
    pub(super) how: Option<How>,
    pub(super) observed: Observed,
    /// What was looked up, where that was asked for.
    pub(super) look_ups: Option<LookUps>,
    /// The file that was opened and of which there is no content.
    pub(super) lacking: Option<String>,
    /// To be let go of when the last process is gone.
    pub(super) group: Option<Group>,
    /// What could not be kept, as was found on the way.
    pub(super) lost: Vec<String>,
    /// Why the limits could not be watched: the run was ended for it.
    pub(super) unseen: Option<io::Error>,
}

/// A run that is being traced.
pub(super) struct Tracer<'a> {
    spec: &'a SandboxSpec,
    walls: Walls,
    /// The rules that the program's own filter was made from.
    filter: Filter,
    /// The folder of the run, where it has no file system of its own.
    private: Option<PathBuf>,
    channel: &'a Channel,
    /// The first process: it starts the program and never runs foreign code.
    init: Pid,
    /// The program's first process, once it is there.
    program: Option<Pid>,
    /// Whether it has executed the program.
    started: bool,
    /// The processors that stella may use.
    processors: CpuSet,
    tasks: HashMap<Pid, Task>,
    /// Stopped at birth before their parent's event has come; and whether a tick has passed since.
    early: BTreeMap<Pid, bool>,
    /// Connections that wait for their listener.
    pending: Vec<pending::Pending>,
    /// Sockets of the run's own, where the tracer is the wall.
    bound: bound::Bound,
    clock: Standing,
    listings: Listings,
    patches: Vec<Patch>,
    eviction: Eviction,
    network_up: bool,
    sampler: Sampler,
    ended: Option<How>,
    /// Paths of programs that were ended since their calls have other numbers.
    of_32_bits: BTreeSet<String>,
    /// Why the limits cannot be watched.
    unseen: Option<io::Error>,
    /// Whether the program has been ended before its first instruction.
    is_unloaded: bool,
    observed: Observed,
    noted: Noted,
    /// The files of the run's root of which there is no content.
    without_content: Option<WithoutContent>,
    /// The one of them that was opened.
    lacking: Option<String>,
    /// What the program was given.
    given: Given,
    begun: Instant,
}

impl<'a> Tracer<'a> {
    /// A tracer of `init`, which it has seized.
    pub(super) fn new(
        (spec, filter): (&'a SandboxSpec, Filter),
        (walls, private): (Walls, Option<&'a Path>),
        without_content: Option<WithoutContent>,
        channel: &'a Channel,
        init: Pid,
        (processors, sampler): (CpuSet, Sampler),
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
            filter,
            // As the kernel names what lies in it.
            private: private.map(|root| root.canonicalize().unwrap_or_else(|_| root.to_owned())),
            channel,
            init,
            program: None,
            started: false,
            processors,
            tasks: HashMap::new(),
            early: BTreeMap::new(),
            pending: Vec::new(),
            bound: bound::Bound::default(),
            clock: Standing::new(now, step),
            listings: Listings::default(),
            patches: vdso::patches(),
            eviction: Eviction::new(vdso::eviction()),
            network_up: false,
            sampler,
            ended: None,
            of_32_bits: BTreeSet::new(),
            unseen: None,
            is_unloaded: false,
            observed: Observed::default(),
            noted: Noted::default(),
            without_content,
            lacking: None,
            given: Given::of(spec),
            begun,
        }
    }

    /// Follows the run to its end.
    pub(super) fn follow(mut self) -> Followed {
        loop {
            match sys::wait_any() {
                Ok(Some(event)) => {
                    if self.event(&event) {
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
                // One that was ended before there was anybody to wait for has no event any more.
                if self.is_over() {
                    break;
                }
            }
        }
        self.channel.hear_all(|said| said.note(&mut self.observed));
        let pages = (self.spec.clock != Clock::Real && self.eviction.is_impossible()).then(|| PAGES_LEFT.to_owned());
        let ended = self.of_32_bits.iter().map(|path| {
            format!("programs: `{path}` is one for 32-bit processors, whose calls are not followed: it was ended before it ran")
        });
        let lost = pages.into_iter().chain(ended).collect();
        let Self { ended: how, observed, noted, lacking, sampler, unseen, spec, .. } = self;
        let look_ups = spec.notes_files().then(|| noted.into_look_ups());
        Followed { how, observed, look_ups, lacking, group: sampler.into_group(), lost, unseen }
    }

    /// One event; whether it was the last one.
    fn event(&mut self, event: &sys::Event) -> bool {
        let sys::Event { pid, status, peak_memory, written } = *event;
        if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
            self.observed.peak_memory = self.observed.peak_memory.max(peak_memory);
            if let Some(task) = self.tasks.get(&pid) {
                self.sampler.is_gone(pid, task.process.borrow().number, written);
            }
            return self.is_gone(pid, status);
        }
        let (signal, event) = (libc::WSTOPSIG(status), status >> 16);
        let how = match event {
            libc::PTRACE_EVENT_SECCOMP => self.asked(pid),
            libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
                if let Some(born) = tracee::event_number(pid) {
                    self.is_born(born, pid, event == libc::PTRACE_EVENT_CLONE);
                }
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
            libc::PTRACE_EVENT_EXIT => {
                self.sampler.is_ending(pid);
                Resume::Run
            }
            libc::PTRACE_EVENT_STOP => match signal {
                libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU => Resume::StayStopped,
                _ if pid == self.init || self.tasks.contains_key(&pid) => Resume::Run,
                _ => {
                    // Its parent's event names it, and comes.
                    self.early.insert(pid, false);
                    if self.ended.is_some() {
                        tracee::kill(pid);
                    }
                    return false;
                }
            },
            0 if signal == libc::SIGTRAP | 0x80 => {
                self.has_left(pid);
                Resume::Run
            }
            0 if signal == libc::SIGSYS => self.trapped(pid),
            // A filter of the program's own has answered the call that was to be seen: it has come to what lies behind.
            0 if signal == libc::SIGILL && self.tasks.get(&pid).is_some_and(|task| task.led_from.is_some()) => {
                self.is_led_to_end(pid);
                Resume::Run
            }
            // It can be stopped by nobody: it answers for the resolver, and counts what belongs to no process.
            0 if pid == self.init && !tracee::has_faulted(pid) => Resume::Run,
            0 => Resume::Deliver(signal),
            // Nothing else was asked for.
            _ => {
                tracee::fail(pid);
                Resume::Run
            }
        };
        tracee::resume(pid, how);
        false
    }

    /// A call that a filter asks about: this run's, or one of the program's own.
    fn asked(&mut self, pid: Pid) -> Resume {
        let Some(seen) = tracee::asked(pid) else {
            tracee::fail(pid);
            return Resume::Run;
        };
        let (call, action) = self.filter.decide(seen);
        if !self.started {
            // What the first process prepares is not the program's, and comes to this one call.
            if Some(pid) != self.program || call != Some(Call::Execve) {
                tracee::kill(pid);
            }
            return Resume::Run;
        }
        let Some(task) = self.tasks.get_mut(&pid) else {
            tracee::fail(pid);
            return Resume::Run;
        };
        if task.led_from.is_some() {
            match call {
                Some(Call::ClockGettime) => self.is_led_to_end(pid),
                // A filter of the program's own asks about the unmapping.
                Some(Call::Munmap) => {}
                // It is not where it was led to.
                _ => tracee::fail(pid),
            }
            return Resume::Run;
        }
        match action {
            // A filter of the program's own has asked; there is no other tracer whom it could mean.
            Action::Allow => Resume::Run,
            Action::Answer(errno) => answered(pid, -i64::from(errno)),
            Action::Refuse(errno) => self.refuse(pid, call, errno),
            Action::Ask(call) if !self.watch(pid, call, &seen.arguments) => Resume::Run,
            Action::Ask(call) => self.decide(pid, call, &seen.arguments),
        }
    }

    /// A new program has come to the end of the way that it was led.
    fn is_led_to_end(&mut self, pid: Pid) {
        match self.tasks.get_mut(&pid).and_then(|task| task.led_from.take()) {
            Some(before) => self.eviction.lead_back(pid, &before),
            None => tracee::fail(pid),
        }
    }

    /// A signal that says that a filter has kept a call from running.
    fn trapped(&mut self, pid: Pid) -> Resume {
        let Some(trapped) = tracee::trapped(pid) else { return Resume::Deliver(libc::SIGSYS) };
        let (call, action) = self.filter.decide(trapped.seen);
        match action {
            Action::Refuse(errno) if trapped.data == i32::from(TRAPPED) => self.refuse(pid, call, errno),
            _ => {
                // A filter of the program's own has trapped it first.
                if let Action::Refuse(_) = action {
                    self.note_refusal(pid, call);
                }
                Resume::Deliver(libc::SIGSYS)
            }
        }
    }

    /// Remembers what to do at the end of the call.
    fn at_exit(&mut self, pid: Pid, what: AtExit) -> Resume {
        match self.tasks.get_mut(&pid) {
            Some(task) => {
                task.at_exit.push(what);
                Resume::ToExit
            }
            None => {
                tracee::fail(pid);
                Resume::Run
            }
        }
    }

    /// A call has ended at whose end there was something to do.
    fn has_left(&mut self, pid: Pid) {
        let Some(task) = self.tasks.get_mut(&pid) else { return };
        let todo = std::mem::take(&mut task.at_exit);
        let Some(registers) = tracee::registers(pid) else { return tracee::fail(pid) };
        let result = registers.result();
        for what in todo {
            match what {
                AtExit::Restore(before) => {
                    let mut after = registers;
                    after.restore_arguments(&before);
                    if !tracee::set_registers(pid, &after) {
                        tracee::fail(pid);
                    }
                }
                AtExit::Order { descriptor, buffer, length } => {
                    self.order(pid, (descriptor, buffer, length), result);
                }
                AtExit::Clamp { buffer, offsets } if result == 0 => self.clamp(pid, buffer, offsets),
                AtExit::Clamp { .. } => {}
                AtExit::Overdue { after } => self.has_waited(pid, after, result),
                AtExit::LookedUp { path, attempt } => self.looked_up(pid, &path, attempt, result),
            }
        }
    }

    /// Changes the result of the call at whose end `pid` is stopped.
    fn set_result(&self, pid: Pid, result: i64) {
        let Some(mut registers) = tracee::registers(pid) else { return tracee::fail(pid) };
        registers.set_word(LAYOUT.result, result.cast_unsigned());
        if !tracee::set_registers(pid, &registers) {
            tracee::fail(pid);
        }
    }

    /// Lets the first process raise the loopback and its resolver; the caller stands still meanwhile.
    fn raise_network(&mut self) {
        if self.walls == Walls::Namespaces && !self.network_up {
            self.network_up = true;
            self.sampler.count_network();
            self.channel.ask_for_network(|said| said.note(&mut self.observed));
        }
    }

    fn tick(&mut self) {
        self.channel.hear_all(|said| said.note(&mut self.observed));
        if self.observed.uncounted {
            self.sampler.let_go_of_group();
        }
        if self.channel.stella_has_gone() {
            self.ended.get_or_insert(How::Stopped);
            self.kill_all();
            return;
        }
        if self.is_unloaded
            && let Some(Said::Ended { how, .. }) = self.channel.ended()
        {
            let exceeded = self.sampler.memory_exceeded().map(|_| How::Killed(Reason::OutOfMemory));
            self.ended = self.ended.or(Some(exceeded.unwrap_or(how)));
            self.kill_all();
            return;
        }
        self.adopt();
        self.connect_again();
        self.interrupt_overdue();
        let shared = self.observed.shared_memory;
        let sample = match self.sampler.sample(Path::new("/proc"), self.tasks.keys().copied(), shared) {
            Ok(sample) => sample,
            Err(why) => {
                self.unseen = Some(why);
                self.ended.get_or_insert(How::Stopped);
                self.kill_all();
                return;
            }
        };
        if self.walls == Walls::Namespaces {
            self.channel.ask_for_memory();
        }
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
    ///
    /// Without namespaces it lives on, and reaps what has ended; but where no program has been born, nobody else would end it.
    fn kill_all(&self) {
        let all_in_them = self.walls == Walls::Namespaces && !self.tasks.is_empty();
        if all_in_them || self.program.is_none() {
            tracee::kill(self.init);
        }
        self.tasks.keys().chain(self.early.keys()).for_each(|pid| tracee::kill(*pid));
    }

    /// Milliseconds since the start.
    fn elapsed(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// What the kernel takes of a register where it expects an `int`.
fn number(register: u64) -> i32 {
    (register as u32).cast_signed()
}

fn answered(pid: Pid, result: i64) -> Resume {
    tracee::answer(pid, result);
    Resume::Run
}
