//! Trees of a commit: where a path leads, and every file below it.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::error::GitError;
use crate::git::object_id::ObjectId;
use crate::git::objects::{Kind, Objects};

/// The largest tree or commit object that is read.
const MAX_OBJECT_BYTES: u64 = 64 << 20;
/// Files and folders of one listing.
const MAX_ENTRIES: usize = 1_000_000;
/// Folders in folders.
const MAX_DEPTH: usize = 64;

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// A file.
    File,
    /// A file that can be run.
    Executable,
    /// A symbolic link.
    Link,
    /// A folder.
    Folder,
    /// A commit of another repository: its files are not here.
    Submodule,
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub mode: Mode,
    /// Its object.
    pub id: ObjectId,
}

/// A commit, as its object says: what was cut off or grafted is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its name.
    pub id: ObjectId,
    /// The tree of its files.
    pub tree: ObjectId,
    /// The commits that it was made from.
    pub parents: Vec<ObjectId>,
}

impl Commit {
    /// Reads a commit.
    ///
    /// # Errors
    /// [`GitError::Missing`], [`GitError::Malformed`].
    pub fn read(objects: &mut Objects, id: &ObjectId) -> Result<Self, GitError> {
        let malformed = |why| GitError::Malformed { what: "the commit".to_owned(), id: id.to_string(), why };
        let (kind, bytes) = objects.read(id, "the commit", MAX_OBJECT_BYTES)?;
        if kind != Kind::Commit {
            return Err(malformed("it is not a commit"));
        }
        let text = String::from_utf8_lossy(&bytes);
        let (mut tree, mut parents) = (None, Vec::new());
        for line in text.lines().take_while(|line| !line.is_empty()) {
            match line.split_once(' ') {
                Some(("tree", name)) if tree.is_none() => tree = ObjectId::parse(name),
                Some(("parent", name)) => {
                    parents.push(ObjectId::parse(name).ok_or_else(|| malformed("a parent has no name"))?);
                }
                _ => {}
            }
        }
        Ok(Self { id: id.clone(), tree: tree.ok_or_else(|| malformed("it has no tree"))?, parents })
    }

    /// What `path` (with `/`, relative to the top) leads to; `None` where there is nothing.
    ///
    /// # Errors
    /// As [`Objects::each`]; [`GitError::Malformed`] where the way leads through something that is not a folder of this repository.
    pub fn find(&self, objects: &mut Objects, path: &str) -> Result<Option<Entry>, GitError> {
        let mut here = Entry { mode: Mode::Folder, id: self.tree.clone() };
        for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
            match here.mode {
                Mode::Folder => {}
                Mode::File | Mode::Executable => return Ok(None),
                Mode::Link => return Err(on_the_way(path, &here, "a symbolic link is on the way to it")),
                Mode::Submodule => return Err(on_the_way(path, &here, "a submodule is on the way to it")),
            }
            match entry(objects, &here.id, name)? {
                Some(entry) => here = entry,
                None => return Ok(None),
            }
        }
        Ok(Some(here))
    }

    /// Every entry below the folder at `path` that is not itself a folder, by its path from there; `None` where nothing is there.
    ///
    /// # Errors
    /// As [`find`](Self::find); [`GitError::TooMany`].
    pub fn below(&self, objects: &mut Objects, path: &str) -> Result<Option<BTreeMap<String, Entry>>, GitError> {
        let Some(top) = self.find(objects, path)? else { return Ok(None) };
        match top.mode {
            Mode::Folder => {}
            Mode::Submodule => {
                return Err(on_the_way(path, &top, "it is a submodule: its files are not in this repository"));
            }
            Mode::Link => return Err(on_the_way(path, &top, "it is a symbolic link")),
            Mode::File | Mode::Executable => return Err(on_the_way(path, &top, "it is a file and no folder")),
        }
        let mut found = BTreeMap::new();
        let mut level = vec![(String::new(), top.id)];
        for _ in 0..MAX_DEPTH {
            if level.is_empty() {
                return Ok(Some(found));
            }
            let ids: Vec<ObjectId> = level.iter().map(|(_, id)| id.clone()).collect();
            let mut next = Vec::new();
            objects.each(&ids, &format!("a folder below `{path}`"), &mut |object| {
                let (prefix, id) = &level[object.at];
                let mut bytes = Vec::new();
                read_whole(object.size, object.bytes, id, &mut bytes)?;
                let entries = parse(&bytes, id)?;
                // A few small objects can mean more names than any memory holds: they are counted before they are kept.
                if found.len() + next.len() + entries.len() > MAX_ENTRIES {
                    return Err(GitError::TooMany { what: format!("`{path}`"), limit: MAX_ENTRIES });
                }
                for (name, entry) in entries {
                    let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
                    if entry.mode == Mode::Folder {
                        next.push((name, entry.id));
                    } else {
                        found.insert(name, entry);
                    }
                }
                Ok(())
            })?;
            level = next;
        }
        Err(GitError::TooMany { what: format!("`{path}`, folders in folders:"), limit: MAX_DEPTH })
    }
}

/// What lies directly in a folder, by name; what no file system could hold is left out.
///
/// # Errors
/// [`GitError::Missing`], [`GitError::Malformed`].
pub fn entries(objects: &mut Objects, id: &ObjectId) -> Result<BTreeMap<String, Entry>, GitError> {
    let (kind, bytes) = objects.read(id, "a folder", MAX_OBJECT_BYTES)?;
    if kind != Kind::Tree {
        return Err(GitError::Malformed { what: "a folder".to_owned(), id: id.to_string(), why: "it is not a tree" });
    }
    Ok(raw_entries(&bytes, id)?.iter().filter_map(|raw| raw.entry(id).ok()).collect())
}

