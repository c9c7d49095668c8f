//! What is to be known of a processor: the numbers of its calls, and where its registers are.

use crate::sandbox::linux::arch::calls::Call;

/// What the filter must know of a processor.
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox::linux) struct Numbering {
    /// The value of `seccomp_data.arch` for this processor's own calls.
    pub(in crate::sandbox::linux) audit: u32,
    /// The number of a call.
    pub(in crate::sandbox::linux) of: fn(Call) -> Option<u32>,
}

/// Where a stopped program's registers are in the set that `PTRACE_GETREGSET` reads, in words of eight bytes.
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox::linux) struct Layout {
    /// How many words the set has.
    pub(in crate::sandbox::linux) words: usize,
    /// The six arguments of a system call.
    pub(in crate::sandbox::linux) arguments: [usize; 6],
    /// The result of a system call; on aarch64 also the first argument.
    pub(in crate::sandbox::linux) result: usize,
    /// The stack pointer.
    pub(in crate::sandbox::linux) stack: usize,
    /// Where the number of the call can be changed.
    pub(in crate::sandbox::linux) number: NumberPlace,
    /// The address of the next instruction.
    pub(in crate::sandbox::linux) instruction: usize,
    /// From where [`super::unmapping`] takes the address. Not where `execve` puts its result, which it does later.
    pub(in crate::sandbox::linux) unmapped: usize,
}

/// Where the number of a system call can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "each processor uses one of them"))]
pub(in crate::sandbox::linux) enum NumberPlace {
    /// At this word of the general registers.
    Word(usize),
    /// In a set of its own, of this type.
    Set(usize),
}
