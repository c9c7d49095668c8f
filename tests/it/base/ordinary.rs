//! Pull requests as they are every day, each ending as its author expects.

use serde_json::json;

use crate::base::accept::{of_scanner, record, sarif};
use crate::base::forge::{Forge, about, codes, old};
use crate::cli::scene::advisory;

#[test]
fn a_branch_behind_a_base_that_gained_canaries_is_green_however_it_is_checked_out() {
    let forge = Forge::new();
    let start = forge.dev_git(&["rev-parse", "main"]);
    forge.on_main(|dev| {
        dev.canary("npm-gained", &[]);
        dev.configure("thresholds: {green: 0.99}");
        dev.replace("regressions/SCN-0001-minimist/case.md", "why", "why, as we know now");
    });
    let pull = forge.pull_from(&start, |dev| dev.write("README.md", "more\n"));
    let result = forge.judge(0, &pull);
    assert_eq!(result["replays"].as_array().unwrap().len(), 4);
    assert_eq!(result["base"]["changes"], json!([]));
    // The head alone has neither the canary nor the threshold, and took neither away.
    forge.check_out(&pull.head, None);
    forge.git(&forge.world.path("work"), &["fetch", "--quiet", "origin", &pull.base]);
    let result = forge.judge_checked_out(0, &forge.event(&pull));
    assert_eq!(result["replays"].as_array().unwrap().len(), 4, "{:#}", result["base"]);
    assert_eq!(result["base"]["changes"], json!([]));
    assert_ne!(result["base"]["changed_from"], result["base"]["commit"]);
}

#[test]
fn a_withdrawn_advisory_is_red_until_its_one_acceptance_is_on_the_base() {
    let forge = Forge::new();
    let withdraw = |dev: &crate::base::forge::Dev<'_>| {
        dev.edit("feed/GHSA-old.json", |record| record["withdrawn"] = json!("2026-01-01T00:00:00Z"));
    };
    let pull = forge.pull(withdraw);
    let words = forge.words_with_history(1, &pull);
    let line = words.lines().find_map(|line| line.strip_prefix("to accept exactly this change: ")).unwrap();
    assert!(words.trim_end().ends_with(line), "{words}");
    // The one line that the report ends with, in the developer's own clone.
    forge.dev_git(&["checkout", "--quiet", &format!("topic-{}", pull.number)]);
    let line = line.replace("WHY", "'withdrawn upstream'");
    let mut command = forge.world.pasted(&format!("{line} --by alice"));
    command.current_dir(forge.world.path("dev"));
    forge.world.run(0, command).says(&["written to approvals.yaml"]);
    let approvals = forge.dev().read("approvals.yaml");
    forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
    std::fs::remove_file(forge.dev().path("approvals.yaml")).ok();
    // An entry alone is green, and says that it counts later.
    let entry = forge.pull(|dev| dev.write("approvals.yaml", &approvals));
    let result = forge.judge_with_history(0, &entry);
    assert_eq!(codes(&result, "note"), ["approvals-waiting"]);
    forge.merge(&entry);
    let pull = forge.pull(withdraw);
    let result = forge.judge_with_history(0, &pull);
    assert_eq!(codes(&result, "note"), ["approved-difference"], "{:#}", result["gate"]);
    // It covers nothing else: an advisory that lost another field is another change.
    let other = forge.pull(|dev| {
        dev.edit("feed/GHSA-old.json", |record| record["database_specific"]["severity"] = json!("LOW"));
    });
    assert_eq!(codes(&forge.judge_with_history(1, &other), "fail"), ["unapproved-drift"]);
}

#[test]
fn an_approval_counts_until_its_day_is_over() {
    let forge = Forge::new();
    let lose = |dev: &crate::base::forge::Dev<'_>| {
        dev.write("feed/GHSA-old.json", advisory("GHSA-old", "CVE-2020-0001", "other", "1.0.0", "LOW").to_string())
    };
    let pull = forge.pull(lose);
    forge.dev_git(&["checkout", "--quiet", &format!("topic-{}", pull.number)]);
    forge.dev().stella(0, &["accept", "--base", "main", "--reason", "r", "--by", "alice", "--until", "2026-01-02"]);
    let approvals = forge.dev().read("approvals.yaml");
    std::fs::remove_file(forge.dev().path("approvals.yaml")).unwrap();
    forge.on_main(|dev| dev.write("approvals.yaml", &approvals));
    forge.judge_with_history(0, &forge.pull(lose));
    // The clock of every test stands at the second of January.
    forge.on_main(|dev| dev.write("approvals.yaml", approvals.replace("2026-01-02", "2026-01-01")));
    let result = forge.judge_with_history(1, &forge.pull(lose));
    assert_eq!(codes(&result, "fail"), ["approval-expired"]);
}

