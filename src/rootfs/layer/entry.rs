//! What the headers of one entry say, checked.

use std::io::Read;

use tar::{Entry, EntryType};

use crate::archive::{TarDamage, pax};
use crate::model::limits::{MAX_LAYER_HEADER_BYTES, MAX_PATH_BYTES};
use crate::rootfs::layer::decode::stream_error;
use crate::rootfs::layer::error::{LayerError, LayerProblem};
use crate::rootfs::layer::name::Name;

/// What marks a file of a lower layer as deleted, and what hides all of a directory (OCI Image Layer Filesystem
/// Changeset).
const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
const OTHER_MARKS: &[u8] = b".wh..wh.";

/// The permission bits that are kept: no set-uid, no set-gid, and sticky for directories alone.
const FILE_BITS: u32 = 0o777;
const DIRECTORY_BITS: u32 = 0o1777;
/// What the owner always may, so that whoever unpacked an image can also read, check and remove it.
const OWNER_OF_FILE: u32 = 0o400;
const OWNER_OF_DIRECTORY: u32 = 0o700;

/// What of an image is not kept, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notes {
    /// Devices and pipes, which are left out.
    pub special_files: u64,
    /// Entries with a set-uid or set-gid bit, which is dropped.
    pub special_bits: u64,
    /// Entries with extended attributes or access lists, which are dropped.
    pub attributes: u64,
    /// Entries of another owner than the superuser: everything belongs to who unpacks it.
    pub owners: u64,
}

impl Notes {
    /// For people: one line for each that there is.
    pub fn lines(&self) -> Vec<String> {
        let all = [
            (self.special_files, "devices or pipes are left out"),
            (self.special_bits, "set-uid or set-gid bits are dropped"),
            (self.attributes, "entries lose extended attributes or access lists"),
            (self.owners, "entries of other owners belong to who unpacked them"),
        ];
        all.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
    }
}

/// A time of modification: seconds since the epoch, and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Modified {
    pub(crate) seconds: i64,
    pub(crate) nanoseconds: u32,
}

/// What an entry does to what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory {
        mode: u32,
    },
    File {
        mode: u32,
        size: u64,
    },
    Symlink {
        target: Vec<u8>,
    },
    HardLink {
        target: Name,
        shown: String,
    },
    /// Nothing may stand there: a device or pipe took its place.
    Nothing,
    /// A file of lower layers is gone.
    Whiteout {
        name: Vec<u8>,
    },
    /// All that lower layers have in this directory is gone.
    Opaque,
}

/// One change. Of a whiteout `name` is the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) raw: Vec<u8>,
    pub(crate) name: Name,
    pub(crate) kind: Kind,
    pub(crate) modified: Modified,
}

/// What extended headers have said of the entry that is still to come.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    any: bool,
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    modified: Option<Modified>,
    size: Option<u64>,
    attributes: bool,
}

impl Pending {
    /// Takes the next raw entry; `None` for one that only says something of the next, or nothing that counts.
    pub(crate) fn read<R: Read>(
        &mut self,
        entry: &mut Entry<'_, R>,
        notes: &mut Notes,
    ) -> Result<Option<Change>, LayerError> {
        let offset = entry.raw_header_position();
        match entry.header().entry_type() {
            EntryType::XHeader => {
                let bytes = extension(entry, offset)?;
                self.pax(&bytes).map_err(|problem| problem.at(&entry.path_bytes()))?;
                Ok(None)
            }
            kind @ (EntryType::GNULongName | EntryType::GNULongLink) => {
                let bytes = extension(entry, offset)?;
                let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default().to_owned();
                let slot = if kind == EntryType::GNULongName { &mut self.path } else { &mut self.link };
                if slot.replace(text).is_some() {
                    return Err(LayerProblem::PaxMalformed.at(&entry.path_bytes()));
                }
                self.any = true;
                Ok(None)
            }
            EntryType::XGlobalHeader => {
                // Only what says nothing of any entry, such as the commit that `git archive` writes.
                let bytes = extension(entry, offset)?;
                let records = pax::records(&bytes).map_err(|_| LayerProblem::PaxMalformed.at(b"pax_global_header"))?;
                match records.iter().find(|(key, _)| *key != "comment") {
                    Some((key, _)) => Err(LayerProblem::PaxKey((*key).to_owned()).at(b"pax_global_header")),
                    None => Ok(None),
                }
            }
            _ => std::mem::take(self).change(entry, notes),
        }
    }

