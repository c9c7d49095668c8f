//! Directories that are being given out piece by piece, bounded.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::sandbox::linux::tracer::dirent::Entry;

/// The most listings that are under way at a time.
pub(super) const MOST: usize = 1_024;
/// The most memory that all listings of a run take together, in bytes: about a million names of usual length.
pub(super) const MOST_BYTES: usize = 128 << 20;

/// Directories that are being given out, by the key of the process and the descriptor: bounded, as it is the tracer's
/// memory, which no limit of the run's counts.
#[derive(Debug, Default)]
pub(super) struct Listings(pub(super) BTreeMap<(u64, u64), Listing>);

/// A directory that is larger than a buffer.
#[derive(Debug)]
pub(super) struct Listing {
    /// In order; whoever reads the same names shares them.
    pub(super) entries: Rc<Vec<Entry>>,
    /// How many were given out.
    pub(super) given: usize,
    /// Where the kernel stands after the first buffer: elsewhere means that the program has moved.
    pub(super) position: u64,
    /// Which directory it is.
    pub(super) device: u64,
    pub(super) inode: u64,
}

impl Listings {
    /// Forgets what a process that is no more, or has another program, was reading.
    pub(super) fn forget(&mut self, process: u64) {
        self.0.retain(|(of, _), _| *of != process);
    }

    /// Whether there is room for all of them, and for one more of so many bytes.
    pub(super) fn has_room_for(&self, bytes: usize) -> bool {
        let distinct: BTreeMap<_, _> =
            self.0.values().map(|listing| (Rc::as_ptr(&listing.entries), size_of_all(&listing.entries))).collect();
        self.0.len() < MOST && distinct.values().sum::<usize>() + bytes <= MOST_BYTES
    }

    /// The names of `listing`, shared with whoever reads the same.
    pub(super) fn shared(&self, listing: Listing) -> Listing {
        let same = |other: &&Listing| {
            (other.device, other.inode) == (listing.device, listing.inode) && other.entries == listing.entries
        };
        match self.0.values().find(same).map(|other| Rc::clone(&other.entries)) {
            Some(entries) => Listing { entries, ..listing },
            None => listing,
        }
    }
}

impl Listing {
    /// As many entries as fit; nothing at the end, and `None` where not even the next one fits, which stays the next one.
    pub(super) fn take_piece(&mut self, room: u64) -> Option<Vec<u8>> {
        let rest = self.entries.get(self.given..).unwrap_or_default();
        let (count, piece) = take_piece(rest, room);
        if count == 0 && !rest.is_empty() {
            return None;
        }
        self.given += count;
        if self.given >= self.entries.len() {
            // That it is at its end is to be known until it is closed; the names are not.
            (self.entries, self.given) = (Rc::default(), 0);
        }
        Some(piece)
    }
}

/// As many of `entries`, from the first one on, as fit, and how many those are.
pub(super) fn take_piece(entries: &[Entry], room: u64) -> (usize, Vec<u8>) {
    let mut piece = Vec::new();
    let mut count = 0;
    for entry in entries {
        if (piece.len() + entry.len()) as u64 > room {
            break;
        }
        piece.extend(entry);
        count += 1;
    }
    (count, piece)
}

/// The memory that `entries` take, in bytes.
pub(super) fn size_of_all(entries: &[Entry]) -> usize {
    entries.iter().map(size_of_one).sum()
}

pub(super) fn size_of_one(entry: &Entry) -> usize {
    size_of::<Entry>() + entry.capacity()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::linux::tracer::dirent::{encode, entries, name};

    #[test]
    fn a_piece_is_of_whole_entries_and_nothing_is_lost() {
        let of = |text: &str| encode(1, 1, rustix::fs::FileType::RegularFile, text.as_bytes());
        let (device, inode, position) = (0, 0, 0);
        let mut listing =
            Listing { entries: Rc::new(vec![of("a"), of("bb"), of("c")]), given: 0, position, device, inode };
        // As by the kernel: with too small a buffer nothing is lost, and with a larger one it goes on.
        assert_eq!(listing.take_piece(20), None);
        let first = listing.take_piece(50).unwrap();
        assert_eq!(
            entries(&first).iter().map(|entry| name(entry).to_vec()).collect::<Vec<_>>(),
            [b"a".to_vec(), b"bb".to_vec()]
        );
        assert_eq!(listing.take_piece(23), None);
        assert_eq!(entries(&listing.take_piece(50).unwrap()).len(), 1);
        assert_eq!((listing.take_piece(50), listing.entries.len()), (Some(Vec::new()), 0));
        assert_eq!(listing.take_piece(0), Some(Vec::new()));
    }

    #[test]
    fn listings_are_bounded_and_share_what_is_the_same() {
        let of = |text: &str| encode(1, 1, rustix::fs::FileType::RegularFile, text.as_bytes());
        let listing = |inode, names: usize| {
            let entries = (0..names).map(|number| of(&format!("{number:0>200}"))).collect();
            Listing { entries: Rc::new(entries), given: 0, position: 0, device: 1, inode }
        };
        let mut listings = Listings::default();
        for descriptor in 0..MOST as u64 {
            assert!(listings.has_room_for(0), "{descriptor}");
            let shared = listings.shared(listing(7, 2_000));
            listings.0.insert((1, descriptor), shared);
        }
        // One too many; and of one directory there is one list, of another one another.
        assert!(!listings.has_room_for(0));
        let first = Rc::clone(&listings.0[&(1, 0)].entries);
        assert_eq!(Rc::strong_count(&first), MOST + 1);
        assert!(!Rc::ptr_eq(&listings.shared(listing(8, 2_000)).entries, &first));
        assert!(!Rc::ptr_eq(&listings.shared(listing(7, 2_001)).entries, &first));
        listings.0.retain(|(_, descriptor), _| *descriptor < 10);
        assert!(listings.has_room_for(MOST_BYTES / 2) && !listings.has_room_for(MOST_BYTES));
        listings.forget(1);
        assert!(listings.0.is_empty() && listings.has_room_for(MOST_BYTES));
    }
}
