//! `stella gate`, and `stella ci --gate`.

use std::fs;

use serde_json::{Value, json};
use stella::artifacts::canonicalize;
use stella::canonical::Profile;
use stella::job::dimensions::{self, Named};
use stella::job::manifest_file;
use stella::model::digest::Digest;
use stella::model::manifest::ReplayableManifest;

use crate::cli::scene::{advisory, npm_lock};
use crate::cli::score::at;
use crate::harness::{World, valid};

/// A repository with `count` canaries, each of a package of its own.
fn canaries(count: usize) -> World {
    let world = World::new();
    for i in 0..count {
        let package = format!("package-{i}");
        world.write("seen/package-lock.json", npm_lock(&[(&package, "1.0.0")]).to_string());
        let advisory = advisory("GHSA-1", "CVE-2020-0001", &package, "2.0.0", "HIGH");
        world.write("seen-feed/one.json", advisory.to_string());
        let folder = format!("fixtures/canaries/canary-{i}");
        let (manifest, expected) = (format!("{folder}/manifest.json"), format!("{folder}/expected"));
        let scan = ["scan", "--input", "seen/package-lock.json", "--feed", "seen-feed", "--store", "fixtures/store"];
        world.stella(0, &[&scan[..], &["--emit-manifest", &manifest, "--emit-artifacts-dir", &expected]].concat());
    }
    fs::remove_dir_all(world.work("seen")).unwrap();
    fs::remove_dir_all(world.work("seen-feed")).unwrap();
    world
}

/// Says that the checkout builds the built-in scanner.
fn with_subject(world: World) -> World {
    world.write(".stella.yaml", "subject: {kind: builtin}\n");
    world
}

/// Makes a canary drift: what it expects is not what comes out, and its manifest says so.
pub fn break_one(world: &World) {
    let (folder, golden) = ("fixtures/canaries/canary-0", "expected/findings.json");
    world.edit(&format!("{folder}/{golden}"), |findings| findings["findings"][0]["severity"] = json!("low"));
    forge(world, folder);
}

/// Makes a manifest true to the golden files beside it, as a recording of another scanner would have.
pub fn forge(world: &World, folder: &str) {
    let file = world.work(&format!("{folder}/manifest.json"));
    let mut manifest = manifest_file::read(&file).unwrap();
    for artifact in &mut manifest.artifacts {
        let golden = fs::read(world.work(&format!("{folder}/expected/{}", artifact.path))).unwrap();
        artifact.raw_sha256 = Digest::of(&golden);
        artifact.canonical_sha256 = canonicalize::digest(Profile::builtin(artifact.format), &golden).unwrap();
    }
    let outputs: Vec<Digest> = manifest.artifacts.iter().map(|artifact| artifact.raw_sha256).collect();
    let inputs = dimensions::of_manifest(&ReplayableManifest::try_from(manifest.clone()).unwrap()).unwrap();
    manifest.scan_id = dimensions::scan_id(&inputs, &outputs, manifest.created_at, Named::Sealed).unwrap();
    manifest.seal = Some(manifest_file::seal(&manifest).unwrap().into());
    fs::write(file, manifest_file::to_bytes(&manifest).unwrap()).unwrap();
}

