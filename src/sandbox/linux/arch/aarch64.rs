//! aarch64, *not run*. Registers are in the order of `struct user_pt_regs` (`asm/ptrace.h`): x0 to x30, sp, pc, pstate.

use crate::sandbox::linux::arch::{Call, Layout, NumberPlace, Numbering};

pub(super) const NUMBERING: Numbering = Numbering {
    // `AUDIT_ARCH_AARCH64`; 32-bit calls have another value.
    audit: 0xC000_00B7,
    unknown_from: 463,
    of: Call::on_aarch64,
};

pub(super) const LAYOUT: Layout = Layout {
    words: 34,
    arguments: [0, 1, 2, 3, 4, 5],
    result: 0,
    stack: 31,
    // `NT_ARM_SYSTEM_CALL`.
    number: NumberPlace::Set(0x404),
};

/// None: the vDSO also holds the code to which signal handlers return. It is hidden in the auxiliary vector alone.
pub(super) fn stub(_number: Option<u32>) -> Option<[u8; 8]> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_within_their_bounds() {
        const { assert!(LAYOUT.words <= crate::sandbox::linux::arch::MAX_WORDS) };
        assert!(LAYOUT.arguments.into_iter().chain([LAYOUT.result, LAYOUT.stack]).all(|word| word < LAYOUT.words));
        assert_eq!((NUMBERING.of)(Call::Time), None);
        assert_eq!(stub(Some(1)), None);
    }
}
