//! Zip archives, as others publish theirs: read from memory, entry by entry.
//!
//! Invariants: nothing is written anywhere, so a name is only a name; what is unpacked is bounded for each entry and for all
//! together; what is refused is refused by name. Absent: writing.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::model::limits::{MAX_ZIP_ENTRIES, MAX_ZIP_UNPACKED_BYTES};

/// Why a zip archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum ZipRefused {
    /// Not an archive, or a broken one.
    #[error("it is not a zip archive that can be read")]
    Broken(#[source] ZipError),
    /// An entry that cannot be unpacked: encrypted, compressed in a way that is not known, or damaged.
    #[error("its entry `{name}` cannot be unpacked")]
    Entry {
        /// The entry.
        name: String,
        /// Why.
        source: ZipError,
    },
    /// An entry whose bytes are not those that its checksum was made of, or that end too soon.
    #[error("its entry `{name}` is damaged")]
    Damaged {
        /// The entry.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// A link.
    #[error("its entry `{name}` is a link")]
    Link {
        /// The entry.
        name: String,
    },
    /// Two entries of one name.
    #[error("it says that it has {said} entries, and their names are {names}: several have one name")]
    Names {
        /// How many it says.
        said: usize,
        /// How many names there are.
        names: usize,
    },
    /// More entries than are read.
    #[error("it has {0} entries, more than {MAX_ZIP_ENTRIES}")]
    TooMany(usize),
    /// An entry that is larger than may be.
    #[error("its entry `{name}` has more than {limit} bytes")]
    EntryTooLarge {
        /// The entry.
        name: String,
        /// The limit.
        limit: u64,
    },
    /// More bytes in all entries together.
    #[error("its entries have more than {MAX_ZIP_UNPACKED_BYTES} bytes together")]
    TooLarge,
}

/// Hands the bytes of each file that `wanted` takes to `each`, in the order of the archive, and the name of every other to
/// `other`. No file may have more than `limit` bytes.
///
/// # Errors
/// [`ZipRefused`], or what `each` returns.
pub fn read<E: From<ZipRefused>>(
    bytes: &[u8],
    limit: u64,
    wanted: impl Fn(&str) -> bool,
    mut each: impl FnMut(&str, &[u8]) -> Result<(), E>,
    mut other: impl FnMut(&str),
) -> Result<(), E> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(ZipRefused::Broken)?;
    if archive.len() > MAX_ZIP_ENTRIES {
        return Err(ZipRefused::TooMany(archive.len()).into());
    }
    if let Some(said) = said_entries(bytes)
        && said != archive.len()
    {
        return Err(ZipRefused::Names { said, names: archive.len() }.into());
    }
    let (mut left, mut content) = (MAX_ZIP_UNPACKED_BYTES, Vec::new());
    for index in 0..archive.len() {
        let name = match archive.name_for_index(index) {
            Some(Ok(name)) => name.into_owned(),
            Some(Err(source)) => return Err(ZipRefused::Broken(source).into()),
            None => String::new(),
        };
        let mut entry = match archive.by_index(index) {
            Ok(entry) => entry,
            Err(source) => return Err(ZipRefused::Entry { name, source }.into()),
        };
        if entry.is_dir() {
            continue;
        }
        if entry.is_symlink() {
            return Err(ZipRefused::Link { name }.into());
        }
        if !wanted(&name) {
            other(&name);
            continue;
        }
        content.clear();
        let room = limit.min(left);
        match entry.by_ref().take(room + 1).read_to_end(&mut content) {
            Ok(read) if read as u64 <= room => left -= read as u64,
            Ok(_) if limit <= left => return Err(ZipRefused::EntryTooLarge { name, limit }.into()),
            Ok(_) => return Err(ZipRefused::TooLarge.into()),
            Err(source) => return Err(ZipRefused::Damaged { name, source }.into()),
        }
        each(&name, &content)?;
    }
    Ok(())
}

/// How many entries the end of an archive says that there are; none where it says that elsewhere.
fn said_entries(bytes: &[u8]) -> Option<usize> {
    const END: &[u8] = b"PK\x05\x06";
    let at = bytes.windows(END.len()).rposition(|window| window == END)?;
    let count = bytes.get(at + 10..at + 12)?;
    let count = u16::from_le_bytes([count[0], count[1]]);
    (count != u16::MAX).then_some(usize::from(count))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn names(bytes: &[u8], limit: u64) -> Result<(Vec<String>, Vec<String>), ZipRefused> {
        let (mut read_, mut others) = (Vec::new(), Vec::new());
        let each = |name: &str, content: &[u8]| -> Result<(), ZipRefused> {
            read_.push(format!("{name}={}", content.len()));
            Ok(())
        };
        read(bytes, limit, |name| name.ends_with(".json"), each, |name| others.push(name.to_owned()))?;
        Ok((read_, others))
    }

    #[test]
    fn files_are_read_and_others_named() {
        let bytes = archive(&[("a.json", b"{}"), ("../b.json", b"[1]"), ("c.txt", b"")]);
        let (read, others) = names(&bytes, 100).unwrap();
        assert_eq!((read, others), (vec!["a.json=2".into(), "../b.json=3".into()], vec!["c.txt".into()]));
    }

    #[test]
    fn what_is_hostile_is_refused_by_name() {
        let large = archive(&[("a.json", &[0; 5000])]);
        assert!(matches!(names(&large, 4999), Err(ZipRefused::EntryTooLarge { name, .. }) if name == "a.json"));
        assert!(names(&large, 5000).is_ok());
        let two = archive(&[("a.json", b"{}"), ("b.json", b"{}")]);
        let renamed: Vec<u8> = {
            let mut bytes = two.clone();
            for at in 0..bytes.len() - 6 {
                if bytes[at..].starts_with(b"b.json") {
                    bytes[at] = b'a';
                }
            }
            bytes
        };
        assert!(matches!(names(&renamed, 100), Err(ZipRefused::Names { said: 2, names: 1 })));
        for end in [0, 10, two.len() - 1] {
            assert!(names(&two[..end], 100).is_err(), "cut at {end}");
        }
        for at in 0..two.len() {
            let mut damaged = two.clone();
            damaged[at] ^= 0xff;
            let _ = names(&damaged, 100);
        }
        assert!(matches!(names(b"PK\x03\x04", 100), Err(ZipRefused::Broken(_))));
    }

    #[test]
    fn links_are_refused() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_symlink("a.json", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        assert!(matches!(names(&bytes, 100), Err(ZipRefused::Link { name }) if name == "a.json"));
    }
}
