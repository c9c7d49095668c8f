//! Every system call that this project has classed, with its numbers: those of Linux 6.10 and before.
//!
//! Numbers are those of `asm/unistd_64.h` (x86_64) and of `asm-generic/unistd.h` (aarch64); they never change. A number that
//! is not here is answered as by a kernel that lacks the call. Whoever adds one decides in `filter/rules.rs` what becomes
//! of it, and the table in `docs/sandbox-calls.md` shows it.

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
        pub enum Call {
            $($name,)*
        }

        impl Call {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As in the manual.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Its number on x86_64.
            #[cfg(any(target_arch = "x86_64", test))]
            pub fn on_x86_64(self) -> Option<u32> {
                match self {
                    $(Self::$name => number!($x86_64),)*
                }
            }

            /// Its number on aarch64.
            #[cfg(any(target_arch = "aarch64", test))]
            pub fn on_aarch64(self) -> Option<u32> {
                match self {
                    $(Self::$name => number!($aarch64),)*
                }
            }
        }
    };
}

calls! {
    Accept "accept" 43 202;
    Accept4 "accept4" 288 242;
    Access "access" 21 -;
    Acct "acct" 163 89;
    AddKey "add_key" 248 217;
    Adjtimex "adjtimex" 159 171;
    AfsSyscall "afs_syscall" 183 -;
    Alarm "alarm" 37 -;
    ArchPrctl "arch_prctl" 158 -;
    Bind "bind" 49 200;
    Bpf "bpf" 321 280;
    Brk "brk" 12 214;
    Cachestat "cachestat" 451 451;
    Capget "capget" 125 90;
    Capset "capset" 126 91;
    Chdir "chdir" 80 49;
    Chmod "chmod" 90 -;
    Chown "chown" 92 -;
    Chroot "chroot" 161 51;
    ClockAdjtime "clock_adjtime" 305 266;
    ClockGetres "clock_getres" 229 114;
    ClockGettime "clock_gettime" 228 113;
    ClockNanosleep "clock_nanosleep" 230 115;
    ClockSettime "clock_settime" 227 112;
    Clone "clone" 56 220;
    Clone3 "clone3" 435 435;
    Close "close" 3 57;
    CloseRange "close_range" 436 436;
    Connect "connect" 42 203;
    CopyFileRange "copy_file_range" 326 285;
    Creat "creat" 85 -;
    DeleteModule "delete_module" 176 106;
    Dup "dup" 32 23;
    Dup2 "dup2" 33 -;
    Dup3 "dup3" 292 24;
    EpollCreate "epoll_create" 213 -;
    EpollCreate1 "epoll_create1" 291 20;
    EpollCtl "epoll_ctl" 233 21;
    EpollCtlOld "epoll_ctl_old" 214 -;
    EpollPwait "epoll_pwait" 281 22;
    EpollPwait2 "epoll_pwait2" 441 441;
    EpollWait "epoll_wait" 232 -;
    EpollWaitOld "epoll_wait_old" 215 -;
    Eventfd "eventfd" 284 -;
    Eventfd2 "eventfd2" 290 19;
    Execve "execve" 59 221;
    Execveat "execveat" 322 281;
    Exit "exit" 60 93;
    ExitGroup "exit_group" 231 94;
    Faccessat "faccessat" 269 48;
    Faccessat2 "faccessat2" 439 439;
    Fadvise64 "fadvise64" 221 223;
    Fallocate "fallocate" 285 47;
    FanotifyInit "fanotify_init" 300 262;
    FanotifyMark "fanotify_mark" 301 263;
    Fchdir "fchdir" 81 50;
    Fchmod "fchmod" 91 52;
    Fchmodat "fchmodat" 268 53;
    Fchmodat2 "fchmodat2" 452 452;
    Fchown "fchown" 93 55;
    Fchownat "fchownat" 260 54;
    Fcntl "fcntl" 72 25;
    Fdatasync "fdatasync" 75 83;
    Fgetxattr "fgetxattr" 193 10;
    FinitModule "finit_module" 313 273;
    Flistxattr "flistxattr" 196 13;
    Flock "flock" 73 32;
    Fork "fork" 57 -;
    Fremovexattr "fremovexattr" 199 16;
    Fsconfig "fsconfig" 431 431;
    Fsetxattr "fsetxattr" 190 7;
    Fsmount "fsmount" 432 432;
    Fsopen "fsopen" 430 430;
    Fspick "fspick" 433 433;
    Fstat "fstat" 5 80;
    Fstatfs "fstatfs" 138 44;
    Fsync "fsync" 74 82;
    Ftruncate "ftruncate" 77 46;
    Futex "futex" 202 98;
    FutexRequeue "futex_requeue" 456 456;
    FutexWait "futex_wait" 455 455;
    FutexWaitv "futex_waitv" 449 449;
    FutexWake "futex_wake" 454 454;
    Futimesat "futimesat" 261 -;
    GetMempolicy "get_mempolicy" 239 236;
    GetRobustList "get_robust_list" 274 100;
    GetThreadArea "get_thread_area" 211 -;
    Getcpu "getcpu" 309 168;
    Getcwd "getcwd" 79 17;
    Getdents "getdents" 78 -;
    Getdents64 "getdents64" 217 61;
    Getegid "getegid" 108 177;
    Geteuid "geteuid" 107 175;
    Getgid "getgid" 104 176;
    Getgroups "getgroups" 115 158;
    Getitimer "getitimer" 36 102;
    Getpeername "getpeername" 52 205;
    Getpgid "getpgid" 121 155;
    Getpgrp "getpgrp" 111 -;
    Getpid "getpid" 39 172;
    Getpmsg "getpmsg" 181 -;
    Getppid "getppid" 110 173;
    Getpriority "getpriority" 140 141;
    Getrandom "getrandom" 318 278;
    Getresgid "getresgid" 120 150;
    Getresuid "getresuid" 118 148;
    Getrlimit "getrlimit" 97 163;
    Getrusage "getrusage" 98 165;
    Getsid "getsid" 124 156;
    Getsockname "getsockname" 51 204;
    Getsockopt "getsockopt" 55 209;
    Gettid "gettid" 186 178;
    Gettimeofday "gettimeofday" 96 169;
    Getuid "getuid" 102 174;
    Getxattr "getxattr" 191 8;
    InitModule "init_module" 175 105;
    InotifyAddWatch "inotify_add_watch" 254 27;
    InotifyInit "inotify_init" 253 -;
    InotifyInit1 "inotify_init1" 294 26;
    InotifyRmWatch "inotify_rm_watch" 255 28;
    IoCancel "io_cancel" 210 3;
    IoDestroy "io_destroy" 207 1;
    IoGetevents "io_getevents" 208 4;
    IoPgetevents "io_pgetevents" 333 292;
    IoSetup "io_setup" 206 0;
    IoSubmit "io_submit" 209 2;
    IoUringEnter "io_uring_enter" 426 426;
    IoUringRegister "io_uring_register" 427 427;
    IoUringSetup "io_uring_setup" 425 425;
    Ioctl "ioctl" 16 29;
    Ioperm "ioperm" 173 -;
    Iopl "iopl" 172 -;
    IoprioGet "ioprio_get" 252 31;
    IoprioSet "ioprio_set" 251 30;
    Kcmp "kcmp" 312 272;
    KexecFileLoad "kexec_file_load" 320 294;
    KexecLoad "kexec_load" 246 104;
    Keyctl "keyctl" 250 219;
    Kill "kill" 62 129;
    LandlockAddRule "landlock_add_rule" 445 445;
    LandlockCreateRuleset "landlock_create_ruleset" 444 444;
    LandlockRestrictSelf "landlock_restrict_self" 446 446;
    Lchown "lchown" 94 -;
    Lgetxattr "lgetxattr" 192 9;
    Link "link" 86 -;
    Linkat "linkat" 265 37;
    Listen "listen" 50 201;
    Listmount "listmount" 458 458;
    Listxattr "listxattr" 194 11;
    Llistxattr "llistxattr" 195 12;
    LookupDcookie "lookup_dcookie" 212 18;
    Lremovexattr "lremovexattr" 198 15;
    Lseek "lseek" 8 62;
    Lsetxattr "lsetxattr" 189 6;
    LsmGetSelfAttr "lsm_get_self_attr" 459 459;
    LsmListModules "lsm_list_modules" 461 461;
    LsmSetSelfAttr "lsm_set_self_attr" 460 460;
    Lstat "lstat" 6 -;
    Madvise "madvise" 28 233;
    MapShadowStack "map_shadow_stack" 453 453;
    Mbind "mbind" 237 235;
    Membarrier "membarrier" 324 283;
    MemfdCreate "memfd_create" 319 279;
    MemfdSecret "memfd_secret" 447 447;
    MigratePages "migrate_pages" 256 238;
    Mincore "mincore" 27 232;
    Mkdir "mkdir" 83 -;
    Mkdirat "mkdirat" 258 34;
    Mknod "mknod" 133 -;
    Mknodat "mknodat" 259 33;
    Mlock "mlock" 149 228;
    Mlock2 "mlock2" 325 284;
    Mlockall "mlockall" 151 230;
    Mmap "mmap" 9 222;
    ModifyLdt "modify_ldt" 154 -;
    Mount "mount" 165 40;
    MountSetattr "mount_setattr" 442 442;
    MoveMount "move_mount" 429 429;
    MovePages "move_pages" 279 239;
    Mprotect "mprotect" 10 226;
    MqGetsetattr "mq_getsetattr" 245 185;
    MqNotify "mq_notify" 244 184;
    MqOpen "mq_open" 240 180;
    MqTimedreceive "mq_timedreceive" 243 183;
    MqTimedsend "mq_timedsend" 242 182;
    MqUnlink "mq_unlink" 241 181;
    Mremap "mremap" 25 216;
    Mseal "mseal" 462 462;
    Msgctl "msgctl" 71 187;
    Msgget "msgget" 68 186;
    Msgrcv "msgrcv" 70 188;
    Msgsnd "msgsnd" 69 189;
    Msync "msync" 26 227;
    Munlock "munlock" 150 229;
    Munlockall "munlockall" 152 231;
    Munmap "munmap" 11 215;
    NameToHandleAt "name_to_handle_at" 303 264;
    Nanosleep "nanosleep" 35 101;
    Newfstatat "newfstatat" 262 79;
    Nfsservctl "nfsservctl" 180 42;
    Open "open" 2 -;
    OpenByHandleAt "open_by_handle_at" 304 265;
    OpenTree "open_tree" 428 428;
    Openat "openat" 257 56;
    Openat2 "openat2" 437 437;
    Pause "pause" 34 -;
    PerfEventOpen "perf_event_open" 298 241;
    Personality "personality" 135 92;
    PidfdGetfd "pidfd_getfd" 438 438;
    PidfdOpen "pidfd_open" 434 434;
    PidfdSendSignal "pidfd_send_signal" 424 424;
    Pipe "pipe" 22 -;
    Pipe2 "pipe2" 293 59;
    PivotRoot "pivot_root" 155 41;
    PkeyAlloc "pkey_alloc" 330 289;
    PkeyFree "pkey_free" 331 290;
    PkeyMprotect "pkey_mprotect" 329 288;
    Poll "poll" 7 -;
    Ppoll "ppoll" 271 73;
    Prctl "prctl" 157 167;
    Pread64 "pread64" 17 67;
    Preadv "preadv" 295 69;
    Preadv2 "preadv2" 327 286;
    Prlimit64 "prlimit64" 302 261;
    ProcessMadvise "process_madvise" 440 440;
    ProcessMrelease "process_mrelease" 448 448;
    ProcessVmReadv "process_vm_readv" 310 270;
    ProcessVmWritev "process_vm_writev" 311 271;
    Pselect6 "pselect6" 270 72;
    Ptrace "ptrace" 101 117;
    Putpmsg "putpmsg" 182 -;
    Pwrite64 "pwrite64" 18 68;
    Pwritev "pwritev" 296 70;
    Pwritev2 "pwritev2" 328 287;
    Quotactl "quotactl" 179 60;
    QuotactlFd "quotactl_fd" 443 443;
    Read "read" 0 63;
    Readahead "readahead" 187 213;
    Readlink "readlink" 89 -;
    Readlinkat "readlinkat" 267 78;
    Readv "readv" 19 65;
    Reboot "reboot" 169 142;
    Recvfrom "recvfrom" 45 207;
    Recvmmsg "recvmmsg" 299 243;
    Recvmsg "recvmsg" 47 212;
    RemapFilePages "remap_file_pages" 216 234;
    Removexattr "removexattr" 197 14;
    Rename "rename" 82 -;
    Renameat "renameat" 264 38;
    Renameat2 "renameat2" 316 276;
    RequestKey "request_key" 249 218;
    RestartSyscall "restart_syscall" 219 128;
    Rmdir "rmdir" 84 -;
    Rseq "rseq" 334 293;
    RtSigaction "rt_sigaction" 13 134;
    RtSigpending "rt_sigpending" 127 136;
    RtSigprocmask "rt_sigprocmask" 14 135;
    RtSigqueueinfo "rt_sigqueueinfo" 129 138;
    RtSigreturn "rt_sigreturn" 15 139;
    RtSigsuspend "rt_sigsuspend" 130 133;
    RtSigtimedwait "rt_sigtimedwait" 128 137;
    RtTgsigqueueinfo "rt_tgsigqueueinfo" 297 240;
    SchedGetPriorityMax "sched_get_priority_max" 146 125;
    SchedGetPriorityMin "sched_get_priority_min" 147 126;
    SchedGetaffinity "sched_getaffinity" 204 123;
    SchedGetattr "sched_getattr" 315 275;
    SchedGetparam "sched_getparam" 143 121;
    SchedGetscheduler "sched_getscheduler" 145 120;
    SchedRrGetInterval "sched_rr_get_interval" 148 127;
    SchedSetaffinity "sched_setaffinity" 203 122;
    SchedSetattr "sched_setattr" 314 274;
    SchedSetparam "sched_setparam" 142 118;
    SchedSetscheduler "sched_setscheduler" 144 119;
    SchedYield "sched_yield" 24 124;
    Seccomp "seccomp" 317 277;
    Security "security" 185 -;
    Select "select" 23 -;
    Semctl "semctl" 66 191;
    Semget "semget" 64 190;
    Semop "semop" 65 193;
    Semtimedop "semtimedop" 220 192;
    Sendfile "sendfile" 40 71;
    Sendmmsg "sendmmsg" 307 269;
    Sendmsg "sendmsg" 46 211;
    Sendto "sendto" 44 206;
    SetMempolicy "set_mempolicy" 238 237;
    SetMempolicyHomeNode "set_mempolicy_home_node" 450 450;
    SetRobustList "set_robust_list" 273 99;
    SetThreadArea "set_thread_area" 205 -;
    SetTidAddress "set_tid_address" 218 96;
    Setdomainname "setdomainname" 171 162;
    Setfsgid "setfsgid" 123 152;
    Setfsuid "setfsuid" 122 151;
    Setgid "setgid" 106 144;
    Setgroups "setgroups" 116 159;
    Sethostname "sethostname" 170 161;
    Setitimer "setitimer" 38 103;
    Setns "setns" 308 268;
    Setpgid "setpgid" 109 154;
    Setpriority "setpriority" 141 140;
    Setregid "setregid" 114 143;
    Setresgid "setresgid" 119 149;
    Setresuid "setresuid" 117 147;
    Setreuid "setreuid" 113 145;
    Setrlimit "setrlimit" 160 164;
    Setsid "setsid" 112 157;
    Setsockopt "setsockopt" 54 208;
    Settimeofday "settimeofday" 164 170;
    Setuid "setuid" 105 146;
    Setxattr "setxattr" 188 5;
    Shmat "shmat" 30 196;
    Shmctl "shmctl" 31 195;
    Shmdt "shmdt" 67 197;
    Shmget "shmget" 29 194;
    Shutdown "shutdown" 48 210;
    Sigaltstack "sigaltstack" 131 132;
    Signalfd "signalfd" 282 -;
    Signalfd4 "signalfd4" 289 74;
    Socket "socket" 41 198;
    Socketpair "socketpair" 53 199;
    Splice "splice" 275 76;
    Stat "stat" 4 -;
    Statfs "statfs" 137 43;
    Statmount "statmount" 457 457;
    Statx "statx" 332 291;
    Swapoff "swapoff" 168 225;
    Swapon "swapon" 167 224;
    Symlink "symlink" 88 -;
    Symlinkat "symlinkat" 266 36;
    Sync "sync" 162 81;
    SyncFileRange "sync_file_range" 277 84;
    Syncfs "syncfs" 306 267;
    Sysctl "_sysctl" 156 -;
    Sysfs "sysfs" 139 -;
    Sysinfo "sysinfo" 99 179;
    Syslog "syslog" 103 116;
    Tee "tee" 276 77;
    Tgkill "tgkill" 234 131;
    Time "time" 201 -;
    TimerCreate "timer_create" 222 107;
    TimerDelete "timer_delete" 226 111;
    TimerGetoverrun "timer_getoverrun" 225 109;
    TimerGettime "timer_gettime" 224 108;
    TimerSettime "timer_settime" 223 110;
    TimerfdCreate "timerfd_create" 283 85;
    TimerfdGettime "timerfd_gettime" 287 87;
    TimerfdSettime "timerfd_settime" 286 86;
    Times "times" 100 153;
    Tkill "tkill" 200 130;
    Truncate "truncate" 76 45;
    Tuxcall "tuxcall" 184 -;
    Umask "umask" 95 166;
    Umount2 "umount2" 166 39;
    Uname "uname" 63 160;
    Unlink "unlink" 87 -;
    Unlinkat "unlinkat" 263 35;
    Unshare "unshare" 272 97;
    Uselib "uselib" 134 -;
    Userfaultfd "userfaultfd" 323 282;
    Ustat "ustat" 136 -;
    Utime "utime" 132 -;
    Utimensat "utimensat" 280 88;
    Utimes "utimes" 235 -;
    Vfork "vfork" 58 -;
    Vhangup "vhangup" 153 58;
    Vmsplice "vmsplice" 278 75;
    Vserver "vserver" 236 -;
    Wait4 "wait4" 61 260;
    Waitid "waitid" 247 95;
    Write "write" 1 64;
    Writev "writev" 20 66;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_number_or_name_stands_twice() {
        for numbers in [Call::on_x86_64, Call::on_aarch64] {
            let known: Vec<_> = Call::ALL.iter().filter_map(|call| numbers(*call)).collect();
            assert_eq!(known.iter().collect::<BTreeSet<_>>().len(), known.len());
        }
        let names: BTreeSet<_> = Call::ALL.iter().map(|call| call.name()).collect();
        assert_eq!(names.len(), Call::ALL.len());
    }

    /// Each call of the C library's table that this one has is compared by its number.
    macro_rules! numbers_are {
        ($($name:ident $number:ident;)*) => {
            #[test]
            #[cfg(target_arch = "x86_64")]
            fn the_numbers_are_those_of_the_system() {
                $(assert_eq!(Call::$name.on_x86_64().map(i64::from), Some(libc::$number), "{}", stringify!($name));)*
            }
        };
    }

    numbers_are! {
        ClockGettime SYS_clock_gettime;
        Connect SYS_connect;
        Execveat SYS_execveat;
        Getdents64 SYS_getdents64;
        Getrandom SYS_getrandom;
        Keyctl SYS_keyctl;
        Mount SYS_mount;
        MqTimedreceive SYS_mq_timedreceive;
        MqTimedsend SYS_mq_timedsend;
        Openat2 SYS_openat2;
        PidfdGetfd SYS_pidfd_getfd;
        ProcessVmReadv SYS_process_vm_readv;
        Ptrace SYS_ptrace;
        Sendmmsg SYS_sendmmsg;
        Setns SYS_setns;
        Socket SYS_socket;
        Statx SYS_statx;
        TimerSettime SYS_timer_settime;
        TimerfdSettime SYS_timerfd_settime;
        Unshare SYS_unshare;
        Utimensat SYS_utimensat;
    }

    /// The machine's own table, where its headers are installed: a call that it names and this project does not is to be
    /// classed. A newer kernel than the headers is caught by the filter, which knows no number beyond the table.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn every_call_that_the_headers_name_is_classed() {
        let Ok(header) = std::fs::read_to_string("/usr/include/x86_64-linux-gnu/asm/unistd_64.h") else { return };
        // Gone from the kernel since 2.6, and never there.
        const GONE: [&str; 3] = ["create_module", "get_kernel_syms", "query_module"];
        let known: BTreeSet<_> = Call::ALL.iter().filter_map(|call| Some((call.name(), call.on_x86_64()?))).collect();
        let named = header.lines().filter_map(|line| line.strip_prefix("#define __NR_")?.split_once(' '));
        let unknown: Vec<_> = named
            .map(|(name, number)| (name, number.trim().parse::<u32>().unwrap()))
            .filter(|call| !known.contains(call) && !GONE.contains(&call.0) && call.1 <= 462)
            .collect();
        assert_eq!(unknown, []);
    }
}
