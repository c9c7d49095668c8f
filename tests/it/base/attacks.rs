//! What the author of a malicious or careless pull request may try, each with a harmless twin that is green.

use std::os::unix::fs::symlink;

use serde_json::json;

use crate::base::forge::{Dev, Forge, about, codes};

const CASE: &str = "regressions/SCN-0001-minimist";
const CANARY: &str = "fixtures/canaries/npm-app";

/// An attack ends with 1 and exactly this code, about exactly this; its twin is green.
pub type Attack = (&'static str, fn(&Dev<'_>), &'static str, &'static str, fn(&Dev<'_>));

pub const ATTACKS: &[Attack] = &[
    (
        "delete a case",
        |dev| dev.remove(CASE),
        "recording-gone",
        "SCN-0001 gone",
        |dev| {
            dev.rename(CASE, "regressions/SCN-0001-called-otherwise");
        },
    ),
    (
        "delete a canary",
        |dev| dev.remove(CANARY),
        "recording-gone",
        "npm-app gone",
        |dev| {
            dev.copy(CANARY, "fixtures/canaries/npm-copy");
        },
    ),
    (
        "hide a case by a dot",
        |dev| dev.rename(CASE, "regressions/.SCN-0001"),
        "recording-gone",
        "SCN-0001 gone",
        |dev| {
            dev.rename(CASE, "tests/scanner/regressions/SCN-0001");
        },
    ),
    (
        "hide a canary by a dot",
        |dev| dev.rename(CANARY, "fixtures/canaries/.npm-app"),
        "recording-gone",
        "npm-app gone",
        |dev| dev.rename(CANARY, "fixtures/canaries/npm-renamed"),
    ),
    (
        "rename the manifest",
        |dev| dev.rename(&format!("{CANARY}/manifest.json"), &format!("{CANARY}/MANIFEST.json")),
        "recording-gone",
        "npm-app gone",
        |dev| dev.write(&format!("{CANARY}/README.md"), "what it is\n"),
    ),
    (
        "rename the metadata of a case",
        |dev| dev.rename(&format!("{CASE}/case.metadata.json"), &format!("{CASE}/metadata.json")),
        "recording-gone",
        "SCN-0001 gone",
        |dev| dev.replace(&format!("{CASE}/case.metadata.json"), "minimist is found", "it is found"),
    ),
    (
        "look elsewhere for cases",
        |dev| dev.configure("cases: [nowhere]"),
        "recording-gone",
        "SCN-0001 gone",
        |dev| dev.configure("cases: [regressions]"),
    ),
    (
        "expect nothing",
        |dev| dev.remove(&format!("{CASE}/expected")),
        "recording-loosened",
        "SCN-0001 unreadable",
        |dev| dev.write(&format!("{CASE}/case.md"), "# why, in other words\n"),
    ),
    (
        "retype a case",
        |dev| dev.edit(&format!("{CASE}/case.metadata.json"), |case| case["kind"] = json!("note")),
        "recording-loosened",
        "SCN-0001 kind",
        |dev| {
            dev.edit(&format!("{CASE}/case.metadata.json"), |case| {
                case["tags"].as_array_mut().unwrap().push(json!("more"))
            })
        },
    ),
    (
        "have the built-in scanner run a case",
        |dev| dev.write(&format!("{CASE}/input/config.json"), json!({"scanner": "builtin"}).to_string()),
        "recording-loosened",
        "SCN-0001 scanner",
        |dev| dev.write(&format!("{CASE}/input/config.json"), "{}\n"),
    ),
    (
        "give a case other flags",
        |dev| dev.write(&format!("{CASE}/input/config.json"), json!({"flags": ["--distro=debian-12"]}).to_string()),
        "recording-loosened",
        "SCN-0001 flags",
        |dev| dev.write(&format!("{CASE}/input/config.json"), json!({"flags": [], "seed": 0}).to_string()),
    ),
    (
        "give a case another input",
        |dev| dev.replace(&format!("{CASE}/input/package-lock.json"), "0.0.8", "0.2.2"),
        "recording-loosened",
        "SCN-0001 input",
        |dev| dev.write(&format!("{CASE}/notes.txt"), "beside the input\n"),
    ),
    (
        "expect something else of a case",
        |dev| dev.replace(&format!("{CASE}/expected/findings.json"), "medium", "low"),
        "recording-loosened",
        "SCN-0001 findings.json",
        |dev| {
            let text = dev.read(&format!("{CASE}/expected/findings.json"));
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            dev.write(&format!("{CASE}/expected/findings.json"), format!("{value:#}\n"));
        },
    ),
    (
        "expect something else of a canary",
        |dev| dev.replace(&format!("{CANARY}/expected/findings.json"), "medium", "low"),
        "recording-loosened",
        // And it is not what was recorded.
        "npm-app findings.json,npm-app unreplayable",
        |dev| dev.write(&format!("{CANARY}/why.md"), "what is expected, in words\n"),
    ),
    (
        "call findings a ledger",
        |dev| {
            dev.rewrite("npm-app", |manifest| {
                let artifacts = manifest["artifacts"].as_array_mut().unwrap();
                artifacts.iter_mut().find(|one| one["path"] == "findings.json").unwrap()["type"] = json!("ledger");
            });
        },
        "recording-loosened",
        // It is not compared any more either.
        "npm-app findings.json,npm-app reading of findings.json",
        |dev| dev.rewrite("npm-app", |manifest| manifest["labels"]["more"] = json!("labels")),
    ),
    (
        "read findings as anything",
        |dev| {
            dev.rewrite("npm-app", |manifest| {
                let artifacts = manifest["artifacts"].as_array_mut().unwrap();
                artifacts.iter_mut().find(|one| one["path"] == "findings.json").unwrap()["format"] = json!("json");
            });
        },
        "recording-loosened",
        "npm-app reading of findings.json",
        |dev| dev.rewrite("npm-app", |manifest| manifest["scan_id"] = json!("another-name")),
    ),
    (
        "take a canary out of the regulated tier",
        |dev| dev.rewrite("npm-app", |manifest| manifest["labels"]["tier"] = json!("free")),
        "recording-loosened",
        "npm-app labels",
        |dev| dev.rewrite("npm-other", |manifest| manifest["labels"]["tier"] = json!("regulated")),
    ),
    (
        "give a canary other flags",
        |dev| dev.rewrite("npm-app", |manifest| manifest["scanner"]["flags"] = json!(["--distro=debian-12"])),
        "recording-loosened",
        "npm-app flags",
        |dev| {
            dev.rewrite("npm-app", |manifest| {
                manifest["created_at"] = json!("2026-01-01T00:00:00Z");
                manifest["scan_id"] = json!("of-another-day");
            });
        },
    ),
    (
        "call the engine otherwise",
        |dev| dev.rewrite("npm-app", |manifest| manifest["scanner"]["engine"] = json!("another")),
        "recording-loosened",
        "npm-app engine",
        |dev| {
            dev.rewrite("npm-app", |manifest| {
                manifest["environment"]["kernel"] = json!("6.1.0");
                manifest["scan_id"] = json!("of-another-kernel");
            });
        },
    ),
    (
        "put a link in place of a case",
        |dev| {
            dev.rename(CASE, "elsewhere/SCN-0001");
            symlink("../elsewhere/SCN-0001", dev.path(CASE)).unwrap();
        },
        "recording-loosened",
        "SCN-0001 link",
        |dev| dev.copy(CASE, "elsewhere/SCN-0001"),
    ),
    (
        "lower a threshold",
        |dev| dev.configure("thresholds: {green: 0.5, bucket: 0.5, fail: 0.4}"),
        "rule-loosened",
        "thresholds.bucket,thresholds.fail,thresholds.green",
        |dev| dev.configure("thresholds: {green: 0.99}"),
    ),
    (
        "ask for fewer canaries",
        |dev| dev.configure("thresholds: {min_canaries: 1}"),
        "rule-loosened",
        "thresholds.min_canaries",
        |dev| dev.configure("thresholds: {min_canaries: 20} # more"),
    ),
    (
        "hide a field by a profile",
        |dev| {
            let known = crate::harness::repository("src/canonical/profiles/stella-findings.yaml");
            let mut profile = std::fs::read_to_string(known).unwrap();
            profile += "  - path: /findings/*/severity\n    action: drop\n    reason: it is only a number\n";
            dev.write("hide.yaml", profile);
            dev.configure("profiles: {stella-findings: hide.yaml}");
        },
        "rule-loosened",
        "profiles.stella-findings",
        |dev| dev.configure("# profiles: {stella-findings: hide.yaml}"),
    ),
    (
        "let approvals count that one brings",
        |dev| dev.configure("approvals: {in_head: yes}"),
        "rule-loosened",
        "approvals.in_head",
        |dev| dev.configure("approvals: {in_head: no}"),
    ),
    (
        "become an approver",
        |dev| dev.configure("approvals: {approvers: [mallory]}"),
        "rule-loosened",
        "approvals.approvers",
        |dev| dev.configure("history: true"),
    ),
    (
        "lose a finding",
        |dev| dev.edit("feed/GHSA-old.json", |record| record["affected"][0]["package"]["name"] = json!("other")),
        "unapproved-drift",
        "SCN-0001,npm-app,npm-other",
        |dev| dev.edit("feed/GHSA-old.json", |record| record["details"] = json!("in more words")),
    ),
    (
        "lose a finding and record the canary without it",
        |dev| {
            dev.edit("feed/GHSA-old.json", |record| record["affected"][0]["package"]["name"] = json!("other"));
            dev.remove("regressions");
            dev.remove("fixtures/canaries");
            dev.canary("npm-app", &["--label", "tier=regulated", "--label", "project=shop"]);
            dev.canary("npm-other", &[]);
        },
        "unapproved-drift",
        "SCN-0001,npm-app,npm-other",
        |dev| {
            dev.edit("feed/GHSA-old.json", |record| record["details"] = json!("in more words"));
            dev.remove("fixtures/canaries");
            dev.canary("npm-app", &["--label", "tier=regulated", "--label", "project=shop"]);
            dev.canary("npm-other", &[]);
        },
    ),
];

/// Judges every attack and its twin, each as a pull request of its own.
pub fn judge(forge: &Forge, attacks: &[Attack]) {
    for (name, attack, code, what, twin) in attacks {
        let pull = forge.pull(attack);
        let result = forge.judge(1, &pull);
        assert!(codes(&result, "fail").contains(&(*code).to_owned()), "{name}: {:#}", result["gate"]);
        let mut found = about(&result, code);
        found.sort();
        assert_eq!(found.join(","), *what, "{name}: {:#}", result["gate"]);
        let pull = forge.pull(twin);
        let result = forge.judge(0, &pull);
        assert_eq!(codes(&result, "fail"), [] as [&str; 0], "the twin of {name}");
        assert_eq!(result["gate"]["verdict"], "green", "the twin of {name}: {:#}", result["gate"]);
    }
}

#[test]
fn each_attack_is_red_for_its_reason_and_its_twin_is_green() {
    judge(&Forge::new(), ATTACKS);
}

#[test]
fn a_subject_that_is_dropped_is_no_verdict() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.write(".stella.yaml", "version: 1\n"));
    let result = forge.judge(3, &pull);
    assert_eq!(codes(&result, "insufficient"), ["candidate-dropped"]);
    let pull = forge.pull(|dev| {
        dev.write(
            ".stella.yaml",
            "version: 1\nsubject: {kind: feed, path: out, build: cp -r feed out}\ngates: {pr: {expect: exact}}\n",
        )
    });
    let result = forge.judge(0, &pull);
    let notes = result["base"]["notes"].to_string();
    assert!(notes.contains("`subject.build` is the checkout's"), "{notes}");
}

