//! What a program needs before its first instruction: the data of its own file. Where that is more than the limit on memory
//! the kernel ends it while it is loaded, with a signal that says nothing of a limit.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// How many files are followed from one that names its interpreter to the next, as many as the kernel does.
const MOST: usize = 5;
/// The longest first line that the kernel reads.
const LONGEST: u64 = 256;
/// What is needed beside the data of the file, by the loader's own and by rounding.
const BESIDE: u64 = 1 << 20;

/// Whether the program at `path` cannot be loaded with so many bytes.
pub(super) fn exceeds(path: &Path, limit: u64) -> bool {
    let mut path = path.to_owned();
    for _ in 0..MOST {
        match interpreter(&path) {
            Some(next) => path = next,
            None => break,
        }
    }
    let mut start = Vec::new();
    File::open(path).and_then(|file| file.take(4096).read_to_end(&mut start)).ok();
    data(&start).saturating_add(BESIDE) > limit
}

/// The program that the first line of a script names.
fn interpreter(script: &Path) -> Option<PathBuf> {
    let mut line = Vec::new();
    BufReader::new(File::open(script).ok()?.take(LONGEST)).read_until(b'\n', &mut line).ok()?;
    let line = String::from_utf8_lossy(line.strip_prefix(b"#!")?).into_owned();
    line.split_whitespace().next().map(PathBuf::from)
}

/// Bytes of the parts of an ELF file of 64 bits that can be written to, by its beginning.
fn data(file: &[u8]) -> u64 {
    const LOADED: u64 = libc::PT_LOAD as u64;
    const WRITABLE: u64 = libc::PF_W as u64;
    let number = |at: u64, length: usize| -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = file.get(at..at.checked_add(length)?)?;
        Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    };
    if file.get(..5) != Some(b"\x7fELF\x02") {
        return 0;
    }
    let (Some(headers), Some(count)) = (number(32, 8), number(56, 2)) else { return 0 };
    let parts = (0..count).filter_map(|index| {
        let at = headers.checked_add(56 * index)?;
        let counts = number(at, 4)? == LOADED && number(at.checked_add(4)?, 4)? & WRITABLE != 0;
        number(at.checked_add(40)?, 8).filter(|_| counts)
    });
    parts.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// An ELF file with one part of so many bytes.
    fn elf(flags: u8, bytes: u64) -> Vec<u8> {
        let mut file = vec![0; 64 + 56];
        file[..5].copy_from_slice(b"\x7fELF\x02");
        (file[32], file[56]) = (64, 1);
        (file[64], file[68]) = (1, flags);
        file[104..112].copy_from_slice(&bytes.to_le_bytes());
        file
    }

    #[test]
    fn only_data_counts_and_scripts_lead_to_their_interpreter() {
        assert_eq!((data(&elf(6, 70_000)), data(&elf(5, 70_000)), data(b"#!/bin/sh"), data(b"")), (70_000, 0, 0, 0));
        assert!(data(&elf(6, 70_000)[..100]) == 0);
        let folder = tempfile::tempdir().unwrap();
        let (program, script) = (folder.path().join("program"), folder.path().join("script"));
        std::fs::write(&program, elf(6, 64 << 20)).unwrap();
        writeln!(File::create(&script).unwrap(), "#! {} -x", program.display()).unwrap();
        for path in [&program, &script] {
            assert!(exceeds(path, 64 << 20) && !exceeds(path, 65 << 20), "{path:?}");
        }
        // One that names itself ends.
        std::fs::write(&script, format!("#!{}\n", script.display())).unwrap();
        assert!(!exceeds(&script, 2 << 20));
        assert!(!exceeds(Path::new("/nowhere"), 2 << 20));
    }
}
