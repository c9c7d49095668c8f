//! `stella notify`: one issue for each scan that fails and each cause, against a GitHub that keeps state.

use std::fs;

use serde_json::json;
use stella::model::comparison::diff::DiffSummary;
use stella::model::outcome::Outcome;
use stella::model::result::{ReplayResult, RunResult};

use crate::harness::{Run, says, valid};
use crate::publish::github::{Fault, Issue};
use crate::publish::{HEAD, Job, green, red, thousand};

/// A job of the night on the default branch.
fn night() -> Job {
    let mut job = Job::new();
    job.github.set(|state| {
        state.permissions.clear();
        state.permissions.insert("issues", "write");
    });
    on(&mut job, "schedule", "refs/heads/main");
    job
}

fn on(job: &mut Job, event: &str, reference: &str) {
    let file = job.world.path("event.json");
    fs::write(&file, json!({"repository": {"default_branch": "main"}}).to_string()).unwrap();
    for (name, value) in [("GITHUB_EVENT_NAME", event), ("GITHUB_SHA", HEAD), ("GITHUB_REF", reference)] {
        job.set(name, value);
    }
    job.set("GITHUB_EVENT_PATH", file.to_str().unwrap());
}

fn notify(job: &Job, exit: u8, run: &RunResult, conclusion: &str, more: &[&str]) -> Run {
    job.report(run);
    again(job, exit, conclusion, more)
}

fn again(job: &Job, exit: u8, conclusion: &str, more: &[&str]) -> Run {
    let mut command =
        job.world.command(&[&["notify", "--report", "report", "--conclusion", conclusion], more].concat());
    command.envs(&job.env);
    job.world.run(exit, command)
}

fn issues(job: &Job, state: &str) -> Vec<Issue> {
    job.github.set(|github| github.issues.iter().filter(|one| one.state == state).cloned().collect())
}

/// The same replay as it would be, had it matched.
fn matching(of: &ReplayResult) -> ReplayResult {
    let (id, title, recording) = (of.id.clone(), of.title.clone(), of.recording.clone());
    let (kind, mode, candidate) = (of.kind, of.mode, of.candidate);
    let known = green().replays.remove(0);
    ReplayResult { id, title, recording, kind, mode, candidate, ..known }
}

/// The red run with each replay as `change` has it.
fn changed(change: impl Fn(&ReplayResult) -> ReplayResult) -> RunResult {
    let run = red();
    let replays = run.replays.iter().map(change).collect();
    RunResult::new(run.stella_version.clone(), run.started_at, run.finished_at, replays, vec![])
}

fn attempt(job: &mut Job, run: &str) {
    job.set("GITHUB_RUN_ID", run);
}

#[test]
fn an_issue_is_opened_written_over_and_closed_when_green() {
    let mut job = night();
    notify(&job, 0, &green(), "success", &[]).says(&["issue: nothing fails, and no issue is open"]);
    assert!(job.github.asked().iter().all(|call| call.starts_with("GET ")));

    notify(&job, 0, &red(), "failure", &[]);
    let open = issues(&job, "open");
    let failing: Vec<_> = red().replays.into_iter().filter(|r| !matches!(r.outcome, Outcome::Match { .. })).collect();
    assert_eq!(open.len(), failing.len());
    for (one, replay) in open.iter().zip(&failing) {
        assert!(one.title.contains(&replay.id), "{} {}", one.title, replay.id);
        says(&one.body, &[&replay.id, "commit `a10000000000`", "actions/runs/50/attempts/1", "Reproduce:"]);
    }
    says(&open[0].body, &["```diff", "Recorded in `"]);

    // The next night the same fails: the same issues, of the later run.
    attempt(&mut job, "51");
    notify(&job, 0, &red(), "failure", &[]).says(&["written over"]);
    let later = issues(&job, "open");
    let numbers = |all: &[Issue]| all.iter().map(|one| one.number).collect::<Vec<_>>();
    assert_eq!(numbers(&later), numbers(&open));
    says(&later[0].body, &["actions/runs/51/"]);

    // An older run that finishes last changes nothing, and closes nothing.
    let all = changed(matching);
    attempt(&mut job, "50");
    notify(&job, 0, &all, "success", &[]).says(&["a newer run wrote it"]);
    assert_eq!(issues(&job, "open").len(), later.len());

    // One is mended; then all, and then it fails again.
    attempt(&mut job, "52");
    let first = red().replays[0].id.clone();
    let one_mended = changed(|replay| if replay.id == first { matching(replay) } else { replay.clone() });
    notify(&job, 0, &one_mended, "failure", &[]).says(&["closed"]);
    let closed = issues(&job, "completed");
    assert!(closed.len() == 1 && closed[0].body.contains("It matches again."), "{closed:?}");
    attempt(&mut job, "53");
    notify(&job, 0, &all, "success", &[]);
    assert_eq!((issues(&job, "open").len(), issues(&job, "completed").len()), (0, open.len()));
    attempt(&mut job, "54");
    notify(&job, 0, &red(), "failure", &[]);
    assert_eq!(issues(&job, "open").len(), open.len());
}

