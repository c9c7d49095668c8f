//! Makes a repository of regression cases: the same files for the same number of cases, on every machine.
//!
//! Each case has an inventory of twenty packages and a feed of one to three OSV records of its own, so that no two
//! cases share anything that could be read once. Of the records of a case the first hits; of the others each second
//! one names a version that was fixed before. What is expected is what the built-in scanner finds.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use stella::execute::builtin::Scan;
use stella::job::material::InputMaterial;
use stella::model::statistics::split_mix;
use stella::workspace::context::Context;
use stella::workspace::open_inputs;

use crate::Fallible;

const PACKAGES: u64 = 20;

/// Kinds of inventories, in turn.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Npm,
    Cargo,
    Requirements,
    GoSum,
    Dpkg,
}

/// A package of an inventory.
struct Package {
    name: String,
    major: u64,
    minor: u64,
    patch: u64,
}

/// Writes `cases` cases below `root`.
pub fn generate(root: &Path, cases: usize, context: &Context) -> Fallible<()> {
    for number in 1..=cases as u64 {
        case(&root.join(format!("regressions/SCN-{number:04}-generated")), number, context)?;
    }
    Ok(())
}

fn case(directory: &Path, number: u64, context: &Context) -> Fallible<()> {
    let (input, feed, expected) = (directory.join("input"), directory.join("input/feed"), directory.join("expected"));
    fs::create_dir_all(&feed)?;
    fs::create_dir_all(&expected)?;
    let kind = Kind::of(number);
    let packages = packages(kind, number);
    let inventory = kind.inventory(&packages);
    fs::write(input.join(kind.file_name()), &inventory)?;
    for record in 0..=number % 3 {
        let text = serde_json::to_string_pretty(&osv(kind, number, record, &packages))?;
        fs::write(feed.join(format!("{}.json", id(number, record))), text)?;
    }
    let flags = kind.flags();
    fs::write(input.join("config.json"), json!({ "flags": flags }).to_string())?;
    let metadata = json!({
        "id": format!("SCN-{number:04}"),
        "title": format!("generated case {number}"),
        "kind": "vulnerability-missed",
        "source": "benchmark",
        "severity": "low",
        "tags": [format!("ecosystem:{}", kind.ecosystem())],
    });
    fs::write(directory.join("case.metadata.json"), metadata.to_string())?;

    let material = InputMaterial::file(kind.file_name(), inventory.into_bytes());
    let scan = Scan {
        files: material.files(),
        flags: &flags,
        feeds: &[open_inputs::feed("osv", &feed, context)?],
        policy: &context.default_policy.policy,
        clock: "2026-01-01T00:00:00Z".parse()?,
    };
    let output = scan.run()?;
    if output.counts.0 != packages.len() || output.counts.1 == 0 {
        return Err(format!("case {number}: found {:?} packages and findings", output.counts).into());
    }
    let findings = output.artifacts.iter().find(|artifact| artifact.name == "findings.json");
    fs::write(expected.join("findings.json"), &findings.ok_or("no findings")?.bytes)?;
    Ok(())
}

fn id(number: u64, record: u64) -> String {
    format!("BENCH-2026-{:05}", number * 10 + record)
}

/// A number that looks drawn and is not.
fn scattered(seed: u64) -> u64 {
    split_mix::mix(seed.wrapping_mul(split_mix::GOLDEN))
}

fn packages(kind: Kind, number: u64) -> Vec<Package> {
    let one = |index: u64| {
        let n = scattered(number * PACKAGES + index);
        // The index keeps names apart.
        let name = format!("package-{:06x}-{index}", n >> 40);
        // A Go module beyond version 1 says so in its path.
        let (name, majors) = if matches!(kind, Kind::GoSum) { (format!("example.org/{name}"), 1) } else { (name, 7) };
        Package { name, major: 1 + n % majors, minor: n % 31, patch: 1 + n % 97 }
    };
    (0..PACKAGES).map(one).collect()
}

