//! A fingerprint of the system folders that a scanner sees: libraries, interpreters, certificates.
//!
//! It is cheap, and says how it was made ([`HOW`]): the package database stands for all files that packages own. It does
//! not see a file of a package that was changed in place. Of an image the content digest is known instead.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use sha2::{Digest as _, Sha256};

use crate::host::hash::Hashing;
use crate::model::digest::Digest;
use crate::sandbox::sandbox_path::SYSTEM_ROOTS;

/// How the fingerprint is made; its version is part of it.
pub const HOW: &str = "host-roots/1: the package database, and path, size and time of every other file";

/// What package managers know of a machine.
const DATABASES: [&str; 4] = [
    "/var/lib/dpkg/status",
    "/lib/apk/db/installed",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite",
    "/var/lib/rpm/rpmdb.sqlite",
];

/// Where no package puts anything.
const UNPACKAGED: [&str; 2] = ["/usr/local", "/opt"];

/// Python writes them whenever it may.
const NOT_LOOKED_AT: &str = "__pycache__";

/// The fingerprint of this machine's system folders and of `roots`; made once in the life of the process for each set of
/// roots.
///
/// # Errors
/// When a folder cannot be listed.
pub fn of_host(roots: &[String]) -> io::Result<Digest> {
    static KNOWN: Mutex<BTreeMap<Vec<String>, Digest>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(digest) = known.get(roots) {
        return Ok(*digest);
    }
    let digest = fingerprint(roots)?;
    known.insert(roots.to_vec(), digest);
    Ok(digest)
}

fn fingerprint(roots: &[String]) -> io::Result<Digest> {
    let mut hash = Sha256::new();
    note(&mut hash, &[HOW.as_bytes()]);
    for root in SYSTEM_ROOTS {
        if let Ok(target) = fs::read_link(root) {
            note(&mut hash, &[root.as_bytes(), target.as_os_str().as_encoded_bytes()]);
        }
    }
    let mut packaged = false;
    for database in DATABASES {
        match fs::File::open(database) {
            Ok(file) => {
                packaged = true;
                let mut content = Hashing::new(file);
                io::copy(&mut content, &mut io::sink())?;
                note(&mut hash, &[database.as_bytes(), content.finish().1.hex().as_bytes()]);
            }
            Err(absent) if absent.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let unpackaged: &[&str] = if packaged { &UNPACKAGED } else { &SYSTEM_ROOTS };
    for root in unpackaged.iter().copied().chain(roots.iter().map(String::as_str)) {
        note(&mut hash, &[root.as_bytes()]);
        walk(Path::new(root), &mut hash)?;
    }
    Ok(Digest::from_bytes(hash.finalize().into()))
}

/// Every file below `folder`, by path, size and time, in the order of their names; links are not followed.
fn walk(folder: &Path, hash: &mut Sha256) -> io::Result<()> {
    let is_folder = fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir());
    if !is_folder {
        return Ok(());
    }
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        let mut entries = match fs::read_dir(&folder) {
            Ok(entries) => entries.collect::<io::Result<Vec<_>>>()?,
            // What we may not read, the scanner may not read either.
            Err(refused) if refused.kind() == io::ErrorKind::PermissionDenied => continue,
            Err(error) => return Err(error),
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                if entry.file_name() != NOT_LOOKED_AT {
                    pending.push(path);
                }
                continue;
            }
            let Ok(found) = entry.metadata() else { continue };
            // A link is what it says: when it was made is another on every machine.
            let of_link = if kind.is_symlink() { fs::read_link(&path).unwrap_or_default() } else { PathBuf::new() };
            let seconds = |found: &fs::Metadata| match found.modified() {
                Ok(time) if !kind.is_symlink() => time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
                _ => 0,
            };
            note(
                hash,
                &[
                    path.as_os_str().as_encoded_bytes(),
                    &found.len().to_be_bytes(),
                    &seconds(&found).to_be_bytes(),
                    of_link.as_os_str().as_encoded_bytes(),
                ],
            );
        }
    }
    Ok(())
}

/// Length-prefixed, so that no two lists give the same bytes.
fn note(hash: &mut Sha256, parts: &[&[u8]]) {
    hash.update((parts.len() as u64).to_be_bytes());
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_another_gives_another_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let of = || {
            let mut hash = Sha256::new();
            walk(folder.path(), &mut hash).unwrap();
            Digest::from_bytes(hash.finalize().into())
        };
        fs::create_dir_all(folder.path().join("lib/__pycache__")).unwrap();
        fs::write(folder.path().join("lib/a"), "one").unwrap();
        let first = of();
        fs::write(folder.path().join("lib/__pycache__/a.pyc"), "made").unwrap();
        assert_eq!(of(), first);
        fs::write(folder.path().join("lib/b"), "").unwrap();
        let second = of();
        assert_ne!(second, first);
        fs::write(folder.path().join("lib/b"), "longer").unwrap();
        assert_ne!(of(), second);
    }

    #[test]
    fn this_machine_has_one_fingerprint_and_roots_are_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tool"), "").unwrap();
        let roots = [folder.path().display().to_string()];
        assert_eq!(of_host(&[]).unwrap(), of_host(&[]).unwrap());
        assert_ne!(of_host(&[]).unwrap(), of_host(&roots).unwrap());
    }
}
