//! What the system that runs a pipeline says of the branch that everything is merged into.
//!
//! | system | the branch | the commit of the run, where the run is of that branch |
//! |---|---|---|
//! | GitHub | `repository.default_branch` of the event | `GITHUB_SHA`, where `GITHUB_REF` is that branch |
//! | GitLab | `CI_DEFAULT_BRANCH` | `CI_COMMIT_SHA`, where `CI_COMMIT_BRANCH` is that branch |
//!
//! Absent: whether HEAD is that commit, and whether the branch was fetched.

use std::ffi::OsString;

use serde::Deserialize;

/// What is told of the default branch; nothing where no system tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DefaultBranch {
    /// Its name.
    pub name: Option<String>,
    /// The commit that this run is of, where it is a run of that branch.
    pub of_this_run: Option<String>,
}

/// Reads what is told. `event` gives the bytes of the event's file, for GitHub.
pub fn told(variable: impl Fn(&str) -> Option<OsString>, event: impl FnOnce(&str) -> Option<Vec<u8>>) -> DefaultBranch {
    #[derive(Deserialize)]
    struct Repository {
        default_branch: String,
    }
    #[derive(Deserialize)]
    struct Event {
        repository: Repository,
    }
    let text = |name: &str| variable(name)?.into_string().ok().filter(|text| !text.is_empty());
    let of = |name: Option<String>, is_of_it: &dyn Fn(&str) -> bool, commit: &str| {
        let of_this_run = name.as_deref().filter(|name| is_of_it(name)).and_then(|_| text(commit));
        DefaultBranch { name, of_this_run }
    };
    if text("GITHUB_EVENT_NAME").is_some() {
        let bytes = text("GITHUB_EVENT_PATH").and_then(|path| event(&path)).unwrap_or_default();
        let name = serde_json::from_slice::<Event>(&bytes).ok().map(|event| event.repository.default_branch);
        let name = name.filter(|name| !name.is_empty());
        // Of a pull request's event the reference is that of the merge.
        return of(name, &|name| text("GITHUB_REF") == Some(format!("refs/heads/{name}")), "GITHUB_SHA");
    }
    if text("GITLAB_CI").is_some() {
        let is_of_it = |name: &str| text("CI_COMMIT_BRANCH").as_deref() == Some(name);
        return of(text("CI_DEFAULT_BRANCH"), &is_of_it, "CI_COMMIT_SHA");
    }
    DefaultBranch::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(set: &[(&str, &str)], event: &str) -> (Option<String>, Option<String>) {
        let variable =
            |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
        let DefaultBranch { name, of_this_run } = told(variable, |_| Some(event.as_bytes().to_vec()));
        (name, of_this_run)
    }

    #[test]
    fn each_system_tells_it_and_only_a_run_of_that_branch_is_of_its_commit() {
        let event = r#"{"repository": {"default_branch": "main"}}"#;
        let github = |reference: &'static str| {
            [("GITHUB_EVENT_NAME", "push"), ("GITHUB_EVENT_PATH", "e"), ("GITHUB_SHA", "c"), ("GITHUB_REF", reference)]
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(ask(&github("refs/heads/main"), event), (some("main"), some("c")));
        for other in ["refs/heads/topic", "refs/tags/main", "refs/pull/1/merge", "main", "refs/heads/main/x"] {
            assert_eq!(ask(&github(other), event), (some("main"), None), "{other}");
        }
        for untold in ["", "{}", "[", r#"{"repository": {"default_branch": ""}}"#] {
            assert_eq!(ask(&github("refs/heads/main"), untold), (None, None), "{untold}");
        }
        let gitlab = |branch: &'static str| {
            [("GITLAB_CI", "true"), ("CI_DEFAULT_BRANCH", "main"), ("CI_COMMIT_BRANCH", branch), ("CI_COMMIT_SHA", "c")]
        };
        assert_eq!(ask(&gitlab("main"), ""), (some("main"), some("c")));
        assert_eq!(ask(&gitlab("topic"), ""), (some("main"), None));
        // A pipeline of a tag has no branch.
        assert_eq!(ask(&gitlab(""), ""), (some("main"), None));
        assert_eq!(ask(&[("CI", "true"), ("GITHUB_REF", "refs/heads/main")], event), (None, None));
    }
}
