//! `stella replay`: the same again, or why not.

use std::fs;

use serde_json::{Value, json};
use stella::model::digest::Digest;
use stella::store::blob::BlobSource;

use crate::cli::scene::{only, recorded, scene};
use crate::harness::{World, repository, valid};

const REPLAY: [&str; 3] = ["replay", "--from", "MANIFEST.json"];

fn result(world: &World, exit: u8, more: &[&str]) -> Value {
    let run = world.stella(exit, &[&REPLAY[..], more, &["--format", "json"]].concat());
    let result = run.stdout_json();
    valid(&result, "result-v1.json");
    result
}

/// The command that a result gives to see it again.
fn reproduce(result: &Value) -> String {
    only(result)["reproduce"].as_str().unwrap().to_owned()
}

#[test]
fn the_same_is_a_match_at_every_level() {
    let world = recorded();
    world.stella(0, &REPLAY).says(&["match", "BF yes, SF yes, PF yes", "in process"]);
    let result = result(&world, 0, &["--out-dir", "again"]);
    assert_eq!(only(&result)["outcome"], "match");
    assert_eq!(only(&result)["levels"], json!({ "bf": true, "sf": true, "pf": true }));
    assert_eq!(only(&result)["digests"]["recorded"], only(&result)["digests"]["replayed"]);
    assert_eq!(world.json("again/.stella/result.json"), result);
    for name in ["sbom.cdx.json", "findings.json", "vex.cdx.json", "vex.openvex.json", "decision.json"] {
        assert_eq!(world.read(&format!("again/{name}")), world.read(&format!("out/{name}")), "{name}");
        assert_eq!(world.read(&format!("again/.stella/expected/{name}")), world.read(&format!("out/{name}")), "{name}");
    }
    world.stella(0, &["diff", "--a", "out", "--b", "again", "--mode", "bf"]).says(&["bitwise: same"]);
    assert_eq!(world.run(0, world.pasted(&reproduce(&result))).stderr, "");
}

#[test]
fn the_sandbox_gives_what_the_process_gave() {
    let world = recorded();
    world.stella(0, &[&REPLAY[..], &["--require-isolation", "none"]].concat()).says(&["match", "isolation"]);
}

#[test]
fn another_feed_is_feed_drift_and_names_what_flipped() {
    let world = recorded();
    // A path that a shell would take apart.
    fs::rename(world.work("later"), world.work("it's later")).unwrap();
    let result = result(&world, 1, &["--with", "feed=it's later", "--out-dir", "drift"]);
    let replay = only(&result);
    assert_eq!(replay["outcome"], "drift");
    assert_eq!(replay["mismatch_reason"], "feed_drift");
    assert_eq!(replay["causes"], json!([{ "reason": "feed_drift", "known_by": "floor" }]));
    let flipped = replay["diff_summary"]["findings"]["shown"].as_array().unwrap();
    assert_eq!(flipped.len(), 1);
    assert_eq!(flipped[0]["cve_id"], "CVE-2022-0002");
    assert_eq!(flipped[0]["direction"], "appeared");
    assert_eq!(replay["digests"]["recorded"]["input"], replay["digests"]["replayed"]["input"]);
    assert_ne!(replay["digests"]["recorded"]["feed"], replay["digests"]["replayed"]["feed"]);

    let again = world.run(1, world.pasted(&reproduce(&result)));
    again.says(&["CVE-2022-0002 in pkg:npm/marked@0.3.9 (high) appeared", "feed_drift (floor)", "reproduce"]);
    world.stella(1, &["diff", "--a", "out", "--b", "drift"]).says(&["CVE-2022-0002"]);
    world.stella(1, &["diff", "--a", "drift/.stella/expected", "--b", "drift"]).says(&["CVE-2022-0002"]);
}

