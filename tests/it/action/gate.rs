//! The run: its exit status is that of the step, and what it wrote becomes outputs, summary and annotations.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::action::job::Job;
use crate::base::forge::{CVE, Forge};
use crate::base::without;
use crate::cli::attacks::repository;
use crate::harness::says;

#[test]
fn the_exit_status_of_the_program_is_that_of_the_step() {
    for code in [0, 1, 2, 3, 4, 5, 77] {
        let step = Job::new().with_script(&format!("exit {code}")).ends(code, &[]);
        // It wrote nothing: no output but the folder, and words in place of a summary.
        assert_eq!((step.output("result"), step.output("junit"), step.output("replays")), ("", "", ""));
        says(&step.summary, &[&format!("There is no result (exit code {code})")]);
        says(&step.log, &[&format!("::error title=stella::stella ended with {code} and without a result")]);
    }
    Job::new().with_script("kill -KILL $$").ends(137, &[]);
}

/// An outcome that is not nought, from whatever was printed or written.
#[test]
fn what_the_program_prints_is_obeyed_by_nobody() {
    let body = "echo '::add-mask::a'; echo '  ::set-output name=result::x' >&2; echo 'x ##[error]y'; printf '::error::no newline'
        printf '\\r::warning::x\\n'; printf '%s\\n' '::stop-commands::mine' '::mine::' '::notice::after'; exit 1";
    let step = Job::new().with_script(body).ends(1, &["::add-mask::a", "::error::no newline", "::notice::after"]);
    let commands = step.commands();
    assert_eq!(commands.len(), 1, "{commands:?}");
    assert!(commands[0].starts_with("::error title=stella::"), "{commands:?}");
    // Another run has another word.
    let word = |log: &str| log.lines().find_map(|line| line.strip_prefix("::stop-commands::")).unwrap().to_owned();
    let other = Job::new().with_script("exit 1").run();
    assert_ne!(word(&step.log), word(&other.log));
    assert_eq!(word(&other.log).len(), 32);
}

#[test]
fn a_green_run_writes_reports_outputs_and_a_summary() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.write("README.md", "x"));
    let step = run(forge, &pull.merge, |forge| forge.event(&pull), 0);
    let (step, job) = step;
    for (output, file) in [("result", "result.json"), ("junit", "junit.xml"), ("sarif", "stella.sarif")] {
        let path = Path::new(step.output(output));
        assert!(path.is_file() && path.ends_with(file), "{output}: {}", step.outputs);
        assert_eq!(path.parent(), Some(Path::new(step.output("report-dir"))));
    }
    assert!(Path::new(step.output("report-dir")).join("report.html").is_file());
    let count = |name| step.output(name).parse::<usize>().unwrap();
    assert_eq!((count("replays"), count("match"), count("drift"), count("infra")), (3, 3, 0, 0));
    says(&step.summary, &["passed", "npm-app"]);
    assert_eq!(step.commands(), Vec::<&str>::new());
    assert!(!job.world.work("stella").exists(), "nothing is left in the checkout");
}

/// The feed loses a finding: the case and the canaries say so.
#[test]
fn a_lost_finding_is_red_with_annotations() {
    let lose = |forge: &Forge| {
        forge.pull(|dev| {
            dev.write(
                "feed/GHSA-old.json",
                "{\"id\":\"GHSA-none\",\"modified\":\"2026-01-01T00:00:00Z\",\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":\"none\"}}]}",
            );
        })
    };
    let forge = Forge::new();
    let pull = lose(&forge);
    let (step, _) = run(forge, &pull.merge, |forge| forge.event(&pull), 1);
    assert!(step.output("drift").parse::<usize>().unwrap() > 0, "{}", step.outputs);
    says(&step.summary, &["failed", CVE, "stella accept --base"]);
    let commands = step.commands();
    assert!(!commands.is_empty() && commands.len() <= 30);
    assert!(
        commands.iter().all(|line| line.starts_with("::error ")
            || line.starts_with("::warning ")
            || line.starts_with("::notice "))
    );
    assert!(commands.iter().any(|line| line.contains(CVE)), "{commands:?}");

    let forge = Forge::new();
    let pull = lose(&forge);
    forge.check_out(&pull.merge, Some(2));
    let event = forge.event(&pull);
    let Forge { world, .. } = forge;
    let job = event
        .iter()
        .fold(Job::of(world).with_binary().with("annotations", "false"), |job, (name, value)| job.env(name, value));
    assert_eq!(job.ends(1, &[]).commands(), Vec::<&str>::new());
}

