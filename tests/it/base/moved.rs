//! A configuration that moves is held against what it was; each with a twin that moves and weakens nothing.

use std::path::Path;

use serde_json::Value;

use crate::base::forge::{Dev, Forge, Pull, about, codes};

const ALL: [&str; 4] = [".stella.yaml", "feed", "regressions", "fixtures"];

fn move_all(dev: &Dev<'_>, from: &str, to: &str) {
    for name in ALL {
        dev.rename(&format!("{from}{name}"), &format!("{to}{name}"));
    }
}

fn judge_in(forge: &Forge, exit: u8, folder: &str, pull: &Pull) -> Value {
    let work = forge.check_out(&pull.merge, None);
    let mut command = forge.world.command(&["ci", "--gate", "pr", "--format", "json"]);
    command.current_dir(work.join(folder)).envs(forge.event(pull));
    forge.world.run(exit, command).stdout_json()
}

fn weaken(dev: &Dev<'_>, folder: &str) {
    dev.remove(&format!("{folder}regressions/SCN-0001-minimist"));
    let file = format!("{folder}.stella.yaml");
    dev.write(&file, format!("{}thresholds: {{green: 0.97}}\n", dev.read(&file)));
}

#[test]
fn a_configuration_that_moves_is_no_first_introduction() {
    for (from, to) in [("", "a/"), ("packages/a/", "packages/b/"), ("packages/a/", "")] {
        let forge = Forge::new();
        if !from.is_empty() {
            forge.on_main(|dev| move_all(dev, "", from));
        }
        let pull = forge.pull(|dev| {
            move_all(dev, from, to);
            weaken(dev, to);
        });
        let result = judge_in(&forge, 1, to, &pull);
        assert_eq!(about(&result, "recording-gone"), ["SCN-0001 gone"], "{from} {to}: {:#}", result["gate"]);
        assert_eq!(about(&result, "rule-loosened"), ["thresholds.green"], "{from} {to}");
        // An approval that it brings is no more than one of any other change.
        let pull = forge.pull(|dev| {
            move_all(dev, from, to);
            weaken(dev, to);
            let folder = dev.path(to);
            let run = accept_in(&forge, &folder);
            assert!(run.contains("written to approvals.yaml"), "{run}");
        });
        let result = judge_in(&forge, 1, to, &pull);
        assert!(codes(&result, "note").contains(&"approvals-waiting".to_owned()), "{:#}", result["gate"]);
        // The twin.
        let pull = forge.pull(|dev| move_all(dev, from, to));
        let result = judge_in(&forge, 0, to, &pull);
        assert!(result["base"]["notes"].to_string().contains("is not on the base: it is held against"), "{result:#}");
        assert_eq!(result["replays"].as_array().unwrap().len(), 3);
        // Merged, it is the base.
        forge.merge(&pull);
        let result = judge_in(&forge, 0, to, &forge.pull(|dev| dev.write("README.md", "more\n")));
        assert_eq!(result["base"]["changes"], serde_json::json!([]));
    }
}

fn accept_in(forge: &Forge, folder: &Path) -> String {
    let mut command = forge.world.command(&["accept", "--base", "main", "--reason", "r", "--by", "alice"]);
    command.current_dir(folder);
    forge.dev_git(&["add", "--all"]);
    forge.dev_git(&["commit", "--quiet", "-m", "moved"]);
    forge.world.run(0, command).stdout
}

