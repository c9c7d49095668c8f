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
    #[error("it has {entries} entries, and their names are {names}: several have one name")]
    Names {
        /// How many entries there are.
        entries: usize,
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
    let entries = entries_from(bytes, archive.central_directory_start());
    if entries != archive.len() {
        return Err(ZipRefused::Names { entries, names: archive.len() }.into());
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

/// How many entries the directory of an archive holds from `start` on, counted one by one: what an end of it says, in either of its forms,
/// is the word of who wrote the archive, and of two entries with one name only the last is listed.
fn entries_from(bytes: &[u8], start: u64) -> usize {
    const ENTRY: &[u8] = b"PK\x01\x02";
    /// Of an entry without its name, its extra field and its comment, whose lengths stand at the end of it.
    const FIXED: usize = 46;
    let (mut count, mut at) = (0, usize::try_from(start).unwrap_or(usize::MAX));
    while let Some(entry) = at.checked_add(FIXED).and_then(|end| bytes.get(at..end)).filter(|of| of.starts_with(ENTRY))
    {
        let length = |at: usize| usize::from(u16::from_le_bytes([entry[at], entry[at + 1]]));
        at += FIXED + length(28) + length(30) + length(32);
        count += 1;
    }
    count
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
        assert!(matches!(names(&renamed, 100), Err(ZipRefused::Names { entries: 2, names: 1 })));
        // The same where the end says how many there are in its other form, or lies.
        let end = renamed.len() - 22;
        let start = u32::from_le_bytes(renamed[end + 16..end + 20].try_into().unwrap());
        let mut other = renamed[..end].to_vec();
        let record = other.len() as u64;
        other.extend_from_slice(b"PK\x06\x06");
        other.extend_from_slice(&44u64.to_le_bytes());
        other.extend_from_slice(&[45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [2, 2, end as u64 - u64::from(start), u64::from(start)] {
            other.extend_from_slice(&number.to_le_bytes());
        }
        other.extend_from_slice(b"PK\x06\x07\0\0\0\0");
        other.extend_from_slice(&record.to_le_bytes());
        other.extend_from_slice(&[1, 0, 0, 0]);
        let short = other.len();
        other.extend_from_slice(&renamed[end..]);
        other[short + 8..short + 20].fill(0xff);
        let found = names(&other, 100);
        assert!(matches!(found, Err(ZipRefused::Names { entries: 2, names: 1 })), "{found:?}");
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
