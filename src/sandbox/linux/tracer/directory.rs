//! Directories in an order that does not depend on the file system: by name, or shuffled by the seed.
//!
//! The tracer makes the call in the program's place, through the program's own open file. Most directories fit into the
//! buffer of one call, whose entries are put in order. Of a larger one all names are read when the first buffer comes
//! back full, and the tracer gives out the ordered list piece by piece, as
//! long as the program reads on from where the kernel stands; one that jumps within a directory (`seekdir`) gets the
//! kernel's pieces, each in order.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::rc::Rc;

use rustix::fs::{Mode, OFlags, RawDir, fstat, open};
use rustix::io::Errno;

use crate::sandbox::linux::proc;
use crate::sandbox::linux::random;
use crate::sandbox::linux::sys;
use crate::sandbox::linux::tracee::{self, Pid, Resume};
use crate::sandbox::linux::tracer::dirent::{self, Entry, cookie, encode_raw, name};
use crate::sandbox::linux::tracer::listings::{Listing, MOST_BYTES, size_of_all, size_of_one};
use crate::sandbox::linux::tracer::task::AtExit;
use crate::sandbox::linux::tracer::{EFAULT, EINVAL, Tracer};
use crate::sandbox::spec::DirectoryOrder;

/// The longest entry, in bytes: with less room left than this, a buffer may not hold the whole directory.
const LONGEST_ENTRY: u64 = 24 + 256;
/// The largest buffer that is put in order; the usual is 32 KiB.
const LARGEST_BUFFER: u64 = 4 << 20;
const ENOMEM: i64 = libc::ENOMEM as i64;

/// What a first buffer that is full leads to.
enum Begun {
    /// This is given out first.
    Listing(Vec<Entry>),
    /// It is not the beginning of a directory, or the directory cannot be read.
    No,
    /// The first in order does not fit; it is given out when there is a larger buffer.
    TooSmall,
    /// There is no room for another one.
    Full,
}

