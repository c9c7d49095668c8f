//! What two closures differ in, and which part of one is the scanner's and which the system's.

use std::collections::{BTreeMap, BTreeSet};

use crate::closure::entry::Entry;
use crate::closure::listing::{Listing, Totals};
use crate::closure::packages::{Package, package_of};
use crate::closure::reserved::is_in;
use crate::model::text::path_bytes;
use crate::sandbox::sandbox_path::SYSTEM_ROOTS;

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The scanner's: outside the system's folders.
    Scanner,
    /// The system's that it ran on.
    Runtime,
}

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// It is in the first alone.
    Removed,
    /// It is in the second alone.
    Added,
    /// Its content is another, or it is something else.
    Content,
    /// Its mode or its time is another.
    Attributes,
    /// The content of one of them is not known.
    Unknown,
}

impl Difference {
    /// One word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Added => "added",
            Self::Content => "content",
            Self::Attributes => "attributes",
            Self::Unknown => "unknown",
        }
    }
}

/// A path in which two closures differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path as text.
    pub path: String,
    /// Whose it is.
    pub part: Part,
    /// How it differs.
    pub kind: Difference,
    /// Its package in the first, or else in the second.
    pub package: Option<Package>,
}

/// Whose a path is.
pub fn part_of(path: &[u8]) -> Part {
    let is_of_the_system = SYSTEM_ROOTS.iter().chain(&["/etc"]).any(|root| is_in(path, root));
    if is_of_the_system { Part::Runtime } else { Part::Scanner }
}

/// How much each part holds.
pub fn parts(listing: &Listing) -> BTreeMap<Part, Totals> {
    let mut parts: BTreeMap<Part, Totals> = BTreeMap::new();
    for (path, entry) in listing.entries() {
        parts.entry(part_of(path)).or_default().add(entry);
    }
    parts
}

/// Everything in which they differ, by path.
pub fn difference(one: &Listing, other: &Listing) -> Vec<Change> {
    let paths: BTreeSet<&[u8]> = one.entries().chain(other.entries()).map(|(path, _)| path).collect();
    let change = |path: &[u8]| {
        let kind = between(one.get(path), other.get(path))?;
        let package = [one, other].into_iter().filter(|listing| listing.get(path).is_some());
        let package = package.filter_map(|listing| package_of(path, listing)).next();
        Some(Change { path: path_bytes::to_text(path), part: part_of(path), kind, package })
    };
    paths.into_iter().filter_map(change).collect()
}

fn between(one: Option<&Entry>, other: Option<&Entry>) -> Option<Difference> {
    let (one, other) = match (one, other) {
        (Some(one), Some(other)) if one == other => return None,
        (Some(one), Some(other)) => (one, other),
        (Some(_), None) => return Some(Difference::Removed),
        (None, _) => return Some(Difference::Added),
    };
    Some(match (one, other) {
        (Entry::File { content: Some(one), .. }, Entry::File { content: Some(other), .. }) if one == other => {
            Difference::Attributes
        }
        (Entry::File { content: Some(_), .. }, Entry::File { content: Some(_), .. }) => Difference::Content,
        // What is as large and as old is taken for the same.
        (Entry::File { size: one, modified: at, .. }, Entry::File { size: other, modified: then, .. }) => {
            if (one, at) == (other, then) { Difference::Unknown } else { Difference::Content }
        }
        (Entry::Folder { .. }, Entry::Folder { .. }) => Difference::Attributes,
        _ => Difference::Content,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closure::entry::Modified;
    use crate::model::digest::Digest;

    fn listing(files: &[(&str, Option<&[u8]>, i64)]) -> Listing {
        let folder = || Entry::Folder { mode: 0o755, modified: Modified::default(), listed: true };
        let mut entries = BTreeMap::from([(b"/usr".to_vec(), folder()), (b"/srv".to_vec(), folder())]);
        for (path, content, seconds) in files {
            let modified = Modified { seconds: *seconds, nanoseconds: 0 };
            let content = content.map(Digest::of);
            entries.insert(path.as_bytes().to_vec(), Entry::File { mode: 0o644, size: 1, modified, content });
        }
        Listing::new("/srv/scan".to_owned(), entries).unwrap()
    }

    #[test]
    fn each_difference_is_named_with_whose_it_is() {
        let one = listing(&[
            ("/srv/a", Some(b"1"), 0),
            ("/srv/b", Some(b"1"), 0),
            ("/usr/c", None, 0),
            ("/usr/d", Some(b"1"), 0),
            ("/usr/f", None, 0),
            ("/usr/g", Some(b"1"), 0),
        ]);
        let other = listing(&[
            ("/srv/a", Some(b"2"), 0),
            ("/srv/b", Some(b"1"), 9),
            ("/usr/c", None, 7),
            ("/usr/e", Some(b"1"), 0),
            ("/usr/f", Some(b"1"), 0),
            ("/usr/g", Some(b"1"), 0),
        ]);
        let found: Vec<_> =
            difference(&one, &other).into_iter().map(|change| (change.path, change.part, change.kind.code())).collect();
        let expected = [
            ("/srv/a", Part::Scanner, "content"),
            ("/srv/b", Part::Scanner, "attributes"),
            ("/usr/c", Part::Runtime, "content"),
            ("/usr/d", Part::Runtime, "removed"),
            ("/usr/e", Part::Runtime, "added"),
            ("/usr/f", Part::Runtime, "unknown"),
        ];
        assert_eq!(found, expected.map(|(path, part, code)| (path.to_owned(), part, code)));
        assert!(difference(&one, &one).is_empty());
        let totals = parts(&one);
        assert_eq!(
            (totals[&Part::Scanner].files, totals[&Part::Runtime].files, totals[&Part::Runtime].without_content),
            (2, 2, 2)
        );
    }
}
