//! What is merged is what is committed, however git writes it into a checkout, and whatever lies there beside it.

use std::fs::File;
use std::time::{Duration, SystemTime};

use stella::model::digest::Digest;

use crate::base::forge::{Dev, Forge, about, codes};

const METADATA: &str = "regressions/SCN-0001-minimist/case.metadata.json";
const GOLDEN: &str = "fixtures/canaries/npm-app/expected/findings.json";

/// Commits a file that git writes into a checkout with other letters: `Ｊ` as `J`.
fn committed_otherwise(forge: &Forge, dev: &Dev<'_>, path: &str, content: &str) {
    dev.write(path, content);
    // Long ago, so that git does not look at it again.
    let before = SystemTime::now() - Duration::from_secs(3600);
    File::options().write(true).open(dev.path(path)).unwrap().set_modified(before).unwrap();
    forge.dev_git(&["add", path]);
    forge.dev_git(&["commit", "--quiet", "-m", "letters"]);
    dev.write(".gitattributes", format!("/{path} working-tree-encoding=ASCII//TRANSLIT\n"));
}

#[test]
fn what_git_writes_into_a_checkout_is_not_what_is_judged() {
    for (path, from, to, change) in [
        (METADATA, "language:javascript", "language:ｊavascript", &["SCN-0001 labels"][..]),
        // And it is not what was recorded.
        (GOLDEN, "minimist", "ｍinimist", &["npm-app findings.json", "npm-app unreplayable"]),
    ] {
        let forge = Forge::new();
        let other = forge.dev().read(path).replace(from, to);
        assert!(other.contains(to), "{path}");
        let pull = forge.pull(|dev| committed_otherwise(&forge, dev, path, &other));
        let work = forge.check_out(&pull.merge, Some(2));
        let lies_there = std::fs::read_to_string(work.join(path)).unwrap();
        assert!(lies_there.contains(from) && !lies_there.contains(to), "{lies_there}");
        let result = forge.judge_checked_out(1, &forge.event(&pull));
        let changed = [about(&result, "recording-loosened"), about(&result, "recording-gone")].concat();
        assert_eq!(changed, change, "{:#}", result["gate"]);
        assert!(result["base"]["notes"].to_string().contains("judged as they are committed"), "{:#}", result["base"]);
        // Without the attribute it is the same.
        forge.dev_git(&["checkout", "--quiet", "--force", "--detach", "main"]);
        let pull = forge.pull(|dev| dev.write(path, &other));
        let result = forge.judge(1, &pull);
        let changed = [about(&result, "recording-loosened"), about(&result, "recording-gone")].concat();
        assert_eq!(changed, change, "{:#}", result["gate"]);
    }
    // The twin: a file that nobody is judged by.
    let forge = Forge::new();
    forge.judge(0, &forge.pull(|dev| committed_otherwise(&forge, dev, "README.md", "ｊ\n")));
}

#[test]
fn rules_and_approvals_that_lie_there_otherwise_are_refused() {
    let approvals = |reason: &str| {
        let digest = |letter: &str| letter.repeat(64);
        format!(
            "version: 1\napprovals:\n  - {{kind: difference, id: npm-app, artifact: findings.json, old: 'sha256:{}', \
             new: 'sha256:{}', reason: {reason}, by: alice, until: 2999-01-01}}\n",
            digest("a"),
            digest("b")
        )
    };
    let forge = Forge::new();
    forge.on_main(|dev| dev.configure("buckets: {by: [tier]}"));
    let rules = forge.dev().read(".stella.yaml");
    for (path, other) in [(".stella.yaml", rules.replace("[tier]", "[ｔier]")), ("approvals.yaml", approvals("ｒight"))]
    {
        let pull = forge.pull(|dev| committed_otherwise(&forge, dev, path, &other));
        forge.check_out(&pull.merge, Some(2));
        let run = forge.run(3, &forge.event(&pull), &["ci", "--gate", "pr"]);
        run.complains(&[&format!("`{path}` lies in the checkout otherwise than it is committed")]);
        forge.dev_git(&["checkout", "--quiet", "--force", "--detach", "main"]);
        // A person's work need not be committed yet; the attributes are, and are a change of their own.
        forge.run(1, &std::collections::BTreeMap::new(), &["ci", "--gate", "pr", "--base", &pull.base]);
    }
    // The twins: they lie there as they are committed.
    forge.judge(0, &forge.pull(|dev| dev.write("approvals.yaml", approvals("right"))));
    forge.judge(0, &forge.pull(|dev| dev.write(".stella.yaml", format!("# why\n{rules}"))));
}

