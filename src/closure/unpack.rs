//! A closure as a folder, kept by the digest of its listing and shared by all who run in it.
//!
//! `<cache>/sha256/ab/<hex of the digest>/` holds `root/`, `without-content`, which lists the inodes of the files that have none and of the
//! folders of which nothing is known, and
//! `closure.json`, which says what there was when it was unpacked: each file by its size, its times and its inode. The time at which
//! an inode was last changed cannot be set, so one that was changed since, copied or restored is told, and unpacked again.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
use serde::{Deserialize, Serialize};

use crate::closure::entry::{Entry, Modified};
use crate::closure::error::UnpackError;
use crate::closure::listing::Listing;
use crate::closure::unpacked::Unpacked;
use crate::closure::walk::as_path;
use crate::host::fs::{self as files, FsError, StagedDir};
use crate::host::hash::Hashing;
use crate::model::digest::Digest;
use crate::model::limits::{MAX_CLOSURE_ENTRIES, MAX_CONFIG_BYTES};
use crate::model::text::path_bytes;
use crate::store::blob::{BlobSource, StoreError};

const RECORD: &str = "closure.json";
const SCHEMA: &str = "stella.unpacked-closure/1";
/// What is half unpacked for longer than this was left by a process that was killed.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);
/// How many contents that are gone are named.
const NAMED: usize = 10;

/// What stands beside the folder.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    schema: String,
    listing: Digest,
    state: Digest,
    without_content: Digest,
}

/// Unpacks the closure whose listing has `digest` into `cache`, which is absolute, or finds it there as it was.
///
/// # Errors
/// [`UnpackError`]; nothing is then left in `cache`.
pub fn unpack(
    listing: &Listing,
    digest: Digest,
    contents: &dyn BlobSource,
    cache: &Path,
) -> Result<Unpacked, UnpackError> {
    let hex = digest.hex();
    let folder = cache.join("sha256").join(&hex[..2]).join(&hex);
    if let Some(found) = find(digest, &folder)? {
        return Ok(found);
    }
    // One that is not as it was made: first what calls it whole.
    files::remove_file_if_present(&folder.join(RECORD))?;
    files::remove_dir_if_present(&folder)?;
    check_contents(listing, contents)?;
    let staged = StagedDir::beside(&folder)?;
    if let Some(shard) = folder.parent() {
        files::sweep(shard, ABANDONED)?;
    }
    let root = staged.path().join("root");
    let inodes = write(listing, contents, &root)?;
    let list: String = inodes.iter().map(|(kind, inode)| format!("{kind} {inode}\n")).collect();
    let path = staged.path().join("without-content");
    let without_content = Digest::of(list.as_bytes());
    fs::write(&path, list).map_err(|source| UnpackError::Write { path, source })?;
    // What is trusted later because of its name, and what its inodes are, is on disk by then.
    staged.flush()?;
    let state = state(&root).map_err(|source| UnpackError::Write { path: root.clone(), source })?;
    let record = Record { schema: SCHEMA.to_owned(), listing: digest, state, without_content };
    let path = staged.path().join(RECORD);
    fs::write(&path, serde_json::json!(record).to_string()).map_err(|source| UnpackError::Write { path, source })?;
    match staged.publish(&folder) {
        Ok(()) => Ok(of(&folder)),
        // Another process was faster.
        Err(error) => find(digest, &folder)?.ok_or_else(|| error.into()),
    }
}

/// Writes the files of a closure to the new folder `to`, for whoever wants to look at them.
///
/// # Errors
/// [`UnpackError`]; nothing is then left.
pub fn export(listing: &Listing, contents: &dyn BlobSource, to: &Path) -> Result<(), UnpackError> {
    check_contents(listing, contents)?;
    if fs::symlink_metadata(to).is_ok() {
        return Err(UnpackError::Write { path: to.to_owned(), source: io::ErrorKind::AlreadyExists.into() });
    }
    let staged = StagedDir::beside(to)?;
    let root = staged.path().join("root");
    write(listing, contents, &root)?;
    fs::rename(&root, to).map_err(|source| UnpackError::Write { path: to.to_owned(), source })
}

fn of(folder: &Path) -> Unpacked {
    Unpacked { root: folder.join("root"), without_content: folder.join("without-content") }
}

/// The closure that was unpacked there, if it is as it was.
fn find(digest: Digest, folder: &Path) -> Result<Option<Unpacked>, FsError> {
    let Some(bytes) = files::read_if_present(&folder.join(RECORD), MAX_CONFIG_BYTES)? else { return Ok(None) };
    let record = serde_json::from_slice::<Record>(&bytes).ok();
    let Some(record) = record.filter(|record| record.schema == SCHEMA && record.listing == digest) else {
        return Ok(None);
    };
    let unpacked = of(folder);
    let is_as_it_was = state(&unpacked.root).is_ok_and(|found| found == record.state);
    let list = files::read_if_present(&folder.join("without-content"), u64::MAX)?;
    let is_guarded = list.is_some_and(|list| Digest::of(&list) == record.without_content);
    Ok((is_as_it_was && is_guarded).then_some(unpacked))
}

