//! The first process of a run, pid 1 where there are namespaces: builds what the program sees, gives up every power,
//! starts it, reaps orphans, answers for the resolver.

use std::net::UdpSocket;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags, openat, statfs};
use rustix::io::Errno;
use rustix::process::{
    DumpableBehavior, Pid, Signal, WaitOptions, WaitStatus, getegid, getgroups, getpid, set_child_subreaper,
    set_dumpable_behavior, set_parent_process_death_signal, setsid, umask, wait,
};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use rustix::system::{setdomainname, sethostname};
use rustix::thread::CpuSet;

use crate::model::result::Isolation;
use crate::sandbox::elf;
use crate::sandbox::ending::Reason;
use crate::sandbox::error::ENOEXEC;
use crate::sandbox::linux::filter::Filter;
use crate::sandbox::linux::group::Entry;
use crate::sandbox::linux::helper_channel::{InitRequest, Inside, Said};
use crate::sandbox::linux::launch::{Launch, Started};
use crate::sandbox::linux::limits::{Sampler, UNSEEN};
use crate::sandbox::linux::root::Processes;
use crate::sandbox::linux::stopped::{During, Stopped, number_of};
use crate::sandbox::linux::waiting::{TICK, how_of};
use crate::sandbox::linux::{descendants, dns, kernel_counts, loading, restrict, root, special, sys};
use crate::sandbox::path_mapping::PathMapping;
use crate::sandbox::program::Program;
use crate::sandbox::spec::{Network, SandboxSpec};
use crate::sandbox::validated::CpuCount;
use crate::sandbox::wire::{Failure, How};

/// A place on the file system in memory that all private folders share.
const TMP: &str = "/tmp";
/// What the kernel needs for a file of it, whatever is in it.
const OF_A_FILE: u64 = 1024;

/// What the first process has to do.
pub(super) struct InitSpec<'a> {
    pub(super) spec: &'a SandboxSpec,
    /// Where the paths of the spec are; [`PathMapping::OwnRoot`] where there are namespaces.
    pub(super) mapping: PathMapping,
    /// Build everything and run nothing.
    pub(super) probe: bool,
    /// What the program's calls go through.
    pub(super) filter: Filter,
    /// The processors that stella may use.
    pub(super) processors: CpuSet,
    /// Sockets of the machine's system folders that somebody listens on.
    pub(super) sockets: Vec<PathBuf>,
    /// The way into the program's control group, where it has one.
    pub(super) group: Option<Entry>,
}

/// The whole life of the first process; its end is the end of every process inside.
pub(super) fn live(setting: InitSpec<'_>, inside: &Inside) {
    match run(setting, inside) {
        Ok(()) | Err(Stopped::Told) => {}
        Err(Stopped::Refused(cause)) => inside.say(&Said::Refused(cause)),
        Err(Stopped::Failed(what, source)) => inside.say(&Said::Failed { what, errno: number_of(&source) }),
    }
}

