//! Inventories: lockfiles, package databases and SBOMs, read for the packages they list.
//!
//! Invariants: packages are sorted and each comes once; what is not a package is in `skipped` with
//! the reason, never silently gone.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::format::detect::inventory::{InventoryKind, KNOWN, dpkg_root, is_requirements, recognise};
use crate::format::error::FormatError;
use crate::format::listing::Skipped;
use crate::format::lockfile::dpkg::Distro;
use crate::format::lockfile::{cargo, dpkg, gemfile, go_mod, go_sum, gradle, npm, poetry, requirements};
use crate::format::text::decode_marked;
use crate::format::{cyclonedx, spdx, spdx3, syft};
use crate::model::ecosystem::Ecosystem;
use crate::model::package::Package;

/// The packages of an inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// What it was read as.
    pub kind: InventoryKind,
    /// The packages, sorted, each once.
    pub packages: Vec<Package>,
    /// What was not taken as it stands, in the document's order.
    pub skipped: Vec<Skipped>,
}

/// Reads an inventory. `file_name` may be a path; `distro` (`debian-12`) is the distribution of the
/// system packages where the document does not say it.
///
/// # Errors
/// When the document is not recognised, or breaks the rules of its format.
pub fn read_inventory(file_name: &str, bytes: &[u8], distro: Option<&str>) -> Result<Inventory, FormatError> {
    let distro = distro.map(Distro::parse).transpose()?;
    read_with(file_name, bytes, &Beside { distro: distro.as_ref(), ..Beside::default() }).map_err(|(_, error)| error)
}

/// What lies beside an inventory and tells how it is to be read.
#[derive(Default)]
pub(crate) struct Beside<'a> {
    /// The distribution of system packages.
    pub(crate) distro: Option<&'a Distro>,
    /// The text of the `go.mod` of a `go.sum`.
    pub(crate) go_mod: Option<(&'a str, &'a [u8])>,
    /// The other files of the input, by path.
    pub(crate) files: Option<&'a BTreeMap<&'a str, &'a [u8]>>,
    /// Which of them were read with it.
    pub(crate) included: RefCell<BTreeSet<String>>,
}

/// The same with what lies beside it. An error is of the file that it names, which may be one that the inventory includes.
pub(crate) fn read_with(path: &str, bytes: &[u8], beside: &Beside<'_>) -> Result<Inventory, (String, FormatError)> {
    let own = |error: FormatError| (path.to_owned(), error);
    let is_requirements = is_requirements(path);
    let text = if is_requirements { requirements::decode(bytes) } else { decode_marked("inventory", bytes) };
    let text = &*text.map_err(own)?;
    let Some(kind) = recognise(path, text) else {
        return Err(own(FormatError::Unrecognised { file_name: path.to_owned(), known: KNOWN }));
    };
    if !kind.is_sbom() {
        without_conflicts(kind.code(), text).map_err(own)?;
    }
    let mut listing = match kind {
        InventoryKind::Cyclonedx => cyclonedx::read(text).map_err(own)?.listing,
        InventoryKind::Spdx => spdx::read(text).map_err(own)?.listing,
        InventoryKind::Spdx3 => spdx3::read(text).map_err(own)?.listing,
        InventoryKind::Syft => syft::read(text).map_err(own)?.listing,
        InventoryKind::CargoLock => cargo::read(text).map_err(own)?,
        InventoryKind::PackageLock => npm::read(text).map_err(own)?,
        InventoryKind::Requirements => {
            let find = |other: &str| beside.files.and_then(|files| files.get(other).copied());
            let (listing, included) = requirements::read_with(path, text, &find)?;
            *beside.included.borrow_mut() = included;
            listing
        }
        InventoryKind::PoetryLock => poetry::read(text).map_err(own)?,
        InventoryKind::GoSum => match beside.go_mod {
            None => go_sum::read(text, None).map_err(own)?,
            Some((other, bytes)) => {
                let its = |error: FormatError| (other.to_owned(), error);
                let go_mod = decode_marked("go.mod", bytes).map_err(its)?;
                without_conflicts("go.mod", &go_mod).map_err(its)?;
                go_sum::read(text, Some(&go_mod::read(&go_mod).map_err(its)?)).map_err(own)?
            }
        },
        InventoryKind::GemfileLock => gemfile::read(text).map_err(own)?,
        InventoryKind::GradleLockfile => gradle::read(text).map_err(own)?,
        InventoryKind::DpkgStatus => dpkg::read(text, beside.distro).map_err(own)?,
    };
    if listing.packages.is_empty()
        && let Some(missing) = not_even(kind, path, text, beside)
    {
        return Err(own(FormatError::Hollow { format: kind.code(), missing }));
    }
    if let Some(known) = beside.distro.map(Distro::ecosystem).filter(|known| known.name() == "Debian") {
        let unknown = |package: &&mut Package| package.ecosystem == Ecosystem::debian();
        listing.packages.iter_mut().filter(unknown).for_each(|package| package.ecosystem = known.clone());
    }
    Ok(Inventory { kind, packages: listing.distinct(), skipped: listing.skipped })
}

