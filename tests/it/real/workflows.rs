//! Workflows and actions as real tools read and run them: everything that is shipped, in documents too, is clean, and the action runs
//! under act for each event.
//!
//! act's host mode has no containers: it copies the checkout where `actions/checkout` stands, and keeps what GitHub's runner keeps of
//! a composite action. It enforces no permission and no limit.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use stella::flow::suite::init::recipe::Recipe;

use crate::base::forge::{CVE, Forge};
use crate::harness::{copy, files, repository, says};
use crate::real::act::Act;
use crate::real::program;

/// A file for GitHub or GitLab, by the schema that it has.
struct Shipped {
    name: String,
    schema: &'static str,
    text: String,
}

const OTHERS: [(&str, &str); 3] = [
    ("azure-pipelines.yml", "vendor.azure-pipelines"),
    (".buildkite/pipeline.yml", "vendor.buildkite"),
    (".circleci/config.yml", "vendor.circle-ci"),
];

const WORKFLOW: &str = "vendor.github-workflows";

/// Every workflow, action and job that leaves this repository.
fn shipped() -> Vec<Shipped> {
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let mut all: Vec<Shipped> = ["action.yml", "publish/action.yml"]
        .map(|name| Shipped { name: name.to_owned(), schema: "vendor.github-actions", text: read(&repository(name)) })
        .into();
    for path in files(&repository(".github")) {
        let name = path.strip_prefix(repository("")).unwrap().to_str().unwrap().to_owned();
        let schema = if name == ".github/dependabot.yml" { "vendor.dependabot" } else { WORKFLOW };
        all.push(Shipped { name, schema, text: read(&path) });
    }
    let recipes = [(Recipe::Github, WORKFLOW), (Recipe::GithubComment, WORKFLOW), (Recipe::Gitlab, "vendor.gitlab-ci")];
    for (recipe, schema) in recipes {
        for (path, text) in recipe.files(None) {
            all.push(Shipped { name: format!("init: {}", path.display()), schema, text });
        }
    }
    all.push(Shipped { name: "templates/gate.yml".to_owned(), schema: "vendor.gitlab-ci", text: component() });
    for page in files(&repository("docs")).into_iter().chain([repository("README.md")]) {
        if page.extension().is_none_or(|ext| ext != "md") {
            continue;
        }
        let name = page.strip_prefix(repository("")).unwrap().display().to_string();
        for (at, block) in yaml_blocks(&read(&page)).into_iter().enumerate() {
            let document: Value = serde_yaml::from_str(&block).unwrap();
            // Of the other systems the first line says which file it is.
            let first = block.lines().next().unwrap_or_default();
            if let Some((_, schema)) = OTHERS.iter().find(|(file, _)| first == format!("# {file}")) {
                all.push(Shipped { name: format!("{name} {at}"), schema, text: block });
                continue;
            }
            let is_gitlab = document.as_object().is_some_and(|all| all.values().any(|job| job.get("script").is_some()));
            if document.get("jobs").is_some() {
                all.push(Shipped { name: format!("{name} {at}"), schema: WORKFLOW, text: block });
            } else if is_gitlab {
                all.push(Shipped { name: format!("{name} {at}"), schema: "vendor.gitlab-ci", text: block });
            }
        }
    }
    all
}

