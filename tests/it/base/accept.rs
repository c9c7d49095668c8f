//! `stella accept`: what it shows, what it writes, and what it refuses.

use std::fs;

use serde_json::json;

use crate::base::forge::{Dev, Forge, about, codes};
use crate::cli::scene::advisory;
use crate::harness::valid;

fn gain(dev: &Dev<'_>) {
    dev.write("feed/GHSA-new.json", advisory("GHSA-new", "CVE-2022-0002", "marked", "4.0.10", "HIGH").to_string());
}

#[test]
fn nothing_is_written_without_a_reason_and_nothing_but_what_was_named() {
    let forge = Forge::new();
    forge.dev_git(&["checkout", "--quiet", "-B", "topic"]);
    let dev = forge.dev();
    dev.stella(0, &["accept", "--base", "main"]).says(&["nothing needs an approval"]);
    gain(&dev);
    let shown = dev.stella(0, &["accept", "--base", "main"]);
    shown.says(
        &["difference npm-app: findings.json", "CVE-2022-0002", "scanner", "write it with `--reason TEXT`"]
            .map(|word| if word == "scanner" { "feed" } else { word }),
    );
    assert!(!dev.path("approvals.yaml").exists());
    let json = dev.stella(0, &["accept", "--base", "main", "--format", "json"]).stdout_json();
    valid(&json, "accept-v1.json");
    let exactly = json["exactly"].as_str().unwrap();
    let other = format!("sha256:{}", "0".repeat(64));
    let arguments =
        |digest: &'static str| vec!["accept", "--base", "main", "--reason", "r", "--by", "b", "--exactly", digest];
    let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    dev.stella(3, &arguments(leak(&other))).complains(&["the changes that are open here are", "and not sha256:0000"]);
    assert!(!dev.path("approvals.yaml").exists());
    dev.stella(0, &arguments(leak(exactly)));
    // Now there is nothing that is open.
    forge.on_main(|_| {});
    assert!(dev.read("approvals.yaml").contains("kind: difference"));
    for (arguments, said) in [
        (vec!["accept", "--reason", "r", "--by", "b", "--until", "2025-12-31"], "is over already"),
        (vec!["accept", "--reason", " ", "--by", "b"], "must not be empty"),
    ] {
        dev.write(".stella.yaml", "version: 1\nsubject: {kind: feed, path: feed}\n");
        dev.remove("approvals.yaml");
        dev.stella(2, &arguments).complains(&[said]);
        dev.write("approvals.yaml", "version: 1\n");
    }
}

#[test]
fn a_rule_and_what_it_gains_are_red_accepted_with_their_recordings_and_green_once_on_the_base() {
    let forge = Forge::new();
    let pull = forge.pull(gain);
    assert_eq!(about(&forge.judge_with_history(1, &pull), "unapproved-drift"), ["npm-app", "npm-other"]);
    // The maintainer accepts in a change of its own, with the recordings made by running them.
    forge.dev_git(&["checkout", "--quiet", &format!("topic-{}", pull.number)]);
    let dev = forge.dev();
    let run = dev.stella(0, &["accept", "--base", "main", "--update", "--reason", "a new advisory", "--by", "alice"]);
    run.says(&["2 recorded anew: npm-app, npm-other", "written to approvals.yaml"]);
    let approvals = dev.read("approvals.yaml");
    dev.copy("fixtures", "../recorded");
    forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
    forge.dev_git(&["clean", "--quiet", "-fd"]);
    forge.on_main(|dev| dev.write("approvals.yaml", &approvals));
    // The difference is approved, and so is that it is what is expected from now on.
    let pull = forge.pull(|dev| {
        gain(dev);
        dev.remove("fixtures");
        dev.copy("../recorded", "fixtures");
    });
    let result = forge.judge_with_history(0, &pull);
    assert_eq!(codes(&result, "note"), ["approved-change", "approved-difference"], "{:#}", result["gate"]);
    forge.merge(&pull);
    // From then on it is what is expected.
    let result = forge.judge_with_history(0, &forge.pull(|dev| dev.write("README.md", "more\n")));
    assert_eq!(codes(&result, "note"), [] as [&str; 0]);
    // A file that lies about is no recording: the golden that somebody writes is another change.
    let pull = forge
        .pull(|dev| dev.replace("fixtures/canaries/npm-app/expected/findings.json", "CVE-2022-0002", "CVE-2022-0003"));
    assert!(codes(&forge.judge_with_history(1, &pull), "fail").contains(&"recording-loosened".to_owned()));
}