#[test]
fn a_revert_is_recognised_and_its_acceptance_is_the_inverse() {
    let forge = Forge::new();
    let other = advisory("GHSA-old", "CVE-2020-0001", "minimist", "0.2.4", "MODERATE");
    let record = |dev: &crate::base::forge::Dev<'_>| {
        dev.remove("fixtures/canaries");
        dev.canary("npm-app", &["--label", "tier=regulated", "--label", "project=shop"]);
        dev.canary("npm-other", &[]);
    };
    forge.on_main(|dev| {
        dev.write("feed/GHSA-old.json", other.to_string());
        dev.replace("regressions/SCN-0001-minimist/expected/findings.json", "0.2.1", "0.2.4");
        record(dev);
    });
    let pull = forge.pull(|dev| {
        dev.write("feed/GHSA-old.json", old().to_string());
        dev.replace("regressions/SCN-0001-minimist/expected/findings.json", "0.2.4", "0.2.1");
        record(dev);
    });
    // History is needed to know it.
    forge.check_out(&pull.merge, None);
    let result = forge.judge_checked_out(1, &forge.event(&pull));
    let reverted = about(&result, "recording-reverted");
    assert!(reverted.contains(&"npm-app findings.json".to_owned()), "{:#}", result["gate"]);
    assert!(reverted.contains(&"SCN-0001 findings.json".to_owned()), "{:#}", result["gate"]);
    assert!(codes(&result, "fail").contains(&"unapproved-drift".to_owned()));
}

#[test]
fn the_first_configuration_is_judged_by_itself_and_says_so() {
    let forge = Forge::of(|dev| dev.write("README.md", "nothing yet\n"));
    let begin = |dev: &crate::base::forge::Dev<'_>| {
        dev.write(".stella.yaml", "version: 1\nsubject: {kind: feed, path: feed}\n");
        dev.write("feed/GHSA-old.json", old().to_string());
        dev.case("regressions/SCN-0001-minimist", "SCN-0001");
    };
    let pull = forge.pull(begin);
    let words = forge.words(0, &pull);
    assert!(words.starts_with("first introduction: the base ("), "{words}");
    let result = forge.judge(0, &pull);
    assert_eq!(codes(&result, "note"), ["first-introduction"]);
    // A base that has one case never falls back to this.
    forge.on_main(|dev| dev.case("regressions/SCN-0009-first", "SCN-0009"));
    let pull = forge.pull(|dev| {
        begin(dev);
        dev.remove("regressions/SCN-0009-first");
    });
    let result = forge.judge(1, &pull);
    assert_eq!(about(&result, "recording-gone"), ["SCN-0009 gone"]);
}

#[test]
fn a_repository_that_builds_nothing_is_judged_too() {
    let forge = Forge::of(|dev| {
        dev.write("feed/GHSA-old.json", old().to_string());
        dev.case("regressions/SCN-0001-minimist", "SCN-0001");
        dev.canary("npm-app", &[]);
        dev.write("package-lock.json", "{}\n");
    });
    let pull = forge.pull(|dev| dev.write("package-lock.json", "{ }\n"));
    assert_eq!(forge.judge(0, &pull)["base"]["changes"], json!([]));
}

#[test]
fn recordings_made_anew_that_say_the_same_are_counted() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| {
        dev.edit("feed/GHSA-old.json", |record| record["details"] = json!("in more words"));
        let run = dev.stella(0, &["accept", "--base", "main", "--all-equal"]);
        run.says(&["2 recorded anew: npm-app, npm-other", "nothing needs an approval"]);
    });
    let result = forge.judge(0, &pull);
    assert_eq!(codes(&result, "note"), ["recordings-refreshed"], "{:#}", result["base"]);
    forge.merge(&pull);
    // On the base they are what is replayed.
    let run = forge.dev().stella(0, &["ci", "--pinned", "--format", "json"]).stdout_json();
    assert_eq!(run["replays"].as_array().unwrap().len(), 2);
}

