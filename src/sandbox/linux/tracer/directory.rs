//! Directories in an order that does not depend on the file system: by name, or shuffled by the seed.
//!
//! The tracer makes the call in the program's place, through the program's own open file. Most directories fit into the
//! buffer of one call, whose entries are put in order. Of a larger one all names are read when the first buffer comes
//! back full, and the tracer gives out the ordered list piece by piece, as
//! long as the program reads on from where the kernel stands; one that jumps within a directory (`seekdir`) gets the
//! kernel's pieces, each in order.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags, RawDir, RawDirEntry, open};

use crate::sandbox::linux::sys;
use crate::sandbox::linux::tracee::{self, Pid, Resume};
use crate::sandbox::linux::tracer::task::AtExit;
use crate::sandbox::linux::tracer::{Tracer, random};
use crate::sandbox::spec::DirectoryOrder;

/// The longest entry, in bytes: with less room left than this, a buffer may not hold the whole directory.
const LONGEST_ENTRY: u64 = 24 + 256;
/// The largest buffer that is put in order; the usual is 32 KiB.
const LARGEST_BUFFER: u64 = 4 << 20;
/// The most entries of a directory that are put in order as a whole.
const MOST: usize = 1_000_000;

/// Offsets in `struct linux_dirent64`.
const LENGTH: usize = 16;
const NAME: usize = 19;

/// An entry as the kernel writes it.
type Entry = Vec<u8>;

/// Directories that are being given out, by the key of the process and the descriptor.
pub(super) type Listings = BTreeMap<(u64, u64), Listing>;

/// The rest of a directory that is larger than a buffer.
#[derive(Debug)]
pub(super) struct Listing {
    /// In order, the next one last.
    rest: Vec<Entry>,
    /// Where the kernel stands after the first buffer: elsewhere means that the program has moved.
    position: u64,
    /// Which directory it is.
    device: u64,
    inode: u64,
}

