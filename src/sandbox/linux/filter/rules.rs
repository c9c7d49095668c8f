//! Which calls are asked about, which are refused, and why.

use crate::sandbox::linux::arch::Call;
use crate::sandbox::linux::filter::call_lists::{BY_NUMBER, LACKING, LASTING, LOOK_UPS, OF_OTHERS, REFUSED};
use crate::sandbox::linux::filter::options;
use crate::sandbox::linux::filter::requests::{OF_FILES, SOCKETS, TAKING_BLOCKS, TERMINALS, WHOSE};
use crate::sandbox::linux::filter::rule::{Action, ENOSYS, Rule, When, errno};
use crate::sandbox::spec::{Clock, DirectoryOrder, FileTimes, Network, Paths, SandboxSpec};

/// What stands behind the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox::linux) enum Purpose {
    /// A tracer that is asked, and namespaces.
    Full,
    /// A tracer that is asked, and no namespaces: it also denies the network.
    Traced,
    /// Namespaces alone: nobody can be asked.
    Isolated,
}

const EPERM: u16 = errno(libc::EPERM);
const EAGAIN: u16 = errno(libc::EAGAIN);
const EBUSY: u16 = errno(libc::EBUSY);
const EINVAL: u16 = errno(libc::EINVAL);
const ENOTTY: u16 = errno(libc::ENOTTY);
const ENOMEM: u16 = errno(libc::ENOMEM);
const EOPNOTSUPP: u16 = errno(libc::EOPNOTSUPP);
const EAFNOSUPPORT: u16 = errno(libc::EAFNOSUPPORT);

/// `RLIMIT_CORE`, whose type differs from C library to C library.
pub(in crate::sandbox::linux) const CORE_FILES: u32 = 4;

/// A constant of the C library's that is a set of bits or a small number.
const fn bits(value: i32) -> u32 {
    value.cast_unsigned()
}

/// Every namespace but that of time, whose flag is an exit signal for `clone`.
const NAMESPACES: u32 = bits(
    libc::CLONE_NEWNS
        | libc::CLONE_NEWCGROUP
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET,
);
const TIME_NAMESPACE: u32 = bits(libc::CLONE_NEWTIME);

/// Collects rules.
#[derive(Default)]
struct Rules {
    list: Vec<Rule>,
}

impl Rules {
    fn add(&mut self, call: Call, label: &'static str, when: When, action: Action) {
        self.list.push(Rule { call, label, when, action });
    }

    fn ask(&mut self, call: Call, label: &'static str, when: When) {
        self.add(call, label, when, Action::Ask(call));
    }

    fn answer(&mut self, call: Call, label: &'static str, when: When, errno: u16) {
        self.add(call, label, when, Action::Answer(errno));
    }

    fn refuse(&mut self, call: Call, label: &'static str, when: When, errno: u16) {
        self.add(call, label, when, Action::Refuse(errno));
    }
}

/// The rules of `spec`.
pub(super) fn rules(spec: &SandboxSpec, purpose: Purpose) -> Vec<Rule> {
    let mut rules = Rules::default();
    first_process(&mut rules, purpose);
    holes(&mut rules, spec, purpose);
    core_files(&mut rules, purpose);
    left_behind(&mut rules, purpose);
    uncounted(&mut rules, purpose);
    page_cache(&mut rules, purpose);
    families(&mut rules, spec, purpose);
    if purpose != Purpose::Isolated {
        network(&mut rules, spec, purpose);
        clock(&mut rules, spec, purpose);
        machine(&mut rules, spec);
        paths(&mut rules, spec);
    }
    requests(&mut rules, purpose);
    #[cfg(stella_weaken)]
    rules.list.retain(|rule| Some(rule.name()) != spec.weaken);
    rules.list
}

/// A limit on core files that keeps the kernel from calling the machine's handler of them stands. Programs lower it to 0,
/// where it would be called again: that has no effect.
///
/// It comes after the rules about other processes: who tries to limit one that is not its to limit is not told that it
/// has, and is noted.
///
/// Who asks for the limit that there was in the same call gets it from the kernel, where a tracer can take the new one out of
/// the call; where nobody can, that is refused: a success would leave the program with a limit that nobody has written.
fn core_files(rules: &mut Rules, purpose: Purpose) {
    const NEW: u32 = 2;
    const OLD: u32 = 3;
    rules.answer(Call::Setrlimit, "core", When::Is(0, CORE_FILES), 0);
    let both = When::IsGivenBoth((1, CORE_FILES), NEW, OLD);
    match purpose {
        Purpose::Full | Purpose::Traced => rules.ask(Call::Prlimit64, "core-and-old", both),
        Purpose::Isolated => rules.answer(Call::Prlimit64, "core-and-old", both, EPERM),
    }
    rules.answer(Call::Prlimit64, "core", When::IsGiven((1, CORE_FILES), NEW), 0);
}

