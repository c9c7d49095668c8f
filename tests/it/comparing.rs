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
        json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "annotations": [{"text": "a"}]}),
        json!({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "annotations": [{"comment": "a"}]}),
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
    let of = |text: &str| {
        json!({"bomFormat": "CycloneDX", "specVersion": "1.6",
            "components": [{"type": "library", "bom-ref": "a", "name": "a"}],
            "annotations": [{"subjects": ["a"], "text": text}]})
    };
    world.write("a.json", of("a").to_string());
    world.write("b.json", of("b").to_string());
    let run = ended(&world, &["diff", "--mode", "sf", "--a", "a.json", "--b", "b.json", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let said: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(said["not_compared"]["artifact"], json!(["annotations"]));
    says(&said["notes"].to_string(), &["does not look at annotations"]);
    world
        .stella(0, &["diff", "--mode", "sf", "--a", "a.json", "--b", "b.json"])
        .says(&["does not look at annotations"]);
}

/// What is said between elements counts: edges, relationships, services, flows. It is compared by what the elements are, so that
/// other ids and another order say nothing.
#[test]
fn what_is_said_between_elements_is_compared() {
    let cyclonedx = |[a, b]: [&str; 2], needed: &str, more: Value| {
        let component = |id: &str, name: &str| json!({"type": "library", "bom-ref": id, "name": name, "version": "1"});
        let mut document = json!({"bomFormat": "CycloneDX", "specVersion": "1.6",
            "components": [component(a, "alpha"), component(b, "beta")],
            "dependencies": [{"ref": a, "dependsOn": [needed]}, {"ref": b}]});
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        document
    };
    let service = |endpoint: &str| json!({"services": [{"bom-ref": "s", "name": "api", "endpoints": [endpoint]}]});
    let complete = |aggregate: &str| json!({"compositions": [{"aggregate": aggregate, "assemblies": ["b"]}]});
    let spdx = |[a, b]: [&str; 2], related: [&str; 3], sum: &str| {
        json!({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT",
            "packages": [{"SPDXID": a, "name": "alpha"}, {"SPDXID": b, "name": "beta"}],
            "files": [{"SPDXID": "SPDXRef-f", "fileName": "./f", "checksums": [{"algorithm": "SHA1", "checksumValue": sum}]}],
            "relationships": [{"spdxElementId": related[0], "relationshipType": related[1], "relatedSpdxElement": related[2]}]})
    };
    let spdx_ids = ["SPDXRef-a", "SPDXRef-b"];
    let sarif = |lines: [u64; 2], id: &str| {
        let place = |line: u64| json!({"location": {"id": line, "physicalLocation": {"artifactLocation": {"uri": "a.c"}, "region": {"startLine": line}}}});
        json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "automationDetails": {"guid": id},
            "results": [{"ruleId": "R", "message": {"text": "m"}, "locations": [place(9)["location"]],
                "codeFlows": [{"threadFlows": [{"locations": lines.map(place)}]}]}]}]})
    };
    let none = || json!({});
    let base = cyclonedx(["a", "b"], "b", none());
    let base_spdx = spdx(spdx_ids, ["SPDXRef-a", "DEPENDS_ON", "SPDXRef-b"], "00");
    let flow = sarif([1, 2], "i");
    for (what, a, b, right) in [
        ("a CycloneDX edge to another", &base, cyclonedx(["a", "b"], "a", none()), Differs),
        ("a CycloneDX edge under other ids", &base, cyclonedx(["x", "y"], "y", none()), Same),
        (
            "another endpoint",
            &cyclonedx(["a", "b"], "b", service("https://one")),
            cyclonedx(["a", "b"], "b", service("https://two")),
            Differs,
        ),
        ("a service that is gone", &cyclonedx(["a", "b"], "b", service("https://one")), base.clone(), Differs),
        (
            "other completeness",
            &cyclonedx(["a", "b"], "b", complete("complete")),
            cyclonedx(["a", "b"], "b", complete("incomplete")),
            Differs,
        ),
        (
            "an SPDX relationship turned round",
            &base_spdx,
            spdx(spdx_ids, ["SPDXRef-b", "DEPENDS_ON", "SPDXRef-a"], "00"),
            Differs,
        ),
        (
            "another kind of relationship",
            &base_spdx,
            spdx(spdx_ids, ["SPDXRef-a", "CONTAINS", "SPDXRef-b"], "00"),
            Differs,
        ),
        (
            "a relationship under other ids",
            &base_spdx,
            spdx(["SPDXRef-x", "SPDXRef-y"], ["SPDXRef-x", "DEPENDS_ON", "SPDXRef-y"], "00"),
            Same,
        ),
        (
            "another content of a file",
            &base_spdx,
            spdx(spdx_ids, ["SPDXRef-a", "DEPENDS_ON", "SPDXRef-b"], "01"),
            Differs,
        ),
        ("a SARIF flow turned round", &flow, sarif([2, 1], "i"), Differs),
        ("a SARIF flow through another place", &flow, sarif([1, 3], "i"), Differs),
        ("a SARIF run with another id", &flow, sarif([1, 2], "j"), Same),
    ] {
        let world = World::new();
        world.write("a.json", a.to_string());
        world.write("b.json", b.to_string());
        for order in [["a.json", "b.json"], ["b.json", "a.json"]] {
            let run = ended(&world, &["diff", "--mode", "sf", "--a", order[0], "--b", order[1]]);
            assert_eq!(run.code, i32::from(right == Differs), "{what}: {}{}", run.stdout, run.stderr);
            if what == "a CycloneDX edge to another" {
                // Both values at the first places: what is neither package nor finding is told by its place.
                says(&run.stdout, &["/dependencies/0/dependsOn/0: "]);
            }
        }
    }
}

