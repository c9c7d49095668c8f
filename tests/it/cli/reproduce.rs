//! `stella reproduce`: a red check again, from the folder of its report alone.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stella::store::blob::{BlobStore, LocalStore};

use crate::base::forge::{CVE, Forge, old};
use crate::cli::gate::forge;
use crate::cli::scene::npm_lock;
use crate::harness::{World, copy, files, valid};

/// The report of a pull request that loses the one finding of its feed, in a world without anything else.
fn red() -> (World, Value) {
    let forge = Forge::new();
    let pull = forge.pull(|dev| {
        dev.edit("feed/GHSA-old.json", |record| record["withdrawn"] = json!("2026-01-01T00:00:00Z"));
    });
    forge.check_out(&pull.merge, None);
    let report = forge.world.path("report");
    let arguments = ["ci", "--gate", "pr", "--format", "json", "--out-dir", report.to_str().unwrap()];
    let result = forge.run(1, &forge.event(&pull), &arguments).stdout_json();
    let world = World::new();
    copy(&report, &world.work("report"));
    (world, result)
}

fn list(world: &World) -> Value {
    let list = world.json("report/reproduce/reproduce.json");
    valid(&list, "reproduce-v1.json");
    list
}

fn blobs(world: &World) -> Vec<PathBuf> {
    files(&world.work("report/reproduce/store"))
}

#[test]
fn the_same_red_is_seen_from_the_report_alone() {
    let (world, was) = red();
    assert_eq!(list(&world)["replays"].as_array().unwrap().len(), 3, "{:#}", list(&world));
    let run = world.stella(1, &["reproduce", "report"]);
    run.says(&[CVE, "SCN-0001: the same as in the report", "npm-app: the same as in the report", "failed: 0 of 3"]);
    let mut full = world.command(&["reproduce", "report"]);
    full.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    world.run(4, full).complains(&["No space left on device"]);
    let now = world.stella(1, &["reproduce", "report", "--format", "json"]).stdout_json();
    valid(&now, "result-v1.json");
    for (old, new) in was["replays"].as_array().unwrap().iter().zip(now["replays"].as_array().unwrap()) {
        for field in ["id", "outcome", "kind", "mode", "candidate", "levels", "diff_summary", "artifacts", "causes"] {
            assert_eq!(old[field], new[field], "{field} of {}", old["id"]);
        }
    }
    // One of them, as its own report says it.
    let line = now["replays"][0]["reproduce"].as_str().unwrap().to_owned();
    assert!(line.starts_with("stella reproduce"), "{line}");
    world.run(1, world.pasted(&line)).says(&["failed: 0 of 1"]);
    world.stella(2, &["reproduce", "report", "--only", "nobody"]).complains(&["holds nothing that is called `nobody`"]);
    // Nothing is left in the stores of this machine.
    assert!(world.blobs().is_empty());
}

/// A scanner of the report is foreign: it is run in the sandbox, wherever it comes from.
#[test]
fn a_scanner_of_the_report_runs_sealed() {
    let world = World::new();
    world.write("in/a.txt", "1\n");
    world.script("scan.sh", "echo \"{\\\"seen\\\": $(cat \"$1\"/a.txt)}\"");
    let folder = "fixtures/canaries/seen";
    let (manifest, expected) = (format!("{folder}/manifest.json"), format!("{folder}/expected"));
    let scan = ["scan", "--input", "in", "--artifact", "findings=-:json", "--store", "fixtures/store"];
    let scan =
        [&scan[..], &["--emit-manifest", &manifest, "--emit-artifacts-dir", &expected, "--", "./scan.sh", "{input}"]];
    world.stella(0, &scan.concat());
    let golden = files(&world.work(&expected)).into_iter().find(|path| path.ends_with("findings.out")).unwrap();
    fs::write(&golden, "{\"seen\": 2}\n").unwrap();
    forge(&world, folder);
    world.stella(1, &["ci", "--out-dir", "o"]);
    let other = World::new();
    copy(&world.work("o"), &other.work("report"));
    let now = other.stella(1, &["reproduce", "report", "--format", "json"]).stdout_json();
    assert_eq!(now["replays"][0]["executor_env"]["isolation"], "full", "{now:#}");
    other.stella(1, &["reproduce", "report"]).says(&["seen: the same as in the report"]);
}

#[test]
fn what_was_mended_since_is_told() {
    let (world, _) = red();
    let again = list(&world)["replays"][0].clone();
    world.edit("report/reproduce/reproduce.json", |list| {
        let seen = &mut list["replays"][0]["seen"];
        seen["artifacts"]["findings.json"] = json!(format!("sha256:{}", "0".repeat(64)));
    });
    let id = again["id"].as_str().unwrap();
    world.stella(1, &["reproduce", "report", "--only", id]).says(&[&format!("{id}: not the same as in the report")]);
}