/// Named regression: it was loosening, since the fingerprint of the system's folders is another one.
#[test]
fn a_recording_made_anew_on_another_machine_is_counted() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| {
        dev.rewrite("npm-app", |manifest| {
            manifest["environment"]["kernel"] = json!("7.1.0");
            manifest["environment"]["runtime_digest"] = json!(format!("sha256:{}", "7".repeat(64)));
            manifest["environment"]["runtime_source"] = json!("in another way");
        });
    });
    let result = forge.judge(0, &pull);
    assert_eq!(codes(&result, "note"), ["recordings-refreshed"], "{:#}", result["base"]);
}

#[test]
fn two_pull_requests_in_one_merge_queue_are_each_judged_by_what_they_are_put_upon() {
    let forge = Forge::new();
    let first = forge.pull(|dev| dev.case("regressions/SCN-0002", "SCN-0002"));
    let second = forge.pull(|dev| dev.write("README.md", "more\n"));
    let third = forge.pull(|dev| dev.remove("regressions"));
    for (pull, exit) in [(&first, 0), (&second, 0), (&third, 1)] {
        forge.judge(exit, pull);
    }
    // The queue puts each upon the one before.
    let start = forge.dev_git(&["rev-parse", "main"]);
    let mut base = start;
    for (pull, exit, replays) in [(&first, 0, 4), (&second, 0, 4), (&third, 1, 4)] {
        forge.dev_git(&["checkout", "--quiet", "--force", "-B", "queue", &base]);
        forge.dev_git(&["merge", "--quiet", "--no-ff", "-m", "queued", &pull.head]);
        let head = forge.dev_git(&["rev-parse", "HEAD"]);
        forge.dev_git(&["push", "--quiet", "--force", "origin", "queue"]);
        forge.check_out(&head, None);
        let event = json!({ "merge_group": { "base_sha": base, "head_sha": head, "base_ref": "refs/heads/main" } });
        let result = forge.judge_checked_out(exit, &forge.environment("merge_group", &head, &event));
        assert_eq!(result["base"]["commit"], base[..12]);
        assert_eq!(result["replays"].as_array().unwrap().len(), replays);
        base = head;
    }
}

#[test]
fn a_fork_with_a_remote_of_its_own_is_judged_by_what_it_is_merged_into() {
    let forge = Forge::new();
    // The fork is old: the repository that it is merged into has gained a canary, and the fork's own `main` is weaker.
    let fork = forge.world.path("fork.git");
    forge.git(
        &forge.world.path("."),
        &["clone", "--quiet", "--bare", forge.world.path("bare.git").to_str().unwrap(), fork.to_str().unwrap()],
    );
    forge.on_main(|dev| dev.canary("npm-gained", &[]));
    let theirs = forge.world.path("theirs");
    forge.git(&forge.world.path("."), &["clone", "--quiet", fork.to_str().unwrap(), theirs.to_str().unwrap()]);
    let config = std::fs::read_to_string(theirs.join(".stella.yaml")).unwrap();
    std::fs::write(theirs.join(".stella.yaml"), format!("{config}approvals: {{in_head: yes}}\n")).unwrap();
    forge.git(&theirs, &["commit", "--quiet", "-am", "our own rules"]);
    forge.git(&theirs, &["push", "--quiet", "origin", "main"]);
    forge.git(&theirs, &["checkout", "--quiet", "-b", "topic", "HEAD^"]);
    std::fs::write(theirs.join("README.md"), "more\n").unwrap();
    forge.git(&theirs, &["add", "--all"]);
    forge.git(&theirs, &["commit", "--quiet", "-m", "topic"]);
    forge.git(&theirs, &["push", "--quiet", "origin", "topic"]);
    // The forge takes the branch from the fork.
    forge.dev_git(&[
        "fetch",
        "--quiet",
        fork.to_str().unwrap(),
        "+topic:refs/heads/of-fork",
        "+main:refs/heads/main-of-fork",
    ]);
    let good = forge.publish(101, "of-fork");
    let result = forge.judge(0, &good);
    assert_eq!(result["replays"].as_array().unwrap().len(), 4);
    // As a head, in a clone whose `origin` is the fork: its `origin/main` is not what it is merged into.
    let work = forge.check_out(&good.head, None);
    forge.git(&work, &["remote", "set-url", "origin", fork.to_str().unwrap()]);
    forge.git(&work, &["fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*"]);
    forge.git(
        &work,
        &["fetch", "--quiet", forge.world.path("bare.git").to_str().unwrap(), "+main:refs/remotes/upstream/main"],
    );
    let result = forge.judge_checked_out(0, &forge.event(&good));
    assert_eq!(result["base"]["commit"], good.base[..12]);
    forge.run(0, &Default::default(), &["ci", "--gate", "pr", "--base", "upstream/main"]).says(&["npm-gained"]);
    // What its own `main` weakens is what the pull request from it weakens.
    let bad = forge.publish(102, "main-of-fork");
    assert_eq!(about(&forge.judge(1, &bad), "rule-loosened"), ["approvals.in_head"]);
}

