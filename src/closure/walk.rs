//! From the paths that a run looked up to what stood there: each part of a path by itself, links as links with what they lead to,
//! the folders above.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::closure::entry::{Entry, Modified};
use crate::closure::error::CaptureError;
use crate::closure::reserved::{is_in, is_reserved};
use crate::closure::view::{Place, View};
use crate::model::limits::MAX_LINK_HOPS;
use crate::model::text::path_bytes;
use crate::sandbox::sandbox_path::ROOT;

/// What was found at a path.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    /// A folder, and whether the run looked for anything in it.
    Folder { mode: u32, modified: Modified, entered: bool },
    /// A file: where it lies on the machine, and whether its content is wanted.
    File { host: PathBuf, stamp: Stamp, wanted: bool },
    /// A link.
    Link { target: Vec<u8> },
}

/// What tells a file from itself after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    pub(crate) mode: u32,
    pub(crate) size: u64,
    pub(crate) modified: Modified,
    /// When anything of it was last changed, its content or its names.
    pub(crate) changed: Modified,
}

impl Stamp {
    pub(crate) fn of(found: &Metadata) -> Self {
        let time =
            |seconds, nanoseconds: i64| Modified { seconds, nanoseconds: u32::try_from(nanoseconds).unwrap_or(0) };
        Self {
            device: found.dev(),
            inode: found.ino(),
            // Without the bits by which it would lend the rights of its owner.
            mode: found.mode() & 0o777,
            size: found.len(),
            modified: time(found.mtime(), found.mtime_nsec()),
            changed: time(found.ctime(), found.ctime_nsec()),
        }
    }
}

/// Everything that was found so far.
pub(crate) struct Walk<'a> {
    view: &'a View,
    found: BTreeMap<Vec<u8>, Found>,
    absent: BTreeSet<Vec<u8>>,
    /// Paths that led nowhere.
    pub(crate) missed: u64,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(view: &'a View) -> Self {
        Self { view, found: BTreeMap::new(), absent: BTreeSet::new(), missed: 0 }
    }

    pub(crate) fn into_found(self) -> BTreeMap<Vec<u8>, Found> {
        self.found
    }

    /// Takes in what `path` leads to and all on the way; the path of that without links, `None` where there is nothing.
    pub(crate) fn look_up(&mut self, path: &[u8]) -> Result<Option<Vec<u8>>, CaptureError> {
        let mut at: Vec<u8> = Vec::new();
        let mut pending: Vec<Vec<u8>> = path.split(|byte| *byte == b'/').rev().map(<[u8]>::to_vec).collect();
        let mut hops = 0;
        while let Some(name) = pending.pop() {
            match name.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    let above = at.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                    at.truncate(above);
                    continue;
                }
                _ => {}
            }
            self.enter(&at);
            let before = at.len();
            at.push(b'/');
            at.extend(&name);
            // What a run has for itself is left again by a step upwards alone.
            if is_in(&at, ROOT) && is_reserved(&at) {
                continue;
            }
            match self.look_at(&at)? {
                None => {
                    self.missed += 1;
                    return Ok(None);
                }
                Some(Found::Folder { .. }) => {}
                Some(Found::File { .. }) => {
                    let is_last = pending.iter().all(|name| name.is_empty());
                    return Ok(is_last.then_some(at));
                }
                Some(Found::Link { target }) => {
                    hops += 1;
                    if hops > MAX_LINK_HOPS {
                        return Ok(None);
                    }
                    pending.extend(target.rsplit(|byte| *byte == b'/').map(<[u8]>::to_vec));
                    at.truncate(if target.starts_with(b"/") { 0 } else { before });
                }
            }
        }
        Ok(Some(if at.is_empty() { b"/".to_vec() } else { at }))
    }

    /// What stands at a path whose parts above are known to be folders; a link there is not followed.
    fn look_at(&mut self, path: &[u8]) -> Result<Option<Found>, CaptureError> {
        if let Some(found) = self.found.get(path) {
            return Ok(Some(found.clone()));
        }
        if is_reserved(path) || self.absent.contains(path) {
            return Ok(None);
        }
        let found = match self.view.place(path) {
            Place::Outside => None,
            Place::Above => Some(Found::Folder { mode: 0o755, modified: Modified::default(), entered: false }),
            // A link at the top is one for the run, too; any other was followed when it was shown.
            Place::At(host) if path.iter().filter(|byte| **byte == b'/').count() > 1 => of_file(&host, true),
            Place::At(host) | Place::Below(host) => of_file(&host, false),
        };
        match &found {
            Some(found) => drop(self.found.insert(path.to_vec(), found.clone())),
            None => drop(self.absent.insert(path.to_vec())),
        }
        Ok(found)
    }

    /// The content of what `path` leads to is wanted; the path of the file without links, `None` where there is none.
    pub(crate) fn open(&mut self, path: &[u8]) -> Result<Option<Vec<u8>>, CaptureError> {
        let Some(real) = self.look_up(path)? else { return Ok(None) };
        match self.found.get_mut(&real) {
            Some(Found::File { wanted, .. }) => {
                *wanted = true;
                Ok(Some(real))
            }
            _ => Ok(None),
        }
    }

    /// The run read the names in the folder to which `path` leads.
    pub(crate) fn list(&mut self, path: &[u8]) -> Result<(), CaptureError> {
        let real = self.look_up(path)?;
        real.iter().for_each(|real| self.enter(real));
        Ok(())
    }

    /// The run looked for something in the folder at `path`; empty for the root.
    fn enter(&mut self, path: &[u8]) {
        if let Some(Found::Folder { entered, .. }) = self.found.get_mut(path) {
            *entered = true;
        }
    }

    /// The folder at `path` is one of which not all is known.
    fn leave(&mut self, path: &[u8]) {
        if let Some(Found::Folder { entered, .. }) = self.found.get_mut(path) {
            *entered = false;
        }
    }

    /// Takes in all that there is in each folder in which the run looked for anything, by its name. So of whatever another run looks
    /// for it is known whether it is there, or that its folder is one of which nothing is known.
    pub(crate) fn complete(&mut self) -> Result<(), CaptureError> {
        let is_entered = |found: &Found| matches!(found, Found::Folder { entered: true, .. });
        let entered: Vec<Vec<u8>> =
            self.found.iter().filter(|(_, found)| is_entered(found)).map(|(path, _)| path.clone()).collect();
        for folder in std::iter::once(b"/".to_vec()).chain(entered) {
            let names = match self.view.place(&folder) {
                Place::Above => self.view.names_in(&folder),
                Place::At(host) | Place::Below(host) => {
                    if let Some(names) = names(&host).map_err(|source| unread(&folder, source))? {
                        names
                    } else {
                        // Of what else lies there nothing is known.
                        self.leave(&folder);
                        Vec::new()
                    }
                }
                Place::Outside => Vec::new(),
            };
            let above = if folder == b"/" { b"".as_slice() } else { &folder };
            for name in names {
                self.look_at(&[above, b"/", &name].concat())?;
            }
        }
        Ok(())
    }

    /// Where the file at `path`, one without links, lies on the machine.
    pub(crate) fn host_of(&self, path: &[u8]) -> Option<&Path> {
        match self.found.get(path)? {
            Found::File { host, .. } => Some(host),
            _ => None,
        }
    }
}

