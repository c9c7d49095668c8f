//! A run in shards: what comes of all of them together is what one run would have said, and nothing less is green.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::base::forge::{Forge, Pull, codes};
use crate::harness::{World, copy, files, valid};

const COUNT: u32 = 3;

/// What takes longer on one day than on another, or is of one process, in a result.
fn timeless(mut result: Value) -> Value {
    for key in ["started_at", "finished_at"] {
        result[key] = json!(null);
    }
    for replay in result["replays"].as_array_mut().unwrap() {
        replay["duration_ms"] = json!(0);
    }
    result
}

/// The environment of one attempt of a job.
fn job(forge: &Forge, pull: &Pull, attempt: u32) -> BTreeMap<String, String> {
    let mut environment = forge.event(pull);
    environment.insert("GITHUB_RUN_ID".into(), "77".into());
    environment.insert("GITHUB_RUN_ATTEMPT".into(), attempt.to_string());
    environment
}

/// Runs a shard in a fresh checkout; the file with its result.
fn shard(forge: &Forge, pull: &Pull, (index, attempt): (u32, u32), exit: u8) -> String {
    forge.check_out(&pull.merge, None);
    let file = forge.world.path(&format!("shard-{index}-{attempt}/result.json")).to_str().unwrap().to_owned();
    let name = format!("{index}/{COUNT}");
    let run = forge.run(exit, &job(forge, pull, attempt), &["ci", "--gate", "pr", "--shard", &name, "--result", &file]);
    assert!(!run.stdout.contains("passed:") && !run.stdout.contains("gate pr: pass"), "{}", run.stdout);
    run.says(&[&format!("shard {name}, "), "all of them are judged together when they are merged"]);
    let result: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    valid(&result, "result-v1.json");
    assert_ne!(result["gate"]["verdict"], "green");
    assert_eq!((&result["partial"], &result["shard"]["index"]), (&json!(true), &json!(index)));
    file
}

fn merge(forge: &Forge, pull: &Pull, exit: u8, files: &[&str]) -> Value {
    forge.check_out(&pull.merge, None);
    let arguments = [&["merge", "--gate", "pr", "--format", "json"][..], files].concat();
    let result = forge.run(exit, &job(forge, pull, 1), &arguments).stdout_json();
    valid(&result, "result-v1.json");
    result
}

fn more(forge: &Forge) {
    forge.on_main(|dev| {
        for i in 2..5 {
            dev.case(&format!("regressions/SCN-000{i}"), &format!("SCN-000{i}"));
        }
    });
}

