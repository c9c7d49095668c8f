//! Which package a file of a closure is of, by its path and the names beside it: distributions of Python, packages of Node.
//!
//! Absent: packages of the system, which no path tells.

use crate::closure::listing::Listing;
use crate::model::text::path_bytes;

/// A package, with its version where a name beside it says it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
}

/// Folders of which each entry is a distribution of Python.
const OF_PYTHON: [&[u8]; 2] = [b"site-packages", b"dist-packages"];
const OF_NODE: &[u8] = b"node_modules";
/// What a distribution of Python says of itself.
const RECORD: &str = ".dist-info";

/// The package of which the file at `path` of `listing` is.
pub fn package_of(path: &[u8], listing: &Listing) -> Option<Package> {
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let at = parts.iter().rposition(|part| *part == OF_NODE || OF_PYTHON.contains(part))?;
    let first = parts.get(at + 1)?;
    if parts.get(at) == Some(&OF_NODE) {
        let scoped = first.starts_with(b"@").then(|| parts.get(at + 2)).flatten();
        let name = scoped.map_or_else(
            || path_bytes::to_text(first),
            |name| path_bytes::to_text(&[first, b"/".as_slice(), name].concat()),
        );
        return Some(Package { name, version: None });
    }
    let text = path_bytes::to_text(first);
    if let Some((name, version)) = of_record(&text) {
        return Some(Package { name: name.to_owned(), version: Some(version.to_owned()) });
    }
    let name = text.split('.').next().filter(|name| !name.is_empty())?;
    let folder = parts.get(..=at)?.join(&b'/');
    let version = listing.below(&folder).find_map(|entry| {
        let beside = entry.strip_prefix(folder.as_slice())?.strip_prefix(b"/")?;
        let beside = path_bytes::to_text(beside.split(|byte| *byte == b'/').next()?);
        let (other, version) = of_record(&beside)?;
        (normal(other) == normal(name)).then(|| version.to_owned())
    });
    Some(Package { name: name.to_owned(), version })
}

/// Name and version of a distribution, by the name of its record.
fn of_record(text: &str) -> Option<(&str, &str)> {
    text.strip_suffix(RECORD)?.rsplit_once('-')
}

/// As PEP 503 compares names.
fn normal(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::closure::entry::{Entry, Modified};

    #[test]
    fn a_file_is_of_the_package_in_whose_folder_it_lies() {
        let site = "/srv/venv/site-packages";
        let folders = [
            "/srv",
            "/srv/venv",
            site,
            "/srv/venv/site-packages/PyYAML-6.0.1.dist-info",
            "/srv/venv/site-packages/ruamel.yaml-0.18.dist-info",
        ];
        let folder = || Entry::Folder { mode: 0o755, modified: Modified::default(), listed: true };
        let entries: BTreeMap<_, _> = folders.iter().map(|path| (path.as_bytes().to_vec(), folder())).collect();
        let listing = Listing::new("/srv/scan".to_owned(), entries).unwrap();
        let of = |path: &str| package_of(path.as_bytes(), &listing).map(|package| (package.name, package.version));
        let some = |name: &str, version: Option<&str>| Some((name.to_owned(), version.map(str::to_owned)));
        assert_eq!(of(&format!("{site}/pyyaml/a.py")), some("pyyaml", Some("6.0.1")));
        assert_eq!(of(&format!("{site}/PyYAML-6.0.1.dist-info/RECORD")), some("PyYAML", Some("6.0.1")));
        assert_eq!(of(&format!("{site}/six.py")), some("six", None));
        assert_eq!(of("/srv/a/node_modules/b/node_modules/@c/d/e.js"), some("@c/d", None));
        assert_eq!(of("/srv/a/node_modules/b/e.js"), some("b", None));
        for path in ["/usr/lib/libc.so.6", "/srv/venv/site-packages", "/srv/a/node_modules"] {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
