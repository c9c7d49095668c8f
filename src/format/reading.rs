//! The files of an input, each with what became of it: read, known by name and not read, or of no kind that lists packages.
//!
//! Invariants: a file whose name says that it lists packages is read, is named, or is an error: never passed over. What lies
//! beside a file and tells how to read it is found in its own folder, or in its own root filesystem. The order of the files
//! does not matter.

use std::collections::{BTreeMap, BTreeSet};

use crate::format::detect::inventory::{InventoryKind, dpkg_root, is_named};
use crate::format::detect::unread::{unread, unread_content};
use crate::format::error::FormatError;
use crate::format::inventory::{Beside, read_with};
use crate::format::listing::Skipped;
use crate::format::lockfile::dpkg::Distro;
use crate::format::text::decode_marked;
use crate::model::package::Package;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRead {
    /// Its path in the input.
    pub path: String,
    /// What it was read as.
    pub kind: InventoryKind,
    /// How many packages it lists.
    pub packages: usize,
    /// Which of its entries were left out, and why.
    pub skipped: Vec<Skipped>,
    /// The file that includes it, where it is not read for itself.
    pub with: Option<String>,
}

/// A file that lists packages, and was not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotRead {
    /// Its path in the input.
    pub path: String,
    /// What it is.
    pub what: &'static str,
}

/// What became of each file of an input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// All packages, as often as files list them.
    pub packages: Vec<Package>,
    /// Files that were read, sorted by path.
    pub read: Vec<FileRead>,
    /// Files that list packages and were not read, sorted by path.
    pub not_read: Vec<NotRead>,
    /// All others, sorted.
    pub unknown: Vec<String>,
}

/// Why an input cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("`{file}`")]
pub struct ReadingError {
    /// The file.
    pub file: String,
    /// Why.
    pub source: FormatError,
}

/// Reads every file that lists packages. `distro` is the distribution of system packages where it is given; else each root
/// filesystem says it for itself.
///
/// # Errors
/// Of the first file, in the order of paths, that is known by its name or its content and cannot be read; of a file alone
/// also where it is of no known kind.
pub fn read_input(files: &[(&str, &[u8])], distro: Option<&str>) -> Result<Reading, ReadingError> {
    let by_path: BTreeMap<&str, &[u8]> = files.iter().copied().collect();
    let failed = |(file, source): (String, FormatError)| ReadingError { file, source };
    let given = distro.map(Distro::parse).transpose();
    let given = given
        .map_err(|source| failed((by_path.keys().next().map(|path| (*path).to_owned()).unwrap_or_default(), source)))?;
    let mut reading = Reading::default();
    let mut with: BTreeMap<String, (String, InventoryKind)> = BTreeMap::new();
    let mut others = BTreeSet::new();
    for (path, bytes) in &by_path {
        if let Some(what) = unread(path) {
            reading.not_read.push(NotRead { path: (*path).to_owned(), what });
            continue;
        }
        let own = if given.is_none() { distribution(path, &by_path) } else { None };
        let go_mod = path.strip_suffix("go.sum").map(|folder| format!("{folder}go.mod"));
        let go_mod =
            go_mod.as_deref().and_then(|path| by_path.get_key_value(path)).map(|(path, bytes)| (*path, *bytes));
        let beside =
            Beside { distro: given.as_ref().or(own.as_ref()), go_mod, files: Some(&by_path), ..Beside::default() };
        match read_with(path, bytes, &beside) {
            Ok(inventory) => {
                let read_too =
                    go_mod.filter(|_| inventory.kind == InventoryKind::GoSum).map(|(path, _)| path.to_owned());
                for other in beside.included.into_inner().into_iter().chain(read_too) {
                    with.entry(other).or_insert_with(|| ((*path).to_owned(), inventory.kind));
                }
                reading.read.push(FileRead {
                    path: (*path).to_owned(),
                    kind: inventory.kind,
                    packages: inventory.packages.len(),
                    skipped: inventory.skipped,
                    with: None,
                });
                reading.packages.extend(inventory.packages);
            }
            // A directory holds files of every kind; a file that was named must be understood.
            Err((file, error)) if by_path.len() > 1 && file == *path && is_other(path, &error) => {
                match unread_content(path, bytes) {
                    Some(what) => reading.not_read.push(NotRead { path: (*path).to_owned(), what }),
                    None => _ = others.insert((*path).to_owned()),
                }
            }
            Err(error) => return Err(failed(error)),
        }
    }
    for (path, (by, kind)) in with {
        others.remove(&path);
        reading.not_read.retain(|file| file.path != path);
        if !reading.read.iter().any(|file| file.path == path) {
            reading.read.push(FileRead { path, kind, packages: 0, skipped: Vec::new(), with: Some(by) });
        }
    }
    reading.not_read.sort();
    reading.read.sort_by(|a, b| a.path.cmp(&b.path));
    reading.unknown = others.into_iter().collect();
    Ok(reading)
}

/// Whether a name such as `debian-12` is of a distribution whose packages are known.
pub fn is_distribution(name: &str) -> bool {
    Distro::parse(name).is_ok_and(|distro| distro.ecosystem().row().is_some())
}