#[test]
fn cases_that_move_away_from_a_configuration_that_stays_are_held_against_it() {
    let forge = Forge::new();
    forge.on_main(|dev| dev.case("regressions/SCN-0002", "SCN-0002"));
    let begin = |dev: &Dev<'_>| {
        for name in ["feed", "regressions", "fixtures"] {
            dev.rename(name, &format!("b/{name}"));
        }
        dev.write("feed/README.md", "moved\n");
        dev.copy(".stella.yaml", "b/.stella.yaml");
    };
    let pull = forge.pull(|dev| {
        begin(dev);
        weaken(dev, "b/");
    });
    let result = judge_in(&forge, 1, "b", &pull);
    assert_eq!(about(&result, "recording-gone"), ["SCN-0001 gone"], "{:#}", result["gate"]);
    assert_eq!(about(&result, "rule-loosened"), ["thresholds.green"]);
    judge_in(&forge, 0, "b", &forge.pull(begin));
    // All of them gone, and nothing in their place that could be told from them.
    let pull = forge.pull(|dev| {
        dev.remove("regressions");
        dev.remove("fixtures/canaries");
        dev.copy("feed", "b/feed");
        dev.copy(".stella.yaml", "b/.stella.yaml");
        dev.case("b/regressions/SCN-0009", "SCN-0009");
    });
    let result = judge_in(&forge, 1, "b", &pull);
    let gone = [
        "fixtures/canaries/npm-app/manifest.json",
        "fixtures/canaries/npm-other/manifest.json",
        "regressions/SCN-0001-minimist/case.metadata.json",
        "regressions/SCN-0002/case.metadata.json",
    ];
    assert_eq!(about(&result, "rule-loosened"), gone, "{:#}", result["gate"]);
}

#[test]
fn a_second_configuration_for_the_same_cases_is_held_against_the_first() {
    let forge = Forge::new();
    let second = |dev: &Dev<'_>, more: &str| {
        let text = dev.read(".stella.yaml").replace("path: feed", "path: ../feed");
        let roots = "cases: [../regressions]\ncanaries: [../fixtures/canaries]\nfixture_store: ../fixtures/store\n";
        dev.write("ci/.stella.yaml", format!("{text}{roots}{more}"));
    };
    let pull = forge.pull(|dev| second(dev, "thresholds: {green: 0.97}\n"));
    assert_eq!(about(&judge_in(&forge, 1, "ci", &pull), "rule-loosened"), ["thresholds.green"]);
    // What the first one asks for more than is usual is asked for here, too.
    forge.on_main(|dev| dev.configure("thresholds: {min_canaries: 12}"));
    let pull = forge.pull(|dev| second(dev, ""));
    let text = forge.dev_git(&["show", &format!("{}:ci/.stella.yaml", pull.head)]);
    assert!(text.contains("min_canaries"), "{text}");
    judge_in(&forge, 0, "ci", &pull);
    let pull = forge.pull(|dev| {
        second(dev, "");
        dev.replace("ci/.stella.yaml", "thresholds: {min_canaries: 12}", "");
    });
    assert_eq!(about(&judge_in(&forge, 1, "ci", &pull), "rule-loosened"), ["thresholds.min_canaries"]);
    // One for something of its own is a first introduction.
    let pull = forge.pull(|dev| {
        dev.copy("feed", "b/feed");
        dev.write("b/.stella.yaml", "version: 1\nsubject: {kind: feed, path: feed}\n");
        dev.case("b/regressions/SCN-0009", "SCN-0009");
    });
    assert_eq!(codes(&judge_in(&forge, 0, "b", &pull), "note"), ["first-introduction"]);
}

