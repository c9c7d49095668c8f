//! aarch64. Registers are in the order of `struct user_pt_regs` (`asm/ptrace.h`): x0 to x30, sp, pc, pstate.

use crate::sandbox::linux::arch::calls::Call;
use crate::sandbox::linux::arch::layout::{Layout, NumberPlace, Numbering};

pub(super) const NUMBERING: Numbering = Numbering {
    // `AUDIT_ARCH_AARCH64`; 32-bit calls have another value.
    audit: 0xC000_00B7,
    of: Call::on_aarch64,
};

pub(super) const LAYOUT: Layout = Layout {
    words: 34,
    arguments: [0, 1, 2, 3, 4, 5],
    result: 0,
    stack: 31,
    // `NT_ARM_SYSTEM_CALL`.
    number: NumberPlace::Set(0x404),
    instruction: 32,
    unmapped: 2,
};

/// `mov x8, MUNMAP; mov x0, x2; svc 0; mov x8, CLOCK_GETTIME; mov x0, 0; svc 0; udf 0; udf 0`
pub(super) fn unmapping() -> Vec<[u8; 8]> {
    const CALL: u32 = 0xd400_0001;
    let number = |call: Call| 0xd280_0008 | (call.on_aarch64().unwrap_or(u32::MAX) & 0xffff) << 5;
    let word = |first: u32, second: u32| (u64::from(first) | u64::from(second) << 32).to_le_bytes();
    vec![
        word(number(Call::Munmap), 0xaa02_03e0),
        word(CALL, number(Call::ClockGettime)),
        word(0xd280_0000, CALL),
        word(0, 0),
    ]
}

/// `bti c; mov x8, N; svc 0; ret`, or `bti c; mov x0, -ENOSYS; nop; ret`. The first is where a processor lets calls through
/// a pointer land.
pub(super) fn stub(number: Option<u32>) -> Vec<[u8; 8]> {
    const ENOSYS: u32 = libc::ENOSYS.cast_unsigned();
    const LAND: u32 = 0xd503_245f;
    const RETURN: u32 = 0xd65f_03c0;
    let [value, call] = match number {
        Some(number) => [0xd280_0008 | (number & 0xffff) << 5, 0xd400_0001],
        // The complement of one less is its negative.
        None => [0x9280_0000 | (ENOSYS - 1) << 5, 0xd503_201f],
    };
    let word = |first: u32, second: u32| (u64::from(first) | u64::from(second) << 32).to_le_bytes();
    vec![word(LAND, value), word(call, RETURN)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_within_their_bounds() {
        const { assert!(LAYOUT.words <= crate::sandbox::linux::arch::MAX_WORDS) };
        assert!(LAYOUT.arguments.into_iter().chain([LAYOUT.result, LAYOUT.stack]).all(|word| word < LAYOUT.words));
        assert!([LAYOUT.instruction, LAYOUT.unmapped].into_iter().all(|word| word < LAYOUT.words));
        assert_eq!((NUMBERING.of)(Call::Time), None);
    }

    /// As `as` and `objdump` have them.
    #[test]
    fn a_stub_is_the_code_of_a_system_call() {
        let call = [[0x5f, 0x24, 0x03, 0xd5, 0x28, 0x0e, 0x80, 0xd2], [0x01, 0x00, 0x00, 0xd4, 0xc0, 0x03, 0x5f, 0xd6]];
        assert_eq!(stub(Some(113)), call);
        // As `as` has it.
        let code = unmapping().concat();
        assert_eq!(hex::encode(code), "e81a80d2e00302aa010000d4280e80d2000080d2010000d40000000000000000");
        let none = [[0x5f, 0x24, 0x03, 0xd5, 0xa0, 0x04, 0x80, 0x92], [0x1f, 0x20, 0x03, 0xd5, 0xc0, 0x03, 0x5f, 0xd6]];
        assert_eq!(stub(None), none);
    }
}