fn run(setting: InitSpec<'_>, inside: &Inside) -> Result<(), Stopped> {
    let InitSpec { spec, mapping, probe, filter, processors, sockets, group } = setting;
    let Some(InitRequest::Go { traced }) = inside.told() else { return Err(Stopped::Told) };
    set_parent_process_death_signal(Some(Signal::KILL)).or_refuse("be ended with stella")?;
    setsid().or_refuse("start a session")?;
    // What is built here must not depend on who runs stella.
    umask(Mode::from_raw_mode(0o022));
    let namespaces = matches!(mapping, PathMapping::OwnRoot);
    let mut lost = Vec::new();
    let (mut resolver, mut reading, mut signalling) = (None, None, None);
    if namespaces {
        lost.extend(of_caller());
        let seen = spec.cpu_count.unwrap_or_else(|| CpuCount::nearest(processors_of(&processors)));
        let (processes, missing) = root::enter(spec, seen.get(), &sockets)?;
        lost.extend(missing);
        if let Processes::OfTheMachine(refused) = processes {
            reading = Some(restrict::reading(spec).or_refuse("hide the machine's processes")?);
            lost.push(format!(
                "host processes: their numbers are visible, and programs that the program starts cannot read what \
                 `/proc` says of themselves (one of the run's own is refused: {refused})"
            ));
        }
        sethostname(spec.hostname.as_str().as_bytes()).or_refuse("set the host's name")?;
        setdomainname(b"(none)").or_refuse("set the domain's name")?;
        if spec.network == Network::Denied && !traced {
            resolver = raise_network().or_refuse("raise the loopback interface")?;
        }
        root::close()?;
    } else {
        // Orphans come to this process instead of the machine's first, and die with the run.
        set_child_subreaper(Some(getpid())).or_fail("keep orphans")?;
        for (number, mount) in spec.mounts.iter().enumerate() {
            mount.host().metadata().map_err(|source| Stopped::Failed(Failure::Mount(number), source))?;
        }
        lost.extend(restrict::writing(spec, &mapping));
        signalling = restrict::signalling();
        lost.extend(special::declared(spec, Isolation::Traced));
    }
    let nothing = nothing().or_fail("open `/dev/null`")?;
    dup2_stdin(&nothing).or_fail("let go of stdin")?;
    let (processors, fewer) = restrict::processors(spec, &processors);
    lost.extend(fewer);
    lost.extend(restrict::apply(spec)?);
    // The program is the same user: it must not look into this process.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).or_refuse("close the first process")?;
    if probe {
        inside.say(&Said::Built { lost });
        return Ok(());
    }
    let processors = (!traced).then_some(processors);
    let (program, filter) = (Program::find(spec, &mapping)?, filter.program());
    if elf::is_program_of_32_bits(&program.path) {
        return Err(Stopped::Failed(Failure::Program, std::io::Error::from_raw_os_error(ENOEXEC)));
    }
    let path = program.path.clone();
    let launch = Launch::new(program, filter, processors, (reading, signalling), (group, namespaces))?;
    let children = sys::child_events().or_fail("watch the program")?;
    inside.say(&Said::Built { lost });
    let Started { program, counted } = launch.start()?;
    if !counted {
        inside.say(&Said::Uncounted);
    }
    if resolver.is_some() {
        // Where the network is raised later, this process still needs the power to.
        restrict::give_up_powers().or_refuse("give up capabilities")?;
    }
    // What the program prints ends when its last process does.
    dup2_stdout(&nothing).and_then(|()| dup2_stderr(&nothing)).or_fail("let go of the streams")?;
    let watcher = (!traced).then(|| Sampler::new(spec.limits, None));
    let duty = Duty { inside, children, resolver, program, path, limit: spec.limits.memory_bytes, watcher, namespaces };
    let served = duty.serve();
    if !namespaces {
        // What has ended is reaped by whoever has taken it in, not by the machine's first process.
        while !matches!(wait(WaitOptions::empty()), Err(Errno::CHILD)) {}
    }
    served
}

/// What is left to do while the program runs.
struct Duty<'a> {
    inside: &'a Inside,
    children: OwnedFd,
    resolver: Option<UdpSocket>,
    program: Pid,
    /// Its file.
    path: PathBuf,
    /// Bytes of memory.
    limit: u64,
    /// Where there is no tracer, this process looks at the limits.
    watcher: Option<Sampler>,
    /// Whether the file systems and the shared memory that this process sees are the run's own.
    namespaces: bool,
}

