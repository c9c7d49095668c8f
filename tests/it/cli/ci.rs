//! `stella ci`: every case and canary of a repository.

use std::fs;

use serde_json::{Value, json};

use crate::cli::scene::{advisory, npm_lock, only};
use crate::harness::{World, copy, valid};

const CVE: &str = "CVE-2020-0001";

/// Writes a case that expects the one finding of its own feed.
fn case(world: &World, folder: &str, id: &str) {
    let metadata = json!({
        "id": id, "title": "minimist is found", "kind": "vulnerability-missed", "source": "test", "severity": "high",
        "tags": ["language:javascript", "package:minimist"],
    });
    world.write(&format!("{folder}/case.metadata.json"), format!("{metadata:#}"));
    world.write(&format!("{folder}/case.md"), "# why\n");
    world.write(&format!("{folder}/input/package-lock.json"), npm_lock(&[("minimist", "0.0.8")]).to_string());
    let record = advisory("GHSA-old", CVE, "minimist", "0.2.1", "MODERATE");
    world.write(&format!("{folder}/input/feed/GHSA-old.json"), record.to_string());
    world.write(&format!("{folder}/expected/findings.json"), findings("medium").to_string());
}

fn findings(severity: &str) -> Value {
    json!({ "schema": "stella.findings/1", "findings": [{
        "cve_id": CVE, "aliases": ["GHSA-old"], "affected_purl": "pkg:npm/minimist@0.0.8", "package": "minimist",
        "version": "0.0.8", "severity": severity, "fixed_versions": ["0.2.1"], "reachability": "unknown",
        "vex_status": "under_investigation",
    }] })
}

/// A repository with one case and one canary, both green.
fn repository() -> World {
    let world = World::new();
    case(&world, "regressions/SCN-0001-minimist", "SCN-0001");
    canary(&world, "npm-app");
    world
}

fn canary(world: &World, name: &str) {
    world.write("seen/package-lock.json", npm_lock(&[("minimist", "0.0.8"), ("marked", "0.3.9")]).to_string());
    world.write("seen-feed/old.json", advisory("GHSA-old", CVE, "minimist", "0.2.1", "MODERATE").to_string());
    let folder = format!("fixtures/canaries/{name}");
    world.stella(
        0,
        &[
            "scan",
            "--input",
            "seen/package-lock.json",
            "--feed",
            "seen-feed",
            "--store",
            "fixtures/store",
            "--emit-manifest",
            &format!("{folder}/manifest.json"),
            "--emit-artifacts-dir",
            &format!("{folder}/expected"),
        ],
    );
    // A fresh checkout has only what is committed.
    fs::remove_dir_all(world.work("seen")).unwrap();
    fs::remove_dir_all(world.work("seen-feed")).unwrap();
}

fn result(world: &World, exit: u8, more: &[&str]) -> Value {
    let result = world.stella(exit, &[&["ci", "--format", "json"], more].concat()).stdout_json();
    valid(&result, "result-v1.json");
    result
}

#[test]
fn a_case_and_a_canary_are_green() {
    let world = repository();
    world.stella(0, &["ci"]).says(&["SCN-0001", "npm-app", "regression", "fidelity", "passed: 2 of 2 replays match"]);
    let result = result(&world, 0, &[]);
    let modes: Vec<_> = result["replays"].as_array().unwrap().iter().map(|r| (&r["id"], &r["mode"])).collect();
    assert_eq!(modes, [(&json!("SCN-0001"), &json!("regression")), (&json!("npm-app"), &json!("fidelity"))]);
    assert_eq!(only(&self::result(&world, 0, &["--pinned"]))["id"], "npm-app");
    assert_eq!(only(&self::result(&world, 0, &["--only", "SCN-0001-minimist"]))["id"], "SCN-0001");
}

#[test]
fn every_report_names_the_finding_the_case_and_the_command() {
    let world = repository();
    world.write("regressions/SCN-0001-minimist/expected/findings.json", findings("critical").to_string());
    let reports =
        ["--junit", "r/junit.xml", "--result", "r/result.json", "--summary", "r/summary.md", "--out-dir", "o"];
    let run = world.stella(1, &[&["ci"][..], &reports].concat());
    let json = world.read("r/result.json");
    valid(&world.json("r/result.json"), "result-v1.json");
    for text in [&run.stdout, &world.read("r/junit.xml"), &json, &world.read("r/summary.md")] {
        for word in [CVE, "SCN-0001", "minimist", "stella ci --only SCN-0001 --out-dir regress-out", "scanner_drift"] {
            assert!(text.contains(word), "`{word}` is not in:\n{text}");
        }
    }
    run.says(&["severity critical → medium", "failed: 1 of 2 replays match; 1 drift"]);
    run.complains(&["done    [", "drift  SCN-0001"]);
    // The finding that was expected beside the one that came.
    let difference = world
        .stella(1, &["diff", "--a", "o/SCN-0001/expected/findings.json", "--b", "o/SCN-0001/actual/findings.json"]);
    difference.says(&["severity critical → medium"]);
    assert!(world.exists("o/npm-app/expected/findings.json") && world.exists("o/npm-app/actual/findings.json"));
    let again = world.json("r/result.json")["replays"][0]["reproduce"].as_str().unwrap().to_owned();
    world.run(1, world.pasted(&again)).says(&[CVE]);
}

