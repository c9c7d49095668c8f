//! The cases and canaries that are committed with this repository: each is replayed, none is forgotten.
//!
//! Data-driven: a new folder below `regressions/`, `fixtures/canaries/` or `fixtures/corpus/inputs/` is tested by being there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::World;

/// What a replay needs of this repository, and nothing else.
const NEEDED: [&str; 4] = [".stella.yaml", "fixtures/canaries", "fixtures/store", "regressions"];

/// Where packages are downloaded from: a place of the machine that made a fixture, no part of what is described.
const DOWNLOAD_HOSTS: [&str; 8] = [
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "files.pythonhosted.org",
    "static.crates.io",
    "index.crates.io",
    "proxy.golang.org",
    "repo.maven.apache.org",
    "repo1.maven.org",
];

/// Words in the names of hosts that stand before such places.
const MIRROR_WORDS: [&str; 6] = ["artifactory", "cache", "internal", "mirror", "nexus", "proxy"];

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn folders(relative: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(repository().join(relative)).unwrap().map(Result::unwrap);
    entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().into_string().unwrap()).collect()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below `root` with its bytes.
fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(tree(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

fn world() -> World {
    let world = World::new();
    for needed in NEEDED {
        world.copy_from_repository(needed, needed);
    }
    world
}

/// The ids that were replayed; each must match.
fn replayed(world: &World, arguments: &[&str]) -> BTreeSet<String> {
    let result = world.stella(0, &[&["--format", "json", "ci"], arguments].concat()).stdout_json();
    let replays = result["replays"].as_array().unwrap();
    for replay in replays {
        assert_eq!((&replay["outcome"], &replay["lucky"]), (&"match".into(), &false.into()), "{}", replay["id"]);
    }
    replays.iter().map(|replay| replay["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_case_and_canary_matches_with_this_checkout() {
    let cases = folders("regressions").into_iter().map(|folder| {
        let metadata = json(&repository().join("regressions").join(&folder).join("case.metadata.json"));
        let id = metadata["id"].as_str().unwrap().to_owned();
        assert!(folder.starts_with(&format!("{id}-")), "the folder {folder} does not begin with its id {id}");
        id
    });
    let expected: BTreeSet<String> = cases.chain(folders("fixtures/canaries")).collect();
    assert_eq!(replayed(&world(), &[]), expected);
}

#[test]
fn every_canary_matches_as_recorded() {
    // Unreplayable here: the scanner changed since the recording. `make canaries` records again.
    assert_eq!(replayed(&world(), &["--pinned"]), folders("fixtures/canaries"));
}

#[test]
fn every_case_tells_its_story() {
    for folder in folders("regressions") {
        let story = fs::read_to_string(repository().join("regressions").join(&folder).join("case.md")).unwrap();
        for heading in ["## What failed", "## Why it matters", "## What is correct", "## What brings it back"] {
            assert!(story.contains(heading), "{folder}/case.md has no `{heading}`");
        }
    }
}

#[test]
fn inputs_canaries_and_origins_are_the_same_set() {
    let inputs = folders("fixtures/corpus/inputs");
    assert_eq!(folders("fixtures/canaries"), inputs);
    let origin = fs::read_to_string(repository().join("fixtures/corpus/ORIGIN.md")).unwrap();
    for input in &inputs {
        assert_eq!(origin.matches(&format!("\n| {input} |")).count(), 1, "{input} in fixtures/corpus/ORIGIN.md");
    }
    assert!((10..=20).contains(&inputs.len()), "{} canaries", inputs.len());
}

#[test]
fn the_canaries_cover_what_they_should() {
    let mut labels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for canary in folders("fixtures/canaries") {
        let manifest = json(&repository().join("fixtures/canaries").join(&canary).join("manifest.json"));
        for (label, value) in manifest["labels"].as_object().unwrap() {
            labels.entry(label.clone()).or_default().insert(value.as_str().unwrap().to_owned());
        }
        assert!(manifest["labels"]["ecosystem"].is_string() && manifest["labels"]["kind"].is_string(), "{canary}");
    }
    assert!(labels["ecosystem"].len() >= 5, "{labels:?}");
    assert!(labels["tier"].contains("regulated"), "{labels:?}");
    assert!(labels["base_os"].contains("debian-12"), "{labels:?}");
}

#[test]
fn all_canaries_share_the_feed_of_the_corpus() {
    let world = World::new();
    let root = repository().join("fixtures/corpus");
    let sources = fs::read_to_string(root.join("feed-sources.txt")).unwrap();
    let directory = root.join("feed");
    let mut build = vec!["--format", "json", "feed", "build", directory.to_str().unwrap(), "--out-dir", "feed"];
    for source in sources.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        build.extend(["--source", source]);
    }
    let built = world.stella(0, &build).stdout_json();
    let bundle = world.work(built["bundle"].as_str().unwrap());
    let verified = world.stella(0, &["--format", "json", "feed", "verify", bundle.to_str().unwrap()]).stdout_json();
    assert_eq!(verified["records"], tree(&directory).len());
    for canary in folders("fixtures/canaries") {
        let manifest = json(&repository().join("fixtures/canaries").join(&canary).join("manifest.json"));
        // The archive's own digest may change with a newer zstd; the content's may not.
        assert_eq!(manifest["feeds"]["bundles"][0]["content_digest"], verified["content_digest"], "{canary}");
    }
}

/// `fixtures/corpus/CALLGRAPH.md`, read by eye from the program's source.
#[test]
fn reachability_of_the_annotated_canary_is_as_annotated() {
    let findings = json(&repository().join("fixtures/canaries/go-gh-cli-1.4.0/expected/findings.json"));
    for (id, reachability, status) in [
        ("GO-2022-0603", "reachable", "affected"),
        ("GO-2021-0356", "unreachable", "not_affected"),
        ("GO-2022-0968", "unreachable", "not_affected"),
        ("GO-2021-0113", "unreachable", "not_affected"),
        ("GO-2022-1059", "unreachable", "not_affected"),
    ] {
        let of_id = |finding: &&Value| finding["aliases"].as_array().unwrap().contains(&id.into());
        let found: Vec<_> = findings["findings"].as_array().unwrap().iter().filter(of_id).collect();
        assert!(!found.is_empty(), "{id}");
        for finding in found {
            assert_eq!(
                (&finding["reachability"], &finding["vex_status"]),
                (&reachability.into(), &status.into()),
                "{id}"
            );
        }
    }
}

#[test]
fn recording_again_gives_the_same_and_refuses_what_differs() {
    let world = World::new();
    for part in ["fixtures/corpus", "fixtures/canaries", "fixtures/store", "fixtures/record-canaries", ".stella.yaml"] {
        fs::create_dir_all(world.work(part).parent().unwrap()).unwrap();
        world.copy_from_repository(part, part);
    }
    let record = || {
        let output = Command::new(world.work("fixtures/record-canaries"))
            .env_clear()
            .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("STELLA", env!("CARGO_BIN_EXE_stella"))])
            .env("HOME", world.path("home"))
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    // The manifests say on which machine they were recorded; results and blobs do not depend on it.
    let results = || {
        let mut files = tree(&world.work("fixtures"));
        files.retain(|path, _| !path.ends_with("manifest.json"));
        files
    };
    let before = results();
    assert_eq!(record(), (Some(0), String::new()));
    assert!(results() == before, "recording again changed a result: run `make canaries`, and look at the difference");

    let golden = "fixtures/canaries/pypi-kinto-13.0.0/expected/findings.json";
    world.write(golden, world.read(golden).replacen("\"high\"", "\"low\"", 1));
    let edited = results();
    let (code, stderr) = record();
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("1 expected result(s) would change; nothing was written"), "{stderr}");
    assert!(results() == edited);
}

#[test]
fn no_fixture_names_where_a_package_was_downloaded() {
    let mut wrong = Vec::new();
    for root in ["fixtures/corpus/inputs", "fixtures/canaries", "regressions"] {
        for (path, bytes) in tree(&repository().join(root)) {
            let text = String::from_utf8_lossy(&bytes);
            for rest in text.split("http://").flat_map(|part| part.split("https://")).skip(1) {
                let authority: String =
                    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || ".-_:@[]".contains(*c)).collect();
                let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
                let local = !host.contains('.') || host.split('.').all(|label| label.parse::<u8>().is_ok());
                let mirror = MIRROR_WORDS.iter().any(|word| host.contains(word));
                if local || mirror || DOWNLOAD_HOSTS.contains(&host) {
                    wrong.push(format!("{}: `{host}`", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
