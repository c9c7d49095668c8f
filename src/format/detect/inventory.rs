//! Which inventory a file is: a lockfile, a database of packages or an SBOM, by its content and its path.

use crate::format::detect::marks::InventoryMarks;
use crate::model::text::objects;

pub(in crate::format) const KNOWN: &str = "CycloneDX, SPDX or Syft JSON, `Cargo.lock`, `package-lock.json`, `npm-shrinkwrap.json`, \
    `requirements.txt`, `poetry.lock`, `go.sum`, `Gemfile.lock`, `gradle.lockfile`, a Debian `status` file";

/// What an inventory was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum InventoryKind {
    /// CycloneDX JSON.
    Cyclonedx,
    /// SPDX 2 JSON.
    Spdx,
    /// SPDX 3 JSON-LD.
    Spdx3,
    /// Syft's own JSON.
    Syft,
    /// `Cargo.lock`
    CargoLock,
    /// `package-lock.json` or `npm-shrinkwrap.json`
    PackageLock,
    /// `requirements.txt`
    Requirements,
    /// `poetry.lock`
    PoetryLock,
    /// `go.sum`
    GoSum,
    /// `Gemfile.lock`
    GemfileLock,
    /// `gradle.lockfile`
    GradleLockfile,
    /// `/var/lib/dpkg/status`
    DpkgStatus,
}

impl InventoryKind {
    /// Whether it is an SBOM.
    pub fn is_sbom(self) -> bool {
        matches!(self, Self::Cyclonedx | Self::Spdx | Self::Spdx3 | Self::Syft)
    }

    /// The stable name.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Lockfiles that are called so, and nothing else is.
const LOCKFILES: [(&str, InventoryKind); 9] = [
    ("Cargo.lock", InventoryKind::CargoLock),
    ("package-lock.json", InventoryKind::PackageLock),
    ("npm-shrinkwrap.json", InventoryKind::PackageLock),
    ("poetry.lock", InventoryKind::PoetryLock),
    ("go.sum", InventoryKind::GoSum),
    ("Gemfile.lock", InventoryKind::GemfileLock),
    ("gems.locked", InventoryKind::GemfileLock),
    ("gradle.lockfile", InventoryKind::GradleLockfile),
    ("buildscript-gradle.lockfile", InventoryKind::GradleLockfile),
];

/// How the name of an SBOM ends, where many files are looked through by their names alone.
const SBOMS: [(&str, InventoryKind); 3] = [
    (".cdx.json", InventoryKind::Cyclonedx),
    (".spdx.json", InventoryKind::Spdx),
    ("bom.json", InventoryKind::Cyclonedx),
];

/// The lockfile that a file is by its path alone, as people name them; some file systems do not keep the case of letters.
fn by_path(path: &str) -> Option<InventoryKind> {
    let base = base_name(path).to_ascii_lowercase();
    if let Some((_, kind)) = LOCKFILES.iter().find(|(name, _)| name.eq_ignore_ascii_case(&base)) {
        return Some(*kind);
    }
    let is_in_folder = folder_name(path).eq_ignore_ascii_case("requirements");
    let requirements = base.ends_with(".txt") && (base.contains("requirements") || is_in_folder);
    requirements.then_some(InventoryKind::Requirements)
}

/// The SBOM that a file is by how its name ends.
fn sbom_by_name(path: &str) -> Option<InventoryKind> {
    let base = base_name(path).to_ascii_lowercase();
    SBOMS.iter().find(|(end, _)| base.ends_with(end)).map(|(_, kind)| *kind)
}

/// The folder that a file lies in; empty for none.
fn folder_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).nth(1).unwrap_or_default()
}

pub(in crate::format::detect) fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Whether the name of a file says that it lists requirements of pip.
pub(in crate::format) fn is_requirements(path: &str) -> bool {
    by_path(path) == Some(InventoryKind::Requirements)
}

/// Whether the name of a file says that it is an inventory, whatever it holds: then it is read, or it is an error.
pub fn is_named(path: &str) -> bool {
    by_path(path).is_some() || is_dpkg(path) || sbom_by_name(path).is_some()
}

/// One file for all packages, or one for each where a package manager never ran; in whatever root.
fn is_dpkg(path: &str) -> bool {
    dpkg_root(path).is_some()
}

/// The root filesystem that a database of Debian packages belongs to: empty, or a path that ends in a slash.
pub(in crate::format) fn dpkg_root(path: &str) -> Option<&str> {
    let root = match path.strip_suffix("var/lib/dpkg/status") {
        Some(root) => root,
        None => {
            let at = path.rfind("var/lib/dpkg/status.d/").filter(|_| !path.ends_with(".md5sums"))?;
            &path[..at]
        }
    };
    (root.is_empty() || root.ends_with('/')).then_some(root)
}

/// Whether a file of a root filesystem is an inventory, by its path from the root alone: there are too many files to look into.
pub fn is_in_root(path: &str) -> bool {
    dpkg_root(path).is_some_and(str::is_empty) || by_path(path).is_some() || sbom_by_name(path).is_some()
}

/// The kind by content for JSON, else by the file's name, else by the first lines.
pub(in crate::format) fn recognise(file_name: &str, text: &str) -> Option<InventoryKind> {
    if text.trim_start().starts_with('{') {
        return recognise_json(file_name, text);
    }
    if let Some(kind) = by_path(file_name) {
        return Some(kind);
    }
    if dpkg_root(file_name).is_some() || is_dpkg_status(file_name, text) {
        return Some(InventoryKind::DpkgStatus);
    }
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).take(8).peekable();
    if lines.peek().is_some_and(|first| first.split(' ').count() == 3 && first.contains(" h1:")) {
        return Some(InventoryKind::GoSum);
    }
    lines.find_map(|line| match line {
        _ if line.starts_with("# This file is automatically @generated by Cargo") => Some(InventoryKind::CargoLock),
        _ if line.starts_with("# This file is automatically @generated by Poetry") => Some(InventoryKind::PoetryLock),
        _ => None,
    })
}

