//! The built-in scanner beside osv-scanner, on the real lockfiles and SBOMs of `fixtures/corpus` with the same records.
//!
//! A difference that is not in `DIFFERENCES`, with its reason, fails; so does one that is there and no longer seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::zip;
use crate::harness::{World, files, repository};

/// A vulnerability in a package: input, name without group, version without `v`, id of a record.
type Match = (String, String, String, String);

/// A set of matches that only osv-scanner has: input, package, reason.
const DIFFERENCES: [(&str, &str, &str); 5] = [
    ("go-gh-cli-1.4.0", "golang.org/x/crypto", CHOSEN),
    ("go-gh-cli-1.4.0", "golang.org/x/text", CHOSEN),
    ("go-rclone-1.53.0", "github.com/gogo/protobuf", CHOSEN),
    ("go-rclone-1.53.0", "golang.org/x/crypto", CHOSEN),
    ("go-rclone-1.53.0", "gopkg.in/yaml.v3", CHOSEN),
];

/// <https://go.dev/ref/mod#minimal-version-selection>
const CHOSEN: &str =
    "The build list has one version of each module, which `go.mod` names; `go.sum` keeps hashes of others.";

/// What osv-scanner reads nothing of: its own `status` file needs a root filesystem around it.
const NOT_READ_BY_IT: [&str; 1] = ["debian12-dpkg"];

/// The records of the corpus as osv.dev publishes them: an archive for each ecosystem.
fn database(folder: &Path) {
    let mut archives: BTreeMap<String, BTreeMap<String, Vec<u8>>> = BTreeMap::new();
    for path in files(&repository("fixtures/corpus/feed")) {
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let record: Value = serde_json::from_slice(&bytes).unwrap();
        for affected in record["affected"].as_array().into_iter().flatten() {
            let Some(ecosystem) = affected["package"]["ecosystem"].as_str() else { continue };
            let ecosystem = ecosystem.split(':').next().unwrap().to_owned();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            archives.entry(ecosystem).or_default().insert(name, bytes.clone());
        }
    }
    for (ecosystem, records) in archives {
        let folder = folder.join("osv-scalibr").join(ecosystem);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("all.zip"), zip::archive(&records.into_iter().collect::<Vec<_>>())).unwrap();
    }
}

/// The name without its group, and the version without the `v` of Go.
fn package(name: &str, version: &str) -> (String, String) {
    let name = name.rsplit(':').next().unwrap();
    (name.to_lowercase(), version.trim_start_matches('v').to_owned())
}

fn found_by_it(program: &Path, database: &Path, input: &str) -> BTreeSet<Match> {
    let folder = repository(&format!("fixtures/corpus/inputs/{input}"));
    let output = Command::new(program)
        .args(["scan", "source", "--offline", "--recursive", "--no-ignore", "--format", "json"])
        .arg(folder)
        .env("OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY", database)
        .output()
        .unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut found = BTreeSet::new();
    for listed in report["results"].as_array().into_iter().flatten() {
        for listed in listed["packages"].as_array().unwrap() {
            let text = |field: &str| listed["package"][field].as_str().unwrap();
            let (name, version) = package(text("name"), text("version"));
            for record in listed["vulnerabilities"].as_array().into_iter().flatten() {
                let id = record["id"].as_str().unwrap().to_owned();
                found.insert((input.to_owned(), name.clone(), version.clone(), id));
            }
        }
    }
    found
}

/// What is found here: each package with all ids of each finding.
fn found_here(world: &World, input: &str) -> BTreeMap<(String, String), Vec<BTreeSet<String>>> {
    let (folder, feed) = (repository(&format!("fixtures/corpus/inputs/{input}")), repository("fixtures/corpus/feed"));
    let arguments = ["scan", "--emit-artifacts-dir", "out", "--input"];
    let (folder, feed) = (folder.to_str().unwrap(), feed.to_str().unwrap());
    world.stella(0, &[&arguments[..], &[folder, "--feed", feed]].concat());
    let mut found: BTreeMap<_, Vec<BTreeSet<String>>> = BTreeMap::new();
    for finding in world.json("out/findings.json")["findings"].as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (name, version) = package(&text(&finding["package"]), &text(&finding["version"]));
        let mut ids: BTreeSet<String> = finding["aliases"].as_array().unwrap().iter().map(text).collect();
        ids.insert(text(&finding["cve_id"]));
        found.entry((name, version)).or_default().push(ids);
    }
    found
}

#[test]
fn what_osv_scanner_finds_is_found() {
    let Some(program) = super::program("osv-scanner") else { return };
    let world = World::new();
    database(&world.work("db"));
    let (mut seen, mut unexpected, mut matches) = (BTreeSet::new(), Vec::new(), 0);
    let mut inputs: Vec<String> = fs::read_dir(repository("fixtures/corpus/inputs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|input| !NOT_READ_BY_IT.contains(&input.as_str()))
        .collect();
    inputs.sort();
    for input in &inputs {
        let (theirs, ours) = (found_by_it(&program, &world.work("db"), input), found_here(&world, input));
        matches += theirs.len();
        for (input, name, version, id) in &theirs {
            let here = ours.get(&(name.clone(), version.clone()));
            if here.is_some_and(|findings| findings.iter().any(|ids| ids.contains(id))) {
                continue;
            }
            match DIFFERENCES.iter().find(|(known, package, _)| known == input && package == name) {
                Some((known, package, _)) => _ = seen.insert((*known, *package)),
                None => unexpected.push(format!("{input}: {id} of {name} {version} is found by osv-scanner alone")),
            }
        }
        for ((name, version), findings) in &ours {
            for ids in findings {
                let theirs =
                    ids.iter().any(|id| theirs.contains(&(input.clone(), name.clone(), version.clone(), id.clone())));
                if !theirs {
                    unexpected.push(format!("{input}: {ids:?} of {name} {version} is found here alone"));
                }
            }
        }
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
    let known: BTreeSet<(&str, &str)> = DIFFERENCES.iter().map(|(input, package, _)| (*input, *package)).collect();
    assert_eq!(seen, known, "a difference that is listed is no longer one");
    assert!(matches > 100, "{matches} matches compared");
}