#[test]
fn a_merge_group_is_judged_by_its_base_and_a_push_by_itself() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.replace(".stella.yaml", "exact", "nothing_lost"));
    let group = serde_json::json!({"merge_group": {"base_sha": pull.base, "head_sha": pull.merge}});
    let (step, _) = run(forge, &pull.merge, |forge| forge.environment("merge_group", &pull.merge, &group), 1);
    says(&step.log, &["its rules, cases and canaries count", "loosening"]);

    let forge = Forge::new();
    let sha = forge.dev_git(&["rev-parse", "main"]);
    let (step, _) = run(forge, &sha, |forge| forge.environment("push", &sha, &serde_json::json!({})), 0);
    assert_eq!(step.output("match"), "3");

    // The default branch is known by its name and its event: what is pushed to it is what counts from now on.
    for (branch, is_told) in [("main", true), ("topic", false)] {
        let (forge, head) = without::approves_itself("");
        forge.check_out(&head, None);
        let event = without::push(&forge, branch, &head);
        let Forge { world, .. } = forge;
        let job = event.iter().fold(Job::of(world).with_binary(), |job, (name, value)| job.env(name, value));
        // The approval has expired by the clock of this machine.
        let step = job.with("gate", "release").ends(1, &[]);
        let said = "`main` is the default branch, and this is what it was moved to";
        assert_eq!(step.log.contains(said), is_told, "{}", step.log);
    }
}

#[test]
fn a_pull_request_whose_base_is_not_checked_out_is_inconclusive() {
    let forge = Forge::new();
    let pull = forge.pull(|dev| dev.write("README.md", "x"));
    forge.check_out(&pull.merge, Some(1));
    let event = forge.event(&pull);
    let Forge { world, .. } = forge;
    let job = event.iter().fold(Job::of(world).with_binary(), |job, (name, value)| job.env(name, value));
    let step = job.ends(3, &["fetch-depth"]);
    says(&step.summary, &["There is no result (exit code 3)"]);
}

/// Checks `commit` out as a checkout action does, and runs the step for that event.
fn run(
    forge: Forge,
    commit: &str,
    event: impl Fn(&Forge) -> std::collections::BTreeMap<String, String>,
    code: i32,
) -> (crate::action::job::Step, Job) {
    forge.check_out(commit, None);
    let event = event(&forge);
    let Forge { world, .. } = forge;
    let job = event.iter().fold(Job::of(world).with_binary(), |job, (name, value)| job.env(name, value));
    let step = job.ends(code, &[]);
    (step, job)
}

