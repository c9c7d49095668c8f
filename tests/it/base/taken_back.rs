//! An approval is used up once its change stood on the base and was taken back; each with a twin that still counts.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::base::accept::{of_scanner, record, sarif};
use crate::base::forge::{Dev, Forge, about, codes};

const CONFIG: &str = "  argv: ['{scanner}', '{input}']\n  artifacts: ['findings=-:sarif']\nthresholds: {min_canaries: 1, \
                      min_manifests: 1}\n";
const NONE: BTreeMap<String, String> = BTreeMap::new();

/// A scanner with one canary, which finds these rules.
fn forge(rules: &[&str]) -> Forge {
    of_scanner(CONFIG, &sarif("1.0.0", rules), 1)
}

fn finds(dev: &Dev<'_>, rules: &[&str]) {
    dev.script("mine", &sarif("1.0.0", rules));
}

/// A build that finds these rules, and its recording.
fn recorded(dev: &Dev<'_>, rules: &[&str]) {
    finds(dev, rules);
    dev.remove("fixtures");
    record(dev, "canary-00", "seen-0.json", CONFIG);
}

/// Has what a pull request changes accepted, on the base, in a commit of its own.
fn accept_on_main(forge: &Forge, edit: impl Fn(&Dev<'_>)) -> String {
    forge.dev_git(&["checkout", "--quiet", "--force", "-B", "accepting", "main"]);
    edit(&forge.dev());
    let arguments = ["accept", "--base", "main", "--reason", "it is right", "--by", "alice"];
    forge.dev().stella(0, &arguments).says(&["written to approvals.yaml"]);
    let approvals = forge.dev().read("approvals.yaml");
    forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
    forge.dev_git(&["clean", "--quiet", "-fd"]);
    forge.on_main(|dev| dev.write("approvals.yaml", &approvals));
    approvals
}

fn release(forge: &Forge, exit: u8, commit: &str) -> Value {
    forge.check_out(commit, None);
    forge.run(exit, &NONE, &["ci", "--gate", "release", "--format", "json"]).stdout_json()
}

fn is_used_up(result: &Value, by: &str) {
    assert!(!about(result, "approval-taken-back").is_empty(), "{:#}", result["gate"]);
    assert!(result.to_string().contains(&format!("\"taken_back_by\":\"{}\"", &by[..12])), "{:#}", result["covered"]);
}

#[test]
fn a_loss_that_was_approved_and_taken_back_is_red_until_it_is_approved_anew() {
    let forge = forge(&["A", "B"]);
    let lose = |dev: &Dev<'_>| recorded(dev, &["A"]);
    let lost = forge.pull(lose);
    forge.judge(1, &lost);
    let approvals = accept_on_main(&forge, |dev| finds(dev, &["A"]));
    assert!(!approvals.contains("after:"), "{approvals}");
    // The twins: it is approved, and stays so after other changes, and when nothing is recorded.
    for _ in 0..2 {
        forge.judge_with_history(0, &forge.pull(|dev| finds(dev, &["A"])));
        forge.on_main(|dev| dev.write("README.md", "more\n"));
    }
    let pull = forge.pull(lose);
    let result = forge.judge_with_history(0, &pull);
    assert_eq!(codes(&result, "note"), ["approved-change", "approved-difference"], "{:#}", result["gate"]);
    forge.merge(&pull);
    // The base finds less, as it was approved; and then more again.
    let back = forge.on_main(|dev| recorded(dev, &["A", "B"]));
    let pull = forge.pull(lose);
    let result = forge.judge_with_history(1, &pull);
    is_used_up(&result, &back);
    assert_eq!(about(&result, "approval-taken-back").len(), 2, "{:#}", result["gate"]);
    let words = forge.run(1, &forge.event(&pull), &["ci", "--gate", "pr"]).stdout;
    let said = format!("was taken back by {}: approve it anew", &back[..12]);
    assert!(words.contains(&said) && words.contains("to accept exactly this change: stella accept"), "{words}");
    forge.judge_with_history(1, &forge.pull(|dev| finds(dev, &["A"])));
    // Released: what is built loses it again.
    let built = forge.dev_git(&["rev-parse", "HEAD^2"]);
    is_used_up(&release(&forge, 1, &built), &back);
    // Approved anew it counts from there.
    let approvals = accept_on_main(&forge, lose);
    assert!(approvals.contains(&format!("after: {back}")), "{approvals}");
    assert_eq!(approvals.matches("- kind").count(), 1, "{approvals}");
    let pull = forge.pull(lose);
    forge.judge_with_history(0, &pull);
    forge.merge(&pull);
    let released = forge.dev_git(&["rev-parse", "main"]);
    release(&forge, 0, &released);
    // And is used up in its turn.
    let back = forge.on_main(|dev| recorded(dev, &["A", "B"]));
    is_used_up(&forge.judge_with_history(1, &forge.pull(lose)), &back);
}

#[test]
fn an_entry_that_goes_with_what_it_let_pass_is_used_up_when_both_come_back() {
    let forge = forge(&["A", "B"]);
    let lose = |dev: &Dev<'_>| recorded(dev, &["A"]);
    let approvals = accept_on_main(&forge, |dev| finds(dev, &["A"]));
    let pull = forge.pull(|dev| {
        lose(dev);
        dev.remove("approvals.yaml");
    });
    forge.judge_with_history(0, &pull);
    forge.merge(&pull);
    let revert = || {
        forge.dev_git(&["revert", "--no-edit", "-m", "1", "main"]);
        forge.dev_git(&["push", "--quiet", "origin", "main"]);
        forge.dev_git(&["rev-parse", "main"])
    };
    let back = revert();
    assert_eq!(forge.dev().read("approvals.yaml"), approvals);
    is_used_up(&forge.judge_with_history(1, &forge.pull(lose)), &back);
    is_used_up(&forge.judge_with_history(1, &forge.pull(|dev| finds(dev, &["A"]))), &back);
    let anew = accept_on_main(&forge, |dev| finds(dev, &["A"]));
    assert!(anew.contains(&format!("after: {back}")), "{anew}");
    forge.judge_with_history(0, &forge.pull(lose));
}

#[test]
fn an_entry_that_goes_and_comes_again_without_its_change_counts() {
    let forge = forge(&["A", "B"]);
    let lose = |dev: &Dev<'_>| recorded(dev, &["A"]);
    // It stood before anybody approved it.
    forge.on_main(lose);
    forge.on_main(|dev| recorded(dev, &["A", "B"]));
    let approvals = accept_on_main(&forge, |dev| finds(dev, &["A"]));
    forge.on_main(|dev| dev.remove("approvals.yaml"));
    forge.judge_with_history(1, &forge.pull(lose));
    forge.on_main(|dev| dev.write("approvals.yaml", &approvals));
    forge.judge_with_history(0, &forge.pull(lose));
}

#[test]
fn a_release_counts_what_is_approved_and_not_recorded_yet() {
    let forge = forge(&["A", "B"]);
    accept_on_main(&forge, |dev| finds(dev, &["A"]));
    let head = forge.on_main(|dev| finds(dev, &["A"]));
    release(&forge, 0, &head);
    // Recorded, taken back, and lost again: the same entry, the same finding.
    forge.on_main(|dev| recorded(dev, &["A"]));
    let back = forge.on_main(|dev| recorded(dev, &["A", "B"]));
    let head = forge.on_main(|dev| finds(dev, &["A"]));
    is_used_up(&release(&forge, 1, &head), &back);
}

#[test]
fn a_rule_that_was_loosened_and_tightened_again_needs_a_new_approval() {
    let forge = Forge::new();
    let looser = |dev: &Dev<'_>| dev.configure("thresholds: {green: 0.9}");
    let tighter = |dev: &Dev<'_>| dev.replace(".stella.yaml", "thresholds: {green: 0.9}", "");
    accept_on_main(&forge, looser);
    let pull = forge.pull(looser);
    forge.judge_with_history(0, &pull);
    forge.merge(&pull);
    let back = forge.on_main(tighter);
    let result = forge.judge_with_history(1, &forge.pull(looser));
    assert_eq!(about(&result, "approval-taken-back"), ["thresholds.green"]);
    is_used_up(&result, &back);
    // The twin: another value, approved and never there.
    let other = |dev: &Dev<'_>| dev.configure("thresholds: {green: 0.95}");
    accept_on_main(&forge, other);
    forge.judge_with_history(0, &forge.pull(other));
    // What is gone of a recording, too.
    let drop = |dev: &Dev<'_>| dev.remove("fixtures/canaries/npm-other");
    accept_on_main(&forge, drop);
    let pull = forge.pull(drop);
    forge.judge_with_history(0, &pull);
    let kept = forge.dev_git(&["rev-parse", "main"]);
    forge.merge(&pull);
    let back = forge.on_main(|_| drop_back(&forge, &kept, "fixtures/canaries/npm-other"));
    let result = forge.judge_with_history(1, &forge.pull(drop));
    assert_eq!(about(&result, "approval-taken-back"), ["npm-other gone"]);
    is_used_up(&result, &back);
    // And another part of one.
    let relabel = |dev: &Dev<'_>| dev.rewrite("npm-app", |manifest| manifest["labels"]["tier"] = "free".into());
    accept_on_main(&forge, relabel);
    let pull = forge.pull(relabel);
    forge.judge_with_history(0, &pull);
    forge.merge(&pull);
    let back = forge.on_main(|_| drop_back(&forge, &kept, "fixtures/canaries/npm-app"));
    is_used_up(&forge.judge_with_history(1, &forge.pull(relabel)), &back);
}

fn drop_back(forge: &Forge, commit: &str, path: &str) {
    forge.dev_git(&["checkout", "--quiet", commit, "--", path]);
}

/// Ways in which a change comes to the base and leaves it again.
#[test]
fn however_it_came_and_went_it_is_used_up() {
    let lose = |dev: &Dev<'_>| recorded(dev, &["A"]);
    let find = |dev: &Dev<'_>| recorded(dev, &["A", "B"]);
    type Course = (&'static str, fn(&Forge, &dyn Fn(&Dev<'_>), &dyn Fn(&Dev<'_>)));
    let ways: [Course; 9] = [
        ("by merges", |forge, lose, find| {
            for edit in [lose, find] {
                let pull = forge.pull(edit);
                forge.merge(&pull);
            }
        }),
        ("by another one in between", |forge, lose, find| {
            forge.on_main(lose);
            forge.on_main(|dev| recorded(dev, &["C"]));
            forge.on_main(find);
        }),
        ("by a commit that has the entry, too", |forge, lose, find| {
            let approvals = forge.dev().read("approvals.yaml");
            forge.on_main(|dev| dev.remove("approvals.yaml"));
            forge.on_main(|dev| {
                dev.write("approvals.yaml", &approvals);
                lose(dev);
            });
            forge.on_main(find);
        }),
        ("and the reason was edited", |forge, lose, find| {
            forge.on_main(lose);
            forge.on_main(find);
            forge.on_main(|dev| dev.replace("approvals.yaml", "it is right", "it is quite right"));
        }),
        ("and the day was edited while it left", |forge, lose, find| {
            forge.on_main(lose);
            forge.on_main(|dev| {
                find(dev);
                dev.replace("approvals.yaml", "by: alice", "by: bob");
            });
        }),
        ("and the entry went and came again", |forge, lose, find| {
            let approvals = forge.dev().read("approvals.yaml");
            forge.on_main(lose);
            forge.on_main(|dev| {
                find(dev);
                dev.remove("approvals.yaml");
            });
            forge.on_main(|dev| dev.write("approvals.yaml", &approvals));
        }),
        ("and the approvals were written in another way", |forge, lose, find| {
            forge.on_main(lose);
            forge.on_main(find);
            forge.on_main(|dev| {
                let text = dev.read("approvals.yaml");
                let value: Value = serde_yaml::from_str(&text).unwrap();
                dev.write("approvals.yaml", value.to_string());
            });
        }),
        ("and the canaries were moved", |forge, lose, find| {
            forge.on_main(lose);
            forge.on_main(find);
            forge.on_main(|dev| {
                dev.rename("fixtures/canaries", "kept/canaries");
                dev.configure("canaries: [kept/canaries]");
            });
        }),
        ("and an old branch was merged the other way round", |forge, lose, find| {
            let start = forge.dev_git(&["rev-parse", "main~1"]);
            forge.on_main(lose);
            forge.on_main(find);
            forge.dev_git(&["checkout", "--quiet", "-B", "old", &start]);
            forge.dev_git(&["commit", "--quiet", "--allow-empty", "-m", "old"]);
            forge.dev_git(&["merge", "--quiet", "--no-ff", "-m", "the other way round", "main"]);
            forge.dev_git(&["push", "--quiet", "origin", "old:main"]);
            forge.dev_git(&["checkout", "--quiet", "-B", "main", "old"]);
        }),
    ];
    for (how, way) in ways {
        let forge = forge(&["A", "B"]);
        accept_on_main(&forge, |dev| finds(dev, &["A"]));
        forge.judge_with_history(0, &forge.pull(|dev| finds(dev, &["A"])));
        forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
        way(&forge, &lose, &find);
        let result = forge.judge_with_history(1, &forge.pull(|dev| finds(dev, &["A"])));
        assert_eq!(codes(&result, "fail"), ["approval-taken-back"], "{how}: {:#}", result["gate"]);
        // The twin finds what it found.
        forge.judge_with_history(0, &forge.pull(|dev| dev.write("README.md", "more\n")));
    }
}

#[test]
fn what_still_stands_or_never_stood_is_approved_as_before() {
    // A branch that lost it, and was never merged.
    let forge = forge(&["A", "B"]);
    accept_on_main(&forge, |dev| finds(dev, &["A"]));
    forge.pull(|dev| recorded(dev, &["A"]));
    forge.on_main(|dev| recorded(dev, &["A", "B", "C"]));
    forge.on_main(|dev| recorded(dev, &["A", "B"]));
    forge.judge_with_history(0, &forge.pull(|dev| finds(dev, &["A"])));
    // It stood before anybody approved it: that was another time.
    let forge = self::forge(&["A"]);
    forge.on_main(|dev| recorded(dev, &["A", "B"]));
    accept_on_main(&forge, |dev| finds(dev, &["A"]));
    forge.judge_with_history(0, &forge.pull(|dev| finds(dev, &["A"])));
    // Recorded, and the base went on: the entry is history, and nothing needs it.
    let pull = forge.pull(|dev| recorded(dev, &["A"]));
    forge.merge(&pull);
    forge.judge_with_history(0, &forge.pull(|dev| dev.write("README.md", "more\n")));
}

#[test]
fn a_past_that_was_cut_off_stops_only_what_needs_an_approval() {
    let forge = forge(&["A", "B"]);
    accept_on_main(&forge, |dev| finds(dev, &["A"]));
    forge.on_main(|dev| dev.write("README.md", "more\n"));
    let pull = forge.pull(|dev| finds(dev, &["A"]));
    let result = forge.judge(3, &pull);
    assert_eq!(codes(&result, "insufficient"), ["approval-unread"], "{:#}", result["gate"]);
    let words = forge.words(3, &pull);
    assert!(
        words.contains(
            "the history of the base is cut off in this clone; check out the whole history: `fetch-depth: 0`"
        ),
        "{words}"
    );
    // The twins: the whole of it, and a change that needs none.
    forge.judge_with_history(0, &pull);
    forge.judge(0, &forge.pull(|dev| dev.write("README.md", "still more\n")));
    // What was seen to be taken back needs no more of the past.
    forge.on_main(|dev| recorded(dev, &["A"]));
    let back = forge.on_main(|dev| recorded(dev, &["A", "B"]));
    let pull = forge.pull(|dev| finds(dev, &["A"]));
    forge.check_out(&pull.merge, Some(4));
    is_used_up(&forge.judge_checked_out(1, &forge.event(&pull)), &back);
}
