//! `stella demo`: every step does what it says.

use crate::harness::{World, says, valid};

#[test]
fn it_shows_a_match_then_a_drift_and_why() {
    let world = World::new();
    let run = world.stella(0, &["demo"]);
    run.says(&[
        "1. Record a scan",
        "63 packages, 5 findings, policy says fail",
        "→ exit code 0: everything the scan depended on",
        "2. Replay it",
        "match: the replay is the same as recorded",
        "→ exit code 0: bitwise fidelity",
        "3. Three months later",
        "feed_drift (floor)",
        "CVE-2021-44906 in pkg:npm/minimist@0.0.8 (critical) appeared",
        "→ exit code 1: a drift",
        "fixed in 0.2.4, 1.2.6; vex_status under_investigation; aliases GHSA-xvch-5gv4-984h\n",
        "4. A repository whose pull request brings that feed",
        "failed: 0 of 1 replay matches; 1 drift",
        "→ exit code 1: the gate is red",
        "5. Two things moved on",
        "nothing: all as recorded",
        "feed_drift (proved)",
        "4 feed, 0 unexplained, found with",
        "→ exit code 1: the feed is to blame",
        "Everything is in stella-demo/",
    ]);
    // One directory only, and each step can be done again by hand.
    let names: Vec<_> = std::fs::read_dir(world.work("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["stella-demo"]);
    assert!(!world.path("home/.local").exists());
    let shown = run.stdout.lines().filter_map(|line| line.strip_prefix("$ "));
    let exits: Vec<u8> = vec![0, 0, 1, 1, 1];
    assert_eq!(shown.clone().count(), exits.len());
    for (line, exit) in shown.zip(exits) {
        world.run(exit, world.pasted(line));
    }
    valid(&world.json("stella-demo/report/result.json"), "result-v1.json");
    for report in ["junit.xml", "summary.md"] {
        says(&world.read(&format!("stella-demo/report/{report}")), &["CVE-2021-44906", "feed_drift"]);
    }
    // Once more in its own directory.
    assert_eq!(world.stella(0, &["demo"]).stdout.len(), run.stdout.len());
}

#[test]
fn a_directory_of_someone_else_is_left_alone() {
    let world = World::new();
    world.write("mine/notes.txt", "mine");
    let run = world.stella(2, &["demo", "--dir", "mine"]);
    run.complains(&["`mine` exists and is not a demonstration", "hint: name another directory with `--dir DIR`"]);
    world.write("file", "mine");
    world.stella(2, &["demo", "--dir", "file"]);
    assert_eq!(std::fs::read_dir(world.work("mine")).unwrap().count(), 1);
}

#[test]
fn it_works_below_a_path_with_spaces() {
    let world = World::new();
    let run = world.stella(0, &["demo", "--dir", "a demo/of mine"]);
    let shown = run.stdout.lines().filter_map(|line| line.strip_prefix("$ ")).next().unwrap();
    world.run(0, world.pasted(shown));
}
