//! A stopped program, seen and changed from outside: its memory, its registers, its system call.
//!
//! Invariants: nothing here trusts what it reads: an address that is none, a process that has just been killed, a
//! length that lies end in `None` or `false`, never in a wait or a panic.

use std::ffi::{c_long, c_void};
use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{OwnedFd, RawFd};

use rustix::io::Errno;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use crate::sandbox::linux::arch::{LAYOUT, MAX_WORDS, NumberPlace};
use crate::sandbox::linux::filter::ObservedCall;
use crate::sandbox::linux::proc;

/// The number of a process or thread.
pub(super) type Pid = libc::pid_t;

/// What the C library takes a request for.
#[cfg(target_env = "musl")]
type Request = std::ffi::c_int;
#[cfg(not(target_env = "musl"))]
type Request = std::ffi::c_uint;

/// Follow every child, report execs and filtered calls, mark stops of calls, and end all with the tracer.
const OPTIONS: usize = (libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_TRACESECCOMP
    | libc::PTRACE_O_EXITKILL)
    .cast_unsigned() as usize;

const SEIZE: Request = 0x4206;
const INTERRUPT: Request = 0x4207;
const LISTEN: Request = 0x4208;
const GET_SYSCALL_INFO: Request = 0x420e;
const GET_REGISTERS: Request = 0x4204;
const SET_REGISTERS: Request = 0x4205;
/// `NT_PRSTATUS`.
const GENERAL: usize = 1;
/// `PTRACE_SYSCALL_INFO_SECCOMP`.
const FILTERED: u8 = 3;

/// How a stopped program goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resume {
    /// To its next event.
    Run,
    /// To the end of the system call that it is in.
    ToExit,
    /// With this signal.
    Deliver(i32),
    /// Not at all: it stays stopped until somebody continues it.
    StayStopped,
    /// Not yet: the tracer lets it go on when it has the answer.
    Hold,
}

/// A system call that was not made: a filter has sent a signal instead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trapped {
    /// What the filter that sent it put there.
    pub(super) data: i32,
    pub(super) seen: ObservedCall,
}

/// `struct siginfo` of a signal that a filter sends.
#[repr(C)]
struct TrapInfo {
    signal: i32,
    error: i32,
    code: i32,
    padding: i32,
    instruction: u64,
    number: i32,
    architecture: u32,
    rest: [u64; 12],
}

/// `struct ptrace_syscall_info` of a filtered call.
#[repr(C)]
struct SyscallInfo {
    kind: u8,
    padding: [u8; 3],
    architecture: u32,
    instruction: u64,
    stack: u64,
    number: u64,
    arguments: [u64; 6],
    mark: u32,
    reserved: u32,
}

/// The general registers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Registers([u64; MAX_WORDS]);

impl Registers {
    pub(super) fn argument(&self, index: usize) -> u64 {
        LAYOUT.arguments.get(index).and_then(|word| self.0.get(*word)).copied().unwrap_or(0)
    }

    pub(super) fn set_argument(&mut self, index: usize, value: u64) {
        if let Some(word) = LAYOUT.arguments.get(index).and_then(|word| self.0.get_mut(*word)) {
            *word = value;
        }
    }

    /// The result of the call that has just ended: negative for an error.
    pub(super) fn result(&self) -> i64 {
        self.0.get(LAYOUT.result).copied().unwrap_or(0).cast_signed()
    }

    pub(super) fn set_word(&mut self, place: usize, value: u64) {
        if let Some(word) = self.0.get_mut(place) {
            *word = value;
        }
    }

    pub(super) fn stack(&self) -> u64 {
        self.0.get(LAYOUT.stack).copied().unwrap_or(0)
    }

    /// Takes back every argument of `before` but the one whose place holds the result.
    pub(super) fn restore_arguments(&mut self, before: &Self) {
        for index in (0..6).filter(|index| LAYOUT.arguments.get(*index) != Some(&LAYOUT.result)) {
            self.set_argument(index, before.argument(index));
        }
    }
}

