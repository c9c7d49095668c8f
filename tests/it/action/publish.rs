//! The action that publishes: the token reaches the program and nothing else, and what was asked reaches it as options.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::action::job::Job;
use crate::harness::repository;

const TOKEN: &str = "ghs_1234_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0In0.c2lnbmF0dXJl_-x";

fn job(body: &str) -> Job {
    Job::new().publishing().with_script(body).with("token", TOKEN)
}

/// Shows its arguments and its environment.
const SHOW: &str = "printf 'argument=%s\\n' \"$@\"; /usr/bin/env | /usr/bin/sort";

#[test]
fn every_input_reaches_the_step_as_a_variable_and_in_no_other_way() {
    let text = |path: &str| fs::read_to_string(repository(path)).unwrap();
    let action: Value = serde_yaml::from_str(&text("publish/action.yml")).unwrap();
    let steps = action["runs"]["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["id"] == "publish").unwrap();
    let inputs: BTreeSet<&String> = action["inputs"].as_object().unwrap().keys().collect();
    let expected = inputs.iter().map(|input| {
        let name = format!("STELLA_INPUT_{}", input.to_uppercase().replace('-', "_"));
        (name, format!("${{{{ inputs.{input} }}}}"))
    });
    let variables: BTreeMap<String, String> = serde_json::from_value(step["env"].clone()).unwrap();
    assert_eq!(variables, expected.collect());
    for name in variables.keys() {
        assert!(text("action/enter-publish.sh").contains(name.as_str()), "{name}");
        assert!(text("action/publish.sh").contains(&format!("$(input {})", &name["STELLA_INPUT_".len()..])), "{name}");
    }
    for step in steps {
        assert!(!step["run"].as_str().unwrap().contains("${{") && step.get("uses").is_none());
    }
    assert_eq!(step["shell"], "/usr/bin/env -u BASH_ENV -u ENV /bin/bash --noprofile --norc -p -euo pipefail {0}");
}

#[test]
fn the_token_reaches_the_program_alone() {
    let step = job(SHOW)
        .with("report-dir", "stella")
        .with("conclusion", "success")
        .env("ACTIONS_RUNTIME_TOKEN", "other-secret")
        .env("BASH_ENV", "/nowhere.sh")
        .env("GITHUB_ENV", "/nowhere")
        .env("GITHUB_RUN_ID", "5")
        .ends(0, &["argument=publish", "argument=--report=stella", "argument=--conclusion=success", "GITHUB_RUN_ID=5"]);
    let lines: Vec<&str> = step.log.lines().filter(|line| line.contains(TOKEN)).collect();
    assert_eq!(lines, [format!("GITHUB_TOKEN={TOKEN}")]);
    for name in ["ACTIONS_RUNTIME_TOKEN", "BASH_ENV", "GITHUB_ENV", "GITHUB_OUTPUT", "STELLA_INPUT_"] {
        assert!(!step.log.contains(name), "{name}: {}", step.log);
    }
    let arguments = step.log.lines().filter(|line| line.starts_with("argument=")).count();
    assert_eq!(arguments, 3, "{}", step.log);
}

#[test]
fn what_is_asked_reaches_the_program_as_options() {
    let step = job(SHOW)
        .with("from-run", "77")
        .with("artifact", "a b")
        .with("key", "linux")
        .with("comment", "false")
        .with("status", "true")
        .with("check", "true")
        .with("require-publish", "true")
        .with("config", "x/.stella.yaml")
        .ends(0, &[]);
    let arguments: Vec<&str> = step.log.lines().filter_map(|line| line.strip_prefix("argument=")).collect();
    let expected = [
        "publish",
        "--from-run",
        "77",
        "--artifact=a b",
        "--config=x/.stella.yaml",
        "--key=linux",
        "--no-comment",
        "--status",
        "--check",
        "--require-publish",
    ];
    assert_eq!(arguments, expected);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let asked = |with: &[(&str, &str)]| with.iter().fold(job(SHOW), |job, (name, value)| job.with(name, value));
    for (with, said) in [
        (&[][..], "give the report"),
        (&[("report-dir", "x")], "`conclusion` says how the job of the gate ended"),
        (&[("report-dir", "x"), ("conclusion", "success"), ("from-run", "1")], "`from-run` stands alone"),
        (&[("from-run", "$(id)")], "`from-run` is the number of a run"),
        (&[("from-run", "1"), ("comment", "yes")], "`comment` takes one of: true false"),
        (&[("from-run", "1"), ("version", "1.2.3")], "`binary` stands alone"),
    ] {
        let step = asked(with).ends(2, &[said]);
        assert!(!step.log.contains("argument=") && !step.log.contains("$(id)"), "{}", step.log);
    }
}

#[test]
fn what_the_program_says_is_no_command_and_a_warning_is_told_beside_it() {
    let asked = |body: &str| job(body).with("report-dir", "x").with("conclusion", "success");
    let step = asked("echo '::error::forged'; echo 'warning: comment: refused' >&2; exit 4").ends(4, &[]);
    let commands = step.commands();
    assert_eq!(commands.len(), 2, "{commands:?}");
    assert!(commands[0].starts_with("::warning title=stella::not everything could be published"));
    assert!(commands[1].starts_with("::error title=stella::stella publish ended with 4"));
    assert!(asked("exit 0").ends(0, &[]).commands().is_empty());
}

#[cfg(feature = "registry")]
#[test]
fn the_program_itself_runs_under_it() {
    let job = Job::new()
        .publishing()
        .with_binary()
        .with("token", TOKEN)
        .env("GITHUB_EVENT_NAME", "push")
        .env("GITHUB_SHA", "c0ffee0123456789");
    let step = job.with("report-dir", "report").with("conclusion", "success").with("dry-run", "true");
    // Nothing there: 4, and never green.
    let step = step.ends(4, &["error: there is no `result.json` in the report"]);
    crate::harness::says(&step.log, &["left out: this run is not of a pull request"]);
}

#[test]
fn issues_are_another_command_and_stand_alone() {
    let asked = |with: &[(&str, &str)]| {
        let all = [&[("report-dir", "x"), ("conclusion", "success"), ("issues", "true")][..], with].concat();
        all.iter().fold(job(SHOW), |job, (name, value)| job.with(name, value))
    };
    let step = asked(&[("author", "us[bot]"), ("key", "night"), ("require-publish", "true")]).ends(0, &[]);
    let arguments: Vec<&str> = step.log.lines().filter_map(|line| line.strip_prefix("argument=")).collect();
    let options = ["--key=night", "--author=us[bot]", "--require-publish"];
    assert_eq!(arguments, [&["notify", "--report=x", "--conclusion=success"][..], &options].concat());
    for (with, said) in [
        (("status", "true"), "with `issues` nothing else is written"),
        (("from-run", "1"), "`issues` tells of a run of the default branch"),
    ] {
        let step = asked(&[with]).ends(2, &[said]);
        assert!(!step.log.contains("argument="), "{}", step.log);
    }
}
