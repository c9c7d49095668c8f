//! `approvals.in_head: reviewed`: a review counts for the commit that it was given for, by who gave it, and for nothing else.
#![cfg(feature = "registry")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::base::forge::{Dev, Forge, Pull, codes};
use crate::harness::{Run, valid};

/// GitHub's REST API, as far as reviews need it: it lists in pages, knows its paths, and asks for a token and a version.
struct Api {
    url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default, Clone)]
struct State {
    pull: Value,
    commits: Vec<Value>,
    reviews: Vec<Value>,
    asked: Vec<String>,
}

const TOKEN: &str = "ghs_0123456789abcdefghijklmnopqrstuvwxyz";

impl Api {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut first, mut headers) = (String::new(), BTreeMap::new());
                reader.read_line(&mut first).unwrap();
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    match line.trim_end().split_once(": ") {
                        Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.to_owned()),
                        None => break,
                    };
                }
                let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
                let (status, body) = answer(&mut shared.lock().unwrap(), &first, &path, &headers);
                let body = body.to_string();
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice());
            }
        });
        Self { url, state }
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }
}

fn answer(state: &mut State, first: &str, path: &str, headers: &BTreeMap<String, String>) -> (&'static str, Value) {
    state.asked.push(path.to_owned());
    let header = |name: &str| headers.get(name).map(String::as_str).unwrap_or_default();
    if !first.starts_with("GET ") {
        return ("405 Method Not Allowed", json!({"message": "Method Not Allowed"}));
    }
    if header("authorization") != format!("Bearer {TOKEN}") {
        return ("401 Unauthorized", json!({"message": "Bad credentials"}));
    }
    if header("user-agent").is_empty() {
        return ("403 Forbidden", json!({"message": "Request forbidden by administrative rules."}));
    }
    if header("x-github-api-version") != "2022-11-28" || header("accept") != "application/vnd.github+json" {
        return ("400 Bad Request", json!({"message": "version"}));
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let number = |name: &str, default: usize| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.clone().find(|(key, _)| *key == name).map_or(default, |(_, value)| value.parse().unwrap())
    };
    let (per_page, page) = (number("per_page", 30).min(100), number("page", 1));
    let listed = |all: &[Value]| Value::Array(all.iter().skip((page - 1) * per_page).take(per_page).cloned().collect());
    match path {
        "/repos/acme/scanner/pulls/1" => ("200 OK", state.pull.clone()),
        // The API lists the first 250 commits of a pull request, and no more.
        "/repos/acme/scanner/pulls/1/commits" => ("200 OK", listed(&state.commits[..state.commits.len().min(250)])),
        "/repos/acme/scanner/pulls/1/reviews" => ("200 OK", listed(&state.reviews)),
        _ => ("404 Not Found", json!({"message": "Not Found"})),
    }
}

fn user(login: &str) -> Value {
    json!({"login": login, "id": 1, "type": if login.ends_with("[bot]") { "Bot" } else { "User" }})
}

fn commit(sha: &str, author: &str) -> Value {
    json!({"sha": sha, "author": user(author), "committer": user("web-flow"),
        "commit": {"author": {"name": author, "email": "x@example.com"}}})
}

fn review(by: &str, state: &str, commit: &str) -> Value {
    json!({"id": 1, "user": user(by), "state": state, "commit_id": commit, "author_association": "MEMBER"})
}

struct Scene {
    forge: Forge,
    pull: Pull,
    api: Api,
}

/// A pull request that loses a finding and brings its own approval, on a base that lets a review by Alice or Bob count.
fn scene() -> Scene {
    let forge = Forge::new();
    forge.on_main(|dev| dev.configure("approvals: {in_head: reviewed, approvers: [Alice, bob, ci-bot]}"));
    let pull = forge.pull(|dev: &Dev<'_>| {
        dev.edit("feed/GHSA-old.json", |record| record["affected"][0]["package"]["name"] = json!("other"));
        dev.stella(0, &["accept", "--base", "main", "--reason", "it is right", "--by", "alice"]);
    });
    let api = Api::start();
    api.set(|state| {
        state.pull = json!({"number": 1, "state": "open", "user": user("mallory"), "head": {"sha": pull.head, "ref": "topic"},
            "base": {"sha": pull.base, "ref": "main"}, "commits": 1});
        state.commits = vec![commit(&pull.head, "mallory")];
    });
    Scene { forge, pull, api }
}