/// Whether a file is of no kind that lists packages: nothing tells one, neither its name nor what is in it.
fn is_other(path: &str, error: &FormatError) -> bool {
    use FormatError::{BrokenUtf16, Encoding, TooLarge, Unrecognised, Utf16, Utf32};
    let nothing_seen = matches!(
        error,
        Unrecognised { .. } | Encoding { .. } | Utf16 { .. } | BrokenUtf16 { .. } | Utf32 { .. } | TooLarge { .. }
    );
    nothing_seen && !is_named(path)
}

/// The distribution of the packages of a file: what the `os-release` of its own root filesystem says. A database that lies
/// elsewhere is of the nearest folder that has one.
fn distribution(path: &str, files: &BTreeMap<&str, &[u8]>) -> Option<Distro> {
    let told = |folder: &str| {
        let bytes = ["etc/os-release", "usr/lib/os-release"]
            .iter()
            .find_map(|name| files.get(format!("{folder}{name}").as_str()));
        Distro::of_os_release(&decode_marked("os-release", bytes?).ok()?)
    };
    if let Some(root) = dpkg_root(path) {
        return told(root);
    }
    let mut folder = path;
    while let Some(at) = folder.trim_end_matches('/').rfind('/') {
        folder = &path[..=at];
        if let Some(found) = loose(folder, files).or_else(|| told(folder)) {
            return Some(found);
        }
    }
    loose("", files).or_else(|| told(""))
}

/// An `os-release` that lies in the folder itself.
fn loose(folder: &str, files: &BTreeMap<&str, &[u8]>) -> Option<Distro> {
    let bytes = files.get(format!("{folder}os-release").as_str())?;
    Distro::of_os_release(&decode_marked("os-release", bytes).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(reading: &Reading) -> Vec<String> {
        let mut keys: Vec<_> = reading.packages.iter().map(|package| package.key()).collect();
        keys.sort();
        keys
    }

    #[test]
    fn every_file_is_read_named_or_unknown() {
        let lock = br#"{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1.0.0"}}}"#;
        let files: [(&str, &[u8]); 9] = [
            ("sbom.txt", b"<?xml version='1.0'?>\n<bom xmlns='http://cyclonedx.org/schema/bom/1.4'/>"),
            ("web/yarn.lock", b"# yarn lockfile v1\n"),
            ("package-lock.json", lock),
            ("requirements.txt", b"-r base.txt\n"),
            ("base.txt", b"b==2\n"),
            ("go.mod", b"module m\n"),
            ("logo.png", b"\x89PNG\xff"),
            ("README.md", b"# x\n"),
            ("Cargo.lock", b"version = 4\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n"),
        ];
        let reading = read_input(&files, None).unwrap();
        assert_eq!(keys(&reading), ["pkg:npm/a@1.0.0", "pkg:pypi/b@2"]);
        let read: Vec<_> = reading.read.iter().map(|file| (file.path.as_str(), file.packages)).collect();
        assert_eq!(read, [("Cargo.lock", 0), ("base.txt", 0), ("package-lock.json", 1), ("requirements.txt", 1)]);
        assert_eq!(reading.read[1].with.as_deref(), Some("requirements.txt"));
        let not_read: Vec<_> = reading.not_read.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(not_read, ["go.mod", "sbom.txt", "web/yarn.lock"]);
        assert_eq!(reading.unknown, ["README.md", "logo.png"]);
    }

    #[test]
    fn what_is_known_by_name_is_never_passed_over() {
        for (path, bytes) in [
            ("requirements.txt", &b"a==1\xff\n"[..]),
            ("poetry.lock", b"\xff"),
            ("app.cdx.json", b"\xff"),
            ("bom.json", b"[]"),
            ("package-lock.json", b""),
            ("Gemfile.lock", b"GEM\n<<<<<<< HEAD\n"),
            ("Cargo.lock", b"\xff\xfex"),
            ("r/var/lib/dpkg/status", b"nonsense\n"),
        ] {
            let error = read_input(&[("other", b"x"), (path, bytes)], None).unwrap_err();
            assert_eq!(error.file, path);
        }
    }

    #[test]
    fn a_database_is_of_its_own_root() {
        let status = b"Package: foo\nVersion: 1.0-1\n";
        let files: [(&str, &[u8]); 6] = [
            ("app/vendor/etc/os-release", b"ID=alpine\nVERSION_ID=3.18.4\n"),
            ("etc/os-release", b"ID=debian\nVERSION_ID=\"12\"\n"),
            ("old/usr/lib/os-release", b"ID=debian\nVERSION_ID=11\n"),
            ("old/var/lib/dpkg/status", status),
            ("bare/var/lib/dpkg/status", status),
            ("var/lib/dpkg/status", status),
        ];
        let reading = read_input(&files, None).unwrap();
        assert_eq!(
            keys(&reading),
            [
                "pkg:deb/debian/foo@1.0-1",
                "pkg:deb/debian/foo@1.0-1?distro=debian-11",
                "pkg:deb/debian/foo@1.0-1?distro=debian-12"
            ]
        );
        let given = read_input(&files, Some("ubuntu-24.04")).unwrap();
        assert!(keys(&given).iter().all(|key| key.ends_with("distro=ubuntu-24.04")));
        let beside = read_input(&[("x/status", status), ("os-release", b"ID=debian\nVERSION_ID=13\n")], None).unwrap();
        assert_eq!(keys(&beside), ["pkg:deb/debian/foo@1.0-1?distro=debian-13"]);
    }
}
