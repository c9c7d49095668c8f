//! Manifests that were edited after they were recorded, and blobs that were damaged: never a match, never our fault.

use std::fs;

use serde_json::{Value, json};
use stella::job::dimensions::{self, Named};
use stella::job::manifest_file;
use stella::model::digest::Digest;
use stella::model::manifest::ReplayableManifest;

use crate::cli::scene::{only, recorded, scene};
use crate::harness::{World, repository};

/// An edit, and the field that is named for it.
struct Edit {
    named: &'static str,
    make: fn(&mut Value),
}

/// What the checksum alone would have told.
fn without_seal_and_exit_codes(manifest: &mut Value) {
    manifest.as_object_mut().unwrap().remove("seal");
    manifest["scanner"]["expected_exit_codes"] = json!([0, 1, 2]);
}

fn other() -> Value {
    json!(Digest::of(b"another").to_string())
}

/// Edits that no recording by any scanner could be.
const OF_ANY: [Edit; 51] = [
    Edit { named: "artifacts", make: |m| m["artifacts"] = json!([]) },
    Edit { named: "artifacts", make: |m| drop(m.as_object_mut().unwrap().remove("artifacts")) },
    Edit { named: "artifacts", make: all_ledgers },
    Edit { named: "artifacts[0].canonical_sha256", make: |m| m["artifacts"][0]["canonical_sha256"] = other() },
    Edit { named: "scan_id", make: |m| m["artifacts"][0]["raw_sha256"] = other() },
    Edit { named: "artifacts[0].format", make: |m| m["artifacts"][0]["format"] = json!("sarif") },
    Edit { named: "artifacts[1].path", make: twice },
    Edit { named: "environment.tz", make: |m| m["environment"]["tz"] = json!("Mars/Olympus") },
    Edit { named: "environment.tz", make: |m| m["environment"]["tz"] = json!("../../etc/passwd") },
    Edit { named: "environment.locale", make: |m| m["environment"]["locale"] = json!("xx_YY.UTF-8") },
    Edit { named: "environment.locale", make: |m| m["environment"]["locale"] = json!("") },
    Edit { named: "environment.cpu_count", make: |m| m["environment"]["cpu_count"] = json!(1_000_000_000) },
    Edit { named: "environment.cpu_count", make: |m| m["environment"]["cpu_count"] = json!(1024) },
    Edit { named: "environment.cpu_count", make: |m| m["environment"]["cpu_count"] = json!(1_u64 << 32) },
    Edit { named: "environment.cpu_count", make: |m| m["environment"]["cpu_count"] = json!(-1) },
    Edit {
        named: "environment.time_limit_seconds",
        make: |m| m["environment"]["time_limit_seconds"] = json!(1_u64 << 40),
    },
    Edit { named: "environment.memory_limit_mib", make: |m| m["environment"]["memory_limit_mib"] = json!(1_u64 << 40) },
    Edit { named: "environment.cpu_count", make: |m| m["environment"]["cpu_count"] = json!(0) },
    Edit { named: "environment.roots[0]", make: |m| m["environment"]["roots"] = json!(["/proc"]) },
    Edit { named: "environment.isolation", make: contradicting_isolation },
    Edit { named: "scan_id", make: |m| m["environment"]["seed"] = json!(7) },
    Edit { named: "scan_id", make: |m| m["environment"]["tz"] = json!("Europe/Vienna") },
    Edit { named: "scan_id", make: |m| m["environment"]["clock_value"] = json!("2020-01-01T00:00:00Z") },
    Edit { named: "scan_id", make: |m| m["environment"]["arch"] = json!("riscv64") },
    Edit { named: "scan_id", make: |m| m["created_at"] = json!("2020-01-01T00:00:00Z") },
    Edit { named: "scan_id", make: |m| m["scan_id"] = json!("scan-0123456789abcdef") },
    Edit { named: "scan_id", make: |m| m["input"]["digest"] = other() },
    Edit { named: "input.layers", make: |m| m["input"]["layers"] = json!([other()]) },
    Edit {
        named: "input.image_ref",
        make: |m| m["input"]["image_ref"] = json!(format!("example.com/a@{}", Digest::of(b"another"))),
    },
    Edit { named: "scanner.kind", make: |m| m["scanner"]["bundle_digest"] = other() },
    Edit { named: "scanner.expected_exit_codes[0]", make: |m| m["scanner"]["expected_exit_codes"] = json!([300]) },
    Edit { named: "seal", make: |m| drop(m["scanner"].as_object_mut().unwrap().remove("expected_exit_codes")) },
    Edit { named: "seal", make: |m| m["scanner"]["expected_exit_codes"] = json!([0, 1, 2]) },
    Edit { named: "seal", make: |m| m["scan_id"] = json!("other") },
    Edit { named: "seal", make: |m| m["scan_id"] = json!("") },
    Edit { named: "seal", make: |m| m["environment"]["time_limit_seconds"] = json!(7) },
    Edit { named: "seal", make: |m| m["normalization"]["canonicalizer_version"] = json!("0.1.0") },
    Edit { named: "seal", make: |m| m["artifacts"][0]["profile_digest"] = other() },
    Edit { named: "seal", make: |m| m["labels"] = json!({ "tier": "regulated" }) },
    Edit { named: "seal", make: |m| m["later"] = json!(1) },
    Edit { named: "seal", make: |m| m["seal"] = other() },
    Edit { named: "seal", make: |m| drop(m.as_object_mut().unwrap().remove("seal")) },
    Edit { named: "seal", make: |m| m["seal"] = Value::Null },
    Edit { named: "seal", make: |m| m["seal"] = json!("") },
    Edit { named: "seal", make: |m| m["seal"] = json!("sha256:...") },
    Edit { named: "seal", make: |m| m["seal"] = json!([1]) },
    Edit { named: "seal", make: without_seal_and_exit_codes },
    Edit { named: "artifacts[0].path", make: |m| m["artifacts"][0]["path"] = json!("") },
    Edit { named: "artifacts[0].path", make: |m| m["artifacts"][0]["path"] = json!("../../../etc/passwd") },
    Edit { named: "artifacts[0].path", make: |m| m["artifacts"][0]["path"] = json!("n".repeat(100_000)) },
    Edit { named: "scanner.env_names[0]", make: |m| m["scanner"]["env_names"] = json!(["PATH"]) },
];

