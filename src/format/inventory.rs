//! Inventories: lockfiles, package databases and SBOMs, read for the packages they list.
//!
//! Invariants: packages are sorted and each comes once; what is not a package is in `skipped` with
//! the reason, never silently gone.

use crate::format::detect::inventory::{InventoryKind, KNOWN, recognise};
use crate::format::error::FormatError;
use crate::format::listing::{Skipped, distinct};
use crate::format::lockfile::{cargo, dpkg, gemfile, go_sum, gradle, npm, poetry, requirements};
use crate::format::text::decode;
use crate::format::{cyclonedx, spdx, spdx3, syft};
use crate::model::package::{Ecosystem, Package};

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
