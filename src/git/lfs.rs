//! Git LFS: a small file in place of a large one that names it by digest (git-lfs `docs/spec.md`).

use crate::model::digest::Digest;

/// The longest pointer (git-lfs `docs/spec.md`).
pub const MAX_BYTES: u64 = 1024;

const VERSIONS: [&str; 2] = ["version https://git-lfs.github.com/spec/v1", "version https://hawser.github.com/spec/v1"];

/// What a pointer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointer {
    /// SHA-256 of the file that it stands for.
    pub content: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// Reads a pointer; `None` of what is not one.
pub fn parse(bytes: &[u8]) -> Option<Pointer> {
    if bytes.len() as u64 > MAX_BYTES {
        return None;
    }
    let mut lines = std::str::from_utf8(bytes).ok()?.lines();
    let version = lines.next()?;
    if !VERSIONS.contains(&version) {
        return None;
    }
    let (mut content, mut size) = (None, None);
    for line in lines {
        match line.split_once(' ')? {
            ("oid", digest) => content = Some(digest.parse().ok()?),
            ("size", bytes) => size = Some(bytes.parse().ok()?),
            // Extensions stand between the two.
            _ => {}
        }
    }
    Some(Pointer { content: content?, size: size? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_read_and_nothing_else_is_one() {
        let digest = Digest::of(b"x");
        let text = format!("version https://git-lfs.github.com/spec/v1\noid {digest}\nsize 1\n");
        assert_eq!(parse(text.as_bytes()), Some(Pointer { content: digest, size: 1 }));
        let no_size = text.replace("size 1\n", "");
        for no in ["", "version", &no_size, &text.replace("v1", "v9"), &text.replace("oid", "old")] {
            assert_eq!(parse(no.as_bytes()), None, "{no}");
        }
        assert_eq!(parse(&[&text, "# ", &"x".repeat(1024)].concat().into_bytes()), None);
    }
}
