//! The status of the commit and the check run: on the commit that people see, within every limit, and never an older one over a newer
//! one.

use serde_json::Value;

use crate::harness::says;
use crate::publish::github::Fault;
use crate::publish::{HEAD, Job, green, red, thousand};

fn job() -> Job {
    let job = Job::new();
    job.github.set(|state| state.permissions.extend([("statuses", "write"), ("checks", "write")]));
    job
}

const ALONE: [&str; 2] = ["--no-comment", "--status"];

#[test]
fn the_status_is_that_of_the_head_and_of_the_newest_run() {
    let mut job = job();
    job.report(&red());
    says(&job.ended(0, "failure", &ALONE).stdout, &["status: created"]);
    let status = job.github.set(|state| state.statuses[0].clone());
    assert_eq!(
        (&status["sha"], &status["context"], &status["state"]),
        (&HEAD.into(), &"stella/stella".into(), &"failure".into())
    );
    assert_eq!(status["target_url"], "https://github.com/acme/app/actions/runs/50/attempts/1");
    says(status["description"].as_str().unwrap(), &["failed: "]);
    job.set("GITHUB_RUN_ID", "49");
    job.report(&green());
    says(&job.ended(0, "success", &ALONE).stdout, &["status: a newer run wrote one"]);
    job.set("GITHUB_RUN_ID", "50");
    job.set("GITHUB_RUN_ATTEMPT", "2");
    job.github.plant("POST ", Fault::AfterCommit);
    job.ended(0, "success", &ALONE);
    assert_eq!(job.github.set(|state| state.statuses.last().unwrap()["state"].clone()), "success");
    std::fs::remove_dir_all(job.world.work("report")).unwrap();
    job.ended(4, "success", &ALONE);
    assert_eq!(job.github.set(|state| state.statuses.last().unwrap()["state"].clone()), "error");
}

#[test]
fn a_status_of_a_merge_group_is_that_of_its_commit() {
    let mut job = job();
    job.set("GITHUB_EVENT_NAME", "merge_group");
    job.report(&green());
    job.ended(0, "success", &["--status"]);
    let status = job.github.set(|state| state.statuses[0].clone());
    assert_eq!((&status["sha"], &status["state"]), (&job.env["GITHUB_SHA"].as_str().into(), &"success".into()));
}

#[test]
fn annotations_come_in_chunks_of_fifty_each_of_them_once() {
    for fault in [
        None,
        Some(("POST /repos/acme/app/check-runs", Fault::AfterCommit)),
        Some(("PATCH /repos/acme/app/check-runs", Fault::AfterCommit)),
        Some(("PATCH /repos/acme/app/check-runs", Fault::BeforeCommit)),
    ] {
        let job = job();
        job.report(&thousand());
        let is_whole = fault.is_none();
        if let Some((call, fault)) = fault {
            job.github.plant(call, fault);
        }
        says(&job.ended(0, "failure", &["--no-comment", "--check"]).stdout, &["check: created"]);
        let checks = job.github.set(|state| state.checks.clone());
        assert_eq!(checks.len(), 1);
        let check = &checks[0];
        assert_eq!((&check.body["conclusion"], &check.body["external_id"]), (&"failure".into(), &"50.1".into()));
        assert_eq!((&check.body["head_sha"], &check.body["name"]), (&HEAD.into(), &"stella/stella".into()));
        let mut titles: Vec<&Value> = check.annotations.iter().map(|one| &one["title"]).collect();
        assert_eq!(titles.len(), 1000);
        titles.sort_by_key(|title| title.to_string());
        titles.dedup();
        assert_eq!(titles.len(), 1000);
        // One list, one look at the head, and a chunk for each call.
        assert!(!is_whole || job.github.asked().len() == 22);
    }
}

#[test]
fn a_check_of_a_newer_run_stays_and_hostile_names_fit() {
    let mut job = job();
    job.world.write(
        "report/result.json",
        std::fs::read(crate::harness::repository("tests/data/report/hostile-v1.json")).unwrap(),
    );
    says(&job.ended(0, "failure", &["--no-comment", "--check"]).stdout, &["check: created"]);
    job.set("GITHUB_RUN_ID", "8");
    says(&job.ended(0, "failure", &["--no-comment", "--check"]).stdout, &["check: a newer run wrote one"]);
    assert_eq!(job.github.set(|state| state.checks.len()), 1);
}