#[test]
fn what_is_not_known_closes_nothing() {
    let mut job = night();
    notify(&job, 0, &red(), "failure", &[]);
    let open = issues(&job, "open").len();
    attempt(&mut job, "51");
    // No report, one that is not believed, one of a part: each says so, and what is open stays.
    fs::remove_dir_all(job.world.work("report")).unwrap();
    again(&job, 4, "failure", &[]).complains(&["there is no `result.json` in the report"]);
    let there = issues(&job, "open");
    assert_eq!(there.len(), open + 1);
    says(&there.last().unwrap().title, &["the run left no result"]);
    notify(&job, 1, &green(), "failure", &[]).complains(&["not trusted"]);
    assert_eq!(issues(&job, "open").len(), open + 2);
    // What was not replayed is not green, and what could not be compared is no other cause.
    notify(&job, 0, &green(), "success", &[]).says(&["stays open"]);
    assert_eq!(issues(&job, "open").len(), open, "those of the run as a whole are closed");
    let broken = changed(|replay| ReplayResult {
        outcome: Outcome::Infra { detail: "no disk".into() },
        fidelity: None,
        diff: DiffSummary::default(),
        movement: None,
        artifacts: vec![],
        explanation: None,
        ..replay.clone()
    });
    let drifts = issues(&job, "open").iter().filter(|one| one.title.contains("drift")).count();
    notify(&job, 0, &broken, "failure", &[]);
    let still = issues(&job, "open").iter().filter(|one| one.title.contains(" drift")).count();
    assert!(drifts > 0 && still == drifts, "{drifts} {still}");
}

#[test]
fn what_others_wrote_is_left_alone_and_nothing_is_there_twice() {
    let job = night();
    notify(&job, 0, &red(), "failure", &[]);
    let ours = issues(&job, "open").remove(0);
    job.github.set(|state| {
        state.issue("mallory", "mine", &ours.body);
        state.issue("github-actions[bot]", "a pull request", &ours.body);
        state.issues.last_mut().unwrap().is_pull = true;
        // What a publisher that raced has left.
        state.issues.retain(|one| one.number != ours.number);
    });
    job.github.plant("POST /repos/acme/app/issues", Fault::AfterCommit);
    notify(&job, 0, &red(), "failure", &[]);
    let open = issues(&job, "open");
    let same = |login: &str| {
        open.iter().filter(|one| one.login == login && one.body.lines().next() == ours.body.lines().next()).count()
    };
    // The pull request, and one issue: 502 came after it was made.
    assert_eq!((same("mallory"), same("github-actions[bot]")), (1, 2), "{open:?}");
    assert!(open.iter().any(|one| one.title == "mine") && open.iter().any(|one| one.title == "a pull request"));

    let before = open.len();
    let raced = ours.body.clone();
    job.github.set(|state| state.issues.retain(|one| one.login == "mallory" || one.is_pull));
    job.github.plant(
        "POST /repos/acme/app/issues",
        Fault::First(Box::new(move |state| {
            state.issue("github-actions[bot]", "raced", &raced);
        })),
    );
    notify(&job, 0, &red(), "failure", &[]).says(&["1 closed that were there twice"]);
    assert_eq!((issues(&job, "open").len(), issues(&job, "not_planned").len()), (before, 1));
}

#[test]
fn what_cannot_be_told_is_said_and_a_dry_run_writes_nothing() {
    let mut job = night();
    job.github.set(|state| state.permissions.insert("issues", "read"));
    notify(&job, 0, &red(), "failure", &[]).complains(&["warning: issue: ", "issues: write"]);
    again(&job, 4, "failure", &["--require-publish"]).complains(&["give the job `permissions: {issues: write}`"]);
    job.github.asked();
    let run = again(&job, 0, "failure", &["--dry-run", "--format", "json"]).stdout_json();
    valid(&run, "publish-v1.json");
    assert_eq!(run["would"][0]["call"], "POST repos/acme/app/issues", "{run:#}");
    assert!(job.github.asked().iter().all(|call| call.starts_with("GET ")) && issues(&job, "open").is_empty());
    for (event, reference, said) in [
        ("push", "refs/heads/topic", "this run is of another"),
        ("pull_request", "refs/pull/7/merge", "this run is of something else"),
    ] {
        let mut job = night();
        if event == "pull_request" {
            job.event(HEAD, "acme/app");
            job.set("GITHUB_EVENT_NAME", event);
        } else {
            on(&mut job, event, reference);
        }
        notify(&job, 2, &red(), "failure", &[]).complains(&[said]);
    }
    // A thousand that fail open twenty, and one that counts the rest.
    job.github.set(|state| state.permissions.insert("issues", "write"));
    job.github.asked();
    notify(&job, 0, &thousand(), "failure", &[]);
    let open = issues(&job, "open");
    assert_eq!(open.len(), 21);
    assert!(open.iter().all(|one| one.body.len() < 65_000));
    says(&open[20].title, &["980 more scans fail"]);
    assert!(job.github.asked().len() <= 24);
    // Named regression: the next night another comes first, and the issue of the last, which fails as before, was closed.
    attempt(&mut job, "51");
    let mut run = thousand();
    run.replays.insert(0, ReplayResult { id: "SCN-00".to_owned(), ..run.replays[0].clone() });
    let run = RunResult::new(run.stella_version.clone(), run.started_at, run.finished_at, run.replays, vec![]);
    notify(&job, 0, &run, "failure", &[]).says(&["fails as before"]);
    assert!(issues(&job, "open").iter().any(|one| one.number == open[19].number));
    // Named regression: what does not say of which branch it is was taken for the default one.
    let file = job.world.path("event.json");
    fs::write(&file, "{}").unwrap();
    again(&job, 0, "failure", &["--dry-run"]);
    job.set("GITHUB_EVENT_NAME", "workflow_dispatch");
    again(&job, 2, "failure", &["--dry-run"]).complains(&["this run is of something else"]);
}
