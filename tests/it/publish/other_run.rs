//! `--from-run`: what a pull request from a fork has left is published by a job that believes its number and nothing else of it.

use std::io::{Cursor, Write};

use serde_json::json;
use stella::model::digest::Digest;
use stella::model::result::{Isolation, RunResult};
use stella::wire::v1::result;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::harness::says;
use crate::publish::github::BASE;
use crate::publish::{HEAD, Job, NEXT, green, red};

const WORKFLOW: &str = ".github/workflows/stella.yml";

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A job of a workflow with `on: workflow_run`, about a run of a pull request from a fork.
fn job(run: &RunResult, conclusion: &str) -> Job {
    let mut job = Job::new();
    job.set("GITHUB_EVENT_NAME", "workflow_run");
    job.set("GITHUB_RUN_ID", "900");
    let repository =
        |id: u64, owner: &str| json!({"id": id, "full_name": format!("{owner}/app"), "owner": {"login": owner}});
    job.github.set(|state| {
        state.pulls.clear();
        state.permissions.extend([("actions", "read"), ("contents", "read")]);
        state.run = json!({"id": 77, "run_attempt": 2, "event": "pull_request", "status": "completed", "conclusion": conclusion,
            "head_sha": HEAD, "head_branch": "topic", "head_repository": repository(2, "mallory"), "repository": repository(1, "acme"),
            "path": WORKFLOW, "html_url": "https://github.com/acme/app/actions/runs/77", "pull_requests": []});
        for commit in [BASE, HEAD] {
            state.blobs.insert((commit.to_owned(), WORKFLOW.to_owned()), "blob-1".to_owned());
        }
        state.merge_base = BASE.to_owned();
    });
    job.github.open(7, HEAD, 2);
    leave(
        &job,
        1,
        &archive(&[("result.json", result::write(run).unwrap().as_bytes()), ("SCN-0001/actual/x.json", b"{}")]),
    );
    job
}

/// What the run has left, under the usual name.
fn leave(job: &Job, id: u64, bytes: &[u8]) {
    let artifact = json!({"id": id, "name": "stella", "size_in_bytes": bytes.len(), "expired": false,
        "digest": Digest::of(bytes).to_string(), "workflow_run": {"id": 77}});
    job.github.set(|state| state.artifacts.push((artifact, bytes.to_vec())));
}

fn publish(job: &Job, exit: u8) -> crate::harness::Run {
    job.publish(exit, &["--from-run", "77"])
}

fn only_comment(job: &Job) -> String {
    let comments = job.github.comments();
    assert_eq!(comments.len(), 1);
    comments[0].body.clone()
}

#[test]
fn the_report_of_a_fork_is_shown_on_its_pull_request() {
    let job = job(&red(), "failure");
    says(&publish(&job, 0).stdout, &["comment: created"]);
    let body = only_comment(&job);
    says(
        &body,
        &[
            "## stella: failed",
            "https://github.com/acme/app/actions/runs/77/attempts/2",
            "<!-- stella:attempt:1 77 2 -->",
        ],
    );
    // A second attempt that is green is the newer one, and what was left last counts.
    leave(&job, 9, &archive(&[("result.json", result::write(&green()).unwrap().as_bytes())]));
    job.github.set(|state| (state.run["run_attempt"], state.run["conclusion"]) = (3.into(), "success".into()));
    publish(&job, 0);
    says(&only_comment(&job), &["## stella: passed"]);
}

#[test]
fn an_edited_workflow_is_not_trusted_and_never_green() {
    let job = job(&green(), "success");
    let at = |commit: &str| (commit.to_owned(), WORKFLOW.to_owned());
    job.github.set(|state| drop(state.blobs.insert(at(HEAD), "blob-2".to_owned())));
    let edited = "not trusted: the workflow was edited";
    says(&publish(&job, 1).stderr, &[edited]);
    let body = only_comment(&job);
    says(&body, &["## stella: not trusted", edited]);
    assert!(!body.contains("## stella: passed"));
    // Taken away, or put elsewhere, is edited.
    job.github.set(|state| drop(state.blobs.remove(&at(HEAD))));
    says(&publish(&job, 1).stderr, &[edited]);
    // The base has changed it since, and the pull request has not.
    job.github.set(|state| {
        state.blobs.insert(at(HEAD), "blob-1".to_owned());
        state.blobs.insert(at(BASE), "blob-3".to_owned());
        state.blobs.insert(at("m000"), "blob-1".to_owned());
        state.merge_base = "m000".to_owned();
    });
    publish(&job, 0);
    says(&only_comment(&job), &["## stella: passed"]);
    // Who may not look does not know.
    job.github.set(|state| state.permissions.remove("contents"));
    says(&publish(&job, 3).stderr, &["cannot be told whether this pull request edits the workflow"]);
    says(&only_comment(&job), &["## stella: not trusted"]);
}