    /// Nothing may be said of an entry that never came.
    pub(crate) fn done(&self, end: u64) -> Result<(), LayerError> {
        if self.any {
            let source = TarDamage::Order("an extended header without its entry");
            return Err(LayerError::Tar { offset: end, source });
        }
        Ok(())
    }

    fn pax(&mut self, bytes: &[u8]) -> Result<(), LayerProblem> {
        let fresh = |was: bool| if was { Err(LayerProblem::PaxMalformed) } else { Ok(()) };
        self.any = true;
        for (key, value) in pax::records(bytes).map_err(|_| LayerProblem::PaxMalformed)? {
            match key {
                "path" => fresh(self.path.replace(value.to_owned()).is_some())?,
                "linkpath" => fresh(self.link.replace(value.to_owned()).is_some())?,
                "mtime" => self.modified = Some(modified(value).ok_or(LayerProblem::Field("time"))?),
                "size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                    self.size = Some(size.ok_or(LayerProblem::Field("size"))?);
                }
                key if key.starts_with("GNU.sparse.") => return Err(LayerProblem::PaxKey(key.to_owned())),
                key if ["SCHILY.xattr.", "SCHILY.acl.", "LIBARCHIVE.xattr.", "RHT.security."]
                    .iter()
                    .any(|prefix| key.starts_with(prefix)) =>
                {
                    self.attributes = true;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn change<R: Read>(self, entry: &Entry<'_, R>, notes: &mut Notes) -> Result<Option<Change>, LayerError> {
        let header = entry.header();
        let raw = self.path.unwrap_or_else(|| header.path_bytes().into_owned());
        let refuse = |problem: LayerProblem| problem.at(&raw);
        let link = self.link.or_else(|| header.link_name_bytes().map(|link| link.into_owned())).unwrap_or_default();
        let name = Name::parse(&raw).map_err(|error| refuse(error.into()))?;
        let size = entry.size();
        if self.size.is_some_and(|stated| stated != size) {
            return Err(refuse(LayerProblem::PaxKey("size".to_owned())));
        }
        let in_header = || {
            let seconds = i64::try_from(header.mtime().ok()?).ok()?;
            Some(Modified { seconds, nanoseconds: 0 })
        };
        let modified = self.modified.or_else(in_header).ok_or_else(|| refuse(LayerProblem::Field("time")))?;
        let mode = header.mode().map_err(|_| refuse(LayerProblem::Field("mode")))?;

        if let Some((kind, name)) = mark(&name).map_err(&refuse)? {
            return Ok(kind.map(|kind| Change { raw, name, kind, modified }));
        }
        let kind = match header.entry_type() {
            // Before POSIX a directory was a file whose name ends so.
            EntryType::Regular if raw.ends_with(b"/") => EntryType::Directory,
            kind => kind,
        };
        let header_only = !matches!(kind, EntryType::Regular);
        if header_only && size > 0 {
            return Err(refuse(LayerProblem::Contents(size)));
        }
        let kind = match kind {
            EntryType::Directory => Kind::Directory { mode: mode & DIRECTORY_BITS | OWNER_OF_DIRECTORY },
            EntryType::Regular => Kind::File { mode: mode & FILE_BITS | OWNER_OF_FILE, size },
            EntryType::Symlink if link.is_empty() || link.len() > MAX_PATH_BYTES || link.contains(&0) => {
                return Err(refuse(LayerProblem::SymlinkTarget));
            }
            EntryType::Symlink => Kind::Symlink { target: link },
            EntryType::Link => {
                let target = Name::parse(&link).map_err(|error| refuse(error.into()))?;
                Kind::HardLink { target, shown: String::from_utf8_lossy(&link).into_owned() }
            }
            EntryType::Char | EntryType::Block | EntryType::Fifo => Kind::Nothing,
            other => return Err(refuse(LayerProblem::UnknownType(other.as_byte().escape_ascii().to_string()))),
        };
        notes.special_files += u64::from(kind == Kind::Nothing);
        if !matches!(kind, Kind::Symlink { .. } | Kind::HardLink { .. } | Kind::Nothing) {
            let owner = |id: std::io::Result<u64>| id.unwrap_or_default() != 0;
            notes.special_bits += u64::from(mode & 0o6000 != 0);
            notes.owners += u64::from(owner(header.uid()) || owner(header.gid()));
            notes.attributes += u64::from(self.attributes);
        }
        Ok(Some(Change { raw, name, kind, modified }))
    }
}

fn extension<R: Read>(entry: &mut Entry<'_, R>, offset: u64) -> Result<Vec<u8>, LayerError> {
    if entry.size() > MAX_LAYER_HEADER_BYTES {
        return Err(LayerError::Tar { offset, source: TarDamage::Order("an extended header that is too large") });
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(|error| stream_error(error, offset))?;
    Ok(bytes)
}

/// What a whiteout stands for, and the directory where it counts; `Some(None)` for a mark that says nothing here.
fn mark(name: &Name) -> Result<Option<(Option<Kind>, Name)>, LayerProblem> {
    let Some((directory, last)) = name.split() else { return Ok(None) };
    if let Some(part) = directory.iter().find(|part| part.starts_with(WHITEOUT)) {
        // What AUFS kept for itself says nothing; below anything else that is deleted nothing can stand.
        let own = part.starts_with(OTHER_MARKS) && part.as_slice() != OPAQUE;
        return if own { Ok(Some((None, Name::default()))) } else { Err(LayerProblem::Whiteout) };
    }
    let Some(hidden) = last.strip_prefix(WHITEOUT) else { return Ok(None) };
    let kind = match hidden {
        _ if last == OPAQUE => Some(Kind::Opaque),
        _ if last.starts_with(OTHER_MARKS) => None,
        b"" | b"." | b".." => return Err(LayerProblem::Whiteout),
        hidden => Some(Kind::Whiteout { name: hidden.to_owned() }),
    };
    Ok(Some((kind, Name::of(directory))))
}

/// `-1.5`: seconds, with a fraction of any length (POSIX.1-2017, `pax`).
fn modified(value: &[u8]) -> Option<Modified> {
    let text = std::str::from_utf8(value).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: i64 = whole.parse().ok().filter(|_| digits)?;
    let nanoseconds: u32 = format!("{:0<9}", fraction.get(..9).unwrap_or(fraction)).parse().ok()?;
    Some(if whole.starts_with('-') && nanoseconds > 0 {
        Modified { seconds: seconds.checked_sub(1)?, nanoseconds: 1_000_000_000 - nanoseconds }
    } else {
        Modified { seconds, nanoseconds }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_fractions() {
        let at = |seconds, nanoseconds| Some(Modified { seconds, nanoseconds });
        for (text, time) in [
            ("1", at(1, 0)),
            ("1.5", at(1, 500_000_000)),
            ("1.0000000019", at(1, 1)),
            ("-1", at(-1, 0)),
            ("-1.25", at(-2, 750_000_000)),
            ("-0.25", at(-1, 750_000_000)),
            ("", None),
            ("1.x", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(modified(text.as_bytes()), time, "{text}");
        }
    }

    #[test]
    fn marks_by_name() {
        let mark = |text: &str| mark(&Name::parse(text.as_bytes()).unwrap()).map(|found| found.map(|(kind, _)| kind));
        assert_eq!(mark("a/b"), Ok(None));
        assert_eq!(mark("a/.wh.b"), Ok(Some(Some(Kind::Whiteout { name: b"b".to_vec() }))));
        assert_eq!(mark("a/.wh..wh..opq"), Ok(Some(Some(Kind::Opaque))));
        for text in [".wh..wh.plnk", ".wh..wh.plnk/1.2"] {
            assert_eq!(mark(text), Ok(Some(None)));
        }
        for text in [".wh..wh..opq/a", "a/.wh.", "a/.wh..", "a/.wh...", ".wh.a/b"] {
            assert_eq!(mark(text), Err(LayerProblem::Whiteout), "{text}");
        }
    }
}