/// All that is gone is named at once.
fn check_contents(listing: &Listing, contents: &dyn BlobSource) -> Result<(), UnpackError> {
    let (mut gone, mut known) = (Vec::new(), BTreeSet::new());
    for (path, entry) in listing.entries() {
        if let Entry::File { content: Some(digest), .. } = entry
            && known.insert(*digest)
            && !contents.contains(digest).map_err(|source| unread(path, source))?
        {
            gone.push(format!("`{}` of the closure ({digest})", path_bytes::to_text(path)));
        }
    }
    if gone.is_empty() {
        return Ok(());
    }
    let more = gone.len().saturating_sub(NAMED);
    gone.truncate(NAMED);
    gone.extend((more > 0).then(|| format!("and {more} more files of the closure")));
    Err(UnpackError::Gone(gone))
}

fn unread(path: &[u8], source: StoreError) -> UnpackError {
    UnpackError::Store { path: path_bytes::to_text(path), source }
}

/// What has an inode in the list, as it is spelt there.
const FILE: &str = "file";
const FOLDER: &str = "folder";

/// Writes everything below the new folder `root`; returns the inodes of the files that have no content, and of the folders of which
/// nothing is known.
///
/// No path has a link on its way: what stands above one is a folder of the listing, which was made here.
fn write(
    listing: &Listing,
    contents: &dyn BlobSource,
    root: &Path,
) -> Result<BTreeSet<(&'static str, u64)>, UnpackError> {
    let made = |path: &Path| {
        let path = path.to_owned();
        move |source| UnpackError::Write { path, source }
    };
    fs::create_dir(root).map_err(made(root))?;
    let mut without = BTreeSet::new();
    for (path, entry) in listing.entries() {
        let to = root.join(as_path(path.get(1..).unwrap_or_default()));
        match entry {
            Entry::Folder { listed, .. } => {
                fs::create_dir(&to).map_err(made(&to))?;
                if !listed {
                    without.insert((FOLDER, fs::symlink_metadata(&to).map_err(made(&to))?.ino()));
                }
            }
            Entry::Link { target } => symlink(as_path(target), &to).map_err(made(&to))?,
            Entry::File { mode, size, modified, content } => {
                let file = File::create_new(&to).map_err(made(&to))?;
                match content {
                    Some(digest) => fill(&file, path, (digest, *size), contents, &to)?,
                    None => {
                        // As large as it was, for who looks at it.
                        file.set_len(*size).map_err(made(&to))?;
                        without.insert((FILE, file.metadata().map_err(made(&to))?.ino()));
                    }
                }
                // Whoever unpacked it can read and remove it.
                file.set_permissions(Permissions::from_mode(*mode | 0o400)).map_err(made(&to))?;
                set_time(&to, *modified).map_err(made(&to))?;
            }
        }
    }
    // When nothing is written into it any more; what is above comes after what is below.
    let all: Vec<_> = listing.entries().collect();
    for (path, entry) in all.into_iter().rev() {
        if let Entry::Folder { mode, modified, .. } = entry {
            let to = root.join(as_path(path.get(1..).unwrap_or_default()));
            let set = fs::set_permissions(&to, Permissions::from_mode(*mode | 0o700));
            set.and_then(|()| set_time(&to, *modified)).map_err(made(&to))?;
        }
    }
    Ok(without)
}

fn fill(
    file: &File,
    path: &[u8],
    (digest, size): (&Digest, u64),
    contents: &dyn BlobSource,
    to: &Path,
) -> Result<(), UnpackError> {
    let mut out = BufWriter::with_capacity(128 << 10, file);
    let name = || path_bytes::to_text(path);
    match contents.copy_to(digest, &mut out, to) {
        Ok(true) => {}
        Ok(false) => return Err(UnpackError::Gone(vec![format!("`{}` of the closure ({digest})", name())])),
        Err(source @ (StoreError::Mismatch { .. } | StoreError::Damaged { .. })) => {
            return Err(UnpackError::Damaged { path: name(), digest: *digest, source });
        }
        Err(source) => return Err(unread(path, source)),
    }
    let written = out.flush().and_then(|()| file.metadata());
    let found = written.map_err(|source| UnpackError::Write { path: to.to_owned(), source })?.len();
    if found == size { Ok(()) } else { Err(UnpackError::Size { path: name(), expected: size, found }) }
}

fn set_time(path: &Path, Modified { seconds, nanoseconds }: Modified) -> io::Result<()> {
    let at = Timespec { tv_sec: seconds, tv_nsec: nanoseconds.into() };
    let times = Timestamps { last_access: at, last_modification: at };
    Ok(utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// What tells an unpacked closure from one that was changed: of each entry its path, its kind and mode, its size, inode and times.
fn state(root: &Path) -> io::Result<Digest> {
    let mut hash = Hashing::new(io::sink());
    let mut pending = vec![root.to_owned()];
    let mut seen = 0_u64;
    while let Some(path) = pending.pop() {
        seen += 1;
        if seen > MAX_CLOSURE_ENTRIES + 1 {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let found = fs::symlink_metadata(&path)?;
        let below = path.strip_prefix(root).unwrap_or(&path).as_os_str().as_bytes();
        hash.write_all(&(below.len() as u64).to_be_bytes())?;
        hash.write_all(below)?;
        // A folder that is moved to its name keeps all of these.
        for number in [found.ino(), found.size(), u64::from(found.mode())] {
            hash.write_all(&number.to_be_bytes())?;
        }
        for number in [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()] {
            hash.write_all(&number.to_be_bytes())?;
        }
        if found.is_dir() {
            let mut entries = fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
            entries.sort();
            pending.extend(entries);
        }
    }
    Ok(hash.finish().1)
}

#[cfg(test)]
mod tests;
