//! `stella score`, and the history that `stella ci` and `stella replay` write for it.

use std::fs;

use serde_json::{Value, json};

use crate::cli::scene::recorded;
use crate::harness::{World, valid};

/// `stella` at another instant than the usual one.
pub fn at(world: &World, now: &str, exit: u8, arguments: &[&str]) -> crate::harness::Run {
    let mut command = world.command(arguments);
    command.env("STELLA_TEST_NOW", now);
    world.run(exit, command)
}

fn lines(world: &World, file: &str) -> Vec<Value> {
    world.read(file).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_replay_is_noted_with_everything_that_a_score_needs() {
    let world = recorded();
    let mut command = world.command(&["replay", "--from", "MANIFEST.json", "--history", "kept/history.jsonl"]);
    command.env("GITHUB_SHA", "c0ffee");
    world.run(0, command);
    let lines = lines(&world, "kept/history.jsonl");
    assert_eq!(lines.len(), 1);
    valid(&lines[0], "history-v1.json");
    let manifest = world.json("MANIFEST.json");
    for (field, expected) in [
        ("at", json!("2026-01-02T03:04:05Z")),
        ("kind", json!("manifest")),
        ("mode", json!("fidelity")),
        ("id", manifest["scan_id"].clone()),
        ("outcome", json!("match")),
        ("levels", json!({ "bf": true, "sf": true, "pf": true })),
        ("commit", json!("c0ffee")),
    ] {
        assert_eq!(lines[0][field], expected, "{field}");
    }
    assert_eq!(lines[0]["recording"]["scan_id"], manifest["scan_id"]);
    assert_eq!(lines[0]["labels"]["scanner"], manifest["scanner"]["engine"]);
    assert!(lines[0]["labels"]["feed"].is_string() && lines[0]["labels"]["environment"].is_string());
}

#[test]
fn a_replay_with_another_input_is_not_noted() {
    let world = recorded();
    world.stella(2, &["replay", "--from", "MANIFEST.json", "--with", "feed=later", "--history", "h.jsonl"]);
    world.write(".stella.yaml", "history: true\n");
    world.stella(1, &["replay", "--from", "MANIFEST.json", "--with", "feed=later"]).says(&["drift"]);
    assert!(!world.exists("h.jsonl") && !world.path("home/.local/share/stella/store/history.jsonl").exists());
}

#[test]
fn the_store_keeps_the_history_where_the_configuration_says_so() {
    let world = recorded();
    world.stella(2, &["score"]).complains(&["no history was given", "--history FILE"]);
    world.write(".stella.yaml", "history: true\n");
    world.stella(2, &["score"]).complains(&["cannot read the history", "stella ci --history FILE"]);
    world.stella(0, &["replay", "--from", "MANIFEST.json"]);
    assert!(world.path("home/.local/share/stella/store/history.jsonl").exists());
    world.stella(0, &["score"]).says(&[
        "fidelity: is it repeatable? 30 days",
        "100.0 % (1/1)",
        "1 replay in the history",
    ]);
}

#[test]
fn weeks_windows_and_files_are_told_apart() {
    let world = recorded();
    let noted = |now, exit, file| {
        at(&world, now, exit, &["replay", "--from", "MANIFEST.json", "--history", file]);
    };
    noted("2026-03-31T12:00:00Z", 0, "a.jsonl");
    noted("2026-03-20T12:00:00Z", 0, "b.jsonl");
    noted("2026-02-20T12:00:00Z", 0, "b.jsonl");
    noted("2026-04-02T00:00:00Z", 0, "b.jsonl");
    let score = |arguments: &[&str]| {
        let all = [&["score", "--format", "json", "--history", "a.jsonl", "--history", "b.jsonl"], arguments].concat();
        let document = at(&world, "2026-03-31T12:00:00Z", 0, &all).stdout_json();
        valid(&document, "score-v1.json");
        document
    };
    let both = score(&[]);
    let replays = |score: &Value| score["overall"]["window"]["counts"]["total"].as_u64().unwrap();
    let fidelity: Vec<_> = both["scores"].as_array().unwrap().iter().filter(|s| s["mode"] == "fidelity").collect();
    assert_eq!(
        fidelity.iter().map(|s| (s["days"].as_u64().unwrap(), replays(s))).collect::<Vec<_>>(),
        [(30, 2), (90, 3)]
    );
    assert_eq!((&both["replays"], &both["later_replays"]), (&json!(4), &json!(1)));
    let overall = &fidelity[0]["overall"];
    assert_eq!(overall["window"]["manifests"], 1);
    assert_eq!(overall["window"]["bf"]["interval"]["high"], 1.0);
    assert_eq!(
        [&overall["week_before"], &overall["last_week"]].map(|week| &week["bf"]["applicable"]),
        [&json!(1), &json!(1)]
    );

    // The same file twice, in any order, is the same score.
    let twice = score(&["--history", "a.jsonl"]);
    assert_eq!(both, twice);
    let swapped = ["score", "--format", "json", "--history", "b.jsonl", "--history", "a.jsonl"];
    assert_eq!(at(&world, "2026-03-31T12:00:00Z", 0, &swapped).stdout_json(), both);

    let scanner = score(&["--window", "7d", "--by", "scanner"]);
    let only = &scanner["scores"][0];
    assert_eq!((only["days"].as_u64(), replays(only)), (Some(7), 1));
    assert!(only["buckets"].as_array().unwrap().iter().all(|bucket| bucket["bucket"]["label"] == "scanner"));
    world.stella(2, &["score", "--history", "a.jsonl", "--window", "0d"]).complains(&["expected 1d to 3650d"]);
}

#[test]
fn a_cut_line_is_told_and_nonsense_is_an_error_with_its_place() {
    let world = recorded();
    let note = || world.stella(0, &["replay", "--from", "MANIFEST.json", "--history", "h.jsonl"]);
    note();
    let whole = world.read("h.jsonl");
    world.write("h.jsonl", &whole[..whole.len() / 2]);
    note();
    world.stella(0, &["score", "--history", "h.jsonl"]).says(&["1 line was cut off by a crash", "100.0 % (1/1)"]);
    world.write("h.jsonl", format!("{whole}{{\"schema\":\"stella.history/9\"}}\n"));
    let place = format!("h.jsonl:2, byte {}", whole.len());
    world.stella(2, &["score", "--history", "h.jsonl"]).complains(&[
        &place,
        "`stella.history/9`",
        "never judged in part",
    ]);
}

#[test]
fn a_history_that_cannot_be_written_is_no_silent_loss() {
    let world = recorded();
    fs::create_dir(world.work("h.jsonl")).unwrap();
    let run = world.stella(4, &["replay", "--from", "MANIFEST.json", "--history", "h.jsonl"]);
    run.says(&["match"]).complains(&["cannot append to the history", "is not a regular file"]);
}
