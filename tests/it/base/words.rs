//! What is said of a pull request, and that each line that is printed works as it stands.

use std::process::Command;

use serde_json::json;

use crate::base::forge::{Dev, Forge, about, codes};
use crate::cli::scene::advisory;
use crate::harness::Run;

fn gain(dev: &Dev<'_>) {
    dev.write("feed/GHSA-new.json", advisory("GHSA-new", "CVE-2022-0002", "marked", "4.0.10", "HIGH").to_string());
}

/// Runs a line in the developer's clone, as a person pastes it.
fn paste(forge: &Forge, exit: u8, line: &str) -> Run {
    let mut command = forge.world.pasted(line);
    command.current_dir(forge.world.path("dev"));
    forge.world.run(exit, command)
}

#[test]
fn a_recording_that_was_edited_is_told_with_its_file() {
    let forge = Forge::new();
    let dev = forge.dev();
    let golden = "fixtures/canaries/npm-app/expected/findings.json";
    let was = dev.read(golden);
    dev.replace(golden, "medium", "low");
    let run = dev.stella(3, &["ci", "--gate", "pr"]);
    run.says(&[
        "insufficient unreplayable: `npm-app`: the recording was edited: `expected/findings.json` has sha256:",
        // What could not begin was not run.
        "was run on 2 of 3 (1 of 1 case, 1 of 2 canaries)",
    ]);
    assert!(!run.stdout.contains("an input is gone"), "{}", run.stdout);
    // Twins: one that is as it was recorded, and an input that is gone.
    dev.write(golden, &was);
    dev.stella(0, &["ci", "--gate", "pr"]).says(&["was run on 3 of 3"]);
    dev.remove("fixtures/store");
    dev.remove("../home/.local/share/stella");
    let run = dev.stella(3, &["ci", "--gate", "pr"]);
    run.says(&["`npm-app`: an input is gone: ", "was run on 1 of 3 (1 of 1 case, 0 of 2 canaries)"]);
    let result = dev.stella(3, &["ci", "--gate", "pr", "--format", "json"]).stdout_json();
    assert_eq!(codes(&result, "insufficient"), ["unreplayable"]);
    assert_eq!(result["candidate"]["unclaimed"], json!([]));
}

#[test]
fn another_kind_of_subject_is_named_and_can_be_approved() {
    let forge = Forge::new();
    let turn = |dev: &Dev<'_>| {
        dev.write(".stella.yaml", "version: 1\nsubject: {kind: builtin}\ngates: {pr: {expect: exact}}\n");
    };
    let pull = forge.pull(turn);
    let result = forge.judge(1, &pull);
    assert!(about(&result, "rule-loosened").contains(&"subject.kind".to_owned()), "{:#}", result["gate"]);
    assert_eq!(codes(&result, "insufficient"), ["candidate-dropped"]);
    let words = forge.words(1, &pull);
    assert!(words.contains("loosening `subject.kind`: `builtin` was `feed`"), "{words}");
    let line = words.lines().find_map(|line| line.strip_prefix("to accept exactly this change: ")).unwrap();
    forge.dev_git(&["checkout", "--quiet", &format!("topic-{}", pull.number)]);
    paste(&forge, 0, line).says(&["rule subject.kind", "written to approvals.yaml"]);
    let approvals = forge.dev().read("approvals.yaml");
    forge.dev().remove("approvals.yaml");
    forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
    forge.on_main(|dev| dev.write("approvals.yaml", &approvals));
    // What it builds now is judged: the scanner.
    let result = forge.judge_with_history(0, &forge.pull(turn));
    assert_eq!(result["candidate"]["kind"], "builtin");
    assert_eq!(result["candidate"]["ran"], 3, "{:#}", result["candidate"]);
    // A feed that loses something is not what was approved.
    let pull = forge.pull(|dev| {
        dev.edit("feed/GHSA-old.json", |record| record["withdrawn"] = json!("2026-01-01T00:00:00Z"));
    });
    assert_eq!(codes(&forge.judge(1, &pull), "fail"), ["unapproved-drift"]);
}