#[test]
fn the_number_of_jobs_changes_nothing() {
    let world = repository();
    for i in 2..10 {
        case(&world, &format!("regressions/SCN-000{i}"), &format!("SCN-000{i}"));
    }
    world.write("regressions/SCN-0004/expected/findings.json", findings("low").to_string());
    let timeless = |jobs: &str| {
        let mut result = result(&world, 1, &["--jobs", jobs]);
        result["replays"].as_array_mut().unwrap().iter_mut().for_each(|replay| replay["duration_ms"] = json!(0));
        result
    };
    assert_eq!(timeless("1"), timeless("8"));
}

#[test]
fn both_layouts_are_found() {
    let world = repository();
    case(&world, "tests/scanner/regressions/SCN-0002", "SCN-0002");
    fs::create_dir_all(world.work("regressions/.hidden/input")).unwrap();
    fs::create_dir_all(world.work("regressions/not-a-case")).unwrap();
    assert_eq!(result(&world, 0, &[])["replays"].as_array().unwrap().len(), 3);
    world.write(".stella.yaml", "cases: [tests/scanner/regressions]\ncanaries: []\n");
    assert_eq!(only(&result(&world, 0, &[]))["id"], "SCN-0002");
}

#[test]
fn a_case_that_cannot_be_read_is_an_error_with_its_place() {
    let broken: [(&str, &str, &[&str]); 8] = [
        ("case.metadata.json", "{\n  \"id\": \"SCN-0001\",\n  oops\n}", &["case.metadata.json:3", "not a valid"]),
        ("case.metadata.json", "{\"id\": \"SCN-0001\"}", &["case.metadata.json:1", "missing field `title`"]),
        (
            "case.metadata.json",
            "{\n\"id\": \"SCN-0001\",\n\"colour\": 1}",
            &["case.metadata.json:3", "unknown field `colour`"],
        ),
        ("input/config.json", "{\n\n\"flag\": []}", &["input/config.json:3", "unknown field `flag`"]),
        ("input/config.json", "{\"feed\": \"../../feed\"}", &["input/config.json: `feed`: leaves the case's folder"]),
        ("expected/findings.json", "{\"schema\": \"stella.findings/1\"", &["expected/findings.json"]),
        ("expected/findings.json", "", &["expected/findings.json"]),
        ("expected/sub/findings.json", "{}", &["expected/sub"]),
    ];
    for (file, text, words) in broken {
        let world = repository();
        world.write(&format!("regressions/SCN-0001-minimist/{file}"), text);
        let run = world.stella(2, &["ci", "--junit", "junit.xml", "--result", "result.json"]);
        run.complains(words).complains(&["regressions/SCN-0001-minimist"]);
        assert!(!world.exists("junit.xml") && !world.exists("result.json"));
    }
    let world = repository();
    fs::remove_dir_all(world.work("regressions/SCN-0001-minimist/expected")).unwrap();
    world.stella(2, &["ci"]).complains(&["regressions/SCN-0001-minimist", "expected"]);
    let world = repository();
    fs::remove_file(world.work("regressions/SCN-0001-minimist/case.metadata.json")).unwrap();
    world.stella(2, &["ci"]).complains(&["case.metadata.json"]);
    let world = repository();
    fs::remove_file(world.work("fixtures/canaries/npm-app/manifest.json")).unwrap();
    world.stella(2, &["ci"]).complains(&["fixtures/canaries/npm-app: the folder has no `manifest.json`"]);
}

#[test]
fn ids_are_unique() {
    let world = repository();
    case(&world, "regressions/other", "SCN-0001");
    let run = world.stella(2, &["ci"]);
    run.complains(&["`SCN-0001` names both", "regressions/SCN-0001-minimist", "regressions/other", "must be unique"]);
    let world = repository();
    case(&world, "regressions/other", "npm-app");
    world.stella(2, &["ci"]).complains(&["`npm-app` names both", "regressions/other", "fixtures/canaries/npm-app"]);
}

