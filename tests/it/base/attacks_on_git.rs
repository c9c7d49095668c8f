//! Attacks by what git believes, and by what a system tells of a pull request, each with a harmless twin that is green.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::{Value, json};

use crate::base::forge::{Dev, Forge, Pull, about, codes};
use crate::harness::{copy, files};

const NONE: BTreeMap<String, String> = BTreeMap::new();

fn weaken(dev: &Dev<'_>) {
    dev.remove("regressions");
    dev.configure("thresholds: {green: 0.1, bucket: 0, fail: 0}");
}

/// A clone as systems make it that fetch every branch and tag.
fn whole(forge: &Forge, pull: &Pull) {
    let work = forge.check_out(&pull.merge, None);
    forge
        .git(&work, &["fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]);
}

#[test]
fn a_tag_that_is_called_like_the_base_is_not_the_base() {
    let forge = Forge::new();
    let pull = forge.pull(weaken);
    let base = ["ci", "--gate", "pr", "--base", "origin/main"];
    whole(&forge, &pull);
    forge.run(1, &NONE, &base).says(&["recording-gone"]);
    // A tag that means another commit; git would take it before the branch.
    for tag in ["origin/main", "remotes/origin/main"] {
        forge.dev_git(&["tag", tag, &pull.head]);
        forge.dev_git(&["push", "--quiet", "origin", &format!("refs/tags/{tag}")]);
    }
    whole(&forge, &pull);
    forge.run(3, &NONE, &base).complains(&[
        "`origin/main` could be any of refs/tags/origin/main, refs/remotes/origin/main",
        "hint: give the whole name, such as `refs/remotes/origin/main`",
    ]);
    forge.run(3, &NONE, &["ci", "--gate", "pr", "--base", "remotes/origin/main"]).complains(&["could be any of"]);
    let whole_name = ["ci", "--gate", "pr", "--base", "refs/remotes/origin/main"];
    forge.run(1, &NONE, &whole_name).says(&["recording-gone"]);
    // A branch that is called like the beginning of a commit's name.
    let work = forge.world.path("work");
    forge.git(&work, &["branch", &pull.base[..8], &pull.head]);
    forge.run(3, &NONE, &["ci", "--gate", "pr", "--base", &pull.base[..8]]).complains(&["could be any of"]);
    // Twins: other tags, and one of the same commit.
    forge.git(&work, &["branch", "-D", &pull.base[..8]]);
    forge.git(&work, &["tag", "--delete", "origin/main", "remotes/origin/main"]);
    forge.git(&work, &["tag", "v1", &pull.head]);
    forge.git(&work, &["tag", "origin/main", &pull.base]);
    forge.run(1, &NONE, &base).says(&["recording-gone"]);
}

#[test]
fn a_tag_that_is_called_like_a_branch_that_was_not_fetched_is_not_the_targets_tip() {
    let forge = Forge::new();
    let pull = forge.pull(weaken);
    let tag = "refs/tags/refs/remotes/origin/main";
    forge.dev_git(&["update-ref", tag, &pull.head]);
    forge.dev_git(&["push", "--quiet", "origin", tag]);
    let work = forge.check_out(&pull.head, None);
    forge.git(&work, &["fetch", "--quiet", "origin", &pull.base, "+refs/tags/*:refs/tags/*"]);
    let result = forge.judge_checked_out(1, &forge.event(&pull));
    assert_eq!(result["base"]["commit"], pull.base[..12]);
    assert_eq!(about(&result, "recording-gone"), ["SCN-0001 gone"]);
    // GitLab names the branch and no commit.
    let merge_request: BTreeMap<String, String> = [
        ("CI_MERGE_REQUEST_IID", "4"),
        ("CI_COMMIT_SHA", &pull.head),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &pull.base),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let run = forge.run(3, &merge_request, &["ci", "--gate", "pr"]);
    run.complains(&["(`refs/remotes/origin/main`) is not in this clone"]);
    // The twin has the branch.
    forge.git(&work, &["fetch", "--quiet", "origin", "+refs/heads/main:refs/remotes/origin/main"]);
    let result = forge.judge_checked_out(1, &merge_request);
    assert_eq!(result["base"]["commit"], pull.base[..12]);
}

/// The whole of the repository one folder down.
fn below() -> Forge {
    let forge = Forge::new();
    forge.on_main(|dev| {
        for name in [".stella.yaml", "feed", "regressions", "fixtures"] {
            dev.rename(name, &format!("sub/{name}"));
        }
    });
    forge
}

fn judge_below(forge: &Forge, exit: u8, folder: &str, pull: &Pull, more: &[(&str, &str)]) -> Value {
    let work = forge.check_out(&pull.merge, Some(2));
    let run = run_below(forge, exit, &work.join(folder), &forge.event(pull), more);
    run.stdout_json()
}

fn run_below(
    forge: &Forge,
    exit: u8,
    folder: &Path,
    environment: &BTreeMap<String, String>,
    more: &[(&str, &str)],
) -> crate::harness::Run {
    let mut command = forge.world.command(&["ci", "--gate", "pr", "--format", "json"]);
    command.current_dir(folder).envs(environment).envs(more.iter().copied());
    forge.world.run(exit, command)
}

#[test]
fn a_configuration_below_the_root_is_judged_by_its_own_base() {
    let forge = below();
    let result = judge_below(&forge, 0, "sub", &forge.pull(|dev| dev.write("README.md", "more\n")), &[]);
    assert_eq!(result["replays"].as_array().unwrap().len(), 3);
    assert_eq!(result["base"]["changes"], json!([]));
    let pull = forge.pull(|dev| dev.remove("sub/regressions"));
    let result = judge_below(&forge, 1, "sub", &pull, &[]);
    assert_eq!(about(&result, "recording-gone"), ["SCN-0001 gone"]);
    // By its name from above: the same.
    let work = forge.check_out(&pull.merge, Some(2));
    let run = forge.run(1, &forge.event(&pull), &["ci", "--gate", "pr", "--config", "sub/.stella.yaml"]);
    run.says(&["recording-gone"]);
    drop(work);
}

#[test]
fn a_link_in_the_place_of_the_folder_that_is_judged_is_no_first_introduction() {
    let forge = below();
    let attack = |dev: &Dev<'_>| {
        dev.rename("sub", "evil");
        dev.remove("evil/regressions");
        dev.remove("evil/fixtures");
        dev.case("evil/regressions/SCN-0002", "SCN-0002");
        dev.link("evil", "sub");
    };
    let pull = forge.pull(attack);
    // A step with this working directory is in the other folder: the base has nothing there, and has what is gone.
    let result = judge_below(&forge, 1, "sub", &pull, &[]);
    let gone = ["SCN-0001 gone", "npm-app gone", "npm-other gone"];
    assert_eq!(about(&result, "recording-gone"), gone, "{:#}", result["gate"]);
    assert!(
        result["base"]["notes"].to_string().contains("it is held against `sub/.stella.yaml`"),
        "{:#}",
        result["base"]
    );
    let run = forge.run(3, &forge.event(&pull), &["ci", "--gate", "pr", "--config", "sub/.stella.yaml"]);
    run.complains(&["leads through `sub`, which is a link", "hint: name the folder itself"]);
    // The twin: another folder with a configuration, which is its first introduction.
    let pull = forge.pull(|dev| {
        dev.copy("sub/feed", "other/feed");
        dev.write("other/.stella.yaml", "version: 1\nsubject: {kind: feed, path: feed}\n");
        dev.case("other/regressions/SCN-0002", "SCN-0002");
    });
    let result = judge_below(&forge, 0, "other", &pull, &[]);
    assert_eq!(codes(&result, "note"), ["first-introduction"]);
}

#[test]
fn a_folder_without_a_configuration_cannot_be_swapped_either() {
    let forge = Forge::of(|dev| {
        dev.case("sub/regressions/SCN-0001", "SCN-0001");
        dev.write("other/README.md", "nothing\n");
    });
    let pull = forge.pull(|dev| {
        dev.rename("sub", "kept/away");
        dev.remove("kept");
        dev.case("evil/regressions/SCN-0002", "SCN-0002");
        dev.link("evil", "sub");
    });
    let result = judge_below(&forge, 1, "sub", &pull, &[]);
    assert_eq!(about(&result, "recording-gone"), ["SCN-0001 gone"], "{:#}", result["gate"]);
    let pull = forge.pull(|dev| dev.write("sub/README.md", "more\n"));
    judge_below(&forge, 0, "sub", &pull, &[]);
}

#[test]
fn another_configuration_that_is_dropped_needs_an_approval() {
    let forge = Forge::new();
    forge.on_main(|dev| {
        dev.write("packages/a/.stella.yaml", "version: 1\n");
        dev.case("packages/a/regressions/SCN-0100", "SCN-0100");
    });
    let start = forge.dev_git(&["rev-parse", "main"]);
    let pull = forge.pull(|dev| dev.remove("packages/a/.stella.yaml"));
    assert_eq!(about(&forge.judge(1, &pull), "rule-loosened"), ["packages/a/.stella.yaml"]);
    let pull = forge.pull(|dev| dev.write("packages/b/.stella.yaml", "version: 1\n"));
    forge.judge(0, &pull);
    // One that the base gained meanwhile is not taken away by a branch that never had it.
    forge.on_main(|dev| dev.write("packages/c/.stella.yaml", "version: 1\n"));
    let pull = forge.pull_from(&start, |dev| dev.write("README.md", "more\n"));
    let work = forge.check_out(&pull.head, None);
    forge.git(&work, &["fetch", "--quiet", "origin", &pull.base]);
    forge.judge_checked_out(0, &forge.event(&pull));
}

#[test]
fn a_folder_that_looks_like_a_repository_is_none() {
    let forge = below();
    // What git calls a bare repository is a few files, and they can be committed. In it the pull request's own head is `main`.
    let attack = |dev: &Dev<'_>| {
        weaken_below(dev);
        forge.dev_git(&["add", "--all"]);
        forge.dev_git(&["commit", "--quiet", "-m", "weaker"]);
        let weak = forge.dev_git(&["rev-parse", "HEAD"]);
        for file in files(&dev.path(".git/objects")) {
            let relative = file.strip_prefix(dev.path(".git")).unwrap().to_owned();
            let to = dev.path("sub").join(relative);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(file, to).unwrap();
        }
        dev.write("sub/refs/remotes/origin/main", format!("{weak}\n"));
        dev.write("sub/HEAD", format!("{weak}\n"));
        dev.write("sub/config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n");
    };
    let pull = forge.pull(attack);
    let work = forge.check_out(&pull.merge, None);
    forge.git(&work, &["fetch", "--quiet", "origin", "+refs/heads/main:refs/remotes/origin/main"]);
    let mut command = forge.world.command(&["ci", "--gate", "pr", "--format", "json", "--base", "origin/main"]);
    command.current_dir(work.join("sub"));
    let result = forge.world.run(1, command).stdout_json();
    assert_eq!(result["base"]["commit"], pull.base[..12]);
    assert!(codes(&result, "fail").contains(&"rule-loosened".to_owned()), "{:#}", result["gate"]);
    // The twin has such files and weakens nothing.
    let pull = forge.pull(|dev| {
        dev.write("sub/HEAD", "ref: refs/heads/main\n");
        dev.write("sub/refs/heads/README", "x\n");
        dev.write("sub/objects/README", "x\n");
    });
    judge_below(&forge, 0, "sub", &pull, &[]);
}

