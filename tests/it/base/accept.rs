//! `stella accept`: what it shows, what it writes, and what it refuses.

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
    assert_eq!(about(&forge.judge(1, &pull), "unapproved-drift"), ["npm-app", "npm-other"]);
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
    let result = forge.judge(0, &pull);
    assert_eq!(codes(&result, "note"), ["approved-change", "approved-difference"], "{:#}", result["gate"]);
    forge.merge(&pull);
    // From then on it is what is expected.
    let result = forge.judge(0, &forge.pull(|dev| dev.write("README.md", "more\n")));
    assert_eq!(codes(&result, "note"), [] as [&str; 0]);
    // A file that lies about is no recording: the golden that somebody writes is another change.
    let pull = forge
        .pull(|dev| dev.replace("fixtures/canaries/npm-app/expected/findings.json", "CVE-2022-0002", "CVE-2022-0003"));
    assert!(codes(&forge.judge(1, &pull), "fail").contains(&"recording-loosened".to_owned()));
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
    run.says(&["recording npm-other: gone", "1 entries written"]);
    let approvals = forge.dev().read("approvals.yaml");
    assert!(!approvals.contains("thresholds"), "{approvals}");
    forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
    forge.dev_git(&["clean", "--quiet", "-fd"]);
    forge.on_main(|dev| dev.write("approvals.yaml", &approvals));
    let result = forge.judge(1, &forge.pull(weaken));
    assert_eq!(codes(&result, "fail"), ["rule-loosened"]);
    assert_eq!(about(&result, "approved-change"), ["npm-other gone"]);
    let words = forge.words(1, &forge.pull(weaken));
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
    let random = |dev: &Dev<'_>| {
        dev.script("scan", "echo \"{\\\"n\\\": $(cat /dev/urandom | tr -dc 1-9 | head -c 8)}\" > \"$1\"")
    };
    forge.dev_git(&["checkout", "--quiet", "-B", "topic"]);
    let dev = forge.dev();
    dev.script("scan", "echo '{\"n\": 2}' > \"$1\"");
    dev.stella(0, &["accept", "--base", "main"]).says(&["difference SCN-0001: f.json"]);
    random(&dev);
    // Randomness is seeded in the sandbox, so what flickers here depends on the machine: the inode of a file.
    dev.script(
        "scan",
        "echo \"{\\\"n\\\": \\\"$(ls -di /proc/self | cut -d' ' -f1)-$(ls -i \"$0\" | cut -d' ' -f1)\\\"}\" > \"$1\"",
    );
    let run = dev.stella(0, &["accept", "--base", "main"]).stdout;
    assert!(run.contains("SCN-0001"), "{run}");
}