#[test]
fn rules_and_recordings_are_accepted_one_by_one() {
    let forge = Forge::new();
    let weaken = |dev: &Dev<'_>| {
        dev.configure("thresholds: {green: 0.95}");
        dev.remove("fixtures/canaries/npm-other");
    };
    let pull = forge.pull(weaken);
    forge.dev_git(&["checkout", "--quiet", &format!("topic-{}", pull.number)]);
    let run =
        forge.dev().stella(0, &["accept", "npm-other", "--base", "main", "--reason", "it is too old", "--by", "alice"]);
    run.says(&["recording npm-other: gone", "1 entry written"]);
    let approvals = forge.dev().read("approvals.yaml");
    assert!(!approvals.contains("thresholds"), "{approvals}");
    forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
    forge.dev_git(&["clean", "--quiet", "-fd"]);
    forge.on_main(|dev| dev.write("approvals.yaml", &approvals));
    let result = forge.judge_with_history(1, &forge.pull(weaken));
    assert_eq!(codes(&result, "fail"), ["rule-loosened"]);
    assert_eq!(about(&result, "approved-change"), ["npm-other gone"]);
    let words = forge.words_with_history(1, &forge.pull(weaken));
    assert!(words.contains("loosening `thresholds.green`: `0.95` was `0.98`"), "{words}");
    assert!(words.contains("approved by alice until 2026-04-02: it is too old"), "{words}");
}

#[test]
fn what_differs_from_itself_cannot_be_approved() {
    let forge = Forge::of(|dev| {
        dev.script("scan", "echo '{\"n\": 1}' > \"$1\"");
        dev.write(
            ".stella.yaml",
            "version: 1\nsubject:\n  kind: scanner\n  engine: mine\n  path: scan\n  argv: ['{scanner}', '{out}/f.json']\n  \
             artifacts: ['findings={out}/f.json:json']\n",
        );
        dev.write(
            "regressions/SCN-0001/case.metadata.json",
            json!({
                "id": "SCN-0001", "title": "t", "kind": "k", "source": "s", "severity": "low",
            })
            .to_string(),
        );
        dev.write("regressions/SCN-0001/input/file.txt", "x\n");
        dev.write("regressions/SCN-0001/expected/f.json", "{\"n\": 1}\n");
    });
    forge.dev_git(&["checkout", "--quiet", "-B", "topic"]);
    let dev = forge.dev();
    dev.script("scan", "echo '{\"n\": 2}' > \"$1\"");
    dev.stella(0, &["accept", "--base", "main"]).says(&["difference SCN-0001: f.json"]);
    // Chance is seeded in the sandbox, and the number of a process is its own: when it was started the machine tells.
    dev.script("scan", "echo \"{\\\"n\\\": $(cut -d' ' -f22 /proc/self/stat)}\" > \"$1\"");
    let arguments = ["accept", "--base", "main", "--reason", "it is right", "--by", "alice", "--update"];
    dev.stella(1, &arguments)
        .says(&["SCN-0001 differs from itself: what is flaky cannot be approved", "nothing needs an approval"]);
    assert!(!dev.path("approvals.yaml").exists() && dev.read("regressions/SCN-0001/expected/f.json") == "{\"n\": 1}\n");
    let pull = forge.pull(|dev| {
        dev.script("scan", "echo \"{\\\"n\\\": $(cut -d' ' -f22 /proc/self/stat)}\" > \"$1\"");
    });
    assert_eq!(codes(&forge.judge(1, &pull), "fail"), ["unapproved-flaky"]);
}

/// A repository that builds a scanner of its own, `mine`, with so many canaries of it, each of another input.
pub fn of_scanner(config: &str, body: &str, canaries: usize) -> Forge {
    Forge::of(|dev| {
        dev.write(
            ".stella.yaml",
            format!("version: 1\nsubject:\n  kind: scanner\n  engine: mine\n  path: mine\n{config}"),
        );
        dev.script("mine", body);
        for n in 0..canaries {
            dev.write(&format!("seen-{n}.json"), format!("{{\"n\": {n}}}\n"));
            record(dev, &format!("canary-{n:02}"), &format!("seen-{n}.json"), config);
        }
    })
}