fn weaken_below(dev: &Dev<'_>) {
    let text = dev.read("sub/.stella.yaml");
    dev.write("sub/.stella.yaml", format!("{text}thresholds: {{green: 0.1, bucket: 0, fail: 0}}\n"));
}

#[test]
fn a_git_of_the_checkout_is_not_asked_wherever_in_it_the_configuration_lies() {
    let forge = below();
    let mark = forge.world.path("ran");
    let pull = forge.pull(|dev| {
        weaken_below(dev);
        dev.script("node_modules/.bin/git", &format!("touch {}; exec /usr/bin/git \"$@\"", mark.display()));
    });
    let path = format!("{}/node_modules/.bin:/usr/local/bin:/usr/bin:/bin", forge.world.path("work").display());
    let result = judge_below(&forge, 1, "sub", &pull, &[("PATH", &path)]);
    assert!(!mark.exists());
    assert_eq!(about(&result, "rule-loosened").len(), 3);
    // By a link from elsewhere, too.
    let bin = forge.world.path("tools");
    fs::create_dir(&bin).unwrap();
    symlink(forge.world.path("work").join("node_modules/.bin/git"), bin.join("git")).unwrap();
    judge_below(&forge, 1, "sub", &pull, &[("PATH", &format!("{}:/usr/bin:/bin", bin.display()))]);
    assert!(!mark.exists());
    let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
    judge_below(&forge, 0, "sub", &pull, &[("PATH", &path)]);
}