#[test]
fn nothing_to_replay_is_never_a_pass() {
    let world = World::new();
    let run = world.stella(3, &["ci", "--junit", "junit.xml"]);
    run.says(&["inconclusive"]).complains(&["error: nothing to replay", "hint: `stella init`"]);
    assert!(world.exists("junit.xml"));
    case(&world, "regressions/SCN-0001", "SCN-0001");
    world
        .stella(3, &["ci", "--pinned"])
        .complains(&["error: nothing to replay", "hint: record a canary: `stella scan --store "]);
}

#[test]
fn an_id_that_is_not_there_is_a_wrong_argument() {
    let world = repository();
    let run = world.stella(2, &["ci", "--only", "scn-1"]);
    run.complains(&["nothing is called `scn-1`"]);
    world.stella(2, &["ci", "--only", "SCN-0002"]).complains(&["did you mean `SCN-0001`?"]);
    world.stella(2, &["ci", "--only", "scn-0001"]).complains(&["did you mean `SCN-0001`?"]);
    world.stella(2, &["ci", "--only", "npm_app"]).complains(&["did you mean `npm-app`?"]);
    // One that is there does not hide one that is not.
    world.stella(2, &["ci", "--only", "SCN-0001", "--only", "nope"]).complains(&["`nope`"]);
}

#[test]
fn the_configuration_is_read_strictly() {
    let wrong: [(&str, &[&str]); 5] = [
        ("version: 1\ncasses: [x]\n", &[".stella.yaml:2:1", "unknown field `casses`"]),
        ("version: 1\nsubject:\n  kind: scanner\n  pth: x\n", &[".stella.yaml:4:3", "unknown field `pth`"]),
        ("version: 9\n", &["`version`: 9 is newer than this program"]),
        ("cases: [a\n", &[".stella.yaml:", "not a valid configuration"]),
        ("subject: {kind: feed}\n", &["`subject.path`: missing"]),
    ];
    for (text, words) in wrong {
        let world = repository();
        world.write(".stella.yaml", text);
        world.stella(2, &["ci"]).complains(words).complains(&["hint: docs/configuration.md"]);
    }
    let world = repository();
    world.write(".stella.yaml", "profiles: {sarif: deep.yaml}\n");
    world.write("deep.yaml", "{a: ".repeat(100_000));
    world.stella(2, &["ci"]).complains(&["deep.yaml: nested deeper than 64 brackets"]);
    repository().stella(2, &["ci", "--config", "nowhere.yaml"]).complains(&["nowhere.yaml", "hint: `stella init`"]);
}

#[test]
fn another_configuration_is_part_of_the_command_that_reproduces() {
    let world = World::new();
    case(&world, "sub/mine/SCN-0001", "SCN-0001");
    world.write("sub/my config.yaml", "cases: [mine]\n");
    world.write("sub/mine/SCN-0001/expected/findings.json", findings("low").to_string());
    let result = result(&world, 1, &["--config", "sub/my config.yaml"]);
    world.run(1, world.pasted(only(&result)["reproduce"].as_str().unwrap())).says(&["SCN-0001"]);
}

#[test]
fn a_scanner_of_the_checkout_is_built_and_swapped_in() {
    let world = repository();
    let good = format!(
        "#!/bin/sh\ncp \"$1\" seen.json && cat \"$2\"/*.json > /dev/null && cat > \"$3/findings.json\" <<'END'\n{}\nEND\nexit 1\n",
        findings("medium")
    );
    world.write("scan.in", &good);
    world.write(
        ".stella.yaml",
        "subject:\n  kind: scanner\n  build: mkdir -p bin && cp scan.in bin/scan && chmod +x bin/scan && echo built\n  \
         path: bin/scan\n  engine: scan\n  argv: ['{scanner}', '{input}', '{feed}', '{out}']\n  \
         artifacts: ['findings={out}/findings.json']\n  expect_exit: [0, 1]\n",
    );
    let run = world.stella(0, &["ci"]);
    run.complains(&["built"]).says(&["passed: 2 of 2 replays match"]);
    assert!(!run.stdout.contains("built"), "stdout is ours");

    // Broken on purpose: it drops the finding.
    world.write("scan.in", good.replace("CVE-2020-0001", "CVE-2020-9999"));
    let result = result(&world, 1, &["--only", "SCN-0001"]);
    assert_eq!(only(&result)["mismatch_reason"], "scanner_drift");
    assert!(only(&result)["diff_summary"].to_string().contains(CVE));

    world.write("scan.in", "#!/bin/sh\nexit 9\n");
    world.stella(3, &["ci", "--only", "SCN-0001"]).says(&["unhealthy", "exit code 9, expected [0, 1]"]);

    world.write(".stella.yaml", world.read(".stella.yaml").replace("build: mkdir -p bin && ", "build: false && "));
    let run = world.stella(4, &["ci"]);
    run.complains(&["the subject's build `false && cp scan.in", "failed", "exit status: 1"]);
    // Pinned nothing is built.
    world.stella(0, &["ci", "--pinned"]);
}