/// Records a canary with the command and the artifacts of the configuration.
pub fn record(dev: &Dev<'_>, name: &str, input: &str, config: &str) {
    let line = |key: &str| {
        let line = config.lines().find_map(|line| line.trim().strip_prefix(key)).unwrap();
        line.trim()
            .trim_matches(['[', ']'])
            .split(", ")
            .map(|word| word.trim_matches('\'').to_owned())
            .collect::<Vec<_>>()
    };
    let (argv, artifacts) = (line("argv:"), line("artifacts:"));
    let (manifest, expected) =
        (format!("fixtures/canaries/{name}/manifest.json"), format!("fixtures/canaries/{name}/expected"));
    let mut arguments =
        vec!["scan", "--input", input, "--artifact", artifacts[0].as_str(), "--store", "fixtures/store"];
    arguments.extend(["--emit-manifest", &manifest, "--emit-artifacts-dir", &expected, "--", "./mine"]);
    arguments.extend(argv[1..].iter().map(String::as_str));
    dev.stella(0, &arguments);
}

const SARIF: &str = "  argv: ['{scanner}', '{input}']\n  artifacts: ['findings=-:sarif']\n";

/// A log of one tool: its version, and a result for each rule.
pub fn sarif(version: &str, rules: &[&str]) -> String {
    let results: Vec<_> = rules
        .iter()
        .map(|rule| {
            json!({"ruleId": rule, "level": "error", "message": {"text": "found"}, "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": "a.txt"}, "region": {"startLine": 1}}}]})
        })
        .collect();
    let driver = json!({"name": "mine", "version": version, "rules": rules.iter().map(|id| json!({"id": id})).collect::<Vec<_>>()});
    let log = json!({"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]});
    format!("cat <<'END'\n{log}\nEND")
}

#[test]
fn an_approval_is_of_what_was_found_whatever_the_build_is_called() {
    let forge = of_scanner(SARIF, &sarif("1.0.0", &["A"]), 2);
    // A release that only moves its version is green.
    forge.judge_with_history(0, &forge.pull(|dev| dev.script("mine", &sarif("1.0.1", &["A"]))));
    let gain = |dev: &Dev<'_>, version: &str| dev.script("mine", &sarif(version, &["A", "B"]));
    let pull = forge.pull(|dev| gain(dev, "1.1.0"));
    assert_eq!(about(&forge.judge_with_history(1, &pull), "unapproved-drift"), ["canary-00", "canary-01"]);
    forge.dev_git(&["checkout", "--quiet", &format!("topic-{}", pull.number)]);
    let dev = forge.dev();
    let run = dev.stella(0, &["accept", "--base", "main", "--update", "--reason", "a new rule", "--by", "alice"]);
    run.says(&["2 recorded anew: canary-00, canary-01", "2 entries written"]);
    let approvals = dev.read("approvals.yaml");
    dev.copy("fixtures", "../recorded");
    forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
    forge.dev_git(&["clean", "--quiet", "-fd"]);
    forge.on_main(|dev| dev.write("approvals.yaml", &approvals));
    // A later build that finds the same is the same change; its recordings by the build before are covered, too.
    let pull = forge.pull(|dev| {
        gain(dev, "1.1.1");
        dev.remove("fixtures");
        dev.copy("../recorded", "fixtures");
    });
    let result = forge.judge_with_history(0, &pull);
    assert_eq!(codes(&result, "note"), ["approved-change", "approved-difference"], "{:#}", result["gate"]);
    // One that finds something else is not.
    let pull = forge.pull(|dev| dev.script("mine", &sarif("1.1.0", &["A", "C"])));
    assert_eq!(codes(&forge.judge_with_history(1, &pull), "fail"), ["unapproved-drift"]);
}

/// An inventory of one package, with words that mean nothing.
fn sbom(version: &str, words: &str) -> String {
    let component = json!({"type": "library", "name": "a", "version": version, "purl": format!("pkg:npm/a@{version}"),
        "description": words});
    let bom = json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [component]});
    format!("cat <<'END'\n{bom}\nEND")
}

