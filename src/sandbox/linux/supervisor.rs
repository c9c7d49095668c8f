//! The helper's own process: starts the first process of a run, holds it, and follows what comes of it.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::process::{
    DumpableBehavior, Pid, Signal, chdir, getegid, geteuid, kill_process, set_dumpable_behavior, setsid,
};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use rustix::thread::{CpuSet, sched_getaffinity, set_thread_groups};

use crate::host::scratch;
use crate::sandbox::ending::Reason;
use crate::sandbox::ledger::Ledger;
use crate::sandbox::linux::cpu_pinning;
use crate::sandbox::linux::filter::{Filter, Purpose};
use crate::sandbox::linux::group::Group;
use crate::sandbox::linux::helper_channel::{self, Channel, Inside, Said};
use crate::sandbox::linux::init::{self, InitSpec};
use crate::sandbox::linux::limits::{Sample, Sampler, UNSEEN};
use crate::sandbox::linux::stopped::{During, Stopped, number_of};
use crate::sandbox::linux::sys::{self, Forked};
use crate::sandbox::linux::tracer::{Followed, Observed, Tracer, Walls};
use crate::sandbox::linux::waiting::TICK;
use crate::sandbox::linux::without_content::WithoutContent;
use crate::sandbox::linux::{restrict, special, times, tracee, unsandboxed};
use crate::sandbox::path_mapping::PathMapping;
use crate::sandbox::spec::{Mount, Network, SandboxSpec, SystemRoots};
use crate::sandbox::validated::User;
use crate::sandbox::wire::{self, Cause, How, Mechanism, Part, Report, Request};

/// What is left to be taken down when the report is sent.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// The first process of the run.
    first: Option<Pid>,
    /// Whether it has taken in orphans that the kernel does not end with it.
    adopts: bool,
    group: Option<Group>,
}

impl Left {
    /// Ends the first process of a run; where it adopts, when it has reaped all that has ended: what it left would be the
    /// machine's to reap, and some machines have nobody who does.
    pub(super) fn take_down(self) {
        /// In ticks.
        const PATIENCE: u32 = 20;
        let Self { first, adopts, group } = self;
        let Some(first) = first else { return };
        let end = || kill_process(first, Signal::KILL).ok();
        let mut ticks = if adopts { PATIENCE } else { 0 };
        if ticks == 0 {
            end();
        }
        loop {
            match sys::wait_any() {
                Ok(Some(event)) if libc::WIFSTOPPED(event.status) => tracee::resume(event.pid, tracee::Resume::Run),
                Ok(Some(_)) => {}
                Ok(None) if ticks > 1 => ticks -= 1,
                Ok(None) => drop(end()),
                Err(_) => break,
            }
        }
        // It can be removed when the last of its processes is gone.
        drop(group);
    }
}

/// Serves one request. What is still to be taken down after the report is sent is the second of the pair.
pub(super) fn serve(socket: UnixStream, closed: rustix::io::Result<()>) -> Result<(Report, Left), Stopped> {
    let begun = Instant::now();
    sys::default_signals();
    setsid().or_fail("start a session")?;
    chdir("/").or_fail("leave the caller's folder")?;
    // As the program will: who has to answer its calls would wait behind it for ever.
    restrict::usual_priority();
    restrict::usual_treatment();
    let Request { mechanism, spec, processors, probe } = wire::receive(&socket).or_fail("read the request")?;
    let processors = match processors.as_slice() {
        [] => sched_getaffinity(None).or_fail("find the processors")?,
        numbers => cpu_pinning::of_numbers(numbers),
    };
    let run = Run { spec: &spec, processors, probe, begun };
    match mechanism {
        Mechanism::Plain { root } => unsandboxed::serve(&socket, root, closed, &spec, (processors, probe))
            .map(|report| (report, Left::default())),
        Mechanism::Full => {
            closed.or_refuse("close the caller's files")?;
            run.make(socket, None, true)
        }
        Mechanism::Isolated => {
            closed.or_refuse("close the caller's files")?;
            run.make(socket, None, false)
        }
        Mechanism::Traced { root } => {
            closed.or_refuse("close the caller's files")?;
            times::set_below(&root, spec.clock).or_fail("set the times of the private folder")?;
            let made = run.make(socket, Some(&root), true);
            // Stella does this too, if it is still there.
            scratch::remove_by_path(&root).ok();
            made
        }
    }
}

/// What the limit on memory does not see without a group.
const UNCOUNTED: &str = "limits: memory of the kernel but for tables of pages (pipes, sockets, open files, timers, …), and files \
                         in memory that no process has open, or one that the user may not read, are not counted (no \
                         control group can be had)";

struct Run<'a> {
    spec: &'a SandboxSpec,
    /// Those that stella may use.
    processors: CpuSet,
    probe: bool,
    begun: Instant,
}