#[test]
fn shards_of_a_pull_request_merged_say_what_one_run_says() {
    let forge = Forge::new();
    more(&forge);
    let nothing = |dev: &crate::base::forge::Dev<'_>| dev.write("README.md", "more\n");
    let lost = |dev: &crate::base::forge::Dev<'_>| {
        dev.edit("feed/GHSA-old.json", |record| record["withdrawn"] = json!("2026-01-01T00:00:00Z"));
        dev.configure("thresholds: {green: 0.95}");
    };
    type Change<'a> = &'a dyn Fn(&crate::base::forge::Dev<'_>);
    let table: [(Change<'_>, u8); 2] = [(&nothing, 0), (&lost, 1)];
    for (change, exit) in table {
        let pull = forge.pull(change);
        let files: Vec<String> = (1..=COUNT).map(|index| shard(&forge, &pull, (index, 1), exit)).collect();
        let of: Vec<&str> = files.iter().map(String::as_str).collect();
        let merged = merge(&forge, &pull, exit, &of);
        let whole = forge.judge_with_history(exit, &pull);
        assert_eq!(timeless(merged), timeless(whole));
        // In the words of the report, too, whatever the order, and from folders.
        forge.check_out(&pull.merge, None);
        let root = forge.world.path("all");
        for (i, file) in files.iter().enumerate() {
            fs::create_dir_all(root.join(i.to_string())).unwrap();
            fs::copy(file, root.join(i.to_string()).join("result.json")).unwrap();
        }
        let said = forge.run(exit, &job(&forge, &pull, 1), &["merge", "--gate", "pr", root.to_str().unwrap()]).stdout;
        // How long each took stands in the last column of the table, and at the end of the line of each that drifted.
        let words = |text: &str| -> Vec<String> {
            let timeless = |line: &str| match line.starts_with('│') {
                true => line.rsplit_once('┆').map_or(line, |(rest, _)| rest).to_owned(),
                false if line.ends_with(" s)") => line.rsplit_once(", ").map_or(line, |(rest, _)| rest).to_owned(),
                false => line.to_owned(),
            };
            text.lines().map(timeless).collect()
        };
        assert_eq!(words(&said), words(&forge.words_with_history(exit, &pull)));
        // Without one of them it is not green.
        let less = merge(&forge, &pull, if exit == 0 { 3 } else { 1 }, &of[1..]);
        assert_eq!(less["missing_shards"], json!(["1/3"]));
        assert!(codes(&less, "insufficient").contains(&"missing-shard".to_owned()), "{:#}", less["gate"]);
        assert_eq!(less["replays"].as_array().unwrap().len(), 6);
    }
}

#[test]
fn a_shard_that_is_run_again_counts_and_one_of_another_run_does_not() {
    let forge = Forge::new();
    more(&forge);
    let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
    let mut files: Vec<String> = (1..=COUNT).map(|index| shard(&forge, &pull, (index, 1), 0)).collect();
    files.push(shard(&forge, &pull, (2, 2), 0));
    let of: Vec<&str> = files.iter().map(String::as_str).collect();
    let merged = merge(&forge, &pull, 0, &of);
    assert_eq!(merged["warnings"], json!(["shard 2/3 was run again: its attempt 2 counts, and not its attempt 1"]));
    let refused = |environment: BTreeMap<String, String>, arguments: &[&str], said: &str| {
        let arguments = [&["merge"][..], arguments, &of[..3]].concat();
        forge.run(2, &environment, &arguments).complains(&[said]);
    };
    let mut other = job(&forge, &pull, 1);
    other.insert("GITHUB_RUN_ID".into(), "78".into());
    refused(other, &["--gate", "pr"], "its run is 77, and here it is 78");
    refused(job(&forge, &pull, 1), &[], "its base is");
    refused(job(&forge, &pull, 1), &["--gate", "release"], "its base is");
    refused(
        job(&forge, &pull, 1),
        &["--gate", "pr", "--require-isolation", "none"],
        "its options is --gate pr, and here it is --gate pr --require-isolation none",
    );
    // What lies beside the configuration changes the split, and so every machine must have it.
    forge.world.write(".stella-timings.json", "{\"schema\":\"stella.timings/1\",\"duration_ms\":{\"npm-app\":9}}");
    refused(job(&forge, &pull, 1), &["--gate", "pr"], "its timings is none");
    forge.world.write(".stella-timings.json", "{}");
    refused(job(&forge, &pull, 1), &["--gate", "pr"], "`.stella-timings.json` is not a list of timings");
    fs::remove_file(forge.world.work(".stella-timings.json")).unwrap();
    // A result of another commit.
    let later = forge.pull(|dev| dev.write("README.md", "other\n"));
    forge.check_out(&later.merge, None);
    refused(job(&forge, &later, 1), &["--gate", "pr"], "its head is");
}

#[test]
fn what_is_no_result_of_a_shard_is_refused() {
    let forge = Forge::new();
    more(&forge);
    let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
    let file = shard(&forge, &pull, (1, 1), 0);
    let result: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let forged = |change: &dyn Fn(&mut Value)| {
        let mut result = result.clone();
        change(&mut result);
        let forged = forge.world.path("forged.json");
        fs::write(&forged, result.to_string()).unwrap();
        let arguments = ["merge", "--gate", "pr", forged.to_str().unwrap()];
        forge.run(2, &job(&forge, &pull, 1), &arguments).stderr
    };
    type Forgery<'a> = &'a dyn Fn(&mut Value);
    let table: [(Forgery<'_>, &str); 6] = [
        (&|result| result["partial"] = json!(false), "says of shards contradicts itself"),
        (&|result| result["shard"]["index"] = json!(4), "says of shards contradicts itself"),
        (&|result| result["missing_shards"] = json!(["2/3"]), "says of shards contradicts itself"),
        (&|result| drop(result.as_object_mut().unwrap().remove("shard")), "is not the result of a shard"),
        (&|result| result["shard"]["index"] = json!(2), "is not what shard 2/3 gives"),
        (&|result| result["stella_version"] = json!("0.0.0"), "its version of stella is 0.0.0"),
    ];
    for (change, said) in table {
        let error = forged(change);
        assert!(error.contains(said), "{error} does not say {said}");
    }
    // A verdict of its own is not read, and one shard is not the whole.
    forge.run(3, &job(&forge, &pull, 1), &["gate", "pr", "--result", &file]).says(&["partial-run"]);
    let folder = forge.world.path("empty");
    fs::create_dir_all(&folder).unwrap();
    let none = ["merge", "--gate", "pr", folder.to_str().unwrap()];
    forge.run(3, &job(&forge, &pull, 1), &none).complains(&["there is no result of any shard"]);
    let outside = ["ci", "--shard", "1/2", "--history", "h.jsonl"];
    forge.run(2, &job(&forge, &pull, 1), &outside).complains(&["one shard is noted nowhere"]);
    for wrong in ["0/2", "3/2", "1", "x"] {
        forge.run(2, &job(&forge, &pull, 1), &["ci", "--shard", wrong]).complains(&["expected I/N"]);
    }
    // A link that leads out of what was downloaded.
    std::os::unix::fs::symlink(&file, folder.join("result.json")).unwrap();
    forge.run(2, &job(&forge, &pull, 1), &none).complains(&["result.json"]);
}

#[test]
fn shards_are_split_by_the_times_that_are_known() {
    let forge = Forge::new();
    more(&forge);
    let pull = forge.pull(|dev| {
        let slow =
            json!({"schema": "stella.timings/1", "duration_ms": {"npm-app": 90_000, "npm-other": 10, "SCN-0001": 10}});
        dev.write(".stella-timings.json", slow.to_string());
    });
    let ids = |index| -> Vec<String> {
        let result: Value = serde_json::from_slice(&fs::read(shard(&forge, &pull, (index, 1), 0)).unwrap()).unwrap();
        result["replays"].as_array().unwrap().iter().map(|replay| replay["id"].as_str().unwrap().to_owned()).collect()
    };
    let all: Vec<Vec<String>> = (1..=COUNT).map(ids).collect();
    assert!(all.contains(&vec!["npm-app".to_owned()]), "{all:?}");
    // More shards than there are replays: those with nothing say so, and all together are whole.
    forge.check_out(&pull.merge, None);
    let (timings, out) = (forge.world.path("t.json"), forge.world.path("out"));
    let last = ["ci", "--shard", "9/9", "--timings", timings.to_str().unwrap(), "--out-dir", out.to_str().unwrap()];
    forge
        .run(0, &job(&forge, &pull, 1), &last)
        .says(&["shard 9/9, nothing wrong in it: no case and no canary falls to it"]);
    assert_eq!(serde_json::from_slice::<Value>(&fs::read(timings).unwrap()).unwrap()["duration_ms"], json!({}));
    assert!(out.join("report.html").is_file());
    forge.world.write(".stella.yaml", "version: 1\ncases: []\ncanaries: []\n");
    forge.run(3, &job(&forge, &pull, 1), &["ci", "--shard", "1/2"]).complains(&["nothing to replay"]);
}

/// Named regression: it was green, and no run in shards began after it.
#[test]
fn timings_that_a_change_breaks_are_its_authors_error_also_without_shards() {
    let forge = Forge::new();
    for (broken, exit) in [("{", 2), (r#"{"schema": "stella.timings/1", "duration_ms": {"SCN-0001": 7}}"#, 0)] {
        let pull = forge.pull(|dev| dev.write(".stella-timings.json", broken));
        forge.check_out(&pull.merge, Some(2));
        let run = forge.run(exit, &forge.event(&pull), &["ci", "--gate", "pr"]);
        if exit == 2 {
            run.complains(&[".stella-timings.json"]);
        }
    }
}

/// The report of a merge is one like any other: it can be published, and what is red in it can be run again.
#[test]
fn the_report_of_a_merge_holds_what_those_of_its_shards_held() {
    let forge = Forge::new();
    more(&forge);
    let pull = forge.pull(|dev| {
        dev.edit("feed/GHSA-old.json", |record| record["withdrawn"] = json!("2026-01-01T00:00:00Z"));
    });
    let all = forge.world.path("all");
    for index in 1..=COUNT {
        forge.check_out(&pull.merge, None);
        let (name, folder) = (format!("{index}/{COUNT}"), all.join(index.to_string()));
        let shard = ["ci", "--gate", "pr", "--shard", &name, "--out-dir", folder.to_str().unwrap()];
        forge.run(1, &job(&forge, &pull, 1), &shard);
    }
    forge.check_out(&pull.merge, None);
    let merged = |exit: u8, given: &[&str]| {
        let to = forge.world.path("merged");
        let _ = fs::remove_dir_all(&to);
        let arguments = [&["merge", "--gate", "pr", "--out-dir", to.to_str().unwrap()][..], given].concat();
        let run = forge.run(exit, &job(&forge, &pull, 1), &arguments);
        (run, to)
    };
    let all = all.to_str().unwrap();
    let (_, report) = merged(1, &[all]);
    let listed = |report: &std::path::Path, key: &str| -> Vec<String> {
        let list = serde_json::from_slice(&fs::read(report.join("reproduce/reproduce.json")).unwrap()).unwrap();
        valid(&list, "reproduce-v1.json");
        list[key].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    let whole = ["SCN-0001", "SCN-0002", "SCN-0003", "SCN-0004", "npm-app", "npm-other"];
    assert_eq!((listed(&report, "replays"), listed(&report, "not_kept")), (whole.map(str::to_owned).into(), vec![]));
    let side = |id: &str, side: &str| -> BTreeMap<String, Vec<u8>> {
        let folder = report.join(id).join(side);
        files(&folder).into_iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
    };
    for id in whole {
        assert!(!side(id, "expected").is_empty() && !side(id, "actual").is_empty(), "{id}");
    }
    assert!(stella::flow::publish::report_file::in_folder(&report).is_ok());
    let alone = World::new();
    copy(&report, &alone.work("report"));
    alone.stella(1, &["reproduce", "report"]).says(&["failed: 0 of 6", "npm-other: the same as in the report"]);

    // What is not there is listed, and is not green: a shard that is missing, and one of which the result alone was given.
    let of = |index: u32| format!("{all}/{index}");
    let (_, report) = merged(1, &[&of(1), &of(2)]);
    assert_eq!(listed(&report, "not_kept").len(), 2);
    let (_, report) = merged(1, &[&of(1), &of(2), &format!("{}/result.json", of(3))]);
    let lost = listed(&report, "not_kept");
    assert_eq!((lost.len(), listed(&report, "replays").len()), (2, 4));
    let alone = World::new();
    copy(&report, &alone.work("report"));
    alone
        .stella(3, &["reproduce", "report", "--only", &lost[0]])
        .says(&["the report of its shard holds nothing of it"]);

    // What a shard cannot have left is refused, after the verdict is told.
    let first = listed(std::path::Path::new(&of(1)), "replays");
    let link = format!("{}/{}/actual/link", of(1), first[0]);
    std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
    let (run, report) = merged(2, &[all]);
    run.says(&["failed"]);
    run.complains(&["has something that is not a file"]);
    assert!(!report.join(&first[0]).join("actual/link").exists());
    fs::remove_file(&link).unwrap();
    let blob = files(std::path::Path::new(&format!("{}/reproduce/store", of(1)))).remove(0);
    fs::rename(&blob, forge.world.path("aside")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &blob).unwrap();
    let (run, report) = merged(2, &[all]);
    run.complains(&["of the report is not a file"]);
    assert!(files(&report).iter().all(|path| !fs::read(path).unwrap().starts_with(b"root:")));
    fs::remove_file(&blob).unwrap();
    fs::rename(forge.world.path("aside"), &blob).unwrap();
    let list = format!("{}/reproduce/reproduce.json", of(1));
    let mut forged: Value = serde_json::from_slice(&fs::read(&list).unwrap()).unwrap();
    forged["replays"][0]["id"] = json!("of-another-shard");
    fs::write(&list, forged.to_string()).unwrap();
    merged(2, &[all]).0.complains(&["`of-another-shard`, which is not a replay of its own"]);
}