pub fn codes(gate: &Value) -> Vec<&str> {
    gate["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

fn gate(world: &World, exit: u8, arguments: &[&str]) -> Value {
    let document = world.stella(exit, &[&["gate", "--format", "json"], arguments].concat()).stdout_json();
    valid(&document, "gate-v1.json");
    assert_eq!(document["exit"]["code"], exit);
    document
}

#[test]
fn the_gate_decides_and_every_report_says_why() {
    let world = with_subject(canaries(3));
    world
        .stella(0, &["ci", "--gate", "pr"])
        .says(&["gate pr: green", "the candidate (built-in scanner) was run on 3 of 3 (3 of 3 canaries)"]);
    break_one(&world);
    let reports = ["--junit", "r/junit.xml", "--result", "r/result.json", "--summary", "r/summary.md"];
    let run = world.stella(1, &[&["ci", "--gate", "pr"], &reports[..]].concat());
    let result = world.json("r/result.json");
    valid(&result, "result-v1.json");
    valid(&result["gate"], "gate-v1.json");
    assert_eq!((&result["gate"]["verdict"], codes(&result["gate"])), (&json!("fail"), vec!["unapproved-drift"]));
    for text in [&run.stdout, &world.read("r/junit.xml"), &world.read("r/summary.md")] {
        for word in ["gate pr", "was run on 3 of 3", "unapproved-drift", "canary-0", "66.6 % (2/3)", "95 % interval"] {
            assert!(text.contains(word), "`{word}` is not in:\n{text}");
        }
    }
    // Two of three matching is not the same question.
    let release = gate(&world, 1, &["release", "--result", "r/result.json"]);
    assert_eq!(codes(&release)[0], "canary-fidelity-below-minimum");
    assert!(codes(&release).contains(&"too-few-canaries"));
}

#[test]
fn a_verdict_in_a_result_is_not_believed() {
    let world = with_subject(canaries(1));
    break_one(&world);
    world.stella(1, &["ci", "--gate", "pr", "--result", "result.json"]);
    world.edit("result.json", |result| {
        result["gate"]["verdict"] = json!("green");
        result["gate"]["exit"] = json!({ "code": 0, "reason": "passed" });
        result["gate"]["reasons"] = json!([]);
        result["exit"] = json!({ "code": 0, "reason": "passed" });
    });
    assert_eq!(gate(&world, 1, &["pr", "--result", "result.json"])["verdict"], "fail");
}

#[test]
fn a_pull_request_ends_as_its_table_says() {
    let world = with_subject(canaries(1));
    let pr = |exit, reasons: &[&str]| {
        world.stella(exit, &["ci", "--gate", "pr", "--result", "result.json"]);
        assert_eq!(codes(&world.json("result.json")["gate"]), reasons);
        assert_eq!(codes(&gate(&world, exit, &["pr", "--result", "result.json"])), reasons);
    };
    pr(0, &[]);
    fs::remove_dir_all(world.work("fixtures/store")).unwrap();
    pr(3, &["unreplayable"]);
    fs::remove_dir_all(world.work("fixtures/canaries")).unwrap();
    pr(3, &["nothing-replayed"]);
}

#[test]
fn a_night_is_judged_with_those_before_it() {
    let world = canaries(2);
    let night = |now, exit, more: &[&str]| {
        at(&world, now, exit, &[&["ci", "--gate", "nightly", "--history", "h.jsonl"], more].concat())
    };
    // Two manifests, however often they are replayed, are too few: said aloud, and it blocks only where asked.
    night("2026-03-01T02:00:00Z", 0, &[]).says(&[
        "gate nightly: insufficient",
        "thin-window: 2 distinct manifests",
        "only where the gate is strict",
    ]);
    night("2026-03-02T02:00:00Z", 3, &["--strict"]).says(&["insufficient thin-window"]);
    assert_eq!(world.read("h.jsonl").lines().count(), 4);

    // With thresholds that fit a small set the same nights are green, then a drift is not.
    world.write(".stella.yaml", "thresholds: {min_manifests: 2, min_manifests_in_bucket: 2}\n");
    night("2026-03-03T02:00:00Z", 0, &[]).says(&["gate nightly: green", "100.0 % (6/6)", "2 distinct manifests"]);
    break_one(&world);
    let run = night("2026-03-04T02:00:00Z", 1, &[]);
    run.says(&["fail fidelity-below-fail: BF is 87.5 % (7/8), 95 % interval 52.9 to 97.8 %; wanted 90 %"]);
    // Judged again from the file alone, with no run: the same.
    let again = at(&world, "2026-03-04T02:00:00Z", 1, &["gate", "nightly", "--history", "h.jsonl"]);
    again.says(&["fidelity-below-fail", "gate nightly: fail"]);
    // And with the run in the history and given once more: it counts once.
    let pinned = ["ci", "--pinned", "--history", "h.jsonl", "--result", "result.json"];
    at(&world, "2026-03-05T02:00:00Z", 1, &pinned);
    let twice = ["gate", "nightly", "--history", "h.jsonl", "--result", "result.json", "--format", "json"];
    let gate = at(&world, "2026-03-05T02:00:00Z", 1, &twice).stdout_json();
    assert_eq!(gate["measured"][0]["sample"]["counts"]["total"], 10);
    // Weeks later the window is empty.
    at(&world, "2026-05-05T02:00:00Z", 0, &["gate", "nightly", "--history", "h.jsonl"])
        .says(&["thin-window: 0 distinct"]);
}

#[test]
fn a_warning_blocks_where_that_is_asked_and_the_command_line_wins() {
    let world = canaries(2);
    break_one(&world);
    let rules = "thresholds: {min_manifests: 2, fail: 0.5, min_manifests_in_bucket: 9}\n";
    world.write(".stella.yaml", rules);
    let night = ["ci", "--gate", "nightly", "--history", "h.jsonl"];
    world.stella(0, &night).says(&["gate nightly: warn", "fidelity-below-green"]);
    let judged = |exit, more: &[&str]| gate(&world, exit, &[&["nightly", "--history", "h.jsonl"], more].concat());
    assert_eq!(judged(0, &[])["verdict"], "warn");
    assert_eq!(judged(1, &["--fail-on", "warn"])["verdict"], "warn");
    world.write(".stella.yaml", format!("{rules}gates: {{nightly: {{fail_on: warn}}}}\n"));
    judged(1, &[]);
    judged(0, &["--fail-on", "fail"]);
}

#[test]
fn a_release_is_judged_by_its_canaries_and_by_its_history() {
    let world = with_subject(canaries(10));
    world.stella(0, &["ci", "--gate", "release"]).says(&["gate release: green", "canaries of this run, as a census"]);
    let run = world.stella(0, &["ci", "--gate", "release", "--history", "h.jsonl"]);
    run.says(&["gate release: insufficient", "thin-window: 0 distinct manifests compared"]);
    world.stella(3, &["ci", "--gate", "release", "--history", "other.jsonl", "--strict"]);
    break_one(&world);
    world.stella(1, &["ci", "--gate", "release"]).says(&["BF on the canaries is 90.0 % (9/10), below 98 %"]);
    fs::remove_dir_all(world.work("fixtures/canaries/canary-0")).unwrap();
    world.stella(3, &["ci", "--gate", "release"]).says(&["too-few-canaries: 9 canaries where a release needs 10"]);
}

#[test]
fn what_a_gate_cannot_judge_it_refuses() {
    let world = canaries(1);
    let refused = |arguments: &[&str], words: &[&str]| {
        world.stella(2, arguments).complains(words);
    };
    refused(&["gate", "pr"], &["gate `pr` judges a run, and none was given", "--result FILE"]);
    refused(&["gate", "release"], &["gate `release` judges a run"]);
    refused(&["gate", "nightly"], &["gate `nightly` judges a window of time", "--history FILE"]);
    refused(&["gate", "weekly"], &["invalid value 'weekly'"]);
    refused(&["ci", "--gate", "nightly"], &["gate `nightly` judges a window of time"]);
    // A part would pass for the whole, and pinned canaries for the candidate.
    refused(&["ci", "--gate", "pr", "--only", "canary-0"], &["cannot be used with", "--only"]);
    refused(&["ci", "--gate", "pr", "--pinned"], &["`--pinned` does not apply", "`--pinned` leaves out"]);
    refused(&["ci", "--gate", "release", "--pinned"], &["`--pinned` does not apply", "`--pinned` leaves out"]);
    refused(&["ci", "--strict"], &["none was asked"]);
    refused(&["gate", "pr", "--result", "none.json"], &["none.json"]);
    world.write("result.json", "{\"schema\": \"stella.result/9\"}");
    refused(&["gate", "pr", "--result", "result.json"], &["`stella.result/9`", "what `stella ci --result` writes"]);
    world.write("h.jsonl", "{\"schema\": 1}\n");
    refused(&["ci", "--gate", "nightly", "--history", "h.jsonl"], &["h.jsonl:1, byte 0", "never judged in part"]);
}

/// Every reason has a heading, and every heading is a reason.
#[test]
fn every_reason_is_explained() {
    use std::collections::BTreeSet;
    use stella::model::gate_result::ReasonCode;

    let page = fs::read_to_string(crate::harness::repository("docs/scores.md")).unwrap();
    let explained: BTreeSet<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let codes: BTreeSet<&str> = ReasonCode::ALL.iter().map(|code| code.code()).collect();
    assert_eq!(explained, codes);
}
