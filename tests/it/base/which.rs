//! Which commit is the base, and what is said where nobody can tell.

use std::collections::BTreeMap;

use serde_json::json;

use crate::base::forge::{Forge, about, codes};

/// Two commits: the first weakens, and the second is what is looked at.
#[test]
fn a_first_parent_that_the_author_wrote_is_not_the_base() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| {
        dev.remove("regressions");
        dev.configure("approvals: {in_head: yes}");
        forge.dev_git(&["add", "--all"]);
        forge.dev_git(&["commit", "--quiet", "-m", "weaken"]);
        dev.write("README.md", "harmless\n");
    });
    // A checkout of the head: its first parent is the author's own.
    forge.check_out(&pull.head, None);
    let result = forge.judge_checked_out(1, &forge.event(&pull));
    assert_eq!(about(&result, "recording-gone"), ["SCN-0001 gone"]);
    assert_eq!(result["base"]["commit"], pull.base[..12]);
    // A checkout of something else, with the event of this pull request.
    let parent = forge.dev_git(&["rev-parse", &format!("{}^", pull.head)]);
    forge.check_out(&parent, None);
    let run = forge.run(3, &forge.event(&pull), &["ci", "--gate", "pr"]);
    run.complains(&[
        "which commit is the base?",
        "neither the merge of pull request",
        "hint: check out what `actions/checkout`",
    ]);
    // A merge that the author made by hand, as the commit of the event.
    forge.dev_git(&["checkout", "--quiet", "--detach", &parent]);
    forge.dev_git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "by hand",
        "main",
        "-s",
        "ours",
        "--allow-unrelated-histories",
    ]);
    let by_hand =
        forge.dev_git(&["commit-tree", "-p", &parent, "-p", &pull.base, "-m", "x", &format!("{}^{{tree}}", pull.head)]);
    forge.dev_git(&["push", "--quiet", "origin", &format!("{by_hand}:refs/heads/by-hand")]);
    forge.check_out(&by_hand, None);
    let mut event = forge.event(&pull);
    event.insert("GITHUB_SHA".to_owned(), by_hand);
    forge
        .run(3, &event, &["ci", "--gate", "pr"])
        .complains(&["not a merge of the pull request's head into its target"]);
}

#[test]
fn what_is_missing_is_said_with_the_line_that_mends_it() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
    forge.check_out(&pull.merge, Some(1));
    let run = forge.run(3, &forge.event(&pull), &["ci", "--gate", "pr"]);
    run.complains(&[
        "is not in this clone, which is shallow",
        "hint: check out the commits that are merged, too: `fetch-depth: 2`",
    ]);
    // The head alone, without what it left.
    forge.check_out(&pull.head, Some(1));
    let run = forge.run(3, &forge.event(&pull), &["ci", "--gate", "pr"]);
    run.complains(&[
        "(the target's tip) is not in this clone, which is shallow",
        "hint: fetch the target: `git fetch --unshallow --no-tags origin +refs/heads/main:refs/remotes/origin/main`",
    ]);
    // A revision that is not there, and one that is.
    let none = Default::default();
    forge
        .run(3, &none, &["ci", "--gate", "pr", "--base", "origin/nothing"])
        .complains(&["`origin/nothing`", "hint: fetch it"]);
    forge.check_out(&pull.head, None);
    forge.run(0, &none, &["ci", "--gate", "pr", "--base", &pull.base]).says(&["--base"]);
    for event in ["pull_request_target", "workflow_run"] {
        let environment = forge.environment(event, &pull.base, &json!({}));
        forge
            .run(3, &environment, &["ci", "--gate", "pr"])
            .complains(&["does not check out what is merged", "on: pull_request"]);
    }
    let azure = [("SYSTEM_PULLREQUEST_TARGETBRANCH".to_owned(), "refs/heads/main".to_owned())].into();
    forge
        .run(3, &azure, &["ci", "--gate", "pr"])
        .complains(&["Azure Pipelines tells that this is a pull request", "--base refs/remotes/origin/main"]);
    // No pull request: the checkout's own rules.
    let push = forge.environment("push", &pull.base, &json!({}));
    let result = forge.judge_checked_out(0, &push);
    assert_eq!(result.get("base"), None);
}