/// What stands at `host`; nothing where it is neither file, folder nor link.
fn of_file(host: &Path, follows: bool) -> Option<Found> {
    let found = if follows { fs::metadata(host) } else { fs::symlink_metadata(host) }.ok()?;
    let stamp = Stamp::of(&found);
    if found.is_dir() {
        return Some(Found::Folder { mode: found.mode() & 0o1777, modified: stamp.modified, entered: false });
    }
    if found.is_symlink() {
        return Some(Found::Link { target: fs::read_link(host).ok()?.into_os_string().into_vec() });
    }
    found.is_file().then(|| Found::File { host: host.to_owned(), stamp, wanted: false })
}

/// `None` of a folder that may not be listed.
fn names(folder: &Path) -> std::io::Result<Option<Vec<Vec<u8>>>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(refused) if refused.kind() == std::io::ErrorKind::PermissionDenied => return Ok(None),
        Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => return Ok(Some(Vec::new())),
        Err(error) => return Err(error),
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().as_bytes().to_vec()));
    names.collect::<std::io::Result<_>>().map(Some)
}

pub(crate) fn unread(path: &[u8], source: std::io::Error) -> CaptureError {
    CaptureError::Read { path: path_bytes::to_text(path), source }
}

impl Found {
    /// As an entry of a listing, with the content that was kept.
    pub(crate) fn into_entry(self, content: Option<crate::model::digest::Digest>) -> Entry {
        match self {
            Self::Folder { mode, modified, entered } => Entry::Folder { mode, modified, listed: entered },
            Self::File { stamp, .. } => {
                Entry::File { mode: stamp.mode, size: stamp.size, modified: stamp.modified, content }
            }
            Self::Link { target } => Entry::Link { target },
        }
    }
}

/// A path of the machine.
pub(crate) fn as_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}