#[test]
fn a_second_configuration_with_copies_of_the_cases_is_held_against_the_first() {
    let forge = Forge::new();
    let copy = |dev: &Dev<'_>| {
        for name in ALL {
            dev.copy(name, &format!("b/{name}"));
        }
    };
    let pull = forge.pull(|dev| {
        copy(dev);
        dev.replace("b/regressions/SCN-0001-minimist/expected/findings.json", "medium", "low");
        dev.remove("b/fixtures/canaries/npm-other");
    });
    let result = judge_in(&forge, 1, "b", &pull);
    assert_eq!(about(&result, "recording-loosened"), ["SCN-0001 findings.json"], "{:#}", result["gate"]);
    assert_eq!(about(&result, "recording-gone"), ["npm-other gone"]);
    // The twins: copies as they are, and another package that only calls its cases alike.
    let result = judge_in(&forge, 0, "b", &forge.pull(copy));
    assert!(result["base"]["notes"].to_string().contains("it is held against `.stella.yaml`"), "{:#}", result["base"]);
    let pull = forge.pull(|dev| {
        dev.copy("feed", "b/feed");
        dev.write("b/.stella.yaml", "version: 1\nsubject: {kind: feed, path: feed}\n");
        dev.case("b/regressions/SCN-0001", "SCN-0001");
        dev.write(
            "b/regressions/SCN-0001/input/package-lock.json",
            dev.read("b/regressions/SCN-0001/input/package-lock.json") + "\n",
        );
        dev.edit("b/regressions/SCN-0001/input/feed/GHSA-old.json", |record| record["details"] = "of b".into());
    });
    assert_eq!(codes(&judge_in(&forge, 0, "b", &pull), "note"), ["first-introduction"]);
}

/// Each way in which a configuration of the base is told to be the one that is judged, alone.
#[test]
fn one_sign_is_enough_to_be_held_against_what_was() {
    // It owns the same folders, and calls what lies in them otherwise.
    let forge = Forge::new();
    let second = |dev: &Dev<'_>| {
        let text = dev.read(".stella.yaml").replace("path: feed", "path: ../feed");
        dev.write("ci/.stella.yaml", format!("{text}cases: [../regressions]\nfixture_store: ../fixtures/store\n"));
    };
    let rename = |dev: &Dev<'_>| {
        let file = "regressions/SCN-0001-minimist/case.metadata.json";
        dev.edit(file, |metadata| metadata["id"] = "SCN-0002".into());
    };
    forge.on_main(|dev| dev.remove("fixtures/canaries"));
    let pull = forge.pull(|dev| {
        second(dev);
        rename(dev);
        dev.replace("regressions/SCN-0001-minimist/expected/findings.json", "medium", "low");
    });
    let result = judge_in(&forge, 1, "ci", &pull);
    assert_eq!(about(&result, "recording-gone"), ["SCN-0001 gone"], "{:#}", result["gate"]);
    judge_in(&forge, 0, "ci", &forge.pull(second));

    // It lies elsewhere under its id, with another input, and the configuration stays.
    let moved = |dev: &Dev<'_>| {
        dev.rename("regressions", "b/regressions");
        dev.rename("feed", "b/feed");
        dev.copy(".stella.yaml", "b/.stella.yaml");
        dev.write("feed/README.md", "moved\n");
    };
    let pull = forge.pull(|dev| {
        moved(dev);
        let lock = "b/regressions/SCN-0001-minimist/input/package-lock.json";
        dev.write(lock, dev.read(lock).replace("0.0.8", "0.2.1"));
        dev.edit("b/regressions/SCN-0001-minimist/input/feed/GHSA-old.json", |record| record["details"] = "b".into());
    });
    let result = judge_in(&forge, 1, "b", &pull);
    assert_eq!(about(&result, "rule-loosened"), [""; 0], "{:#}", result["gate"]);
    let changed = about(&result, "recording-loosened");
    assert!(changed.contains(&"SCN-0001 input".to_owned()), "{changed:?} {:#}", result["gate"]);
    judge_in(&forge, 0, "b", &forge.pull(moved));

    // It is gone, and owned nothing that could be known again.
    let forge = Forge::new();
    forge.on_main(|dev| {
        dev.write("packages/a/.stella.yaml", "version: 1\n");
        dev.remove("regressions");
        dev.remove("fixtures");
        dev.rename(".stella.yaml", "packages/b/.stella.yaml");
        dev.rename("feed", "packages/b/feed");
    });
    let moved = |dev: &Dev<'_>| {
        dev.rename("packages/b", "packages/c");
        dev.case("packages/c/regressions/SCN-0009", "SCN-0009");
    };
    let pull = forge.pull(|dev| {
        moved(dev);
        dev.write("packages/c/.stella.yaml", dev.read("packages/c/.stella.yaml") + "thresholds: {green: 0.97}\n");
    });
    let result = judge_in(&forge, 1, "packages/c", &pull);
    assert_eq!(about(&result, "rule-loosened"), ["thresholds.green"], "{:#}", result["gate"]);
    judge_in(&forge, 0, "packages/c", &forge.pull(moved));
}