fn request(request: Request, pid: Pid, address: usize, data: usize) -> c_long {
    // SAFETY: every request here either takes integers, or reads or writes a structure of this process whose address
    // and length the caller has just taken from a live value; a process that is not stopped or not ours is refused.
    unsafe { libc::ptrace(request, pid, address as *mut c_void, data as *mut c_void) }
}

/// Takes hold of `pid`, and of everything that it will start; with `ends` each thread stops before it ends.
pub(super) fn seize(pid: Pid, ends: bool) -> io::Result<()> {
    let options = if ends { OPTIONS | libc::PTRACE_O_TRACEEXIT.cast_unsigned() as usize } else { OPTIONS };
    match request(SEIZE, pid, 0, options) {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Lets `pid` go on. One that has been killed meanwhile is not there to go on.
pub(super) fn resume(pid: Pid, how: Resume) {
    match how {
        Resume::Run => request(libc::PTRACE_CONT, pid, 0, 0),
        Resume::ToExit => request(libc::PTRACE_SYSCALL, pid, 0, 0),
        Resume::Deliver(signal) => request(libc::PTRACE_CONT, pid, 0, usize::try_from(signal).unwrap_or(0)),
        Resume::StayStopped => request(LISTEN, pid, 0, 0),
        Resume::Hold => 0,
    };
}

/// The number that comes with an event: a new process, or the former number of one that executes.
pub(super) fn event_number(pid: Pid) -> Option<Pid> {
    let mut number: libc::c_ulong = 0;
    let done = request(libc::PTRACE_GETEVENTMSG, pid, 0, (&raw mut number).addr());
    (done == 0).then(|| Pid::try_from(number).ok()).flatten()
}

/// The call at whose beginning `pid` is stopped. `None` where it cannot be told: it must not run then.
pub(super) fn asked(pid: Pid) -> Option<ObservedCall> {
    let mut info = MaybeUninit::<SyscallInfo>::zeroed();
    let got = request(GET_SYSCALL_INFO, pid, size_of::<SyscallInfo>(), info.as_mut_ptr().addr());
    // SAFETY: zeroed integers are valid, and the kernel has written at most the size that it was given.
    let info = unsafe { info.assume_init() };
    // Up to the arguments; the mark, which is not looked at, comes after them.
    if got < 80 || info.kind != FILTERED {
        return None;
    }
    let number = u32::try_from(info.number).ok()?;
    Some(ObservedCall { architecture: info.architecture, number, arguments: info.arguments })
}

/// The call in whose place `pid` is about to be given a signal. `None` where the signal is not from a filter.
pub(super) fn trapped(pid: Pid) -> Option<Trapped> {
    /// `SYS_SECCOMP`.
    const BY_FILTER: i32 = 1;
    let mut info = MaybeUninit::<TrapInfo>::zeroed();
    if request(libc::PTRACE_GETSIGINFO, pid, 0, info.as_mut_ptr().addr()) != 0 {
        return None;
    }
    // SAFETY: zeroed integers are valid, and the kernel writes 128 bytes, which is the size of the structure.
    let info = unsafe { info.assume_init() };
    if info.code != BY_FILTER || info.signal != libc::SIGSYS {
        return None;
    }
    let registers = registers(pid)?;
    let arguments = [0, 1, 2, 3, 4, 5].map(|index| registers.argument(index));
    let seen = ObservedCall { architecture: info.architecture, number: info.number.cast_unsigned(), arguments };
    Some(Trapped { data: info.error, seen })
}

/// Whether the signal that `pid` is about to be given comes of what it has done itself: the kernel alone sends such.
pub(super) fn has_faulted(pid: Pid) -> bool {
    const FAULTS: [i32; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE];
    let mut info = MaybeUninit::<TrapInfo>::zeroed();
    if request(libc::PTRACE_GETSIGINFO, pid, 0, info.as_mut_ptr().addr()) != 0 {
        return false;
    }
    // SAFETY: zeroed integers are valid, and the kernel writes 128 bytes, which is the size of the structure.
    let info = unsafe { info.assume_init() };
    FAULTS.contains(&info.signal) && info.code > 0
}

const _: () = assert!(size_of::<TrapInfo>() == 128);

/// The registers of `pid`. `None` also where it runs a program of 32 bits, whose set is another.
pub(super) fn registers(pid: Pid) -> Option<Registers> {
    let mut registers = Registers([0; MAX_WORDS]);
    let mut vector = libc::iovec { iov_base: registers.0.as_mut_ptr().cast(), iov_len: 8 * LAYOUT.words };
    let got = request(GET_REGISTERS, pid, GENERAL, (&raw mut vector).addr()) == 0;
    (got && vector.iov_len == 8 * LAYOUT.words).then_some(registers)
}

/// Changes the registers of `pid`.
pub(super) fn set_registers(pid: Pid, registers: &Registers) -> bool {
    let vector = libc::iovec { iov_base: registers.0.as_ptr().cast_mut().cast(), iov_len: 8 * LAYOUT.words };
    request(SET_REGISTERS, pid, GENERAL, (&raw const vector).addr()) == 0
}

/// Lets `pid` have `result` instead of the call at whose beginning it is stopped.
///
/// A call that could not be taken away would run: the process is killed instead.
pub(super) fn answer(pid: Pid, result: i64) {
    if !try_answer(pid, result) {
        fail(pid);
    }
}

/// Ends the process of `pid`, which is stopped and cannot be given what it should have.
///
/// A thread that is being ended is not there to be given anything, and does not go on either: the kernel makes no call
/// for it. Where that is since another thread of its process executes a program, the process itself has done nothing
/// wrong, and lives on.
pub(super) fn fail(pid: Pid) {
    if !is_dying(pid) {
        kill(pid);
    }
}

/// Whether `pid`, which was stopped, has been woken by the signal that ends it, or is gone. It stays so, though it may stop
/// once more on its way.
fn is_dying(pid: Pid) -> bool {
    const ENDS: i32 = libc::SIGTRAP | libc::PTRACE_EVENT_EXIT << 8;
    let mut info = MaybeUninit::<TrapInfo>::zeroed();
    let done = request(libc::PTRACE_GETSIGINFO, pid, 0, info.as_mut_ptr().addr());
    if done != 0 {
        return io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH);
    }
    // SAFETY: zeroed integers are valid, and the kernel writes 128 bytes, which is the size of the structure.
    let info = unsafe { info.assume_init() };
    // No other stop at which a process could be failed has this signal, so none that a program has forged is taken for it.
    info.signal == libc::SIGTRAP && info.code == ENDS
}

fn try_answer(pid: Pid, result: i64) -> bool {
    let Some(mut registers) = registers(pid) else { return false };
    if let Some(word) = registers.0.get_mut(LAYOUT.result) {
        *word = result.cast_unsigned();
    }
    skip_call(pid, registers)
}

/// Takes a call away at its beginning; `registers` are those behind it.
fn skip_call(pid: Pid, mut registers: Registers) -> bool {
    let none = u64::MAX;
    match LAYOUT.number {
        NumberPlace::Word(place) => {
            if let Some(word) = registers.0.get_mut(place) {
                *word = none;
            }
            set_registers(pid, &registers)
        }
        NumberPlace::Set(kind) => {
            let mut number: i32 = -1;
            let vector = libc::iovec { iov_base: (&raw mut number).cast(), iov_len: size_of::<i32>() };
            request(SET_REGISTERS, pid, kind, (&raw const vector).addr()) == 0 && set_registers(pid, &registers)
        }
    }
}

/// Lets `pid`, stopped at the beginning of a call, go on with `registers` and without the call, wherever they lead.
///
/// A call that could not be taken away would run: the process is ended instead.
pub(super) fn answer_at(pid: Pid, registers: &Registers) {
    if !skip_call(pid, *registers) {
        fail(pid);
    }
}

/// Ends the waiting of a call, if `pid` is in one that can be interrupted: it stops, and the call ends as by a signal.
pub(super) fn interrupt(pid: Pid) {
    request(INTERRUPT, pid, 0, 0);
}

/// Ends a process.
pub(super) fn kill(pid: Pid) {
    // SAFETY: takes two integers.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}

/// Reads from `address` on; returns how many bytes there were.
pub(super) fn read(pid: Pid, address: u64, buffer: &mut [u8]) -> usize {
    let Some(start) = place(address) else { return 0 };
    let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let remote = libc::iovec { iov_base: start as *mut c_void, iov_len: buffer.len() };
    // SAFETY: the kernel writes at most `buffer.len()` bytes into `buffer`; the other address is of the other process.
    let read = unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    let mut done = usize::try_from(read).unwrap_or(0);
    // It stops at the first page that cannot be read, and some containers forbid it where they allow the rest.
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        let Some(word) = start.checked_add(done).and_then(|at| peek(pid, at)) else { break };
        let length = rest.len().min(word.len());
        rest.iter_mut().zip(word).for_each(|(byte, from)| *byte = from);
        done += length;
    }
    done
}

/// Writes `bytes` from `address` on, where the program itself may write; whether all of them could be written.
#[must_use]
pub(super) fn write(pid: Pid, address: u64, bytes: &[u8]) -> bool {
    write_some(pid, address, bytes) == bytes.len()
}

/// The same; returns how many could be written before the first place where the program may not write.
pub(super) fn write_some(pid: Pid, address: u64, bytes: &[u8]) -> usize {
    let Some(start) = place(address) else { return 0 };
    let done = copy_into(pid, start, bytes);
    if done == bytes.len() {
        return done;
    }
    // Some containers forbid it where they allow the rest, and it does not let a stack grow, as the kernel does for the
    // program. What does both minds no protection, so that is looked at.
    let Some(next) = start.checked_add(done) else { return done };
    let room = proc::writable_from(pid, next);
    let part = bytes.get(done..).unwrap_or_default();
    let part = part.get(..room.min(part.len())).unwrap_or_default();
    done + poke_all(pid, next, part)
}

/// Writes `bytes` from `address` on, whatever the program may do there; whether all of them could be written.
#[must_use]
pub(super) fn write_anywhere(pid: Pid, address: u64, bytes: &[u8]) -> bool {
    let Some(start) = place(address) else { return false };
    let done = copy_into(pid, start, bytes);
    let rest = bytes.get(done..).unwrap_or_default();
    start.checked_add(done).is_some_and(|next| poke_all(pid, next, rest) == rest.len())
}

/// Writes as the program itself could, as far as that goes in one piece.
fn copy_into(pid: Pid, start: usize, bytes: &[u8]) -> usize {
    let local = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let remote = libc::iovec { iov_base: start as *mut c_void, iov_len: bytes.len() };
    // SAFETY: the kernel only reads `bytes`; the other address is of the other process.
    let written = unsafe { libc::process_vm_writev(pid, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(written).unwrap_or(0)
}

/// Writes word by word, whatever the program may do there; returns how many bytes.
fn poke_all(pid: Pid, start: usize, bytes: &[u8]) -> usize {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        let Some(at) = start.checked_add(done) else { break };
        // What lies behind the last byte must stay.
        let Some(mut word) = peek(pid, at) else { break };
        word.iter_mut().zip(rest).for_each(|(byte, from)| *byte = *from);
        if !poke(pid, at, word) {
            break;
        }
        done += rest.len().min(word.len());
    }
    done
}

/// The open file behind a descriptor of `pid`: that very file with its position, not another one of the same name.
pub(super) fn open_file(pid: Pid, descriptor: u64) -> rustix::io::Result<OwnedFd> {
    // `PIDFD_THREAD`, of Linux 6.9. Before, only the first thread of a process can be named, which has the same files.
    let any_thread = PidfdFlags::from_bits_retain(libc::O_EXCL.cast_unsigned());
    let raw = |pid| rustix::process::Pid::from_raw(pid).ok_or(Errno::SRCH);
    let process = pidfd_open(raw(pid)?, any_thread).or_else(|_| pidfd_open(raw(pid)?, PidfdFlags::empty()));
    let process = process.or_else(|errno| pidfd_open(raw(first_thread(pid).ok_or(errno)?)?, PidfdFlags::empty()))?;
    let descriptor = RawFd::try_from(descriptor & u64::from(u32::MAX)).map_err(|_| Errno::BADF)?;
    pidfd_getfd(process, descriptor, PidfdGetfdFlags::empty())
}

/// The process of which `pid` is a thread.
fn first_thread(pid: Pid) -> Option<Pid> {
    let status = proc::text(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Tgid:")?.trim().parse().ok())
}

/// Writes where the program itself may not: its code.
pub(super) fn poke(pid: Pid, address: usize, word: [u8; 8]) -> bool {
    request(libc::PTRACE_POKEDATA, pid, address, usize::from_ne_bytes(word)) == 0
}

fn peek(pid: Pid, address: usize) -> Option<[u8; 8]> {
    let mut word = [0; 8];
    // SAFETY: the system call itself, unlike the function of the C library, writes the word to the address given.
    let done = unsafe { libc::syscall(libc::SYS_ptrace, libc::PTRACE_PEEKDATA, pid, address, word.as_mut_ptr()) };
    (done == 0).then_some(word)
}

fn place(address: u64) -> Option<usize> {
    usize::try_from(address).ok().filter(|address| *address != 0)
}

/// A number of eight bytes.
pub(super) fn read_word(pid: Pid, address: u64) -> Option<u64> {
    let mut bytes = [0; 8];
    (read(pid, address, &mut bytes) == 8).then(|| u64::from_ne_bytes(bytes))
}

/// Seconds and a fraction, as in `struct timespec` and `struct timeval`.
pub(super) fn read_pair(pid: Pid, address: u64) -> Option<(i64, i64)> {
    let second = read_word(pid, address.checked_add(8)?)?;
    Some((read_word(pid, address)?.cast_signed(), second.cast_signed()))
}

/// The counterpart of [`read_pair`].
#[must_use]
pub(super) fn write_pair(pid: Pid, address: u64, (first, second): (i64, i64)) -> bool {
    let mut bytes = [0; 16];
    let (low, high) = bytes.split_at_mut(8);
    low.copy_from_slice(&first.to_ne_bytes());
    high.copy_from_slice(&second.to_ne_bytes());
    write(pid, address, &bytes)
}

/// A text that ends with a zero byte, of at most `longest` bytes.
pub(super) fn read_text(pid: Pid, address: u64, longest: usize) -> Option<Vec<u8>> {
    const STEP: usize = 256;
    let mut text = Vec::new();
    while text.len() < longest {
        let mut chunk = [0; STEP];
        // To the end of a page at most: the next one may not be there.
        let at = address.checked_add(text.len() as u64)?;
        let length = STEP.min(4096 - usize::try_from(at % 4096).unwrap_or(0));
        let read = read(pid, at, chunk.get_mut(..length)?);
        let read = chunk.get(..read)?;
        match read.iter().position(|byte| *byte == 0) {
            Some(end) => {
                text.extend_from_slice(read.get(..end)?);
                return Some(text);
            }
            None if read.len() < length => return None,
            None => text.extend_from_slice(read),
        }
    }
    None
}
