//! Digests the source of the built-in scanner: its identity in manifests.
//!
//! Two builds of the same source have the same identity on every machine; any change to what can change a
//! result (the scanner, the formats it reads and writes, the engine of the policy, the crates behind them) gives another.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

const SOURCES: [&str; 12] = [
    "src/compare/semantic.rs",
    "src/execute/builtin.rs",
    "src/execute/builtin_input.rs",
    "src/job/osv_feed.rs",
    "src/format",
    "src/model/decision.rs",
    "src/model/finding.rs",
    "src/model/objects.rs",
    "src/model/package.rs",
    "src/model/vex.rs",
    "src/policy",
    "src/scanner",
];

/// Crates whose behaviour reaches the scanner's results.
const CRATES: [&str; 6] = ["packageurl", "pep440_rs", "regorus", "semver", "serde_json", "toml"];

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
    for package in lock.split("[[package]]\n") {
        let name = package.lines().next().unwrap_or_default();
        if CRATES.iter().any(|c| name == format!("name = \"{c}\"")) {
            let version = package.lines().nth(1).unwrap_or_default();
            add(&mut hash, name, version.as_bytes());
        }
    }
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    println!("cargo:rustc-env=STELLA_BUILTIN_DIGEST=sha256:{hex}");
    Ok(())
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
