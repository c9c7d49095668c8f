//! The system calls that the filter knows by name, with their numbers.
//!
//! Numbers are those of `asm/unistd_64.h` (x86_64) and of `asm-generic/unistd.h` (aarch64); they never change.

/// `None` where an architecture does not have the call.
macro_rules! number {
    (-) => {
        None
    };
    ($number:literal) => {
        Some($number)
    };
}

macro_rules! calls {
    ($($name:ident $text:literal $x86_64:tt $aarch64:tt;)*) => {
        /// A system call.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(in crate::sandbox::linux) enum Call {
            $($name,)*
        }

        impl Call {
            const ALL: &[Self] = &[$(Self::$name,)*];

            /// As in the manual.
            pub(in crate::sandbox::linux) fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Its number on x86_64.
            #[cfg(any(target_arch = "x86_64", test))]
            pub(super) fn on_x86_64(self) -> Option<u32> {
                match self {
                    $(Self::$name => number!($x86_64),)*
                }
            }

            /// Its number on aarch64.
            #[cfg(any(target_arch = "aarch64", test))]
            pub(super) fn on_aarch64(self) -> Option<u32> {
                match self {
                    $(Self::$name => number!($aarch64),)*
                }
            }
        }
    };
}

calls! {
    Access "access" 21 -;
    AddKey "add_key" 248 217;
    AdjTimex "adjtimex" 159 171;
    Bpf "bpf" 321 280;
    ChangeDirectory "chdir" 80 49;
    ChangeRoot "chroot" 161 51;
    ClockAdjTime "clock_adjtime" 305 266;
    ClockGetTime "clock_gettime" 228 113;
    ClockNanosleep "clock_nanosleep" 230 115;
    ClockSetTime "clock_settime" 227 112;
    Clone "clone" 56 220;
    Clone3 "clone3" 435 435;
    Connect "connect" 42 203;
    Execute "execve" 59 221;
    ExecuteAt "execveat" 322 281;
    FaccessAt "faccessat" 269 48;
    FaccessAt2 "faccessat2" 439 439;
    Fsconfig "fsconfig" 431 431;
    Fsmount "fsmount" 432 432;
    Fsopen "fsopen" 430 430;
    Fspick "fspick" 433 433;
    Fstat "fstat" 5 80;
    Futex "futex" 202 98;
    FutexWaitv "futex_waitv" 449 449;
    FutimesAt "futimesat" 261 -;
    GetAffinity "sched_getaffinity" 204 123;
    GetDirectoryEntries "getdents64" 217 61;
    GetRandom "getrandom" 318 278;
    GetTimeOfDay "gettimeofday" 96 169;
    IoUringEnter "io_uring_enter" 426 426;
    IoUringRegister "io_uring_register" 427 427;
    IoUringSetup "io_uring_setup" 425 425;
    KeyControl "keyctl" 250 219;
    LinkStat "lstat" 6 -;
    Mount "mount" 165 40;
    MountSetAttributes "mount_setattr" 442 442;
    MoveMount "move_mount" 429 429;
    NewFstatAt "newfstatat" 262 79;
    Open "open" 2 -;
    OpenAt "openat" 257 56;
    OpenAt2 "openat2" 437 437;
    OpenByHandleAt "open_by_handle_at" 304 265;
    OpenTree "open_tree" 428 428;
    PerfEventOpen "perf_event_open" 298 241;
    PivotRoot "pivot_root" 155 41;
    Ptrace "ptrace" 101 117;
    QueueReceive "mq_timedreceive" 243 183;
    QueueSend "mq_timedsend" 242 182;
    ReadLink "readlink" 89 -;
    ReadLinkAt "readlinkat" 267 78;
    RequestKey "request_key" 249 218;
    Seccomp "seccomp" 317 277;
    SendMessage "sendmsg" 46 211;
    SendMessages "sendmmsg" 307 269;
    SendTo "sendto" 44 206;
    SetAffinity "sched_setaffinity" 203 122;
    SetNamespace "setns" 308 268;
    SetTimeOfDay "settimeofday" 164 170;
    Socket "socket" 41 198;
    Stat "stat" 4 -;
    Statx "statx" 332 291;
    SystemInfo "sysinfo" 99 179;
    SystemName "uname" 63 160;
    Time "time" 201 -;
    TimerFdSetTime "timerfd_settime" 286 86;
    TimerSetTime "timer_settime" 223 110;
    Unmount "umount2" 166 39;
    Unshare "unshare" 272 97;
    UserFault "userfaultfd" 323 282;
    Utime "utime" 132 -;
    UtimensAt "utimensat" 280 88;
    Utimes "utimes" 235 -;
}

impl Call {
    /// The mark by which the filter names the call to the tracer: never 0.
    pub(in crate::sandbox::linux) fn mark(self) -> u16 {
        self as u16 + 1
    }

    /// The call of a mark.
    pub(in crate::sandbox::linux) fn of_mark(mark: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(mark).ok()?.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_number_stands_twice_and_every_mark_names_its_call() {
        for numbers in [Call::on_x86_64, Call::on_aarch64] {
            let known: Vec<_> = Call::ALL.iter().filter_map(|call| numbers(*call)).collect();
            assert_eq!(known.iter().collect::<BTreeSet<_>>().len(), known.len());
        }
        for call in Call::ALL {
            assert_eq!(Call::of_mark(call.mark().into()), Some(*call));
        }
        assert_eq!((Call::of_mark(0), Call::of_mark(u32::MAX)), (None, None));
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_numbers_are_those_of_the_system() {
        let known = [
            (Call::ClockGetTime, libc::SYS_clock_gettime),
            (Call::Connect, libc::SYS_connect),
            (Call::GetDirectoryEntries, libc::SYS_getdents64),
            (Call::GetRandom, libc::SYS_getrandom),
            (Call::Ptrace, libc::SYS_ptrace),
            (Call::Statx, libc::SYS_statx),
            (Call::TimerFdSetTime, libc::SYS_timerfd_settime),
            (Call::TimerSetTime, libc::SYS_timer_settime),
            (Call::UtimensAt, libc::SYS_utimensat),
            (Call::OpenAt2, libc::SYS_openat2),
            (Call::Unshare, libc::SYS_unshare),
            (Call::SetNamespace, libc::SYS_setns),
            (Call::Mount, libc::SYS_mount),
            (Call::ExecuteAt, libc::SYS_execveat),
            (Call::SendMessages, libc::SYS_sendmmsg),
            (Call::QueueSend, libc::SYS_mq_timedsend),
            (Call::QueueReceive, libc::SYS_mq_timedreceive),
        ];
        for (call, number) in known {
            assert_eq!(call.on_x86_64().map(i64::from), Some(number), "{call:?}");
        }
    }
}