/// The first process of the namespaces, which has the same user and is 1 for every program: what looks at the limits and
/// answers for the resolver is not the program's to limit or to put behind.
fn first_process(rules: &mut Rules, purpose: Purpose) {
    // Every process of the user, with this one.
    rules.refuse(Call::Setpriority, "user", When::Is(0, bits(2)), EPERM);
    rules.refuse(Call::IoprioSet, "user", When::Is(0, bits(3)), EPERM);
    if purpose != Purpose::Traced {
        for (call, argument) in BY_NUMBER {
            rules.refuse(call, "first", When::Is(argument, 1), EPERM);
        }
    }
}

/// What would leave the sandbox, or the sight of the tracer: it needs no judgement, so the kernel refuses it by itself.
///
/// The signal by which the tracer sees it resets a handler of SIGSYS where the program has blocked or ignored that
/// signal. So what C libraries do on their way with all signals blocked is answered without one, and not seen.
fn holes(rules: &mut Rules, spec: &SandboxSpec, purpose: Purpose) {
    // Its flags are in memory, out of a filter's sight. C libraries try it for each thread, and fall back to `clone`.
    rules.answer(Call::Clone3, "", When::Always, ENOSYS);
    rules.refuse(Call::Clone, "namespaces", When::Has(0, NAMESPACES), EPERM);
    rules.refuse(Call::Clone, "untraced", When::Has(0, bits(libc::CLONE_UNTRACED)), EPERM);
    rules.refuse(Call::Unshare, "namespaces", When::Has(0, NAMESPACES | TIME_NAMESPACE), EPERM);
    // A listener of the program's own would be asked before the tracer.
    let listener = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER as u32;
    rules.refuse(Call::Seccomp, "listener", When::Has(1, listener), EBUSY);
    for call in REFUSED {
        rules.refuse(call, "", When::Always, EPERM);
    }
    for call in LACKING {
        rules.refuse(call, "", When::Always, ENOSYS);
    }
    if purpose == Purpose::Traced {
        for call in [Call::Kill, Call::RtSigqueueinfo, Call::Tkill] {
            rules.ask(call, "", When::Always);
        }
    }
    for (call, argument) in BY_NUMBER.into_iter().filter(|_| purpose == Purpose::Traced) {
        rules.ask(call, "another", When::Given(argument));
    }
    if !spec.aslr {
        // With it a program asks what there is, and then would start others at addresses that the kernel draws.
        rules.add(Call::Personality, "query", When::Is(0, u32::MAX), Action::Allow);
        rules.add(Call::Personality, "fixed", When::Has(0, bits(libc::ADDR_NO_RANDOMIZE)), Action::Allow);
        rules.answer(Call::Personality, "random", When::Always, 0);
    }
    // Another copy of the code that reads the clock, and of the pages that it reads.
    for (label, map) in [("vdso-x32", 0x2001), ("vdso-32", 0x2002), ("vdso-64", 0x2003)] {
        rules.refuse(Call::ArchPrctl, label, When::Is(0, map), EINVAL);
    }
    // Those of the machine are not the run's to use, and its own would outlast it.
    for call in LASTING.into_iter().filter(|_| purpose == Purpose::Traced) {
        rules.refuse(call, "", When::Always, ENOSYS);
    }
    for call in OF_OTHERS.into_iter().filter(|_| purpose == Purpose::Traced) {
        rules.refuse(call, "", When::Always, EPERM);
    }
}

