//! `stella report`, and the reports that `stella ci --out-dir` leaves.

use std::fs;

use serde_json::{Value, json};

use crate::cli::attacks;
use crate::cli::gate::forge;
use crate::cli::scene::{advisory, npm_lock};
use crate::harness::{World, files, repository, valid};

/// A result of every outcome, as an older version wrote it.
fn stored() -> World {
    let world = World::new();
    world.write("result.json", fs::read(repository("tests/data/report/result-v1.json")).unwrap());
    world
}

const FORMS: [(&str, &str); 13] = [
    ("--html", "<!doctype html>"),
    ("--markdown", "## stella: failed"),
    ("--junit", "<?xml"),
    ("--sarif", "\"version\": \"2.1.0\""),
    ("--code-quality", "\"check_name\": \"decision-changed\""),
    ("--job-summary", "## stella: failed"),
    ("--comment", "<!-- stella:comment:stella -->\n## stella: failed"),
    ("--github-annotations", "::error file=regressions/SCN-0001-missed-cve/case.metadata.json,line=3,title="),
    ("--github-outputs", "replays="),
    ("--azure", "##vso[task.logissue type=error;sourcepath="),
    ("--buildkite", "## stella: failed"),
    ("--badge", "<svg "),
    ("--badge-json", "\"schemaVersion\": 1"),
];

#[test]
fn a_stored_result_is_shown_in_every_form() {
    let world = stored();
    for (form, begin) in FORMS {
        let printed = world.stella(0, &["report", form, "result.json"]).stdout;
        assert!(printed.contains(begin), "{form}:\n{printed}");
        world.stella(0, &["report", "result.json", form, "-o", "deep/er/file"]);
        assert_eq!(world.read("deep/er/file"), printed, "{form}");
    }
    let help = world.stella(0, &["report", "--help"]).stdout;
    let offered =
        help.lines().skip_while(|line| !line.starts_with("Forms:")).filter(|line| line.trim().starts_with("--"));
    assert_eq!(offered.count(), FORMS.len(), "{help}");
}

#[test]
fn what_cannot_be_shown_is_named() {
    let world = stored();
    world.stella(2, &["report", "result.json"]).complains(&["--html", "--junit"]);
    fs::create_dir(world.work("folder")).unwrap();
    world.stella(4, &["report", "--html", "result.json", "-o", "folder"]).complains(&["folder"]);
    world.stella(2, &["report", "--html", "--junit", "result.json"]).complains(&["cannot be used with"]);
    world.stella(2, &["report", "--html", "nowhere.json"]).complains(&["nowhere.json"]);
    world.write("other.json", "{}");
    world.stella(2, &["report", "--html", "other.json"]).complains(&["hint: `other.json` is not what"]);
    for (option, value, hint) in [
        ("--key", "a b", "a key has 1 to 64"),
        ("--key", "-->", "a key has 1 to 64"),
        ("--commit", "main", "hexadecimal"),
        ("--link", "http://x.example", "https://"),
        ("--link", "javascript:alert(1)", "https://"),
    ] {
        let given = format!("{option}={value}");
        world.stella(2, &["report", "--comment", "result.json", &given]).complains(&[option, hint]);
    }
}

#[test]
fn a_comment_says_what_is_new_since_the_last() {
    let world = stored();
    let options = ["--key", "linux", "--commit", "c0ffee0123456789", "--link", "https://ci.example/run/1"];
    let first = [&["report", "--comment", "result.json", "-o", "first.md"][..], &options].concat();
    world.stella(0, &first);
    let text = world.read("first.md");
    assert!(
        text.starts_with("<!-- stella:comment:linux -->\n") && text.contains("(https://ci.example/run/1)"),
        "{text}"
    );
    let again = ["report", "--comment", "result.json", "--before", "first.md"];
    world.stella(0, &again).says(&["Since your last push: 0 fixed, 0 new, 4 as before."]);
    // What another hand wrote is no memory.
    world.write("first.md", text.replace("stella:standing:1 ", "stella:standing:1 x "));
    assert!(!world.stella(0, &again).stdout.contains("Since your last push"));
}

