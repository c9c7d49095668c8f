//! The comment: one for each key, quiet while green, of nobody else, and never an older one over a newer one.

use std::fs;
use std::thread;

use crate::harness::{repository, says, valid};
use crate::publish::github::Fault;
use crate::publish::{HEAD, Job, NEXT, green, of, red, thousand};

const LAST: &str = "a300000000000000000000000000000000000000";
const OURS: &str = "<!-- stella:comment:stella -->";

#[test]
fn one_comment_is_made_and_written_over_until_it_is_green() {
    let mut job = Job::new();
    job.report(&red());
    says(&job.ended(0, "failure", &[]).stdout, &["comment: created (101)"]);
    let asked = job.github.asked();
    assert_eq!(asked.len(), 4, "{asked:?}");
    let first = job.github.comments();
    assert_eq!((first.len(), first[0].login.as_str()), (1, "github-actions[bot]"));
    says(
        &first[0].body,
        &[
            OURS,
            "## stella: failed",
            "CVE-2021-44228",
            "commit `a10000000000`",
            "https://github.com/acme/app/actions/runs/50/attempts/1",
        ],
    );
    // The same again says nothing new.
    says(&job.ended(0, "failure", &[]).stdout, &["it says that already"]);

    job.github.push(7, NEXT);
    job.event(NEXT, "acme/app");
    job.set("GITHUB_RUN_ID", "51");
    job.report(&of(&red(), |replay| replay.id != "SCN-0001"));
    says(&job.ended(0, "failure", &[]).stdout, &["comment: written over (101)"]);
    says(&job.github.comments()[0].body, &["Since your last push: 1 fixed, 0 new, 3 as before.", "a20000000000"]);

    job.github.push(7, LAST);
    job.event(LAST, "acme/app");
    job.set("GITHUB_RUN_ID", "52");
    job.report(&green());
    let json = job.ended(0, "success", &["--format", "json"]).stdout_json();
    valid(&json, "publish-v1.json");
    assert_eq!((&json["published"][0]["outcome"], &json["shown"]["code"]), (&"updated".into(), &0.into()));
    let last = job.github.comments();
    assert_eq!(last.len(), 1);
    says(&last[0].body, &["## stella: passed", "3 fixed, 0 new, 0 as before"]);
}

#[test]
fn nothing_is_said_of_what_is_green_and_was_not_red() {
    let job = Job::new();
    job.report(&green());
    says(&job.ended(0, "success", &[]).stdout, &["comment: nothing is said"]);
    assert_eq!((job.github.comments().len(), job.github.asked().len()), (0, 1));
}

#[test]
fn what_others_write_is_not_touched_whatever_it_says() {
    let job = Job::new();
    job.github.set(|state| {
        for (login, kind) in
            [("mallory", "User"), ("github-actions", "User"), ("other[bot]", "Bot"), ("github-actions[bot]", "User")]
        {
            state.comment(login, kind, &format!("{OURS}\nplanted"));
        }
        for text in [
            format!("quoted\n{OURS}"),
            "<!-- stella:comment:stella-2 -->\nx".to_owned(),
            format!("{OURS} x"),
            String::new(),
        ] {
            state.comment("github-actions[bot]", "Bot", &text);
        }
    });
    let before = job.github.comments();
    job.report(&red());
    says(&job.ended(0, "failure", &[]).stdout, &["comment: created (109)"]);
    let after = job.github.comments();
    assert_eq!(after.len(), 9);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.id, &before.body), (after.id, &after.body));
    }
    // A second job has its own.
    says(&job.ended(0, "failure", &["--key", "linux"]).stdout, &["comment: created (110)"]);
    says(&job.ended(0, "failure", &[]).stdout, &["it says that already (109)"]);
}

#[test]
fn every_page_of_comments_is_read() {
    let job = Job::new();
    let own = job.github.set(|state| {
        (0..250).for_each(|_| {
            state.comment("somebody", "User", "a long discussion");
        });
        let own = state.comment("github-actions[bot]", "Bot", &format!("{OURS}\nold"));
        (0..60).for_each(|_| {
            state.comment("somebody", "User", "goes on");
        });
        own
    });
    job.report(&red());
    says(&job.ended(0, "failure", &[]).stdout, &[&format!("written over ({own})")]);
    assert_eq!(job.github.comments().len(), 311);
}