#[test]
fn what_an_earlier_step_puts_there_takes_nothing_back() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.remove("regressions"));
    forge.check_out(&pull.merge, Some(2));
    forge.git(&forge.world.path("work"), &["checkout", "--quiet", &pull.base, "--", "regressions"]);
    let result = forge.judge_checked_out(1, &forge.event(&pull));
    assert_eq!(about(&result, "recording-gone"), ["SCN-0001 gone"], "{:#}", result["gate"]);
    // By a script that names the base, too.
    let ci = [("CI".to_owned(), "true".to_owned())].into();
    let run = forge.run(1, &ci, &["ci", "--gate", "pr", "--base", &pull.base, "--format", "json"]);
    assert_eq!(codes(&run.stdout_json(), "fail"), ["recording-gone"]);
    // The twins: a change that takes nothing away, beside what an earlier step leaves.
    let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
    let work = forge.check_out(&pull.merge, Some(2));
    std::fs::write(work.join("regressions/SCN-0001-minimist/input/built.json"), "{}").unwrap();
    let result = forge.judge_checked_out(0, &forge.event(&pull));
    assert!(result["base"]["changes"].as_array().unwrap().is_empty(), "{:#}", result["base"]);
}

#[test]
fn a_base_with_other_line_ends_in_its_checkouts_judges_as_any_other() {
    let forge = Forge::new();
    forge.on_main(|dev| dev.write(".gitattributes", "*.json text eol=crlf\n*.yaml text eol=crlf\n"));
    let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
    let work = forge.check_out(&pull.merge, Some(2));
    assert!(std::fs::read_to_string(work.join(".stella.yaml")).unwrap().contains('\r'));
    let result = forge.judge_checked_out(0, &forge.event(&pull));
    assert!(result["base"]["changes"].as_array().unwrap().is_empty(), "{:#}", result["base"]);
    let weaker = forge.pull(|dev| dev.remove("fixtures/canaries/npm-app"));
    assert_eq!(codes(&forge.judge(1, &weaker), "fail"), ["recording-gone"]);
}