#[test]
fn an_approval_is_of_the_level_that_the_gate_judges_at() {
    let config = |level: &str| {
        format!(
            "  argv: ['{{scanner}}', '{{input}}']\n  artifacts: ['sbom=-:cyclonedx']\ngates: {{pr: {{level: {level}}}}}\n"
        )
    };
    for (level, other_words) in [("sf", 0), ("bf", 1)] {
        let forge = of_scanner(&config(level), &sbom("1.0.0", "x"), 1);
        let pull = forge.pull(|dev| dev.script("mine", &sbom("2.0.0", "x")));
        forge.judge(1, &pull);
        forge.dev_git(&["checkout", "--quiet", &format!("topic-{}", pull.number)]);
        forge.dev().stella(0, &["accept", "--base", "main", "--reason", "newer", "--by", "alice"]);
        let approvals = forge.dev().read("approvals.yaml");
        forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
        std::fs::remove_file(forge.dev().path("approvals.yaml")).ok();
        forge.on_main(|dev| dev.write("approvals.yaml", &approvals));
        forge.judge_with_history(0, &forge.pull(|dev| dev.script("mine", &sbom("2.0.0", "x"))));
        // Other words mean the same; at the level of bytes they are another change.
        let pull = forge.pull(|dev| dev.script("mine", &sbom("2.0.0", "in other words")));
        forge.check_out(&pull.merge, None);
        let result = forge.judge_checked_out(other_words, &forge.event(&pull));
        // Judged again from its result, it is the same.
        std::fs::write(forge.world.path("result.json"), result.to_string()).unwrap();
        let file = forge.world.path("result.json");
        forge.run(other_words, &Default::default(), &["gate", "pr", "--result", file.to_str().unwrap()]);
        forge.judge(1, &forge.pull(|dev| dev.script("mine", &sbom("2.0.1", "x"))));
    }
}

#[test]
fn an_option_with_another_name_is_red_accepted_and_green_once_on_the_base() {
    let config =
        |option: &str| format!("  argv: ['{{scanner}}', {option}, '{{input}}']\n  artifacts: ['findings=-:json']\n");
    let takes =
        |option: &str| format!("test \"$1\" = {option} || {{ echo \"unknown option $1\" >&2; exit 2; }}\ncat \"$2\"");
    let forge = of_scanner(&config("--old"), &takes("--old"), 2);
    let rename = |dev: &Dev<'_>| {
        dev.script("mine", &takes("--new"));
        dev.replace(".stella.yaml", "--old", "--new");
        dev.remove("fixtures/canaries");
        for n in 0..2 {
            record(dev, &format!("canary-{n:02}"), &format!("seen-{n}.json"), &config("--new"));
        }
    };
    let pull = forge.pull(rename);
    let result = forge.judge_with_history(1, &pull);
    assert_eq!(about(&result, "rule-loosened"), ["subject.argv"]);
    assert_eq!(about(&result, "recording-loosened"), ["canary-00 argv", "canary-01 argv"]);
    forge.dev_git(&["checkout", "--quiet", &format!("topic-{}", pull.number)]);
    let dev = forge.dev();
    let run = dev.stella(0, &["accept", "--base", "main", "--reason", "a better name", "--by", "alice"]);
    run.says(&["rule subject.argv", "recording canary-00: argv", "3 entries written"]);
    let approvals = dev.read("approvals.yaml");
    dev.remove("approvals.yaml");
    forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
    forge.on_main(|dev| dev.write("approvals.yaml", &approvals));
    // How it is called is approved: it is called so, and what it finds is still held against what was expected.
    let pull = forge.pull(rename);
    let result = forge.judge_with_history(0, &pull);
    assert!(result["base"]["notes"].to_string().contains("run as the checkout has them"), "{:#}", result["base"]);
    let pull = forge.pull(|dev| {
        rename(dev);
        dev.script("mine", &takes("--new").replace("cat \"$2\"", "echo '{}'"));
    });
    assert_eq!(about(&forge.judge_with_history(1, &pull), "unapproved-drift"), ["canary-00", "canary-01"]);
    // A label more needs no approval.
    let pull = forge.pull(|dev| {
        rename(dev);
        dev.rewrite("canary-00", |manifest| manifest["labels"]["tier"] = json!("free"));
    });
    forge.judge_with_history(0, &pull);
}