fn osv(kind: Kind, number: u64, record: u64, packages: &[Package]) -> Value {
    let package = &packages[(scattered(number) as usize + record as usize) % packages.len()];
    let Package { name, major, minor, patch } = package;
    let hits = record.is_multiple_of(2);
    let fixed = kind.bare(*major, *minor, if hits { patch + 1 } else { *patch });
    let id = id(number, record);
    json!({
        "schema_version": "1.6.0",
        "id": id,
        "modified": "2026-01-01T00:00:00Z",
        "published": "2025-12-01T00:00:00Z",
        "aliases": [format!("CVE-2026-{:05}", number * 10 + record)],
        "summary": format!("`{name}` reads past the end of a buffer"),
        "details": "A crafted document makes the parser read past the end of a buffer.\n\n".repeat(8),
        "severity": [{ "type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H" }],
        "affected": [{
            "package": { "ecosystem": kind.ecosystem(), "name": name },
            "ranges": [{ "type": kind.range_type(), "events": [{ "introduced": "0" }, { "fixed": fixed }] }],
            "database_specific": { "source": format!("https://example.org/{id}.json") },
        }],
        "references": [{ "type": "WEB", "url": format!("https://example.org/{id}") }],
    })
}

impl Kind {
    fn of(number: u64) -> Self {
        [Self::Npm, Self::Cargo, Self::Requirements, Self::GoSum, Self::Dpkg][number as usize % 5]
    }

    fn file_name(self) -> &'static str {
        match self {
            Self::Npm => "package-lock.json",
            Self::Cargo => "Cargo.lock",
            Self::Requirements => "requirements.txt",
            Self::GoSum => "go.sum",
            Self::Dpkg => "status",
        }
    }

    fn ecosystem(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Cargo => "crates.io",
            Self::Requirements => "PyPI",
            Self::GoSum => "Go",
            Self::Dpkg => "Debian:12",
        }
    }

    fn range_type(self) -> &'static str {
        match self {
            Self::Npm | Self::Cargo | Self::GoSum => "SEMVER",
            Self::Requirements | Self::Dpkg => "ECOSYSTEM",
        }
    }

    fn flags(self) -> Vec<String> {
        if matches!(self, Self::Dpkg) { vec!["--distro=debian-12".to_owned()] } else { Vec::new() }
    }

    /// A version as records write it.
    fn bare(self, major: u64, minor: u64, patch: u64) -> String {
        let revision = if matches!(self, Self::Dpkg) { "-1" } else { "" };
        format!("{major}.{minor}.{patch}{revision}")
    }

    /// The inventory as its tool writes it.
    fn inventory(self, packages: &[Package]) -> String {
        let hash = |package: &Package| scattered(package.minor * 97 + package.patch);
        let mut text = String::new();
        match self {
            Self::Npm => {
                let entry = |package: &Package| {
                    let Package { name, major, minor, patch } = package;
                    let version = format!("{major}.{minor}.{patch}");
                    let entry = json!({
                        "version": version,
                        "resolved": format!("https://registry.example/{name}/-/{name}-{version}.tgz"),
                        "integrity": format!("sha512-{:086x}==", hash(package)),
                    });
                    (format!("node_modules/{name}"), entry)
                };
                let packages: serde_json::Map<String, Value> = packages.iter().map(entry).collect();
                let lockfile = json!({ "name": "bench", "lockfileVersion": 3, "requires": true, "packages": packages });
                return format!("{lockfile:#}\n");
            }
            Self::Cargo => text.push_str("# This file is automatically @generated by Cargo.\nversion = 4\n"),
            Self::Requirements | Self::GoSum | Self::Dpkg => {}
        }
        for package in packages {
            let Package { name, major, minor, patch } = package;
            let hash = hash(package);
            // Writing to a string cannot fail.
            let _ = match self {
                Self::Npm => Ok(()),
                Self::Cargo => write!(
                    text,
                    "\n[[package]]\nname = \"{name}\"\nversion = \"{major}.{minor}.{patch}\"\n\
                     source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{hash:064x}\"\n"
                ),
                Self::Requirements => {
                    writeln!(text, "{name}=={major}.{minor}.{patch} --hash=sha256:{hash:064x}")
                }
                Self::GoSum => writeln!(text, "{name} v{major}.{minor}.{patch} h1:{hash:043x}="),
                Self::Dpkg => writeln!(
                    text,
                    "Package: {name}\nStatus: install ok installed\nPriority: optional\nSection: libs\n\
                     Architecture: amd64\nVersion: {major}.{minor}.{patch}-1\nDescription: generated\n"
                ),
            };
        }
        text
    }
}