#[test]
fn a_review_that_lies_anywhere_in_the_checkout_is_of_whoever_wrote_the_checkout() {
    let forge = below();
    let pull = forge.pull(|dev| {
        let found = json!({"schema": "stella.reviewed/1", "head": "0".repeat(40), "pull_request": 1,
            "approved_by": ["alice"], "not_counted": []});
        dev.write("reviewed.json", found.to_string());
    });
    let work = forge.check_out(&pull.merge, Some(2));
    let judge = |exit, file: &Path| {
        let mut command = forge.world.command(&["ci", "--gate", "pr", "--reviewed", file.to_str().unwrap()]);
        command.current_dir(work.join("sub")).envs(forge.event(&pull));
        forge.world.run(exit, command)
    };
    judge(2, &work.join("reviewed.json")).complains(&["lies in the checkout"]);
    let outside = forge.world.path("reviewed.json");
    fs::copy(work.join("reviewed.json"), &outside).unwrap();
    symlink(work.join("reviewed.json"), forge.world.path("link.json")).unwrap();
    judge(2, &forge.world.path("link.json")).complains(&["lies in the checkout"]);
    judge(0, &outside);
}

#[test]
fn history_that_was_grafted_or_cut_is_read_as_it_was_committed() {
    let forge = Forge::new();
    let start = forge.dev_git(&["rev-parse", "main"]);
    forge.on_main(|dev| dev.canary("npm-gained", &[]));
    let pull = forge.pull_from(&start, weaken);
    let work = forge.check_out(&pull.merge, None);
    fs::create_dir_all(work.join(".git/info")).unwrap();
    // As if the pull request were what is merged into.
    fs::write(work.join(".git/info/grafts"), format!("{} {} {}\n", pull.merge, pull.head, pull.head)).unwrap();
    let mut environment = forge.event(&pull);
    let shallow = forge.world.path("shallow");
    fs::write(&shallow, format!("{}\n", pull.head)).unwrap();
    for (name, value) in [
        ("GIT_GRAFT_FILE", ".git/info/grafts"),
        ("GIT_SHALLOW_FILE", shallow.to_str().unwrap()),
        ("GIT_REPLACE_REF_BASE", "refs/heads/"),
        ("GIT_ALTERNATE_OBJECT_DIRECTORIES", "/nowhere"),
        ("GIT_NAMESPACE", "evil"),
        ("GIT_COMMON_DIR", "/nowhere"),
        ("GIT_CEILING_DIRECTORIES", work.to_str().unwrap()),
        ("GIT_INDEX_FILE", "/nowhere"),
        ("GIT_TRACE", "/dev/stderr"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    let result = forge.judge_checked_out(1, &environment);
    assert_eq!(result["base"]["commit"], pull.base[..12]);
    assert_eq!(about(&result, "recording-gone"), ["SCN-0001 gone"]);
    let pull = forge.pull_from(&start, |dev| dev.write("README.md", "more\n"));
    forge.check_out(&pull.merge, None);
    environment.extend(forge.event(&pull));
    forge.judge_checked_out(0, &environment);
}

#[test]
fn a_checkout_of_another_user_is_read() {
    for (edit, exit) in [((|dev| dev.write("README.md", "more\n")) as fn(&Dev<'_>), 0), (weaken, 1)] {
        let forge = Forge::new();
        let pull = forge.pull(edit);
        forge.check_out(&pull.merge, Some(2));
        // To whom the files belong git asks before it reads them, and refuses those of others.
        let Some(mut command) = forge.world.as_nobody(&["ci", "--gate", "pr"]) else { return };
        std::os::unix::fs::chown(forge.world.path("work"), Some(4242), Some(4242)).unwrap();
        for file in [".git", ".git/HEAD", ".git/config"] {
            std::os::unix::fs::chown(forge.world.path("work").join(file), Some(4242), Some(4242)).unwrap();
        }
        for folder in ["work", "work/.git"] {
            fs::set_permissions(forge.world.path(folder), fs::Permissions::from_mode(0o755)).unwrap();
        }
        command.envs(forge.event(&pull));
        forge.world.run(exit, command);
    }
}

#[test]
fn a_pull_request_that_nobody_tells_of_is_no_run_without_a_base() {
    let forge = Forge::new();
    let pull = forge.pull(weaken);
    forge.check_out(&pull.merge, Some(2));
    let told = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    for (variables, said, mend) in [
        // A pipeline of the branch, which GitLab runs beside that of the merge request, or in its place.
        (
            told(&[("CI", "true"), ("GITLAB_CI", "true"), ("CI_OPEN_MERGE_REQUESTS", "acme/scanner!3")]),
            "merge request is open",
            "merge_request_event",
        ),
        (
            told(&[("CI", "true"), ("BITBUCKET_PR_ID", "7"), ("BITBUCKET_PR_DESTINATION_BRANCH", "main")]),
            "Bitbucket",
            "origin/main",
        ),
        (
            told(&[("CI", "true"), ("CIRCLECI", "true"), ("CIRCLE_PULL_REQUEST", "https://x.example/7")]),
            "CircleCI",
            "--base",
        ),
        (told(&[("CI", "true"), ("DRONE", "true"), ("DRONE_PULL_REQUEST", "7")]), "Drone", "--base"),
        (told(&[("CI", "true")]), "nothing tells whether this is a pull request", "--base HEAD"),
    ] {
        forge.run(3, &variables, &["ci", "--gate", "pr"]).complains(&[said, mend]);
    }
    // Twins: a pipeline of a branch without one, a person's own machine, and whoever says so.
    for variables in [told(&[("CI", "true"), ("GITLAB_CI", "true")]), NONE] {
        forge.run(0, &variables, &["ci", "--gate", "pr"]);
    }
    forge.run(0, &told(&[("CI", "true")]), &["ci", "--gate", "pr", "--base", "HEAD"]);
    forge.run(1, &told(&[("CI", "true")]), &["ci", "--gate", "pr", "--base", &pull.base]);
}

#[test]
fn what_a_build_does_to_the_bases_files_and_to_the_users_folders_changes_nothing() {
    let build = |what: &str| {
        format!(
            "version: 1\nsubject: {{kind: feed, path: out, build: \"cp -r feed out && {what}\"}}\ngates: {{pr: {{expect: exact}}}}\n"
        )
    };
    // Every file that it can find and that says `medium`, in the folders of temporary files too; the stores; what users configure.
    let search = "for f in $(find . ${TMPDIR:-/tmp}/stella* $HOME -name '*.json' 2> /dev/null); do sed -i s/medium/low/ $f; done";
    let rot = "for f in $(find . ${TMPDIR:-/tmp}/stella* $HOME -name '*.zst' 2> /dev/null); do echo rot > $f; done";
    let own = "mkdir -p $HOME/.config/stella $HOME/.config/git && echo 'thresholds: {green: 0}' | tee $HOME/.config/stella/config.yaml \
               $HOME/.stella.yaml > /dev/null && printf '[core]\\n\\tfsmonitor = false\\n' > $HOME/.gitconfig";
    for what in [search, rot, own] {
        let forge = Forge::new();
        let temporary = forge.world.path("tmp");
        fs::create_dir(&temporary).unwrap();
        let judge = |exit: u8, edit: &dyn Fn(&Dev<'_>)| {
            let pull = forge.pull(|dev| {
                dev.write(".stella.yaml", build(what));
                // What the base has is read from its objects: the checkout's own is gone.
                dev.write("regressions/SCN-0001-minimist/case.md", "# why, anew\n");
                edit(dev);
            });
            forge.check_out(&pull.merge, Some(2));
            let mut environment = forge.event(&pull);
            environment.insert("TMPDIR".to_owned(), temporary.to_str().unwrap().to_owned());
            let run = forge.run(exit, &environment, &["ci", "--gate", "pr", "--format", "json"]);
            run.stdout_json()
        };
        let lose = |dev: &Dev<'_>| {
            dev.edit("feed/GHSA-old.json", |record| record["database_specific"]["severity"] = json!("LOW"));
        };
        if what == rot {
            // What is taken from a store is never another blob.
            let result = judge(3, &|_| {});
            assert_eq!(codes(&result, "insufficient"), ["unreplayable"]);
            continue;
        }
        let result = judge(1, &lose);
        assert!(about(&result, "unapproved-drift").len() == 3, "{what}: {:#}", result["gate"]);
        // The twin does the same, and its feed is as good as before.
        let result = judge(0, &|_| {});
        assert_eq!(codes(&result, "fail"), [] as [&str; 0], "{what}");
    }
}

#[test]
fn a_clone_that_borrows_its_objects_is_judged_as_any_other() {
    let forge = Forge::new();
    for (edit, exit) in [((|dev| dev.write("README.md", "more\n")) as fn(&Dev<'_>), 0), (weaken, 1)] {
        let pull = forge.pull(edit);
        let work = forge.check_out(&pull.merge, Some(2));
        // All objects lie in another folder that is named as an alternate.
        let away = forge.world.path("objects");
        fs::remove_dir_all(&away).ok();
        copy(&work.join(".git/objects"), &away);
        fs::remove_dir_all(work.join(".git/objects")).unwrap();
        fs::create_dir_all(work.join(".git/objects/info")).unwrap();
        fs::write(work.join(".git/objects/info/alternates"), format!("{}\n", away.display())).unwrap();
        forge.judge_checked_out(exit, &forge.event(&pull));
    }
}