fn all_ledgers(manifest: &mut Value) {
    for artifact in manifest["artifacts"].as_array_mut().unwrap() {
        artifact["type"] = json!("ledger");
    }
}

fn twice(manifest: &mut Value) {
    let first = manifest["artifacts"][0].clone();
    manifest["artifacts"].as_array_mut().unwrap().insert(1, first);
}

fn contradicting_isolation(manifest: &mut Value) {
    manifest["environment"]["isolation"] = json!("none");
    manifest["environment"]["ledger_digest"] = other();
}

/// Edits of a recording by the built-in scanner.
const OF_BUILT_IN: [Edit; 12] = [
    Edit { named: "input.path", make: |m| m["input"]["path"] = json!("/tmp/stella/input/..") },
    Edit { named: "input.type", make: |m| m["input"]["bundle_digest"] = other() },
    Edit { named: "feeds.vuln_feed_bundle_digest", make: |m| m["feeds"]["vuln_feed_bundle_digest"] = other() },
    Edit { named: "input.type", make: |m| m["input"]["type"] = json!("sbom") },
    Edit { named: "scanner.kind", make: |m| m["scanner"]["argv"] = json!(["/bin/true"]) },
    Edit { named: "feeds.bundles[0].name", make: |m| m["feeds"]["bundles"][0]["name"] = json!("n".repeat(100_000)) },
    Edit { named: "seal", make: |m| drop(m["policy"].as_object_mut().unwrap().remove("policy_set")) },
    Edit { named: "policy.policy_set", make: |m| m["policy"]["policy_set"] = json!("lax") },
    Edit { named: "scan_id", make: |m| m["policy"]["policy_content_digest"] = other() },
    Edit { named: "scan_id", make: |m| m["policy"] = json!({}) },
    Edit { named: "scan_id", make: |m| m["feeds"]["bundles"][0]["content_digest"] = other() },
    Edit { named: "scan_id", make: |m| m["scanner"]["flags"] = json!(["--distro=debian-12"]) },
];