/// Files that lend the rights of their owner, which outside would be those of whoever starts stella: their bits are cleared
/// where there is a tracer, else refused.
fn left_behind(rules: &mut Rules, purpose: Purpose) {
    const SET_ID: u32 = libc::S_ISUID | libc::S_ISGID;
    const MAKE: u32 = bits(libc::O_CREAT | libc::O_TMPFILE & !libc::O_DIRECTORY);
    const LABEL: &str = "set-id";
    let modes = [
        (Call::Chmod, When::Has(1, SET_ID)),
        (Call::Creat, When::Has(1, SET_ID)),
        (Call::Fchmod, When::Has(1, SET_ID)),
        (Call::Fchmodat, When::Has(2, SET_ID)),
        (Call::Fchmodat2, When::Has(2, SET_ID)),
        (Call::Mknod, When::Has(1, SET_ID)),
        (Call::Mknodat, When::Has(2, SET_ID)),
        (Call::Open, When::Both((1, MAKE), (2, SET_ID))),
        (Call::Openat, When::Both((2, MAKE), (3, SET_ID))),
    ];
    for (call, when) in modes {
        match purpose {
            Purpose::Isolated => rules.refuse(call, LABEL, when, EPERM),
            Purpose::Full | Purpose::Traced => rules.ask(call, LABEL, when),
        }
    }
    // Its mode is in memory, out of a filter's sight; who asks for it has a way around.
    rules.answer(Call::Openat2, "", When::Always, ENOSYS);
    // A lease is told from who opens the file outside, who waits for it.
    for (label, command) in [("lease", libc::F_SETLEASE), ("delegation", F_SETDELEG)] {
        rules.refuse(Call::Fcntl, label, When::Is(1, bits(command)), EINVAL);
    }
}

/// `F_SETDELEG`, of Linux 6.19; `libc` lacks it.
const F_SETDELEG: i32 = 1024 + 16;

/// `linux/memfd.h`, whose type differs from C library to C library.
const MFD_HUGETLB: u32 = 4;

/// What would take a program's memory or its files out of the sight of those who count them.
fn uncounted(rules: &mut Rules, purpose: Purpose) {
    // A process that cannot be looked into; every one of a run can, and is what it is.
    rules.answer(Call::Prctl, "dumpable", When::Is(0, bits(libc::PR_SET_DUMPABLE)), 0);
    // Memory that is in no table of a process and in no size of a file: as on a kernel that lacks it.
    rules.answer(Call::MemfdSecret, "", When::Always, ENOSYS);
    // Pages of a store that the machine keeps for itself, beside every count and limit: as where it is empty.
    rules.answer(Call::Mmap, "huge", When::Has(3, bits(libc::MAP_HUGETLB)), ENOMEM);
    rules.answer(Call::MemfdCreate, "huge", When::Has(1, MFD_HUGETLB), ENOMEM);
    if purpose != Purpose::Traced {
        rules.answer(Call::Shmget, "huge", When::Has(2, bits(libc::SHM_HUGETLB)), ENOMEM);
    }
    // Blocks that nobody has written to are in no count. C libraries write them in its place, as on file systems that lack it.
    rules.add(Call::Fallocate, "free", When::Has(1, bits(libc::FALLOC_FL_PUNCH_HOLE)), Action::Allow);
    rules.answer(Call::Fallocate, "others", When::Always, EOPNOTSUPP);
    // The same by requests to a file.
    for (label, request) in TAKING_BLOCKS {
        rules.answer(Call::Ioctl, label, When::Is(1, request), EOPNOTSUPP);
    }
}

/// What of the machine's files lies in memory: it tells what ran here before, a recording among it.
fn page_cache(rules: &mut Rules, purpose: Purpose) {
    rules.answer(Call::Cachestat, "", When::Always, ENOSYS);
    rules.answer(Call::Preadv2, "no-wait", When::Has(5, bits(libc::RWF_NOWAIT)), EOPNOTSUPP);
    // The same request is in memory, out of a filter's sight; C libraries have threads in its place.
    rules.answer(Call::IoSetup, "", When::Always, ENOSYS);
    if purpose != Purpose::Isolated {
        // Programs ask it whether an address is one, too: that is answered.
        rules.ask(Call::Mincore, "", When::Always);
    }
}

/// Where a program sees the machine's files, what a request does to one that was opened for reading is kept from it by nothing
/// else: attributes, encryption, snapshots. So all requests are refused but known ones. With mounts of its own they are
/// read-only for requests, too.
fn requests(rules: &mut Rules, purpose: Purpose) {
    if purpose != Purpose::Traced {
        return;
    }
    for (label, whose) in [("terminals", TERMINALS), ("sockets", SOCKETS)] {
        rules.add(Call::Ioctl, label, When::Masked(1, WHOSE, whose), Action::Allow);
    }
    for (label, request) in OF_FILES {
        rules.add(Call::Ioctl, label, When::Is(1, request), Action::Allow);
    }
    rules.refuse(Call::Ioctl, "others", When::Always, ENOTTY);
}