/// The job of the component with its defaults in the places of its inputs, as GitLab makes it. Each input has one of each.
fn component() -> String {
    let text = fs::read_to_string(repository("templates/gate.yml")).unwrap();
    let (header, mut job) = text.split_once("\n---\n").map(|(header, job)| (header, job.to_owned())).unwrap();
    let header: Value = serde_yaml::from_str(header).unwrap();
    for (name, input) in header["spec"]["inputs"].as_object().unwrap() {
        let place = format!("$[[ inputs.{name} ]]");
        assert!(job.contains(&place), "nothing uses the input {name}");
        assert!(input["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        job = job.replace(&place, input["default"].as_str().unwrap_or(&"0".repeat(64)));
    }
    assert!(!job.contains("$[["), "an input that is not declared: {job}");
    job
}

/// The component does what the job does that `stella init --ci gitlab` writes, and no input is a part of a line of its shell.
#[test]
fn the_component_is_the_job_of_the_recipe() {
    let of = |text: &str| -> Value { serde_yaml::from_str::<Value>(text).unwrap()["stella"].clone() };
    let (component, recipe) = (of(&component()), of(&Recipe::Gitlab.files(None)[0].1));
    for key in ["stage", "image", "rules", "timeout", "artifacts"] {
        assert_eq!(component[key], recipe[key], "{key}");
    }
    let lines = |job: &Value| [&job["before_script"], &job["script"]].map(Value::to_string).concat();
    let text = fs::read_to_string(repository("templates/gate.yml")).unwrap();
    let script = &text[text.find("  before_script:").unwrap()..text.find("  artifacts:").unwrap()];
    assert!(!script.contains("$[["), "{script}");
    let filled = lines(&component)
        .replace(
            "$STELLA_ADDRESS",
            &format!("https://github.com/stella-replay/stella/releases/download/v{}", env!("CARGO_PKG_VERSION")),
        )
        .replace("--config=\\\"$STELLA_CONFIG\\\"", "--config .stella.yaml")
        .replace("\\\"$STELLA_GATE\\\"", "pr");
    assert_eq!(filled, lines(&recipe));
}

fn yaml_blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("```yaml\n") {
        let (block, after) = after.split_once("```").unwrap();
        blocks.push(block.to_owned());
        rest = after;
    }
    blocks
}

/// Each file of one schema in a folder where tools look for it.
fn laid_out(schema: &str, folder: &Path) -> Vec<PathBuf> {
    let below = folder.join(".github/workflows");
    fs::create_dir_all(&below).unwrap();
    let of_schema = shipped().into_iter().filter(|file| file.schema == schema).enumerate();
    of_schema
        .map(|(at, file)| {
            let path = if schema == "vendor.github-actions" {
                fs::create_dir_all(folder.join("publish")).unwrap();
                folder.join(&file.name)
            } else {
                below.join(format!("{at}-{}.yml", file.name.replace(|c: char| !c.is_ascii_alphanumeric(), "-")))
            };
            fs::write(&path, file.text).unwrap();
            path
        })
        .collect()
}

fn clean(output: &Output, what: &str) {
    let said = [&output.stdout[..], &output.stderr].concat();
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&said));
}

#[test]
fn what_is_shipped_has_the_shape_that_is_asked_for() {
    let Some(program) = program("check-jsonschema") else { return };
    let check = |schema: &str, paths: &[PathBuf]| {
        let mut command = Command::new(&program);
        // The schema of Azure has an expression that is none where characters beyond the first plane count as one.
        command.args(["--regex-variant", "nonunicode", "--builtin-schema", schema]).args(paths);
        command.output().unwrap()
    };
    let schemas: std::collections::BTreeSet<&str> = shipped().iter().map(|file| file.schema).collect();
    assert!(schemas.len() >= 6, "{schemas:?}");
    for schema in schemas {
        let folder = tempfile::tempdir().unwrap();
        clean(&check(schema, &laid_out(schema, folder.path())), schema);
        let bad = folder.path().join("bad.yml");
        fs::write(&bad, "jobs: 1\nruns: 2\nstella: {script: {a: 1}}\nversion: 1\n").unwrap();
        assert!(!check(schema, &[bad]).status.success(), "{schema} takes anything");
    }
}

#[test]
fn actionlint_finds_nothing() {
    let Some(program) = program("actionlint") else { return };
    let folder = tempfile::tempdir().unwrap();
    // Workflows that use the action of their own checkout are read with it.
    copy(&repository("action.yml"), &folder.path().join("action.yml"));
    run(Command::new("git").args(["init", "--quiet"]).current_dir(folder.path()));
    let paths = laid_out(WORKFLOW, folder.path());
    assert!(paths.len() >= 5, "{paths:?}");
    let lint = |paths: &[PathBuf]| Command::new(&program).args(paths).current_dir(folder.path()).output().unwrap();
    clean(&lint(&paths), "actionlint");
    // It knows our inputs.
    let bad = folder.path().join(".github/workflows/bad.yml");
    fs::write(&bad, "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: ./\n        with: {fail_on: warn}\n").unwrap();
    let output = lint(&[bad]);
    says(&String::from_utf8_lossy(&output.stdout), &["fail_on", "fail-on"]);
}

