//! What the head of a program's file says of its calls.
//!
//! A program for 32-bit processors runs on many a 64-bit one, and calls its kernel by other numbers. The filter answers all of
//! them as a kernel that has none, so that such a program would end by a signal and nobody would know why.
//!
//! Absent: programs that an emulator of the machine's runs (`binfmt_misc`), which are of other processors: the emulator is what
//! makes calls.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Up to the field that names the processor.
const HEAD: usize = 20;

/// Whether a file that begins so is a program that this processor's kernel would run as one of 32 bits.
pub(crate) fn is_of_32_bits(head: &[u8]) -> bool {
    /// `EM_386`, and `EM_X86_64` for x32.
    const X86: [u8; 2] = [3, 62];
    /// `EM_ARM`.
    const ARM: [u8; 1] = [40];
    let machines: &[u8] = if cfg!(target_arch = "aarch64") { &ARM } else { &X86 };
    // The class, 32 bits; the order of bytes, the least first; the processor.
    let fields = [head.get(4), head.get(5), head.get(19)];
    head.starts_with(b"\x7fELF")
        && fields == [Some(&1), Some(&1), Some(&0)]
        && head.get(18).is_some_and(|machine| machines.contains(machine))
}

/// Whether the file at `path` is one; what cannot be read is none.
pub(crate) fn is_program_of_32_bits(path: &Path) -> bool {
    let mut head = [0; HEAD];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && is_of_32_bits(&head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(class: u8, machine: u8) -> Vec<u8> {
        let mut head = b"\x7fELF".to_vec();
        head.extend([class, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, machine, 0]);
        head
    }

    #[test]
    fn programs_of_32_bits_are_told_by_their_head() {
        let (own, other) = if cfg!(target_arch = "aarch64") { (40, 3) } else { (3, 40) };
        assert!(is_of_32_bits(&head(1, own)));
        // Of 64 bits, of a processor that takes an emulator, too short, no program.
        for head in [head(2, 62), head(1, other), head(1, own)[..19].to_vec(), b"#!/bin/sh\n".to_vec()] {
            assert!(!is_of_32_bits(&head), "{head:?}");
        }
        assert!(!is_program_of_32_bits(&std::env::current_exe().unwrap()));
        assert!(!is_program_of_32_bits(Path::new("/no/such/program")));
    }
}