/// Sockets of no other family than these: a network namespace does not keep every family away (`AF_VSOCK` reaches the
/// host of a virtual machine), and no scanner needs one.
fn families(rules: &mut Rules, spec: &SandboxSpec, purpose: Purpose) {
    const UNIX: u32 = bits(libc::AF_UNIX);
    // With namespaces the loopback is raised for whoever is the first to ask. Without, which sockets there are is all that
    // keeps the network away.
    let denied = spec.network == Network::Denied;
    let (lazily, wall) = (denied && purpose == Purpose::Full, denied && purpose == Purpose::Traced);
    let action = |call, asked| if asked { Action::Ask(call) } else { Action::Allow };
    for (label, family) in [("unix", UNIX), ("netlink", bits(libc::AF_NETLINK))] {
        rules.add(Call::Socket, label, When::Is(0, family), action(Call::Socket, wall));
    }
    for (label, family) in [("internet", bits(libc::AF_INET)), ("internet-6", bits(libc::AF_INET6))] {
        rules.add(Call::Socket, label, When::Is(0, family), action(Call::Socket, lazily || wall));
    }
    rules.refuse(Call::Socket, "others", When::Always, EAFNOSUPPORT);
    rules.add(Call::Socketpair, "unix", When::Is(0, UNIX), action(Call::Socketpair, wall));
    rules.refuse(Call::Socketpair, "others", When::Always, EAFNOSUPPORT);
}

fn network(rules: &mut Rules, spec: &SandboxSpec, purpose: Purpose) {
    rules.ask(Call::Connect, "", When::Always);
    rules.ask(Call::Sendto, "addressed", When::Given(4));
    rules.ask(Call::Sendmsg, "", When::Always);
    rules.ask(Call::Sendmmsg, "", When::Always);
    if purpose == Purpose::Traced && spec.network == Network::Denied {
        rules.ask(Call::Bind, "", When::Always);
        // A socket with one of these gets a name of the kernel's choice when it connects, by which a process outside could
        // reach it. Their numbers are others at other levels of a socket: the tracer looks at the level.
        rules.ask(Call::Setsockopt, "credentials", When::Is(2, bits(libc::SO_PASSCRED)));
        rules.ask(Call::Setsockopt, "process-file", When::Is(2, 76));
        // What is asked of a socket of the internet is asked of one that stands in for it.
        let levels = [
            ("ip", libc::IPPROTO_IP),
            ("tcp", libc::IPPROTO_TCP),
            ("udp", libc::IPPROTO_UDP),
            ("ip-6", libc::IPPROTO_IPV6),
        ];
        for (label, level) in levels {
            rules.answer(Call::Setsockopt, label, When::Is(1, bits(level)), 0);
        }
    }
}

/// Clocks that show the time of day: real, its coarse form, its alarm, and international atomic time.
const STANDING: [(&str, i32); 4] = [
    ("real", libc::CLOCK_REALTIME),
    ("coarse", libc::CLOCK_REALTIME_COARSE),
    ("alarm", libc::CLOCK_REALTIME_ALARM),
    ("atomic", libc::CLOCK_TAI),
];

/// Clocks that run on, and show no time of day.
const RUNNING: [(&str, i32); 7] = [
    ("monotonic", libc::CLOCK_MONOTONIC),
    ("process", libc::CLOCK_PROCESS_CPUTIME_ID),
    ("thread", libc::CLOCK_THREAD_CPUTIME_ID),
    ("raw", libc::CLOCK_MONOTONIC_RAW),
    ("monotonic-coarse", libc::CLOCK_MONOTONIC_COARSE),
    ("boot", libc::CLOCK_BOOTTIME),
    ("boot-alarm", libc::CLOCK_BOOTTIME_ALARM),
];