#[test]
fn another_policy_is_policy_drift() {
    let world = recorded();
    world.write(
        "strict/rules.rego",
        "package stella.policy\n\nimport rego.v1\n\ndeny contains \"anything\" if count(input.findings) > 0\n",
    );
    let run = world.stella(1, &[&REPLAY[..], &["--with", "policy=strict"]].concat());
    run.says(&["policy_drift (floor)", "BF no, SF no, PF no", "pass → fail", "anything"]);
}

#[test]
fn another_scanner_or_input_is_named_too() {
    let world = recorded();
    world.write("other/package-lock.json", world.read("app/package-lock.json").replace("0.0.8", "0.2.4"));
    let result = result(&world, 1, &["--with", "input=other/package-lock.json"]);
    assert_eq!(only(&result)["mismatch_reason"], "input_drift");
    let flipped = &only(&result)["diff_summary"]["findings"]["shown"][0];
    assert_eq!((&flipped["cve_id"], &flipped["direction"]), (&json!("CVE-2020-0001"), &json!("disappeared")));

    world.write("in/x", "x");
    world.script("one.sh", "echo one");
    world.script("two.sh", "echo two");
    world.stella(0, &["scan", "--input", "in", "--artifact", "findings=-:bytes", "--", "./one.sh"]);
    let run = world.stella(1, &[&REPLAY[..], &["--with", "scanner=two.sh"]].concat());
    run.says(&["scanner_drift (floor)", "BF no, SF n/a, PF n/a"]);
}

#[test]
fn every_blob_that_is_gone_is_named_at_once() {
    let world = recorded();
    let manifest = world.json("MANIFEST.json");
    let gone: Vec<Digest> =
        [&manifest["input"]["digest"], &manifest["feeds"]["bundles"][0]["digest"]].map(digest).to_vec();
    for digest in &gone {
        fs::remove_file(world.store().path_of(digest)).unwrap();
    }
    let text = world.stella(3, &REPLAY);
    let names: Vec<String> = gone.iter().map(ToString::to_string).collect();
    text.says(&["unreplayable", &names[0], &names[1], "input", "feed `osv`"]);
    let missing = only(&result(&world, 3, &[]))["missing"].to_string();
    assert!(names.iter().all(|name| missing.contains(name)), "{missing}");

    // The artifacts are inputs of the comparison.
    let world = recorded();
    let raw = digest(&world.json("MANIFEST.json")["artifacts"][1]["raw_sha256"]);
    fs::remove_file(world.store().path_of(&raw)).unwrap();
    world.stella(3, &REPLAY).says(&["artifact `findings.json`", &raw.to_string()]);
}

