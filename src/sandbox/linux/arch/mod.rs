//! What differs between processors: numbers of calls, the place of registers, the code of a system call.
//!
//! Tables only, so that those of a processor that is not this one are compiled and tested here too. `x86_64` runs in
//! every test; `aarch64` runs in those of `tests/aarch64`, in an emulated machine.

mod calls;
mod layout;

#[cfg(any(target_arch = "aarch64", test))]
mod aarch64;
#[cfg(any(target_arch = "x86_64", test))]
mod x86_64;

#[cfg(target_arch = "aarch64")]
use aarch64 as this;
#[cfg(target_arch = "x86_64")]
use x86_64 as this;

pub(super) use calls::Call;
pub(super) use layout::{Layout, NumberPlace, Numbering};

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
