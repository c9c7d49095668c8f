//! What a base cannot be read from, each with a message of its own and the exit that its cause has.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::base::forge::{Forge, about};
use crate::harness::files;

const NONE: BTreeMap<String, String> = BTreeMap::new();

#[test]
fn a_base_whose_rules_cannot_be_read_is_never_replaced_by_those_of_the_checkout() {
    for (config, said) in [
        ("version: 2\n", "2 is newer than this program"),
        ("subject: {\n", "not a valid configuration"),
        ("version: 1\nunknown: 1\n", "unknown field `unknown`"),
        ("profiles: {own: gone.yaml}\n", "`gone.yaml`"),
        ("cases: [/etc]\n", "`/etc` lies outside of the repository"),
        ("cases: [../elsewhere]\n", "lies outside of the repository"),
    ] {
        let forge = Forge::of(|dev| dev.write(".stella.yaml", config));
        let pull = forge.pull(|dev| {
            dev.write(".stella.yaml", "version: 1\n");
            dev.case("regressions/SCN-0001", "SCN-0001");
        });
        forge.check_out(&pull.merge, Some(2));
        let run = forge.run(3, &forge.event(&pull), &["ci", "--gate", "pr"]);
        // What a person does, and what is known of the mend.
        run.complains(&[
            said,
            "nothing can be judged by what stands on the base",
            "somebody who owns the branch looks at and merges past this check",
            "what this checkout has in its place was read and is fine: it may be the mend",
        ]);
        // The twin mends nothing.
        let pull = forge.pull(|dev| {
            dev.write(".stella.yaml", "version: 1\n");
            dev.case("regressions/SCN-0001", "SCN-0001");
            dev.link("SCN-0001", "regressions/SCN-0002");
        });
        forge.check_out(&pull.merge, Some(2));
        let run = forge.run(3, &forge.event(&pull), &["ci", "--gate", "pr"]);
        run.complains(&[said, "what this checkout has in its place was read, and is broken too", "SCN-0002"]);
    }
}

