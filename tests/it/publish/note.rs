//! The note on a merge request at GitLab.

use std::collections::BTreeMap;

use stella::model::outcome::Outcome;
use stella::model::result::{Isolation, RunResult};
use stella::wire::v1::result;

use crate::harness::{Run, World, valid};
use crate::publish::gitlab::{BOT, Fault, Gitlab, JOB_TOKEN, TOKEN};
use crate::publish::{HEAD, NEXT, green, red, thousand};

struct Job {
    world: World,
    gitlab: Gitlab,
    env: BTreeMap<String, String>,
}

impl Job {
    fn new() -> Self {
        let (world, gitlab) = (World::new(), Gitlab::start(HEAD));
        let env = [
            ("CI", "true"),
            ("GITLAB_CI", "true"),
            ("CI_API_V4_URL", gitlab.url.as_str()),
            ("CI_PROJECT_ID", "3"),
            ("CI_MERGE_REQUEST_PROJECT_ID", "3"),
            ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "3"),
            ("CI_MERGE_REQUEST_IID", "7"),
            ("CI_PIPELINE_ID", "50"),
            ("CI_PIPELINE_URL", "https://git.example/acme/app/-/pipelines/50"),
            ("CI_JOB_ID", "900"),
            ("CI_JOB_NAME", "stella note"),
            ("CI_JOB_TOKEN", JOB_TOKEN),
            ("CI_COMMIT_SHA", HEAD),
            ("STELLA_GITLAB_TOKEN", TOKEN),
        ];
        let env = env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { world, gitlab, env }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    fn set(&mut self, name: &str, value: &str) {
        self.env.insert(name.to_owned(), value.to_owned());
    }

    fn ended(&self, status: &str) {
        self.gitlab.set(|state| state.jobs[0]["status"] = status.into());
    }

    fn publish(&self, exit: u8, run: &RunResult, more: &[&str]) -> Run {
        self.world.write("report/result.json", result::write(run).unwrap());
        let mut command = self.world.command(&[&["publish", "--report", "report"], more].concat());
        command.envs(&self.env);
        let run = self.world.run(exit, command);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains(TOKEN), "the token is told");
        run
    }
}

#[test]
fn one_note_is_kept_up_to_date_and_is_quiet_while_green() {
    let mut job = Job::new();
    job.publish(0, &green(), &[]).says(&["comment: nothing is said"]);
    assert!(job.gitlab.notes().is_empty());
    job.ended("failed");
    job.publish(0, &red(), &[]).says(&["comment: created (101)"]);
    assert_eq!(
        job.gitlab.asked(),
        [
            "GET user",
            "GET projects/3/pipelines/50/jobs",
            "GET projects/3/merge_requests/7/notes",
            "GET user",
            "GET projects/3/pipelines/50/jobs",
            "GET projects/3/merge_requests/7/notes",
            "GET projects/3/merge_requests/7",
            "POST projects/3/merge_requests/7/notes",
            "GET projects/3/merge_requests/7/notes",
        ]
    );
    let note = &job.gitlab.notes()[0];
    assert!(note.body.starts_with("<!-- stella:comment:stella -->\n## stella: failed\n"), "{}", note.body);
    assert!(note.body.contains("[the whole report](https://git.example/acme/app/-/pipelines/50)"), "{}", note.body);
    job.publish(0, &red(), &[]).says(&["comment: it says that already (101)"]);
    // The next push, which mends it.
    job.gitlab.set(|state| state.merge_request["sha"] = NEXT.into());
    for (name, value) in [("CI_COMMIT_SHA", NEXT), ("CI_PIPELINE_ID", "50"), ("CI_JOB_ID", "950")] {
        job.set(name, value);
    }
    job.ended("success");
    job.publish(0, &green(), &[]).says(&["comment: written over (101)"]);
    let notes = job.gitlab.notes();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].body.contains("## stella: passed") && notes[0].body.contains("Since your last push: 4 fixed"));
}

#[test]
fn a_note_is_ours_by_its_author_and_its_marker_on_whichever_page() {
    let job = Job::new();
    job.ended("failed");
    job.gitlab.set(|state| {
        state.note("mallory", "<!-- stella:comment:stella -->\nforged", false);
        state.note(BOT, "<!-- stella:comment:stella -->\nthe system's own words", true);
        state.note(BOT, "<!-- stella:comment:other -->\nanother job's", false);
        state.note(BOT, "<!-- stella:comment:stella -->\nours", false);
        for n in 0..205 {
            state.note("alice", &format!("a remark {n}"), false);
        }
    });
    job.publish(0, &red(), &[]).says(&["comment: written over (104)"]);
    let notes = job.gitlab.notes();
    assert_eq!((notes[0].body.as_str(), notes.len()), ("<!-- stella:comment:stella -->\nforged", 209));
    assert!(notes[3].body.contains("## stella: failed"));
}