impl Scene {
    fn reviewed(&self, exit: u8, more: &[&str]) -> Run {
        self.forge.check_out(&self.pull.merge, Some(2));
        let mut environment = self.forge.event(&self.pull);
        for (name, value) in
            [("GITHUB_API_URL", self.api.url.as_str()), ("GITHUB_REPOSITORY", "acme/scanner"), ("GITHUB_TOKEN", TOKEN)]
        {
            environment.insert(name.to_owned(), value.to_owned());
        }
        let out = self.forge.world.path("reviewed.json");
        self.forge.run(exit, &environment, &[&["reviewed", "--out", out.to_str().unwrap()], more].concat())
    }

    /// Both steps; the exit of the second.
    fn judged(&self, exit: u8) -> Value {
        self.reviewed(0, &[]);
        let out = self.forge.world.path("reviewed.json");
        let arguments = ["ci", "--gate", "pr", "--format", "json", "--reviewed", out.to_str().unwrap()];
        self.forge.run(exit, &self.forge.event(&self.pull), &arguments).stdout_json()
    }
}

#[test]
fn a_review_of_this_very_commit_by_an_approver_lets_its_approvals_count() {
    let scene = scene();
    let head = scene.pull.head.clone();
    // Without one it is red, and says what is missing.
    let result = scene.judged(1);
    assert_eq!(codes(&result, "fail"), ["unapproved-drift"]);
    let told = result["base"]["notes"].to_string();
    assert!(told.contains("nobody whom the base names as an approver has approved this commit"), "{told}");
    // Names have no case.
    scene
        .api
        .set(|state| state.reviews = vec![review("aLiCe", "APPROVED", &head), review("alice", "COMMENTED", &head)]);
    let result = scene.judged(0);
    assert_eq!(codes(&result, "note"), ["approvals-in-head", "approved-difference"]);
    let document = scene.reviewed(0, &["--format", "json"]).stdout_json();
    valid(&document, "reviewed-v1.json");
    assert_eq!(document["approved_by"], json!(["aLiCe"]));
    // Without the file of the first step nothing counts.
    let result = scene.forge.judge_checked_out(1, &scene.forge.event(&scene.pull));
    assert!(result["base"]["notes"].to_string().contains("none was given with `--reviewed`"));
}

#[test]
fn a_review_that_does_not_count_says_why() {
    let scene = scene();
    let head = scene.pull.head.clone();
    let older = "a".repeat(40);
    let table: [(&str, Vec<Value>, &str); 9] = [
        ("a stale review", vec![review("alice", "APPROVED", &older)], "stale-review"),
        ("not an approver", vec![review("eve", "APPROVED", &head)], "not-an-approver"),
        ("a name that looks like one", vec![review("al1ce", "APPROVED", &head)], "not-an-approver"),
        ("a name in other letters", vec![review("аlice", "APPROVED", &head)], "not-an-approver"),
        (
            "changes requested later",
            vec![review("alice", "APPROVED", &head), review("alice", "CHANGES_REQUESTED", &head)],
            "not-approving",
        ),
        ("dismissed", vec![review("alice", "DISMISSED", &head)], "not-approving"),
        ("only a comment", vec![review("alice", "COMMENTED", &head)], "not-approving"),
        (
            "a robot",
            vec![json!({"user": {"login": "ci-bot", "type": "Bot"}, "state": "APPROVED", "commit_id": head})],
            "not-a-user",
        ),
        (
            "approved and then for another commit",
            vec![review("bob", "APPROVED", &head), review("bob", "APPROVED", &older)],
            "stale-review",
        ),
    ];
    for (name, reviews, why) in table {
        scene.api.set(|state| state.reviews = reviews);
        let document = scene.reviewed(0, &["--format", "json"]).stdout_json();
        assert_eq!(document["approved_by"], json!([]), "{name}");
        assert_eq!(document["not_counted"][0]["why"], why, "{name}");
        scene.judged(1);
    }
}

