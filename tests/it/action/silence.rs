//! No telemetry: the action asks the host of the release for one file, and nobody for anything else.
//!
//! What is seen is what the sandbox's tracer sees of every program that the step starts: each connection, and each name that is
//! looked up.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::action::job::Job;
use crate::harness::says;

/// Runs the step with every connection written down: whom it reached for.
fn reached(job: &Job, code: u8, words: &[&str]) -> Option<BTreeSet<String>> {
    if !job.world.command(&["doctor"]).output().unwrap().status.success() {
        assert!(std::env::var_os("STELLA_TEST_ISOLATION").is_none());
        eprintln!("skipped: this machine does not isolate in full");
        return None;
    }
    let step = job.command();
    let ledger = job.world.path("ledger.jsonl");
    let (world, work) = (job.world.path(""), job.world.work(""));
    let built = Path::new(env!("CARGO_BIN_EXE_stella")).parent().unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let mut line: Vec<String> =
        ["sandbox", "--clock", "real", "--require-isolation", "full", "--ledger"].map(str::to_owned).into();
    line.extend([text(&ledger), "--rw".to_owned(), text(&world), "--ro".to_owned(), text(built), "--".to_owned()]);
    line.extend(["/usr/bin/env".to_owned(), "-i".to_owned(), "-C".to_owned(), text(&work)]);
    let set = step
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.to_str().unwrap(), value?.to_str().unwrap())));
    line.extend(set);
    line.push(step.get_program().to_str().unwrap().to_owned());
    line.extend(step.get_args().map(|word| word.to_str().unwrap().to_owned()));
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let run = job.world.stella(code, &line);
    // Where the sandbox itself has failed, it says so there.
    let said = run.stdout + &run.stderr;
    says(&said, words);
    let ledger = fs::read_to_string(&ledger).unwrap();
    let events = ledger.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    Some(events.filter_map(|event| place(&event)).collect())
}

/// Where an event leads outside of the machine.
fn place(event: &Value) -> Option<String> {
    match event["event"].as_str()? {
        "name" => event["name"].as_str().map(str::to_owned),
        "network" => event["address"].as_str().filter(|address| !address.starts_with("unix:")).map(str::to_owned),
        _ => None,
    }
}

#[test]
fn a_run_with_a_program_at_hand_reaches_for_nothing() {
    let job = Job::new().with_binary().with("gate", "off");
    job.world.stella(0, &["init"]);
    let Some(reached) = reached(&job, 0, &["1 of 1 replay matches"]) else { return };
    assert_eq!(reached, BTreeSet::new());
}

#[test]
fn a_run_that_downloads_asks_the_host_of_the_release_alone() {
    let job = Job::new();
    job.release("exit 0");
    // Nobody answers in there: two tries are enough to see who is asked.
    let file = job.action("action/download.sh");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("TRIES=8", "TRIES=2")).unwrap();
    let Some(reached) = reached(&job, 4, &["the host's name cannot be resolved (curl 6)", "cannot be downloaded from"])
    else {
        return;
    };
    assert_eq!(reached, BTreeSet::from(["github.com".to_owned()]));

    // A mirror takes its place.
    let job = Job::new().with("mirror", "https://mirror.example/stella");
    job.release("exit 0");
    fs::write(job.action("action/download.sh"), text.replace("TRIES=8", "TRIES=1")).unwrap();
    let Some(reached) = self::reached(&job, 4, &["cannot be downloaded from https://mirror.example"]) else { return };
    assert_eq!(reached, BTreeSet::from(["mirror.example".to_owned()]));
}