#[test]
fn a_badge_tells_the_day_and_is_not_shown_for_long() {
    let world = stored();
    let badge = |now: &str| {
        let mut command = world.command(&["report", "--badge-json", "result.json"]);
        command.env("STELLA_TEST_NOW", now);
        world.run(0, command).stdout_json()
    };
    let fresh = badge("2026-02-05T00:00:00Z");
    assert_eq!((&fresh["label"], &fresh["message"]), (&json!("Replay Fidelity"), &json!("100.0% (2026-02-03)")));
    assert_eq!(badge("2026-02-07T00:00:00Z")["message"], "no run since 2026-02-03");
    world.write("history.jsonl", "");
    let none = world.stella(0, &["report", "--badge-json", "result.json", "--history", "history.jsonl"]);
    assert_eq!(none.stdout_json()["message"], "no run yet");
}

/// A repository with a case that broke.
fn broken() -> World {
    let world = World::new();
    let folder = "regressions/SCN-0001-minimist";
    let metadata = json!({
        "id": "SCN-0001", "title": "minimist is found", "kind": "vulnerability-missed", "source": "test", "severity": "high",
        "tags": ["language:javascript", "package:minimist"],
    });
    world.write(&format!("{folder}/case.metadata.json"), format!("{metadata:#}"));
    world.write(&format!("{folder}/case.md"), "# why\n");
    world.write(&format!("{folder}/input/package-lock.json"), npm_lock(&[("minimist", "0.0.8")]).to_string());
    let record = advisory("GHSA-old", "CVE-2020-0001", "minimist", "0.2.1", "MODERATE");
    world.write(&format!("{folder}/input/feed/GHSA-old.json"), record.to_string());
    let finding = json!({
        "cve_id": "CVE-2020-0001", "aliases": ["GHSA-old"], "affected_purl": "pkg:npm/minimist@0.0.8", "package": "minimist",
        "version": "0.0.8", "severity": "critical", "fixed_versions": ["0.2.1"], "reachability": "unknown",
        "vex_status": "under_investigation",
    });
    let expected = json!({ "schema": "stella.findings/1", "findings": [finding] });
    world.write(&format!("{folder}/expected/findings.json"), expected.to_string());
    world
}

#[test]
fn a_run_leaves_its_reports_and_each_names_finding_values_cause_and_command() {
    let world = broken();
    world.stella(1, &["ci", "--out-dir", "o"]);
    valid(&world.json("o/result.json"), "result-v1.json");
    for file in ["o/report.html", "o/junit.xml", "o/summary.md", "o/stella.sarif", "o/result.json"] {
        let text = world.read(file);
        for word in ["CVE-2020-0001", "critical", "medium", "scanner_drift", "stella ci --only SCN-0001"] {
            assert!(text.contains(word), "`{word}` is not in {file}:\n{text}");
        }
        assert!(!text.contains(world.path("").to_str().unwrap()), "{file} names a path of this machine");
    }
    let quality = world.json("o/codequality.json");
    assert_eq!(quality[0]["location"]["path"], "regressions/SCN-0001-minimist/case.metadata.json");
    // No two outputs disagree: what is made from the stored result is what the run left.
    for (form, file) in [
        ("--html", "o/report.html"),
        ("--junit", "o/junit.xml"),
        ("--markdown", "o/summary.md"),
        ("--sarif", "o/stella.sarif"),
        ("--code-quality", "o/codequality.json"),
    ] {
        assert_eq!(world.stella(0, &["report", form, "o/result.json"]).stdout, world.read(file), "{form}");
    }
    let command = world.json("o/result.json")["replays"][0]["reproduce"].as_str().unwrap().to_owned();
    world.run(1, world.pasted(&command)).says(&["CVE-2020-0001"]);
}