#[test]
fn a_feed_of_the_checkout_is_swapped_in() {
    let world = repository();
    world.write("records/old.json", advisory("GHSA-old", CVE, "minimist", "0.2.1", "MODERATE").to_string());
    world.write(".stella.yaml", "subject:\n  kind: feed\n  path: records\n");
    let run = result(&world, 0, &[]);
    assert_eq!(run["replays"][1]["mode"], "regression");

    world.write("records/old.json", advisory("GHSA-old", CVE, "minimist", "0.0.1", "MODERATE").to_string());
    let run = result(&world, 1, &[]);
    for replay in run["replays"].as_array().unwrap() {
        assert_eq!(replay["outcome"], "drift");
        assert_eq!(replay["mismatch_reason"], "feed_drift", "{}", replay["id"]);
        assert_eq!(replay["diff_summary"]["findings"]["shown"][0]["direction"], "disappeared");
    }
}

#[test]
fn a_policy_of_the_checkout_is_swapped_in() {
    let world = repository();
    // The case says what must be decided, too.
    copy(
        &world.work("fixtures/canaries/npm-app/expected/decision.json"),
        &world.work("regressions/SCN-0001-minimist/expected/decision.json"),
    );
    world.write(".stella.yaml", "subject:\n  kind: policy\n  path: rules\n");
    let rules = |severity: &str| {
        format!(
            "package stella.policy\n\nimport rego.v1\n\ndeny contains \"no\" if {{\n\tsome f in input.findings\n\tf.severity == \"{severity}\"\n}}\n"
        )
    };
    world.write("rules/rules.rego", rules("critical"));
    result(&world, 0, &[]);
    world.write("rules/rules.rego", rules("medium"));
    let run = result(&world, 1, &[]);
    for replay in run["replays"].as_array().unwrap() {
        assert_eq!(replay["mismatch_reason"], "policy_drift", "{}", replay["id"]);
        assert_eq!(replay["levels"]["pf"], false);
    }
    world.write("rules/rules.rego", "package stella.policy\n\nnot rego");
    let run = world.stella(2, &["ci"]);
    run.complains(&["the subject cannot be used", "the policy `./rules` does not load", "rules.rego"]);
}

#[test]
fn an_edited_canary_is_unreplayable_and_says_that_it_was_edited() {
    let world = repository();
    let golden = "fixtures/canaries/npm-app/expected/findings.json";
    world.edit(golden, |golden| golden["findings"][0]["severity"] = json!("low"));
    for more in [&[][..], &["--pinned"]] {
        let result = result(&world, 3, more);
        let replay = result["replays"].as_array().unwrap().last().unwrap();
        assert_eq!((&replay["id"], &replay["outcome"]), (&json!("npm-app"), &json!("unreplayable")));
        let why = replay["missing"][0].as_str().unwrap();
        assert!(why.contains("the recording was edited: `expected/findings.json`"), "{why}");
    }
    let manifest = "fixtures/canaries/npm-app/manifest.json";
    world
        .stella(5, &["replay", "--from", manifest, "--store", "fixtures/store"])
        .complains(&["the recording was edited"]);
    world.stella(5, &["manifest", "validate", manifest]).says(&["edited", "expected/findings.json"]);
    // One that is missing is taken from the store.
    fs::remove_file(world.work(golden)).unwrap();
    world.stella(0, &["ci", "--pinned"]);
    world.stella(0, &["replay", "--from", manifest, "--store", "fixtures/store"]);
    world.stella(0, &["manifest", "validate", manifest]);
    fs::remove_dir_all(world.work("fixtures/store")).unwrap();
    world.stella(3, &["ci", "--pinned"]).says(&["unreplayable", "missing"]);
}