impl Duty<'_> {
    fn serve(mut self) -> Result<(), Stopped> {
        let (mut peak_memory, mut processes) = (0, 0);
        loop {
            let mut ready = vec![
                PollFd::new(&self.children, PollFlags::IN),
                PollFd::from_borrowed_fd(self.inside.as_fd(), PollFlags::IN),
            ];
            ready.extend(self.resolver.as_ref().map(|socket| PollFd::new(socket, PollFlags::IN)));
            let tick = Timespec { tv_sec: 0, tv_nsec: TICK.subsec_nanos().into() };
            match poll(&mut ready, self.watcher.as_ref().map(|_| &tick)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(errno).or_fail("wait for the program"),
            }
            let told = ready.get(1).is_some_and(|inside| !inside.revents().is_empty());
            drop(ready);
            if told {
                match self.inside.told() {
                    Some(InitRequest::RaiseNetwork) => {
                        self.resolver = raise_network().unwrap_or_default();
                        self.inside.say(&Said::Network);
                    }
                    Some(InitRequest::CountMemory) if self.namespaces => {
                        self.inside.say(&Said::Memory(shared_memory()))
                    }
                    Some(InitRequest::Go { .. } | InitRequest::CountMemory) => {}
                    None => return Err(Stopped::Told),
                }
            }
            if let Some(socket) = &self.resolver {
                dns::serve(socket, |asked| {
                    self.inside.say(&Said::Name { name: asked.name, record: asked.record });
                });
            }
            let ended = self.reap();
            let ended = ended.map(|status| self.how(status));
            if let (None, Some(how)) = (&self.watcher, ended) {
                // A tracer sees the end for itself, but for one of a program that was never loaded.
                self.inside.say(&Said::Ended { how, peak_memory: 0, processes: 0 });
            }
            if let Some(watcher) = &mut self.watcher {
                let mut how = ended;
                let shared = if self.namespaces { shared_memory() } else { 0 };
                let looked = descendants::of_this_process()
                    .and_then(|all| watcher.sample(Path::new("/proc"), all.into_iter(), shared));
                // The end of this process is that of the run.
                let sample = looked.or_fail(UNSEEN)?;
                peak_memory = sample.memory.max(peak_memory);
                processes = sample.processes.max(processes);
                how = how.or(sample.exceeded.map(How::Killed));
                if let Some(how) = how {
                    self.inside.say(&Said::Ended { how, peak_memory, processes });
                    return Err(Stopped::Told);
                }
            }
        }
    }

    /// How the program has ended.
    fn how(&self, status: WaitStatus) -> How {
        match how_of(status) {
            How::Signal(_) if loading::exceeds(&self.path, self.limit) => How::Killed(Reason::OutOfMemory),
            how => how,
        }
    }

    /// Reaps whoever has ended; how the program did, if it has.
    fn reap(&self) -> Option<WaitStatus> {
        let mut event = [0; 1024];
        while matches!(rustix::io::read(&self.children, &mut event), Ok(1..)) {}
        let mut ended = None;
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if pid == self.program {
                ended = Some(status);
            }
        }
        ended
    }
}

/// Bytes that the private file systems, and shared memory and messages of System V hold, whoever has them mapped.
fn shared_memory() -> u64 {
    let private = statfs(TMP).map_or(0, |found| {
        let block = u64::try_from(found.f_bsize).unwrap_or(0);
        let files = found.f_files.saturating_sub(found.f_ffree);
        found.f_blocks.saturating_sub(found.f_bfree).saturating_mul(block) + files.saturating_mul(OF_A_FILE)
    });
    private.saturating_add(kernel_counts::shared_segments()).saturating_add(kernel_counts::queued_messages())
}

/// A loopback of the run's own, so that programs find each other and refusals come at once, and the resolver on it.
fn raise_network() -> rustix::io::Result<Option<UdpSocket>> {
    sys::raise_loopback()?;
    Ok(dns::listen().ok())
}

fn processors_of(set: &CpuSet) -> usize {
    usize::try_from(set.count()).unwrap_or(1)
}

fn nothing() -> rustix::io::Result<OwnedFd> {
    openat(CWD, "/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
}

/// What of the caller no namespace hides.
fn of_caller() -> Vec<String> {
    let mut lost = Vec::new();
    if getgroups().is_ok_and(|groups| groups.iter().any(|group| *group != getegid())) {
        lost.push("groups: the program has the caller's other groups, without their numbers".to_owned());
    }
    lost
}