#[test]
fn what_is_broken_of_a_base_is_named_with_its_place() {
    type Edit = fn(&crate::base::forge::Dev<'_>);
    let table: [(Edit, &str, u8); 5] = [
        (|dev| dev.write(".stella.yaml", "version: 1\nthresholds:\n  green: {\n"), ".stella.yaml:", 2),
        (|dev| dev.write("approvals.yaml", "version: 1\napprovals: [\n"), "approvals.yaml:", 3),
        (
            |dev| dev.link("SCN-0001-minimist", "regressions/SCN-0002"),
            "`regressions/SCN-0002` of the base is a link",
            3,
        ),
        (|dev| dev.write("regressions/SCN-0001-minimist/input/config.json", "{"), "(`SCN-0001`)", 0),
        (|dev| dev.write("fixtures/canaries/npm-app/manifest.json", "{"), "(`npm-app`)", 0),
    ];
    for (edit, said, began_there) in table {
        let forge = Forge::new();
        let good = forge.dev_git(&["rev-parse", "main"]);
        forge.on_main(edit);
        let mend = forge.pull(|_| {
            forge.dev_git(&["rm", "--quiet", "-r", "."]);
            forge.dev_git(&["checkout", "--quiet", &good, "--", "."]);
        });
        forge.check_out(&mend.merge, Some(2));
        let run = forge.run(3, &forge.event(&mend), &["ci", "--gate", "pr"]);
        run.complains(&[said, "merges past this check", "is fine: it may be the mend"]);
        // Once that is done everything is judged as ever.
        forge.merge(&mend);
        forge.judge(0, &forge.pull(|dev| dev.write("README.md", "more\n")));
        // A branch that began where it was broken is told what to do, unless it could leave that alone.
        let broken = forge.dev_git(&["rev-parse", "main^1"]);
        let old = forge.pull_from(&broken, |dev| dev.write("NOTES.md", "more\n"));
        let work = forge.check_out(&old.head, None);
        forge.git(&work, &["fetch", "--quiet", "origin", &old.base]);
        let run = forge.run(began_there, &forge.event(&old), &["ci", "--gate", "pr"]);
        if began_there == 3 {
            run.complains(&[said, "the base has mended it since", "merge the base ("]);
        }
    }
}

#[test]
fn approvals_that_are_not_approvals_are_the_errors_of_who_wrote_them() {
    let digest = |byte: &str| format!("sha256:{}", byte.repeat(64));
    let entry = format!(
        "- {{kind: rule, rule: thresholds.green, old: '{}', new: '{}', reason: r, by: b, until: 2026-12-31}}\n",
        digest("a"),
        digest("b")
    );
    for (text, said) in [
        ("approvals: [".to_owned(), "these are not approvals"),
        (format!("version: 1\napprovals:\n{entry}{entry}"), "entries 1 and 2 are for the same change"),
        (format!("version: 1\napprovals:\n{}", entry.replace("reason", "why")), "unknown field `why`"),
        ("version: 3\n".to_owned(), "version 3 is not known"),
    ] {
        let forge = Forge::new();
        let pull = forge.pull(|dev| dev.write("approvals.yaml", &text));
        forge.check_out(&pull.merge, Some(2));
        let run = forge.run(2, &forge.event(&pull), &["ci", "--gate", "pr"]);
        run.complains(&["the approvals of this checkout cannot be read", said]);
        // On the base nothing can be judged before it is mended there.
        forge.on_main(|dev| dev.write("approvals.yaml", &text));
        let pull = forge.pull(|dev| dev.remove("approvals.yaml"));
        forge.check_out(&pull.merge, Some(2));
        forge.run(3, &forge.event(&pull), &["ci", "--gate", "pr"]).complains(&["the approvals of the base (", said]);
        // Without a base they are the checkout's own.
        forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
        forge.dev().stella(2, &["ci", "--gate", "pr"]).complains(&[said]);
    }
}

/// Named regression: it ended as if the machine were at fault.
#[test]
fn a_root_that_is_a_file_is_the_error_of_who_wrote_it() {
    for root in ["regressions", "fixtures/canaries"] {
        let forge = Forge::new();
        let good = forge.dev_git(&["rev-parse", "main"]);
        let pull = forge.pull(|dev| {
            dev.remove(root);
            dev.write(root, "nothing\n");
        });
        forge.check_out(&pull.merge, Some(2));
        let run = forge.run(2, &forge.event(&pull), &["ci", "--gate", "pr"]);
        run.complains(&[root, "is not a folder"]);
        // Without a base, and on it.
        forge.merge(&pull);
        forge.dev().stella(2, &["ci", "--gate", "pr"]).complains(&[root]);
        let mend = forge.pull(|dev| {
            dev.remove(root);
            forge.dev_git(&["checkout", "--quiet", &good, "--", "."]);
        });
        forge.check_out(&mend.merge, Some(2));
        forge.run(3, &forge.event(&mend), &["ci", "--gate", "pr"]).complains(&[root, "it may be the mend"]);
    }
}

/// Named regression: it ended as if the machine were at fault, and on the base it was called a link.
#[test]
fn approvals_that_are_a_folder_approve_nothing_and_are_no_base() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.write("approvals.yaml/a", "x"));
    let result = forge.judge(1, &pull);
    assert_eq!(about(&result, "rule-loosened"), ["as a base"], "{:#}", result["gate"]);
    forge.merge(&pull);
    let mend = forge.pull(|dev| dev.remove("approvals.yaml"));
    forge.check_out(&mend.merge, Some(2));
    let run = forge.run(3, &forge.event(&mend), &["ci", "--gate", "pr"]);
    run.complains(&["`approvals.yaml` of the base is not a file", "it may be the mend"]);
}

#[test]
fn there_must_be_a_repository_with_a_checkout_and_a_git() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
    let work = forge.check_out(&pull.merge, Some(2));
    let arguments = ["ci", "--gate", "pr", "--base", "HEAD"];
    // No git on PATH, and one that the checkout brings: it is not asked.
    let evil = work.join("bin");
    fs::create_dir(&evil).unwrap();
    fs::write(evil.join("git"), "#!/bin/sh\ntouch /tmp/never\n").unwrap();
    let path = [("PATH".to_owned(), format!("{}:.:bin", evil.display()))].into();
    forge.run(3, &path, &arguments).complains(&["there is no `git` on PATH", "hint: install git"]);
    // Another working tree of the same repository.
    let tree = forge.world.path("tree");
    forge.git(&work, &["worktree", "add", "--quiet", "--detach", tree.to_str().unwrap(), "HEAD"]);
    let mut command = forge.world.command(&arguments);
    command.current_dir(&tree);
    forge.world.run(0, command);
    // A bare one.
    let mut command = forge.world.command(&arguments);
    command.current_dir(forge.world.path("bare.git"));
    forge.world.run(3, command).complains(&["is a bare repository", "hint: check out the change"]);
    // None at all.
    fs::remove_dir_all(work.join(".git")).unwrap();
    forge.run(3, &NONE, &arguments).complains(&["is not in a git repository", "which must be a clone"]);
}

