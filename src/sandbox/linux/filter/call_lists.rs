//! Calls that are treated alike whatever they are given.

use crate::sandbox::linux::arch::Call;

/// Calls that could loosen the sandbox, look past it or change the machine, and that no scanner needs.
pub(super) const REFUSED: [Call; 44] = [
    Call::Acct,
    Call::AddKey,
    Call::Chroot,
    Call::DeleteModule,
    Call::FanotifyInit,
    Call::FinitModule,
    Call::Fsconfig,
    Call::Fsmount,
    Call::Fsopen,
    Call::Fspick,
    Call::InitModule,
    Call::Ioperm,
    Call::Iopl,
    Call::Kcmp,
    Call::KexecFileLoad,
    Call::KexecLoad,
    Call::Keyctl,
    Call::LookupDcookie,
    Call::Mount,
    Call::MountSetattr,
    Call::MoveMount,
    Call::OpenByHandleAt,
    Call::OpenTree,
    Call::PerfEventOpen,
    Call::PidfdGetfd,
    Call::PivotRoot,
    Call::Ptrace,
    Call::Quotactl,
    Call::QuotactlFd,
    Call::Reboot,
    Call::RequestKey,
    Call::Setdomainname,
    Call::Sethostname,
    Call::Setns,
    Call::Swapoff,
    Call::Swapon,
    Call::Syslog,
    Call::Umount2,
    Call::Vhangup,
    // They set the machine's clock, or say what it shows.
    Call::Adjtimex,
    Call::ClockAdjtime,
    Call::ClockSettime,
    Call::Settimeofday,
    Call::ProcessMadvise,
];

/// The same; a program that tries another way where the kernel lacks them must be able to.
pub(super) const LACKING: [Call; 5] =
    [Call::Bpf, Call::IoUringEnter, Call::IoUringRegister, Call::IoUringSetup, Call::Userfaultfd];

/// What looks into another process or changes it, where a program sees the machine's.
pub(super) const OF_OTHERS: [Call; 3] = [Call::ProcessMrelease, Call::ProcessVmReadv, Call::ProcessVmWritev];

/// Changes what another process may do, named by this argument: where a program sees the machine's processes, the tracer
/// lets it be one of the run's.
pub(super) const BY_NUMBER: [(Call, u32); 9] = [
    (Call::IoprioSet, 1),
    (Call::MigratePages, 0),
    (Call::MovePages, 0),
    (Call::Prlimit64, 0),
    (Call::SchedSetaffinity, 0),
    (Call::SchedSetattr, 0),
    (Call::SchedSetparam, 0),
    (Call::SchedSetscheduler, 0),
    (Call::Setpriority, 1),
];

/// Objects that belong to no process, of System V and POSIX.
pub(super) const LASTING: [Call; 14] = [
    Call::MqOpen,
    Call::MqUnlink,
    Call::Msgctl,
    Call::Msgget,
    Call::Msgrcv,
    Call::Msgsnd,
    Call::Semctl,
    Call::Semget,
    Call::Semop,
    Call::Semtimedop,
    Call::Shmat,
    Call::Shmctl,
    Call::Shmget,
    Call::Shmdt,
];

/// Looks a name up: asked about only where every look-up is to be seen.
pub(super) const LOOK_UPS: [Call; 11] = [
    Call::Access,
    Call::Faccessat,
    Call::Faccessat2,
    Call::Lstat,
    Call::Newfstatat,
    Call::Open,
    Call::Openat,
    Call::Readlink,
    Call::Readlinkat,
    Call::Stat,
    Call::Statx,
];