/// Edits of a recording of a command.
const OF_COMMAND: [Edit; 8] = [
    Edit { named: "seal", make: |m| m["environment"]["ledger_digest"] = Value::Null },
    Edit { named: "artifacts[0].source", make: |m| m["artifacts"][0]["source"] = json!("../out.json") },
    Edit { named: "artifacts[0].path", make: |m| m["artifacts"][0]["path"] = json!("other.json") },
    Edit { named: "scanner.argv", make: |m| m["scanner"]["argv"] = json!([""]) },
    Edit { named: "scanner.set_env.TZ", make: |m| m["scanner"]["set_env"] = json!({ "TZ": "Asia/Tokyo" }) },
    Edit { named: "scanner.config_path", make: |m| m["scanner"]["config_path"] = json!("/tmp/stella/config/..") },
    Edit { named: "scan_id", make: |m| m["scanner"]["argv"] = json!(["{scanner}", "--quiet"]) },
    Edit { named: "scan_id", make: |m| m["scanner"]["scanner_binary_digest"] = other() },
];

fn commanded() -> World {
    let world = scene();
    world.script("scan.sh", "echo '{\"a\": 1}'");
    world.write("in/a", "");
    world.write("rules.yaml", "a: 1");
    let scan = ["scan", "--input", "in", "--scanner-config", "rules.yaml", "--artifact", "evidence=-:json"];
    world.stella(0, &[&scan[..], &["--", "./scan.sh"]].concat());
    world
}

#[test]
fn an_edited_manifest_ends_with_5_and_names_the_field() {
    for (world, edits) in
        [(recorded(), [&OF_ANY[..], &OF_BUILT_IN].concat()), (commanded(), [&OF_ANY[..], &OF_COMMAND].concat())]
    {
        world.stella(0, &["replay", "--from", "MANIFEST.json"]).says(&["match"]);
        let whole = world.read("MANIFEST.json");
        for Edit { named, make } in edits {
            world.write("MANIFEST.json", &whole);
            world.edit("MANIFEST.json", make);
            let run = world.stella(5, &["replay", "--from", "MANIFEST.json"]);
            run.complains(&[&format!("edited: `{named}`"), "hint: "]);
            assert!(run.stderr.len() < 5000, "{named}: {} bytes", run.stderr.len());
            assert_eq!(run.stdout, "", "{named}");
        }
    }
}

/// Named regression: what a scanner wrote once in the place of a report, such as an empty object on an error, was recorded as the
/// format that was said, and no replay of it began: it was called edited.
#[test]
fn a_document_of_no_known_format_replays_as_the_format_that_was_said() {
    let world = scene();
    world.script("scan.sh", "echo '{}'");
    world.write("in/a", "");
    for format in ["sarif", "cyclonedx", "cyclonedx/sarif"] {
        let artifact = format!("findings=-:{format}");
        world.stella(0, &["scan", "--input", "in", "--artifact", &artifact, "--", "./scan.sh"]);
        world.stella(0, &["replay", "--from", "MANIFEST.json"]).says(&["match"]);
        fs::remove_file(world.work("MANIFEST.json")).unwrap();
    }
}

impl Clone for Edit {
    fn clone(&self) -> Self {
        Self { named: self.named, make: self.make }
    }
}

