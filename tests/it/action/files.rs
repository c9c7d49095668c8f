//! What the files of the action say agrees with each other and with the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::Value;
use stella::ci::github::step_inputs;

use crate::harness::{files, repository};

fn action() -> Value {
    serde_yaml::from_str(&text("action.yml")).unwrap()
}

fn text(relative: &str) -> String {
    fs::read_to_string(repository(relative)).unwrap()
}

/// The step that runs the gate.
fn step() -> Value {
    let action = action();
    action["runs"]["steps"].as_array().unwrap().iter().find(|step| step["id"] == "gate").unwrap().clone()
}

fn scripts() -> Vec<std::path::PathBuf> {
    let all = files(&repository("action"));
    all.into_iter().filter(|path| path.extension().is_some_and(|ext| ext == "sh")).collect()
}

#[test]
fn every_input_reaches_the_step_as_a_variable_and_in_no_other_way() {
    let action = action();
    let inputs: BTreeSet<String> = action["inputs"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(inputs, step_inputs::INPUTS.map(str::to_owned).into());
    let variables: BTreeMap<String, String> = serde_json::from_value(step()["env"].clone()).unwrap();
    let expected = inputs.iter().map(|input| {
        let name = format!("STELLA_INPUT_{}", input.to_uppercase().replace('-', "_"));
        (name, format!("${{{{ inputs.{input} }}}}"))
    });
    assert_eq!(variables, expected.collect());
    // Each is on the list of the first script, and read by the second.
    for name in variables.keys() {
        assert!(text("action/enter.sh").contains(name.as_str()), "{name}");
        assert!(text("action/gate.sh").contains(&format!("$(input {})", &name["STELLA_INPUT_".len()..])), "{name}");
    }
    for step in action["runs"]["steps"].as_array().unwrap() {
        assert!(!step["run"].as_str().unwrap().contains("${{"), "an expression in a script is a script");
        assert_eq!(step.get("uses"), None, "an action in an action breaks where pins are asked for");
    }
}

#[test]
fn no_start_up_file_is_read_before_the_first_line() {
    let shell = step()["shell"].as_str().unwrap().to_owned();
    assert_eq!(shell, "/usr/bin/env -u BASH_ENV -u ENV /bin/bash --noprofile --norc -p -euo pipefail {0}");
}

/// Outputs are counts of ours and paths that the action has made: no text that a pull request could choose.
#[test]
fn every_output_is_one_that_is_written() {
    let action = action();
    let outputs = action["outputs"].as_object().unwrap();
    let emitted = stella::report::emit::named("github-outputs").unwrap();
    let run = stella::model::result::RunResult::new(
        String::new(),
        jiff::Timestamp::UNIX_EPOCH,
        jiff::Timestamp::UNIX_EPOCH,
        vec![],
        vec![],
    );
    let report = stella::report::publication::Publication::of(&run, jiff::Timestamp::UNIX_EPOCH);
    let counts = String::from_utf8(emitted.write(&report).unwrap()).unwrap();
    let mut written: BTreeSet<&str> = counts.lines().map(|line| line.split_once('=').unwrap().0).collect();
    written.extend(["report-dir", "result", "junit", "sarif", "predicate-path", "predicate-type"]);
    assert_eq!(outputs.keys().map(String::as_str).collect::<BTreeSet<_>>(), written);
    for (name, output) in outputs {
        assert_eq!(output["value"], format!("${{{{ steps.gate.outputs.{name} }}}}"));
    }
}

#[test]
fn the_release_is_that_of_this_repository() {
    let repository = env!("CARGO_PKG_REPOSITORY");
    assert!(text("action/release.sh").contains(&format!("\nreleases={repository}/releases/download\n")));
    assert!(action()["inputs"]["mirror"]["description"].as_str().unwrap().contains(repository));
}

/// What a build may have is what the action hands on, but for what is of another system or loads code into every program.
#[test]
fn what_is_passed_on_is_what_a_build_may_have() {
    let build = text("src/flow/suite/build.rs");
    let list = build.split_once("const PASSED").unwrap().1.split_once("];").unwrap().0;
    let of_build: BTreeSet<&str> = list.split('"').skip(1).step_by(2).collect();
    let passed = text("action/passed.sh");
    let list = passed.split_once("passed=(").unwrap().1.split_once("\n)").unwrap().0;
    let words = list.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(str::split_whitespace);
    let of_action: BTreeSet<&str> = words.collect();
    let left_out = ["LD_LIBRARY_PATH", "PWD", "SHELL", "HOSTNAME", "TERM", "COLUMNS", "LINES"];
    assert_eq!(of_build.difference(&of_action).copied().collect::<BTreeSet<_>>(), left_out.into());
    let more: BTreeSet<&str> = of_action.difference(&of_build).copied().collect();
    let known = [
        ["GITHUB_WORKSPACE", "GITHUB_WORKFLOW_REF", "GITHUB_REPOSITORY", "GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH"]
            .as_slice(),
        &["GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_REF"],
        &["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
    ];
    assert_eq!(more, known.concat().into_iter().collect());
    for secret in ["TOKEN", "SECRET", "PASSWORD", "KEY", "ACTIONS_"] {
        assert!(of_action.iter().all(|name| !name.contains(secret) || *name == "GITHUB_ACTIONS"), "{secret}");
    }
}

/// macOS has bash 3.2. What came later is refused by its spelling.
#[test]
fn the_scripts_are_those_of_an_old_bash() {
    let later = [
        "declare -A",
        "local -A",
        "declare -n",
        "local -n",
        "mapfile",
        "readarray",
        "coproc",
        "|&",
        "&>>",
        ";;&",
        ";&",
        ",,}",
        "^^}",
        "${EPOCH",
        "printf -v",
        "wait -n",
        "@Q}",
        "[[ -v",
        "globstar",
        "lastpipe",
        "inherit_errexit",
        "BASHPID",
        "$'\\u",
    ];
    for path in scripts() {
        let script = fs::read_to_string(&path).unwrap();
        for word in later {
            assert!(!script.contains(word), "{}: `{word}`", path.display());
        }
        // An array without elements is unbound there.
        for array in ["own", "passed", "kept", "given", "arguments", "pauses"] {
            let is_empty = script.contains(&format!("{array}=()"));
            assert!(!is_empty || array == "kept", "{}: `{array}` may be empty", path.display());
        }
    }
}

#[test]
fn the_scripts_are_clean_in_shellcheck() {
    let Some(program) = crate::real::program("shellcheck") else { return };
    let mut command = Command::new(program);
    command.args(["--external-sources", "--shell=bash", "--format=gcc"]).current_dir(repository("."));
    let found = files(&repository(".ci")).into_iter().chain(scripts());
    let output = command.args(found).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    // It does see what it is there to see.
    let bad = tempfile::NamedTempFile::new().unwrap();
    fs::write(bad.path(), "#!/bin/bash\nrm $1/*\n").unwrap();
    let program = crate::real::program("shellcheck").unwrap();
    assert!(!Command::new(program).arg(bad.path()).output().unwrap().status.success());
}

/// A runner downloads the archive of the action's commit for every job.
#[test]
fn the_archive_of_a_commit_is_small_and_has_what_is_needed() {
    let git = |arguments: &[&str]| Command::new("git").args(arguments).current_dir(repository(".")).output();
    // As GitHub makes it. What is asked of files counts as it stands in the checkout.
    let archive = ["archive", "--worktree-attributes", "--format=tar.gz", "HEAD"];
    let Some(archive) = git(&archive).ok().filter(|output| output.status.success()) else {
        assert!(std::env::var_os("STELLA_TEST_REAL").is_none(), "this is not a clone");
        eprintln!("skipped: this is not a clone");
        return;
    };
    assert!(archive.stdout.len() < 3_000_000, "{} bytes", archive.stdout.len());
    let mut names = Vec::new();
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&archive.stdout[..]));
    for entry in tar.entries().unwrap() {
        names.push(entry.unwrap().path().unwrap().display().to_string());
    }
    for needed in [
        "action.yml",
        "publish/action.yml",
        "action/gate.sh",
        "action/publish.sh",
        "action/checksums.json",
        "Cargo.lock",
        "src/main.rs",
        "LICENSE",
    ] {
        assert!(names.iter().any(|name| name == needed), "{needed}");
    }
    assert!(names.iter().all(|name| !name.starts_with("fixtures/") && !name.starts_with("fuzz/")));
}
