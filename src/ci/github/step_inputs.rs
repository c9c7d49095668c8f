//! Inputs that a workflow gives to our action and that the action does not have.
//!
//! GitHub warns of one and goes on without it: `fail_on: warn` would be a gate that is less strict than its author believes. So the
//! action reads the workflow that runs it.
//!
//! Invariants: a file that cannot be read as a workflow has no such inputs, since GitHub has read it and is right; the inputs here
//! are those of `action.yml` (`tests/it/action/files.rs`). Absent: workflows that call the one that has the step, and actions that
//! call ours: what GitHub names is the workflow of the run.

use std::path::{Component, Path};

use serde_json::Value;

use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};

/// The inputs of `action.yml`.
pub const INPUTS: [&str; 13] = [
    "annotations",
    "base-subject",
    "binary",
    "config",
    "fail-on",
    "gate",
    "merge",
    "mirror",
    "mode",
    "require-isolation",
    "shard",
    "sudo",
    "version",
];

/// The folder into which a runner puts the repositories of actions, as `OWNER/NAME/REF`.
const ACTIONS: &str = "_actions";

/// The action that runs, by the names that a workflow can call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// `owner/name`, in small letters.
    repositories: Vec<String>,
    /// Its folder in the checkout, with `/`, where it lies there.
    folder: Option<String>,
}

impl Action {
    /// The action whose files lie at `path`, in a job that has checked out to `workspace`.
    pub fn at(path: &Path, workspace: &Path) -> Self {
        let published = env!("CARGO_PKG_REPOSITORY").trim_start_matches("https://github.com/");
        let mut repositories = vec![published.to_lowercase()];
        let names: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
        // A fork, or a copy on an Enterprise server.
        if let Some(at) = names.iter().rposition(|name| *name == ACTIONS)
            && let [owner, name, ..] = names[at + 1..]
        {
            repositories.push(format!("{owner}/{name}").to_lowercase());
        }
        let inside = path.strip_prefix(workspace).ok().and_then(Path::to_str);
        Self { repositories, folder: inside.map(|folder| folder.replace('\\', "/")) }
    }

    /// Whether `uses` calls it.
    fn is_called(&self, uses: &str) -> bool {
        if let Some(local) = uses.strip_prefix("./") {
            return self.folder.as_deref() == Some(local.trim_end_matches('/'));
        }
        let name = uses.split_once('@').map_or(uses, |(name, _)| name).to_lowercase();
        self.repositories.contains(&name)
    }
}

/// An input that the action does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is not an input of this action (job `{job}`, step {step} of `{file}`)")]
pub struct UnknownInput {
    /// What the workflow says.
    pub key: String,
    /// The job.
    pub job: String,
    /// The step in it, from 1.
    pub step: usize,
    /// The workflow's file.
    pub file: String,
}

impl UnknownInput {
    /// The input that was probably meant.
    pub fn meant(&self) -> Option<&'static str> {
        let key = self.key.to_lowercase().replace(['_', ' ', '.'], "-");
        let distance = |name: &&str| strsim::damerau_levenshtein(name, &key);
        INPUTS.into_iter().min_by_key(distance).filter(|name| distance(name) <= 2.max(name.len() / 3))
    }
}

impl Diagnostic for UnknownInput {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self.meant() {
            Some(name) => format!("write `{name}`").into(),
            None => format!("the action has: {}", INPUTS.join(", ")).into(),
        })
    }
}

/// The file of the workflow that runs, from the root of the checkout: `GITHUB_WORKFLOW_REF` is
/// `owner/name/.github/workflows/file.yml@refs/heads/main`. `None` where it is of another repository than `repository`, as a
/// workflow is that an organisation requires.
pub fn workflow_file<'a>(workflow_ref: &'a str, repository: &str) -> Option<&'a Path> {
    let file = workflow_ref.strip_prefix(repository)?.strip_prefix('/')?;
    let (file, _) = file.split_once("@refs/").or_else(|| file.rsplit_once('@'))?;
    let file = Path::new(file);
    let is_plain = file.components().all(|part| matches!(part, Component::Normal(_)));
    (is_plain && file.starts_with(".github/workflows")).then_some(file)
}