#[test]
fn zizmor_finds_nothing() {
    let Some(program) = program("zizmor") else { return };
    let audit =
        |paths: &[PathBuf]| Command::new(&program).args(["--offline", "--no-progress"]).args(paths).output().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut paths = laid_out(WORKFLOW, folder.path());
    paths.extend(laid_out("vendor.github-actions", folder.path()));
    clean(&audit(&paths), "zizmor");
    let bad = folder.path().join(".github/workflows/bad.yml");
    fs::write(&bad, "on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo ${{ github.event.pull_request.title }}\n").unwrap();
    assert!(!audit(&[bad]).status.success());
    // Each finding that is left out says why.
    for file in shipped() {
        for line in file.text.lines().filter(|line| line.contains("zizmor: ignore")) {
            let why = line.split_once(']').unwrap().1.trim();
            assert!(why.len() > 10, "{}: {line}", file.name);
        }
    }
}

/// A forge whose repository has the recipe.
struct Scene {
    forge: Forge,
    act: Act,
}

impl Scene {
    fn new() -> Option<Self> {
        let forge = Forge::of(|dev| {
            dev.write(".stella.yaml", "version: 1\nsubject: {kind: feed, path: feed}\ngates: {pr: {expect: exact}}\n");
            dev.write("feed/GHSA-old.json", crate::base::forge::old().to_string());
            dev.case("regressions/SCN-0001-minimist", "SCN-0001");
            dev.canary("npm-app", &[]);
            for (path, text) in Recipe::Github.files(None) {
                // What is built here in the place of a release, and a step that shows what the gate has left.
                let with = format!("        with: {{binary: {}}}\n", env!("CARGO_BIN_EXE_stella"));
                let text = text.replace(
                    "  merge_group:\n",
                    "  merge_group:\n  push:\n  release:\n  schedule: [{cron: '17 3 * * *'}]\n",
                );
                let text = text.replace("      - uses: stella-replay", "      - id: gate\n        uses: stella-replay");
                let shown = "      - if: always()\n        env:\n          DIR: ${{ steps.gate.outputs.report-dir }}\n          \
                             COUNTS: ${{ steps.gate.outputs.replays }} replays, ${{ steps.gate.outputs.drift }} drifted\n        \
                             run: |\n          echo \"counted $COUNTS\"\n          ls \"$DIR\"\n";
                dev.write(path.to_str().unwrap(), text + &with + shown);
            }
        });
        let act = Act::new(&forge.world.path(""))?;
        Some(Self { forge, act })
    }

    /// Runs the workflow for an event; whether the job succeeded, and the log.
    fn run(&self, event: &str, commit: &str, payload: &Value) -> (bool, String) {
        let work = self.forge.check_out(commit, None);
        // act copies the clone without its empty folders, and git knows none that has no ref.
        self.forge.git(&work, &["update-ref", "refs/remotes/pull/1/merge", commit]);
        let ran = self.act.run(&work, event, payload, &[], &[]);
        (ran.ok, ran.log)
    }