#[test]
fn a_sparse_checkout_is_not_taken_for_a_change() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
    for (left_out, path) in [
        ("!/fixtures/canaries/npm-other", "fixtures/canaries/npm-other/"),
        ("!/regressions", "regressions/SCN-0001-minimist/"),
        ("!/fixtures/store", "fixtures/store/"),
    ] {
        let work = forge.check_out(&pull.merge, Some(2));
        forge.git(&work, &["sparse-checkout", "set", "--no-cone", "/*", left_out]);
        let run = forge.run(3, &forge.event(&pull), &["ci", "--gate", "pr"]);
        run.complains(&[&format!("the checkout is sparse: `{path}"), "hint: check out all of it"]);
        assert_eq!(forge.mended(&forge.event(&pull), &["ci", "--gate", "pr"]), (Some(0), 1), "{left_out}");
    }
    // Twin: what is left out is not what is judged.
    let work = forge.check_out(&pull.merge, Some(2));
    forge.git(&work, &["sparse-checkout", "set", "--no-cone", "/*", "!/README.md"]);
    forge.judge_checked_out(0, &forge.event(&pull));
}

#[test]
fn a_partial_clone_is_completed_by_the_line_that_is_printed() {
    let forge = Forge::new();
    forge.git(&forge.world.path("bare.git"), &["config", "uploadpack.allowFilter", "true"]);
    let pull = forge.pull(|dev| dev.write("regressions/SCN-0001-minimist/case.md", "# another reason\n"));
    let work = forge.check_out(&pull.merge, None);
    std::fs::remove_dir_all(work.join(".git")).unwrap();
    let bare = format!("file://{}", forge.world.path("bare.git").display());
    let steps: [&[&str]; 6] = [
        &["init", "--quiet", "-b", "ignored"],
        &["remote", "add", "origin", &bare],
        &["config", "remote.origin.promisor", "true"],
        &["config", "remote.origin.partialclonefilter", "blob:none"],
        &["fetch", "--quiet", "--no-tags", "--filter=blob:none", "origin", &pull.merge],
        &["checkout", "--quiet", "--force", "--detach", &pull.merge],
    ];
    steps.iter().for_each(|step| drop(forge.git(&work, step)));
    forge.run(3, &forge.event(&pull), &["ci", "--gate", "pr"]).complains(&["the clone is partial"]);
    assert_eq!(forge.mended(&forge.event(&pull), &["ci", "--gate", "pr"]), (Some(0), 1));
}

#[test]
fn below_the_folder_of_a_configuration_it_is_named() {
    let forge = Forge::new();
    let dev = forge.dev();
    dev.write("src/deep/main.rs", "");
    for (folder, file) in [("src", "../.stella.yaml"), ("src/deep", "../../.stella.yaml")] {
        let run = |exit: u8, more: &[&str]| {
            let mut command = forge.world.command(&[&["ci"], more].concat());
            command.current_dir(dev.path(folder));
            forge.world.run(exit, command)
        };
        run(3, &[]).complains(&["nothing to replay", &format!("give `--config {file}`")]);
        run(0, &["--config", file]);
    }
    // Twin: one above the checkout is none of it.
    let mut command = forge.world.command(&["ci"]);
    std::fs::write(forge.world.path(".stella.yaml"), "version: 1\n").unwrap();
    dev.remove(".stella.yaml");
    command.current_dir(dev.path("src"));
    let run = forge.world.run(3, command);
    assert!(!run.stderr.contains("--config"), "{}", run.stderr);
}

#[test]
fn the_line_that_accepts_a_first_introduction_works_as_it_stands() {
    let forge = Forge::of(|dev| dev.write("README.md", "a\n"));
    let pull = forge.pull(|dev| {
        dev.write(".stella.yaml", "version: 1\nsubject: {kind: feed, path: feed}\ngates: {pr: {expect: exact}}\n");
        dev.write("feed/GHSA-old.json", crate::base::forge::old().to_string());
        dev.case("regressions/SCN-0001-minimist", "SCN-0001");
        dev.replace("regressions/SCN-0001-minimist/expected/findings.json", "medium", "low");
    });
    let words = forge.words(1, &pull);
    let line = words.lines().find_map(|line| line.strip_prefix("to accept exactly this change: ")).unwrap();
    assert!(line.contains(&format!("--base {} ", &pull.base[..12])), "{line}");
    forge.dev_git(&["checkout", "--quiet", &format!("topic-{}", pull.number)]);
    paste(&forge, 0, line).says(&["first introduction", "1 entry written"]);
    // Where no variable names the user the machine does.
    let user = Command::new("id").arg("-un").output().unwrap();
    let user = String::from_utf8(user.stdout).unwrap();
    assert!(forge.dev().read("approvals.yaml").contains(&format!("by: {}", user.trim())));
}