/// The checkout is as it was, and a clone that applies the patch is as `stella accept` would have left it.
#[test]
fn a_patch_is_what_would_be_written_and_nothing_is() {
    let forge = Forge::new();
    forge.dev_git(&["checkout", "--quiet", "-B", "topic"]);
    let dev = forge.dev();
    gain(&dev);
    dev.write("approvals.yaml", "# ours\nversion: 1\napprovals: []\n");
    forge.dev_git(&["add", "--all"]);
    forge.dev_git(&["commit", "--quiet", "-m", "gain"]);
    // What the repository says of its files has no part in it.
    dev.write(".git/info/attributes", "*.yaml -diff\n*.json -diff\n");
    forge.dev_git(&["config", "core.autocrlf", "true"]);
    let arguments = ["accept", "--base", "main", "--update", "--reason", "a new advisory", "--by", "alice"];
    let before = crate::harness::files(&dev.path("."));
    let patch = forge.world.path("change.patch");
    let file = patch.to_str().unwrap();
    dev.stella(0, &[&arguments[..], &["--patch", file]].concat()).says(&["2 recorded anew", "written to the patch"]);
    assert_eq!(forge.dev_git(&["status", "--porcelain"]), "");
    assert_eq!(crate::harness::files(&dev.path(".")), before);
    let shown = dev.stella(0, &[&arguments[..], &["--patch", "-"]].concat());
    assert_eq!(shown.stdout.lines().filter(|line| line.starts_with("diff --git a/")).count(), {
        let text = std::fs::read_to_string(&patch).unwrap();
        text.lines().filter(|line| line.starts_with("diff --git a/")).count()
    });
    assert!(shown.stderr.contains("written to the patch"), "{}", shown.stderr);
    forge.dev_git(&["config", "--unset", "core.autocrlf"]);
    forge.dev_git(&["apply", "--check", file]);
    forge.dev_git(&["apply", file]);
    assert!(dev.read("approvals.yaml").starts_with("# ours\n"), "{}", dev.read("approvals.yaml"));
    let approvals = dev.read("approvals.yaml");
    forge.dev_git(&["add", "--all"]);
    forge.dev_git(&["commit", "--quiet", "-m", "accepted"]);
    // What was recorded is what is expected, here and by the rules of the base with its entries.
    dev.stella(0, &["ci"]).says(&["3 of 3 replays match"]);
    dev.stella(2, &["accept", "--patch", "p"]).complains(&["--reason"]);
    dev.stella(2, &[&arguments[..], &["--patch", "-", "--format", "json"]].concat()).complains(&["--format"]);
    assert!(approvals.contains("by: alice"));
}

/// A configuration below the top: the line of the report and a patch work as they do at the top.
#[test]
fn a_configuration_below_the_top_is_named_and_edited() {
    let forge = Forge::of(|dev| {
        dev.write("svc/.stella.yaml", "version: 1\nsubject: {kind: feed, path: feed}\n");
        dev.write("svc/feed/GHSA-old.json", crate::base::forge::old().to_string());
        dev.case("svc/regressions/SCN-0001-minimist", "SCN-0001");
    });
    let pull = forge.pull(|dev| {
        dev.edit("svc/feed/GHSA-old.json", |record| record["withdrawn"] = json!("2026-01-01T00:00:00Z"));
    });
    forge.check_out(&pull.merge, None);
    let event = forge.event(&pull);
    let of = ["--config", "svc/.stella.yaml"];
    let run = forge.run(1, &event, &[&["ci", "--gate", "pr", "--format", "json"][..], &of].concat()).stdout_json();
    valid(&run, "result-v1.json");
    assert_eq!(run["base"]["config"], "svc/.stella.yaml");
    let said = forge.run(1, &event, &[&["ci", "--gate", "pr"][..], &of].concat()).stdout;
    let line = said.lines().find_map(|line| Some(&line[line.find("stella accept ")?..])).unwrap();
    assert!(line.starts_with("stella accept --config svc/.stella.yaml --base "), "{line}");
    let patch = ["accept", "--base", &pull.base, "--reason", "right", "--by", "alice", "--patch", "../p.patch"];
    forge.run(0, &event, &[&patch[..], &of].concat());
    let work = forge.world.path("work");
    assert_eq!(forge.git(&work, &["status", "--porcelain"]), "");
    forge.git(&work, &["apply", "../p.patch"]);
    assert_eq!(forge.git(&work, &["status", "--porcelain", "--untracked-files=all"]), "?? svc/approvals.yaml");
    fs::remove_file(work.join("svc/approvals.yaml")).unwrap();
    forge.paste(0, &event, &format!("{} --by alice", line.replace("WHY", "right")));
    fs::remove_file(work.join("svc/approvals.yaml")).unwrap();
    // What one shard leaves open is not what all of it leaves open: nothing is to be pasted.
    let shard = ["ci", "--gate", "pr", "--shard", "1/1"];
    let said = forge.run(1, &event, &[&shard[..], &of].concat()).stdout;
    assert!(!said.contains("stella accept"), "{said}");
}

/// Named regression: it said that nothing needs an approval.
#[test]
fn where_nothing_is_found_nothing_is_said_to_need_no_approval() {
    let forge = Forge::new();
    forge.on_main(|dev| dev.write("src/scan.py", "\n"));
    let dev = forge.dev();
    let mut command = forge.world.command(&["accept", "--base", "main"]);
    command.current_dir(dev.path("src"));
    let run = forge.world.run(3, command);
    run.complains(&["no case and no canary was found", "the configuration lies above this folder"]);
}
