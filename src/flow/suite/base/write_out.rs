//! Files of a commit, written where a run can read them.
//!
//! Invariants: bytes as git keeps them, modes and links kept; a file that Git LFS keeps is looked for by digest, in its own folder and in
//! the checkout, and is missing as an error; nothing is written outside of the folder.

use std::fs as std_fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::layout::Layout;
use crate::flow::suite::base::listing::{self, Stored, StoredFiles, What};
use crate::git::error::GitError;
use crate::git::lfs::Pointer;
use crate::git::object_id::ObjectId;
use crate::git::objects::Objects;
use crate::git::repository::Repository;
use crate::host::fs::{self, Access, FsError};
use crate::model::limits::MAX_BLOB_BYTES;

/// Where a file that Git LFS keeps may lie.
#[derive(Debug)]
pub struct LfsPlaces {
    /// The folder in which Git LFS keeps what it has fetched.
    pub folder: PathBuf,
    /// The top of the checkout.
    pub top: PathBuf,
}

/// Files that are written, and where.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The files.
    pub files: &'a StoredFiles,
    /// Where their paths begin in the repository.
    pub path: &'a str,
    /// The folder that they are written to.
    pub to: &'a Path,
}

/// Writes all of them. Git is asked once for everything: a question for each folder would take most of the time.
///
/// # Errors
/// When git cannot say, or a file cannot be written.
pub fn write(objects: &mut Objects, all: &[Wanted<'_>], lfs: &LfsPlaces) -> Result<(), BaseError> {
    let mut wanted: Vec<(PathBuf, &Stored)> = Vec::new();
    for Wanted { files, path, to } in all {
        make_folder(to)?;
        for (name, stored) in *files {
            let target = to.join(name);
            if let Some(folder) = target.parent().filter(|_| name.contains('/')) {
                make_folder(folder)?;
            }
            match (&stored.lfs, stored.file.what) {
                (_, What::Other) => return Err(BaseError::Leads { path: format!("{path}/{name}") }),
                (Some(pointer), _) => kept_by_lfs(pointer, &format!("{path}/{name}"), lfs, &target, stored.file.what)?,
                (None, _) => wanted.push((target, stored)),
            }
        }
    }
    let ids: Vec<ObjectId> = wanted.iter().map(|(_, stored)| stored.id.clone()).collect();
    objects.each(&ids, "a file of the base", &mut |object| {
        let (target, stored) = &wanted[object.at];
        let failed = |source: io::Error| GitError::Write { path: target.clone(), source };
        if stored.file.what == What::Link {
            let mut bytes = Vec::new();
            object.bytes.read_to_end(&mut bytes).map_err(failed)?;
            return link(&String::from_utf8_lossy(&bytes), target).map_err(failed);
        }
        let mut file = std_fs::File::create_new(target).map_err(failed)?;
        io::copy(object.bytes, &mut file).map_err(failed)?;
        file.flush().map_err(failed)
    })?;
    for (target, stored) in &wanted {
        if stored.file.what == What::Executable {
            executable(target)?;
        }
    }
    Ok(())
}

fn make_folder(folder: &Path) -> Result<(), BaseError> {
    std_fs::create_dir_all(folder)
        .map_err(|source| FsError::Io { path: folder.to_owned(), action: "make", access: Access::Write, source }.into())
}

fn kept_by_lfs(pointer: &Pointer, path: &str, places: &LfsPlaces, target: &Path, what: What) -> Result<(), BaseError> {
    let hex = pointer.content.hex();
    let kept = places.folder.join(&hex[..2]).join(&hex[2..4]).join(&hex);
    for place in [kept, places.top.join(path)] {
        if !place.is_file() || !fs::digest(&place, MAX_BLOB_BYTES).is_ok_and(|digest| digest == pointer.content) {
            continue;
        }
        let copied = std_fs::copy(&place, target);
        copied.map_err(|source| FsError::Io {
            path: target.to_owned(),
            action: "write",
            access: Access::Write,
            source,
        })?;
        // It may have been changed in between.
        if fs::digest(target, MAX_BLOB_BYTES)? == pointer.content {
            return if what == What::Executable { executable(target) } else { Ok(()) };
        }
    }
    Err(BaseError::Lfs { path: path.to_owned(), content: pointer.content.to_string() })
}

#[cfg(unix)]
fn link(to: &str, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn link(_to: &str, _at: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn executable(path: &Path) -> Result<(), BaseError> {
    #[cfg(unix)]
    fs::make_executable(path)?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

impl LfsPlaces {
    /// Those of a checkout and of its repository.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn of(repository: &Repository, layout: &Layout) -> Result<Self, BaseError> {
        Ok(Self { folder: repository.lfs_folder()?, top: layout.top.clone() })
    }
}

/// Writes the blobs of the base's fixture store that the checkout lacks or changes.
///
/// # Errors
/// As [`write`], and when the checkout's own store cannot be read.
pub fn missing_blobs(
    objects: &mut Objects,
    lfs: &LfsPlaces,
    base: &StoredFiles,
    layout: &Layout,
    rules: &Config,
    to: &Path,
) -> Result<(), BaseError> {
    let own = listing::on_disk(&rules.fixture_store)?;
    let missing: StoredFiles = base
        .iter()
        .filter(|(path, stored)| own.get(*path).is_none_or(|own| own.content != stored.file.content))
        .map(|(path, stored)| (path.clone(), stored.clone()))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let path = layout.path_of_joined(&rules.fixture_store)?;
    write(objects, &[Wanted { files: &missing, path: &path, to }], lfs)
}
