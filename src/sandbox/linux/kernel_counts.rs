//! What the kernel counts of a run and tells only by calls that no safe wrapper covers: written blocks, shared tables of files,
//! memory and messages of System V.

use std::ffi::{c_int, c_long, c_ulong};

use libc::syscall;
use rustix::process::RawPid;

/// Bytes that all whom this process has waited for, and whom they have waited for, have caused to be written to a disk.
pub(super) fn written_by_children() -> u64 {
    // SAFETY: all zero is a valid `rusage`; the kernel writes such a structure to a live one.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    blocks(usage.ru_oublock)
}

/// Bytes of blocks of 512.
pub(super) fn blocks(number: c_long) -> u64 {
    u64::try_from(number).unwrap_or(0).saturating_mul(512)
}

/// Whether two processes or threads have the same table of open files; `None` where the kernel does not say.
pub(super) fn share_files(one: RawPid, other: RawPid) -> Option<bool> {
    /// `KCMP_FILES`.
    const FILES: c_int = 2;
    // SAFETY: takes integers.
    let order = unsafe { syscall(libc::SYS_kcmp, one, other, FILES, 0 as c_ulong, 0 as c_ulong) };
    (order >= 0).then_some(order == 0)
}

/// Bytes that shared memory of System V holds in this IPC namespace, in memory or swapped out.
pub(super) fn shared_segments() -> u64 {
    /// `linux/shm.h`; `libc` lacks it.
    const SHM_INFO: c_int = 14;
    #[repr(C)]
    struct Info {
        segments: c_int,
        total: c_ulong,
        resident: c_ulong,
        swapped: c_ulong,
        attempts: c_ulong,
        successes: c_ulong,
    }
    let mut info = Info { segments: 0, total: 0, resident: 0, swapped: 0, attempts: 0, successes: 0 };
    // SAFETY: the command writes a `struct shm_info`, whose layout this structure has, and looks at nothing else.
    let done = unsafe { libc::shmctl(0, SHM_INFO, (&raw mut info).cast()) };
    let pages = if done < 0 { 0 } else { info.resident.saturating_add(info.swapped) };
    // SAFETY: takes an integer.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    pages.saturating_mul(u64::try_from(page).unwrap_or(4096))
}

/// Bytes of messages that wait in queues of System V of this IPC namespace, and what the kernel needs for each.
pub(super) fn queued_messages() -> u64 {
    /// `struct msg_msg`, rounded up.
    const OF_ONE: u64 = 64;
    #[repr(C)]
    #[derive(Default)]
    struct Info {
        queues: c_int,
        messages: c_int,
        longest: c_int,
        of_queue: c_int,
        most_queues: c_int,
        segment: c_int,
        bytes: c_int,
        segments: u16,
    }
    let mut info = Info::default();
    // SAFETY: the command writes a `struct msginfo`, whose layout this structure has, and looks at nothing else.
    let done = unsafe { libc::msgctl(0, libc::MSG_INFO, (&raw mut info).cast()) };
    let number = |number: c_int| if done < 0 { 0 } else { u64::from(number.cast_unsigned()) };
    number(info.bytes).saturating_add(number(info.messages).saturating_mul(OF_ONE))
}
