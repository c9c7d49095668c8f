//! What was red before is told from what a pull request breaks: in every form, and without a word in the verdict.

use serde_json::Value;

use crate::base::accept::{of_scanner, sarif};
use crate::base::forge::{Dev, Forge, Pull, codes};
use crate::cli::scene::advisory;

const SARIF: &str = "  argv: ['{scanner}', '{input}']\n  artifacts: ['findings=-:sarif']\n";

/// What is said of each replay, by its id.
fn told(result: &Value) -> Vec<(String, String)> {
    let of = |replay: &Value| {
        (replay["id"].as_str().unwrap().to_owned(), replay["before_change"]["base"].as_str().unwrap_or("-").to_owned())
    };
    let mut all: Vec<(String, String)> = result["replays"].as_array().unwrap().iter().map(of).collect();
    all.sort();
    all
}

fn is(result: &Value, expected: &[(&str, &str)]) {
    let expected: Vec<(String, String)> =
        expected.iter().map(|(id, told)| ((*id).to_owned(), (*told).to_owned())).collect();
    assert_eq!(told(result), expected, "{:#}", result["replays"]);
}

fn lose(dev: &Dev<'_>) {
    dev.write("feed/GHSA-old.json", advisory("GHSA-old", "CVE-2020-0001", "other", "1.0.0", "LOW").to_string());
}

fn judge_with(forge: &Forge, pull: &Pull, arguments: &[&str]) -> Value {
    forge.check_out(&pull.merge, Some(2));
    let all = [&["ci", "--gate", "pr", "--format", "json"][..], arguments].concat();
    forge.run(1, &forge.event(pull), &all).stdout_json()
}

#[test]
fn without_a_build_the_bases_own_files_tell_it() {
    let forge = Forge::new();
    let breaks = forge.pull(lose);
    let result = forge.judge(1, &breaks);
    is(&result, &[("SCN-0001", "green"), ("npm-app", "green"), ("npm-other", "green")]);
    let words = forge.words(1, &breaks);
    assert!(words.contains("3 replays fail with what this checkout builds: 3 by this change"), "{words}");
    assert!(
        words.contains("before    it matched: with the base's subject it still does, so this change breaks it"),
        "{words}"
    );

    // Somebody broke the base without a gate.
    forge.on_main(lose);
    let nothing = forge.pull(|dev| dev.write("README.md", "more\n"));
    let result = forge.judge(1, &nothing);
    is(&result, &[("SCN-0001", "red-as-now"), ("npm-app", "red-as-now"), ("npm-other", "red-as-now")]);
    // It tells, and decides nothing.
    assert_eq!(codes(&result, "fail"), ["unapproved-drift"]);
    let otherwise = forge.pull(|dev| {
        let other = advisory("GHSA-old", "CVE-2020-0001", "minimist", "0.2.1", "CRITICAL");
        dev.write("feed/GHSA-old.json", other.to_string());
    });
    let result = forge.judge(1, &otherwise);
    is(&result, &[("SCN-0001", "red-otherwise"), ("npm-app", "red-otherwise"), ("npm-other", "red-otherwise")]);
    let mended = forge.pull(|dev| dev.write("feed/GHSA-old.json", crate::base::forge::old().to_string()));
    is(&forge.judge(0, &mended), &[("SCN-0001", "-"), ("npm-app", "-"), ("npm-other", "-")]);
}

/// Named regression: a case that is new and expects what is not so was called red before the change.
#[test]
fn what_the_change_itself_adds_was_not_red_before() {
    let forge = Forge::new();
    let adds = forge.pull(|dev| {
        dev.case("regressions/SCN-0002-new", "SCN-0002");
        dev.replace("regressions/SCN-0002-new/expected/findings.json", "\"medium\"", "\"low\"");
    });
    let result = forge.judge(1, &adds);
    is(&result, &[("SCN-0001", "-"), ("SCN-0002", "not-known"), ("npm-app", "-"), ("npm-other", "-")]);
    let new = result["replays"].as_array().unwrap().iter().find(|replay| replay["id"] == "SCN-0002").unwrap();
    assert_eq!(new["before_change"]["why"], "the base has no such case or canary, or has it otherwise");
}