fn on_the_way(path: &str, entry: &Entry, why: &'static str) -> GitError {
    GitError::Malformed { what: format!("`{path}` of the base"), id: entry.id.to_string(), why }
}

/// The entry of that name in a folder. What else lies in it may be called anything.
fn entry(objects: &mut Objects, id: &ObjectId, name: &str) -> Result<Option<Entry>, GitError> {
    let (kind, bytes) = objects.read(id, "a folder", MAX_OBJECT_BYTES)?;
    if kind != Kind::Tree {
        return Err(GitError::Malformed { what: "a folder".to_owned(), id: id.to_string(), why: "it is not a tree" });
    }
    let found = raw_entries(&bytes, id)?.into_iter().find(|raw| raw.name == name.as_bytes());
    found.map(|raw| raw.entry(id).map(|(_, entry)| entry)).transpose()
}

fn read_whole(size: u64, bytes: &mut dyn std::io::Read, id: &ObjectId, out: &mut Vec<u8>) -> Result<(), GitError> {
    let malformed = |why| GitError::Malformed { what: "a folder".to_owned(), id: id.to_string(), why };
    if size > MAX_OBJECT_BYTES {
        return Err(malformed("too large"));
    }
    bytes.read_to_end(out).map(|_| ()).map_err(|_| malformed("git ended in the middle of it"))
}

/// An entry as it stands in a tree.
struct RawEntry<'a> {
    mode: &'a [u8],
    name: &'a [u8],
    object: &'a [u8],
}

impl RawEntry<'_> {
    fn entry(&self, id: &ObjectId) -> Result<(String, Entry), GitError> {
        let malformed = |why| GitError::Malformed { what: "a folder".to_owned(), id: id.to_string(), why };
        let mode = match self.mode {
            b"100644" | b"100664" => Mode::File,
            b"100755" => Mode::Executable,
            b"120000" => Mode::Link,
            b"40000" | b"040000" => Mode::Folder,
            b"160000" => Mode::Submodule,
            _ => return Err(malformed("an entry has a mode that is not known")),
        };
        let name = std::str::from_utf8(self.name).map_err(|_| malformed("a name in it is not UTF-8"))?;
        // What git itself refuses to check out.
        if matches!(name, "" | "." | "..") || name.contains('/') || name.eq_ignore_ascii_case(".git") {
            return Err(malformed("a name in it leads elsewhere"));
        }
        let object = ObjectId::from_bytes(self.object).ok_or_else(|| malformed("an entry has no object"))?;
        Ok((name.to_owned(), Entry { mode, id: object }))
    }
}

/// The entries of a tree.
fn parse(bytes: &[u8], id: &ObjectId) -> Result<Vec<(String, Entry)>, GitError> {
    raw_entries(bytes, id)?.iter().map(|raw| raw.entry(id)).collect()
}

/// `<mode> <name>\0<id>`, one after the other.
fn raw_entries<'a>(mut bytes: &'a [u8], id: &ObjectId) -> Result<Vec<RawEntry<'a>>, GitError> {
    let malformed = |why| GitError::Malformed { what: "a folder".to_owned(), id: id.to_string(), why };
    let length = id.byte_length();
    let (mut entries, mut names) = (Vec::new(), BTreeSet::new());
    while !bytes.is_empty() {
        let space = bytes.iter().position(|byte| *byte == b' ').ok_or_else(|| malformed("an entry has no mode"))?;
        let (mode, rest) = (&bytes[..space], &bytes[space + 1..]);
        let end = rest.iter().position(|byte| *byte == 0).ok_or_else(|| malformed("an entry has no name"))?;
        let (name, rest) = (&rest[..end], &rest[end + 1..]);
        let object = rest.get(..length).ok_or_else(|| malformed("it ends in the middle of an entry"))?;
        // Which of the two would be checked out?
        if !names.insert(name) {
            return Err(malformed("a name is in it twice"));
        }
        entries.push(RawEntry { mode, name, object });
        bytes = &rest[length..];
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> ObjectId {
        ObjectId::parse(&"a".repeat(40)).unwrap()
    }

    fn entry(mode: &str, name: &str) -> Vec<u8> {
        [mode.as_bytes(), b" ", name.as_bytes(), b"\0", &[7; 20]].concat()
    }

    #[test]
    fn entries_are_read_with_their_modes() {
        let bytes = [entry("100644", "a"), entry("100755", "b"), entry("120000", "c"), entry("40000", "d")].concat();
        let modes: Vec<Mode> = parse(&bytes, &id()).unwrap().into_iter().map(|(_, entry)| entry.mode).collect();
        assert_eq!(modes, [Mode::File, Mode::Executable, Mode::Link, Mode::Folder]);
    }

    #[test]
    fn what_is_not_a_tree_is_refused() {
        for name in ["", ".", "..", "a/b", ".git", ".GIT"] {
            assert!(parse(&entry("100644", name), &id()).is_err(), "{name}");
        }
        assert!(parse(&entry("100600", "a"), &id()).is_err());
        assert!(parse(&[entry("100644", "a"), entry("40000", "a")].concat(), &id()).is_err());
        let whole = entry("100644", "a");
        for cut in 1..whole.len() {
            assert!(parse(&whole[..cut], &id()).is_err(), "{cut}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0usize..28, junk: Vec<u8>) {
            let mut bytes = entry("100644", "name");
            bytes.splice(at..(at + junk.len()).min(28), junk);
            let _ = parse(&bytes, &id());
        }
    }
}