    fn pull(&self, edit: impl FnOnce(&crate::base::forge::Dev<'_>)) -> (String, Value) {
        let pull = self.forge.pull(edit);
        let event = self.forge.event(&pull);
        (pull.merge, event_of(&event))
    }
}

fn event_of(environment: &BTreeMap<String, String>) -> Value {
    serde_json::from_slice(&fs::read(&environment["GITHUB_EVENT_PATH"]).unwrap()).unwrap()
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_recipe_runs_for_every_event() {
    let Some(scene) = Scene::new() else { return };
    let (merge, event) = scene.pull(|dev| dev.write("README.md", "x"));
    let (ok, log) = scene.run("pull_request", &merge, &event);
    assert!(ok, "{log}");
    says(
        &log,
        &["its rules, cases and canaries count", "counted 2 replays, 0 drifted", "report.html", "Job succeeded"],
    );

    let base = scene.forge.dev_git(&["rev-parse", "main"]);
    let group = json!({"merge_group": {"base_sha": base, "head_sha": merge, "base_ref": "refs/heads/main"}});
    let (ok, log) = scene.run("merge_group", &merge, &group);
    assert!(ok, "{log}");
    says(&log, &["its rules, cases and canaries count", "counted 2 replays, 0 drifted"]);

    // A fork's is the same: what comes from it is in no branch here, and its token can read alone.
    let mut of_fork = event;
    of_fork["pull_request"]["head"]["repo"] = json!({"full_name": "mallory/app", "id": 2, "fork": true});
    let (ok, log) = scene.run("pull_request", &merge, &of_fork);
    assert!(ok, "{log}");
    says(&log, &["its rules, cases and canaries count", "counted 2 replays, 0 drifted"]);

    let release = json!({"action": "published", "release": {"tag_name": "v1.0.0", "draft": false}});
    for (name, payload) in [("push", json!({})), ("schedule", json!({})), ("release", release)] {
        let (ok, log) = scene.run(name, &base, &payload);
        assert!(ok, "{log}");
        says(&log, &["counted 2 replays, 0 drifted"]);
    }
}

#[test]
fn a_lost_finding_is_red_and_green_once_accepted_and_a_loosened_rule_is_red() {
    let Some(scene) = Scene::new() else { return };
    let nothing = r#"{"id":"GHSA-none","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"none"}}]}"#;
    let (merge, event) = scene.pull(|dev| dev.write("feed/GHSA-old.json", nothing));
    let (ok, log) = scene.run("pull_request", &merge, &event);
    assert!(!ok, "{log}");
    says(&log, &[CVE, "stella accept --base", "::error ", "counted 2 replays, 2 drifted", "Job failed"]);

    // What the report asks for, done: accepted where the change is, committed to the default branch.
    let topic = scene.forge.pull(|dev| dev.write("feed/GHSA-old.json", nothing));
    scene.forge.dev_git(&["checkout", "--quiet", &format!("topic-{}", topic.number)]);
    let dev = scene.forge.dev();
    dev.stella(
        0,
        &[
            "accept",
            "--base",
            "main",
            "--reason",
            "the advisory was withdrawn",
            "--by",
            "alice",
            "--until",
            "2099-12-31",
        ],
    );
    let approvals = dev.read("approvals.yaml");
    scene.forge.dev_git(&["checkout", "--quiet", "--force", "main"]);
    scene.forge.dev_git(&["clean", "--quiet", "-fd"]);
    let (merge, event) = scene.pull(|dev| {
        dev.write("feed/GHSA-old.json", nothing);
        dev.write("approvals.yaml", &approvals);
    });
    let (ok, log) = scene.run("pull_request", &merge, &event);
    assert!(!ok, "an approval of the pull request itself counted: {log}");
    scene.forge.on_main(|dev| dev.write("approvals.yaml", &approvals));
    let (merge, event) = scene.pull(|dev| dev.write("feed/GHSA-old.json", nothing));
    let (ok, log) = scene.run("pull_request", &merge, &event);
    assert!(ok, "{log}");
    says(&log, &["the advisory was withdrawn", "counted 2 replays, 2 drifted", "Job succeeded"]);

    // A rule that is loosened by the pull request itself.
    let (merge, event) = scene.pull(|dev| {
        dev.write("feed/GHSA-old.json", nothing);
        dev.remove("regressions/SCN-0001-minimist");
    });
    let (ok, log) = scene.run("pull_request", &merge, &event);
    assert!(!ok, "{log}");
    says(&log, &["loosening"]);
}

#[test]
fn a_mistyped_input_stops_the_job() {
    let Some(scene) = Scene::new() else { return };
    let (merge, event) =
        scene.pull(|dev| dev.replace(".github/workflows/stella.yml", "{binary:", "{fail_on: warn, binary:"));
    let (ok, log) = scene.run("pull_request", &merge, &event);
    assert!(!ok, "{log}");
    says(&log, &["`fail_on` is not an input of this action", "write `fail-on`"]);
}
