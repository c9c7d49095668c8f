//! Publishing where GitHub refuses, fails or is slow, and reports that cannot be read.

use std::fs;

use crate::harness::says;
use crate::publish::github::Fault;
use crate::publish::{Job, green, red};

const COMMENTS: &str = "/repos/acme/app/issues/7/comments";

#[test]
fn what_was_done_and_not_answered_is_not_done_twice() {
    for fault in [Fault::AfterCommit, Fault::SilentAfterCommit, Fault::BeforeCommit] {
        let job = Job::new();
        job.report(&red());
        job.github.plant("POST /repos/acme/app/issues/7/comments", fault);
        says(&job.ended(0, "failure", &[]).stdout, &["comment: created (101)"]);
        assert_eq!(job.github.comments().len(), 1);
    }
    let job = Job::new();
    job.report(&red());
    job.ended(0, "failure", &[]);
    job.github.plant("PATCH ", Fault::AfterCommit);
    job.report(&green());
    says(&job.ended(0, "success", &[]).stdout, &["comment: written over (101)"]);
    says(&job.github.comments()[0].body, &["## stella: passed"]);
}

#[test]
fn a_limit_is_waited_for_as_github_says() {
    let seconds = crate::harness::NOW.parse::<jiff::Timestamp>().unwrap().as_second();
    let refusals = || {
        vec![
            Fault::Refuse(429, vec![("retry-after", "1".to_owned())], "Too many requests"),
            Fault::Refuse(403, vec![("retry-after", "1".to_owned())], "You have exceeded a secondary rate limit."),
            Fault::Refuse(
                403,
                vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", (seconds - 5).to_string())],
                "API rate limit exceeded",
            ),
            Fault::BeforeCommit,
        ]
    };
    let job = Job::new();
    job.report(&red());
    for fault in refusals() {
        job.github.plant("GET /repos/acme/app/issues/7/comments", fault);
    }
    for fault in refusals().into_iter().take(3) {
        job.github.plant("POST /repos/acme/app/issues/7/comments", fault);
    }
    says(&job.ended(0, "failure", &[]).stdout, &["comment: created (101)"]);
    assert_eq!(job.github.comments().len(), 1);
    let asked = job.github.asked();
    assert_eq!(asked.iter().filter(|call| **call == format!("POST {COMMENTS}")).count(), 4, "{asked:?}");
}

#[test]
fn a_wait_that_is_too_long_is_told_and_changes_no_verdict() {
    let job = Job::new();
    job.report(&red());
    let hour = || Fault::Refuse(429, vec![("retry-after", "3600".to_owned())], "Too many requests");
    job.github.plant("POST ", hour());
    let run = job.ended(0, "failure", &[]);
    says(&run.stderr, &["warning: comment: GitHub refuses `POST repos/acme/app/issues/7/comments`", "3600 seconds"]);
    job.github.plant("POST ", hour());
    job.ended(4, "failure", &["--require-publish"]);
}

#[test]
fn a_permission_that_is_missing_is_named() {
    let job = Job::new();
    job.report(&red());
    job.github.set(|state| state.permissions = [("pull_requests", "read")].into());
    let run = job.ended(0, "failure", &["--status", "--check"]);
    says(
        &run.stderr,
        &[
            "warning: comment: GitHub refuses",
            "it takes a token with issues: write or pull-requests: write",
            "statuses: read",
            "checks: read",
            "hint: give the job `permissions: {issues: write}`",
        ],
    );
    let json = job.ended(4, "failure", &["--require-publish", "--format", "json"]);
    assert_eq!(json.stdout_json()["published"][0]["outcome"], "failed");
}

#[test]
fn a_comment_that_was_deleted_meanwhile_is_made_anew() {
    let job = Job::new();
    job.report(&red());
    job.ended(0, "failure", &[]);
    job.report(&green());
    job.github.plant("PATCH ", Fault::First(Box::new(|state| state.comments.clear())));
    says(&job.ended(0, "success", &[]).stdout, &["comment: created"]);
    assert_eq!(job.github.comments().len(), 1);
}

