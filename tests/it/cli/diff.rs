//! `stella diff`: what differs between two results.

use serde_json::{Value, json};

use crate::cli::scene::recorded;
use crate::harness::{World, repository, valid};

/// Where a replay into `drift` leaves what it is compared with.
const EXPECTED: &str = "drift/.stella/expected";

/// Two results whose findings differ while the decision does not.
fn two() -> World {
    let world = recorded();
    world.stella(1, &["replay", "--from", "MANIFEST.json", "--with", "feed=later", "--out-dir", "drift"]);
    world
}

fn diff<'a>(a: &'a str, b: &'a str, mode: &'a str) -> [&'a str; 7] {
    ["diff", "--a", a, "--b", b, "--mode", mode]
}

#[test]
fn directories_differ_by_level() {
    let world = two();
    for mode in ["bf", "sf", "pf"] {
        world.stella(0, &diff("out", EXPECTED, mode)).says(&["bitwise: same · semantic: same · policy: same"]);
        let run = world.stella(1, &diff("out", "drift", mode));
        run.says(&["bitwise: differs · semantic: differs · policy: differs", "CVE-2022-0002", "pass → fail"]);
    }
    // Without the decisions both sides are decided by the default policy.
    for side in ["out", "drift"] {
        std::fs::remove_file(world.work(side).join("decision.json")).unwrap();
    }
    world.stella(1, &diff("out", "drift", "pf")).says(&["policy: differs"]);
}

#[test]
fn order_and_white_space_are_no_difference_and_meaning_is() {
    let world = two();
    let findings = world.json("drift/findings.json");
    assert_eq!(findings["findings"].as_array().unwrap().len(), 2);
    let mut turned = findings.clone();
    turned["findings"].as_array_mut().unwrap().reverse();
    world.write("a.json", findings.to_string());
    world.write("b.json", format!("{turned:#}"));
    world.stella(0, &diff("a.json", "b.json", "bf")).says(&["bitwise: same"]);

    turned["findings"][0]["severity"] = json!("low");
    world.write("b.json", turned.to_string());
    for mode in ["bf", "sf"] {
        world.stella(1, &diff("a.json", "b.json", mode)).says(&["severity high → low"]);
    }
}

/// Of each format a change that means something: where, to what, and what is said of it.
#[test]
fn a_severity_a_fix_and_a_status_are_seen_in_every_format_and_order_is_not() {
    let world = World::new();
    for (format, pointer, value, said) in [
        ("trivy", "/Results/0/Vulnerabilities/0/Severity", json!("CRITICAL"), "severity high → critical"),
        ("trivy", "/Results/0/Vulnerabilities/0/FixedVersion", json!("4.17.21"), "CVE-2021-23337"),
        ("trivy", "/Results/0/Vulnerabilities/1/Status", json!("under_investigation"), "CVE-2020-7598"),
        ("trivy", "/Results/0/ExperimentalModifiedFindings/0/Status", json!("affected"), "CVE-2020-28500"),
        ("trivy", "/Results/0/Packages/1/Version", json!("0.0.9"), "minimist"),
        ("grype", "/matches/0/vulnerability/severity", json!("Low"), "severity high → low"),
        ("grype", "/matches/0/vulnerability/fix/versions", json!(["5.0.0"]), "CVE-2021-23337"),
        ("grype", "/ignoredMatches/1/appliedIgnoreRules/0/vex-status", json!("affected"), "CVE-2020-28501"),
        ("osv-scanner", "/results/0/packages/0/groups/1/max_severity", json!("9.8"), "severity high → critical"),
        (
            "osv-scanner",
            "/results/0/packages/0/vulnerabilities/1/affected/0/ranges/0/events/1/fixed",
            json!("4.17.22"),
            "CVE-2021-23337",
        ),
        ("osv-scanner", "/results/1/packages/0/package/version", json!("3.1.3"), "jinja2"),
        ("csaf", "/vulnerabilities/1/product_status", json!({ "fixed": ["SHOP-1:LODASH"] }), "CVE-2020-28500"),
        ("csaf", "/vulnerabilities/0/flags/1/label", json!("vulnerable_code_not_present"), "CVE-2021-23337"),
        ("spdx3", "/@graph/7/software_packageVersion", json!("4.17.21"), "lodash"),
        ("spdx3", "/@graph/8/simplelicensing_licenseExpression", json!("ISC"), "lodash"),
        ("spdx3", "/@graph/12/type", json!("security_VexAffectedVulnAssessmentRelationship"), "not_affected"),
        ("syft", "/artifacts/1/version", json!("1.2.9"), "minimist"),
        ("syft", "/artifacts/0/licenses/0/spdxExpression", json!("GPL-3.0-only"), "lodash"),
    ] {
        let sample = repository("tests/data/canonical").join(format).join("full.json");
        let before: Value = serde_json::from_slice(&std::fs::read(sample).unwrap()).unwrap();
        world.write("a.json", before.to_string());
        let mut turned = before.clone();
        turn_lists_of_objects(&mut turned);
        assert_ne!(turned, before);
        world.write("b.json", turned.to_string());
        world.stella(0, &diff("a.json", "b.json", "sf")).says(&["semantic: same"]);

        let mut changed = before;
        *changed.pointer_mut(pointer).unwrap_or_else(|| panic!("{format}: {pointer}")) = value;
        world.write("b.json", changed.to_string());
        for mode in ["sf", "bf"] {
            world.stella(1, &diff("a.json", "b.json", mode)).says(&["bitwise: differs · semantic: differs", said]);
        }
    }
}