#[test]
fn a_merge_request_at_gitlab_has_the_rules_of_the_tip_and_the_changes_of_its_own_base() {
    let forge = Forge::new();
    let start = forge.dev_git(&["rev-parse", "main"]);
    let tip = forge.on_main(|dev| {
        dev.canary("npm-gained", &[]);
        dev.configure("thresholds: {min_canaries: 12}");
    });
    let pull = forge.pull_from(&start, |dev| dev.remove("fixtures/canaries/npm-other"));
    forge.check_out(&pull.head, None);
    let mut variables: BTreeMap<String, String> = [
        ("CI_MERGE_REQUEST_IID", "4"),
        ("CI_COMMIT_SHA", &pull.head),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &start),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let run = forge.run(3, &variables, &["ci", "--gate", "pr"]);
    run.complains(&[
        "(`refs/remotes/origin/main`) is not in this clone",
        "hint: fetch the target: `git fetch --no-tags origin +refs/heads/main:refs/remotes/origin/main`",
    ]);
    forge.git(&forge.world.path("work"), &["fetch", "--quiet", "origin", "+refs/heads/main:refs/remotes/origin/main"]);
    let result = forge.judge_checked_out(1, &variables);
    assert_eq!(result["base"]["commit"], tip[..12]);
    assert_eq!(result["base"]["changed_from"], start[..12]);
    assert_eq!(codes(&result, "fail"), ["recording-gone"]);
    assert_eq!(about(&result, "recording-gone"), ["npm-other gone"]);
    assert_eq!(result["replays"].as_array().unwrap().len(), 4);
    variables.insert("CI_COMMIT_SHA".to_owned(), start.clone());
    forge.run(3, &variables, &["ci", "--gate", "pr"]).complains(&["is not CI_COMMIT_SHA"]);
}