/// A purl says what a package is; another name, version or group beside it is told all the same.
#[test]
fn what_is_stated_beside_a_purl_is_compared() {
    let purl = "pkg:npm/%40s/alpha@1.0.0";
    let cyclonedx = |member: &str, value: &str| {
        let mut component =
            json!({"type": "library", "group": "@s", "name": "alpha", "version": "1.0.0", "purl": purl});
        component[member] = json!(value);
        json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [component]})
    };
    let spdx = |member: &str, value: &str| {
        let mut package = json!({"SPDXID": "SPDXRef-a", "name": "@s/alpha", "versionInfo": "1.0.0", "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}]});
        package[member] = json!(value);
        json!({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "packages": [package]})
    };
    let syft = |member: &str, value: &str| {
        let mut artifact = json!({"id": "1", "name": "@s/alpha", "version": "1.0.0", "type": "npm", "purl": purl});
        artifact[member] = json!(value);
        json!({"artifacts": [artifact], "artifactRelationships": [], "descriptor": {"name": "syft"},
            "source": {}, "distro": {}, "schema": {"version": "16.1.3", "url": "https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-16.1.3.json"}})
    };
    let osv = |member: &str, value: &str| {
        let mut package = json!({"name": "alpha", "version": "1.0.0", "ecosystem": "npm", "commit": "00"});
        package[member] = json!(value);
        json!({"results": [{"source": {"path": "a", "type": "lockfile"}, "packages": [{"package": package, "vulnerabilities": [
            {"id": "GHSA-35jh-r3h4-6jhm"}], "groups": [{"ids": ["GHSA-35jh-r3h4-6jhm"]}]}]}]})
    };
    type Made<'m> = &'m dyn Fn(&str, &str) -> Value;
    let of: [(&str, Made<'_>, &[&str]); 4] = [
        ("CycloneDX", &cyclonedx, &["group", "name", "version"]),
        ("SPDX", &spdx, &["name", "versionInfo"]),
        ("Syft", &syft, &["name", "version"]),
        ("osv-scanner", &osv, &["name", "version", "commit"]),
    ];
    for (format, document, members) in of {
        let world = World::new();
        world.write("a.json", document("x", "").to_string());
        for member in members {
            for other in ["other", "2.0.0"] {
                world.write("b.json", document(member, other).to_string());
                let run = ended(&world, &["diff", "--mode", "sf", "--a", "a.json", "--b", "b.json"]);
                assert_eq!(run.code, 1, "{format} {member}: {}{}", run.stdout, run.stderr);
            }
        }
    }
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