impl Tracer<'_> {
    /// `getdents64(descriptor, buffer, length)`.
    pub(super) fn list(&mut self, pid: Pid, arguments: &[u64; 6]) -> Resume {
        let [descriptor, buffer, length, ..] = *arguments;
        // Without a large directory under way there is nothing to look up.
        if !self.listings.is_empty()
            && let Some(process) = self.key_of(pid)
            && let Some(listing) = self.listings.get_mut(&(process, descriptor))
        {
            if is_where(pid, descriptor, listing) {
                let piece = take_piece(&mut listing.rest, length.min(LARGEST_BUFFER));
                let written = tracee::write(pid, buffer, &piece) || piece.is_empty();
                let result = i64::try_from(piece.len()).unwrap_or(0);
                tracee::answer(pid, if written { result } else { -super::EFAULT });
                return Resume::Run;
            }
            self.listings.remove(&(process, descriptor));
        }
        let given =
            usize::try_from(length.min(LARGEST_BUFFER)).ok().and_then(|length| read_on(pid, descriptor, length));
        let Some(given) = given else { return self.at_exit(pid, AtExit::Order { descriptor, buffer, length }) };
        let ordered = self.arrange(pid, (descriptor, length), &given);
        let written = ordered.is_empty() || tracee::write(pid, buffer, &ordered);
        tracee::answer(pid, if written { i64::try_from(ordered.len()).unwrap_or(0) } else { -super::EFAULT });
        Resume::Run
    }

    /// Puts what the kernel has written into `buffer` in order; `written` is the result of the call.
    pub(super) fn order(&mut self, pid: Pid, (descriptor, buffer, length): (u64, u64, u64), written: i64) {
        let Some(written) = u64::try_from(written).ok().filter(|written| (1..=LARGEST_BUFFER).contains(written)) else {
            return;
        };
        let mut bytes = vec![0; usize::try_from(written).unwrap_or(0)];
        if tracee::read(pid, buffer, &mut bytes) < bytes.len() {
            return self.set_result(pid, -super::EFAULT);
        }
        let ordered = self.arrange(pid, (descriptor, length), &entries(&bytes));
        if !tracee::write(pid, buffer, &ordered) {
            self.set_result(pid, -super::EFAULT);
        } else if ordered.len() != bytes.len() {
            self.set_result(pid, i64::try_from(ordered.len()).unwrap_or(0));
        }
    }

    /// What the program gets in place of `given`, which is what the kernel has for a buffer of `length` bytes.
    fn arrange(&mut self, pid: Pid, (descriptor, length): (u64, u64), given: &[Entry]) -> Vec<u8> {
        let whole = given.iter().map(Vec::len).sum::<usize>() as u64 + LONGEST_ENTRY <= length;
        let begun = if whole { None } else { self.begin_listing(pid, descriptor, length, given.first()) };
        let mut ordered = begun.unwrap_or_else(|| {
            let mut entries = given.to_vec();
            self.sort(&mut entries);
            entries
        });
        // Positions stay where they were, so that they rise: programs hand them back to the kernel.
        for (entry, from) in ordered.iter_mut().zip(given) {
            entry.iter_mut().skip(8).zip(cookie(from)).for_each(|(byte, from)| *byte = from);
        }
        ordered.concat()
    }

    /// Reads the whole directory and keeps what does not fit the first buffer; returns what does. `None` where `given`
    /// is not the first entry of the directory, or the directory cannot be read.
    fn begin_listing(&mut self, pid: Pid, descriptor: u64, length: u64, given: Option<&Entry>) -> Option<Vec<Entry>> {
        let process = self.key_of(pid)?;
        let link = PathBuf::from(format!("/proc/{pid}/fd/{descriptor}"));
        let directory = open(&link, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()?;
        let metadata = fs::metadata(&link).ok()?;
        let mut entries = read_all(&directory)?;
        if entries.first().map(|entry| name(entry)) != given.map(|entry| name(entry)) {
            return None;
        }
        self.sort(&mut entries);
        entries.reverse();
        let first = self::entries(&take_piece(&mut entries, length));
        let position = position(pid, descriptor)?;
        let listing = Listing { rest: entries, position, device: metadata.dev(), inode: metadata.ino() };
        self.listings.insert((process, descriptor), listing);
        Some(first)
    }

    fn key_of(&self, pid: Pid) -> Option<u64> {
        self.tasks.get(&pid).map(|task| task.process.borrow().key)
    }

    fn sort(&self, entries: &mut [Entry]) {
        match self.spec.directory_order {
            DirectoryOrder::Sorted => entries.sort_by(|a, b| name(a).cmp(name(b))),
            DirectoryOrder::Seeded => {
                let seed = self.spec.seed;
                let key = |entry: &Entry| name(entry).iter().fold(seed, |key, byte| random::mix(key, (*byte).into()));
                entries.sort_by_cached_key(|entry| (key(entry), name(entry).to_vec()));
            }
            DirectoryOrder::Machine => {}
        }
    }
}

/// As many entries from the end of `rest` as fit.
fn take_piece(rest: &mut Vec<Entry>, room: u64) -> Vec<u8> {
    let mut piece = Vec::new();
    while let Some(entry) = rest.pop_if(|entry| (piece.len() + entry.len()) as u64 <= room) {
        piece.extend(entry);
    }
    piece
}

/// Whether the program reads on in the directory that `listing` is of.
fn is_where(pid: Pid, descriptor: u64, listing: &Listing) -> bool {
    let same = |found: fs::Metadata| (found.dev(), found.ino()) == (listing.device, listing.inode);
    position(pid, descriptor) == Some(listing.position)
        && fs::metadata(format!("/proc/{pid}/fd/{descriptor}")).is_ok_and(same)
}

/// Where an open file of another process stands.
fn position(pid: Pid, descriptor: u64) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/fdinfo/{descriptor}")).ok()?;
    text.lines().next()?.strip_prefix("pos:")?.trim().parse().ok()
}

