//! What the kernel opens by itself when a program is executed: the interpreter of a script, the loader of a program.

/// The longest first line that the kernel reads.
pub(crate) const HEAD: usize = 256;
/// The longest path of a loader that is read.
const LONGEST: usize = 4096;
/// `PT_INTERP`.
const INTERPRETER: u32 = 3;
/// The most segments that are looked through.
const MOST_SEGMENTS: u16 = 256;

/// The interpreter that the first line of a script names; `None` where `head` is not that of a script.
pub(crate) fn of_script(head: &[u8]) -> Option<&[u8]> {
    let line = head.strip_prefix(b"#!")?;
    let line = line.split(|byte| *byte == b'\n').next()?;
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let from = line.iter().position(|byte| !is_blank(byte))?;
    let word = line.get(from..)?.split(is_blank).next()?.split(|byte| *byte == 0).next()?;
    (!word.is_empty()).then_some(word)
}

/// The loader that a program of 64 bits names, read through `read`: so many bytes from an offset on.
pub(crate) fn of_program(read: impl Fn(u64, usize) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let header = read(0, 64)?;
    // 64 bits, the least byte first.
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let (table, size, count) = (number(&header, 32, 8)?, number(&header, 54, 2)?, number(&header, 56, 2)?);
    let count = count.min(MOST_SEGMENTS.into());
    for index in 0..count {
        let segment = read(table.checked_add(index.checked_mul(size)?)?, 56)?;
        if number(&segment, 0, 4)? == u64::from(INTERPRETER) {
            let length = usize::try_from(number(&segment, 32, 8)?).ok().filter(|length| *length <= LONGEST)?;
            let path = read(number(&segment, 8, 8)?, length)?;
            let path = path.split(|byte| *byte == 0).next()?;
            return (!path.is_empty()).then(|| path.to_vec());
        }
    }
    None
}

/// A number of so many bytes at an offset, the least first.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    #[test]
    fn the_interpreter_of_a_script_is_the_first_word_of_its_line() {
        let of = |head: &str| of_script(head.as_bytes()).map(|word| String::from_utf8(word.to_vec()).unwrap());
        for (head, interpreter) in [
            ("#!/bin/sh\nrest", Some("/bin/sh")),
            ("#! /usr/bin/env -S python3 -I\n", Some("/usr/bin/env")),
            ("#!\t/bin/sh", Some("/bin/sh")),
            ("#!\n", None),
            ("#!   \n/bin/sh", None),
            ("\x7fELF", None),
            ("", None),
        ] {
            assert_eq!(of(head).as_deref(), interpreter, "{head:?}");
        }
    }

    #[test]
    fn the_loader_of_a_program_is_the_one_that_it_names() {
        let file = std::fs::File::open("/bin/sh").unwrap();
        let read = |at: u64, length: usize| {
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, at).ok().map(|()| bytes)
        };
        let loader = String::from_utf8(of_program(read).unwrap()).unwrap();
        assert!(loader.starts_with("/lib") && loader.contains("ld-"), "{loader}");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), is_program: bool) {
            if is_program && bytes.len() >= 6 {
                bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
            }
            let read = |at: u64, length: usize| {
                let at = usize::try_from(at).ok()?;
                bytes.get(at..at.checked_add(length)?).map(<[u8]>::to_vec)
            };
            of_program(read);
            of_script(&bytes);
        }
    }
}