#[test]
fn every_command_that_starts_from_a_manifest_says_the_same() {
    let world = recorded();
    world.edit("MANIFEST.json", |manifest| manifest["environment"]["tz"] = json!("Mars/Olympus"));
    for command in [&["replay"][..], &["explain"], &["chaos"], &["feed", "bisect"]] {
        let mut arguments = [command, &["--from", "MANIFEST.json"]].concat();
        if command == ["feed", "bisect"] {
            arguments.extend(["feed", "later"]);
        }
        world.stella(5, &arguments).complains(&["edited: `environment.tz`: `Mars/Olympus` is not a time zone"]);
    }
    let run = world.stella(5, &["manifest", "validate", "MANIFEST.json"]);
    run.says(&["MANIFEST.json: edited", "`environment.tz`"]);
    let run = world.stella(5, &["manifest", "validate", "MANIFEST.json", "--format", "json"]);
    assert_eq!(run.stdout_json()["manifests"][0]["state"], "edited");
}

#[test]
fn what_is_swapped_need_not_be_whole() {
    let world = recorded();
    let digest: Digest =
        world.json("MANIFEST.json")["feeds"]["bundles"][0]["digest"].as_str().unwrap().parse().unwrap();
    damage(&world, &digest);
    world.stella(5, &["replay", "--from", "MANIFEST.json"]).complains(&["damaged: `feeds.bundles[0].digest`"]);
    world.stella(0, &["replay", "--from", "MANIFEST.json", "--with", "feed=feed"]).says(&["match"]);
}

/// Puts other bytes where a blob is kept.
fn damage(world: &World, digest: &Digest) {
    let path = world.store().root().join("sha256").join(&digest.hex()[..2]).join(format!("{}.zst", digest.hex()));
    assert!(path.exists(), "{}", path.display());
    fs::write(path, zstd::encode_all(&b"other bytes"[..], 1).unwrap()).unwrap();
}

#[test]
fn every_damaged_blob_ends_with_5_and_names_the_field() {
    let fields = [
        ("/input/bundle_digest", "input.bundle_digest"),
        ("/scanner/config_digest", "scanner.config_digest"),
        ("/environment/ledger_digest", "environment.ledger_digest"),
        ("/artifacts/0/raw_sha256", "artifacts[0].raw_sha256"),
        ("/feeds/bundles/0/digest", "feeds.bundles[0].digest"),
        ("/policy/policy_bundle_digest", "policy.policy_bundle_digest"),
        ("/input/digest", "input.digest"),
        ("/scanner/scanner_binary_digest", "scanner.scanner_binary_digest"),
    ];
    let mut damaged = 0;
    for make in [recorded, commanded] {
        for (pointer, field) in fields {
            let world = make();
            let manifest = world.json("MANIFEST.json");
            let digest = manifest.pointer(pointer).and_then(Value::as_str).and_then(|text| text.parse().ok());
            let Some(digest) = digest.filter(|digest| world.blobs().contains_key(digest)) else { continue };
            damage(&world, &digest);
            if field == "scanner.scanner_binary_digest" {
                fs::remove_file(world.work("scan.sh")).unwrap();
            }
            let run = world.stella(5, &["replay", "--from", "MANIFEST.json"]);
            run.complains(&[&format!("damaged: `{field}`"), "is corrupt"]);
            damaged += 1;
        }
    }
    assert_eq!(damaged, 4 + 5);
}

#[test]
fn a_folder_in_the_place_of_a_blob_is_damage_too() {
    let world = recorded();
    let digest: Digest = world.json("MANIFEST.json")["input"]["digest"].as_str().unwrap().parse().unwrap();
    let path = world.store().root().join("sha256").join(&digest.hex()[..2]).join(format!("{}.zst", digest.hex()));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    world.stella(5, &["replay", "--from", "MANIFEST.json"]).complains(&["damaged: `input.digest`", "is corrupt"]);
}

#[test]
fn a_manifest_that_is_shown_is_said_to_be_edited() {
    let world = recorded();
    let run = world.stella(0, &["manifest", "show", "MANIFEST.json"]);
    assert_eq!(run.stderr, "");
    world.edit("MANIFEST.json", |manifest| manifest["labels"] = json!({ "tier": "regulated" }));
    world.stella(0, &["manifest", "show", "MANIFEST.json"]).complains(&["note: MANIFEST.json: edited: `seal`"]);
}