#[test]
fn each_replay_is_its_own_fault_domain() {
    let world = repository();
    canary(&world, "placeholders");
    world.edit("fixtures/canaries/placeholders/manifest.json", |m| m["input"]["digest"] = json!("sha256:..."));
    case(&world, "regressions/SCN-0002", "SCN-0002");
    world.write("regressions/SCN-0002/input/package-lock.json", "not a lockfile");
    let result = result(&world, 3, &[]);
    let outcome = |id: &str| {
        let replays = result["replays"].as_array().unwrap();
        replays.iter().find(|replay| replay["id"] == id).unwrap()["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(outcome("SCN-0001"), "match");
    assert_eq!(outcome("npm-app"), "match");
    assert_eq!(outcome("placeholders"), "unreplayable");
    assert_eq!(outcome("SCN-0002"), "unhealthy");
}

#[test]
fn what_a_scanner_of_the_checkout_writes_is_read_by_its_content_or_as_it_says() {
    let world = World::new();
    case(&world, "regressions/SCN-0001", "SCN-0001");
    let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": []}]}"#;
    world.write("regressions/SCN-0001/expected/findings.json", format!("{sarif}\n"));
    world.script("scan", &format!("cat > \"$1/findings.json\" <<'END'\n{sarif}\nEND"));
    let configuration = |artifact: &str| {
        let subject = "subject:\n  kind: scanner\n  path: scan\n  argv: ['{scanner}', '{out}']\n  artifacts: ";
        world.write(".stella.yaml", format!("{subject}['findings={{out}}/findings.json{artifact}']\n"));
    };
    for artifact in [":sarif", ""] {
        configuration(artifact);
        assert_eq!(only(&result(&world, 0, &[]))["levels"]["sf"], true, "`{artifact}`");
    }
    // A text of no known format is findings by its name, unless the scanner's own configuration says what it is.
    world.write("regressions/SCN-0001/expected/findings.json", "plain\n");
    world.script("scan", "echo plain > \"$1/findings.json\"");
    world.stella(2, &["ci"]).complains(&["expected/findings.json"]);
    configuration(":bytes");
    result(&world, 0, &[]);
}

#[test]
fn a_case_reads_nothing_outside_its_folder() {
    let folder = "regressions/SCN-0001-minimist";
    for name in ["expected/findings.json", "case.metadata.json", "input/package-lock.json", "input/feed", "input"] {
        let world = repository();
        fs::rename(world.work(&format!("{folder}/{name}")), world.work("outside")).unwrap();
        std::os::unix::fs::symlink(world.work("outside"), world.work(&format!("{folder}/{name}"))).unwrap();
        if name == "input/package-lock.json" {
            world.write(&format!("{folder}/input/config.json"), r#"{"input": "package-lock.json"}"#);
        }
        let run = world.stella(2, &["ci"]);
        assert!(
            format!("{}{}", run.stderr, run.stdout).contains(&format!("{folder}/{name}")),
            "{name}: {}",
            run.stdout
        );
    }
    let world = repository();
    let golden = world.work("fixtures/canaries/npm-app/expected/findings.json");
    fs::rename(&golden, world.work("outside")).unwrap();
    std::os::unix::fs::symlink(world.work("outside"), &golden).unwrap();
    world.stella(4, &["ci", "--pinned"]).says(&["fixtures/canaries/npm-app/expected/findings.json"]);
}

#[test]
fn a_case_for_the_built_in_scanner_still_takes_the_feed_of_the_checkout() {
    let world = World::new();
    case(&world, "regressions/SCN-0001", "SCN-0001");
    world.write("regressions/SCN-0001/input/config.json", r#"{"scanner": "builtin"}"#);
    world.write("records/old.json", advisory("GHSA-old", CVE, "minimist", "0.0.1", "MODERATE").to_string());
    world.write(".stella.yaml", "subject:\n  kind: feed\n  path: records\n");
    assert_eq!(only(&result(&world, 1, &[]))["mismatch_reason"], "feed_drift");
    world.script("scan", "exit 9");
    world.write(
        ".stella.yaml",
        "subject: {kind: scanner, path: scan, argv: ['{scanner}'], artifacts: ['findings=findings.json']}\n",
    );
    // The only case does not run what was built: it matches, and nobody knows whether something broke.
    assert_eq!(only(&result(&world, 3, &[]))["outcome"], "match");
    assert_eq!(only(&result(&world, 0, &["--only", "SCN-0001"]))["candidate"], false);
}

#[test]
fn a_subject_that_is_not_there_is_a_wrong_configuration() {
    let world = repository();
    for subject in
        ["kind: feed", "kind: scanner, engine: scan, argv: ['{scanner}'], artifacts: ['findings=findings.json']"]
    {
        world.write(".stella.yaml", format!("subject: {{{subject}, path: nowhere}}\n"));
        world.stella(2, &["ci"]).complains(&["nowhere"]);
    }
}
