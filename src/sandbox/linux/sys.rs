//! The system calls that no safe wrapper covers, but for those that look into another process (see `tracee`).

use std::ffi::{c_int, c_long, c_uint, c_ulong, c_void};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use libc::{personality, signal, syscall};
use rustix::io::{Errno, Result};
use rustix::ioctl::{Setter, ioctl};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::process::{Pid, RawPid};

use crate::sandbox::linux::filter::Instruction;
use crate::sandbox::linux::kernel_counts::blocks;

/// The same number on every architecture, as for every call since Linux 5.
const CLOSE_RANGE: c_long = 436;
const MOUNT_SETATTR: c_long = 442;

const AT_EMPTY_PATH: c_uint = 0x1000;
const AT_RECURSIVE: c_uint = 0x8000;

/// Attributes that a mount can get.
#[derive(Debug, Clone, Copy)]
pub(super) enum Protection {
    /// Set-user-id files and device nodes are inert.
    Inert,
    /// And nothing can be written.
    ReadOnly,
    /// Device nodes work; set-user-id files are inert.
    Device,
}

/// Whether what is mounted below is meant too.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reach {
    One,
    All,
}

#[repr(C)]
struct MountAttributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

/// Protects the mount that `mount` holds.
pub(super) fn protect(mount: BorrowedFd<'_>, protection: Protection, reach: Reach) -> Result<()> {
    let (read_only, no_set_user_id, no_devices) = (1, 2, 4);
    let set = match protection {
        Protection::Inert => no_set_user_id | no_devices,
        Protection::ReadOnly => read_only | no_set_user_id | no_devices,
        Protection::Device => no_set_user_id,
    };
    let attributes = MountAttributes { set, clear: 0, propagation: 0, user_namespace: 0 };
    let flags = match reach {
        Reach::One => AT_EMPTY_PATH,
        Reach::All => AT_EMPTY_PATH | AT_RECURSIVE,
    };
    // SAFETY: the descriptor is open for the whole call, the path is a C string, and the kernel reads exactly
    // `size_of` bytes of a structure that has the layout of `struct mount_attr`.
    let done = unsafe {
        syscall(
            MOUNT_SETATTR,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attributes,
            size_of::<MountAttributes>(),
        )
    };
    checked(done)
}

/// Closes every file but stdin, stdout and stderr.
///
/// To be called first thing in the helper, before anything of Rust owns a file.
pub(super) fn close_inherited() -> Result<()> {
    // SAFETY: takes three integers; nothing in this process owns a descriptor above 2 yet.
    checked(unsafe { syscall(CLOSE_RANGE, 3 as c_uint, c_uint::MAX, 0 as c_uint) })
}

/// Makes addresses the same in every run of this process and its children.
pub(super) fn fix_addresses() -> Result<()> {
    const ADDR_NO_RANDOMIZE: c_ulong = libc::ADDR_NO_RANDOMIZE as c_ulong;
    // SAFETY: takes an integer and changes nothing but this process's personality, effective from the next exec.
    checked(unsafe { personality(ADDR_NO_RANDOMIZE) }.into())
}

/// Gives this process, and all that it starts, a session keyring of its own, which is empty: what the caller's holds is
/// out of reach.
pub(super) fn leave_session_keyring() -> Result<()> {
    /// `KEYCTL_JOIN_SESSION_KEYRING`.
    const JOIN_SESSION_KEYRING: c_int = 1;
    // SAFETY: takes an integer and a name, for which a null pointer means that there is none.
    checked(unsafe { syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, std::ptr::null::<c_void>()) })
}

/// Gives every signal its default effect: what a caller ignores (`nohup`, `&` in a script) would stay ignored.
pub(super) fn default_signals() {
    let default = 0;
    // Rust ignores this one itself and resets it in the programs that it starts.
    for number in (1..=libc::SIGRTMAX()).filter(|number| *number != libc::SIGPIPE) {
        // SAFETY: installs no handler; a signal that cannot be changed is refused without effect.
        unsafe { signal(number, default) };
    }
}

/// How memory and processors of this process, and of all that it starts, are treated: as where nobody has said anything. What the
/// kernel lacks cannot have been said either.
pub(super) fn reset_treatment() {
    // `libc` lacks these for some C libraries.
    const PR_MCE_KILL: c_int = 33;
    const PR_MCE_KILL_CLEAR: c_ulong = 0;
    const PR_SET_THP_DISABLE: c_int = 41;
    const PR_SET_MEMORY_MERGE: c_int = 67;
    for (option, first) in [(PR_MCE_KILL, PR_MCE_KILL_CLEAR), (PR_SET_THP_DISABLE, 0), (PR_SET_MEMORY_MERGE, 0)] {
        // SAFETY: takes integers and changes attributes of this process alone.
        unsafe { libc::prctl(option, first, 0 as c_ulong, 0 as c_ulong, 0 as c_ulong) };
    }
    /// `MPOL_DEFAULT`.
    const DEFAULT: c_int = 0;
    // SAFETY: without nodes, for which a null pointer stands, the kernel reads no memory.
    unsafe { syscall(libc::SYS_set_mempolicy, DEFAULT, std::ptr::null::<c_void>(), 0 as c_ulong) };
}

