//! Digests the source of the built-in scanner: its identity in manifests.
//!
//! Two builds of the same source have the same identity on every machine; any change to what can change a
//! result (the scanner, the formats it reads and writes, the engine of the policy, how an image is unpacked, the crates behind
//! them) gives another. `tests/it/architecture/scanner_identity.rs` holds both lists against what the scanner imports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

const SOURCES: [&str; 26] = [
    "src/archive",
    "src/bundle",
    "src/closure/unpacked.rs",
    "src/compare/semantic.rs",
    "src/execute/builtin.rs",
    "src/execute/builtin_input.rs",
    "src/format",
    "src/job/artifact.rs",
    "src/job/material",
    "src/job/osv_feed.rs",
    "src/model/artifact.rs",
    "src/model/decision.rs",
    "src/model/digest.rs",
    "src/model/ecosystem",
    "src/model/finding.rs",
    "src/model/limits.rs",
    "src/model/same_words.rs",
    "src/model/package.rs",
    "src/model/text/objects.rs",
    "src/model/text/words.rs",
    "src/model/vex.rs",
    "src/oci",
    "src/policy",
    "src/rootfs",
    "src/scanner",
    "src/workspace/image.rs",
];

/// Crates whose behaviour reaches the scanner's results. What they depend on is hashed with them.
const CRATES: [&str; 16] = [
    "cvss",
    "jiff",
    "packageurl",
    "pep440_rs",
    "percent-encoding",
    "regorus",
    "semver",
    "serde",
    "serde_json",
    "serde_path_to_error",
    "spdx",
    "strum",
    "tar",
    "toml",
    "yaml_serde",
    "zip",
];

fn main() -> io::Result<()> {
    let mut hash = Sha256::new();
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
        for file in files(Path::new(source))? {
            add(&mut hash, &file.to_string_lossy(), &fs::read(&file)?);
        }
    }
    println!("cargo:rerun-if-changed=Cargo.lock");
    let lock = fs::read_to_string("Cargo.lock").unwrap_or_default();
    for (name, version) in locked(&lock) {
        add(&mut hash, name, version.as_bytes());
    }
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    println!("cargo:rustc-env=STELLA_BUILTIN_DIGEST=sha256:{hex}");
    Ok(())
}

/// Name and version of each of [`CRATES`] and of all that they depend on, on any platform and with any feature.
fn locked(lock: &str) -> BTreeSet<(&str, &str)> {
    // A dependency is a name, and a version where several are locked.
    let mut packages: BTreeMap<&str, Vec<(&str, Vec<&str>)>> = BTreeMap::new();
    for package in lock.split("[[package]]\n").skip(1) {
        let (Some(name), Some(version)) = (quoted(package, "name = "), quoted(package, "version = ")) else { continue };
        let list = package.split_once("dependencies = [\n").map_or("", |(_, list)| list);
        let dependencies = list.lines().take_while(|line| *line != "]").filter_map(|line| quoted(line, "")).collect();
        packages.entry(name).or_default().push((version, dependencies));
    }
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = CRATES.to_vec();
    while let Some(dependency) = open.pop() {
        let (name, version) = dependency.split_once(' ').unwrap_or((dependency, ""));
        let Some((name, all)) = packages.get_key_value(name) else { continue };
        for (one, dependencies) in all.iter().filter(|(one, _)| version.is_empty() || *one == version) {
            if found.insert((*name, *one)) {
                open.extend(dependencies);
            }
        }
    }
    found
}

/// The text in quotes behind `before`.
fn quoted<'t>(text: &'t str, before: &str) -> Option<&'t str> {
    text.split_once(before)?.1.split('"').nth(1)
}

/// Every file below `path`, sorted by path.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(if path.exists() { vec![path.to_owned()] } else { Vec::new() });
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<io::Result<_>>()?;
    entries.sort();
    let mut all = Vec::new();
    for entry in entries {
        all.extend(files(&entry)?);
    }
    Ok(all)
}

/// Length-prefixed, so that no two lists of files give the same bytes.
fn add(hash: &mut Sha256, name: &str, bytes: &[u8]) {
    for part in [name.as_bytes(), bytes] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
}
