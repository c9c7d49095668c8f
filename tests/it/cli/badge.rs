//! `stella badge`: what stands on the branch of a badge, and how it gets there.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::cli::scene::scene;
use crate::harness::{World, repository};

/// A repository with one canary, and the result of its nightly run.
fn world() -> World {
    let world = scene();
    let folder = "fixtures/canaries/app";
    let (manifest, expected) = (format!("{folder}/manifest.json"), format!("{folder}/expected"));
    let scan = ["scan", "--input", "app/package-lock.json", "--feed", "feed", "--store", "fixtures/store"];
    world.stella(0, &[&scan[..], &["--emit-manifest", &manifest, "--emit-artifacts-dir", &expected]].concat());
    world.write(".stella.yaml", "version: 1\nthresholds: {min_manifests: 1}\n");
    nightly(&world, "2026-01-02T03:04:05Z", "result.json");
    world
}

/// The result of a nightly run at that instant.
fn nightly(world: &World, at: &str, file: &str) {
    let mut command = world.command(&["ci", "--pinned", "--result", file]);
    command.env("STELLA_TEST_NOW", at);
    world.run(0, command).says(&["passed: 1 of 1"]);
}

fn badge(world: &World, exit: u8, at: Option<&str>, more: &[&str]) -> crate::harness::Run {
    let mut command = world.command(&[&["badge", "branch"], more].concat());
    command.envs(at.map(|at| ("STELLA_TEST_NOW", at)));
    world.run(exit, command)
}