#[test]
fn two_publishers_that_race_come_to_one_comment() {
    for _ in 0..3 {
        let job = Job::new();
        job.report(&red());
        job.github.hold_lists(2);
        let commands = [(); 2].map(|()| job.command(&["--report", "report", "--conclusion", "failure"]));
        let running = commands.map(|mut command| thread::spawn(move || command.output().unwrap()));
        for thread in running {
            let output = thread.join().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let asked = job.github.asked();
        assert_eq!(asked.iter().filter(|call| call.starts_with("POST ")).count(), 2, "they raced: {asked:?}");
        let left = job.github.comments();
        assert_eq!((left.len(), left[0].id), (1, 101), "{asked:?}");
    }
}

#[test]
fn what_an_interrupted_publisher_left_is_cleared_away() {
    let job = Job::new();
    job.github
        .set(|state| (0..3).for_each(|_| _ = state.comment("github-actions[bot]", "Bot", &format!("{OURS}\nold"))));
    job.report(&red());
    says(&job.ended(0, "failure", &[]).stdout, &["written over (101)"]);
    assert_eq!(job.github.comments().iter().map(|comment| comment.id).collect::<Vec<_>>(), [101]);
}

#[test]
fn an_older_run_that_finishes_last_writes_nothing() {
    let mut job = Job::new();
    job.report(&red());
    job.ended(0, "failure", &[]);
    let before = job.github.comments()[0].body.clone();
    // The pull request has moved on.
    job.github.push(7, NEXT);
    job.report(&green());
    says(
        &job.ended(0, "success", &["--status", "--check"]).stdout,
        &["comment: the pull request is at a20000000000 now"],
    );
    // It moves on while the comments are read.
    job.github.push(7, HEAD);
    job.github.plant("GET /repos/acme/app/issues/7/comments", Fault::First(Box::new(|state| state.push(7, NEXT))));
    says(&job.ended(0, "success", &[]).stdout, &["comment: the pull request is at"]);
    // A newer run of the same commit has spoken.
    job.github.push(7, HEAD);
    job.set("GITHUB_RUN_ID", "49");
    job.set("GITHUB_RUN_ATTEMPT", "9");
    says(&job.ended(0, "success", &[]).stdout, &["comment: a newer run wrote it"]);
    // The pull request is closed.
    job.set("GITHUB_RUN_ID", "60");
    job.github.set(|state| state.pulls[0]["state"] = "closed".into());
    says(&job.ended(0, "success", &[]).stdout, &["comment: the pull request is closed"]);
    let asked = job.github.asked();
    assert_eq!(asked.iter().filter(|call| !call.starts_with("GET ")).count(), 1, "{asked:?}");
    assert_eq!(job.github.comments()[0].body, before);
}

#[test]
fn a_thousand_failing_cases_are_one_comment_and_four_calls() {
    let job = Job::new();
    job.report(&thousand());
    job.ended(0, "failure", &[]);
    let comments = job.github.comments();
    assert!(comments.len() == 1 && comments[0].body.len() < 65_000, "{}", comments[0].body.len());
    says(&comments[0].body, &["1000", "Not shown here"]);
    assert!(job.github.asked().len() <= 4);
}

/// What stands outside of blocks of code, in which nothing acts.
fn without_fences(page: &str) -> String {
    let (mut open, mut kept) = (None, String::new());
    for line in page.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match open {
            Some(fence) if line == fence => open = None,
            Some(_) => {}
            None if ticks.len() >= 3 => open = Some(ticks),
            None => kept += &format!("{line}\n"),
        }
    }
    assert_eq!(open, None, "a block that does not end");
    kept
}

#[test]
fn hostile_names_do_not_act_in_the_comment() {
    let job = Job::new();
    let hostile = fs::read(repository("tests/data/report/hostile-v1.json")).unwrap();
    job.world.write("report/result.json", hostile);
    job.ended(0, "failure", &["--no-comment"]);
    assert_eq!(job.github.asked(), Vec::<String>::new());
    job.ended(0, "failure", &[]);
    let body = job.github.comments()[0].body.clone();
    let comments: Vec<&str> = body.match_indices("<!--").map(|(at, _)| body[at..].lines().next().unwrap()).collect();
    assert_eq!(comments.len(), 3, "{comments:?}");
    assert!(
        comments[0] == OURS
            && comments[1].starts_with("<!-- stella:attempt:1 50 1 -->")
            && comments[2].starts_with("<!-- stella:standing:1 ")
    );
    let body =
        without_fences(&body).replace("[the whole report](https://github.com/acme/app/actions/runs/50/attempts/1)", "");
    for acting in ["<script", "<img", "](http", "\n# ", "##[", "\u{202e}", "\u{1b}"] {
        assert!(!body.contains(acting), "{acting}");
    }
    // Found again as ours, in spite of the markers in it.
    says(&job.ended(0, "failure", &[]).stdout, &["it says that already"]);
}

#[test]
fn a_dry_run_writes_nothing_and_needs_no_token() {
    let mut job = Job::new();
    job.report(&red());
    job.github
        .set(|state| state.permissions = [("pull_requests", "read"), ("statuses", "read"), ("checks", "read")].into());
    let with_token = job.ended(0, "failure", &["--dry-run", "--status", "--check"]).stdout;
    let asked = job.github.asked();
    assert!(asked.iter().all(|call| call.starts_with("GET ")) && !asked.is_empty(), "{asked:?}");
    job.env.remove("GITHUB_TOKEN");
    let without = job.ended(0, "failure", &["--dry-run", "--status", "--check"]).stdout;
    for text in [with_token, without] {
        says(
            &text,
            &[
                OURS,
                "## stella: failed",
                "would call POST repos/acme/app/issues/7/comments (",
                "would call POST repos/acme/app/statuses/a100",
                "would call POST repos/acme/app/check-runs (",
            ],
        );
    }
    assert_eq!(job.github.asked(), Vec::<String>::new());
}