#[test]
fn no_file_with_rules_is_the_same_as_none_of_the_rules() {
    let forge = Forge::new();
    // The file itself goes, and what it says with it.
    let result = forge.judge(3, &forge.pull(|dev| dev.remove(".stella.yaml")));
    assert_eq!(codes(&result, "insufficient"), ["candidate-dropped"]);
    // Another file is named by a workflow that the same change edits.
    let pull = forge.pull(|dev| dev.write("weak.yaml", "version: 1\nthresholds: {green: 0.1, bucket: 0, fail: 0}\n"));
    forge.check_out(&pull.merge, Some(2));
    let run = forge.run(3, &forge.event(&pull), &["ci", "--gate", "pr", "--config", "weak.yaml"]);
    run.complains(&["has no `weak.yaml`", "it has `.stella.yaml`"]);
}

#[test]
fn two_with_one_id_are_refused_and_two_with_two_are_not() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.copy(CASE, "regressions/SCN-0001-again"));
    forge.check_out(&pull.merge, Some(2));
    let run = forge.run(2, &forge.event(&pull), &["ci", "--gate", "pr"]);
    run.complains(&["`SCN-0001` names both", "SCN-0001-again"]);
    let pull = forge.pull(|dev| {
        dev.copy(CASE, "regressions/SCN-0002-again");
        dev.replace("regressions/SCN-0002-again/case.metadata.json", "SCN-0001", "SCN-0002");
    });
    let result = forge.judge(0, &pull);
    assert_eq!(about(&result, "recording-added"), ["SCN-0002 new"]);
}