fn message(world: &World) -> String {
    let endpoint = world.json("branch/badge.json");
    assert_eq!(endpoint["schemaVersion"], json!(1));
    assert!(world.read("branch/badge.svg").starts_with("<svg "));
    endpoint["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_branch_holds_the_badge_its_history_and_the_last_report() {
    let world = world();
    badge(&world, 0, None, &[]).says(&["there is no run yet"]);
    assert_eq!(message(&world), "no run yet");
    assert!(!world.exists("branch/history.jsonl") && !world.exists("branch/index.html"));
    badge(&world, 0, None, &["--result", "result.json"]).says(&["bitwise the same"]);
    let (first, history) = (message(&world), world.read("branch/history.jsonl"));
    assert!(first.starts_with("100.0% ("), "{first}");
    assert!(world.read("branch/index.html").starts_with("<!doctype html>"));
    // The same run once more is the same run.
    badge(&world, 0, None, &["--result", "result.json"]);
    assert_eq!((message(&world), world.read("branch/history.jsonl")), (first, history.clone()));
    // Nobody ran it since.
    badge(&world, 0, Some("2099-01-01T00:00:00Z"), &[]);
    assert!(message(&world).starts_with("no run since "), "{}", message(&world));
    assert_eq!(world.read("branch/history.jsonl"), history);
    assert!(world.exists("branch/index.html"));
    // What is there and is not a history is left alone.
    world.write("branch/history.jsonl", "my notes\n");
    badge(&world, 2, None, &["--result", "result.json"]);
    assert_eq!(world.read("branch/history.jsonl"), "my notes\n");
}

#[test]
fn a_part_and_another_branch_get_no_badge() {
    let world = world();
    world.edit("result.json", |result| result["partial"] = json!(true));
    badge(&world, 2, None, &["--result", "result.json"]).complains(&["would pass for the whole"]);
    world.edit("result.json", |result| {
        (result["partial"], result["finished_at"]) = (json!(false), json!("2999-01-01T00:00:00Z"));
    });
    badge(&world, 2, None, &["--result", "result.json"]).complains(&["which is not yet"]);
    assert!(!world.exists("branch/history.jsonl"));
    let event = world.write("event.json", "{\"repository\": {\"default_branch\": \"main\"}}");
    for (reference, exit) in [("refs/heads/main", 0), ("refs/heads/topic", 2), ("refs/pull/1/merge", 2)] {
        let mut command = world.command(&["badge", "branch"]);
        command.env("GITHUB_EVENT_NAME", "push").env("GITHUB_EVENT_PATH", &event);
        command.env("GITHUB_REF", reference).env("GITHUB_SHA", "c0ffee");
        let run = world.run(exit, command);
        assert_eq!(run.stderr.contains("a badge is of the default branch `main`"), exit == 2, "{}", run.stderr);
    }
}

/// The lines of docs/reports.md, as they stand there.
fn recipe() -> String {
    let page = fs::read_to_string(repository("docs/reports.md")).unwrap();
    let lines =
        page.split("```sh\n").find_map(|block| block.split("```").next().filter(|text| text.contains("stella badge")));
    lines.unwrap().to_owned()
}

/// This repository shows its own badge, by the same lines.
#[test]
fn the_workflow_of_this_repository_has_the_lines_of_the_documentation() {
    let workflow = fs::read_to_string(repository(".github/workflows/badge.yml")).unwrap();
    let document: Value = serde_yaml::from_str(&workflow).unwrap();
    let steps = document["jobs"]["badge"]["steps"].as_array().unwrap();
    let script = steps.iter().find_map(|step| step["run"].as_str()).unwrap();
    assert!(script.ends_with(&recipe()), "{script}");
    // The job that holds the token checks out and builds nothing.
    assert_eq!(document["jobs"]["replay"]["permissions"], json!({"contents": "read"}));
    assert!(!steps.iter().any(|step| step["uses"].as_str().is_some_and(|uses| uses.contains("checkout"))));
    assert!(fs::read_to_string(repository("README.md")).unwrap().contains("%2Fstella-badge%2Fbadge.json"));
}

/// Two jobs write at once: neither loses what the other wrote.
#[test]
fn the_recipe_of_the_documentation_loses_no_run() {
    let world = world();
    let bare = world.path("bare.git");
    let shell = |script: &str| {
        let mut command = Command::new("/bin/bash");
        command.args(["-euo", "pipefail", "-c", script]).current_dir(world.work("."));
        command.env("HOME", world.path("home")).env("GIT_CONFIG_NOSYSTEM", "1");
        for (name, value) in [("AUTHOR", "ci"), ("COMMITTER", "ci")] {
            command.env(format!("GIT_{name}_NAME"), value).env(format!("GIT_{name}_EMAIL"), "ci@example.com");
        }
        let stella = std::path::Path::new(env!("CARGO_BIN_EXE_stella")).parent().unwrap().to_owned();
        let path = format!("{}:{}", stella.display(), std::env::var("PATH").unwrap());
        let output = command.env("PATH", path).env("STELLA_STORE", world.path("store")).output().unwrap();
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    shell(&format!("git init --quiet --bare -b main {}", bare.display()));
    let publish = recipe().replace("\"$REMOTE\"", bare.to_str().unwrap());
    let of = |result: &str| publish.replace("stella/result.json", result);
    shell(&of("result.json"));
    nightly(&world, "2026-01-03T03:04:05Z", "second.json");
    nightly(&world, "2026-01-04T03:04:05Z", "third.json");
    // The second is published between the fetch and the push of the third.
    let other = of("second.json").replace("rm -rf badge", "rm -rf other").replace(" badge\n", " other\n");
    let other = other.replace(" badge ||", " other ||").replace("stella badge badge", "stella badge other");
    let other = other.replace("-C badge", "-C other");
    assert!(!other.contains(" badge add"), "{other}");
    world.write("between.sh", other);
    let push = "  git -C badge push";
    let raced = of("third.json");
    assert!(raced.contains(push), "{raced}");
    let once = format!("  if [ ! -e once ]; then touch once; bash -eu between.sh; fi\n{push}");
    shell(&raced.replace(push, &once));
    assert!(world.exists("once"));
    let history = shell(&format!("git -C {} show stella-badge:history.jsonl", bare.display()));
    let runs: std::collections::BTreeSet<String> = history
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["run_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(runs.len(), 3, "{history}");
}