#[test]
fn nothing_that_a_repository_configures_is_run() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.write(".gitattributes", "* filter=evil diff=evil\n"));
    let work = forge.check_out(&pull.merge, Some(2));
    let mark = forge.world.path("ran");
    let touch = format!("touch {}", mark.display());
    let hooks = forge.world.path("hooks");
    fs::create_dir(&hooks).unwrap();
    for (key, value) in [
        ("core.fsmonitor", touch.as_str()),
        ("core.hooksPath", hooks.to_str().unwrap()),
        ("core.pager", &touch),
        ("core.sshCommand", &touch),
        ("core.alternateRefsCommand", &touch),
        ("filter.evil.smudge", &touch),
        ("filter.evil.clean", &touch),
        ("diff.evil.command", &touch),
        ("diff.evil.textconv", &touch),
        ("alias.cat-file", &format!("!{touch}")),
        ("alias.rev-parse", &format!("!{touch}")),
    ] {
        forge.git(&work, &["config", key, value]);
    }
    let mut environment = forge.event(&pull);
    for (name, value) in [
        ("GIT_DIR", "/nowhere"),
        ("GIT_WORK_TREE", "/"),
        ("GIT_EXTERNAL_DIFF", touch.as_str()),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "core.fsmonitor"),
        ("GIT_CONFIG_VALUE_0", touch.as_str()),
        ("GIT_OBJECT_DIRECTORY", "/nowhere"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    // The attributes are a change of their own, and what they name was not run to tell that.
    let result = forge.judge_checked_out(1, &environment);
    assert_eq!(about(&result, "rule-loosened"), [".gitattributes"]);
    assert!(!mark.exists());
    assert_eq!(result["base"]["commit"], pull.base[..12]);
}

#[test]
fn an_object_that_is_replaced_is_read_as_it_is() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.remove("regressions"));
    let work = forge.check_out(&pull.merge, Some(2));
    forge.git(&work, &["replace", &pull.base, &pull.merge]);
    let result = forge.judge_checked_out(1, &forge.event(&pull));
    assert_eq!(about(&result, "recording-gone"), ["SCN-0001 gone"]);
}

#[test]
fn submodules_and_links_among_the_bases_folders_are_refused() {
    let forge = Forge::new();
    let head = forge.dev_git(&["rev-parse", "HEAD"]);
    forge.dev_git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},regressions/other")]);
    forge.dev_git(&["commit", "--quiet", "-m", "a submodule"]);
    forge.dev_git(&["push", "--quiet", "origin", "main"]);
    let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
    forge.check_out(&pull.merge, Some(2));
    let run = forge.run(3, &forge.event(&pull), &["ci", "--gate", "pr"]);
    run.complains(&["`regressions/other` of the base is a link or a submodule"]);

    let forge = Forge::new();
    forge.on_main(|dev| {
        dev.rename("regressions", "real");
        symlink("real", dev.path("regressions")).unwrap();
    });
    let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
    forge.check_out(&pull.merge, Some(2));
    forge
        .run(3, &forge.event(&pull), &["ci", "--gate", "pr"])
        .complains(&["`regressions` of the base", "it is a symbolic link"]);
}

