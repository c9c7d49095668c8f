//! What differs between processors: numbers of calls, the place of registers, the code of a system call.
//!
//! Tables only, so that those of a processor that is not this one are compiled and tested here too. `x86_64` runs in
//! every test; `aarch64` runs in those of `tests/aarch64`, in an emulated machine.

mod calls;

#[cfg(any(target_arch = "aarch64", test))]
mod aarch64;
#[cfg(any(target_arch = "x86_64", test))]
mod x86_64;

#[cfg(target_arch = "aarch64")]
use aarch64 as this;
#[cfg(target_arch = "x86_64")]
use x86_64 as this;

pub(super) use calls::Call;

/// What the filter must know of a processor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbering {
    /// The value of `seccomp_data.arch` for this processor's own calls.
    pub(super) audit: u32,
    /// The number of a call.
    pub(super) of: fn(Call) -> Option<u32>,
}

/// Where a stopped program's registers are in the set that `PTRACE_GETREGSET` reads, in words of eight bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// How many words the set has.
    pub(super) words: usize,
    /// The six arguments of a system call.
    pub(super) arguments: [usize; 6],
    /// The result of a system call; on aarch64 also the first argument.
    pub(super) result: usize,
    /// The stack pointer.
    pub(super) stack: usize,
    /// Where the number of the call can be changed.
    pub(super) number: NumberPlace,
    /// The address of the next instruction.
    pub(super) instruction: usize,
    /// From where [`unmapping`] takes the address. Not where `execve` puts its result, which it does later.
    pub(super) unmapped: usize,
}

/// Where the number of a system call can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "each processor uses one of them"))]
pub(super) enum NumberPlace {
    /// At this word of the general registers.
    Word(usize),
    /// In a set of its own, of this type.
    Set(usize),
}

/// The longest set of registers of any processor, in words.
pub(super) const MAX_WORDS: usize = 34;

/// This processor's numbers.
pub(super) const NUMBERING: Numbering = this::NUMBERING;
/// This processor's registers.
pub(super) const LAYOUT: Layout = this::LAYOUT;

/// Code that unmaps what the registers say, and then reads the real clock: a call that a tracer is asked about, and so
/// sees. It does not go on behind that.
pub(super) fn unmapping() -> Vec<[u8; 8]> {
    this::unmapping()
}

/// Code that makes the plain system call `number` and returns, in words of eight bytes, for the start of a function that a
/// program calls instead of the kernel; `None` makes it answer `ENOSYS`.
pub(super) fn stub(number: Option<u32>) -> Vec<[u8; 8]> {
    this::stub(number)
}
