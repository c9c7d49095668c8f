//! x86_64. Registers are in the order of `struct user_regs_struct` (`asm/ptrace.h`).

use crate::sandbox::linux::arch::calls::Call;
use crate::sandbox::linux::arch::layout::{Layout, NumberPlace, Numbering};

pub(super) const NUMBERING: Numbering = Numbering {
    // `AUDIT_ARCH_X86_64`: `int 0x80` from the same program has another value.
    audit: 0xC000_003E,
    of: Call::on_x86_64,
};

pub(super) const LAYOUT: Layout = Layout {
    words: 27,
    // rdi, rsi, rdx, r10, r8, r9
    arguments: [14, 13, 12, 7, 9, 8],
    result: 10,
    stack: 19,
    number: NumberPlace::Word(15),
    instruction: 16,
    // rdi
    unmapped: 14,
};

/// `mov eax, MUNMAP; syscall; mov eax, CLOCK_GETTIME; xor edi, edi; syscall; ud2`, and six `nop`
pub(super) fn unmapping() -> Vec<[u8; 8]> {
    let number = |call: Call| call.on_x86_64().unwrap_or(u32::MAX).to_le_bytes();
    let [[a, b, c, d], [e, f, g, h]] = [number(Call::Munmap), number(Call::ClockGettime)];
    vec![
        [0xb8, a, b, c, d, 0x0f, 0x05, 0xb8],
        [e, f, g, h, 0x31, 0xff, 0x0f, 0x05],
        [0x0f, 0x0b, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90],
    ]
}

/// `mov eax, N; syscall; ret`, or `mov eax, -ENOSYS; nop; nop; ret`.
pub(super) fn stub(number: Option<u32>) -> Vec<[u8; 8]> {
    let (value, call) = match number {
        Some(number) => (number, [0x0f, 0x05]),
        None => ((-libc::ENOSYS).cast_unsigned(), [0x90, 0x90]),
    };
    let [a, b, c, d] = value.to_le_bytes();
    vec![[0xb8, a, b, c, d, call[0], call[1], 0xc3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_within_their_bounds() {
        const { assert!(LAYOUT.words <= crate::sandbox::linux::arch::MAX_WORDS) };
        assert!(LAYOUT.arguments.into_iter().chain([LAYOUT.result, LAYOUT.stack]).all(|word| word < LAYOUT.words));
        assert!([LAYOUT.instruction, LAYOUT.unmapped].into_iter().all(|word| word < LAYOUT.words));
        assert_eq!((NUMBERING.of)(Call::Time), Some(201));
    }

    #[test]
    fn a_stub_is_the_code_of_a_system_call() {
        assert_eq!(stub(Some(228)), [[0xb8, 228, 0, 0, 0, 0x0f, 0x05, 0xc3]]);
        let code = unmapping().concat();
        assert_eq!(hex::encode(code), "b80b0000000f05b8e400000031ff0f050f0b909090909090");
        assert_eq!(stub(None), [[0xb8, 0xda, 0xff, 0xff, 0xff, 0x90, 0x90, 0xc3]]);
    }
}
