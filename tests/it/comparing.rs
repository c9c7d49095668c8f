//! Pairs of documents that are easily compared wrongly, each with what is right for it (`tests/data/comparing`).
//!
//! The table is the test: a folder without a row, and a row without a folder, fail it.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::harness::{World, repository, says};

const CASES: &str = "tests/data/comparing";

/// What a level must say.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Right {
    Same,
    Differs,
    /// It says nothing of these documents.
    NotApplicable,
    /// Whatever the level says, it is not an error.
    Any,
}

use Right::{Any, Differs, NotApplicable, Same};

/// The pair, why, what is right for bitwise and for semantic fidelity, and words that must be said.
const TABLE: &[(&str, &str, Right, Right, &[&str])] = &[
    (
        "01-cdx-vdr-without-components",
        "CycloneDX: `analysis` and `components` are optional; a finding counts without them",
        Differs,
        Differs,
        &["CVE-2023-1111", "critical"],
    ),
    ("02-sarif-two-packages-one-place", "two results of one rule at one place", Differs, Differs, &["curl"]),
    ("02b-sarif-two-columns", "SARIF §3.30: a region has columns", Differs, Differs, &["a.py:10:60"]),
    ("03-csaf-other-version", "CSAF §3.1.2.2: branches tell which versions are meant", Differs, Differs, &["<3.0"]),
    ("03c-csaf-renumbered", "CSAF §3.1.8: a product id is the document's own", Differs, Same, &[]),
    (
        "03d-cdx-vex-version-status",
        "CycloneDX: `affects[].versions[].status`",
        Differs,
        Differs,
        &["CVE-2024-1", "version: 2.0 is affected"],
    ),
    ("04-openvex-times", "OpenVEX: the statement that is last in time decides", Differs, Differs, &["fixed"]),
    ("05-bf-without-sf", "the id of a vulnerability is no reference", Differs, Differs, &[]),
    ("06-bf-refused-csaf-no-cve", "CSAF §3.2.3: `cve` and `ids` are optional", Same, Any, &[]),
    ("07-byte-order-mark", "RFC 8259 §8.1: a parser may ignore it", Same, Same, &["byte order mark"]),
    ("08-osv-commit", "a package that is known by its commit", Differs, Differs, &["9b1d4b0e7c"]),
    ("08b-osv-called", "call analysis is reachability", Differs, Differs, &["reachable → unreachable"]),
    ("09-cdx-os-version", "an operating system has no purl, and a version", Differs, Differs, &["3.16.0", "3.19.0"]),
    ("10-spdx-random-ids", "`SPDXRef-…-<uuid>` is new in each run", Same, Same, &[]),
    ("10b-spdx3-random-ids", "`urn:uuid:` is new in each run", Same, Same, &[]),
    ("12-cdx-own-bom-link", "a BOM-Link to the document's own serial number", Same, Same, &[]),
    ("13-spdx3-single-element", "SPDX 3.0.1, JSON schema: an element beside its context", Same, Same, &[]),
    ("14-sarif-runs-order", "SARIF §3.13.4: the order of runs has no meaning", Same, Same, &[]),
    ("16-tool-profile", "semgrep writes results as files are done", Same, Same, &[]),
    ("17-spdx3-array-order", "JSON-LD 1.1 §4.3: without `@list` an array is a set", Same, Same, &[]),
];

