//! Runs without a base: whose approvals count, and what is said of it; each with a twin.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::base::accept::{of_scanner, sarif};
use crate::base::forge::{Dev, Forge, codes};

const CONFIG: &str = "  argv: ['{scanner}', '{input}']\n  artifacts: ['findings=-:sarif']\nthresholds: {min_canaries: 1, \
                      min_manifests: 1}\n";
const NONE: BTreeMap<String, String> = BTreeMap::new();

fn lose(dev: &Dev<'_>) {
    dev.script("mine", &sarif("1.0.0", &["A"]));
}

/// A repository on whose default branch nothing is approved, and one commit that loses a finding and approves that itself.
pub fn approves_itself(config: &str) -> (Forge, String) {
    let forge = of_scanner(&format!("{CONFIG}{config}"), &sarif("1.0.0", &["A", "B"]), 1);
    forge.dev_git(&["checkout", "--quiet", "-B", "topic"]);
    lose(&forge.dev());
    forge.dev().stella(0, &["accept", "--base", "main", "--reason", "it is right", "--by", "alice"]);
    forge.dev_git(&["add", "--all"]);
    forge.dev_git(&["commit", "--quiet", "-m", "topic"]);
    forge.dev_git(&["push", "--quiet", "origin", "topic"]);
    let head = forge.dev_git(&["rev-parse", "HEAD"]);
    (forge, head)
}

fn judge(forge: &Forge, exit: u8, gate: &str, environment: &BTreeMap<String, String>) -> Value {
    let run = forge.run(exit, environment, &["ci", "--gate", gate, "--format", "json"]).stdout_json();
    crate::harness::valid(&run, "result-v1.json");
    run
}

fn first_line(forge: &Forge, exit: u8, gate: &str, environment: &BTreeMap<String, String>) -> String {
    let run = forge.run(exit, environment, &["ci", "--gate", gate]);
    run.stdout.lines().next().unwrap_or_default().to_owned()
}

pub fn push(forge: &Forge, branch: &str, commit: &str) -> BTreeMap<String, String> {
    let event = json!({"ref": format!("refs/heads/{branch}"), "repository": {"default_branch": "main"}});
    let mut environment = forge.environment("push", commit, &event);
    environment.insert("GITHUB_REF".to_owned(), format!("refs/heads/{branch}"));
    environment
}

