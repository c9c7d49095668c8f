//! `stella profile`: what is hidden and why, and whether a profile sees what it must.

use serde_json::json;

use crate::harness::{World, repository, valid};

#[test]
fn every_builtin_profile_is_listed() {
    let world = World::new();
    world.stella(0, &["profile", "list"]).says(&["cyclonedx ", "sarif ", "bytes "]);
    world.write("own.yaml", "profile: own\nform: json\n");
    world.write(".stella.yaml", "profiles: {sarif: own.yaml}\n");
    let list = world.stella(0, &["profile", "list", "--format", "json"]).stdout_json();
    valid(&list, "profile-list-v1.json");
    let profiles = list["profiles"].as_array().unwrap();
    let replaced: Vec<_> = profiles.iter().filter(|profile| profile["replaced"] == true).collect();
    assert_eq!((replaced.len(), &replaced[0]["name"]), (1, &json!("sarif")));
}

#[test]
fn a_name_means_the_profile_that_the_repository_has_for_it() {
    let world = World::new();
    let builtin = std::fs::read_to_string(repository("src/canonical/profiles/sarif.yaml")).unwrap();
    let own = "rules:\n  - {path: /runs/*/tool, action: drop, reason: our scanners are many}\n";
    world.write("own.yaml", builtin.replace("profile: sarif", "profile: own").replace("rules:\n", own));
    world.write(".stella.yaml", "profiles: {sarif: own.yaml}\n");
    world.copy_from_repository("tests/data/canonical/sarif/full.json", "report.json");
    let explain = |options: &[&str]| {
        let arguments = [&["profile", "explain", "report.json", "--format", "json"], options].concat();
        world.stella(0, &arguments).stdout_json()
    };
    let explained = explain(&["--profile", "sarif"]);
    assert_eq!(explained["profile"], "own");
    assert_eq!(explained, explain(&[]), "as without its name");
    let hash = |options: &[&str]| {
        world.stella(0, &[&["canonicalize", "report.json", "--hash", "--profile"], options].concat()).stdout.clone()
    };
    assert_eq!(hash(&["sarif"]), hash(&["own.yaml"]));
    assert_ne!(hash(&["sarif"]), hash(&["none"]));

    // What it hides is found on the documents of the name that was asked for.
    let hides = builtin.replace("rules:\n", "rules:\n  - {path: /**/level, action: drop, reason: levels vary}\n");
    world.write("own.yaml", hides.replace("profile: sarif", "profile: own"));
    world.stella(1, &["profile", "test", "sarif"]).says(&["own on sarif/full", "not seen: severity"]);
}

#[test]
fn what_is_hidden_is_explained() {
    let world = World::new();
    world.copy_from_repository("tests/data/canonical/cyclonedx/random-refs.json", "sbom.json");
    let run = world.stella(0, &["profile", "explain", "sbom.json", "--root", "/home/ci/app"]);
    run.says(&[
        "sbom.json under profile cyclonedx",
        "drop          /serialNumber: 1 place\n              a random UUID",
        "at /serialNumber",
        "root-map      (all): 2 places",
        "relabel       /**/bom-ref:",
        "set           /dependencies: 1 array, 1 put in order",
    ]);
    let explain = ["profile", "explain", "sbom.json", "--profile", "json", "--format", "json"];
    let explained = world.stella(0, &explain).stdout_json();
    valid(&explained, "profile-explanation-v1.json");
    assert_eq!((&explained["profile"], &explained["rules"]), (&json!("json"), &json!([])));
    world.stella(2, &["profile", "explain", "sbom.json", "--profile", "nope"]).complains(&["`nope`", "profile list"]);
    world.stella(2, &["profile", "explain", "sbom.json", "--root", "x"]).complains(&["`x` is not a root"]);
    world.stella(2, &["profile", "explain", "nowhere.json"]);
    world.write("bad.json", "{\"a\": 1, \"a\": 2}");
    world.stella(2, &["profile", "explain", "bad.json", "--profile", "json"]).complains(&["duplicate key `a`"]);
}

#[test]
fn the_builtin_profiles_stand_their_trial() {
    let world = World::new();
    let run = world.stella(0, &["profile", "test", "sarif"]);
    run.says(&["sarif on sarif/full: kill rate 100.0 %", "false alarms 0.0 %"]);
    let run = world.stella(0, &["profile", "test", "openvex", "--format", "json"]);
    valid(&run.stdout_json(), "profile-test-v1.json");
    world.stella(2, &["profile", "test", "bytes"]).complains(&["no document is known"]);
}