impl Run<'_> {
    /// Makes the run: in namespaces unless it has a folder of its own on the machine.
    fn make(&self, socket: UnixStream, root: Option<&PathBuf>, traced: bool) -> Result<(Report, Left), Stopped> {
        let processors = self.processors;
        // Stella has started this process so, if it could.
        cpu_pinning::pin();
        let (channel, inside) = helper_channel::open(socket).or_fail("make a socket")?;
        let flags = if root.is_some() { 0 } else { namespaces(self.spec.network) };
        // Before the machine's are out of sight.
        let covered = self.spec.network == Network::Denied && self.spec.system == SystemRoots::Host;
        let sockets = if root.is_none() && covered { special::in_system_folders() } else { Vec::new() };
        // Only the superuser can; whoever cannot keeps groups that have no number inside.
        set_thread_groups(&[]).ok();
        let group = if self.probe { None } else { Group::new(self.spec.limits.memory_bytes) };
        // Before there are two processes that need it.
        let filter = Filter::new(
            self.spec,
            match (root, traced) {
                (Some(_), _) => Purpose::Traced,
                (None, true) => Purpose::Full,
                (None, false) => Purpose::Isolated,
            },
        );
        match sys::fork_into(flags).or_refuse("create namespaces")? {
            Forked::Child => {
                drop(channel);
                self.live((root, filter), processors, (sockets, group), &inside)
            }
            Forked::Parent(init) => {
                drop(inside);
                let root = root.map(PathBuf::as_path);
                let made = self.lead(&channel, init, (root, filter, group), traced.then_some(processors));
                if made.is_err() {
                    kill_process(init, Signal::KILL).ok();
                }
                made.map(|(report, group)| (report, Left { first: Some(init), adopts: root.is_some(), group }))
            }
        }
    }

    /// The child's way; it ends here.
    fn live(
        &self,
        (root, filter): (Option<&PathBuf>, Filter),
        processors: CpuSet,
        (sockets, group): (Vec<PathBuf>, Option<Group>),
        inside: &Inside,
    ) -> ! {
        let mapping = match root {
            None => PathMapping::OwnRoot,
            Some(root) => PathMapping::Machine { root: root.clone(), mounts: self.spec.mounts.clone() },
        };
        let group = group.map(Group::into_entry).transpose().ok().flatten();
        init::live(
            InitSpec { spec: self.spec, mapping, probe: self.probe, filter, processors, sockets, group },
            inside,
        );
        // A copy of the helper must not go on as the helper.
        std::process::exit(0)
    }

    /// The parent's way: lets the first process begin and follows it; as its tracer if it is given stella's processors.
    fn lead(
        &self,
        channel: &Channel,
        init: Pid,
        (root, filter, group): (Option<&Path>, Filter, Option<Group>),
        traced_on: Option<CpuSet>,
    ) -> Result<(Report, Option<Group>), Stopped> {
        let nothing = openat(CWD, "/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
        let nothing = nothing.or_fail("open `/dev/null`")?;
        dup2_stdin(&nothing)
            .and_then(|()| dup2_stdout(&nothing))
            .and_then(|()| dup2_stderr(&nothing))
            .or_fail("let go of the streams")?;
        if root.is_none() {
            map_user(init, self.spec.user)?;
        }
        if traced_on.is_some() {
            tracee::seize(init.as_raw_pid(), self.writes_to_disk(root)).map_err(|source| {
                let errno = number_of(&source);
                Stopped::Refused(Cause { part: Part::Tracing, step: "trace system calls".to_owned(), errno })
            })?;
        }
        // The program may be the same user, without a file system of its own: it must not look into the tracer.
        set_dumpable_behavior(DumpableBehavior::NotDumpable).or_refuse("close the tracer")?;
        let uncounted = group.is_none();
        if let Some(group) = &group
            && (traced_on.is_none() || self.spec.network == Network::Allowed)
        {
            // Nobody asks for it later.
            group.count_network();
        }
        let without_content = match &self.spec.system {
            SystemRoots::Closure { root, without_content } => {
                Some(WithoutContent::read(root, without_content).or_fail("read what its closure lacks")?)
            }
            SystemRoots::Host | SystemRoots::Image(_) => None,
        };
        sys::tick(TICK).or_fail("set a timer")?;
        channel.go(traced_on.is_some());
        let followed = match traced_on {
            Some(processors) => {
                let walls = if root.is_none() { Walls::Namespaces } else { Walls::Tracer };
                let sampler = Sampler::new(self.spec.limits, group);
                let sampler = if self.writes_to_disk(root) { sampler.by_thread() } else { sampler };
                Tracer::new(
                    (self.spec, filter),
                    (walls, root),
                    without_content,
                    channel,
                    init.as_raw_pid(),
                    (processors, sampler),
                    self.begun,
                )
                .follow()
            }
            None => follow(channel, init, Sampler::new(self.spec.limits, group)),
        };
        self.report(channel, followed, uncounted)
    }

    /// Whether the program can write to file systems that are not the run's own, in memory.
    fn writes_to_disk(&self, root: Option<&Path>) -> bool {
        root.is_some() || !self.spec.writable_roots.is_empty() || self.spec.mounts.iter().any(Mount::is_writable)
    }

    fn report(
        &self,
        channel: &Channel,
        followed: Followed,
        uncounted: bool,
    ) -> Result<(Report, Option<Group>), Stopped> {
        let Followed { how, observed, look_ups, lacking, group, lost: found, unseen } = followed;
        if let Some(why) = unseen {
            return Err(why).or_fail(UNSEEN);
        }
        let uncounted = uncounted || observed.uncounted;
        let report = match (how, channel.built()) {
            (_, Some(Said::Refused(cause))) => Err(Stopped::Refused(cause)),
            (_, Some(Said::Failed { what, errno })) => {
                Err(Stopped::Failed(what, std::io::Error::from_raw_os_error(errno)))
            }
            (Some(how), built) => {
                let mut lost = if let Some(Said::Built { lost }) = built { lost } else { Vec::new() };
                lost.extend(found);
                if uncounted || group.as_ref().is_some_and(Group::is_lost) {
                    lost.push(UNCOUNTED.to_owned());
                }
                Ok(Report::Ended { how, lost, ledger: self.ledger(how, observed), look_ups, lacking })
            }
            (None, Some(Said::Built { lost })) if self.probe => Ok(Report::Ready { lost }),
            (None, _) => Err(std::io::Error::from(ErrorKind::BrokenPipe)).or_fail("keep the first process"),
        };
        report.map(|report| (report, group))
    }

    fn ledger(&self, how: How, observed: Observed) -> Ledger {
        let how = match how {
            How::Code(code) => format!("exit {code}"),
            How::Signal(signal) => format!("signal {signal}"),
            How::Killed(reason) => format!("killed: {}", reason.in_words()),
            How::Stopped => "stopped by stella".to_owned(),
        };
        observed.into_ledger(how, u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// Follows a first process that nobody traces. What its own view of the run cannot count, the group does.
fn follow(channel: &Channel, init: Pid, mut sampler: Sampler) -> Followed {
    let (mut observed, mut how, mut peak, mut unseen) = (Observed::default(), None, 0, None);
    loop {
        match sys::wait_any() {
            Ok(Some(_)) => {}
            Ok(None) => {
                channel.hear_all(|said| said.note(&mut observed));
                if observed.uncounted {
                    sampler.let_go_of_group();
                }
                if channel.stella_has_gone() {
                    how = Some(How::Stopped);
                    kill_process(init, Signal::KILL).ok();
                }
                // The first process counts everything that this one could without a group, and the group knows its own: no
                // process is looked for in the machine's long list.
                if sampler.has_group() {
                    let sample = sampler.sample(Path::new("/proc"), std::iter::empty(), 0).unwrap_or_else(|why| {
                        unseen = Some(why);
                        kill_process(init, Signal::KILL).ok();
                        Sample::default()
                    });
                    peak = sample.memory.max(peak);
                    if sample.exceeded == Some(Reason::OutOfMemory) {
                        how.get_or_insert(How::Killed(Reason::OutOfMemory));
                        kill_process(init, Signal::KILL).ok();
                    }
                }
            }
            Err(_) => break,
        }
    }
    channel.hear_all(|said| said.note(&mut observed));
    if let Some(Said::Ended { how: ended, peak_memory, processes }) = channel.ended() {
        how = how.or(Some(ended));
        observed.peak_memory = peak_memory.max(peak);
        observed.processes = processes;
    }
    observed.peak_memory = observed.peak_memory.max(peak);
    if let (Some(_), Some(limit)) = (how.filter(|how| *how != How::Stopped), sampler.memory_exceeded()) {
        how = Some(How::Killed(Reason::OutOfMemory));
        observed.peak_memory = observed.peak_memory.max(limit);
    }
    let (look_ups, lacking, lost) = Default::default();
    Followed { how, observed, look_ups, lacking, group: sampler.into_group(), lost, unseen }
}

/// But for that of control groups: the program's own group is to be the top one of it, so the program makes it.
fn namespaces(network: Network) -> i32 {
    let all = libc::CLONE_NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC;
    if network == Network::Denied { all | libc::CLONE_NEWNET } else { all }
}

/// Makes this user `user` in the namespaces of `init`, where it may do everything.
fn map_user(init: Pid, user: User) -> Result<(), Stopped> {
    let write = |file: &str, text: &str| fs::write(format!("/proc/{}/{file}", init.as_raw_pid()), text);
    // One user and one group can be mapped without any privilege, once `setgroups` is given up.
    match write("setgroups", "deny") {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        done => done.or_refuse("give up `setgroups`")?,
    }
    write("uid_map", &format!("{} {} 1", user.uid(), geteuid().as_raw())).or_refuse("map the user")?;
    write("gid_map", &format!("{} {} 1", user.gid(), getegid().as_raw())).or_refuse("map the group")
}
