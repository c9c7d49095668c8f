//! The listing of a closure: what stands at which path.
//!
//! Invariants, which hold of every [`Listing`]: paths are absolute, without `.`, `..`, empty parts and NUL, each there once; what
//! stands above a path is a folder of the listing; nothing is a device, nothing lends the rights of its owner, nothing lies where a
//! sandbox has a place of its own; a link is not empty and does not climb above the root.

use std::collections::BTreeMap;

use crate::closure::entry::Entry;
use crate::closure::error::{ListingError, Problem};
use crate::closure::reserved::is_reserved;
use crate::closure::wire;
use crate::model::limits::{MAX_CLOSURE_ENTRIES, MAX_NAME_BYTES, MAX_PATH_BYTES};

/// A closure: its entries by their paths, and what `{scanner}` stands for in its command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    scanner: String,
    entries: BTreeMap<Vec<u8>, Entry>,
}

impl Listing {
    /// A listing of these entries.
    ///
    /// # Errors
    /// The first that is not allowed.
    pub fn new(scanner: String, entries: BTreeMap<Vec<u8>, Entry>) -> Result<Self, ListingError> {
        let invalid = |path: &[u8], problem| ListingError::entry(path, problem);
        if let Some(problem) = wrong_path(scanner.as_bytes()) {
            return Err(invalid(scanner.as_bytes(), problem));
        }
        if entries.len() as u64 > MAX_CLOSURE_ENTRIES {
            return Err(ListingError::TooMany { limit: MAX_CLOSURE_ENTRIES });
        }
        for (path, entry) in &entries {
            let above = parent(path).filter(|above| !above.is_empty());
            let is_in_folder = above.is_none_or(|above| matches!(entries.get(above), Some(Entry::Folder { .. })));
            let problem = wrong_path(path)
                .or_else(|| is_reserved(path).then_some(Problem::Reserved))
                .or_else(|| (!is_in_folder).then_some(Problem::NotInFolder))
                .or_else(|| wrong_entry(path, entry));
            if let Some(problem) = problem {
                return Err(invalid(path, problem));
            }
        }
        Ok(Self { scanner, entries })
    }

    /// Reads a listing in its one form.
    ///
    /// # Errors
    /// Where it is another version, not a listing, or not in that form.
    pub fn parse(bytes: &[u8]) -> Result<Self, ListingError> {
        let (scanner, entries) = wire::read(bytes)?;
        let listing = Self::new(scanner, entries)?;
        if listing.to_bytes() == bytes { Ok(listing) } else { Err(ListingError::Form) }
    }

    /// Its one form.
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::write(&self.scanner, &self.entries)
    }

    /// What `{scanner}` stands for in the command: the path of the program, or of the folder that holds it.
    pub fn scanner(&self) -> &str {
        &self.scanner
    }

    /// Every entry, a folder before what is in it.
    pub fn entries(&self) -> impl Iterator<Item = (&[u8], &Entry)> {
        self.entries.iter().map(|(path, entry)| (path.as_slice(), entry))
    }

    /// The paths of all that stands below the folder `folder`.
    pub fn below(&self, folder: &[u8]) -> impl Iterator<Item = &[u8]> {
        let from = [folder, b"/"].concat();
        let until = [folder, b"0"].concat();
        self.entries.range(from..until).map(|(path, _)| path.as_slice())
    }

    /// What stands at `path`.
    pub fn get(&self, path: &[u8]) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// How much there is.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        self.entries.values().for_each(|entry| totals.add(entry));
        totals
    }
}

/// How much a closure holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Files with their content.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that were only looked at.
    pub without_content: u64,
    /// Folders.
    pub folders: u64,
    /// Links.
    pub links: u64,
}

impl Totals {
    /// Counts one more.
    pub(crate) fn add(&mut self, entry: &Entry) {
        match entry {
            Entry::File { content: Some(_), size, .. } => {
                self.files += 1;
                self.bytes = self.bytes.saturating_add(*size);
            }
            Entry::File { content: None, .. } => self.without_content += 1,
            Entry::Folder { .. } => self.folders += 1,
            Entry::Link { .. } => self.links += 1,
        }
    }
}

/// The path of the folder in which `path` lies: empty for the root.
pub(crate) fn parent(path: &[u8]) -> Option<&[u8]> {
    let slash = path.iter().rposition(|byte| *byte == b'/')?;
    path.get(..slash)
}

fn wrong_path(path: &[u8]) -> Option<Problem> {
    let Some(below) = path.strip_prefix(b"/") else { return Some(Problem::Path) };
    let is_plain =
        |part: &[u8]| !matches!(part, b"" | b"." | b"..") && part.len() <= MAX_NAME_BYTES && !part.contains(&0);
    let is_good = path.len() <= MAX_PATH_BYTES && below.split(|byte| *byte == b'/').all(is_plain);
    (!is_good).then_some(Problem::Path)
}

fn wrong_entry(path: &[u8], entry: &Entry) -> Option<Problem> {
    let (mode, allowed, modified) = match entry {
        Entry::Folder { mode, modified, .. } => (*mode, 0o1777, *modified),
        Entry::File { mode, modified, .. } => (*mode, 0o777, *modified),
        Entry::Link { target } => {
            let is_text = !target.is_empty() && target.len() <= MAX_PATH_BYTES && !target.contains(&0);
            return (!is_text || climbs(path, target)).then_some(Problem::Link);
        }
    };
    if mode & !allowed != 0 {
        return Some(Problem::Mode);
    }
    (modified.nanoseconds >= 1_000_000_000).then_some(Problem::Time)
}

/// Whether a link at `path` leads above the root, by its text.
fn climbs(path: &[u8], target: &[u8]) -> bool {
    let is_absolute = target.starts_with(b"/");
    let mut depth = if is_absolute { 0 } else { path.split(|byte| *byte == b'/').count().saturating_sub(2) };
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match depth.checked_sub(1) {
                Some(above) => depth = above,
                None => return true,
            },
            _ => depth += 1,
        }
    }
    false
}