#[test]
fn how_the_gate_ended_gitlab_is_asked_and_nothing_else_makes_it_green() {
    for (status, shown) in [
        ("success", "no note"),
        ("failed", "not trusted"),
        ("canceled", "not trusted"),
        ("skipped", "not trusted"),
        ("running", "not trusted"),
        ("of-tomorrow", "not trusted"),
    ] {
        let job = Job::new();
        job.ended(status);
        let exit = if status == "success" { 0 } else { 4 };
        let mut command = job.world.command(&["publish", "--report", "report"]);
        job.world.write("report/result.json", result::write(&green()).unwrap());
        let output = command.envs(&job.env).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code().unwrap();
        assert!(if exit == 0 { code == 0 } else { code != 0 }, "{status}: {code} {said}");
        let notes = job.gitlab.notes();
        match shown {
            "no note" => assert!(notes.is_empty()),
            words => assert!(notes[0].body.contains(&format!("## stella: {words}")), "{status}: {}", notes[0].body),
        }
    }
    // Two of that name, and none.
    for jobs in [vec![], vec![serde_json::json!({"name": "stella", "status": "success"}); 2]] {
        let job = Job::new();
        job.gitlab.set(|state| state.jobs = jobs);
        job.world.write("report/result.json", result::write(&green()).unwrap());
        let mut command = job.world.command(&["publish", "--report", "report"]);
        assert!(!command.envs(&job.env).output().unwrap().status.success());
        assert!(job.gitlab.notes()[0].body.contains("not trusted"));
    }
    // A gate of another name; and a job that would speak for itself.
    let job = Job::new();
    job.gitlab.set(|state| state.jobs.push(serde_json::json!({"name": "gate", "status": "failed"})));
    job.publish(0, &red(), &["--job", "gate"]).says(&["comment: created"]);
    Job::new().with("CI_JOB_NAME", "stella").publish(2, &green(), &[]).complains(&["the job `stella` is this one"]);
}

#[test]
fn an_older_run_a_moved_branch_and_a_closed_merge_request_write_nothing() {
    let mut job = Job::new();
    job.ended("failed");
    job.set("CI_JOB_ID", "950");
    job.publish(0, &red(), &[]);
    let before = job.gitlab.notes()[0].body.clone();
    job.set("CI_JOB_ID", "900");
    let other = crate::publish::of(&red(), |replay| !matches!(replay.outcome, Outcome::Flaky { .. }));
    job.publish(0, &other, &[]).says(&["a newer run wrote it"]);
    job.set("CI_JOB_ID", "960");
    job.gitlab.set(|state| state.merge_request["sha"] = NEXT.into());
    job.publish(0, &other, &[]).says(&["the pull request is at a20000000000 now"]);
    job.gitlab.set(|state| {
        state.merge_request["sha"] = HEAD.into();
        state.merge_request["state"] = "merged".into();
    });
    job.publish(0, &other, &[]).says(&["is closed"]);
    assert_eq!(job.gitlab.notes()[0].body, before);
    // Pushed right before the write.
    let job = Job::new();
    job.ended("failed");
    let push = |state: &mut crate::publish::gitlab::State| state.merge_request["sha"] = NEXT.into();
    job.gitlab.plant("GET projects/3/merge_requests/7/notes", Fault::First(Box::new(push)));
    job.publish(0, &red(), &[]).says(&["the pull request is at a20000000000 now"]);
    assert!(job.gitlab.notes().is_empty());
}