#[test]
fn the_advisories_of_a_day_are_green_and_listed_and_one_that_is_lost_among_them_is_red() {
    let forge = Forge::of(|dev| {
        dev.write(".stella.yaml", "version: 1\nsubject: {kind: feed, path: feed}\n");
        dev.write("feed/GHSA-old.json", old().to_string());
        dev.case("regressions/SCN-0001-minimist", "SCN-0001");
        dev.canary("npm-app", &[]);
    });
    let day = |dev: &crate::base::forge::Dev<'_>| {
        for n in 0..39 {
            let (id, cve, package) = (format!("GHSA-{n}"), format!("CVE-2026-{n:04}"), format!("other-{n}"));
            dev.write(&format!("feed/{id}.json"), advisory(&id, &cve, &package, "2.0.0", "LOW").to_string());
        }
        let new = advisory("GHSA-new", "CVE-2026-1000", "marked", "4.0.10", "LOW");
        dev.write("feed/GHSA-new.json", new.to_string());
    };
    let pull = forge.pull(day);
    let result = forge.judge(0, &pull);
    assert_eq!(codes(&result, "note"), ["nothing-lost"], "{:#}", result["gate"]);
    let words = forge.words(0, &pull);
    assert!(words.contains("CVE-2026-1000") && words.contains("1 finding came"), "{words}");
    let pull = forge.pull(|dev| {
        day(dev);
        dev.remove("feed/GHSA-old.json");
    });
    assert_eq!(about(&forge.judge(1, &pull), "unapproved-drift"), ["SCN-0001", "npm-app"]);
    // A pull request cannot ask for less.
    let pull = forge.pull(|dev| dev.configure("gates: {pr: {level: pf}}"));
    assert_eq!(about(&forge.judge(1, &pull), "rule-loosened"), ["gates.pr.level"]);
}

#[test]
fn a_scanner_upgrade_with_twelve_recordings_made_anew_is_green_and_counted() {
    const CONFIG: &str = "  argv: ['{scanner}', '{input}']\n  artifacts: ['findings=-:sarif']\n";
    let forge = of_scanner(CONFIG, &sarif("1.0.0", &["A"]), 12);
    let pull = forge.pull(|dev| {
        dev.script("mine", &sarif("2.0.0", &["A"]));
        let run = dev.stella(0, &["accept", "--base", "main", "--all-equal"]);
        run.says(&["12 recorded anew: canary-00, canary-01", "nothing needs an approval"]);
    });
    let result = forge.judge(0, &pull);
    assert_eq!(codes(&result, "note"), ["recordings-refreshed"], "{:#}", result["gate"]);
    let reasons = result["gate"]["reasons"].as_array().unwrap();
    assert_eq!(reasons[0]["count"], 12);
    forge.merge(&pull);
    forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
    forge.dev().stella(0, &["ci", "--pinned"]);
    // One of the twelve that finds less is no refresh.
    let pull = forge.pull(|dev| {
        dev.script("mine", &sarif("3.0.0", &[]));
        dev.remove("fixtures/canaries/canary-05");
        record(dev, "canary-05", "seen-5.json", CONFIG);
        dev.script("mine", &sarif("3.0.0", &["A"]));
    });
    assert_eq!(about(&forge.judge(1, &pull), "recording-loosened"), ["canary-05 findings.out"]);
}