#[test]
fn nobody_approves_what_is_or_may_be_their_own() {
    let scene = scene();
    let head = scene.pull.head.clone();
    scene.api.set(|state| state.reviews = vec![review("alice", "APPROVED", &head)]);
    let first = "b".repeat(40);
    let by =
        |author: Value, committer: Value| json!({"sha": first, "author": author, "committer": committer, "commit": {}});
    let mallory = || user("mallory");
    let table = [
        ("opened by her", user("alice"), None, "author"),
        ("written by her", mallory(), Some(by(user("Alice"), user("web-flow"))), "author-of-a-commit"),
        ("committed by her", mallory(), Some(by(mallory(), user("alice"))), "author-of-a-commit"),
        ("written by nobody whom GitHub knows", mallory(), Some(by(Value::Null, user("web-flow"))), "unknown-author"),
        ("written by an empty object", mallory(), Some(by(json!({}), user("web-flow"))), "unknown-author"),
        ("written by GitHub's own account", mallory(), Some(by(user("web-flow"), user("web-flow"))), "unknown-author"),
    ];
    for (name, author, commit_of_it, why) in table {
        scene.api.set(|state| {
            state.pull["user"] = author;
            state.commits = commit_of_it.into_iter().chain([commit(&head, "mallory")]).collect();
            state.pull["commits"] = json!(state.commits.len());
        });
        let document = scene.reviewed(0, &["--format", "json"]).stdout_json();
        assert_eq!(document["approved_by"], json!([]), "{name}");
        assert_eq!(document["not_counted"][0]["why"], why, "{name}");
    }
    // What a commit says of its author is text: forging her name there neither helps nor harms.
    scene.api.set(|state| {
        state.pull["user"] = mallory();
        let mut forged = commit(&head, "mallory");
        forged["commit"]["author"] = json!({"name": "alice", "email": "alice@example.com"});
        state.commits = vec![forged];
        state.pull["commits"] = json!(1);
    });
    scene.judged(0);
}

#[test]
fn what_is_listed_in_part_or_has_moved_on_is_no_answer() {
    let scene = scene();
    let head = scene.pull.head.clone();
    // An approval on the second page, after a hundred comments of others.
    scene.api.set(|state| {
        state.reviews = (0..130).map(|n| review(&format!("user-{n}"), "COMMENTED", &head)).collect();
        state.reviews.push(review("bob", "APPROVED", &head));
    });
    scene.judged(0);
    // More commits than the API lists.
    scene.api.set(|state| {
        state.commits = (0..300).map(|n| commit(&format!("{n:040x}"), "mallory")).collect();
        state.pull["commits"] = json!(300);
    });
    scene.reviewed(3, &[]).complains(&["has 300 commits and the API lists 250"]);
    // Somebody has pushed since.
    scene.api.set(|state| {
        state.commits = vec![commit(&head, "mallory")];
        state.pull["commits"] = json!(1);
        state.pull["head"]["sha"] = json!("c".repeat(40));
    });
    scene.reviewed(3, &[]).complains(&["and this run is about"]);
    scene.api.set(|state| state.pull = json!({"message": "something else"}));
    scene.reviewed(3, &[]).complains(&["GitHub's answer for the pull request cannot be read"]);
}

