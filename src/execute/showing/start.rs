//! Why a program that is there cannot be started, as its file tells: no right to, no first line, another machine's.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::sandbox::elf;

/// How much of a file is looked at.
const HEAD: u64 = 4096;

/// The cause, and what to do; `None` where the file tells nothing.
pub fn why_not(program: &Path) -> Option<(String, String)> {
    let name = program.display();
    let metadata = std::fs::metadata(program).ok()?;
    if metadata.is_dir() {
        return Some((format!("`{name}` is a folder"), "name the program in it".to_owned()));
    }
    let mut head = Vec::new();
    File::open(program).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
    if metadata.permissions().mode() & 0o111 == 0 {
        return Some((format!("`{name}` is not executable"), format!("make it executable: `chmod +x {name}`")));
    }
    if head.is_empty() {
        return Some((format!("`{name}` is empty"), "name the program that was meant, or write it anew".to_owned()));
    }
    if head.starts_with(b"#!") {
        return None;
    }
    let machine = std::env::consts::ARCH;
    if elf::is_of_32_bits(&head) {
        let cause = format!(
            "`{name}` is a program for 32-bit processors: its system calls have other numbers, which are not followed, so it \
             is not run in the sandbox"
        );
        return Some((cause, format!("build or fetch it for Linux on {machine}")));
    }
    if head.starts_with(b"\x7fELF") {
        let cause = format!("`{name}` is a binary of another kind of machine than {machine}, or damaged");
        return Some((cause, format!("build or fetch it for Linux on {machine}")));
    }
    if head.contains(&0) {
        let cause = format!("`{name}` is neither a script nor a binary of Linux");
        return Some((cause, format!("build or fetch it for Linux on {machine}")));
    }
    Some((
        format!("`{name}` has no first line that names its interpreter"),
        "begin it with a line such as `#!/bin/sh`".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of one for the other processors that this one can be.
    const OF_32_BITS: &[u8] = if cfg!(target_arch = "aarch64") {
        b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x28\0"
    } else {
        b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0"
    };

    /// A file's bytes, its mode, and words of the cause and of the next step.
    type Row = (&'static [u8], u32, Option<(&'static str, &'static str)>);

    #[test]
    fn a_file_tells_why_it_cannot_be_started() {
        let folder = tempfile::tempdir().unwrap();
        let rows: [Row; 8] = [
            (OF_32_BITS, 0o755, Some(("for 32-bit processors", "build or fetch it"))),
            (b"echo 1\n", 0o755, Some(("has no first line that names", "`#!/bin/sh`"))),
            (b"", 0o755, Some(("is empty", "write it anew"))),
            (b"#!/bin/sh\n", 0o644, Some(("is not executable", "`chmod +x "))),
            (b"\x7fELF\x01garbage", 0o755, Some(("of another kind of machine", "build or fetch it"))),
            (b"MZ\0\0", 0o755, Some(("neither a script nor a binary", "build or fetch it"))),
            (b"\xff\xfe\n", 0o755, Some(("has no first line", "`#!/bin/sh`"))),
            (b"#!/bin/sh\n", 0o755, None),
        ];
        for (bytes, mode, expected) in rows {
            let path = folder.path().join("program");
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let told = why_not(&path);
            assert_eq!(told.is_some(), expected.is_some(), "{bytes:?}");
            if let (Some((cause, next)), Some((in_cause, in_next))) = (told, expected) {
                assert!(cause.contains(in_cause) && next.contains(in_next), "{cause}: {next}");
            }
        }
        assert!(why_not(folder.path()).unwrap().0.contains("is a folder"));
    }
}