/// A job that is cancelled: the runner ends the step's process, and nothing goes on.
#[test]
fn a_cancelled_step_ends_what_it_has_started() {
    let body = "trap 'touch \"$GITHUB_WORKSPACE/ended\"; exit 130' TERM; touch \"$GITHUB_WORKSPACE/began\"
        while :; do sleep 0.1; done";
    for signal in ["INT", "TERM"] {
        let job = Job::new().with_script(body);
        // Tests that run behind a terminal may have these ignored, and a shell cannot take back what it was born with.
        let step = job.command();
        let mut command = Command::new("/usr/bin/env");
        command.arg("--default-signal=INT,TERM,HUP").arg(step.get_program()).args(step.get_args());
        command.env_clear().envs(step.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(step.get_current_dir().unwrap());
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        while !job.world.exists("began") {
            assert_eq!(child.try_wait().unwrap(), None, "it ended by itself");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        // The runner asks more than once, too: a shell that is about to wait may miss the first.
        let ended = loop {
            let asked = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
            assert!(asked.unwrap().success());
            let mut ended = (0..100).map(|_| {
                std::thread::sleep(std::time::Duration::from_millis(20));
                child.try_wait().unwrap()
            });
            if let Some(ended) = ended.find_map(|ended| ended) {
                break ended;
            }
        };
        assert_eq!(ended.code(), Some(130), "{signal}");
        assert!(job.world.exists("ended"), "{signal}");
    }
}

/// Whatever is checked out: its token and its caches are those of the base.
#[test]
fn nothing_runs_with_the_rights_of_the_base() {
    for gate in ["pr", "off"] {
        let job = Job::new().with_script("touch \"$GITHUB_WORKSPACE/ran\"").with("gate", gate);
        let job = job.env("GITHUB_EVENT_NAME", "pull_request_target");
        job.ends(2, &["nothing is replayed for the event pull_request_target", "`on: pull_request`"]);
        assert!(!job.world.exists("ran"));
    }
}

#[test]
fn an_image_in_which_nothing_can_be_sealed_is_named() {
    let slim = || Job::new().env("RUNNER_ENVIRONMENT", "github-hosted").without("USER").with_script("exit 0");
    let step =
        slim().ends(0, &["::warning title=stella::this looks like the image `ubuntu-slim`", "runs-on: ubuntu-24.04"]);
    assert_eq!(step.commands().len(), 2);
    for job in [slim().env("USER", "runner"), slim().env("RUNNER_ENVIRONMENT", "self-hosted")] {
        let step = job.ends(0, &[]);
        assert!(!step.log.contains("ubuntu-slim"), "{}", step.log);
    }
}

/// AppArmor is told of one path, and told to forget it. What runs is a stand-in: no test has Ubuntu's kernel.
#[test]
fn user_namespaces_are_allowed_to_one_program() {
    let job = Job::new();
    let script = ". \"$1/namespaces.sh\"; id() { echo 1001; }; sudo() { echo \"sudo $*\"; cat; }
        apparmor_parser() { echo 'not as another user'; }
        exec 3>&1; allow_namespaces \"$2\" stella-sandbox.x 3>&1 || echo refused";
    let told = |helper: &str| {
        let mut command = Command::new("/bin/bash");
        let script = script.replace(">/dev/null", "");
        let namespaces = fs::read_to_string(job.action("action/namespaces.sh")).unwrap();
        fs::write(job.world.path("namespaces.sh"), namespaces.replace(">/dev/null 2>&1", "")).unwrap();
        command.args(["--noprofile", "--norc", "-euo", "pipefail", "-c", &script, "bash"]);
        command.arg(job.world.path("")).arg(helper).env_clear().env("PATH", "/usr/bin:/bin");
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let said = told("/home/runner/work/_temp/stella-a1/program/stella-1.0.0-x/stella-sandbox");
    says(
        &said,
        &[
            "sudo -n apparmor_parser --replace --skip-cache\n",
            "profile stella-sandbox.x \"/home/runner/work/_temp/stella-a1/program/stella-1.0.0-x/stella-sandbox\" flags=(unconfined) {\n  userns,\n}\n",
        ],
    );
    for helper in
        ["/a\" flags=(unconfined) { userns, }\nprofile x \"/**", "/a/**", "/a/{b,c}", "/a/[a-z]", "/a^b", "/a\nb"]
    {
        assert_eq!(told(helper), "refused\n", "{helper}");
    }
}

/// The predicate that another signer takes is the one that `stella attest` signs, and there is none where nothing can be said.
#[test]
fn a_release_leaves_the_predicate_that_a_signer_takes() {
    let job = Job::of(repository(2)).with_binary().with("gate", "release");
    // Two canaries are too few for a release: that is said, too.
    let step = job.ends(3, &[]);
    let said: Value = serde_json::from_slice(&fs::read(step.output("predicate-path")).unwrap()).unwrap();
    let attest = ["attest", "--dry-run", "--gate", "release", "--result", step.output("result"), "bin/scan"];
    let mut command = job.world.command(&[&attest[..], &["--format", "json"]].concat());
    // The action has the clock of the machine.
    command.env_remove("STELLA_TEST_NOW");
    let signed = job.world.run(0, command);
    let signed = signed.stdout_json();
    let with_type = signed["attestations"].as_array().unwrap().iter();
    let with_type: Vec<&Value> =
        with_type.filter(|one| one["predicate_type"] == step.output("predicate-type")).collect();
    assert_eq!(with_type.len(), 1, "{signed:#}");
    assert_eq!(said, with_type[0]["statement"]["predicate"]);
    assert_eq!(said["verdict"], "insufficient");

    for (input, value, code) in [("gate", "pr", 0), ("gate", "off", 0), ("shard", "1/2", 0), ("mode", "pinned", 0)] {
        let job = Job::of(repository(2)).with_binary();
        let job = if input == "shard" { job.with("gate", "release") } else { job };
        let step = job.with(input, value).ends(code, &[]);
        assert_eq!((step.output("predicate-path"), step.output("predicate-type")), ("", ""), "{input}: {value}");
    }
}
