//! `stella manifest`: show, validate, migrate.

use std::fs;

use serde_json::json;

use crate::cli::scene::recorded;
use crate::harness::{repository, valid};

#[test]
fn show_tells_what_a_scan_depended_on() {
    let world = recorded();
    let manifest = world.json("MANIFEST.json");
    world.stella(0, &["manifest", "show", "MANIFEST.json"]).says(&[
        manifest["scan_id"].as_str().unwrap(),
        "package-lock.json",
        manifest["input"]["digest"].as_str().unwrap(),
        "scanner   stella 0.",
        "feed      osv sha256:",
        "policy    stella-default",
        manifest["policy"]["policy_bundle_digest"].as_str().unwrap(),
        "clock     frozen 2026-01-02T03:04:05Z",
        "TZ=UTC C",
        "artifact  findings.json (stella-findings) sha256:",
    ]);
    let run = world.stella(0, &["manifest", "show", "MANIFEST.json", "--format", "json"]);
    assert_eq!(run.stdout_json(), manifest);
}

#[test]
fn validate_lists_every_problem_of_every_file() {
    let world = recorded();
    fs::copy(repository("tests/data/manifest/published-example.json"), world.work("seed.json")).unwrap();
    world.write("broken.json", "{\"manifest_version\": \"1.0\",\n \"scan_id\": 7}");
    world.stella(0, &["manifest", "validate", "MANIFEST.json", "MANIFEST.json"]);
    let run = world.stella(3, &["manifest", "validate", "MANIFEST.json", "seed.json"]);
    run.says(&["MANIFEST.json: replayable", "seed.json: not replayable"]);
    let fields = [
        "image_ref",
        "layers[0]",
        "layers[1]",
        "scanner_image_digest",
        "config_digest",
        "vuln_feed_bundle_digest",
        "license_db_digest",
        "policy_bundle_digest",
    ];
    run.says(&fields);
    let run = world.stella(2, &["manifest", "validate", "MANIFEST.json", "seed.json", "broken.json", "nowhere.json"]);
    run.says(&["broken.json: unreadable", "`scan_id`", "nowhere.json: unreadable"]);

    let files = ["MANIFEST.json", "seed.json", "broken.json"];
    let run = world.stella(2, &[&["manifest", "validate", "--format", "json"][..], &files].concat());
    let all = run.stdout_json();
    valid(&all, "manifest-validation-v1.json");
    let states: Vec<_> = all["manifests"].as_array().unwrap().iter().map(|m| m["state"].clone()).collect();
    assert_eq!(states, [json!("replayable"), json!("not-replayable"), json!("unreadable")]);
}

#[test]
fn migrate_changes_the_version_and_nothing_else() {
    let world = recorded();
    world.rewrite("MANIFEST.json", |manifest| {
        manifest["x_mine"] = json!([1, { "b": null }]);
        manifest["scanner"]["x_mine"] = json!("kept");
    });
    let before = world.json("MANIFEST.json");
    let run = world.stella(0, &["manifest", "migrate", "MANIFEST.json"]);
    assert_eq!(run.stdout_json(), before);
    world.stella(0, &["manifest", "migrate", "MANIFEST.json", "--out", "new.json"]);
    assert_eq!(world.json("new.json"), before);
    world.stella(0, &["replay", "--from", "new.json"]).says(&["match"]);

    world.edit("MANIFEST.json", |manifest| manifest["manifest_version"] = json!("2.0"));
    world.stella(2, &["manifest", "migrate", "MANIFEST.json"]).complains(&["`2.0`", "1.x"]);
}