#[test]
fn what_is_taken_from_the_store_comes_from_the_base() {
    let forge = Forge::new();
    let taken = forge.pull(|dev| dev.remove("fixtures/store"));
    // Rot in one of them is what the base has instead, too.
    let rot = forge.pull(|dev| {
        for file in crate::harness::files(&dev.path("fixtures/store")) {
            std::fs::write(file, "rot").unwrap();
        }
    });
    // A manifest that says the same in other letters names the same blobs.
    let spelt = forge.pull(|dev| {
        dev.remove("fixtures/store");
        for canary in ["npm-app", "npm-other"] {
            let path = format!("fixtures/canaries/{canary}/manifest.json");
            let mut parts: Vec<String> = dev.read(&path).split("sha256:").map(str::to_owned).collect();
            for part in parts.iter_mut().skip(1) {
                let first = part.remove(0);
                part.insert_str(0, &format!("\\u{:04x}", u32::from(first)));
            }
            dev.write(&path, parts.join("sha256:"));
        }
    });
    let marked = forge.pull(|dev| {
        dev.remove("fixtures/store");
        for canary in ["npm-app", "npm-other"] {
            let path = format!("fixtures/canaries/{canary}/manifest.json");
            dev.write(&path, format!("\u{feff}{}", dev.read(&path)));
        }
    });
    for pull in [taken, rot, spelt, marked] {
        // Everything is replayed, and what no later change could replay is a change that fails.
        let result = forge.judge(1, &pull);
        assert!(result["replays"].as_array().unwrap().iter().all(|replay| replay["outcome"] == "match"), "{result:#}");
        assert_eq!(codes(&result, "fail"), ["recording-loosened"], "{:#}", result["gate"]);
    }
}