/// What the kernel has next for a buffer of `length` bytes, read through the program's own open file, so that it stands
/// where it would after the program's own call: one stop less. `None` where that is not possible, and nothing has changed.
fn read_on(pid: Pid, descriptor: u64, length: usize) -> Option<Vec<Entry>> {
    let directory = tracee::open_file(pid, descriptor).ok()?;
    let mut buffer = Vec::with_capacity(length);
    let room = buffer.spare_capacity_mut();
    let mut raw = RawDir::new(&directory, room.get_mut(..length)?);
    let mut entries = Vec::new();
    // A signal would end the call early, and what has come of the directory would pass for the whole.
    sys::undisturbed(|| {
        while let Some(entry) = raw.next() {
            entries.push(encode_raw(&entry.ok()?));
            // The next one would be of another call.
            if raw.is_buffer_empty() {
                break;
            }
        }
        Some(entries)
    })
}

/// Every entry of a directory, as the kernel would write it; `None` where there are too many.
fn read_all(directory: &OwnedFd) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut buffer = Vec::with_capacity(256 << 10);
    let mut raw = RawDir::new(directory, buffer.spare_capacity_mut());
    while let Some(entry) = raw.next() {
        let entry = entry.ok()?;
        if entries.len() >= MOST {
            return None;
        }
        entries.push(encode_raw(&entry));
    }
    Some(entries)
}

fn encode_raw(entry: &RawDirEntry<'_>) -> Entry {
    encode(entry.ino(), entry.next_entry_cookie(), entry.file_type(), entry.file_name().to_bytes())
}

fn encode(inode: u64, cookie: u64, kind: rustix::fs::FileType, name: &[u8]) -> Entry {
    // `d_type` is the file's mode without the bits for permissions, as `DT_*` in `dirent.h`.
    let kind = u8::try_from(kind.as_raw_mode() >> 12).unwrap_or(0);
    let length = (NAME + name.len() + 1).next_multiple_of(8);
    let mut entry = Vec::with_capacity(length);
    entry.extend(inode.to_ne_bytes());
    entry.extend(cookie.to_ne_bytes());
    entry.extend(u16::try_from(length).unwrap_or(0).to_ne_bytes());
    entry.push(kind);
    entry.extend(name);
    entry.resize(length, 0);
    entry
}

/// The entries in a buffer; what is none ends the list.
fn entries(mut bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some(length) = bytes.get(LENGTH..LENGTH + 2) {
        let length = length.iter().rev().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        match bytes.split_at_checked(length) {
            Some((entry, rest)) if length > NAME => {
                entries.push(entry.to_vec());
                bytes = rest;
            }
            _ => break,
        }
    }
    entries
}

fn cookie(entry: &[u8]) -> [u8; 8] {
    let mut cookie = [0; 8];
    cookie.iter_mut().zip(entry.iter().skip(8)).for_each(|(byte, from)| *byte = *from);
    cookie
}

fn name(entry: &[u8]) -> &[u8] {
    let name = entry.get(NAME..).unwrap_or_default();
    name.split(|byte| *byte == 0).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_encoded_is_what_the_kernel_writes() {
        let entry = encode(7, 9, rustix::fs::FileType::Directory, b"abc");
        assert_eq!(entry.len(), 24);
        assert_eq!((name(&entry), entry[18], cookie(&entry)), (b"abc".as_slice(), 4, 9_u64.to_ne_bytes()));
        assert_eq!(entries(&[entry.clone(), entry.clone()].concat()), [entry.clone(), entry]);
    }

    #[test]
    fn a_piece_is_of_whole_entries_and_nothing_is_lost() {
        let of = |text: &str| encode(1, 1, rustix::fs::FileType::RegularFile, text.as_bytes());
        let mut rest = vec![of("c"), of("bb"), of("a")];
        let first = take_piece(&mut rest, 50);
        assert_eq!(
            entries(&first).iter().map(|entry| name(entry).to_vec()).collect::<Vec<_>>(),
            [b"a".to_vec(), b"bb".to_vec()]
        );
        assert_eq!(entries(&take_piece(&mut rest, 50)).len(), 1);
        assert!(take_piece(&mut rest, 50).is_empty());
    }

    proptest! {
        #[test]
        fn any_buffer_is_read(bytes: Vec<u8>) {
            let read = entries(&bytes);
            prop_assert!(read.concat().len() <= bytes.len());
            read.iter().for_each(|entry| { name(entry); cookie(entry); });
        }
    }
}