/// Whether this process, and all that it starts, may not have memory that is written and then executed: nobody can take that back.
pub(super) fn denies_writing_code() -> bool {
    const PR_GET_MDWE: c_int = 66;
    const REFUSE_EXEC_GAIN: c_int = 1;
    let none: c_ulong = 0;
    // SAFETY: takes integers and reads attributes of this process.
    let bits = unsafe { libc::prctl(PR_GET_MDWE, none, none, none, none) };
    bits > 0 && bits & REFUSE_EXEC_GAIN != 0
}

/// Which of two processes this is.
pub(super) enum Forked {
    Parent(Pid),
    Child,
}

/// Starts a copy of this process in new namespaces. The process must have one thread.
///
/// The child has its own copy of all memory and of every open file.
pub(super) fn fork_into(namespaces: c_int) -> Result<Forked> {
    let flags = c_long::from(namespaces | libc::SIGCHLD);
    // SAFETY: without `CLONE_VM` this is `fork`: the child goes on with a copy of everything. This process has one
    // thread, so no lock of the allocator or of the standard library can be held by one that the child lacks.
    let pid = unsafe { syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    checked(pid)?;
    match RawPid::try_from(pid).ok().and_then(Pid::from_raw) {
        Some(pid) => Ok(Forked::Parent(pid)),
        None => Ok(Forked::Child),
    }
}

/// Starts a process that shares this one's memory and runs `body` in it; returns when it has executed a program or
/// ended. What `body` returns is its exit code where it executes nothing.
///
/// As with `vfork` the caller does not run meanwhile, so `body` may use everything that it borrows; it must only not
/// leave anything behind that the caller would not expect.
///
/// `group` is the folder of a control group (version 2) in which the process is born; where the kernel has no such birth,
/// or refuses it, this is an error and nothing was started.
pub(super) fn fork_sharing<F: FnMut() -> c_int>(body: &mut F, group: Option<BorrowedFd<'_>>) -> Result<Pid> {
    extern "C" fn enter<F: FnMut() -> c_int>(body: *mut c_void) -> c_int {
        // SAFETY: `body` is the pointer that is passed below, and its owner waits until this function has ended.
        unsafe { (*body.cast::<F>())() }
    }
    const STACK: usize = 256 << 10;
    // Of its own, so that the caller's stack is as it was when it goes on. Words of 16 bytes: the ABI wants that alignment.
    let mut stack: Vec<u128> = vec![0; STACK / 16];
    let body = std::ptr::from_mut(body).cast();
    let pid = match group {
        None => {
            let top = stack.as_mut_ptr_range().end;
            let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
            // SAFETY: the stack is live and large, grows down from its aligned end and is used by nobody else; `CLONE_VFORK`
            // keeps this thread, the only one, from running before the child has left the shared memory.
            unsafe { libc::clone(enter::<F>, top.cast(), flags, body) }.into()
        }
        Some(group) => {
            let arguments = CloneArguments {
                flags: (libc::CLONE_VM | libc::CLONE_VFORK).cast_unsigned().into(),
                exit_signal: libc::SIGCHLD.cast_unsigned().into(),
                stack: stack.as_mut_ptr() as u64,
                stack_size: STACK as u64,
                group: u64::from(group.as_raw_fd().cast_unsigned()),
                ..CloneArguments::default()
            };
            let arguments = CloneArguments { flags: arguments.flags | INTO_CGROUP, ..arguments };
            // SAFETY: as above.
            unsafe { clone3(&arguments, enter::<F>, body) }
        }
    };
    if pid < 0 {
        // The C library tells it by `errno`, the call itself by its result.
        let told = i32::try_from(-pid).ok().filter(|_| group.is_some()).map(Errno::from_raw_os_error);
        return Err(told.unwrap_or_else(last_error));
    }
    RawPid::try_from(pid).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)
}

/// `CLONE_INTO_CGROUP`; that of `libc` is a number of 32 bits, in which it is 0.
const INTO_CGROUP: u64 = 0x2_0000_0000;