/// What matches again beside what was red and is not in the report: that is not green.
#[test]
fn what_was_not_kept_is_not_green() {
    let (world, _) = red();
    // One that matches: recorded here, with what it says itself as what is expected.
    world.write("app/package-lock.json", npm_lock(&[("minimist", "0.0.8")]).to_string());
    world.write("feed/GHSA-old.json", old().to_string());
    let scan = ["scan", "--input", "app/package-lock.json", "--feed", "feed", "--store", "report/reproduce/store"];
    world.stella(0, &[&scan[..], &["--emit-manifest", "m.json"]].concat());
    let store = LocalStore::open(world.work("report/reproduce/store")).unwrap();
    let digest = store.put(world.read("m.json").as_bytes()).unwrap().to_string();
    let known = list(&world);
    let [first, second] = [0, 1].map(|at| known["replays"][at].clone());
    world.edit("report/reproduce/reproduce.json", |list| {
        let mut good = first.clone();
        (good["manifest"], good["recorded"], good["moving"]) = (json!(digest), json!(digest), json!(null));
        let mut rest = json!({"why": "it was too large"});
        for key in ["id", "title", "kind", "mode", "candidate"] {
            rest[key] = second[key].clone();
        }
        (list["replays"], list["not_kept"]) = (json!([good]), json!([rest]));
    });
    list(&world);
    let id = |of: &Value| of["id"].as_str().unwrap().to_owned();
    world.stella(0, &["reproduce", "report", "--only", &id(&first)]);
    world.stella(3, &["reproduce", "report", "--only", &id(&second)]);
    let run = world.stella(3, &["reproduce", "report"]);
    run.says(&["not in the report: it was too large"]);
    // One id in both lists is one too many.
    world.edit("report/reproduce/reproduce.json", |list| list["not_kept"][0]["id"] = first["id"].clone());
    world.stella(2, &["reproduce", "report"]).complains(&["twice"]);
}

#[test]
fn a_report_that_was_tampered_with_is_refused() {
    // A byte of any blob.
    let (world, _) = red();
    for blob in blobs(&world) {
        let good = fs::read(&blob).unwrap();
        let mut bad = good.clone();
        let at = bad.len() / 2;
        bad[at] ^= 0x20;
        fs::write(&blob, bad).unwrap();
        let mut command = world.command(&["reproduce", "report"]);
        let code = command.output().unwrap().status.code().unwrap();
        assert!(code == 5 || code == 4 || code == 3, "{}: {code}", blob.display());
        fs::write(&blob, good).unwrap();
    }
    // One that is gone has no verdict, and is named.
    for blob in blobs(&world) {
        let good = fs::read(&blob).unwrap();
        fs::remove_file(&blob).unwrap();
        let output = world.command(&["reproduce", "report"]).output().unwrap();
        let code = output.status.code().unwrap();
        assert!([1, 3, 5].contains(&code), "{}: {code}", blob.display());
        assert!(String::from_utf8_lossy(&output.stdout).contains("unreplayable") || code == 5, "{}", blob.display());
        fs::write(&blob, good).unwrap();
    }
    type Forgery<'a> = &'a dyn Fn(&mut Value);
    let wrong: [(Forgery<'_>, u8, &str); 9] = [
        // What no case and no canary can be called.
        (&|list| list["replays"][0]["id"] = json!("../../../x"), 2, "an id that no case"),
        (&|list| list["replays"][0]["id"] = json!(""), 2, "an id that no case"),
        (&|list| list["replays"][0]["id"] = json!(".."), 2, "an id that no case"),
        (&|list| list["replays"][0]["id"] = json!("Result.json"), 2, "an id that no case"),
        (&|list| list["schema"] = json!("stella.reproduce/2"), 2, "is not a list of what failed"),
        (&|list| list["replays"][0]["manifest"] = json!("../../etc/passwd"), 2, "is not a list of what failed"),
        (
            &|list| {
                let again = list["replays"][0].clone();
                list["replays"] = json!(vec![again; 51]);
            },
            2,
            "more replays",
        ),
        (
            &|list| {
                let again = list["replays"][0].clone();
                list["replays"] = json!([again, again]);
            },
            2,
            "twice",
        ),
        (
            &|list| list["profiles"] = json!({"findings": list["replays"][0]["manifest"]}),
            2,
            "the profile `findings` of the report cannot be read",
        ),
    ];
    let good = world.read("report/reproduce/reproduce.json");
    for (change, code, said) in wrong {
        world.write("report/reproduce/reproduce.json", &good);
        world.edit("report/reproduce/reproduce.json", change);
        world.stella(code, &["reproduce", "report"]).complains(&[said]);
    }
    fs::remove_dir_all(world.work("report/reproduce")).unwrap();
    world.stella(3, &["reproduce", "report"]).complains(&["nothing of it can be run again"]);
    std::os::unix::fs::symlink("/etc", world.work("report/reproduce")).unwrap();
    world.stella(2, &["reproduce", "report"]).complains(&["reproduce.json"]);
    fs::remove_file(world.work("report/reproduce")).unwrap();
    fs::create_dir(world.work("report/reproduce")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", world.work("report/reproduce/reproduce.json")).unwrap();
    world.stella(2, &["reproduce", "report"]).complains(&["reproduce.json"]);
}

#[test]
fn a_green_report_holds_nothing_of_the_kind_and_an_earlier_one_goes() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.write("README.md", "x"));
    forge.check_out(&pull.merge, None);
    let report = forge.world.path("report");
    let stale = report.join("reproduce/store/sha256/aa");
    fs::create_dir_all(&stale).unwrap();
    fs::write(stale.join("x.zst"), "old").unwrap();
    fs::write(report.join("reproduce/reproduce.json"), "{}").unwrap();
    forge.run(0, &forge.event(&pull), &["ci", "--gate", "pr", "--out-dir", report.to_str().unwrap()]);
    assert!(!report.join("reproduce/reproduce.json").exists() && !Path::new(&stale).exists());
}