#[test]
fn a_file_that_git_lfs_keeps_is_found_by_its_digest_or_missing() {
    let forge = Forge::new();
    let input = "regressions/SCN-0001-minimist/input/package-lock.json";
    let content = forge.dev().read(input);
    let digest = stella::model::digest::Digest::of(content.as_bytes());
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid {digest}\nsize {}\n", content.len());
    forge.on_main(|dev| dev.write(input, &pointer));
    // Checked out with its content, and nothing changed: the file is what the pointer names.
    let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
    let work = forge.check_out(&pull.merge, Some(2));
    fs::write(work.join(input), &content).unwrap();
    let result = forge.judge_checked_out(0, &forge.event(&pull));
    assert_eq!(result["base"]["changes"], json!([]));
    // Gone from the checkout, and in none of git's folders.
    fs::remove_file(work.join(input)).unwrap();
    let run = forge.run(3, &forge.event(&pull), &["ci", "--gate", "pr"]);
    run.complains(&["is kept by Git LFS, and its content", "hint: check out with `lfs: true`"]);
    // There, and first with other bytes under its name.
    let hex = digest.hex();
    let kept = work.join(".git/lfs/objects").join(&hex[..2]).join(&hex[2..4]).join(&hex);
    fs::create_dir_all(kept.parent().unwrap()).unwrap();
    fs::write(&kept, content.replace("0.0.8", "9.9.9")).unwrap();
    forge.run(3, &forge.event(&pull), &["ci", "--gate", "pr"]).complains(&["is kept by Git LFS"]);
    fs::write(&kept, &content).unwrap();
    // What is committed is judged, and that is as it was.
    let result = forge.judge_checked_out(0, &forge.event(&pull));
    assert_eq!(result["base"]["changes"], json!([]));
    let replays = result["replays"].as_array().unwrap();
    assert!(replays.iter().all(|replay| replay["outcome"] == "match"), "{replays:#?}");
}

#[test]
fn filters_of_the_base_are_said() {
    let forge = Forge::new();
    forge.on_main(|dev| {
        dev.write(".gitattributes", "*.bin filter=crypt\n*.txt working-tree-encoding=UTF-16\n*.zip filter=lfs\n")
    });
    let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
    let notes = forge.judge(0, &pull)["base"]["notes"].to_string();
    assert!(notes.contains("`filter=crypt`") && notes.contains("`working-tree-encoding=UTF-16`"), "{notes}");
    assert!(!notes.contains("lfs"), "{notes}");
}

#[test]
fn nothing_of_a_base_is_left_behind() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.remove("regressions"));
    forge.check_out(&pull.merge, Some(2));
    let before = files(&forge.world.path("work"));
    let temporary = forge.world.path("tmp");
    fs::create_dir(&temporary).unwrap();
    let mut environment = forge.event(&pull);
    environment.insert("TMPDIR".to_owned(), temporary.to_str().unwrap().to_owned());
    forge.judge_checked_out(1, &environment);
    assert_eq!(files(&forge.world.path("work")), before);
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
}

#[test]
fn a_configuration_of_the_base_under_another_name_is_a_note() {
    let forge = Forge::new();
    let said = |result: &serde_json::Value| result["base"]["notes"].to_string();
    // Beside the one that is read.
    forge.on_main(|dev| dev.write(".stella.yml", "version: 1\nthresholds: {green: 0.1}\n"));
    let result = forge.judge(0, &forge.pull(|dev| dev.remove(".stella.yml")));
    assert!(
        said(&result).contains("`.stella.yml` of the base is not read: the configuration is called `.stella.yaml`")
    );
    // Alone: whoever gives it its name brings the first that is read.
    let forge = Forge::new();
    forge.on_main(|dev| {
        dev.rename(".stella.yaml", ".stella.yml");
        dev.remove("regressions");
        dev.remove("fixtures");
    });
    let result = forge.judge(3, &forge.pull(|dev| dev.rename(".stella.yml", ".stella.yaml")));
    assert!(said(&result).contains("`.stella.yml` of the base is not read"), "{:#}", result["base"]);
    // The twin has none, and says nothing of it.
    let forge = Forge::new();
    let result = forge.judge(0, &forge.pull(|dev| dev.write("README.md", "more\n")));
    assert!(!said(&result).contains("is not read"), "{:#}", result["base"]);
}

/// What stands in the folder of a report cannot be a replay's folder, too.
#[test]
fn a_canary_that_is_called_like_a_file_of_a_report_is_refused() {
    for name in ["result.json", "Report.HTML", "reproduce"] {
        let forge = Forge::of(|dev| {
            dev.write(".stella.yaml", "version: 1\n");
            dev.write("feed/GHSA-old.json", crate::base::forge::old().to_string());
            dev.canary(name, &[]);
        });
        forge.check_out(&forge.dev_git(&["rev-parse", "main"]), None);
        let run = forge.run(2, &NONE, &["ci", "--out-dir", "out"]);
        run.complains(&[&format!("`{name}`"), "is called like a part of a report"]);
    }
}
