//! Files by digest: of a commit, and of the checkout.
//!
//! Invariants: a link is what it leads to as text, and is never followed; a file that Git LFS keeps is what its pointer names.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::thread;

use crate::git::error::GitError;
use crate::git::lfs::{self, Pointer};
use crate::git::object_id::ObjectId;
use crate::git::objects::Objects;
use crate::git::tree::{Commit, Mode};
use crate::host::fs::{self, FsError, Kind};
use crate::host::hash::Hashing;
use crate::host::machine;
use crate::model::digest::Digest;
use crate::model::limits::MAX_BLOB_BYTES;

/// Files below one root of the checkout.
const MAX_FILES: u64 = 1_000_000;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A file.
    File,
    /// A file that can be run.
    Executable,
    /// A link.
    Link,
    /// Anything else: a submodule, a pipe, a socket.
    Other,
}

/// A file, by its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What it is.
    pub what: What,
    /// SHA-256 of its bytes, or of where a link leads.
    pub content: Digest,
}

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// What it is.
    pub file: File,
    /// The object that holds it, or that holds what Git LFS knows it by.
    pub id: ObjectId,
    /// What Git LFS knows it by.
    pub lfs: Option<Pointer>,
}

/// Files by their path, with `/`.
pub type Files = BTreeMap<String, File>;
/// Files of a commit by their path, with `/`.
pub type StoredFiles = BTreeMap<String, Stored>;

/// What is known of an object, so that what two commits share is read once.
pub type Known = HashMap<ObjectId, (Digest, Option<Pointer>)>;

/// Every file of the commit below `root` (with `/`, from the top); `None` where there is no such folder.
///
/// # Errors
/// When git cannot say.
pub fn of_commit(
    objects: &mut Objects,
    commit: &Commit,
    root: &str,
    known: &mut Known,
) -> Result<Option<StoredFiles>, GitError> {
    let Some(entries) = commit.below(objects, root)? else { return Ok(None) };
    let mut wanted: Vec<ObjectId> = entries
        .values()
        .filter(|entry| entry.mode != Mode::Submodule && !known.contains_key(&entry.id))
        .map(|entry| entry.id.clone())
        .collect();
    wanted.sort();
    wanted.dedup();
    let broken = |id: &ObjectId| GitError::Malformed {
        what: format!("a file below `{root}`"),
        id: id.to_string(),
        why: "git ended in the middle of it",
    };
    objects.each(&wanted, &format!("a file below `{root}`"), &mut |object| {
        let id = &wanted[object.at];
        let (content, pointer) = if object.size <= lfs::MAX_BYTES {
            let mut bytes = Vec::new();
            object.bytes.read_to_end(&mut bytes).map_err(|_| broken(id))?;
            (Digest::of(&bytes), lfs::parse(&bytes))
        } else {
            let mut hashing = Hashing::new(object.bytes);
            std::io::copy(&mut hashing, &mut std::io::sink()).map_err(|_| broken(id))?;
            (hashing.finish().1, None)
        };
        known.insert(id.clone(), (content, pointer));
        Ok(())
    })?;
    let mut files = StoredFiles::new();
    for (path, entry) in entries {
        let what = match entry.mode {
            Mode::File => What::File,
            Mode::Executable => What::Executable,
            Mode::Link => What::Link,
            Mode::Submodule | Mode::Folder => What::Other,
        };
        let (content, pointer) = match known.get(&entry.id) {
            Some(known) => *known,
            // A submodule is known by its commit.
            None => (Digest::of(entry.id.as_str().as_bytes()), None),
        };
        let pointer = pointer.filter(|_| matches!(what, What::File | What::Executable));
        let content = pointer.map_or(content, |pointer| pointer.content);
        files.insert(path, Stored { file: File { what, content }, id: entry.id, lfs: pointer });
    }
    Ok(Some(files))
}

/// Every file below the folder `root`; none where there is no such folder.
///
/// # Errors
/// When a folder or a file cannot be read.
pub fn on_disk(root: &Path) -> Result<Files, FsError> {
    if !fs::is_dir(root) {
        return Ok(Files::new());
    }
    let mut wanted: Vec<(PathBuf, Kind)> = Vec::new();
    for item in fs::walk(root, MAX_FILES)? {
        if item.kind != Kind::Directory {
            wanted.push((item.relative, item.kind));
        }
    }
    let workers = machine::parallelism().clamp(1, 8);
    let piece = wanted.len().div_ceil(workers).max(1);
    let digested = thread::scope(|scope| {
        let workers: Vec<_> = wanted
            .chunks(piece)
            .map(|files| {
                scope.spawn(move || {
                    files.iter().map(|(path, kind)| file(root, path, kind)).collect::<Result<Vec<_>, _>>()
                })
            })
            .collect();
        let join = |worker: thread::ScopedJoinHandle<'_, Result<Vec<File>, FsError>>| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().map(join).collect::<Result<Vec<_>, _>>()
    })?;
    Ok(wanted.iter().map(|(path, _)| name(path)).zip(digested.into_iter().flatten()).collect())
}

/// A path as text. One that no text can hold has the name that no other has.
fn name(path: &Path) -> String {
    match path.to_str() {
        Some(text) => text.to_owned(),
        None => format!("{} (not UTF-8: {})", path.display(), hex::encode(path.as_os_str().as_encoded_bytes())),
    }
}

fn file(root: &Path, path: &Path, kind: &Kind) -> Result<File, FsError> {
    let whole = root.join(path);
    Ok(match kind {
        Kind::File { executable, .. } => File {
            what: if *executable { What::Executable } else { What::File },
            content: fs::digest(&whole, MAX_BLOB_BYTES)?,
        },
        Kind::Symlink { target } => {
            File { what: What::Link, content: Digest::of(target.as_os_str().as_encoded_bytes()) }
        }
        Kind::Special | Kind::Directory => File { what: What::Other, content: Digest::of(b"") },
    })
}

/// The files of a commit without what only git knows of them.
pub fn plain(files: &StoredFiles) -> Files {
    files.iter().map(|(path, stored)| (path.clone(), stored.file.clone())).collect()
}

/// One digest of all files and their paths.
pub fn digest(files: &Files) -> Digest {
    let mut text = String::new();
    for (path, File { what, content }) in files {
        text += &format!("{} {what:?} {path} {content}\n", path.len());
    }
    Digest::of(text.as_bytes())
}

/// The files of each folder directly below, by its name; what lies beside the folders is left out.
pub fn by_folder<T: Clone>(files: &BTreeMap<String, T>) -> BTreeMap<String, BTreeMap<String, T>> {
    let mut folders: BTreeMap<String, BTreeMap<String, T>> = BTreeMap::new();
    for (path, file) in files {
        if let Some((folder, rest)) = path.split_once('/') {
            folders.entry(folder.to_owned()).or_default().insert(rest.to_owned(), file.clone());
        }
    }
    folders
}