fn digest(value: &Value) -> Digest {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn a_corrupt_blob_is_never_taken_for_a_gone_one() {
    let world = recorded();
    let input = digest(&world.json("MANIFEST.json")["input"]["digest"]);
    let path = world.store().path_of(&input);
    // Sound as an archive, but of other bytes.
    world.write("other.json", "{}");
    let scan = ["scan", "--input", "other.json", "--artifact", "findings=-:bytes", "--emit-manifest", "o.json"];
    world.stella(0, &[&scan[..], &["--", "pwd"]].concat());
    let other = digest(&world.json("o.json")["input"]["digest"]);
    fs::copy(world.store().path_of(&other), &path).unwrap();
    let run = world.stella(5, &REPLAY);
    let found = format!("expected {input}, found {other}");
    run.complains(&["damaged: `input.digest`", &found, path.file_name().unwrap().to_str().unwrap()]);

    // And one that is no archive at all.
    fs::write(&path, "garbage").unwrap();
    let run = world.stella(5, &REPLAY);
    run.complains(&["damaged: `input.digest`", path.file_name().unwrap().to_str().unwrap()]);

    // Recording again mends it.
    world.stella(0, &["scan", "--input", "app/package-lock.json", "--feed", "feed"]);
    assert!(world.store().get(&input).unwrap().is_some());
    world.stella(0, &REPLAY);
}

#[test]
fn a_manifest_that_cannot_be_replayed_says_why() {
    let world = recorded();
    fs::copy(repository("tests/data/manifest/published-example.json"), world.work("seed.json")).unwrap();
    let run = world.stella(3, &["replay", "--from", "seed.json"]);
    run.says(&["unreplayable", "input.layers[1]", "scanner.config_digest", "`sha256:...` is a placeholder"]);

    world.edit("MANIFEST.json", |manifest| manifest["manifest_version"] = json!("2.0"));
    let run = world.stella(2, &REPLAY);
    run.complains(&["MANIFEST.json", "`manifest_version` is `2.0`: this program reads 1.x", "hint: "]);
    assert_eq!(run.stdout, "");
}

#[test]
fn a_later_minor_version_and_unknown_fields_are_read() {
    let world = recorded();
    world.rewrite("MANIFEST.json", |manifest| {
        manifest["manifest_version"] = json!("1.7");
        manifest["later"] = json!({ "a": 1 });
        manifest["input"]["later"] = json!(true);
    });
    world.stella(0, &REPLAY).says(&["match"]);
}

#[test]
fn the_store_that_is_named_is_the_one_that_is_used() {
    let world = scene();
    let scan = ["scan", "--input", "app/package-lock.json", "--feed", "feed", "--store", "my store"];
    world.stella(0, &scan);
    assert!(!world.path("home/.local").exists());
    world.stella(3, &REPLAY).says(&["unreplayable"]);
    let result = result(&world, 0, &["--store", "my store"]);
    world.run(0, world.pasted(&reproduce(&result))).says(&["match"]);

    let mut by_variable = world.command(&REPLAY);
    by_variable.env("STELLA_STORE", "my store");
    world.run(0, by_variable).says(&["match"]);
    world.write(".stella.yaml", "store: my store\n");
    world.stella(0, &REPLAY).says(&["match"]);
}

#[test]
fn what_cannot_be_swapped_in_is_a_wrong_argument() {
    let world = recorded();
    world.write("feed.tar.zst", "not a bundle");
    let wrong: [(&[&str], &[&str]); 6] = [
        (&["--with", "feeds=later"], &["`feeds=later` names nothing to swap", "feed=PATH"]),
        (&["--with", "feed="], &["names nothing to swap"]),
        (&["--with", "feed=nowhere"], &["nowhere"]),
        (&["--with", "feed=feed.tar.zst"], &["feed.tar.zst", "cannot be used"]),
        (&["--with", "policy=app"], &["app"]),
        (&["--env", "NOPE"], &["the recording passed no variable `NOPE`"]),
    ];
    for (more, words) in wrong {
        world.stella(2, &[&REPLAY[..], more].concat()).complains(words);
    }
    world.stella(2, &["replay", "--from", "nowhere.json"]).complains(&[
        "cannot read the manifest",
        "`nowhere.json`",
        "No such file",
    ]);
}

/// A recording of a scanner that lists its feeds, with two of them.
fn with_two_feeds() -> World {
    let world = scene();
    world.script("list.sh", "cd \"$1\" && find . -type f | sort");
    let scan = ["scan", "--input", "app", "--feed", "one=feed", "--feed", "two=feed", "--artifact", "findings=-:bytes"];
    let manifest = ["--emit-manifest", "fixtures/canaries/two/manifest.json", "--store", "fixtures/store"];
    world.stella(0, &[&scan[..], &manifest, &["--", "./list.sh", "{feed}"]].concat());
    world
}

#[test]
fn one_of_several_feeds_is_swapped_by_its_name() {
    let world = with_two_feeds();
    let replay = |exit: u8, with: &str| {
        let from = ["replay", "--from", "fixtures/canaries/two/manifest.json", "--store", "fixtures/store"];
        world.stella(exit, &[&from[..], &["--with", with, "--format", "json"]].concat())
    };
    replay(2, "feed=later").complains(&["several feeds", "`one`, `two`", "feed=NAME=PATH"]);
    replay(2, "feed=three=later").complains(&["no feed `three`: it has `one`, `two`"]);
    let result = replay(1, "feed=two=later").stdout_json();
    assert_eq!(only(&result)["mismatch_reason"], "feed_drift");
    assert!(reproduce(&result).contains("--with feed=two=later"));
    // The other one stays.
    replay(0, "feed=two=feed");
}

#[test]
fn a_recording_that_the_subject_cannot_replace_is_replayed_as_recorded() {
    let world = with_two_feeds();
    for subject in ["{kind: feed, path: later}", "{kind: policy, path: rules}"] {
        world.write("rules/rules.rego", "package stella.policy\n\nimport rego.v1\n\ndeny contains \"no\" if false\n");
        world.write(".stella.yaml", format!("subject: {subject}\n"));
        // Without the policy that every recording names: as another program may write it.
        world.rewrite("fixtures/canaries/two/manifest.json", |manifest| {
            manifest["policy"] = json!({});
            manifest["scan_id"] = json!("two");
        });
        // What was built ran nowhere, so the run says nothing of it.
        let result = world.stella(3, &["ci", "--format", "json"]).stdout_json();
        assert_eq!(only(&result)["mode"], "fidelity", "{subject}");
        assert_eq!(only(&result)["outcome"], "match", "{subject}");
        assert_eq!(result["candidate"]["ran"], 0);
    }
}

#[test]
fn a_recording_of_the_built_in_scanner_has_no_command_for_another() {
    let world = recorded();
    world.script("scan.sh", "true");
    world.stella(2, &[&REPLAY[..], &["--with", "scanner=scan.sh"]].concat()).complains(&["has no command"]);
}

#[test]
fn other_rules_of_comparison_than_those_recorded_are_said() {
    let world = recorded();
    world.stella(0, &REPLAY).says(&["match"]);
    assert_eq!(only(&result(&world, 0, &[]))["notes"], json!([]));
    world.rewrite("MANIFEST.json", |manifest| {
        manifest["normalization"]["canonicalizer_version"] = json!("0.9.0");
        manifest["artifacts"][0]["profile_digest"] = json!(Digest::of(b"another").to_string());
    });
    let name = world.json("MANIFEST.json")["artifacts"][0]["path"].as_str().unwrap().to_owned();
    let notes = only(&result(&world, 0, &[]))["notes"].to_string();
    for words in ["canonicalizer 0.9.0", "another profile", &format!("`{name}`")] {
        assert!(notes.contains(words), "{words}: {notes}");
    }
}

#[test]
fn a_machine_without_room_is_no_wrong_argument() {
    let world = recorded();
    let mut command = world.command(&REPLAY);
    command.env("TMPDIR", world.path("nowhere"));
    world.run(4, command).complains(&["cannot make a private folder"]);
}

/// What the sandbox makes itself was read and changed at the recorded time. When an inode was made nobody can set: two runs
/// of a replay begin in different seconds, so that it is not taken for a drift that repeats.
#[test]
fn times_of_folders_are_the_clocks_and_times_of_inodes_are_flaky() {
    // Without a frozen clock and folders of the run's own there is nothing to see.
    if !World::new().command(&["doctor"]).output().unwrap().status.success() {
        return;
    }
    // When a folder of the machine was read last is what the machine has.
    let settable = "stat -c '%n %X %Y' .. ../home; stat -c '%n %Y' . ../out x";
    for (stat, exit, said) in [(settable, 0, "match"), ("stat -c %Z ..", 1, "flaky")] {
        let world = World::new();
        world.write("in/x", "x");
        let kept = ["scan", "--input", "in", "--clamp-file-times=false", "--artifact", "findings=-:bytes"];
        let scan = [&kept[..], &["--", "sh", "-c", stat]].concat();
        world.stella(0, &scan);
        // Another second than that of the recording.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        world.stella(exit, &["replay", "--from", "MANIFEST.json"]).says(&[said]);
    }
}
