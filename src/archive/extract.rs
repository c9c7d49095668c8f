//! Extraction: into a directory of its own, which gets its name only when everything is there.
//!
//! Every write goes through a directory handle that cannot be left. Links are made last, so that nothing is ever written
//! through one. Modes are 0644 and 0755 whatever the umask says, and times are the epoch (on Linux), so that two
//! restorations look the same to whoever looks at them.
//!
//! Killed in the middle, it leaves a directory named `.stella-tmp-…` beside the destination and nothing at it. It does
//! not wait for the disk: what it writes can be restored again.

use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, Permissions};

use crate::archive::dir;
use crate::archive::entry::{Entry, EntryPath, Node};
use crate::archive::error::{ArchiveError, Problem};
use crate::archive::limits::Limits;
use crate::archive::read::{self, Visitor};
use crate::archive::shape::{Shape, Tree};
use crate::archive::write::{Item, items};
use crate::host::compress::UnpackError;
use crate::host::fs::{FsError, StagedDir};
use crate::model::digest::Digest;

/// Extracts `archive` as the directory `to`, which must not exist yet, or be empty.
///
/// # Errors
/// As [`read`](crate::archive::read()); `to` is then as it was.
pub fn extract(archive: &[u8], to: &Path, limits: &Limits) -> Result<(), ArchiveError> {
    let mut extraction = Extraction::begin(to)?;
    read::scan(archive, limits, &mut extraction)?;
    extraction.complete()?;
    extraction.publish()
}

/// Writes `entries` as the directory `to`, which must not exist yet, or be empty.
///
/// # Errors
/// [`ArchiveError`] for entries that could not be packed either; `to` is then as it was.
pub fn restore(entries: &[Entry], to: &Path, limits: &Limits) -> Result<(), ArchiveError> {
    restore_items(items(entries), to, None, limits)
}

/// The same, and refuses when what was written does not have the content digest `expected`: contents on disk may have
/// changed since they were digested.
///
/// # Errors
/// As [`restore`], and [`Problem::Changed`].
pub(crate) fn restore_checked(
    entries: &[Entry],
    to: &Path,
    expected: Digest,
    limits: &Limits,
) -> Result<(), ArchiveError> {
    restore_items(items(entries), to, Some(expected), limits)
}

pub(crate) fn restore_items(
    items: Vec<Item<'_>>,
    to: &Path,
    expected: Option<Digest>,
    limits: &Limits,
) -> Result<(), ArchiveError> {
    let mut extraction = Extraction::begin(to)?;
    let mut tree = Tree::new(limits.entries);
    for (path, node) in &items {
        let shape = match node {
            Node::Directory => Shape::Directory,
            Node::File { .. } => Shape::File,
            Node::Symlink { target } => Shape::Symlink(target.clone()),
        };
        for made in tree.insert(path, shape)? {
            extraction.directory(&made, true)?;
        }
        match node {
            Node::Directory => {}
            Node::File { content, executable } => {
                if extraction.file(path, *executable, &mut content.open()?)? != content.size() {
                    return Err(Problem::Changed.at(path));
                }
            }
            Node::Symlink { target } => extraction.symlink(path, target.clone())?,
        }
    }
    tree.check_links()?;
    extraction.complete()?;
    match expected {
        Some(expected) if dir::digest(extraction.staged.path(), limits)? != expected => {
            Err(Problem::Changed.at(to.display()))
        }
        _ => extraction.publish(),
    }
}

struct Extraction {
    to: PathBuf,
    staged: StagedDir,
    root: Dir,
    /// Everything written so far, parents first.
    written: Vec<EntryPath>,
    links: Vec<(EntryPath, String)>,
}

impl Extraction {
    fn begin(to: &Path) -> Result<Self, ArchiveError> {
        let staged = StagedDir::beside(to)?;
        let opened = Dir::open_ambient_dir(staged.path(), ambient_authority());
        let root = opened.map_err(FsError::reading("open", staged.path()))?;
        Ok(Self { to: to.to_owned(), staged, root, written: Vec::new(), links: Vec::new() })
    }

    /// Makes the links and sets the times.
    fn complete(&self) -> Result<(), ArchiveError> {
        for (path, target) in &self.links {
            self.root.symlink_contents(target, path).map_err(|error| self.failed("link", path, error))?;
        }
        let links = self.links.iter().map(|(path, _)| path);
        for path in links.chain(self.written.iter().rev()) {
            set_epoch(&self.root, path.as_ref()).map_err(|error| self.failed("set the time of", path, error))?;
        }
        open_up(&self.root, Path::new(".")).map_err(FsError::writing("open up", &self.to))?;
        Ok(set_epoch(&self.root, Path::new(".")).map_err(FsError::writing("set the time of", &self.to))?)
    }

    fn publish(self) -> Result<(), ArchiveError> {
        Ok(self.staged.publish(&self.to)?)
    }

    fn failed(&self, action: &'static str, path: &EntryPath, error: io::Error) -> ArchiveError {
        FsError::writing(action, &self.to.join(path))(error).into()
    }
}

impl Visitor for Extraction {
    fn directory(&mut self, path: &EntryPath, _given: bool) -> Result<(), ArchiveError> {
        let made = self
            .root
            .create_dir(path)
            .and_then(|()| self.root.set_permissions(path, Permissions::from_std(PermissionsExt::from_mode(0o755))));
        made.map_err(|error| self.failed("create", path, error))?;
        self.written.push(path.clone());
        Ok(())
    }

    fn file(&mut self, path: &EntryPath, executable: bool, data: &mut dyn Read) -> Result<u64, ArchiveError> {
        let mode = if executable { 0o755 } else { 0o644 };
        let copied = self.root.open_with(path, OpenOptions::new().write(true).create_new(true)).and_then(|file| {
            let mut file = file.into_std();
            let count = io::copy(data, &mut file)?;
            file.set_permissions(PermissionsExt::from_mode(mode))?;
            Ok(count)
        });
        self.written.push(path.clone());
        copied.map_err(|error| match error.downcast::<UnpackError>() {
            Ok(unpack) => ArchiveError::Unpack(unpack),
            Err(error) => self.failed("write", path, error),
        })
    }

    fn symlink(&mut self, path: &EntryPath, target: String) -> Result<(), ArchiveError> {
        self.links.push((path.clone(), target));
        Ok(())
    }
}

fn open_up(root: &Dir, path: &Path) -> io::Result<()> {
    root.set_permissions(path, Permissions::from_std(PermissionsExt::from_mode(0o755)))
}

#[cfg(target_os = "linux")]
fn set_epoch(root: &Dir, path: &Path) -> io::Result<()> {
    let epoch = rustix::fs::Timespec { tv_sec: 0, tv_nsec: 0 };
    let times = rustix::fs::Timestamps { last_access: epoch, last_modification: epoch };
    Ok(rustix::fs::utimensat(root, path, &times, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn set_epoch(_: &Dir, _: &Path) -> io::Result<()> {
    Ok(())
}