#[test]
fn in_a_run_an_edited_canary_is_unreplayable_and_the_others_run() {
    let world = scene();
    for name in ["edited", "emptied", "whole"] {
        let home = format!("fixtures/canaries/{name}");
        let (manifest, expected) = (format!("{home}/manifest.json"), format!("{home}/expected"));
        let scan = ["scan", "--input", "app/package-lock.json", "--feed", "feed", "--emit-manifest", &manifest];
        world.stella(0, &[&scan[..], &["--emit-artifacts-dir", &expected]].concat());
    }
    world.edit("fixtures/canaries/edited/manifest.json", |m| m["environment"]["tz"] = json!("Mars/Olympus"));
    world.edit("fixtures/canaries/emptied/manifest.json", |m| m["artifacts"] = json!([]));
    let run = world.stella(3, &["ci", "--pinned", "--format", "json"]);
    let result = run.stdout_json();
    let outcome = |id: &str| {
        let replays = result["replays"].as_array().unwrap();
        replays.iter().find(|replay| replay["id"] == id).unwrap().clone()
    };
    assert_eq!(outcome("whole")["outcome"], "match");
    for (id, said) in [("edited", "edited: `environment.tz`"), ("emptied", "edited: `artifacts`")] {
        assert_eq!(outcome(id)["outcome"], "unreplayable");
        assert!(outcome(id)["missing"][0].as_str().unwrap().starts_with(said), "{}", outcome(id));
    }
    let args = ["ci", "--pinned", "--junit", "junit.xml", "--summary", "summary.md"];
    let run = world.stella(3, &args);
    run.says(&["edited    `environment.tz`"]);
    for file in ["junit.xml", "summary.md"] {
        assert!(
            world.read(file).contains("edited: `environment.tz`")
                || world.read(file).contains("edited: &#96;environment.tz&#96;"),
            "{}",
            world.read(file)
        );
    }
}

#[test]
fn the_name_of_every_committed_canary_follows_from_its_fields() {
    let mut seen = 0;
    for canary in fs::read_dir(repository("fixtures/canaries")).unwrap() {
        let manifest = canary.unwrap().path().join("manifest.json");
        if manifest.exists() {
            let world = World::new();
            let path = manifest.to_str().unwrap();
            world.stella(0, &["manifest", "validate", path]).says(&["replayable"]);
            seen += 1;
        }
    }
    assert!(seen > 5);
}

/// The canaries of before are named so.
#[test]
fn a_recording_from_before_its_name_told_of_a_seal_may_lack_one() {
    let world = recorded();
    let mut manifest = manifest_file::read(&world.work("MANIFEST.json")).unwrap();
    let replayable = ReplayableManifest::try_from(manifest.clone()).unwrap();
    let outputs: Vec<Digest> = manifest.artifacts.iter().map(|artifact| artifact.raw_sha256).collect();
    let inputs = dimensions::of_manifest(&replayable).unwrap();
    manifest.seal = None;
    manifest.scan_id = dimensions::scan_id(&inputs, &outputs, manifest.created_at, Named::Either).unwrap();
    world.write("MANIFEST.json", String::from_utf8(manifest_file::to_bytes(&manifest).unwrap()).unwrap());
    world.stella(0, &["replay", "--from", "MANIFEST.json"]).says(&["match"]);
    world.edit("MANIFEST.json", |manifest| manifest["seal"] = json!(""));
    world.stella(5, &["replay", "--from", "MANIFEST.json"]).complains(&["edited: `seal`"]);
}

#[test]
fn a_recording_of_another_program_may_be_called_anything() {
    let world = recorded();
    world.rewrite("MANIFEST.json", |manifest| {
        manifest["scan_id"] = json!("nightly-42");
        manifest["environment"]["seed"] = json!(7);
    });
    let run = world.stella(0, &["replay", "--from", "MANIFEST.json", "--format", "json"]);
    assert_eq!(only(&run.stdout_json())["outcome"], "match");
}