#[test]
fn a_report_that_is_missing_or_cannot_be_read_is_red_and_ends_with_4() {
    let write = |job: &Job, text: &str| drop(job.world.write("report/result.json", text));
    type Left<'a> = &'a dyn Fn(&Job);
    let cases: [(Left<'_>, &str); 6] = [
        (&|_| {}, "there is no `result.json` in the report"),
        (&|job| drop(job.world.write("report/junit.xml", "<testsuites/>")), "there is no `result.json` in the report"),
        (&|job| write(job, ""), "the result cannot be read"),
        (&|job| write(job, "{\"schema\": \"stella.result/1\", \"replays\": []}"), "missing field"),
        (&|job| write(job, "{\"schema\": \"stella.result/9\"}"), "stella.result/9"),
        (
            &|job| {
                fs::create_dir(job.world.work("report")).unwrap();
                std::os::unix::fs::symlink("/etc/passwd", job.world.work("report/result.json")).unwrap();
            },
            "`result.json` of the report is not a file",
        ),
    ];
    for (prepare, why) in cases {
        let job = Job::new();
        prepare(&job);
        let run = job.ended(4, "success", &["--status"]);
        says(&run.stderr, &["error: ", why]);
        let body = job.github.comments()[0].body.clone();
        says(&body, &["## stella: no result", "so nothing is known"]);
        assert!(!body.contains("passed"));
    }
}

#[test]
fn nothing_is_green_that_the_job_did_not_pass() {
    for (run, conclusion, said) in [
        (green(), "failure", "the report passes, and the job that wrote it ended with"),
        (green(), "cancelled", "the report passes, and the job that wrote it ended with"),
        (red(), "success", "the job passed, and the report that it wrote ends with 1"),
    ] {
        let job = Job::new();
        job.report(&run);
        let told = job.ended(1, conclusion, &[]);
        says(&told.stderr, &["error: not trusted: ", said]);
        says(&job.github.comments()[0].body, &["## stella: not trusted", said]);
    }
}

#[test]
fn what_the_event_does_not_allow_is_refused() {
    let mut job = Job::new();
    job.report(&green());
    job.set("GITHUB_EVENT_NAME", "pull_request_target");
    says(&job.ended(2, "success", &[]).stderr, &["`pull_request_target`", "on: pull_request"]);
    job.set("GITHUB_EVENT_NAME", "workflow_run");
    says(&job.ended(2, "success", &[]).stderr, &["--from-run ID"]);
    job.set("GITHUB_EVENT_NAME", "merge_group");
    says(&job.ended(0, "success", &[]).stdout, &["comment: left out: this run is not of a pull request"]);
    // A token of a pull request from a fork can write nothing, so nothing is asked.
    job.set("GITHUB_EVENT_NAME", "pull_request");
    job.event(crate::publish::HEAD, "mallory/app");
    says(
        &job.ended(0, "success", &["--status"]).stdout,
        &["comment: left out: a pull request from a fork", "status: left out"],
    );
    assert_eq!(job.github.asked(), Vec::<String>::new());
}

#[test]
fn one_job_for_both_is_refused_where_something_foreign_could_have_its_token() {
    let mut job = Job::new();
    job.report(&green());
    let temp = job.world.path("temp");
    fs::create_dir_all(temp.join("stella-Ab12Cd/report")).unwrap();
    job.set("RUNNER_TEMP", temp.to_str().unwrap());
    says(&job.ended(0, "success", &[]).stdout, &["comment: nothing is said"]);
    job.world.write(".stella.yaml", "version: 1\nsubject: {kind: feed, path: feed, build: make feed}\n");
    let run = job.ended(2, "success", &[]);
    says(&run.stderr, &["a build can take the token", "needs: stella", "stella-replay/stella/publish@"]);
    fs::remove_file(job.world.work(".stella.yaml")).unwrap();
    let mut run = green();
    run.replays[0].executor.as_mut().unwrap().isolation = Some(stella::model::result::Isolation::Traced);
    job.report(&run);
    says(&job.ended(2, "success", &[]).stderr, &["below the level of isolation `full`", "needs: stella"]);
}