#[test]
fn the_file_of_the_review_comes_from_outside_of_the_checkout_and_is_of_this_commit() {
    let scene = scene();
    let head = scene.pull.head.clone();
    scene.api.set(|state| state.reviews = vec![review("alice", "APPROVED", &head)]);
    scene.reviewed(0, &[]);
    let found = std::fs::read_to_string(scene.forge.world.path("reviewed.json")).unwrap();
    scene.forge.world.write("reviewed.json", &found);
    let event = scene.forge.event(&scene.pull);
    let judge = |exit, file: &str| scene.forge.run(exit, &event, &["ci", "--gate", "pr", "--reviewed", file]);
    judge(2, "reviewed.json").complains(&["lies in the checkout"]);
    let outside = scene.forge.world.path("other.json");
    std::fs::write(&outside, found.replace(&head, &"d".repeat(40))).unwrap();
    judge(1, outside.to_str().unwrap()).says(&["the review is of another commit"]);
    std::fs::write(&outside, "{}").unwrap();
    judge(2, outside.to_str().unwrap());
    // Elsewhere than in a pull request, and without a token.
    let none = BTreeMap::new();
    let out = scene.forge.world.path("o.json");
    let arguments = ["reviewed", "--out", out.to_str().unwrap()];
    let said = ["a review is not applicable here", "not a run of a pull request at GitHub", "hint: run this step for"];
    scene.forge.run(3, &none, &arguments).complains(&said);
    scene.forge.run(2, &scene.forge.event(&scene.pull), &arguments).complains(&["GITHUB_REPOSITORY is not set"]);
}

/// Each place without a review that could be believed, with its own reason.
#[test]
fn where_a_review_is_not_applicable_the_reason_is_said() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
    forge.check_out(&pull.merge, None);
    let out = forge.world.path("o.json");
    let arguments = ["reviewed", "--out", out.to_str().unwrap()];
    let group = serde_json::json!({ "merge_group": {"base_sha": pull.base, "head_sha": pull.merge} });
    let gitlab: BTreeMap<String, String> = [
        ("CI_MERGE_REQUEST_IID", "4"),
        ("CI_COMMIT_SHA", &pull.merge),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &pull.base),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    forge.run(3, &gitlab, &arguments).complains(&["not applicable here", "GitLab tells who has approved", "hint: use"]);
    let environment = forge.environment("merge_group", &pull.merge, &group);
    forge.run(3, &environment, &arguments).complains(&["not applicable here", "a merge group holds", "hint: leave"]);
    let environment = forge.environment("push", &pull.merge, &group);
    forge
        .run(3, &environment, &arguments)
        .complains(&["not applicable here", "hint: run this step for `pull_request`"]);
    let event = std::fs::read_to_string(&forge.event(&pull)["GITHUB_EVENT_PATH"]).unwrap();
    let event = serde_json::from_str(&event).unwrap();
    for name in ["pull_request_review", "pull_request_review_comment"] {
        let environment = forge.environment(name, &pull.merge, &event);
        let said =
            ["is not applicable: its verdict would stand beside that of `pull_request`", "hint: judge in a workflow"];
        forge.run(3, &environment, &arguments).complains(&said);
        forge.run(3, &environment, &["ci", "--gate", "pr"]).complains(&said);
    }
    assert!(!out.exists());
}

/// The gate says the same of an approval that a change brings with it, where nobody could be asked for a review.
#[test]
fn a_gate_says_why_no_review_counts() {
    let Scene { forge, pull, .. } = scene();
    forge.check_out(&pull.merge, None);
    let group = json!({ "merge_group": {"base_sha": pull.base, "head_sha": pull.merge} });
    let gitlab = [
        ("CI_MERGE_REQUEST_IID", "4"),
        ("CI_COMMIT_SHA", &pull.merge),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", &pull.base),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &pull.base),
    ];
    let gitlab = gitlab.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let notes = |environment: &BTreeMap<String, String>| {
        let result = forge.judge_checked_out(1, environment);
        assert!(codes(&result, "note").contains(&"approvals-waiting".to_owned()), "{:#}", result["gate"]);
        result["base"]["notes"].to_string()
    };
    let said = notes(&forge.environment("merge_group", &pull.merge, &group));
    assert!(said.contains("a review is not applicable here: a merge group holds"), "{said}");
    let said = notes(&gitlab);
    assert!(said.contains("a review is not applicable here: GitLab tells who has approved"), "{said}");
    // The twin: of a pull request at GitHub it could have been found.
    let said = notes(&forge.event(&pull));
    assert!(said.contains("need a review, and none was given with"), "{said}");
}