fn gitlab(branch: &str, commit: &str) -> BTreeMap<String, String> {
    let set = [
        ("CI", "true"),
        ("GITLAB_CI", "true"),
        ("CI_DEFAULT_BRANCH", "main"),
        ("CI_COMMIT_BRANCH", branch),
        ("CI_COMMIT_SHA", commit),
    ];
    set.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// The default branch, as clones have it that fetch every branch.
fn fetch_main(forge: &Forge) {
    let work = forge.world.path("work");
    forge.git(&work, &["fetch", "--quiet", "origin", "+refs/heads/main:refs/remotes/origin/main"]);
}

#[test]
fn what_approves_itself_counts_in_no_release() {
    let (forge, head) = approves_itself("");
    // Nothing tells of the default branch.
    forge.check_out(&head, None);
    let result = judge(&forge, 1, "release", &NONE);
    assert!(codes(&result, "note").contains(&"approvals-waiting".to_owned()), "{:#}", result["gate"]);
    let said = first_line(&forge, 1, "release", &NONE);
    assert!(said.starts_with("1 approval of this checkout did not count: not at "), "{said}");
    assert!(said.contains("HEAD^1"), "{said}");
    // It is told, and is in the clone.
    fetch_main(&forge);
    for environment in [push(&forge, "topic", &head), gitlab("topic", &head), gitlab("", &head)] {
        let result = judge(&forge, 1, "release", &environment);
        assert_eq!(result["without_base"]["approvals_waiting_in_head"], 1, "{:#}", result["without_base"]);
        let said = first_line(&forge, 1, "release", &environment);
        assert!(said.contains("in common with `origin/main`, the default branch"), "{said}");
    }
    // A clone notes it.
    forge.git(&forge.world.path("work"), &["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    judge(&forge, 1, "release", &NONE);
    // A name of the environment that is not this commit's.
    judge(&forge, 1, "release", &push(&forge, "main", &forge.dev_git(&["rev-parse", "main"])));
    // The history that would tell was cut off.
    forge.check_out(&head, Some(1));
    let said = forge.run(1, &NONE, &["ci", "--gate", "release"]).stdout;
    assert!(said.contains("the commit") && said.contains("HEAD^1) is not in this clone"), "{said}");
    // The twins: merged it is what is released.
    forge.dev_git(&["checkout", "--quiet", "-B", "main", "topic"]);
    forge.dev_git(&["push", "--quiet", "origin", "main"]);
    forge.check_out(&head, None);
    for environment in [push(&forge, "main", &head), gitlab("main", &head)] {
        let result = judge(&forge, 0, "release", &environment);
        assert_eq!(result["without_base"]["trusted"]["commit"], head[..12], "{:#}", result["without_base"]);
        judge(&forge, 0, "pr", &environment);
    }
    // A tag on it, in a clone that has the branch, and in one where a commit came after the approval.
    fetch_main(&forge);
    judge(&forge, 0, "release", &gitlab("", &head));
    let later = forge.on_main(|dev| dev.write("README.md", "more\n"));
    forge.check_out(&later, None);
    judge(&forge, 0, "release", &NONE);
}

#[test]
fn a_push_says_first_what_it_approves_itself() {
    let (forge, head) = approves_itself("");
    forge.check_out(&head, None);
    for environment in [NONE, push(&forge, "topic", &head)] {
        let said = first_line(&forge, 0, "pr", &environment);
        assert_eq!(said, "1 approval of this checkout counted: nothing tells which commit is trusted");
        assert!(codes(&judge(&forge, 0, "pr", &environment), "note").contains(&"approvals-in-head".to_owned()));
    }
    // Where the default branch is known, it counts once it is there.
    fetch_main(&forge);
    let environment = push(&forge, "topic", &head);
    assert_eq!(codes(&judge(&forge, 1, "pr", &environment), "fail"), ["unapproved-drift"]);
    // What is not committed is nobody's.
    forge.dev_git(&["checkout", "--quiet", "-B", "main", "topic"]);
    forge.dev_git(&["push", "--quiet", "origin", "main"]);
    let work = forge.check_out(&head, None);
    let environment = push(&forge, "main", &head);
    judge(&forge, 0, "pr", &environment);
    let approvals = std::fs::read_to_string(work.join("approvals.yaml")).unwrap();
    std::fs::write(work.join("approvals.yaml"), approvals.replace("it is right", "it is wrong")).unwrap();
    judge(&forge, 1, "pr", &environment);
    // Without approvals nothing is said.
    std::fs::remove_file(work.join("approvals.yaml")).unwrap();
    assert_eq!(judge(&forge, 1, "pr", &environment).get("without_base"), None);
}

#[test]
fn the_rule_of_a_trusted_commit_lets_its_followers_count() {
    let (forge, head) = approves_itself("approvals: {in_head: yes}\n");
    forge.check_out(&head, None);
    let said = first_line(&forge, 0, "release", &NONE);
    assert!(said.starts_with("1 approval of this checkout counted: `approvals.in_head` of "), "{said}");
    // A rule that comes with the approval is not that of a trusted commit.
    let (forge, _) = approves_itself("");
    forge.dev().configure("approvals: {in_head: yes}");
    forge.dev_git(&["add", "--all"]);
    forge.dev_git(&["commit", "--quiet", "--amend", "-m", "both"]);
    forge.dev_git(&["push", "--quiet", "--force", "origin", "topic"]);
    let head = forge.dev_git(&["rev-parse", "HEAD"]);
    forge.check_out(&head, None);
    judge(&forge, 1, "release", &NONE);
    // Reviews are of pull requests.
    let (forge, head) = approves_itself("approvals: {in_head: reviewed, approvers: [alice]}\n");
    forge.check_out(&head, None);
    let result = judge(&forge, 1, "release", &NONE);
    assert!(result["without_base"]["notes"].to_string().contains("a review is found for a pull request alone"));
}