#[test]
fn a_fork_needs_the_level_full() {
    let mut run = green();
    run.replays[0].executor.as_mut().unwrap().isolation = Some(Isolation::Isolated);
    let job = job(&run, "success");
    says(&publish(&job, 4).stderr, &["needs the level of isolation `full`", "1 replay reached `isolated`"]);
    says(&only_comment(&job), &["## stella: not trusted"]);
}

#[test]
fn only_the_pull_request_of_the_run_is_written_on() {
    let job = job(&red(), "failure");
    // It has moved on, and so its next run tells of it.
    job.github.push(7, NEXT);
    says(&publish(&job, 0).stdout, &["comment: left out: the pull request of that run is at another commit now"]);
    // Another repository has the same commit under the same name.
    job.github.set(|state| {
        state.push(7, HEAD);
        state.pulls[0]["head"]["repo"]["id"] = 3.into();
    });
    says(&publish(&job, 0).stdout, &["left out"]);
    assert!(job.github.asked().iter().all(|call| call.starts_with("GET ")));
    job.github.set(|state| state.pulls[0]["head"]["repo"]["id"] = 2.into());
    job.github.open(8, HEAD, 2);
    says(&publish(&job, 3).stderr, &["2 pull requests have the commit of this run"]);
}

#[test]
fn a_run_of_another_kind_is_refused() {
    for (key, value, said) in [
        ("event", json!("push"), "of the event `push`"),
        ("event", json!("pull_request_target"), "of the event `pull_request_target`"),
        ("status", json!("in_progress"), "`in_progress`"),
        ("conclusion", json!(null), "`completed`"),
        ("head_repository", json!(null), "of a repository that is gone"),
    ] {
        let job = job(&green(), "success");
        job.github.set(|state| state.run[key] = value);
        says(&publish(&job, 2).stderr, &[said]);
    }
    let job = job(&green(), "success");
    job.github.set(|state| state.run["repository"]["full_name"] = "other/app".into());
    says(&publish(&job, 2).stderr, &["of `other/app`"]);
}

#[test]
fn what_was_left_is_hostile() {
    let good = result::write(&green()).unwrap();
    let large = vec![b' '; 33 << 20];
    for (bytes, said) in [
        (archive(&[("../result.json", good.as_bytes()), ("result.json", good.as_bytes())]), "leads elsewhere"),
        (archive(&[("a/result.json", good.as_bytes())]), "there is no `result.json`"),
        (archive(&[("result.json", &large)]), "more than"),
        (b"not an archive".to_vec(), "the archive of the report is refused"),
    ] {
        let job = job(&green(), "success");
        job.github.set(|state| state.artifacts.clear());
        leave(&job, 2, &bytes);
        says(&publish(&job, 4).stderr, &[said]);
        says(&only_comment(&job), &["## stella: no result"]);
    }
    // Nothing, or no more.
    for expired in [false, true] {
        let job = job(&green(), "success");
        job.github.set(|state| match expired {
            true => state.artifacts[0].0["expired"] = true.into(),
            false => state.artifacts.clear(),
        });
        publish(&job, 4);
        says(&only_comment(&job), &["## stella: no result"]);
    }
    let changed = job(&green(), "success");
    changed.github.set(|state| state.artifacts[0].0["digest"] = Digest::of(b"").to_string().into());
    says(&publish(&changed, 4).stderr, &["is not what its digest says"]);
    let huge = job(&green(), "success");
    huge.github.set(|state| state.artifacts[0].0["size_in_bytes"] = (1u64 << 40).into());
    says(&publish(&huge, 4).stderr, &["expected at most"]);
}