/// Two packages beside what is judged.
fn packages() -> Forge {
    let forge = Forge::new();
    forge.on_main(|dev| {
        dev.write("packages/a/.stella.yaml", "version: 1\n");
        dev.case("packages/a/regressions/SCN-0100", "SCN-0100");
    });
    forge
}

#[test]
fn what_is_taken_away_is_approved_with_its_content() {
    let forge = packages();
    let drop = |dev: &Dev<'_>| dev.remove("packages/a");
    let approve = |edit: &dyn Fn(&Dev<'_>)| {
        forge.dev_git(&["checkout", "--quiet", "--force", "-B", "accepting", "main"]);
        edit(&forge.dev());
        forge.dev_git(&["add", "--all"]);
        forge.dev_git(&["commit", "--quiet", "-m", "accepting"]);
        forge.dev().stella(0, &["accept", "--base", "main", "--reason", "it is gone", "--by", "alice"]);
        let approvals = forge.dev().read("approvals.yaml");
        forge.dev().remove("approvals.yaml");
        forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
        forge.on_main(|dev| dev.write("approvals.yaml", &approvals));
    };
    assert_eq!(about(&forge.judge(1, &forge.pull(drop)), "rule-loosened"), ["packages/a/.stella.yaml"]);
    approve(&drop);
    forge.judge_with_history(0, &forge.pull(drop));
    // What is there is another one now: nobody approved that it goes.
    forge.on_main(|dev| dev.case("packages/a/regressions/SCN-0101", "SCN-0101"));
    let result = forge.judge_with_history(1, &forge.pull(drop));
    assert_eq!(about(&result, "rule-loosened"), ["packages/a/.stella.yaml"]);
    // The twin of both moves it, as it is.
    let pull = forge.pull(|dev| dev.rename("packages/a", "packages/b"));
    let result = forge.judge(0, &pull);
    assert_eq!(about(&result, "rule-changed"), ["packages/a/.stella.yaml"], "{:#}", result["gate"]);
    let pull = forge.pull(|dev| {
        dev.rename("packages/a", "packages/b");
        dev.remove("packages/b/regressions/SCN-0101");
    });
    assert_eq!(about(&forge.judge(1, &pull), "rule-loosened"), ["packages/a/.stella.yaml"]);
}

#[test]
fn a_first_introduction_approves_nothing_itself() {
    let forge = packages();
    let swap = |dev: &Dev<'_>| {
        dev.remove("packages/a/regressions/SCN-0100");
        dev.copy("feed", "b/feed");
        dev.write("b/.stella.yaml", "version: 1\nsubject: {kind: feed, path: feed}\n");
        dev.case("b/regressions/SCN-0009", "SCN-0009");
    };
    let pull = forge.pull(|dev| {
        swap(dev);
        accept_in(&forge, &dev.path("b"));
        assert!(dev.read("b/approvals.yaml").contains("SCN-0100"));
    });
    let result = judge_in(&forge, 1, "b", &pull);
    let gone = ["packages/a/regressions/SCN-0100/case.metadata.json"];
    assert_eq!(about(&result, "rule-loosened"), gone, "{:#}", result["gate"]);
    // The twin: what the base has approved there.
    let approvals = forge.dev_git(&["show", &format!("{}:b/approvals.yaml", pull.head)]);
    forge.on_main(|dev| dev.write("b/approvals.yaml", format!("{approvals}\n")));
    judge_in(&forge, 0, "b", &forge.pull(swap));
}