/// The gate of a result is judged again, and a report without one says that there was one.
#[test]
fn a_stored_verdict_is_not_believed() {
    let world = broken();
    world.write(".stella.yaml", "subject: {kind: builtin}\n");
    world.stella(3, &["ci", "--gate", "release", "--result", "r.json"]);
    let plain = world.stella(0, &["report", "--markdown", "r.json"]);
    plain.complains(&["note: ", "--gate release"]);
    assert!(!plain.stdout.contains("gate release"), "{}", plain.stdout);
    world.edit("r.json", |result| result["gate"]["verdict"] = json!("green"));
    let judged = world.stella(0, &["report", "--markdown", "r.json", "--gate", "release"]);
    judged.says(&["gate release: ", "too-few-canaries"]);
    assert!(judged.stderr.is_empty(), "{}", judged.stderr);
}

const SECRET: &str = "hunter2-0123456789";

/// A secret that a scanner found stands in its output, as a key beside it, and in what it says when it fails.
#[test]
fn a_secret_that_was_found_is_shown_nowhere() {
    let world = World::new();
    world.write("in/a.env", "A=1\n");
    let leaks = json!({
        "leaks": [{ "RuleID": "generic", "Match": format!("key = \"{SECRET}\""), "Secret": SECRET, "File": "a.env" }],
        "seen": { SECRET: 1 },
    });
    world.script("scan.sh", &format!("cat <<'END'\n{leaks}\nEND"));
    let folder = "fixtures/canaries/leaks";
    let (manifest, expected) = (format!("{folder}/manifest.json"), format!("{folder}/expected"));
    let scan = ["scan", "--input", "in", "--artifact", "findings=-:json", "--store", "fixtures/store"];
    let scan = [&scan[..], &["--emit-manifest", &manifest, "--emit-artifacts-dir", &expected, "--", "./scan.sh"]];
    world.stella(0, &scan.concat());
    // Another count under the same key: the first difference is at a place that the secret names.
    let golden = files(&world.work(&expected)).into_iter().find(|path| path.ends_with("findings.out")).unwrap();
    let text = fs::read_to_string(&golden).unwrap().replace(&format!("\"{SECRET}\":1"), &format!("\"{SECRET}\":2"));
    fs::write(&golden, text).unwrap();
    forge(&world, folder);

    let run = world.stella(1, &["ci", "--out-dir", "o", "--junit", "j.xml"]);
    let result = world.json("o/result.json");
    let at = &result["replays"][0]["diff_summary"]["artifacts"][0]["first_difference"];
    assert_eq!(at, "/seen/REDACTED", "{result:#}");
    assert!(
        result["replays"][0]["notes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|note| { note.as_str().unwrap().contains("that a secret scanner found") })
    );
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"), "{}", run.stdout);
    let kept = files(&world.work("o"));
    assert!(kept.iter().any(|path| path.ends_with("actual/findings.out")), "{kept:?}");
    for path in kept.iter().chain([&world.work("j.xml")]) {
        assert!(!fs::read_to_string(path).unwrap().contains("hunter2"), "{}", path.display());
    }
    let _: Value = world.json("o/leaks/actual/findings.out");
    // Blobs are packed, and the input of such a replay has what was found in it.
    let list = world.json("o/reproduce/reproduce.json");
    assert_eq!((&list["replays"], &list["not_kept"][0]["id"]), (&json!([]), &json!("leaks")));
    assert!(!kept.iter().any(|path| path.extension().is_some_and(|extension| extension == "zst")), "{kept:?}");
}

/// A run of which nothing can be said leaves no predicate, not even an older one.
#[test]
fn a_predicate_is_written_where_a_candidate_ran_and_no_older_one_stays() {
    let world = attacks::repository(2);
    let run = |exit: u8, more: &[&str]| world.stella(exit, &[&["ci", "--predicate", "p.json"][..], more].concat());
    run(3, &["--gate", "release"]);
    assert_eq!(world.json("p.json")["ranOn"], 3);
    run(2, &["--gate", "pr"]).complains(&["--predicate", "it is what the gate `release` says"]);
    world.write(".stella.yaml", "version: 1\n");
    run(3, &["--gate", "release"]).complains(&["note: no predicate is written: no candidate with one digest ran"]);
    assert!(!world.exists("p.json"));
}
