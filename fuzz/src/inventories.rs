//! Inventories: found by content, and read as everything that a name makes of them. What is read is written as CycloneDX
//! and read back: the first time may settle a name that no package can have, and nothing later.

use stella::format::{cyclonedx, read_inventory};
use stella::model::package::Package;

/// A name for each reader; that of the first says nothing.
const NAMES: [&str; 13] = [
    "inventory",
    "bom.json",
    "spdx.json",
    "Cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "requirements.txt",
    "poetry.lock",
    "go.sum",
    "Gemfile.lock",
    "gradle.lockfile",
    "buildscript-gradle.lockfile",
    "status",
];

/// One run of the target.
pub fn run(input: &[u8]) {
    for name in NAMES {
        for distro in [None, Some("debian-12")] {
            let Ok(inventory) = read_inventory(name, input, distro) else { continue };
            assert!(inventory.packages.windows(2).all(|pair| pair[0] < pair[1]), "sorted, each once");
            let settled = through_cyclonedx(&inventory.packages);
            assert_eq!(through_cyclonedx(&settled), settled);
        }
    }
}

fn through_cyclonedx(packages: &[Package]) -> Vec<Package> {
    read_inventory("bom.json", &cyclonedx::write(packages), None).expect("we wrote it").packages
}