/// `struct clone_args`.
#[repr(C)]
#[derive(Default)]
struct CloneArguments {
    flags: u64,
    pidfd: u64,
    child_number: u64,
    parent_number: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    storage: u64,
    numbers: u64,
    numbers_size: u64,
    group: u64,
}

/// `clone3`, which no C library wraps: starts a process on another stack in `enter(body)`, and ends it with what that
/// returns. Returns the number of the process, or an error as a negative number.
///
/// # Safety
/// The stack must be live, used by nobody else, and end at a multiple of 16 bytes; what `enter` does must be sound in a
/// process that shares this one's memory while this thread waits.
unsafe fn clone3(arguments: &CloneArguments, enter: extern "C" fn(*mut c_void) -> c_int, body: *mut c_void) -> i64 {
    let number = libc::SYS_clone3;
    let result: i64;
    // SAFETY: the caller's argument. The child begins behind the call with the same registers and an empty stack, which
    // `enter` uses as a function may; it never comes to what lies behind this code. The parent changes but the registers
    // that are named.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "mov edi, eax",
            "mov eax, 60",
            "syscall",
            "ud2",
            "2:",
            inlateout("rax") number => result,
            in("rdi") arguments,
            in("rsi") size_of::<CloneArguments>(),
            in("r12") body,
            in("r13") enter,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!(
            "svc #0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x0, x20",
            "blr x21",
            "mov x8, #93",
            "svc #0",
            "brk #1",
            "2:",
            inlateout("x0") std::ptr::from_ref(arguments) => result,
            in("x1") size_of::<CloneArguments>(),
            in("x8") number,
            in("x20") body,
            in("x21") enter,
        );
    }
    result
}

/// Gives this process, which is in the control group that is to be its top one, a view in which it is.
pub(super) fn hide_groups_above() -> Result<()> {
    // SAFETY: takes an integer, and changes nothing but what groups are called for this process.
    checked(unsafe { libc::unshare(libc::CLONE_NEWCGROUP) }.into())
}

/// Executes `program`; returns only if that fails. All three are lists of C strings, the latter ending with a null pointer.
pub(super) fn execute(program: &std::ffi::CStr, arguments: &CStrings, environment: &CStrings) -> Errno {
    // SAFETY: `CStrings` keeps every pointer of its list alive and ends it with a null pointer.
    unsafe { libc::execve(program.as_ptr(), arguments.pointers.as_ptr(), environment.pointers.as_ptr()) };
    last_error()
}

/// Texts in the form in which the kernel takes arguments and variables.
pub(super) struct CStrings {
    _texts: Vec<std::ffi::CString>,
    pointers: Vec<*const std::ffi::c_char>,
}

impl CStrings {
    pub(super) fn new(texts: Vec<std::ffi::CString>) -> Self {
        let pointers = texts.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect();
        Self { _texts: texts, pointers }
    }
}

/// A file that can be read from when a child has ended; children are no signal to this thread any more.
pub(super) fn child_events() -> Result<OwnedFd> {
    // SAFETY: all zero is a valid set, which is then made empty properly; the new descriptor is owned by nobody else.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        checked(libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()).into())?;
        let events = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        checked(events.into())?;
        Ok(OwnedFd::from_raw_fd(events))
    }
}

/// Lets every signal through again, with its default effect.
pub(super) fn reset_signals() {
    // Rust ignores it for itself.
    // SAFETY: installs no handler.
    unsafe { signal(libc::SIGPIPE, libc::SIG_DFL) };
    // SAFETY: all zero is a valid set, which is then made empty properly.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut());
    }
}

/// Puts every call of this thread and of what it starts through `filter`, for good.
pub(super) fn install(filter: &[Instruction]) -> Result<()> {
    #[repr(C)]
    struct Program {
        length: u16,
        filter: *const Instruction,
    }
    const SET_MODE_FILTER: c_uint = 1;
    /// No mitigation of speculation beyond the machine's own: on kernels before 5.16 it would slow everything down.
    const SPEC_ALLOW: c_uint = 4;
    let length = u16::try_from(filter.len()).map_err(|_| Errno::TOOBIG)?;
    let program = Program { length, filter: filter.as_ptr() };
    // SAFETY: the structure has the layout of `struct sock_fprog`, and an instruction that of `struct sock_filter`;
    // the kernel copies them and checks what they do.
    checked(unsafe { syscall(libc::SYS_seccomp, SET_MODE_FILTER, SPEC_ALLOW, &raw const program) })
}

/// Whether a tick has come that nobody asked for yet.
static TICKED: AtomicBool = AtomicBool::new(false);