fn clock(rules: &mut Rules, spec: &SandboxSpec, purpose: Purpose) {
    if spec.clock == Clock::Real {
        return;
    }
    for (label, clock) in STANDING {
        rules.ask(Call::ClockGettime, label, When::Is(0, bits(clock)));
    }
    for (label, clock) in RUNNING {
        rules.add(Call::ClockGettime, label, When::Is(0, bits(clock)), Action::Allow);
    }
    // Negative numbers are processor clocks of other processes, or with these bits open files: clocks of hardware.
    let (sign, file) = (0x8000_0000, 3);
    rules.answer(Call::ClockGettime, "file", When::Masked(0, sign | file, sign | file), EINVAL);
    rules.add(Call::ClockGettime, "others-processor", When::Masked(0, sign, sign), Action::Allow);
    // Those of newer kernels, which may show any time.
    rules.answer(Call::ClockGettime, "others", When::Always, EINVAL);
    rules.ask(Call::Gettimeofday, "", When::Always);
    rules.ask(Call::Time, "", When::Always);
    // Deadlines on a clock that stands would be due at once or never.
    let absolute = bits(libc::TIMER_ABSTIME);
    rules.ask(Call::ClockNanosleep, "deadline", When::Has(1, absolute));
    let (lock, private) = (bits(libc::FUTEX_LOCK_PI), bits(libc::FUTEX_PRIVATE_FLAG));
    rules.ask(Call::Futex, "real", When::Has(1, bits(libc::FUTEX_CLOCK_REALTIME)));
    // These have no other clock.
    rules.ask(Call::Futex, "lock", When::Is(1, lock));
    rules.ask(Call::Futex, "lock-private", When::Is(1, lock | private));
    // Newer forms, for which every C library has a way around.
    rules.answer(Call::FutexWaitv, "", When::Always, ENOSYS);
    rules.answer(Call::FutexWait, "", When::Always, ENOSYS);
    for (label, clock) in STANDING.into_iter().filter(|(_, clock)| *clock != libc::CLOCK_REALTIME_COARSE) {
        rules.ask(Call::TimerfdCreate, label, When::Is(0, bits(clock)));
        rules.ask(Call::TimerCreate, label, When::Is(0, bits(clock)));
    }
    rules.ask(Call::TimerfdSettime, "deadline", When::Has(1, absolute));
    rules.ask(Call::TimerSettime, "deadline", When::Has(1, absolute));
    rules.ask(Call::MqTimedsend, "deadline", When::Given(4));
    rules.ask(Call::MqTimedreceive, "deadline", When::Given(4));
    for call in [Call::Utimensat, Call::Utimes, Call::Utime, Call::Futimesat] {
        rules.ask(call, "", When::Always);
    }
    stamps(rules, purpose);
    if spec.file_times == FileTimes::Clamped {
        for call in [Call::Newfstatat, Call::Fstat, Call::Statx, Call::Stat, Call::Lstat] {
            rules.ask(call, "times", When::Always);
        }
    }
}

/// Times of day that the kernel writes down beside something else: when a message came, when a segment was changed.
fn stamps(rules: &mut Rules, purpose: Purpose) {
    const EACCES: u16 = errno(libc::EACCES);
    // The number of an option is one at each level of a socket: the tracer looks at the level.
    for (call, list) in [(Call::Setsockopt, options::SET), (Call::Getsockopt, options::GOT)] {
        for (label, _, option) in list {
            rules.ask(call, label, When::Is(2, bits(*option)));
        }
    }
    // A message can bring options of its header and a wish for its times with it, in memory: what comes back of it is in the
    // queue of errors, with the header that was sent.
    for (call, flags) in [(Call::Recvfrom, 3), (Call::Recvmsg, 2), (Call::Recvmmsg, 3)] {
        rules.refuse(call, "errors", When::Has(flags, bits(libc::MSG_ERRQUEUE)), EAGAIN);
    }
    for (label, request) in
        [("stamp", 0x8906), ("stamp-ns", 0x8907), ("stamp-new", 0x8010_8906), ("stamp-ns-new", 0x8010_8907)]
    {
        rules.refuse(Call::Ioctl, label, When::Is(1, request), ENOTTY);
    }
    if purpose == Purpose::Traced {
        // There are none of these at all.
        return;
    }
    for (call, argument, commands) in [
        (Call::Shmctl, 1, [("stat", 2), ("stat-index", 13), ("stat-any", 15)]),
        (Call::Semctl, 2, [("stat", 2), ("stat-index", 18), ("stat-any", 20)]),
        (Call::Msgctl, 1, [("stat", 2), ("stat-index", 11), ("stat-any", 13)]),
    ] {
        for (label, command) in commands {
            rules.refuse(call, label, When::Is(argument, command), EACCES);
        }
    }
}