#[test]
fn an_approval_without_its_recording_says_until_when_it_is_good() {
    let forge = Forge::new();
    let pull = forge.pull(gain);
    forge.dev_git(&["checkout", "--quiet", &format!("topic-{}", pull.number)]);
    let dev = forge.dev();
    let run = dev.stella(0, &["accept", "--base", "main", "--reason", "it's new", "--by", "alice"]);
    run.says(&["entries written", "an approved difference is one again after 2026-04-02, unless it is recorded anew:"]);
    let line = run.stdout.lines().find_map(|line| line.strip_prefix("  stella ")).unwrap().to_owned();
    let (approvals, base) = (dev.read("approvals.yaml"), pull.base.clone());
    // What it says comes true: the same change is red after that day.
    forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
    forge.on_main(|dev| {
        gain(dev);
        dev.write("approvals.yaml", &approvals);
    });
    let later = |exit: u8| {
        let pull = forge.pull(|dev| dev.write("README.md", "more\n"));
        forge.check_out(&pull.merge, None);
        let mut environment = forge.event(&pull);
        forge.run(0, &environment, &["ci", "--gate", "pr"]);
        environment.insert("STELLA_TEST_NOW".to_owned(), "2026-04-03T00:00:00Z".to_owned());
        forge.run(exit, &environment, &["ci", "--gate", "pr"])
    };
    later(1).says(&["approval-expired"]);
    // The line records it, also where the approval counts already.
    forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
    let line = format!("stella {}", line.replace(&base[..12], "main"));
    paste(&forge, 0, &line).says(&["2 recorded anew: npm-app, npm-other"]);
    forge.on_main(|_| {});
    later(0);
    // Twin: recorded at once there is nothing to say.
    let forge = Forge::new();
    let pull = forge.pull(gain);
    forge.dev_git(&["checkout", "--quiet", &format!("topic-{}", pull.number)]);
    let arguments = ["accept", "--base", "main", "--update", "--reason", "new", "--by", "alice"];
    let run = forge.dev().stella(0, &arguments);
    assert!(!run.stdout.contains("again after"), "{}", run.stdout);
}

#[test]
fn lines_are_as_short_as_a_terminal_says() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| {
        dev.edit("feed/GHSA-old.json", |record| record["withdrawn"] = json!("2026-01-01T00:00:00Z"));
        dev.configure("thresholds: {green: 0.95}");
    });
    forge.check_out(&pull.merge, Some(2));
    let mut environment = forge.event(&pull);
    environment.insert("COLUMNS".to_owned(), "80".to_owned());
    let run = forge.run(1, &environment, &["ci", "--gate", "pr"]);
    let long =
        |text: &str| text.lines().filter(|line| line.chars().count() > 80).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(long(&run.stdout), [] as [&str; 0]);
    let at = run.stdout.find("to accept exactly this change:\n").unwrap();
    let line = run.stdout[at..].split_once('\n').unwrap().1.to_owned();
    forge.dev_git(&["checkout", "--quiet", &format!("topic-{}", pull.number)]);
    paste(&forge, 0, &line).says(&["entries written"]);
    let run = forge.run(0, &[("COLUMNS".to_owned(), "80".to_owned())].into(), &["accept", "--base", &pull.base]);
    assert_eq!(long(&run.stdout), [] as [&str; 0]);
    // What went wrong and what mends it, too; a line that is pasted stays whole.
    forge.check_out(&pull.head, Some(1));
    let said = forge.run(3, &environment, &["ci", "--gate", "pr"]).stderr;
    assert!(said.contains("hint: fetch the target:\n  `git fetch --unshallow --no-tags origin"), "{said}");
    assert!(
        said.contains("`git fetch --unshallow --no-tags origin +refs/heads/main:refs/remotes/origin/main`"),
        "{said}"
    );
    assert!(long(&said).iter().all(|line| line.starts_with("  `git fetch")), "{said}");
    forge.paste(0, &environment, said.split('`').nth(1).unwrap());
    forge.check_out(&pull.merge, Some(2));
    // Where nobody says how wide it is a line is a line.
    let run = forge.run(1, &forge.event(&pull), &["ci", "--gate", "pr"]);
    assert!(run.stdout.contains("to accept exactly this change: stella accept --base"), "{}", run.stdout);
}