/// Whether a file that lies anywhere is a database of installed packages. Many a file begins with `Package:`, the description of an R
/// package and the control file of one of Debian among them: what is installed has a state, or lies where pieces of such a database do.
fn is_dpkg_status(path: &str, text: &str) -> bool {
    let mut lines = text.lines().skip_while(|line| line.trim().is_empty()).peekable();
    if !lines.peek().is_some_and(|first| first.starts_with("Package:")) {
        return false;
    }
    let is_named = base_name(path) == "status" || folder_name(path) == "status.d";
    let state = |line: &str| {
        line.split_once(':')
            .filter(|(name, _)| name.eq_ignore_ascii_case("status"))
            .map(|(_, value)| value.split_whitespace().count() == 3)
    };
    is_named || lines.take_while(|line| !line.trim().is_empty()).find_map(state).unwrap_or(false)
}

fn recognise_json(file_name: &str, text: &str) -> Option<InventoryKind> {
    let base = base_name(file_name);
    let npm = by_path(file_name) == Some(InventoryKind::PackageLock);
    let marks = objects::from_str(text);
    let (is_broken, named) = (marks.is_err(), sbom_by_name(file_name));
    match marks {
        Ok(InventoryMarks { bom_format: Some(_), .. }) => Some(InventoryKind::Cyclonedx),
        Ok(InventoryMarks { spdx_version: Some(_), .. }) => Some(InventoryKind::Spdx),
        Ok(InventoryMarks { lockfile_version: Some(_), .. }) => Some(InventoryKind::PackageLock),
        Ok(InventoryMarks { graph: Some(_), .. }) => Some(InventoryKind::Spdx3),
        Ok(InventoryMarks { artifacts: Some(_), .. }) => Some(InventoryKind::Syft),
        // Broken or bare JSON: the name decides, so that its parser can say what is wrong.
        _ if npm => Some(InventoryKind::PackageLock),
        _ if named.is_some() => named,
        _ if is_broken && base.contains("spdx") => Some(InventoryKind::Spdx),
        _ if is_broken && (base.contains("cdx") || base.contains("bom")) => Some(InventoryKind::Cyclonedx),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_stable_names() {
        for (kind, name) in [
            (InventoryKind::Spdx3, "spdx3"),
            (InventoryKind::PackageLock, "package-lock"),
            (InventoryKind::GoSum, "go-sum"),
            (InventoryKind::DpkgStatus, "dpkg-status"),
        ] {
            assert_eq!(kind.code(), name);
        }
    }

    /// Named regression: every file that begins with `Package:` was taken for a database of installed packages, so that the description
    /// of an R package was a package of Debian, and notes ended the scan.
    #[test]
    fn only_what_is_installed_is_a_database() {
        let installed = "Package: a\nStatus: install ok installed\nVersion: 1\n";
        let control = "Package: a\nVersion: 1\nArchitecture: amd64\nMaintainer: x\n";
        for (path, text, is_one) in [
            ("anything", installed, true),
            ("anything", "\n\nPackage: a\nVersion: 1\nstatus: hold ok installed\n", true),
            ("root/var/lib/dpkg/status", "nonsense", true),
            ("x/status", control, true),
            ("status.d/base", control, true),
            ("DEBIAN/control", control, false),
            ("dists/Packages", control, false),
            ("status", "all is well\n", false),
            ("pkg/DESCRIPTION", "Package: a\nTitle: x\nVersion: 1\n", false),
            ("NOTES.md", "Package: how we name packages\n\nStatus: three words here\n", false),
            ("NOTES.md", "Package: x\nStatus: draft\n", false),
        ] {
            assert_eq!(recognise(path, text) == Some(InventoryKind::DpkgStatus), is_one, "{path} {text:?}");
        }
    }

    #[test]
    fn files_of_a_root_are_known_by_their_path() {
        for path in [
            "var/lib/dpkg/status",
            "var/lib/dpkg/status.d/base-files",
            "srv/requirements-dev.txt",
            "srv/dev-requirements.txt",
            "srv/requirements/dev.txt",
            "usr/share/sbom/app.cdx.json",
            "sbom.json",
        ] {
            assert!(is_in_root(path), "{path}");
        }
        for path in [
            "var/lib/dpkg/status.d/x.md5sums",
            "srv/var/lib/dpkg/status",
            "etc/passwd",
            "srv/notes.txt",
            "srv/requirements",
        ] {
            assert!(!is_in_root(path), "{path}");
        }
        assert_eq!(dpkg_root("a/b/var/lib/dpkg/status"), Some("a/b/"));
        assert_eq!(dpkg_root("var/lib/dpkg/status.d/base"), Some(""));
        assert_eq!(dpkg_root("xvar/lib/dpkg/status"), None);
        assert_eq!(recognise("PACKAGE-LOCK.JSON", "{}"), Some(InventoryKind::PackageLock));
        assert_eq!(recognise("Requirements.TXT", "a==1"), Some(InventoryKind::Requirements));
        for (name, kind) in LOCKFILES {
            assert!(is_in_root(&format!("srv/app/{name}")) && is_in_root(name), "{name}");
            assert_eq!(recognise(&format!("C:\\app\\{name}"), "x"), Some(kind), "{name}");
        }
    }
}