/// Interrupts whatever this thread waits for, again and again; [`has_ticked`] tells it where nothing was waited for.
pub(super) fn tick(every: Duration) -> Result<()> {
    extern "C" fn note(_signal: c_int) {
        TICKED.store(true, Ordering::Relaxed);
    }
    let handler: extern "C" fn(c_int) = note;
    // Its type has no name that lasts in every C library.
    let period = libc::timeval { tv_sec: 0, tv_usec: every.as_micros().try_into().unwrap_or(100_000) };
    let timer = libc::itimerval { it_interval: period, it_value: period };
    // SAFETY: all zero is a valid `sigaction`: no flag, so that calls are interrupted, and an empty mask. The handler
    // sets a flag without a lock, so it may run anywhere.
    let done = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as usize;
        let done = libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut());
        if done == 0 { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) } else { done }
    };
    checked(done.into())
}

/// Whether a tick has come since this was last asked.
pub(super) fn has_ticked() -> bool {
    TICKED.swap(false, Ordering::Relaxed)
}

/// Does `body` while no signal comes through to this thread.
pub(super) fn undisturbed<T>(body: impl FnOnce() -> T) -> T {
    // SAFETY: all zero is a valid set, which is then made full properly; both sets are live, and only the mask of this
    // thread is changed, and changed back.
    unsafe {
        let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&raw mut all);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        let done = body();
        libc::sigprocmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
        done
    }
}

/// Something that a process did.
pub(super) struct Event {
    pub(super) pid: RawPid,
    /// As `waitpid` gives it.
    pub(super) status: c_int,
    /// The most memory that the process had at a time, in bytes; known at its end.
    pub(super) peak_memory: u64,
    /// Bytes that the process, and those that it has waited for, have caused to be written to a disk; known at its end.
    pub(super) written: u64,
}

/// Waits for the next event of any process that this one started or traces; `None` when it was interrupted.
pub(super) fn wait_any() -> Result<Option<Event>> {
    let mut status = 0;
    // SAFETY: all zero is a valid `rusage`; the kernel writes an integer and such a structure to live ones.
    let (pid, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(-1, &raw mut status, libc::__WALL, &raw mut usage), usage)
    };
    match checked(pid.into()) {
        Ok(()) => {
            let peak_memory = u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024;
            let written = blocks(usage.ru_oublock);
            Ok(Some(Event { pid, status, peak_memory, written }))
        }
        Err(Errno::INTR) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// The processor that this thread is on.
pub(super) fn current_processor() -> Option<usize> {
    // SAFETY: takes nothing.
    usize::try_from(unsafe { libc::sched_getcpu() }).ok()
}

/// A copy of the code that the kernel maps into every process; `None` where it does not.
pub(super) fn vdso_image() -> Option<Vec<u8>> {
    const HEADER: usize = 64;
    const LONGEST: usize = 64 << 10;
    // SAFETY: takes an integer.
    let base = usize::try_from(unsafe { libc::getauxval(libc::AT_SYSINFO_EHDR) }).ok().filter(|base| *base != 0)?;
    // SAFETY: the kernel maps at least one page there, readable and for good.
    let header = unsafe { std::slice::from_raw_parts(base as *const u8, HEADER) };
    let number = |at: usize, length: usize| {
        let bytes = header.get(at..at + length).unwrap_or_default();
        bytes.iter().rev().fold(0_usize, |value, byte| value << 8 | usize::from(*byte))
    };
    if header.get(..4) != Some(b"\x7fELF") {
        return None;
    }
    // The table of sections is the last part of the image.
    let length = number(40, 8).checked_add(number(58, 2) * number(60, 2))?.min(LONGEST);
    // SAFETY: the whole image is mapped, and this is where its own header says that it ends.
    Some(unsafe { std::slice::from_raw_parts(base as *const u8, length) }.to_vec())
}

/// Brings the loopback interface up.
pub(super) fn raise_loopback() -> Result<()> {
    const SIOCSIFFLAGS: rustix::ioctl::Opcode = libc::SIOCSIFFLAGS as rustix::ioctl::Opcode;
    const UP: u16 = libc::IFF_UP as u16;
    #[repr(C)]
    struct InterfaceRequest {
        name: [u8; 16],
        flags: u16,
        rest: [u8; 22],
    }
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    let mut request = InterfaceRequest { name: [0; 16], flags: UP, rest: [0; 22] };
    request.name[..2].copy_from_slice(b"lo");
    // SAFETY: the request reads a `struct ifreq`, whose layout and size (40 bytes) this structure has.
    unsafe { ioctl(&socket, Setter::<SIOCSIFFLAGS, InterfaceRequest>::new(request)) }
}

fn checked(result: c_long) -> Result<()> {
    if result >= 0 {
        return Ok(());
    }
    Err(last_error())
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}