#[test]
fn of_a_merged_result_at_gitlab_what_the_target_gained_is_not_its_change() {
    let forge = Forge::new();
    let start = forge.dev_git(&["rev-parse", "main"]);
    // Looser rules, and a canary less: merged by somebody who may.
    let tip = forge.on_main(|dev| {
        dev.configure("thresholds: {min_canaries: 2}");
        dev.remove("fixtures/canaries/npm-other");
    });
    for (exit, edit) in [(0, false), (1, true)] {
        let pull = forge.pull_from(&start, |dev| match edit {
            false => dev.write("README.md", "more\n"),
            true => dev.remove("fixtures/canaries/npm-app"),
        });
        forge.check_out(&pull.merge, None);
        let variables = [
            ("CI_MERGE_REQUEST_IID", "4"),
            ("CI_COMMIT_SHA", &pull.merge),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", &tip),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &start),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let result = forge.judge_checked_out(exit, &variables);
        assert_eq!(result["base"]["changed_from"], tip[..12]);
        let gone = if edit { vec!["npm-app gone"] } else { vec![] };
        assert_eq!(about(&result, "recording-gone"), gone, "{:#}", result["gate"]);
        assert!(about(&result, "rule-loosened").is_empty(), "{:#}", result["gate"]);
    }
}

/// Named regression: where the change and its base were each merged into the other, it was counted from one of the two commits, and what
/// it took away after the other one was nobody's.
#[test]
fn a_change_that_left_its_base_twice_is_counted_from_neither_alone() {
    let forge = Forge::new();
    forge.dev_git(&["checkout", "--quiet", "-B", "topic", "main"]);
    forge.dev().write("NOTES.md", "first\n");
    forge.dev_git(&["add", "--all"]);
    forge.dev_git(&["commit", "--quiet", "-m", "first"]);
    let first = forge.dev_git(&["rev-parse", "HEAD"]);
    let gained = forge.on_main(|dev| dev.case("regressions/SCN-0004", "SCN-0004"));
    forge.dev_git(&["merge", "--quiet", "--no-ff", "-m", "the first", &first]);
    forge.dev_git(&["push", "--quiet", "origin", "main"]);
    forge.dev_git(&["checkout", "--quiet", "topic"]);
    forge.dev_git(&["merge", "--quiet", "--no-ff", "-m", "the base", &gained]);
    forge.dev_git(&["rm", "--quiet", "-r", "regressions/SCN-0004"]);
    forge.dev_git(&["commit", "--quiet", "-m", "second"]);
    let pull = forge.publish(9, "topic");
    let work = forge.check_out(&pull.head, None);
    forge.git(&work, &["fetch", "--quiet", "origin", "+refs/heads/main:refs/remotes/origin/main"]);
    let said = ["left its base", "at several commits", "merge the base into the change"];
    let local: BTreeMap<String, String> = BTreeMap::new();
    forge.run(3, &local, &["ci", "--gate", "pr", "--base", "origin/main"]).complains(&said);
    forge.run(3, &forge.event(&pull), &["ci", "--gate", "pr"]).complains(&said);
    let gitlab = |left: &str| -> BTreeMap<String, String> {
        [
            ("CI_MERGE_REQUEST_IID", "4"),
            ("CI_COMMIT_SHA", &*pull.head),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", left),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    };
    for left in [&first, &gained] {
        forge.run(3, &gitlab(left), &["ci", "--gate", "pr"]).complains(&said);
    }
    // Of the merge itself nothing is left open, and neither is it once the change has the base.
    let result = forge.judge(1, &pull);
    assert_eq!(about(&result, "recording-gone"), ["SCN-0004 gone"], "{:#}", result["gate"]);
    forge.dev_git(&["checkout", "--quiet", "topic"]);
    forge.dev_git(&["merge", "--quiet", "--no-ff", "-m", "the base again", "main"]);
    let pull = forge.publish(9, "topic");
    let work = forge.check_out(&pull.head, None);
    forge.git(&work, &["fetch", "--quiet", "origin", "+refs/heads/main:refs/remotes/origin/main"]);
    let result = forge.judge_checked_out(1, &forge.event(&pull));
    assert_eq!(about(&result, "recording-gone"), ["SCN-0004 gone"], "{:#}", result["gate"]);
}

#[test]
fn a_base_goes_with_the_gate_of_pull_requests_or_with_one_replay() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.replace("regressions/SCN-0001-minimist/expected/findings.json", "medium", "low"));
    forge.check_out(&pull.merge, Some(2));
    let none = Default::default();
    forge.run(2, &none, &["ci", "--base", &pull.base]).complains(&["goes with `--gate pr`"]);
    forge.run(2, &none, &["ci", "--gate", "release", "--base", &pull.base]).complains(&["goes with `--gate pr`"]);
    // As the base has it, it matches; as the checkout has it, it does not.
    forge.run(0, &none, &["ci", "--base", &pull.base, "--only", "SCN-0001"]);
    forge.run(1, &none, &["ci", "--only", "SCN-0001"]);
}

/// Each line is run as it is printed, and what is judged then is what was meant.
#[test]
fn a_line_that_is_printed_works_as_it_stands() {
    let forge = Forge::new();
    let start = forge.dev_git(&["rev-parse", "main"]);
    forge.on_main(|dev| dev.write("README.md", "newer\n"));
    let base = forge.on_main(|dev| dev.write("README.md", "newest\n"));
    let pull = forge.pull_from(&start, |dev| dev.write("other.md", "more\n"));
    let set = |pairs: &[(&str, &str)]| -> std::collections::BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let none = set(&[]);
    let pr = ["ci", "--gate", "pr"];
    let gitlab = set(&[
        ("CI_MERGE_REQUEST_IID", "4"),
        ("CI_COMMIT_SHA", &pull.head),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &start),
    ]);
    let group = json!({ "merge_group": {"base_sha": pull.base, "head_sha": pull.merge} });
    let mut group = forge.environment("merge_group", &pull.merge, &group);
    let kept = forge.world.path("group.json");
    std::fs::copy(&group["GITHUB_EVENT_PATH"], &kept).unwrap();
    group.insert("GITHUB_EVENT_PATH".to_owned(), kept.to_str().unwrap().to_owned());
    let event = forge.event(&pull);
    for (depth, remote) in [(Some(1), "origin"), (None, "origin"), (Some(1), "up/stream"), (None, "up/stream")] {
        let of_remote = format!("{remote}/main");
        let whole = format!("refs/remotes/{remote}/main");
        for (name, commit, environment, more) in [
            ("GitHub, a checkout of the head", &pull.head, &event, &[][..]),
            ("GitHub, a merge queue", &pull.merge, &group, &[]),
            ("GitLab", &pull.head, &gitlab, &[]),
            ("Jenkins", &pull.head, &set(&[("CHANGE_ID", "1"), ("CHANGE_TARGET", "main")]), &[]),
            ("a branch by its short name", &pull.head, &none, &["--base", "main"]),
            ("a branch of the remote", &pull.head, &none, &["--base", &of_remote]),
            ("a branch by its whole name", &pull.head, &none, &["--base", &whole]),
            ("a commit", &pull.head, &none, &["--base", &base]),
            ("a commit before a branch", &pull.head, &none, &["--base", "main~1"]),
            ("a commit before another", &pull.head, &none, &["--base", &format!("{base}^")]),
        ] {
            // That system clones from `origin` itself.
            if name == "Jenkins" && remote != "origin" {
                continue;
            }
            let work = forge.check_out(commit, depth);
            if remote != "origin" {
                forge.git(&work, &["remote", "rename", "origin", remote]);
            }
            let (exit, pasted) = forge.mended(environment, &[&pr[..], more].concat());
            assert_eq!(exit, Some(0), "{name}, {depth:?}, {remote}");
            // What is whole and has its base needs none.
            assert!(pasted > 0 || depth.is_none(), "{name}, {depth:?}, {remote}");
        }
    }
}

