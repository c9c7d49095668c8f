//! What becomes of a call that the rules of the filter leave to the tracer: each is named here, and a call that is not is refused.

use crate::sandbox::linux::arch::Call;
use crate::sandbox::linux::filter::{CORE_FILES, options};
use crate::sandbox::linux::machine_view;
use crate::sandbox::linux::tracee::{self, Pid, Resume};
use crate::sandbox::linux::tracer::{EFAULT, EINVAL, EPERM, Tracer, Walls, answered, number, resident, task};
use crate::sandbox::spec::{Clock, DirectoryOrder};
use crate::sandbox::validated::CpuCount;

/// Bits of a mode by which a file lends the rights of its owner or its group.
const SET_ID: u64 = (libc::S_ISUID | libc::S_ISGID) as u64;
const ENOPROTOOPT: u16 = libc::ENOPROTOOPT as u16;

impl Tracer<'_> {
    /// What becomes of a call that the rules leave to the tracer.
    pub(super) fn decide(&mut self, pid: Pid, call: Call, arguments: &[u64; 6]) -> Resume {
        match call {
            Call::ClockGettime | Call::Gettimeofday | Call::Time => self.read_clock(pid, call, arguments),
            Call::Futex
            | Call::ClockNanosleep
            | Call::TimerfdSettime
            | Call::TimerSettime
            | Call::MqTimedsend
            | Call::MqTimedreceive => self.deadline(pid, call, arguments),
            Call::TimerCreate | Call::TimerfdCreate => self.create_timer(pid, arguments),
            Call::Utimensat | Call::Utimes | Call::Utime | Call::Futimesat => self.touch(pid, call, arguments),
            Call::Getrandom => self.draw(pid, arguments),
            Call::SchedGetaffinity => self.processors(pid, arguments),
            Call::Getdents64 if self.spec.directory_order == DirectoryOrder::Machine => Resume::Run,
            Call::Getdents64 => self.list(pid, arguments),
            Call::Mincore => answered(pid, resident::result(pid, arguments[0], arguments[1], arguments[2])),
            Call::Uname => answer_with(pid, arguments[0], &machine_view::system_name(self.spec)),
            Call::Sysinfo => answer_with(pid, arguments[0], &machine_view::system_info(self.spec)),
            Call::Getsockopt | Call::Setsockopt => self.socket_option(pid, call, arguments),
            Call::Socket | Call::Socketpair => self.socket(pid, call, arguments),
            Call::Bind => self.bind(pid, call, arguments),
            Call::Connect | Call::Sendto | Call::Sendmsg | Call::Sendmmsg => self.reach(pid, call, arguments),
            Call::Fstat => self.clamp_later(pid, call, arguments),
            Call::Stat | Call::Lstat | Call::Newfstatat | Call::Statx => self.file_status(pid, call, arguments),
            Call::Open => self.open(pid, call, (1, 2), arguments),
            Call::Openat => self.open(pid, call, (2, 3), arguments),
            Call::Chmod | Call::Creat | Call::Fchmod | Call::Mknod => self.lend_nothing(pid, 1, arguments),
            Call::Fchmodat | Call::Fchmodat2 | Call::Mknodat => self.lend_nothing(pid, 2, arguments),
            Call::Execve
            | Call::Execveat
            | Call::Chdir
            | Call::Access
            | Call::Faccessat
            | Call::Faccessat2
            | Call::Readlink
            | Call::Readlinkat => self.look_up(pid, call, arguments),
            Call::Kill | Call::RtSigqueueinfo | Call::Tkill => self.signal(pid, call, arguments[0]),
            Call::Prlimit64 => self.limit_process(pid, call, arguments),
            Call::SchedSetaffinity
            | Call::SchedSetattr
            | Call::SchedSetparam
            | Call::SchedSetscheduler
            | Call::MigratePages
            | Call::MovePages => self.change_process(pid, call, arguments[0]),
            Call::IoprioSet | Call::Setpriority => {
                // Of the kinds of number that there are only this one names a process: 0 for one, and 1 for the other.
                let of_process = if call == Call::Setpriority { libc::PRIO_PROCESS as i32 } else { 1 };
                if number(arguments[0]) == of_process {
                    self.change_process(pid, call, arguments[1])
                } else {
                    self.refuse(pid, Some(call), EPERM)
                }
            }
            // A rule asks about a call for which there is nothing here.
            _ => self.refuse(pid, Some(call), EPERM),
        }
    }

    /// `setsockopt` and `getsockopt` with the number of an option that at one level of a socket would show the time of day, or
    /// bind the socket to a name that the machine sees.
    pub(super) fn socket_option(&mut self, pid: Pid, call: Call, arguments: &[u64; 6]) -> Resume {
        let [_, level, option, ..] = *arguments;
        let list = if call == Call::Setsockopt { options::SET } else { options::GOT };
        let (level, option) = (number(level), number(option));
        let binds =
            call == Call::Setsockopt && self.walls == Walls::Tracer && options::has(options::BINDING, level, option);
        if binds || options::has(list, level, option) { self.refuse(pid, Some(call), ENOPROTOOPT) } else { Resume::Run }
    }

    pub(super) fn refuse(&mut self, pid: Pid, call: Option<Call>, errno: u16) -> Resume {
        self.note_refusal(pid, call);
        answered(pid, -i64::from(errno))
    }

    pub(super) fn note_refusal(&mut self, pid: Pid, call: Option<Call>) {
        if let Some(task) = self.tasks.get(&pid) {
            self.observed.refuse(call.map_or("unknown", Call::name), task.executable());
        }
    }

    /// A call that sends a signal, where the numbers of processes are the machine's: one of the run's own may get it, and one
    /// that is no more, for the answer.
    pub(super) fn signal(&mut self, pid: Pid, call: Call, target: u64) -> Resume {
        let of_the_run = match number(target) {
            0 => true,
            -1 => false,
            group @ i32::MIN..0 => {
                let group = rustix::process::Pid::from_raw(group.saturating_neg());
                let of = |pid: &Pid| rustix::process::getpgid(rustix::process::Pid::from_raw(*pid)).ok();
                self.tasks.keys().any(|pid| of(pid) == group)
            }
            one => self.tasks.contains_key(&one) || task::is_no_more(one),
        };
        if of_the_run { Resume::Run } else { self.refuse(pid, Some(call), EPERM) }
    }

    /// A call that changes the process or thread of this number, where the numbers are the machine's: one of the run's may be.
    pub(super) fn change_process(&mut self, pid: Pid, call: Call, other: u64) -> Resume {
        if !self.is_of_the_run(other) {
            return self.refuse(pid, Some(call), EPERM);
        }
        match (call, self.spec.cpu_count) {
            (Call::SchedSetaffinity, Some(_)) => answered(pid, 0),
            _ => Resume::Run,
        }
    }

    /// `prlimit64(process, limit, new, old)`. The limit on core files stays, whatever is set: the kernel is asked for the one
    /// that there is alone. Where the numbers of processes are the machine's, the process must be one of the run's.
    pub(super) fn limit_process(&mut self, pid: Pid, call: Call, arguments: &[u64; 6]) -> Resume {
        const NEW: usize = 2;
        let [other, limit, new, ..] = *arguments;
        let may_be_named = self.walls == Walls::Namespaces || self.is_of_the_run(other);
        if may_be_named && number(limit).cast_unsigned() == CORE_FILES && new != 0 {
            return self.change_arguments(pid, &[(NEW, 0)]);
        }
        self.change_process(pid, call, other)
    }

    /// Whether this number is that of a process or thread of the run, or means the caller.
    fn is_of_the_run(&self, other: u64) -> bool {
        let other = number(other);
        other == 0 || self.tasks.contains_key(&other)
    }

    /// A call that gives a file a mode, as the argument of this number: without the bits by which it would lend the rights of
    /// its owner.
    pub(super) fn lend_nothing(&mut self, pid: Pid, argument: usize, arguments: &[u64; 6]) -> Resume {
        let mode = arguments.get(argument).copied().unwrap_or(0);
        self.change_arguments(pid, &[(argument, mode & !SET_ID)])
    }

    /// `open` and `openat`, with the numbers of the arguments for how and for the mode.
    pub(super) fn open(&mut self, pid: Pid, call: Call, (how, mode): (usize, usize), arguments: &[u64; 6]) -> Resume {
        const MAKES: u64 = (libc::O_CREAT | libc::O_TMPFILE & !libc::O_DIRECTORY).cast_unsigned() as u64;
        let of = |argument: usize| arguments.get(argument).copied().unwrap_or(0);
        let seen = self.look_up(pid, call, arguments);
        if of(how) & MAKES != 0 && of(mode) & SET_ID != 0 {
            return self.lend_nothing(pid, mode, arguments);
        }
        seen
    }

    /// A look at a file's times, at its path, or at both.
    pub(super) fn file_status(&mut self, pid: Pid, call: Call, arguments: &[u64; 6]) -> Resume {
        use crate::sandbox::spec::{FileTimes, Paths};
        let mut how = Resume::Run;
        if self.spec.file_times == FileTimes::Clamped && self.spec.clock != Clock::Real {
            how = self.clamp_later(pid, call, arguments);
        }
        if self.spec.paths != Paths::Rare && self.look_up(pid, call, arguments) == Resume::ToExit {
            how = Resume::ToExit;
        }
        how
    }

    /// `sched_getaffinity(pid, length, mask)`: as many processors as the spec says, whatever the machine has.
    pub(super) fn processors(&self, pid: Pid, arguments: &[u64; 6]) -> Resume {
        let mask = machine_view::processor_mask(self.spec.cpu_count.map_or(1, CpuCount::get));
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
}

fn answer_with(pid: Pid, place: u64, bytes: &[u8]) -> Resume {
    let written = tracee::write(pid, place, bytes);
    tracee::answer(pid, if written { 0 } else { -EFAULT });
    Resume::Run
}