/// The first input of `workflow` that `action` does not have.
///
/// # Errors
/// That input.
pub fn check(workflow: &[u8], file: &Path, action: &Action) -> Result<(), UnknownInput> {
    let Ok(document) = serde_yaml::from_slice::<Value>(workflow) else { return Ok(()) };
    for (job, value) in document["jobs"].as_object().into_iter().flatten() {
        for (at, step) in value["steps"].as_array().into_iter().flatten().enumerate() {
            if !step["uses"].as_str().is_some_and(|uses| action.is_called(uses.trim())) {
                continue;
            }
            let mut keys = step["with"].as_object().into_iter().flat_map(|with| with.keys());
            // GitHub does not tell small letters from capital ones here.
            if let Some(key) = keys.find(|key| !INPUTS.contains(&key.to_lowercase().as_str())) {
                let (key, job, file) = (key.clone(), job.clone(), file.display().to_string());
                return Err(UnknownInput { key, job, step: at + 1, file });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action() -> Action {
        Action::at(Path::new("/home/runner/work/_actions/Some-Fork/stella/v1"), Path::new("/home/runner/work/app/app"))
    }

    fn checked(step: &str) -> Result<(), UnknownInput> {
        let workflow = format!("on: push\njobs:\n  gate:\n    steps:\n      - run: make\n      - {step}\n");
        check(workflow.as_bytes(), Path::new(".github/workflows/ci.yml"), &action())
    }

    #[test]
    fn a_mistyped_input_is_told_with_the_nearest_one() {
        for (key, meant) in [
            ("fail_on", Some("fail-on")),
            ("failon", Some("fail-on")),
            ("gates", Some("gate")),
            ("require_isolation", Some("require-isolation")),
            ("requires-isolation", Some("require-isolation")),
            ("anotations", Some("annotations")),
            ("Configg", Some("config")),
            ("working-directory", None),
            ("token", None),
        ] {
            let uses = "stella-replay/stella@v1";
            let error = checked(&format!("{{uses: {uses}, with: {{gate: pr, {key}: x}}}}")).unwrap_err();
            assert_eq!((error.key.as_str(), error.job.as_str(), error.step), (key, "gate", 2));
            assert_eq!(error.meant(), meant, "{key}");
            assert_eq!(error.kind(), FailureKind::Usage);
        }
    }

    #[test]
    fn only_steps_that_use_the_action_are_looked_at() {
        for uses in ["stella-replay/stella@v1", "Stella-Replay/Stella@0123", "some-fork/stella@v1"] {
            assert!(checked(&format!("{{uses: {uses}, with: {{nonsense: 1}}}}")).is_err(), "{uses}");
        }
        for uses in ["actions/checkout@v7", "stella-replay/stella/publish@v1", "other/stella@v1", "./", "./action"] {
            assert_eq!(checked(&format!("{{uses: {uses}, with: {{nonsense: 1}}}}")), Ok(()), "{uses}");
        }
        for fine in ["{uses: some-fork/stella@v1}", "{uses: some-fork/stella@v1, with: {GATE: pr, Fail-On: warn}}"] {
            assert_eq!(checked(fine), Ok(()), "{fine}");
        }
    }

    #[test]
    fn an_action_in_the_checkout_is_called_by_its_folder() {
        let workspace = Path::new("/work/app");
        for (path, uses, is_called) in [
            ("/work/app", "./", true),
            ("/work/app", "./.github/actions/stella", false),
            ("/work/app/tools/stella", "./tools/stella", true),
            ("/work/app/tools/stella", "./tools/stella/", true),
            ("/work/app/tools/stella", "./tools", false),
        ] {
            assert_eq!(Action::at(Path::new(path), workspace).is_called(uses), is_called, "{path} {uses}");
        }
    }

    #[test]
    fn the_workflow_is_a_file_of_this_repository() {
        let file = |told| workflow_file(told, "o/r").and_then(Path::to_str);
        assert_eq!(file("o/r/.github/workflows/ci.yml@refs/heads/main"), Some(".github/workflows/ci.yml"));
        assert_eq!(file("o/r/.github/workflows/a@b.yml@refs/pull/7/merge"), Some(".github/workflows/a@b.yml"));
        assert_eq!(file("o/r/.github/workflows/ci.yml@refs/heads/a@refs/b"), Some(".github/workflows/ci.yml"));
        for other in [
            "",
            "o/r/.github/workflows/ci.yml",
            "other/r/.github/workflows/ci.yml@refs/heads/main",
            "o/rest/.github/workflows/ci.yml@refs/heads/main",
            "o/r/.github/workflows/../../secret@refs/heads/main",
            "o/r//etc/passwd@refs/heads/main",
        ] {
            assert_eq!(file(other), None, "{other}");
        }
    }

    #[test]
    fn any_bytes_are_a_workflow_or_none() {
        for bytes in
            [&b"\xff"[..], b"", b"jobs: 1", b"jobs: [a]", b"jobs: {a: {steps: {b: 1}}}", b"a: &x [*x]", b"- - -"]
        {
            assert_eq!(check(bytes, Path::new("x"), &action()), Ok(()));
        }
    }
}