#[test]
fn every_form_of_the_report_says_it() {
    let forge = Forge::new();
    forge.on_main(lose);
    let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
    forge.check_out(&pull.merge, Some(2));
    let out = forge.world.path("report");
    let comment = forge.world.path("comment.md");
    let arguments = ["ci", "--gate", "pr", "--out-dir", out.to_str().unwrap()];
    let emit = format!("comment={}", comment.display());
    forge.run(1, &forge.event(&pull), &[&arguments[..], &["--emit", &emit]].concat());
    let in_short = "3 replays fail with what this checkout builds: 3 red before it in the same way";
    let words = "red too: the base";
    for (file, expected) in [
        (out.join("summary.md"), &[in_short, words][..]),
        (comment, &[in_short, words]),
        (out.join("report.html"), &[in_short, words]),
        (out.join("junit.xml"), &[words]),
        (out.join("stella.sarif"), &[words]),
        (out.join("result.json"), &["\"red-as-now\""]),
    ] {
        let text = std::fs::read_to_string(&file).unwrap();
        for expected in expected {
            assert!(text.contains(expected), "{}: {expected}", file.display());
        }
    }
}

#[test]
fn what_is_built_is_told_by_the_build_of_the_base_that_is_given() {
    let built = "version: 1\nsubject: {kind: feed, path: out/feed, build: 'mkdir -p out && cp -r feed out/feed'}\n";
    let forge = Forge::new();
    forge.on_main(|dev| {
        dev.write(".stella.yaml", built);
        lose(dev);
    });
    let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
    let result = forge.judge(1, &pull);
    is(&result, &[("SCN-0001", "not-known"), ("npm-app", "not-known"), ("npm-other", "not-known")]);
    let why = "the base's subject is built, and no build of it was given (`base-subject`)";
    assert_eq!(result["replays"][0]["before_change"]["why"], why);
    // As a second checkout of the workflow has built it.
    let base = forge.world.path("base-feed");
    std::fs::create_dir(&base).unwrap();
    std::fs::copy(forge.dev().path("feed/GHSA-old.json"), base.join("GHSA-old.json")).unwrap();
    let path = base.to_str().unwrap();
    let result = judge_with(&forge, &pull, &["--base-subject", path]);
    is(&result, &[("SCN-0001", "red-as-now"), ("npm-app", "red-as-now"), ("npm-other", "red-as-now")]);
    let result = judge_with(&forge, &pull, &["--base-subject", "nowhere"]);
    assert_eq!(
        result["replays"][0]["before_change"]["why"],
        "`nowhere`, where the base's subject should be, is not there"
    );
    // What was there before the build counts, whatever the build does to it.
    let steals = forge.pull(|dev| {
        let build = format!("rm {path}/GHSA-old.json; cp other/x.json {path}; mkdir -p out; cp -r other out/feed");
        dev.write(".stella.yaml", format!("version: 1\nsubject: {{kind: feed, path: out/feed, build: '{build}'}}\n"));
        let other = advisory("GHSA-old", "CVE-2020-0001", "minimist", "0.2.1", "LOW");
        dev.write("other/x.json", other.to_string());
    });
    let result = judge_with(&forge, &steals, &["--base-subject", path]);
    is(&result, &[("SCN-0001", "red-otherwise"), ("npm-app", "red-otherwise"), ("npm-other", "red-otherwise")]);
}

#[test]
fn a_scanner_of_the_base_is_run_sealed_as_that_of_the_checkout_is() {
    let forge = of_scanner(SARIF, &sarif("1.0.0", &["A"]), 2);
    let kept = forge.world.path("kept");
    std::fs::copy(forge.dev().path("mine"), &kept).unwrap();
    let breaks = forge.pull(|dev| dev.script("mine", &sarif("1.0.0", &["B"])));
    let green = [("canary-00", "green"), ("canary-01", "green")];
    is(&forge.judge(1, &breaks), &green);
    // A kept one that the build of the checkout replaces by its own is not used.
    is(&judge_with(&forge, &breaks, &["--base-subject", kept.to_str().unwrap()]), &green);
    forge.on_main(|dev| {
        dev.replace(".stella.yaml", "  path: mine\n", "  path: built\n  build: cp mine built\n");
        dev.write(".gitignore", "built\n");
    });
    let other = forge.pull(|dev| {
        dev.script("mine", &sarif("1.0.0", &["B"]));
        let build = format!("cp mine {}; cp mine built", kept.display());
        dev.replace(".stella.yaml", "build: cp mine built", &format!("build: '{build}'"));
    });
    // It was taken up before the build, so that this is no way to be red before.
    is(&judge_with(&forge, &other, &["--base-subject", kept.to_str().unwrap()]), &green);
    // Without a base there is nothing to tell.
    let push = forge.environment("push", &other.merge, &serde_json::json!({}));
    let run = forge.run(1, &push, &["ci", "--gate", "pr", "--base-subject", "x"]);
    run.complains(&["this run has no base"]);
    assert!(!run.stdout.contains("before "), "{}", run.stdout);
}