/// What an inventory that lists no package lacks although its writer always writes it: then it was emptied, cut off or never written. Formats
/// that have a mark of their own look at it themselves.
fn not_even(kind: InventoryKind, path: &str, text: &str, beside: &Beside<'_>) -> Option<&'static str> {
    let is_blank = text.trim().is_empty();
    let has_pieces = || {
        let pieces = format!("{}var/lib/dpkg/status.d/", dpkg_root(path).unwrap_or_default());
        beside.files.is_some_and(|files| files.keys().any(|path| path.starts_with(&pieces)))
    };
    match kind {
        // Where each package has a file of its own, this one may be empty.
        InventoryKind::DpkgStatus if is_blank && !has_pieces() => Some("a package"),
        // Which modules there are the file beside it says.
        InventoryKind::GoSum if is_blank && beside.go_mod.is_none() => Some("the hash of a module"),
        InventoryKind::Requirements if is_blank => Some("a comment"),
        InventoryKind::GemfileLock if !text.lines().any(|line| line.trim_end() == "DEPENDENCIES") => {
            Some("the heading `DEPENDENCIES`")
        }
        _ => None,
    }
}

/// A file that was merged by halves lists what it should not, or nothing.
fn without_conflicts(format: &'static str, text: &str) -> Result<(), FormatError> {
    let mark = |line: &str| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") || line == "=======";
    match text.lines().position(mark) {
        Some(at) => {
            let problem = "a mark of a merge conflict; solve it".to_owned();
            Err(FormatError::Line { format, line: at + 1, problem })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::reading::read_input;

    /// Named regression: some that were empty, or cut off, were clean, where others were refused.
    #[test]
    fn a_list_of_nothing_has_what_its_writer_always_writes() {
        let path = "PATH\n  remote: .\n  specs:\n    shop (1.0.0)\n";
        for (name, hollow, whole) in [
            ("var/lib/dpkg/status", "\n", "Package: a\nStatus: deinstall ok config-files\nVersion: 1\n"),
            ("requirements.txt", "", "# nothing yet\n"),
            ("Gemfile.lock", path, &format!("{path}\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  shop!\n")),
            ("Gemfile.lock", "GEM\n  remote: https://rubygems.org/\n  specs:\n", "GEM\n  specs:\n\nDEPENDENCIES\n"),
            ("package-lock.json", r#"{"lockfileVersion":1}"#, r#"{"name":"a","lockfileVersion":1}"#),
            (
                "package-lock.json",
                r#"{"lockfileVersion":3,"packages":{}}"#,
                r#"{"lockfileVersion":3,"packages":{"":{}}}"#,
            ),
            ("gradle.lockfile", "# x\n", "empty=classpath\n"),
        ] {
            let error = read_inventory(name, hollow.as_bytes(), None).unwrap_err();
            assert!(matches!(error, FormatError::Hollow { .. }), "{name}: {error}");
            assert_eq!(read_inventory(name, whole.as_bytes(), None).unwrap().packages, [], "{name}");
        }
        let error = read_inventory("go.sum", b"", None).unwrap_err();
        assert!(matches!(error, FormatError::Hollow { .. }), "{error}");
        // What lies beside it says that there is nothing, or has it.
        let alone: [(&str, &[u8]); 2] = [("go.mod", b"module m\ngo 1.21\n"), ("go.sum", b"")];
        assert_eq!(read_input(&alone, None).unwrap().packages, []);
        let pieces: [(&str, &[u8]); 2] =
            [("r/var/lib/dpkg/status", b""), ("r/var/lib/dpkg/status.d/a", b"Package: a\nVersion: 1\n")];
        assert_eq!(read_input(&pieces, None).unwrap().packages.len(), 1);
        let elsewhere = [("var/lib/dpkg/status", &b""[..]), pieces[1]];
        assert_eq!(read_input(&elsewhere, None).unwrap_err().file, "var/lib/dpkg/status");
    }
}