#[test]
fn a_profile_that_hides_too_much_or_too_little_fails() {
    let world = World::new();
    let builtin = std::fs::read_to_string(repository("src/canonical/profiles/cyclonedx.yaml")).unwrap();
    let hides = builtin.replace("rules:\n", "rules:\n  - {path: /**/severity, action: drop, reason: scores vary}\n");
    world.write("hides.yaml", hides);
    let document = repository("tests/data/canonical/cyclonedx/random-refs.json");
    let document = document.to_str().unwrap();
    let run = world.stella(1, &["profile", "test", "hides.yaml", "--document", document]);
    run.says(&["not seen: severity at /vulnerabilities/0/ratings/0/severity", "false alarms 0.0 %"]);

    // Seconds are masked and minutes are not: two values of one place that are not taken for the same.
    world.write(
        "little.yaml",
        "profile: little\nform: json\nrules:\n- {path: /at, action: mask, pattern: '[0-9]+$', reason: x}\n\
         - {path: /list, action: set, key: [n], reason: x}\n",
    );
    world.write("small.json", r#"{"at":"12","list":[{"n":"1"},{"n":"2"}]}"#);
    world.stella(0, &["profile", "test", "little.yaml", "--document", "small.json"]).says(&["kill rate 100.0 %"]);
}

/// A number that is new in every run, whatever the sandbox fixes: how the run is mounted and, where nothing is, the time.
const NEW: &str = "n=$( (cat /proc/self/mountinfo; date +%N) | cksum | cut -d' ' -f1)";

/// A scanner with everything that varies: a measurement, a random id, the path and the order of its input.
const SCANNER: &str = r#"
first=a.txt; second=b.txt
case $((n / 7 % 2)) in 0) first=b.txt; second=a.txt;; esac
printf '{"took":%s,"run":"%08x-aaaa-4aaa-8aaa-%012x","root":"%s","found":[{"file":"%s","severity":"high"},{"file":"%s","severity":"high"}]}' \
    "$n" "$n" "$n" "$PWD" "$first" "$second"
"#;

#[test]
fn a_profile_is_learnt_from_runs() {
    let world = World::new();
    world.write("in/a.txt", "a");
    world.write("in/b.txt", "b");
    world.script("scan.sh", &format!("{NEW}{SCANNER}"));
    let learn = ["profile", "learn", "--input", "in", "--artifact", "findings=-:json", "--again", "20"];
    let to_file = [&learn[..], &["--out", "own.yaml", "--", "./scan.sh"]].concat();
    let run = world.stella(0, &to_file);
    run.says(&["own.yaml"]).complains(&["4 new rules; 27 of 27 runs are then the same as the first"]);
    let profile = world.read("own.yaml");
    for words in [
        "the path of the input; differed: in another folder",
        "a measurement of the run; differed: the same again (20 of 20 runs)",
        "a random id; differed: the same again (20 of 20 runs)",
        "the same elements in another order; differed: the same again",
    ] {
        assert!(profile.contains(words), "`{words}` is not in:\n{profile}");
    }
    // What was learnt is a profile like any other, and sees what it must.
    world.write(
        "one.json",
        r#"{"took":1,"run":"x","root":"r","found":[{"file":"a","severity":"high"},{"file":"b","severity":"low"}]}"#,
    );
    world.stella(0, &["profile", "test", "own.yaml", "--document", "one.json"]).says(&["kill rate 100.0 %"]);

    let json = [&learn[..], &["--format", "json", "--", "./scan.sh"]].concat();
    valid(&world.stella(0, &json).stdout_json(), "profile-learn-v1.json");
}

#[test]
fn what_a_reader_would_act_upon_is_not_learnt_as_noise() {
    let world = World::new();
    world.write("in/a.txt", "a");
    let scanner = r#"printf '{"found":[{"file":"a","version":"1.%s"}]}' "$n""#;
    world.script("scan.sh", &format!("{NEW}\n{scanner}"));
    let learn = ["profile", "learn", "--input", "in", "--artifact", "findings=-:json", "--", "./scan.sh"];
    let run = world.stella(1, &learn);
    run.complains(&[
        "0 new rules; 0 of 11 runs",
        "not noise: /found/*/version: a version; differed: the same again (4 of 4 runs)",
    ]);
    world.script("bad.sh", "exit 1");
    let bad = ["profile", "learn", "--input", "in", "--expect-exit", "0", "--", "./bad.sh"];
    world.stella(3, &bad).complains(&["the first run did not go well", "exit code 1", "hint: "]);
    world.script("text.sh", "echo text");
    world.stella(2, &["profile", "learn", "--input", "in", "--", "./text.sh"]).complains(&["no artifact is JSON"]);
}
