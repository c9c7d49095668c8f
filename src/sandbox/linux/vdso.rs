//! The code that the kernel lends every program so that it can read the clock without a system call.
//!
//! At each start of a program it is taken out of sight, and each of its functions is replaced by the plain system call:
//! a program that finds the code by itself asks the kernel, and so the tracer, all the same.

use crate::sandbox::linux::arch::{Call, NUMBERING, stub, unmapping};
use crate::sandbox::linux::sys;

/// A function of the vDSO and what takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Patch {
    /// From the beginning of the image, in bytes.
    pub(super) offset: u64,
    /// The code, in words.
    pub(super) code: Vec<[u8; 8]>,
}

/// Every function of this machine's vDSO that reads a clock, a processor's number or randomness. Every process has
/// the same image.
pub(super) fn patches() -> Vec<Patch> {
    sys::vdso_image().map(|image| patches_of(&image)).unwrap_or_default()
}

/// Code that lets a new program part with the pages from which the functions read, and where it can stand: in what is left
/// of a function that is replaced. `None` where none is long enough.
pub(super) fn eviction() -> Option<Patch> {
    let image = sys::vdso_image()?;
    let code = unmapping();
    let mut starts: Vec<u64> = functions(&image).into_iter().map(|(_, offset)| offset).collect();
    starts.sort_unstable();
    patches_of(&image).into_iter().find_map(|patch| {
        let offset = patch.offset + 8 * patch.code.len() as u64;
        let end = offset + 8 * code.len() as u64;
        // Whose names are of one function have one beginning.
        let next = starts.iter().find(|start| **start > patch.offset)?;
        (end <= *next).then(|| Patch { offset, code: code.clone() })
    })
}

fn patches_of(image: &[u8]) -> Vec<Patch> {
    functions(image).into_iter().filter_map(|(name, offset)| patch(&name, offset)).collect()
}

/// By the names of `vdso(7)`, which differ from processor to processor.
fn patch(name: &str, offset: u64) -> Option<Patch> {
    let number = match name {
        "__vdso_clock_gettime" | "__kernel_clock_gettime" => (NUMBERING.of)(Call::ClockGettime),
        "__vdso_gettimeofday" | "__kernel_gettimeofday" => (NUMBERING.of)(Call::Gettimeofday),
        "__vdso_clock_getres" | "__kernel_clock_getres" => (NUMBERING.of)(Call::ClockGetres),
        "__vdso_time" => (NUMBERING.of)(Call::Time),
        // Its signature is not that of the system call; every caller falls back when it is refused.
        "__vdso_getrandom" | "__kernel_getrandom" => None,
        _ => return None,
    };
    Some(Patch { offset, code: stub(number) })
}

/// Names and offsets of what an ELF image of 64 bits exports; nothing where it is none.
fn functions(image: &[u8]) -> Vec<(String, u64)> {
    const LOADED: u64 = libc::PT_LOAD as u64;
    const DYNAMIC: u64 = libc::PT_DYNAMIC as u64;
    /// `DT_HASH`, `DT_STRTAB`, `DT_SYMTAB`, which `libc` lacks.
    const HASH: u64 = 4;
    const STRINGS: u64 = 5;
    const SYMBOLS: u64 = 6;
    let number = |at: u64, length: usize| -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = image.get(at..at.checked_add(length)?)?;
        Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    };
    let read = || {
        let (headers, count) = (number(32, 8)?, number(56, 2)?);
        let header = |kind: u64| (0..count).map(|index| headers + 56 * index).find(|at| number(*at, 4) == Some(kind));
        // The image is linked for this address and lies at 0 of itself.
        let linked = number(header(LOADED)? + 16, 8)?;
        let mut at = number(header(DYNAMIC)? + 16, 8)?.checked_sub(linked)?;
        let (mut strings, mut symbols, mut hash) = (None, None, None);
        while let Some(tag @ 1..) = number(at, 8) {
            let value = number(at + 8, 8)?.checked_sub(linked);
            match tag {
                STRINGS => strings = value,
                SYMBOLS => symbols = value,
                HASH => hash = value,
                _ => {}
            }
            at += 16;
        }
        Some((strings?, symbols?, hash, linked))
    };
    let Some((strings, symbols, hash, linked)) = read() else { return Vec::new() };
    // Without the old table of hashes the symbols end where their names begin: linkers put them side by side.
    let counted = hash.and_then(|hash| number(hash + 4, 4));
    let count = counted.unwrap_or_else(|| strings.saturating_sub(symbols) / 24).min(256);
    let symbol = |index: u64| {
        let at = symbols + 24 * index;
        let (name, offset) = (strings + number(at, 4)?, number(at + 8, 8)?.checked_sub(linked)?);
        let bytes = image.get(usize::try_from(name).ok()?..)?;
        let name = bytes.split(|byte| *byte == 0).next()?;
        Some((String::from_utf8_lossy(name).into_owned(), offset))
    };
    (1..count).filter_map(symbol).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_clock_of_this_machine_is_found() {
        let image = sys::vdso_image().unwrap();
        let names: Vec<_> = functions(&image).into_iter().map(|(name, _)| name).collect();
        let expected: &[&str] = if cfg!(target_arch = "aarch64") {
            &["__kernel_clock_gettime", "__kernel_gettimeofday"]
        } else {
            &["__vdso_clock_gettime", "__vdso_gettimeofday", "__vdso_time"]
        };
        for name in expected {
            assert!(names.iter().any(|found| found == name), "{name} in {names:?}");
        }
        assert!(patches().len() >= expected.len());
        assert!(eviction().is_some());
        assert!(patches().iter().all(|patch| patch.offset > 0 && patch.offset < image.len() as u64));
    }

    proptest! {
        #[test]
        fn any_image_is_read(mut image in prop::collection::vec(any::<u8>(), 0..4096), at in 0usize..64) {
            patches_of(&image);
            if let (Some(real), Some(byte)) = (sys::vdso_image(), image.pop()) {
                let mut real = real.clone();
                real[at] = byte;
                patches_of(&real);
            }
        }
    }
}
