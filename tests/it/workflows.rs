//! What continuous integration checks is one thing: the workflows run the parts of the Makefile, with nothing skipped.

use std::collections::BTreeMap;
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

/// The workflows of this repository, and those that it gives to others.
fn workflows() -> Vec<(String, Value)> {
    let all = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows")).unwrap();
    let own = all.map(|entry| format!(".github/workflows/{}", entry.unwrap().file_name().to_str().unwrap()));
    let all: Vec<String> =
        own.chain(["github.yml", "github-comment.yml"].map(|name| format!("src/flow/suite/init/{name}"))).collect();
    all.into_iter().map(|path| (path.clone(), workflow(&path))).collect()
}

/// A tag can be moved; a commit cannot. One action has one pin, so that none is forgotten.
#[test]
fn every_action_is_pinned_to_one_commit() {
    let mut pins: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (path, _) in workflows() {
        for line in text(&path).lines() {
            let Some((_, uses)) = line.split_once("uses: ") else { continue };
            let (uses, comment) = uses.split_once(" # ").unwrap_or((uses, ""));
            if uses == "./"
                || uses == "stella-replay/stella@v{version}"
                || uses == "stella-replay/stella/publish@v{version}"
            {
                assert!(comment.starts_with("zizmor: ignore"), "{path}: {line}");
                continue;
            }
            let (action, commit) = uses.split_once('@').unwrap();
            assert!(commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit()), "{path}: {line}");
            assert!(comment.starts_with('v') && comment.split('.').count() == 3, "{path}: {line}");
            let pin = (commit.to_owned(), comment.to_owned());
            assert_eq!(pins.entry(action.to_owned()).or_insert_with(|| pin.clone()), &pin, "{path}: {line}");
        }
    }
    assert!(pins.len() >= 3, "{pins:?}");
}

/// Whoever adds a job says what it may do and how long; nothing is left in the checkout that a program could take.
#[test]
fn every_job_has_limits() {
    for (path, workflow) in workflows() {
        assert!(workflow["permissions"].is_object(), "{path}");
        let on = workflow.get("on").or_else(|| workflow.get("true")).unwrap();
        assert!(on.to_string().find("paths").is_none(), "{path}: a check that does not run never reports");
        if on.get("pull_request").is_some() {
            assert!(on.get("merge_group").is_some(), "{path}: a merge queue waits for it");
        }
        for (name, job) in workflow["jobs"].as_object().unwrap() {
            assert!(job["timeout-minutes"].is_u64(), "{path} {name}");
            let image = job["runs-on"].as_str().unwrap();
            assert!(!image.ends_with("-latest"), "{path} {name}: {image}");
            let permissions = job.get("permissions").unwrap_or(&workflow["permissions"]).as_object().unwrap();
            let writes = permissions.values().any(|value| value != "read");
            // Who may write checks out nothing.
            let uses = |step: &Value| step["uses"].as_str().unwrap_or_default().to_owned();
            let has_checkout =
                job["steps"].as_array().unwrap().iter().any(|step| uses(step).starts_with("actions/checkout@"));
            let publishes = [("github-comment.yml", "comment"), ("badge.yml", "badge")]
                .iter()
                .any(|(file, job)| path.ends_with(file) && name == job && !has_checkout);
            assert!(!writes || publishes || (path.ends_with("release.yml") && name == "publish"), "{path} {name}");
            for step in job["steps"].as_array().unwrap() {
                if step["uses"].as_str().is_some_and(|uses| uses.starts_with("actions/checkout@")) {
                    assert_eq!(step["with"]["persist-credentials"], false, "{path} {name}");
                }
                let run = step["run"].as_str().unwrap_or_default();
                assert!(!run.contains("${{") || run == "make ${{ matrix.part }}", "{path} {name}: {run}");
            }
        }
    }
}
