//! `stella init`: the first `stella ci` is green.

use std::fs;

use crate::cli::scene::npm_lock;
use crate::harness::{World, files, repository, valid};

const CARGO: &str = "version = 3\n\n[[package]]\nname = \"time\"\nversion = \"0.1.44\"\n\
                     source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";

#[test]
fn whatever_the_repository_holds_the_first_run_is_green() {
    let npm = npm_lock(&[("marked", "0.3.9")]).to_string();
    let repositories: [(Option<(&str, &str)>, &str); 4] = [
        (None, "found no lockfile or SBOM: the first case uses a sample"),
        (Some(("package-lock.json", &npm)), "found package-lock.json"),
        (Some(("Cargo.lock", CARGO)), "found Cargo.lock"),
        (Some(("services/api/Cargo.lock", CARGO)), "found services/api/Cargo.lock"),
    ];
    for (inventory, said) in repositories {
        let world = World::new();
        if let Some((name, text)) = inventory {
            world.write(name, text);
        }
        let run = world.stella(0, &["init"]);
        run.complains(&[said, "next: stella ci"]).says(&["wrote .stella.yaml", "case.metadata.json"]);
        let run = world.stella(0, &["ci"]);
        run.says(&["EXAMPLE-0001", "passed: 1 of 1 replay matches"]);
    }
}

#[test]
fn nothing_that_exists_is_overwritten() {
    let world = World::new();
    world.write(".stella.yaml", "version: 1 # mine\n");
    world.stella(0, &["init"]).says(&["kept  .stella.yaml"]);
    assert_eq!(world.read(".stella.yaml"), "version: 1 # mine\n");

    let case = "regressions/EXAMPLE-0001-first-case/case.md";
    world.write(case, "mine");
    let all =
        |world: &World| files(&world.work("")).into_iter().map(|p| (fs::read(&p).unwrap(), p)).collect::<Vec<_>>();
    let before = all(&world);
    let run = world.stella(0, &["init"]);
    run.says(&["kept  .stella.yaml", "kept  regressions/EXAMPLE-0001-first-case"]);
    assert!(!run.stdout.contains("wrote"));
    assert_eq!(all(&world), before);

    let run = world.stella(0, &["init", "--format", "json"]);
    valid(&run.stdout_json(), "init-v1.json");
    assert_eq!(run.stdout_json()["written"].as_array().unwrap().len(), 0);
}

#[test]
fn a_lockfile_of_some_megabytes_is_found() {
    let world = World::new();
    let packages: Vec<String> = (0..40_000).map(|i| format!("package-{i}")).collect();
    let packages: Vec<(&str, &str)> = packages.iter().map(|name| (name.as_str(), "1.0.0")).collect();
    let lock = npm_lock(&packages).to_string();
    assert!(lock.len() > 1 << 20);
    world.write("package-lock.json", lock);
    world.stella(0, &["init"]).complains(&["found package-lock.json"]);
}

#[test]
fn a_pipeline_is_written_where_the_system_looks_for_it() {
    let world = World::new();
    let run = world.stella(0, &["init", "--ci", "github"]);
    run.says(&["wrote .github/workflows/stella.yml"]);
    let workflow = world.read(".github/workflows/stella.yml");
    assert_eq!(workflow.lines().count(), 14, "{workflow}");
    // The same as the page shows.
    let page = fs::read_to_string(repository("docs/github-action.md")).unwrap();
    assert_eq!(page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap(), workflow);
    world.stella(0, &["ci"]).says(&["passed: 1 of 1 replay matches"]);

    let world = World::new();
    let run = world.stella(0, &["init", "--ci", "gitlab"]);
    run.says(&["wrote .gitlab/stella.yml", "wrote .gitlab-ci.yml"]).complains(&["set STELLA_SHA256"]);
    assert_eq!(world.read(".gitlab-ci.yml"), "include:\n  - local: .gitlab/stella.yml\n");
}

#[test]
fn a_pipeline_that_exists_is_kept() {
    let world = World::new();
    world.write(".gitlab-ci.yml", "mine: {script: [make]}\n");
    let run = world.stella(0, &["init", "--ci", "gitlab"]);
    run.says(&["kept  .gitlab-ci.yml"]).complains(&["add to .gitlab-ci.yml: include: [{local: .gitlab/stella.yml}]"]);
    assert_eq!(world.read(".gitlab-ci.yml"), "mine: {script: [make]}\n");
}

#[test]
fn a_workflow_that_exists_is_kept_and_that_is_said() {
    let world = World::new();
    world.stella(0, &["init", "--ci", "github"]);
    let before = world.read(".github/workflows/stella.yml");
    let run = world.stella(0, &["init", "--ci", "github-comment"]);
    run.complains(&[".github/workflows/stella.yml is there already and was left as it is"]);
    assert_eq!(world.read(".github/workflows/stella.yml"), before);
}

#[test]
fn a_configuration_below_the_repository_has_its_pipeline_at_the_top() {
    let world = World::new();
    fs::create_dir_all(world.work(".git")).unwrap();
    fs::create_dir_all(world.work("packages/a")).unwrap();
    let mut command = world.command(&["init", "--ci", "github"]);
    command.current_dir(world.work("packages/a"));
    world.run(0, command).says(&["/.github/workflows/stella.yml", "wrote .stella.yaml"]);
    assert!(world.read(".github/workflows/stella.yml").ends_with("        with: {config: packages/a/.stella.yaml}\n"));
    assert!(world.exists("packages/a/.stella.yaml") && !world.exists("packages/a/.github"));
}
