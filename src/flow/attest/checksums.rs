//! A file of checksums, as `sha256sum` writes it: a digest, two blanks or a blank and a star, a name.

use std::collections::BTreeSet;

use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::digest::Digest;

/// The most bytes of such a file.
pub const MOST_BYTES: u64 = 1024 * 1024;

/// A file by its name and digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// The name, for people and for the file that is written.
    pub name: String,
    /// SHA-256 of its bytes.
    pub digest: Digest,
}

/// Why checksums cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChecksumsError {
    /// The file is not text.
    #[error("the checksums are not UTF-8 text")]
    NotText,
    /// A line is something else.
    #[error("line {0} of the checksums is not a SHA-256 digest, two blanks and a name")]
    Line(usize),
    /// A name leads elsewhere, or would be another under which it is written.
    #[error("line {0} of the checksums names `{1}`: only the name of a file is taken")]
    Name(usize, String),
    /// A name stands there twice, or two that are one where a file system does not tell capitals from small letters.
    #[error("the checksums name `{0}` twice, or differ from it in capitals alone")]
    Twice(String),
    /// There is no line.
    #[error("the checksums name no file")]
    Empty,
}

impl Diagnostic for ChecksumsError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NotText | Self::Line(_) | Self::Name(..) | Self::Twice(_) | Self::Empty => FailureKind::Usage,
        }
    }
}

/// Whether a name is that of a file and of nothing else: no folder, and nothing that a terminal or a shell would act upon.
pub fn is_plain(name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "._-+@=,~".contains(c);
    !name.is_empty() && name.len() <= 200 && !name.starts_with(['.', '-']) && name.chars().all(is_plain)
}

/// A name as file systems compare it that do not tell capitals from small letters.
pub fn folded(name: &str) -> String {
    name.to_lowercase()
}

/// Reads them.
///
/// # Errors
/// [`ChecksumsError`].
pub fn read(bytes: &[u8]) -> Result<Vec<NamedFile>, ChecksumsError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ChecksumsError::NotText)?;
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    for (at, line) in text.lines().enumerate() {
        let wrong = || ChecksumsError::Line(at + 1);
        let (hex, rest) = line.split_at_checked(64).ok_or_else(wrong)?;
        let name = rest.strip_prefix("  ").or_else(|| rest.strip_prefix(" *")).ok_or_else(wrong)?;
        let digest = format!("sha256:{hex}").parse().map_err(|_| wrong())?;
        // `./` is what a run over a folder writes.
        let name = name.strip_prefix("./").unwrap_or(name);
        if !is_plain(name) {
            return Err(ChecksumsError::Name(at + 1, name.to_owned()));
        }
        if !seen.insert(folded(name)) {
            return Err(ChecksumsError::Twice(name.to_owned()));
        }
        files.push(NamedFile { name: name.to_owned(), digest });
    }
    if files.is_empty() { Err(ChecksumsError::Empty) } else { Ok(files) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_sha256sum_writes_is_read() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let text = format!("{}  stella-1.0.tar.zst\n{} *./b.txt\n", a.hex(), b.hex());
        let names: Vec<(String, Digest)> =
            read(text.as_bytes()).unwrap().into_iter().map(|f| (f.name, f.digest)).collect();
        assert_eq!(names, [("stella-1.0.tar.zst".to_owned(), a), ("b.txt".to_owned(), b)]);
    }

    #[test]
    fn what_it_does_not_write_is_refused_by_line() {
        let hex = Digest::of(b"a").hex();
        let line = |text: String| read(text.as_bytes()).unwrap_err();
        assert_eq!(line(String::new()), ChecksumsError::Empty);
        assert_eq!(line(format!("{hex}  a\n\n")), ChecksumsError::Line(2));
        assert_eq!(line(format!("{hex} a\n")), ChecksumsError::Line(1));
        assert_eq!(line(format!("{}  a\n", hex.to_uppercase())), ChecksumsError::Line(1));
        assert_eq!(line(format!("SHA256 (a) = {hex}\n")), ChecksumsError::Line(1));
        assert_eq!(line(format!("\\{hex}  a\n")), ChecksumsError::Line(1));
        assert_eq!(line(format!("{hex}  a\n{hex}  ./a\n")), ChecksumsError::Twice("a".to_owned()));
        assert_eq!(line(format!("{hex}  scan\n{hex}  Scan\n")), ChecksumsError::Twice("Scan".to_owned()));
        for name in ["../a", "/a", "b/a", ".a", "-a", "a b", "a\u{1b}[m", "", &"a".repeat(201)] {
            assert_eq!(line(format!("{hex}  {name}\n")), ChecksumsError::Name(1, name.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn a_damaged_file_is_read_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut text = format!("{}  a\n{}  b\n", Digest::of(b"a").hex(), Digest::of(b"b").hex()).into_bytes();
            let at = at.index(text.len());
            text[at] = byte;
            let _ = read(&text);
        }
    }
}
