//! From the look-ups of a run to its closure: what stood there, and the contents of what was opened, in the store.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::closure::entry::Modified;
use crate::closure::error::CaptureError;
use crate::closure::listing::{Listing, Totals};
use crate::closure::private::{self, is_credential, is_of_a_home};
use crate::closure::reserved::is_in;
use crate::closure::started;
use crate::closure::walk::{Found, Stamp, Walk, as_path, unread};
use crate::model::digest::Digest;
use crate::model::text::path_bytes;
use crate::sandbox::look_ups::LookUps;
use crate::sandbox::sandbox_path::SCANNER;
use crate::store::blob::{Batch, LocalStore};

pub use crate::closure::view::View;

/// What is to be kept of a run.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// What the run looked up.
    pub look_ups: &'a LookUps,
    /// What it saw of the machine.
    pub view: View,
    /// What `{scanner}` stands for in its command.
    pub scanner: String,
    /// When it began, by the clock that files have their times from: what changed since is not what it read.
    pub began: Modified,
    /// Whether the scanner at its place among those of the run was laid out anew, after the run.
    pub laid_out: bool,
    /// The most bytes that its files may have together.
    pub limit: u64,
    /// Homes beside those at the usual places.
    pub homes: Vec<PathBuf>,
    /// What may be kept all the same.
    pub admitted: Admitted,
}

/// Files and folders, absolute, that a closure may hold though they are somebody's own.
#[derive(Debug, Clone, Default)]
pub struct Admitted {
    /// Of homes.
    pub of_homes: Vec<PathBuf>,
    /// That look like credentials.
    pub credentials: Vec<PathBuf>,
}

/// A closure in the store.
#[derive(Debug, Clone)]
pub struct Captured {
    /// The digest of its listing, which is a blob.
    pub digest: Digest,
    /// What it holds.
    pub listing: Listing,
    /// How much that is.
    pub totals: Totals,
    /// How many of the look-ups led nowhere.
    pub missed: u64,
}

/// Now, by the clock that files have their times from, whatever time it is for scans.
pub fn now() -> Modified {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Modified { seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX), nanoseconds: since.subsec_nanos() }
}

/// Keeps the closure of a run. On return all of it is in the store.
///
/// # Errors
/// Where a file changed meanwhile, there is too much, or something cannot be read or kept: see [`CaptureError`].
pub fn capture(wanted: &Wanted<'_>, store: &LocalStore) -> Result<Captured, CaptureError> {
    if wanted.look_ups.cut {
        return Err(CaptureError::TooManyPaths);
    }
    let (found, missed) = find(wanted)?;
    check_size(&found, wanted.limit)?;
    check_private(&found, wanted)?;
    let (mut batch, mut entries) = (store.batch(), BTreeMap::new());
    for (path, found) in found {
        let content = match &found {
            // Nothing has to be read to know what is in it.
            Found::File { stamp, .. } if stamp.size == 0 => Some(batch.put(b"")?),
            Found::File { host, stamp, wanted: true } => {
                let is_laid_out = wanted.laid_out && is_in(&path, SCANNER.as_str());
                Some(keep(&path, host, stamp, (!is_laid_out).then_some(wanted.began), &mut batch)?)
            }
            _ => None,
        };
        entries.insert(path, found.into_entry(content));
    }
    let listing = Listing::new(wanted.scanner.clone(), entries)?;
    let digest = batch.put(&listing.to_bytes())?;
    batch.commit()?;
    Ok(Captured { digest, totals: listing.totals(), listing, missed })
}

/// All that the look-ups led to, by path.
fn find(wanted: &Wanted<'_>) -> Result<(BTreeMap<Vec<u8>, Found>, u64), CaptureError> {
    let LookUps { executed, opened, listed, looked_at, .. } = wanted.look_ups;
    let paths = |texts: &'_ [String]| texts.iter().filter_map(|text| path_bytes::of_text(text)).collect::<Vec<_>>();
    let mut walk = Walk::new(&wanted.view);
    // The program itself was looked for before anybody watched.
    let mut programs: VecDeque<(Vec<u8>, usize)> = paths(executed).into_iter().map(|path| (path, 0)).collect();
    programs.push_front((wanted.scanner.clone().into_bytes(), 0));
    while let Some((path, depth)) = programs.pop_front() {
        if let Some(real) = walk.open(&path)?
            && depth < MOST_INTERPRETERS
            && let Some(host) = walk.host_of(&real)
        {
            programs.extend(interpreters(host).into_iter().map(|path| (path, depth + 1)));
        }
    }
    for path in paths(opened) {
        walk.open(&path)?;
    }
    for path in paths(listed) {
        walk.list(&path)?;
    }
    for path in paths(looked_at) {
        walk.look_up(&path)?;
    }
    let missed = walk.missed;
    walk.complete()?;
    Ok((walk.into_found(), missed))
}