#[test]
fn trouble_is_waited_for_looked_at_or_told() {
    let job = Job::new();
    job.ended("failed");
    job.gitlab.plant("POST", Fault::Refuse(429, vec![("Retry-After", "0".to_owned())]));
    job.publish(0, &red(), &[]).says(&["comment: created (101)"]);
    let job = Job::new();
    job.ended("failed");
    job.gitlab.plant("POST", Fault::AfterCommit);
    job.publish(0, &red(), &[]).says(&["comment: created (101)"]);
    assert_eq!(job.gitlab.notes().len(), 1);
    // Two publishers: the first note stays.
    let job = Job::new();
    job.ended("failed");
    let other = |state: &mut crate::publish::gitlab::State| {
        state.note(BOT, "<!-- stella:comment:stella -->\nof a twin", false);
    };
    job.gitlab.plant("POST", Fault::First(Box::new(other)));
    job.publish(0, &red(), &[]).says(&["comment: written over (101)"]);
    assert_eq!(job.gitlab.notes().iter().map(|note| note.id).collect::<Vec<_>>(), [101]);
    // The job's own token is never tried, and one that may not write is named.
    let mut job = Job::new();
    job.env.remove("STELLA_GITLAB_TOKEN");
    job.publish(2, &red(), &[]).complains(&["STELLA_GITLAB_TOKEN is not set", "scope `api`"]);
    assert!(job.gitlab.asked().is_empty());
    let job = job.with("STELLA_GITLAB_TOKEN", "another");
    let run = job.publish(4, &red(), &["--require-publish"]);
    run.complains(&["GitLab answers `GET user` with 401", "CI_JOB_TOKEN"]);
}

#[test]
fn a_thousand_failures_are_one_note_and_no_line_is_an_order() {
    let of = |count: usize| {
        let mut run = thousand();
        run.replays.truncate(count);
        for (at, replay) in run.replays.iter_mut().enumerate() {
            let detail = "/merge\n/assign @root\n  /close".to_owned();
            replay.outcome = if at % 2 == 0 { Outcome::Unhealthy { detail } } else { Outcome::Infra { detail } };
            (replay.fidelity, replay.movement, replay.explanation) = (None, None, None);
            (replay.diff, replay.artifacts) = (Default::default(), vec![]);
            replay.title = "/approve".to_owned();
            replay.notes = vec!["/label ~bug".to_owned(), "@all !1 %2 &3 $4".to_owned()];
        }
        RunResult::new(run.stella_version, run.started_at, run.finished_at, run.replays, vec!["/close".to_owned()])
    };
    for count in [3, 1000] {
        let job = Job::new();
        job.ended("failed");
        valid(&job.publish(0, &of(count), &["--format", "json"]).stdout_json(), "publish-v1.json");
        let note = &job.gitlab.notes()[0];
        assert!(note.body.len() < 65_000, "{} bytes", note.body.len());
        assert!(count > 3 || note.body.contains("| /merge"), "{}", note.body);
        assert_eq!(job.gitlab.set(|state| state.orders.clone()), Vec::<String>::new());
        assert!(!note.body.contains("@all") && !note.body.contains(" !1"), "{}", note.body);
    }
}

#[test]
fn what_gitlab_does_not_have_is_refused_and_a_fork_is_told() {
    for (arguments, words) in [
        (&["--conclusion", "success"][..], "is told by GitLab"),
        (&["--status"], "a status is wanted"),
        (&["--check"], "a check run is wanted"),
        (&["--no-comment"], "no note is wanted"),
    ] {
        Job::new().publish(2, &green(), arguments).complains(&[words]);
    }
    let mut job = Job::new().with("CI_PROJECT_ID", "4");
    job.env.remove("STELLA_GITLAB_TOKEN");
    job.publish(0, &red(), &[]).says(&["comment: left out: a merge request from a fork"]);
    assert!(job.gitlab.notes().is_empty());
    // A member lets it run here.
    let mut unsealed = green();
    unsealed.replays[0].executor.as_mut().unwrap().isolation = Some(Isolation::Isolated);
    let job = Job::new().with("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "4");
    job.publish(4, &unsealed, &[]).complains(&["needs the level of isolation `full`"]);
    assert!(job.gitlab.notes()[0].body.contains("## stella: not trusted"));
    // It goes by the fork's own file, whatever its result says; so does what does not say that it is of this project.
    for source in ["4", "", "x"] {
        let job = Job::new().with("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", source);
        job.publish(3, &green(), &[]);
        assert!(job.gitlab.notes().iter().all(|note| note.body.contains("## stella: not trusted")), "{source}");
    }
    Job::new()
        .with("CI_MERGE_REQUEST_IID", "x")
        .publish(2, &green(), &[])
        .complains(&["CI_MERGE_REQUEST_IID is not set"]);
    Job::new().with("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "3").publish(0, &unsealed, &[]);
    // Nothing is written, and what would be is shown.
    let job = Job::new();
    job.ended("failed");
    job.publish(0, &red(), &["--dry-run"])
        .says(&["## stella: failed", "would call POST projects/3/merge_requests/7/notes"]);
    assert!(job.gitlab.notes().is_empty());
}