impl Tracer<'_> {
    /// `getdents64(descriptor, buffer, length)`.
    pub(super) fn list(&mut self, pid: Pid, arguments: &[u64; 6]) -> Resume {
        let [descriptor, buffer, length, ..] = *arguments;
        // The kernel takes a number of 32 bits.
        let length = length & u64::from(u32::MAX);
        // Without a large directory under way there is nothing to look up.
        if !self.listings.0.is_empty()
            && let Some(process) = self.key_of(pid)
            && let Some(listing) = self.listings.0.get_mut(&(process, descriptor))
        {
            if is_where(pid, descriptor, listing) {
                let piece = listing.take_piece(length.min(LARGEST_BUFFER)).ok_or(EINVAL);
                tracee::answer(pid, give(pid, buffer, piece));
                return Resume::Run;
            }
            self.listings.0.remove(&(process, descriptor));
        }
        let given =
            usize::try_from(length.min(LARGEST_BUFFER)).ok().and_then(|length| read_on(pid, descriptor, length));
        let Some(given) = given else { return self.at_exit(pid, AtExit::Order { descriptor, buffer, length }) };
        let ordered = self.arrange(pid, (descriptor, length), &given);
        tracee::answer(pid, give(pid, buffer, ordered));
        Resume::Run
    }

    /// Puts what the kernel has written into `buffer` in order; `written` is the result of the call.
    pub(super) fn order(&mut self, pid: Pid, (descriptor, buffer, length): (u64, u64, u64), written: i64) {
        let Some(written) = u64::try_from(written).ok().filter(|written| (1..=LARGEST_BUFFER).contains(written)) else {
            return;
        };
        let mut bytes = vec![0; usize::try_from(written).unwrap_or(0)];
        if tracee::read(pid, buffer, &mut bytes) < bytes.len() {
            return self.set_result(pid, -EFAULT);
        }
        let ordered = self.arrange(pid, (descriptor, length), &dirent::entries(&bytes));
        let result = give(pid, buffer, ordered);
        if u64::try_from(result) != Ok(written) {
            self.set_result(pid, result);
        }
    }

    /// What the program gets in place of `given`, which is what the kernel has for a buffer of `length` bytes; the number of
    /// an error where there is no room for it.
    fn arrange(&mut self, pid: Pid, (descriptor, length): (u64, u64), given: &[Entry]) -> Result<Vec<u8>, i64> {
        let whole = given.iter().map(Vec::len).sum::<usize>() as u64 + LONGEST_ENTRY <= length;
        let begun = if whole { Begun::No } else { self.begin_listing(pid, descriptor, length, given.first()) };
        let mut ordered = match begun {
            Begun::Listing(first) => first,
            Begun::No => {
                let mut entries = given.to_vec();
                self.sort(&mut entries);
                entries
            }
            Begun::TooSmall => return Err(EINVAL),
            Begun::Full => return Err(ENOMEM),
        };
        // Positions stay where they were, so that they rise: programs hand them back to the kernel.
        for (entry, from) in ordered.iter_mut().zip(given) {
            entry.iter_mut().skip(8).zip(cookie(from)).for_each(|(byte, from)| *byte = from);
        }
        Ok(ordered.concat())
    }

    /// Reads the whole directory and keeps what does not fit the first buffer, of which `given` is the first entry.
    fn begin_listing(&mut self, pid: Pid, descriptor: u64, length: u64, given: Option<&Entry>) -> Begun {
        let Some(process) = self.key_of(pid) else { return Begun::No };
        let link = PathBuf::from(format!("/proc/{pid}/fd/{descriptor}"));
        let directory = open(&link, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        let Some((directory, found)) =
            directory.ok().and_then(|directory| fstat(&directory).ok().map(|found| (directory, found)))
        else {
            return Begun::No;
        };
        let mut entries = match read_all(&directory) {
            Ok(entries) => entries,
            Err(Errno::NOMEM) => return Begun::Full,
            Err(_) => return Begun::No,
        };
        if entries.first().map(|entry| name(entry)) != given.map(|entry| name(entry)) {
            return Begun::No;
        }
        let Some(position) = position(pid, descriptor) else { return Begun::No };
        self.sort(&mut entries);
        let (device, inode) = (found.st_dev, found.st_ino);
        let listing = Listing { entries: Rc::new(entries), given: 0, position, device, inode };
        let mut listing = self.listings.shared(listing);
        let is_new = Rc::strong_count(&listing.entries) == 1;
        let bytes = if is_new { size_of_all(&listing.entries) } else { 0 };
        if !self.listings.has_room_for(bytes) {
            self.forget_closed();
            if !self.listings.has_room_for(bytes) {
                return Begun::Full;
            }
        }
        let first = listing.take_piece(length);
        self.listings.0.insert((process, descriptor), listing);
        first.map_or(Begun::TooSmall, |first| Begun::Listing(dirent::entries(&first)))
    }

    /// Forgets listings whose descriptor is closed, or stands elsewhere.
    fn forget_closed(&mut self) {
        let processes: BTreeMap<_, _> =
            self.tasks.iter().map(|(pid, task)| (task.process.borrow().key, *pid)).collect();
        let open: BTreeSet<_> = self
            .listings
            .0
            .iter()
            .filter(|((process, descriptor), listing)| {
                processes.get(process).is_some_and(|pid| is_where(*pid, *descriptor, listing))
            })
            .map(|(key, _)| *key)
            .collect();
        self.listings.0.retain(|key, _| open.contains(key));
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

/// Lets the program have these entries; returns the result of its call.
fn give(pid: Pid, buffer: u64, entries: Result<Vec<u8>, i64>) -> i64 {
    match entries {
        Ok(entries) if entries.is_empty() || tracee::write(pid, buffer, &entries) => {
            i64::try_from(entries.len()).unwrap_or(0)
        }
        Ok(_) => -EFAULT,
        Err(errno) => -errno,
    }
}

/// Whether the program reads on in the directory that `listing` is of.
fn is_where(pid: Pid, descriptor: u64, listing: &Listing) -> bool {
    let same = |found: fs::Metadata| (found.dev(), found.ino()) == (listing.device, listing.inode);
    position(pid, descriptor) == Some(listing.position)
        && fs::metadata(format!("/proc/{pid}/fd/{descriptor}")).is_ok_and(same)
}

/// Where an open file of another process stands.
fn position(pid: Pid, descriptor: u64) -> Option<u64> {
    let text = proc::text(format!("/proc/{pid}/fdinfo/{descriptor}")).ok()?;
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

/// Every entry of a directory, as the kernel would write it; [`Errno::NOMEM`] where they take too much memory.
fn read_all(directory: &OwnedFd) -> Result<Vec<Entry>, Errno> {
    let (mut entries, mut bytes) = (Vec::new(), 0);
    let mut buffer = Vec::with_capacity(256 << 10);
    let mut raw = RawDir::new(directory, buffer.spare_capacity_mut());
    while let Some(entry) = raw.next() {
        let entry = encode_raw(&entry?);
        bytes += size_of_one(&entry);
        if bytes > MOST_BYTES {
            return Err(Errno::NOMEM);
        }
        entries.push(entry);
    }
    Ok(entries)
}