#[test]
fn a_run_of_a_pull_request_that_has_nothing_of_it_says_so() {
    let forge = Forge::new();
    let old = forge.dev_git(&["rev-parse", "main"]);
    let base = forge.on_main(|dev| dev.write("README.md", "more\n"));
    let pull = forge.pull(|dev| dev.remove("regressions"));
    // What runs with the rights of the base checks out the base.
    for (checked_out, what) in [(&base, "the base itself"), (&old, "a commit of the base")] {
        let work = forge.check_out(checked_out, None);
        forge.git(&work, &["fetch", "--quiet", "origin", "+refs/heads/main:refs/remotes/origin/main"]);
        let arguments = ["ci", "--gate", "pr", "--base", "origin/main"];
        for event in ["pull_request_target", "pull_request", "pull_request_review", "merge_group"] {
            let environment = forge.environment(event, checked_out, &json!({}));
            let run = forge.run(3, &environment, &arguments);
            run.complains(&["nothing of the pull request is there", what, event, "hint: check out what is merged"]);
        }
        let gitlab = [("CI_MERGE_REQUEST_IID".to_owned(), "4".to_owned())].into();
        forge.run(3, &gitlab, &arguments).complains(&["merge request 4", "nothing of the pull request is there"]);
        // The twins: a push and a person's own machine.
        forge.run(0, &forge.environment("push", checked_out, &json!({})), &arguments);
        forge.run(0, &Default::default(), &arguments);
    }
    // The pull request's own head is the base: nothing was written in it.
    let empty = crate::base::forge::Pull { head: base.clone(), merge: base.clone(), ..pull.clone() };
    forge.check_out(&base, None);
    forge.run(3, &forge.event(&empty), &["ci", "--gate", "pr"]).complains(&["nothing of the pull request is there"]);
    // And one that has something, checked out by hand.
    let work = forge.check_out(&pull.head, None);
    forge.git(&work, &["fetch", "--quiet", "origin", "+refs/heads/main:refs/remotes/origin/main"]);
    let environment = forge.environment("pull_request_target", &base, &json!({}));
    forge.run(1, &environment, &["ci", "--gate", "pr", "--base", "origin/main"]).says(&["recording-gone"]);
}

#[test]
fn a_remote_by_any_name_is_the_one_that_git_would_ask_and_else_it_is_said() {
    let forge = Forge::new();
    let start = forge.dev_git(&["rev-parse", "main"]);
    let tip = forge.on_main(|dev| dev.write("README.md", "more\n"));
    let pull = forge.pull_from(&start, |dev| dev.write("other.md", "more\n"));
    let work = forge.check_out(&pull.head, None);
    let git = |arguments: &[&str]| forge.git(&work, arguments);
    let bare = git(&["remote", "get-url", "origin"]);
    let fetch =
        |remote: &str| git(&["fetch", "--quiet", remote, &format!("+refs/heads/main:refs/remotes/{remote}/main")]);
    let gitlab = [
        ("CI_MERGE_REQUEST_IID", "4"),
        ("CI_COMMIT_SHA", &pull.head),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &start),
    ];
    let gitlab = gitlab.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let of_the_tip = || assert_eq!(forge.judge_checked_out(0, &gitlab)["base"]["commit"], tip[..12]);
    git(&["remote", "rename", "origin", "upstream"]);
    fetch("upstream");
    of_the_tip();
    // Of two nothing tells which.
    git(&["remote", "add", "mine", &bare]);
    let run = forge.run(3, &gitlab, &["ci", "--gate", "pr"]);
    run.complains(&[
        "nothing tells which of the remotes `mine`, `upstream` has the target",
        "hint: name its tip: `--base refs/remotes/REMOTE/main`",
    ]);
    let run = forge.run(3, &Default::default(), &["ci", "--gate", "pr", "--base", "next"]);
    run.complains(&["REMOTE +refs/heads/next:refs/remotes/REMOTE/next`, where REMOTE is one of `mine`, `upstream`"]);
    // A name says it, and so does the branch that is checked out.
    let run = forge.run(3, &Default::default(), &["ci", "--gate", "pr", "--base", "mine/next"]);
    run.complains(&["`git fetch --no-tags mine +refs/heads/next:refs/remotes/mine/next`"]);
    git(&["checkout", "--quiet", "-b", "topic"]);
    git(&["config", "branch.topic.remote", "upstream"]);
    of_the_tip();
    git(&["config", "branch.topic.remote", "."]);
    forge.run(3, &gitlab, &["ci", "--gate", "pr"]);
    git(&["remote", "rename", "mine", "origin"]);
    fetch("origin");
    of_the_tip();
    // What a whole history does not have, no fetch brings.
    let run = forge.run(3, &Default::default(), &["ci", "--gate", "pr", "--base", "HEAD~500"]);
    run.complains(&["`HEAD~500`", "hint: name a commit that is there: this clone has the whole history"]);
    assert!(!run.stderr.contains("git fetch"), "{}", run.stderr);
}