#[test]
fn a_new_case_counts_in_the_change_that_brings_it() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| {
        dev.copy(CASE, "regressions/SCN-0002");
        dev.replace("regressions/SCN-0002/case.metadata.json", "SCN-0001", "SCN-0002");
        dev.replace("regressions/SCN-0002/expected/findings.json", "medium", "low");
    });
    let result = forge.judge(1, &pull);
    assert_eq!(about(&result, "unapproved-drift"), ["SCN-0002"]);
}

#[test]
fn approving_oneself_does_nothing_where_the_base_does_not_say_so() {
    let forge = Forge::new();
    let lose = |dev: &Dev<'_>| {
        dev.edit("feed/GHSA-old.json", |record| record["affected"][0]["package"]["name"] = json!("other"));
        let run = dev.stella(0, &["accept", "--base", "main", "--reason", "it is right", "--by", "alice"]);
        run.says(&[" written to approvals.yaml"]);
    };
    let pull = forge.pull(lose);
    let result = forge.judge(1, &pull);
    assert_eq!(codes(&result, "fail"), ["unapproved-drift"]);
    assert_eq!(codes(&result, "note"), ["approvals-waiting"]);
    // The base that says so, and says so first.
    forge.on_main(|dev| dev.configure("approvals: {in_head: yes}"));
    let pull = forge.pull(lose);
    let words = forge.words(0, &pull);
    let first = words.lines().next().unwrap();
    assert!(first.contains("approvals of this checkout counted: the base's `approvals.in_head` allows it"), "{words}");
}
