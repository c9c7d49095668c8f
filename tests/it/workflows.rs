//! What continuous integration checks is one thing: the workflows run the parts of the Makefile, with nothing skipped.

use std::fs;
use std::path::Path;

use serde_json::Value;

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn workflow(path: &str) -> Value {
    serde_yaml::from_str(&text(path)).unwrap()
}

/// The words of `NAME = …` in the Makefile.
fn make_list(name: &str) -> Vec<String> {
    let makefile = text("Makefile");
    let line = makefile.lines().find_map(|line| line.strip_prefix(&format!("{name} = "))).unwrap();
    line.split_whitespace().map(str::to_owned).collect()
}

/// The commands of a job.
fn commands(job: &Value) -> Vec<&str> {
    job["steps"].as_array().unwrap().iter().filter_map(|step| step["run"].as_str()).collect()
}

#[test]
fn the_gate_of_the_workflow_is_that_of_every_machine() {
    let workflow = workflow(".github/workflows/ci.yml");
    let commands = commands(&workflow["jobs"]["test"]);
    assert_eq!(commands.last(), Some(&".ci/run"));
    let others = commands.iter().filter(|command| command.contains("make ") || command.contains("cargo "));
    assert_eq!(others.count(), 0, "{commands:?}");
    // One script, one list of parts: what `make test` runs is what `.ci/run` asks for.
    assert!(text(".ci/run").contains("in $(make --no-print-directory parts)"));
    assert!(text("Makefile").contains("\ntest: $(PARTS)\n"));
    assert_eq!(make_list("PARTS"), ["real-parts", "lint", "self", "unit"]);
}

#[test]
fn nothing_may_be_skipped() {
    let nightly = workflow(".github/workflows/nightly.yml");
    for switch in ["STELLA_TEST_ISOLATION", "STELLA_TEST_REAL"] {
        assert!(text(".ci/run").contains(&format!("\nexport {switch}=1\n")), "{switch}");
        assert_eq!(nightly["env"][switch], "1", "{switch}");
    }
}

#[test]
fn every_part_that_takes_long_has_its_night() {
    let nightly = workflow(".github/workflows/nightly.yml");
    let job = &nightly["jobs"]["long"];
    let parts: Vec<String> = serde_json::from_value(job["strategy"]["matrix"]["part"].clone()).unwrap();
    assert_eq!(parts, make_list("NIGHTLY"));
    assert_eq!(commands(job).last(), Some(&"make ${{ matrix.part }}"));
    assert!(text("Makefile").contains("\ntest-long: $(LONG)\n"));
}

/// So the gate builds with the oldest compiler that is promised.
#[test]
fn the_pinned_compiler_is_the_oldest_that_is_promised() {
    let (manifest, toolchain) = (text("Cargo.toml"), text("rust-toolchain.toml"));
    let quoted = |text: &str, key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{key} = \""))).unwrap().to_owned();
        line.trim_end_matches('"').to_owned()
    };
    let (promised, pinned) = (quoted(&manifest, "rust-version"), quoted(&toolchain, "channel"));
    assert!(pinned.strip_prefix(&promised).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')), "{pinned}");
}
