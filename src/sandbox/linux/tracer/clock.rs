//! The clock that stands: reads of it, deadlines on it, and times of files.
//!
//! Monotonic clocks run on, so a program waits as long as it means to. A deadline on the standing clock is moved to a
//! running one at the same distance.

use rustix::time::{ClockId, clock_gettime};

use crate::sandbox::linux::arch::Call;
use crate::sandbox::linux::tracee::{self, Pid, Resume, read_pair, read_word, write_pair};
use crate::sandbox::linux::tracer::standing::{SECOND, join, split};
use crate::sandbox::linux::tracer::task::AtExit;
use crate::sandbox::linux::tracer::{EFAULT, EINVAL, Tracer, number};

const ETIMEDOUT: i64 = libc::ETIMEDOUT as i64;

fn running(clock: ClockId) -> i128 {
    let now = clock_gettime(clock);
    join((now.tv_sec, now.tv_nsec))
}

/// Where the times of a file are in what `stat` and its like write, in bytes.
const OF_STAT: &[u64] = &[72, 88, 104];
const OF_STATX: &[u64] = &[64, 80, 96, 112];

/// In `utimensat`: the time at which it is called.
const UTIME_NOW: i64 = libc::UTIME_NOW;

impl Tracer<'_> {
    /// `clock_gettime`, `gettimeofday`, `time`.
    pub(super) fn read_clock(&mut self, pid: Pid, call: Call, arguments: &[u64; 6]) -> Resume {
        if let Some(task) = self.tasks.get(&pid) {
            self.observed.clock_read(task.executable());
        }
        let (seconds, nanoseconds) = self.clock.read();
        let [first, second, ..] = *arguments;
        let written = match call {
            Call::ClockGettime => write_pair(pid, second, (seconds, nanoseconds)),
            Call::Gettimeofday => {
                let zone = second == 0 || tracee::write(pid, second, &[0; 8]);
                zone && (first == 0 || write_pair(pid, first, (seconds, nanoseconds / 1_000)))
            }
            _ => first == 0 || tracee::write(pid, first, &seconds.to_ne_bytes()),
        };
        let result = if call == Call::Time { seconds } else { 0 };
        tracee::answer(pid, if written { result } else { -EFAULT });
        Resume::Run
    }

    /// A call that waits until an instant of the standing clock.
    pub(super) fn deadline(&mut self, pid: Pid, call: Call, arguments: &[u64; 6]) -> Resume {
        const WAIT: u64 = libc::FUTEX_WAIT as u64;
        const LOCK_PI: u64 = libc::FUTEX_LOCK_PI as u64;
        const LOCK_PI_2: u64 = libc::FUTEX_LOCK_PI2 as u64;
        const PRIVATE: u64 = libc::FUTEX_PRIVATE_FLAG as u64;
        const COMMAND: u64 = PRIVATE - 1;
        match call {
            Call::Futex => {
                let command = arguments[1] & COMMAND;
                // The time of a plain wait is a distance already.
                if arguments[3] == 0 || command == WAIT {
                    return Resume::Run;
                }
                let operation = match command {
                    LOCK_PI => LOCK_PI_2 | arguments[1] & PRIVATE,
                    _ => arguments[1] & (COMMAND | PRIVATE),
                };
                self.move_deadline(pid, 3, &[(1, operation)])
            }
            Call::ClockNanosleep if is_standing(arguments[0]) => {
                let monotonic = 1;
                self.move_deadline(pid, 2, &[(0, monotonic)])
            }
            Call::MqTimedsend | Call::MqTimedreceive => self.wait_for_queue(pid, arguments),
            Call::TimerfdSettime | Call::TimerSettime => self.set_timer(pid, arguments),
            _ => Resume::Run,
        }
    }

    /// `mq_timedsend` and `mq_timedreceive`: these deadlines are of the machine's clock, of which nothing may lie in the
    /// program's memory, where it could be read. So the call waits without one, and is interrupted when its time is over.
    fn wait_for_queue(&mut self, pid: Pid, arguments: &[u64; 6]) -> Resume {
        const DEADLINE: usize = 4;
        let [.., address, _] = *arguments;
        let Some(given) = read_pair(pid, address) else { return refused(pid) };
        if given.0 < 0 || !(0..SECOND).contains(&i128::from(given.1)) {
            tracee::answer(pid, -EINVAL);
            return Resume::Run;
        }
        let after = running(ClockId::Monotonic) + join(given) - self.clock.now();
        match self.change_arguments(pid, &[(DEADLINE, 0)]) {
            Resume::ToExit => self.at_exit(pid, AtExit::Overdue { after }),
            failed => failed,
        }
    }

    /// Interrupts the calls whose time is over.
    pub(super) fn interrupt_overdue(&self) {
        let now = running(ClockId::Monotonic);
        let is_over = |what: &AtExit| matches!(what, AtExit::Overdue { after } if *after <= now);
        self.tasks
            .iter()
            .filter(|(_, task)| task.at_exit.iter().any(is_over))
            .for_each(|(pid, _)| tracee::interrupt(*pid));
    }

    /// The end of a call that waited without a deadline.
    pub(super) fn has_waited(&self, pid: Pid, after: i128, result: i64) {
        // What the kernel keeps to itself: the call is to be begun anew.
        const RESTART: i64 = -512;
        if result == RESTART && running(ClockId::Monotonic) >= after {
            self.set_result(pid, -ETIMEDOUT);
        }
    }

    /// Lets the call wait until the same distance on the monotonic clock.
    fn move_deadline(&mut self, pid: Pid, argument: usize, changes: &[(usize, u64)]) -> Resume {
        let moved = tracee::registers(pid).and_then(|before| {
            let deadline = join(read_pair(pid, before.argument(argument))?);
            let moved = (deadline - self.clock.now() + running(ClockId::Monotonic)).max(1);
            self.rewrite(pid, argument, &pairs(&[split(moved)]), changes)
        });
        moved.unwrap_or_else(|| refused(pid))
    }

    /// `timerfd_create` and `timer_create` with a clock that stands: becomes a timer of one that runs.
    ///
    /// With one of the machine's clock it could be tried out which instant has passed.
    pub(super) fn create_timer(&mut self, pid: Pid, arguments: &[u64; 6]) -> Resume {
        let running = match number(arguments[0]) {
            libc::CLOCK_REALTIME_ALARM => libc::CLOCK_BOOTTIME_ALARM,
            _ => libc::CLOCK_MONOTONIC,
        };
        self.change_arguments(pid, &[(0, u64::from(running.cast_unsigned()))])
    }

    /// `timerfd_settime` and `timer_settime` with a deadline: becomes one with a distance, if the timer's clock stands.
    fn set_timer(&mut self, pid: Pid, arguments: &[u64; 6]) -> Resume {
        let [_, _, address, ..] = *arguments;
        let (Some(interval), Some(value)) = (read_pair(pid, address), read_pair(pid, address.wrapping_add(16))) else {
            return refused(pid);
        };
        let deadline = join(value);
        // Which clock the program means is not to be seen; an instant of one is far from every instant of the other. What the
        // timer has is one that runs in any case.
        let distance = deadline - self.clock.now();
        if deadline == 0 || (deadline - running(ClockId::Monotonic)).abs() < distance.abs() {
            return Resume::Run;
        }
        let relative = 0;
        self.rewrite(pid, 2, &pairs(&[interval, split(distance.max(1))]), &[(1, relative)])
            .unwrap_or_else(|| refused(pid))
    }

    /// A call that sets the times of a file, where it means *now*.
    pub(super) fn touch(&mut self, pid: Pid, call: Call, arguments: &[u64; 6]) -> Resume {
        let now = split(self.clock.now());
        let argument = if matches!(call, Call::Utimensat | Call::Futimesat) { 2 } else { 1 };
        let given = arguments.get(argument).copied().unwrap_or(0);
        let (seconds, nanoseconds) = now;
        let times = match (call, given) {
            (Call::Utimensat, 0) => pairs(&[now, now]),
            (Call::Utimensat, address) => {
                let (Some(access), Some(change)) = (read_pair(pid, address), read_pair(pid, address.wrapping_add(16)))
                else {
                    return refused(pid);
                };
                if access.1 != UTIME_NOW && change.1 != UTIME_NOW {
                    return Resume::Run;
                }
                pairs(&[access, change].map(|time| if time.1 == UTIME_NOW { now } else { time }))
            }
            (Call::Utime, 0) => pairs(&[(seconds, seconds)]),
            (_, 0) => pairs(&[(seconds, nanoseconds / 1_000); 2]),
            _ => return Resume::Run,
        };
        self.rewrite(pid, argument, &times, &[]).unwrap_or_else(|| refused(pid))
    }

    /// Notes that the times which a call of the `stat` family reports are to be set back to the standing clock.
    pub(super) fn clamp_later(&mut self, pid: Pid, call: Call, arguments: &[u64; 6]) -> Resume {
        let (argument, offsets) = match call {
            Call::Statx => (4, OF_STATX),
            Call::Newfstatat => (2, OF_STAT),
            _ => (1, OF_STAT),
        };
        let buffer = arguments.get(argument).copied().unwrap_or(0);
        self.at_exit(pid, AtExit::Clamp { buffer, offsets })
    }

    /// Sets back the times in `buffer`.
    pub(super) fn clamp(&self, pid: Pid, buffer: u64, offsets: &[u64]) {
        let now = split(self.clock.now());
        for offset in offsets {
            let address = buffer.wrapping_add(*offset);
            let earlier = read_word(pid, address).is_some_and(|seconds| seconds.cast_signed() < now.0);
            if !earlier && !write_pair(pid, address, now) {
                // The program could read the machine's time there.
                tracee::fail(pid);
            }
        }
    }

    /// Lets an argument point at `bytes`, which are put below the stack of the program, and changes other arguments; at
    /// the end of the call all are as before. `None` where the memory is not there.
    fn rewrite(&mut self, pid: Pid, argument: usize, bytes: &[u8], changes: &[(usize, u64)]) -> Option<Resume> {
        /// Below what the ABI lets a function use without moving its stack pointer.
        const BELOW: u64 = 512;
        let before = tracee::registers(pid)?;
        let place = before.stack().checked_sub(BELOW)? & !15;
        // Near the end of a stack that may be a page that the program keeps closed, and does not look at.
        if !tracee::write_anywhere(pid, place, bytes) {
            return None;
        }
        let mut after = before;
        after.set_argument(argument, place);
        for (argument, value) in changes {
            after.set_argument(*argument, *value);
        }
        tracee::set_registers(pid, &after).then(|| self.at_exit(pid, AtExit::Restore(Box::new(before))))
    }
}

/// Whether a clock, of which the kernel takes the low half of the register, is one that stands.
fn is_standing(clock: u64) -> bool {
    const STANDING: [i32; 3] = [libc::CLOCK_REALTIME, libc::CLOCK_REALTIME_ALARM, libc::CLOCK_TAI];
    STANDING.contains(&number(clock))
}

fn refused(pid: Pid) -> Resume {
    tracee::answer(pid, -EFAULT);
    Resume::Run
}

fn pairs(pairs: &[(i64, i64)]) -> Vec<u8> {
    pairs.iter().flat_map(|(first, second)| [first.to_ne_bytes(), second.to_ne_bytes()]).flatten().collect()
}