#[test]
fn every_pair_has_its_right_answer() {
    let folders: BTreeSet<String> = fs::read_dir(repository(CASES))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let rows: BTreeSet<String> = TABLE.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(folders, rows);
    let mut wrong = Vec::new();
    for (name, why, bitwise, semantic, words) in TABLE {
        let world = pair(name);
        for (mode, right) in [("bf", *bitwise), ("sf", *semantic)] {
            let run = ended(&world, &["diff", "--mode", mode, "--a", "a.json", "--b", "b.json"]);
            let said = match run.code {
                0 => Same,
                1 => Differs,
                2 if run.stderr.contains("does not apply") => NotApplicable,
                _ => {
                    wrong.push(format!("{name} {mode}: ended with {}: {}", run.code, run.stderr));
                    continue;
                }
            };
            if right != Any && said != right {
                wrong.push(format!("{name} {mode}: {said:?}, and {right:?} is right: {why}\n{}", run.stdout));
            }
            let told = format!("{}{}", run.stdout, run.stderr);
            for word in words.iter().filter(|word| !told.contains(**word)) {
                wrong.push(format!("{name} {mode}: `{word}` is not said:\n{told}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// How a command ended, whatever that is.
struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

fn ended(world: &World, arguments: &[&str]) -> Ended {
    let output = world.command(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (code, stdout, stderr) = (output.status.code().unwrap(), text(output.stdout), text(output.stderr));
    assert!(!stderr.contains("panicked"), "{stderr}");
    Ended { code, stdout, stderr }
}

fn pair(name: &str) -> World {
    let world = World::new();
    for side in ["a.json", "b.json"] {
        world.write(side, fs::read(repository(&format!("{CASES}/{name}/{side}"))).unwrap());
    }
    world
}

#[test]
fn hash_and_diff_choose_one_profile() {
    for (name, ..) in TABLE.iter().filter(|(_, _, bitwise, ..)| *bitwise != Any) {
        let world = pair(name);
        let run = ended(&world, &["canonicalize", "--hash", "a.json", "b.json"]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        let digests: BTreeSet<&str> = run.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
        let same = ended(&world, &["diff", "--a", "a.json", "--b", "b.json"]).code == 0;
        assert_eq!(digests.len() == 1, same, "{name}: {}", run.stdout);
        // And so does what explains it.
        let explained = ended(&world, &["profile", "explain", "a.json", "--format", "json"]);
        let explained: Value = serde_json::from_str(&explained.stdout).unwrap();
        let chosen = format!("profile `{}`", explained["profile"].as_str().unwrap());
        says(&run.stderr, &[&chosen]);
    }
}

/// What a reader cannot read is compared by its canonical bytes, with the reason and the place.
#[test]
fn bytes_are_never_refused() {
    let world = World::new();
    for (format, a, b, same, words) in [
        (
            "csaf",
            json!({"document": {"csaf_version": "2.1", "a": 1}, "x": 1.0}).to_string(),
            json!({"x": 1, "document": {"a": 1, "csaf_version": "2.1"}}).to_string(),
            true,
            &["version `2.1` is not read"][..],
        ),
        (
            "cyclonedx",
            json!({"bomFormat": "CycloneDX", "specVersion": "1.3", "components": []}).to_string(),
            json!({"bomFormat": "CycloneDX", "specVersion": "1.3", "components": [{"name": "a"}]}).to_string(),
            false,
            &["version `1.3` is not read", "/components/0: (absent) → {\"name\":\"a\"}"],
        ),
        (
            "cyclonedx",
            json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library", "name": 3}]})
                .to_string(),
            json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library", "name": 4}]})
                .to_string(),
            false,
            &["`components[0].name`", "/components/0/name: 3 → 4"],
        ),
        (
            "spdx3",
            json!({"@context": "https://spdx.org/rdf/3.0.0/spdx-context.jsonld", "@graph": []}).to_string(),
            json!({"@graph": [], "@context": "https://spdx.org/rdf/3.0.0/spdx-context.jsonld"}).to_string(),
            true,
            &["3.0.0"],
        ),
        (
            "sarif",
            json!({"version": "2.0.0", "runs": [], "$schema": "sarif"}).to_string(),
            json!({"runs": [], "$schema": "sarif", "version": "2.0.0"}).to_string(),
            true,
            &["version `2.0.0` is not read"],
        ),
        // Not I-JSON, and JSON all the same; not JSON at all.
        ("json", r#"{"a":1,"a":2}"#.into(), r#"{"a":1,"a":3}"#.into(), false, &["only its bytes", "duplicate key `a`"]),
        (
            "json",
            r#"{"a":12345678901234567890}"#.into(),
            r#"{"a":12345678901234567890}"#.into(),
            true,
            &["only its bytes"],
        ),
        ("sarif", "{".into(), "{".into(), true, &["its bytes are compared as they are"]),
    ] {
        world.write("a.json", &a);
        world.write("b.json", &b);
        for given in [true, false] {
            let mut arguments = vec!["diff", "--a", "a.json", "--b", "b.json"];
            if given {
                arguments.extend(["--as", format]);
            } else if a == "{" {
                continue;
            }
            let run = ended(&world, &arguments);
            assert_eq!(run.code, i32::from(!same), "{a} {b}: {}{}", run.stdout, run.stderr);
            says(&format!("{}{}", run.stdout, run.stderr), words);
        }
        let run = ended(&world, &["diff", "--mode", "sf", "--as", format, "--a", "a.json", "--b", "b.json"]);
        assert_eq!(run.code, 2, "{a}: {}", run.stdout);
        says(&run.stderr, &["does not apply"]);
    }
    // A document of ours that is broken is broken for a replay, and compared here.
    world.write("a.json", r#"{"schema":"stella.findings/9","x":1}"#);
    world.write("b.json", r#"{"schema":"stella.findings/9","x":2}"#);
    world.stella(1, &["diff", "--a", "a.json", "--b", "b.json"]).complains(&["stella.findings/9"]).says(&["/x: 1 → 2"]);
}

/// Of a document in which no part is known nothing can be called the same.
#[test]
fn what_is_not_read_is_not_the_same() {
    let world = World::new();
    for document in [
        json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "services": [{"name": "a"}]}),
        json!({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "files": [{"SPDXID": "SPDXRef-f", "fileName": "a"}]}),
        json!({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [{"type": "software_File", "name": "a"}]}),
        json!({"document": {"csaf_version": "2.0"}}),
        json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": null}]}),
    ] {
        world.write("a.json", document.to_string());
        let run = ended(&world, &["diff", "--mode", "sf", "--a", "a.json", "--b", "a.json"]);
        assert_eq!(run.code, 2, "{document}: {}", run.stdout);
        world.stella(0, &["diff", "--a", "a.json", "--b", "a.json"]).says(&["semantic: not applicable"]);
    }
}

#[test]
fn what_semantic_fidelity_does_not_look_at_is_said() {
    let world = World::new();
    let of = |to: &str| {
        json!({"bomFormat": "CycloneDX", "specVersion": "1.6",
            "components": [{"type": "library", "bom-ref": "a", "name": "a"}, {"type": "library", "bom-ref": "b", "name": "b"}],
            "dependencies": [{"ref": "a", "dependsOn": [to]}]})
    };
    world.write("a.json", of("a").to_string());
    world.write("b.json", of("b").to_string());
    let run = ended(&world, &["diff", "--mode", "sf", "--a", "a.json", "--b", "b.json", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let said: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(said["not_compared"]["artifact"], json!(["dependencies"]));
    says(&said["notes"].to_string(), &["does not look at dependencies"]);
    world
        .stella(0, &["diff", "--mode", "sf", "--a", "a.json", "--b", "b.json"])
        .says(&["does not look at dependencies"]);
}

/// The report of a tool of which every finding is gone may be an empty list: it names what was lost.
#[test]
fn a_lost_finding_of_a_tool_is_named() {
    for (tool, lost) in [
        ("ruff", "S307"),
        ("eslint", "no-eval"),
        ("gitleaks", "aws-access-token"),
        ("zizmor", "template-injection"),
        ("bandit", "B602"),
        ("semgrep", "tmp.stella.config.shell-true"),
        ("checkov", "CKV_AWS_20"),
        ("detect-secrets", "AWS Access Key"),
        ("retire", "CVE-2012-6708"),
        ("npm-audit", "GHSA-35jh-r3h4-6jhm"),
    ] {
        let world = World::new();
        let whole = fs::read_to_string(repository(&format!("tests/data/canonical/{tool}/full.json"))).unwrap();
        let mut left: Value = serde_json::from_str(&whole).unwrap();
        match tool {
            "bandit" | "semgrep" => left["results"] = json!([]),
            "detect-secrets" => left["results"] = json!({}),
            "retire" => left["data"] = json!([]),
            "npm-audit" => left["vulnerabilities"] = json!({}),
            "checkov" => left[0]["results"]["failed_checks"] = json!([]),
            _ => left = json!([]),
        }
        world.write("a.json", whole);
        world.write("b.json", left.to_string());
        for mode in ["bf", "sf"] {
            let run = ended(&world, &["diff", "--mode", mode, "--a", "a.json", "--b", "b.json"]);
            assert_eq!(run.code, 1, "{tool} {mode}: {}{}", run.stdout, run.stderr);
            says(&run.stdout, &[lost, "semantic: differs", "policy: "]);
        }
    }
}