#[test]
fn what_canaries_are_replayed_from_is_not_taken_away() {
    let gone = ["npm-app unreplayable", "npm-other unreplayable"];
    type Edit = fn(&Dev<'_>);
    let attacks: [(Edit, &[&str]); 3] = [
        (|dev| dev.remove("fixtures/store"), &gone),
        (|dev| dev.configure("fixture_store: elsewhere"), &gone),
        (|dev| damage(dev, "fixtures/store"), &gone),
    ];
    for (attack, expected) in attacks {
        let forge = Forge::new();
        let result = forge.judge(1, &forge.pull(attack));
        assert_eq!(about(&result, "recording-loosened"), expected, "{:#}", result["gate"]);
    }
    // What is expected lies in the store, too, until both are gone.
    let forge = Forge::new();
    let golden = "fixtures/canaries/npm-app/expected/findings.json";
    let result = forge.judge(0, &forge.pull(|dev| dev.remove(golden)));
    assert!(about(&result, "recording-loosened").is_empty(), "{:#}", result["gate"]);
    let result = forge.judge(
        1,
        &forge.pull(|dev| {
            let hex = Digest::of(dev.read(golden).as_bytes()).hex();
            dev.remove(golden);
            dev.remove(&format!("fixtures/store/sha256/{}/{hex}.zst", &hex[..2]));
        }),
    );
    assert_eq!(about(&result, "recording-loosened"), ["npm-app unreplayable"], "{:#}", result["gate"]);
    // The twins: the store moves, and what nobody is replayed from goes.
    let forge = Forge::new();
    forge.judge(
        0,
        &forge.pull(|dev| {
            dev.rename("fixtures/store", "blobs");
            dev.configure("fixture_store: blobs");
        }),
    );
    let nobody = format!("fixtures/store/sha256/ab/ab{}.zst", "0".repeat(62));
    forge.on_main(|dev| dev.write(&nobody, "x"));
    forge.judge(0, &forge.pull(|dev| dev.remove(&nobody)));
    let app = "fixtures/canaries/npm-app";
    let result = forge.judge(
        1,
        &forge.pull(|dev| {
            dev.remove(app);
            dev.remove("fixtures/canaries/npm-other");
            dev.remove("fixtures/store");
        }),
    );
    assert_eq!(codes(&result, "fail"), ["recording-gone"], "{:#}", result["gate"]);
}

fn damage(dev: &Dev<'_>, folder: &str) {
    for entry in std::fs::read_dir(dev.path(folder)).unwrap() {
        let name = format!("{folder}/{}", entry.unwrap().file_name().into_string().unwrap());
        if dev.path(&name).is_dir() { damage(dev, &name) } else { dev.write(&name, "damaged") }
    }
}

/// Named regression: such a change was green with a note, and runs without a base read other bytes afterwards.
#[test]
fn attributes_that_have_git_write_recordings_otherwise_are_loosening() {
    const OWN: &str = "regressions/SCN-0001-minimist/.gitattributes";
    let forge = Forge::new();
    for (path, text) in [
        (".gitattributes", "fixtures/** text eol=crlf\n"),
        (".gitattributes", "*.json text=auto\n"),
        (".gitattributes", "[attr]odd filter=odd\n*.zst odd\n"),
        ("fixtures/.gitattributes", "* crlf\n"),
        (OWN, "* ident\n"),
    ] {
        let result = forge.judge_pull(1, |dev| dev.write(path, text));
        assert_eq!(about(&result, "rule-loosened"), [path], "{text}: {:#}", result["gate"]);
        assert_eq!(codes(&result, "fail"), ["rule-loosened"], "{text}: {:#}", result["gate"]);
    }
    // The twins: files that nobody is judged by, and what has git write them as they are kept.
    for (path, text) in [
        (".gitattributes", "/README.md text eol=crlf\n*.png binary\n/src/** filter=odd\n"),
        (".gitattributes", "fixtures/** -text\nregressions/** binary\n"),
        (".gitattributes", "*.zst filter=lfs diff=lfs merge=lfs -text\n"),
        (".gitattributes", "*.json linguist-generated diff=json\n# *.json text\n"),
        ("docs/.gitattributes", "* text eol=crlf\n"),
        (".gitattributes", "* text=auto eol=lf\n"),
        (".gitattributes", "*.json text eol=lf\n*.sh text=input\n"),
    ] {
        let result = forge.judge_pull(0, |dev| dev.write(path, text));
        assert!(about(&result, "rule-loosened").is_empty(), "{text}: {:#}", result["gate"]);
    }
    // What had them written otherwise goes, or is narrowed.
    forge.on_main(|dev| dev.write(".gitattributes", "* text=auto\n"));
    forge.judge_pull(0, |dev| dev.remove(".gitattributes"));
    forge.judge_pull(0, |dev| dev.write(".gitattributes", "* text=auto eol=lf\n"));
    let result = forge.judge_pull(1, |dev| dev.write(".gitattributes", "* text=auto eol=crlf\n"));
    assert!(!result.to_string().contains("approvals.yaml`"), "there is none: {:#}", result["gate"]);
    // What kept them as they are goes.
    forge.on_main(|dev| dev.write(".gitattributes", "* text=auto\nfixtures/** -text\n"));
    let result = forge.judge_pull(1, |dev| dev.write(".gitattributes", "* text=auto\n"));
    assert_eq!(about(&result, "rule-loosened"), [".gitattributes"], "{:#}", result["gate"]);
    forge.judge_pull(0, |dev| dev.write(".gitattributes", "# why\n* text=auto\nfixtures/** -text\n/README.md text\n"));
}

#[test]
fn attributes_are_approved_by_their_content_until_they_are_taken_back() {
    let forge = Forge::new();
    let edit = |dev: &Dev<'_>| dev.write(".gitattributes", "* text=auto\n");
    forge.dev_git(&["checkout", "--quiet", "-B", "accepting", "main"]);
    edit(&forge.dev());
    forge.dev_git(&["add", "--all"]);
    forge.dev_git(&["commit", "--quiet", "-m", "line ends"]);
    let arguments = ["accept", "--base", "main", "--reason", "we agreed", "--by", "alice"];
    forge.dev().stella(0, &arguments).says(&["written to approvals.yaml"]);
    let approvals = forge.dev().read("approvals.yaml");
    assert!(approvals.contains("rule: .gitattributes"), "{approvals}");
    forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
    forge.on_main(|dev| dev.write("approvals.yaml", &approvals));
    // It covers these attributes and no others.
    forge.judge_with_history(1, &forge.pull(|dev| dev.write(".gitattributes", "* text=auto eol=crlf\n")));
    let pull = forge.pull(edit);
    let result = forge.judge_with_history(0, &pull);
    assert!(codes(&result, "note").contains(&"approved-change".to_owned()), "{:#}", result["gate"]);
    forge.merge(&pull);
    let back = forge.on_main(|dev| dev.remove(".gitattributes"));
    let result = forge.judge_with_history(1, &forge.pull(edit));
    assert_eq!(codes(&result, "fail"), ["approval-taken-back"], "{:#}", result["gate"]);
    assert!(result.to_string().contains(&back[..12]), "{:#}", result["gate"]);
}

/// Named regression: the message named a private folder, which is gone when somebody reads it.
#[test]
fn what_is_broken_is_named_by_where_it_lies() {
    for (path, broken) in [
        ("regressions/SCN-0001-minimist/input/config.json", "{"),
        ("regressions/SCN-0001-minimist/expected/findings.json", "[]"),
        ("fixtures/canaries/npm-app/manifest.json", "{"),
    ] {
        let forge = Forge::new();
        // Of the change, which lies in the checkout as its commit has it, and otherwise.
        let good = forge.dev_git(&["rev-parse", "main"]);
        let plain = forge.pull(|dev| dev.write(path, broken));
        let hidden = forge.pull(|dev| committed_otherwise(&forge, dev, path, "ｊ"));
        // Of the base.
        forge.dev_git(&["checkout", "--quiet", "--force", "--detach", "main"]);
        forge.on_main(|dev| dev.write(path, broken));
        let mend = forge.pull(|_| {
            forge.dev_git(&["rm", "--quiet", "-r", "."]);
            forge.dev_git(&["checkout", "--quiet", &good, "--", "."]);
        });
        for (pull, exit) in [(plain, 1), (hidden, 1), (mend, 3)] {
            forge.check_out(&pull.merge, Some(2));
            let run = forge.run(exit, &forge.event(&pull), &["ci", "--gate", "pr"]);
            let said = format!("{}{}", run.stdout, run.stderr);
            assert!(said.contains(path), "{path}: {said}");
            assert!(!said.contains("committed-") && !said.contains(std::env::temp_dir().to_str().unwrap()), "{said}");
        }
    }
}

/// Named regression: the content was found, by chance or by a step before, and every later checkout had the pointer.
#[test]
fn a_pointer_that_no_attribute_declares_is_not_what_it_names() {
    const INPUT: &str = "regressions/SCN-0001-minimist/input/package-lock.json";
    let attributes = format!("/{INPUT} filter=lfs diff=lfs merge=lfs -text\n");
    let forge = Forge::new();
    let content = forge.dev().read(INPUT);
    let digest = Digest::of(content.as_bytes());
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid {digest}\nsize {}\n", content.len());
    for (attributes, exit) in [("", 1), ("*.bin filter=lfs\n", 1), (&*attributes, 0)] {
        let pull = forge.pull(|dev| {
            dev.write(INPUT, &pointer);
            dev.write(".gitattributes", attributes);
        });
        let work = forge.check_out(&pull.merge, Some(2));
        let hex = digest.hex();
        let kept = work.join(".git/lfs/objects").join(&hex[..2]).join(&hex[2..4]);
        std::fs::create_dir_all(&kept).unwrap();
        std::fs::write(kept.join(&hex), &content).unwrap();
        std::fs::write(work.join(INPUT), &content).unwrap();
        let result = forge.judge_checked_out(exit, &forge.event(&pull));
        let expected: &[&str] = if exit == 0 { &[] } else { &[INPUT] };
        assert_eq!(about(&result, "rule-loosened"), expected, "{attributes}: {:#}", result["gate"]);
    }
}