/// Turns every list of objects round; their order means nothing to a reader.
fn turn_lists_of_objects(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(turn_lists_of_objects);
            if items.iter().all(Value::is_object) {
                items.reverse();
            }
        }
        Value::Object(members) => members.values_mut().for_each(turn_lists_of_objects),
        _ => {}
    }
}

#[test]
fn as_json_it_is_one_document() {
    let world = two();
    let run = world.stella(1, &[&diff("out", "drift", "sf")[..], &["--json"]].concat());
    let document = run.stdout_json();
    valid(&document, "diff-v1.json");
    assert_eq!(document["mode"], "sf");
    assert_eq!(document["same"], false);
    assert_eq!(document["levels"], json!({ "bf": false, "sf": false, "pf": false }));
    assert_eq!(document["diff_summary"]["findings"]["shown"][0]["cve_id"], "CVE-2022-0002");
    valid(&document["diff_summary"], "diff-summary-v1.json");
    let other = world.stella(1, &[&diff("out", "drift", "sf")[..], &["--format", "json"]].concat());
    assert_eq!(other.stdout, run.stdout);
}

#[test]
fn of_a_format_nobody_knows_only_bytes_are_compared() {
    let world = World::new();
    world.write("a.json", r#"{"some": [1, 2]}"#);
    world.write("b.json", r#"{ "some": [1, 3] }"#);
    world.write("c.json", r#"{ "some":[1, 2]}"#);
    world.write("a.bin", b"\xff\x00");
    for mode in ["sf", "pf"] {
        let run = world.stella(2, &diff("a.json", "b.json", mode));
        run.complains(&["the meaning of these files is not known", "hint: compare bytes with `--mode bf`"]);
    }
    world.stella(1, &diff("a.json", "b.json", "bf")).says(&["semantic: not applicable", "/some/1"]);
    world.stella(0, &diff("a.json", "c.json", "bf"));
    world.stella(1, &diff("a.json", "a.bin", "bf"));
    world.stella(0, &diff("a.bin", "a.bin", "bf"));
}

#[test]
fn a_file_that_only_one_side_has_is_a_difference() {
    let world = two();
    world.write("drift/.stella/expected/extra.txt", "more");
    world.stella(1, &diff("out", EXPECTED, "bf")).says(&["extra.txt"]);
}

#[test]
fn hidden_files_and_folders_are_passed_by() {
    let world = two();
    world.write("out/.stella/result.json", "{}");
    world.write("out/.notes", "mine");
    world.stella(0, &diff("out", EXPECTED, "bf"));
    world.stella(0, &diff(EXPECTED, "out", "bf"));
}

#[test]
fn what_cannot_be_compared_is_said() {
    let world = two();
    std::fs::create_dir(world.work("empty")).unwrap();
    world.write("broken.json", "{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.6\", \"components\": 7}");
    let wrong = [
        ("out", "out/findings.json", "`out` is a directory and `out/findings.json` is a file"),
        ("out/findings.json", "out", "`out` is a directory and `out/findings.json` is a file"),
        ("out", "nowhere", "nowhere"),
        ("out", "empty", "`empty` holds no file"),
    ];
    for (a, b, words) in wrong {
        world.stella(2, &diff(a, b, "bf")).complains(&["error: ", words]);
    }
    let run = world.stella(1, &diff("broken.json", "out/sbom.cdx.json", "bf"));
    run.says(&["semantic: not applicable"]).complains(&["note: `broken.json`: ", "`components`"]);
    world.stella(2, &diff("broken.json", "broken.json", "sf")).complains(&["does not apply"]);
    world.stella(2, &diff("out", "out", "xf")).complains(&["xf", "bf"]);
    world.stella(2, &["diff", "--a", "out"]).complains(&["--b <PATH>"]);
}

const SARIF: &str = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": []}]}"#;

#[test]
fn a_name_does_not_outweigh_the_content() {
    let world = World::new();
    world.write("a/findings.json", SARIF);
    world.write("b/findings.json", SARIF.replace("\"x\"", "\"y\""));
    world.stella(0, &diff("a", "a", "sf")).says(&["semantic: same"]);
    world.stella(1, &diff("a", "b", "bf")).says(&["findings.json"]);
    world.write("b/findings.json", "{\"schema\": \"stella.findings/1\"");
    world.stella(1, &diff("a", "b", "bf")).complains(&["`b/findings.json`: its bytes are compared as they are"]);
}

#[test]
fn a_link_is_read_inside_its_directory_and_refused_outside() {
    let world = World::new();
    world.write("a/sarif.json", SARIF);
    world.write("b/real/sarif.json", SARIF);
    let link = world.work("b/sarif.json");
    std::os::unix::fs::symlink("real/sarif.json", &link).unwrap();
    world.stella(1, &diff("a", "b", "bf")).says(&["real/sarif.json"]);
    for target in ["../a/sarif.json", "nowhere"] {
        std::fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(target, &link).unwrap();
        world.stella(2, &diff("a", "b", "bf")).complains(&["cannot open `b/sarif.json`"]);
    }
    std::fs::remove_file(&link).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(&link).unwrap();
    world.stella(2, &diff("a", "b", "bf")).complains(&["`b/sarif.json` is not a regular file"]);
}

/// An inventory above the size from which two are read in the quick way; of every 500th component the licence is `other`.
fn large(turned: bool, other: &str) -> String {
    let mut components: Vec<Value> = (0..4000)
        .map(|i| {
            let (name, version) = (format!("package-{}", i / 2), format!("{}.{i}", i % 9));
            let license = if i % 500 == 0 { other } else { "MIT" };
            json!({
                "type": "library", "bom-ref": i.to_string(), "name": name, "version": version,
                "hashes": [{ "alg": "SHA-256", "content": format!("{i:0128}") }],
                "purl": format!("pkg:npm/{name}@{version}"), "licenses": [{ "license": { "id": license } }],
            })
        })
        .collect();
    if turned {
        components.reverse();
    }
    json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": components }).to_string()
}

#[test]
fn of_large_inventories_exactly_what_differs_is_told() {
    let world = World::new();
    let (before, after) = (large(false, "MIT"), large(true, "ISC"));
    assert!(before.len() > 1 << 20);
    world.write("a.json", &before);
    world.write("b.json", large(true, "MIT"));
    for mode in ["bf", "sf"] {
        world.stella(0, &diff("a.json", "b.json", mode)).says(&["bitwise: same · semantic: same"]);
    }
    // Directories go the full way.
    for (side, text) in [("one", &before), ("two", &after)] {
        world.write(&format!("{side}/artifact"), text);
    }
    world.write("b.json", &after);
    for format in ["text", "json"] {
        let run = |a, b| world.stella(1, &[&diff(a, b, "sf")[..], &["--format", format]].concat());
        let (quick, full) = (run("a.json", "b.json"), run("one", "two"));
        quick.says(&["package-250"]);
        assert_eq!(quick.stdout, full.stdout);
    }
    world.stella(1, &diff("a.json", "b.json", "sf")).says(&["differs: 8 packages changed, 1 artifact changed"]);
}

#[test]
fn what_is_wrong_with_a_large_inventory_is_told_as_of_a_small_one() {
    let world = World::new();
    let good = large(false, "MIT");
    world.write("a.json", &good);
    let last = good.rfind(r#""bom-ref":"3999""#).unwrap();
    let (head, tail) = good.split_at(last);
    for (bad, said) in [
        (format!("{head}{}", tail.replacen("3999", "17", 1)), "`17`"),
        (format!("{head}\"name\":\"twice\",{tail}"), "/components/3999"),
        (format!("{head}{}", tail.replacen("\"type\":\"library\"", "\"type\":[]", 1)), "components[3999].type"),
    ] {
        world.write("b.json", &bad);
        world.stella(2, &diff("a.json", "b.json", "sf")).complains(&["b.json", said]);
        world.stella(2, &diff("b.json", "a.json", "sf")).complains(&["b.json", said]);
    }
    // What is no JSON at all is compared as bytes.
    for bad in
        [head.as_bytes(), &[good.as_bytes(), b"]"].concat(), &[head.as_bytes(), b"\xff", tail.as_bytes()].concat()]
    {
        world.write("b.json", bad);
        world.stella(1, &diff("a.json", "b.json", "bf")).says(&["first difference at byte"]);
    }
}
