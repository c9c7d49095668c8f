//! Inventories: lockfiles, package databases and SBOMs, read for the packages they list.
//!
//! Invariants: packages are sorted and each comes once; what is not a package is in `skipped` with
//! the reason, never silently gone.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::format::error::FormatError;
use crate::format::listing::{Skipped, distinct};
use crate::format::lockfile::{cargo, dpkg, gemfile, go_sum, gradle, npm, poetry, requirements};
use crate::format::text::decode;
use crate::format::{cyclonedx, spdx, spdx3, syft};
use crate::model::objects;
use crate::model::package::{Ecosystem, Package};

const KNOWN: &str = "CycloneDX, SPDX or Syft JSON, `Cargo.lock`, `package-lock.json`, `npm-shrinkwrap.json`, \
    `requirements.txt`, `poetry.lock`, `go.sum`, `Gemfile.lock`, `gradle.lockfile`, a Debian `status` file";

/// What an inventory was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
        match self {
            Self::Cyclonedx => "cyclonedx",
            Self::Spdx => "spdx",
            Self::Spdx3 => "spdx3",
            Self::Syft => "syft",
            Self::CargoLock => "cargo-lock",
            Self::PackageLock => "package-lock",
            Self::Requirements => "requirements",
            Self::PoetryLock => "poetry-lock",
            Self::GoSum => "go-sum",
            Self::GemfileLock => "gemfile-lock",
            Self::GradleLockfile => "gradle-lockfile",
            Self::DpkgStatus => "dpkg-status",
        }
    }
}

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
    let text = decode("inventory", bytes)?;
    let distro = distro.map(dpkg::Distro::parse).transpose()?;
    let Some(kind) = recognise(file_name, text) else {
        return Err(FormatError::Unrecognised { file_name: file_name.to_owned(), known: KNOWN });
    };
    let mut listing = match kind {
        InventoryKind::Cyclonedx => cyclonedx::read(text)?.listing,
        InventoryKind::Spdx => spdx::read(text)?,
        InventoryKind::Spdx3 => spdx3::read(text)?.listing,
        InventoryKind::Syft => syft::read(text)?,
        InventoryKind::CargoLock => cargo::read(text)?,
        InventoryKind::PackageLock => npm::read(text)?,
        InventoryKind::Requirements => requirements::read(text)?,
        InventoryKind::PoetryLock => poetry::read(text)?,
        InventoryKind::GoSum => go_sum::read(text)?,
        InventoryKind::GemfileLock => gemfile::read(text)?,
        InventoryKind::GradleLockfile => gradle::read(text)?,
        InventoryKind::DpkgStatus => dpkg::read(text, distro.as_ref())?,
    };
    if let Some(known @ Ecosystem::Debian(_)) = distro.as_ref().map(dpkg::Distro::ecosystem) {
        let unknown = |package: &&mut Package| package.ecosystem == Ecosystem::Debian(None);
        listing.packages.iter_mut().filter(unknown).for_each(|package| package.ecosystem = known.clone());
    }
    Ok(Inventory { kind, packages: distinct(listing.packages), skipped: listing.skipped })
}

/// The kind by content for JSON, else by the file's name, else by the first lines.
fn recognise(file_name: &str, text: &str) -> Option<InventoryKind> {
    if text.trim_start().starts_with('{') {
        return recognise_json(file_name, text);
    }
    let mut parts = file_name.rsplit(['/', '\\']);
    let (base, folder) = (parts.next().unwrap_or(file_name), parts.next().unwrap_or_default());
    match base {
        "Cargo.lock" => return Some(InventoryKind::CargoLock),
        "package-lock.json" | "npm-shrinkwrap.json" => return Some(InventoryKind::PackageLock),
        "poetry.lock" => return Some(InventoryKind::PoetryLock),
        "go.sum" => return Some(InventoryKind::GoSum),
        "Gemfile.lock" | "gems.locked" => return Some(InventoryKind::GemfileLock),
        "gradle.lockfile" | "buildscript-gradle.lockfile" => return Some(InventoryKind::GradleLockfile),
        _ if base.ends_with(".txt") && (base.contains("requirements") || folder == "requirements") => {
            return Some(InventoryKind::Requirements);
        }
        _ => {}
    }
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).take(8).peekable();
    if lines.peek().is_some_and(|first| first.starts_with("Package:")) || base == "status" {
        return Some(InventoryKind::DpkgStatus);
    }
    if lines.peek().is_some_and(|first| first.split(' ').count() == 3 && first.contains(" h1:")) {
        return Some(InventoryKind::GoSum);
    }
    lines.find_map(|line| match line {
        _ if line.starts_with("# This file is automatically @generated by Cargo") => Some(InventoryKind::CargoLock),
        _ if line.starts_with("# This file is automatically @generated by Poetry") => Some(InventoryKind::PoetryLock),
        _ => None,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marks<'t> {
    #[serde(borrow)]
    bom_format: Option<&'t RawValue>,
    #[serde(borrow)]
    spdx_version: Option<&'t RawValue>,
    #[serde(borrow)]
    lockfile_version: Option<&'t RawValue>,
    #[serde(borrow)]
    artifacts: Option<&'t RawValue>,
    #[serde(borrow, rename = "@graph")]
    graph: Option<&'t RawValue>,
}

fn recognise_json(file_name: &str, text: &str) -> Option<InventoryKind> {
    let base = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    let npm = matches!(base, "package-lock.json" | "npm-shrinkwrap.json");
    match objects::from_str(text) {
        Ok(Marks { bom_format: Some(_), .. }) => Some(InventoryKind::Cyclonedx),
        Ok(Marks { spdx_version: Some(_), .. }) => Some(InventoryKind::Spdx),
        Ok(Marks { lockfile_version: Some(_), .. }) => Some(InventoryKind::PackageLock),
        Ok(Marks { graph: Some(_), .. }) => Some(InventoryKind::Spdx3),
        Ok(Marks { artifacts: Some(_), .. }) => Some(InventoryKind::Syft),
        // Broken or bare JSON: the name decides, so that its parser can say what is wrong.
        _ if npm => Some(InventoryKind::PackageLock),
        _ if base.contains("spdx") => Some(InventoryKind::Spdx),
        _ if base.contains("cdx") || base.contains("bom") => Some(InventoryKind::Cyclonedx),
        _ => None,
    }
}