/// Randomness, processors, order, names.
fn machine(rules: &mut Rules, spec: &SandboxSpec) {
    rules.ask(Call::Getrandom, "", When::Always);
    rules.ask(Call::Uname, "", When::Always);
    rules.ask(Call::Sysinfo, "", When::Always);
    if spec.cpu_count.is_some() {
        rules.ask(Call::SchedGetaffinity, "", When::Always);
        rules.answer(Call::SchedSetaffinity, "own", When::Always, 0);
    }
    if spec.directory_order != DirectoryOrder::Machine || spec.watches_files() {
        // The old form; every C library takes the other one.
        rules.answer(Call::Getdents, "", When::Always, ENOSYS);
        rules.ask(Call::Getdents64, "", When::Always);
    }
}

/// Look-ups that are rare are always seen: of programs, of working directories, of files that are to be made.
fn paths(rules: &mut Rules, spec: &SandboxSpec) {
    const CREATE: u32 = bits(libc::O_CREAT);
    rules.ask(Call::Execve, "", When::Always);
    rules.ask(Call::Execveat, "", When::Always);
    rules.ask(Call::Chdir, "", When::Always);
    match spec.paths {
        Paths::Rare if !spec.watches_files() => {
            rules.ask(Call::Open, "create", When::Has(1, CREATE));
            rules.ask(Call::Openat, "create", When::Has(2, CREATE));
        }
        Paths::Rare | Paths::Telling | Paths::Every => {
            for call in LOOK_UPS {
                rules.ask(call, "look-up", When::Always);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::sandbox::validated::{Argv, CpuCount};

    fn spec() -> SandboxSpec {
        SandboxSpec::new(Argv::new(["true"]).unwrap(), Clock::Frozen(Timestamp::UNIX_EPOCH))
    }

    fn asks(spec: &SandboxSpec, purpose: Purpose, call: Call) -> bool {
        rules(spec, purpose).iter().any(|rule| rule.call == call && matches!(rule.action, Action::Ask(_)))
    }

    #[test]
    fn nobody_is_asked_where_nobody_answers() {
        let asked = |rule: &Rule| matches!(rule.action, Action::Ask(_));
        assert!(!rules(&spec(), Purpose::Isolated).iter().any(asked));
        assert!(rules(&spec(), Purpose::Full).iter().any(asked));
    }

    #[test]
    fn only_what_the_spec_asks_for_costs_a_stop() {
        let call = Call::ClockGettime;
        assert!(asks(&spec(), Purpose::Full, call));
        let real = SandboxSpec { clock: Clock::Real, ..spec() };
        assert!(!asks(&real, Purpose::Full, call));
        assert!(!asks(&spec(), Purpose::Full, Call::SchedGetaffinity));
        assert!(asks(
            &SandboxSpec { cpu_count: Some(CpuCount::nearest(1)), ..spec() },
            Purpose::Full,
            Call::SchedGetaffinity
        ));
        let call = Call::Getdents64;
        assert!(asks(&spec(), Purpose::Full, call));
        let machine = SandboxSpec { directory_order: DirectoryOrder::Machine, ..spec() };
        assert!(!asks(&machine, Purpose::Full, call));
        assert!(!asks(&spec(), Purpose::Full, Call::Statx));
        assert!(asks(&SandboxSpec { paths: Paths::Every, ..spec() }, Purpose::Full, Call::Statx));
        assert!(asks(&SandboxSpec { file_times: FileTimes::Clamped, ..spec() }, Purpose::Full, Call::Statx));
    }

    #[test]
    fn every_way_out_is_refused_at_every_level() {
        for purpose in [Purpose::Full, Purpose::Traced, Purpose::Isolated] {
            let rules = rules(&spec(), purpose);
            let partly = [Call::Clone, Call::Unshare, Call::Clone3, Call::Seccomp];
            for call in REFUSED.into_iter().chain(LACKING).chain(partly) {
                let found = rules.iter().find(|rule| rule.call == call);
                assert!(found.is_some_and(|rule| rule.action != Action::Allow), "{purpose:?} {call:?}");
            }
        }
    }

    /// By its name a rule can be found, counted and switched off.
    #[test]
    fn every_rule_has_a_name_of_its_own() {
        let every = SandboxSpec {
            paths: Paths::Every,
            file_times: FileTimes::Clamped,
            cpu_count: Some(CpuCount::nearest(1)),
            ..spec()
        };
        for purpose in [Purpose::Full, Purpose::Traced, Purpose::Isolated] {
            for spec in [spec(), every.clone()] {
                let names: Vec<_> = rules(&spec, purpose).iter().map(Rule::name).collect();
                let distinct: std::collections::BTreeSet<_> = names.iter().collect();
                assert_eq!(distinct.len(), names.len(), "{purpose:?}: {names:?}");
            }
        }
    }
}