/// As many interpreters of interpreters as the kernel goes through, and the loader of the last.
const MOST_INTERPRETERS: usize = 6;

/// What the kernel opens by itself to execute the file at `host`.
fn interpreters(host: &Path) -> Option<Vec<u8>> {
    let file = File::open(host).ok()?;
    let read = |at: u64, length: usize| {
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, at).ok().map(|()| bytes)
    };
    let mut head = [0; started::HEAD];
    let length = file.read_at(&mut head, 0).ok()?;
    let script = started::of_script(head.get(..length)?).map(<[u8]>::to_vec);
    script.or_else(|| started::of_program(read)).filter(|path| path.starts_with(b"/"))
}

/// How many of the largest files are named.
const NAMED: usize = 5;

fn check_size(found: &BTreeMap<Vec<u8>, Found>, limit: u64) -> Result<(), CaptureError> {
    let sizes = found.iter().filter_map(|(path, found)| match found {
        Found::File { stamp, wanted: true, .. } => Some((stamp.size, path)),
        _ => None,
    });
    let mut sizes: Vec<_> = sizes.collect();
    let bytes = sizes.iter().fold(0_u64, |sum, (size, _)| sum.saturating_add(*size));
    if bytes <= limit {
        return Ok(());
    }
    sizes.sort_unstable_by(|one, other| other.cmp(one));
    let largest = sizes.iter().take(NAMED).map(|(size, path)| format!("`{}` ({size})", path_bytes::to_text(path)));
    Err(CaptureError::TooLarge { bytes, limit, largest: largest.collect() })
}

/// Nothing that is somebody's own is kept unless it is admitted. What is executed or mapped is of the scanner.
fn check_private(found: &BTreeMap<Vec<u8>, Found>, wanted: &Wanted<'_>) -> Result<(), CaptureError> {
    const PROGRAM: &[u8] = b"\x7fELF";
    let homes: Vec<Vec<u8>> = wanted.homes.iter().map(|home| home.as_os_str().as_bytes().to_vec()).collect();
    let is_admitted = |path: &[u8], admitted: &[PathBuf]| admitted.iter().any(|place| as_path(path).starts_with(place));
    let shown = |path: &[u8]| wanted.view.is_shown_by_itself(path, &homes);
    let executed: Vec<Vec<u8>> = wanted.look_ups.executed.iter().filter_map(|text| path_bytes::of_text(text)).collect();
    let (mut credentials, mut of_homes) = (Vec::new(), Vec::new());
    for (path, found) in found {
        let Found::File { host, wanted: true, .. } = found else { continue };
        let head = head(host).unwrap_or_default();
        if is_credential(path, &head) {
            if !is_admitted(path, &wanted.admitted.credentials) {
                credentials.push(path_bytes::to_text(path));
            }
        } else if is_of_a_home(path, &homes)
            && !shown(path)
            && !head.starts_with(PROGRAM)
            && !executed.contains(path)
            && !is_admitted(path, &wanted.admitted.of_homes)
        {
            of_homes.push(path_bytes::to_text(path));
        }
    }
    if !credentials.is_empty() {
        return Err(CaptureError::Credentials(credentials));
    }
    if of_homes.is_empty() { Ok(()) } else { Err(CaptureError::OfAHome(of_homes)) }
}

/// How the file at `host` begins.
fn head(host: &Path) -> Option<Vec<u8>> {
    let mut bytes = vec![0; private::HEAD];
    let length = File::open(host).ok()?.read_at(&mut bytes, 0).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

/// Puts the content of a file into the store; it must be what it was when it was found, and when the run began.
fn keep(
    path: &[u8],
    host: &Path,
    stamp: &Stamp,
    began: Option<Modified>,
    batch: &mut Batch<'_>,
) -> Result<Digest, CaptureError> {
    let changed = || CaptureError::Changed { path: path_bytes::to_text(path) };
    // Its time of change nobody can set; a file that is moved to its place brings an old time of content along.
    if began.is_some_and(|began| stamp.changed > began) {
        return Err(changed());
    }
    let file = File::open(host).map_err(|source| unread(path, source))?;
    let is_same = || file.metadata().map(|found| Stamp::of(&found) == *stamp).map_err(|source| unread(path, source));
    if !is_same()? {
        return Err(changed());
    }
    let (digest, length) = batch.put_file(&file, host)?;
    if length != stamp.size || !is_same()? {
        return Err(changed());
    }
    Ok(digest)
}
