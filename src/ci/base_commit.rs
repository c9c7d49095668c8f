//! What the system that runs a pipeline says of the change that is judged: what it is merged into, and what it comes from.
//!
//! | system | variables | event |
//! |---|---|---|
//! | GitHub | `GITHUB_EVENT_NAME`, `GITHUB_SHA` | the JSON at `GITHUB_EVENT_PATH` |
//! | GitLab | `CI_MERGE_REQUEST_*`, `CI_COMMIT_SHA` | |
//! | Azure Pipelines, Buildkite, Jenkins | the name of the target alone | |
//!
//! Invariants: nothing is guessed: what a system does not tell is an error with the line that mends it. Absent: whether those commits are
//! there and fit what is checked out.

use std::ffi::OsString;

use serde::Deserialize;

use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};

/// What is told of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// No pull request: nothing is merged into anything.
    NoPullRequest,
    /// A pull request at GitHub.
    PullRequest(PullRequest),
    /// A group of a merge queue at GitHub.
    MergeGroup {
        /// The commit that the group is put upon.
        base: String,
        /// The commit of the group.
        head: String,
    },
    /// A merge request at GitLab.
    MergeRequest(MergeRequest),
}

/// A pull request at GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// The commit that the event is about (`GITHUB_SHA`): the merge of the two sides.
    pub event: String,
    /// The last commit of the pull request.
    pub head: String,
    /// The target's last commit when the event happened.
    pub base: String,
    /// The name of the target branch.
    pub target: String,
}

/// A merge request at GitLab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeRequest {
    /// The commit that the pipeline is about (`CI_COMMIT_SHA`).
    pub commit: String,
    /// The target's last commit, which only pipelines of merged results are told.
    pub target_tip: Option<String>,
    /// The name of the target branch.
    pub target: String,
    /// The commit that the merge request comes from.
    pub diff_base: String,
}

/// A pull request of which too little is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Untold {
    /// What is missing.
    pub why: String,
    /// The line that mends it.
    pub mend: String,
}

impl Diagnostic for Untold {
    fn kind(&self) -> FailureKind {
        FailureKind::Inconclusive
    }

    fn hint(&self) -> Option<Hint> {
        Some(self.mend.clone().into())
    }
}

/// Reads what is told. `event` gives the bytes of the event's file, for GitHub.
///
/// # Errors
/// [`Untold`] where this is a pull request and its base is not told.
pub fn told(
    variable: impl Fn(&str) -> Option<OsString>,
    event: impl FnOnce(&str) -> Option<Vec<u8>>,
) -> Result<Told, Untold> {
    let text = |name: &str| variable(name)?.into_string().ok().filter(|text| !text.is_empty());
    if let Some(name) = text("GITHUB_EVENT_NAME") {
        return github(&name, &text, event);
    }
    if text("CI_MERGE_REQUEST_IID").is_some() {
        return gitlab(&text);
    }
    // Of these only the branch is told, and a branch may be anything.
    let branches = [
        ("Azure Pipelines", text("SYSTEM_PULLREQUEST_TARGETBRANCH")),
        (
            "Buildkite",
            text("BUILDKITE_PULL_REQUEST")
                .filter(|number| number != "false")
                .and_then(|_| text("BUILDKITE_PULL_REQUEST_BASE_BRANCH")),
        ),
        ("Jenkins", text("CHANGE_ID").and_then(|_| text("CHANGE_TARGET"))),
    ];
    for (system, branch) in branches {
        if let Some(branch) = branch {
            let branch = branch.trim_start_matches("refs/heads/").to_owned();
            return Err(Untold {
                why: format!("{system} tells the branch that this is merged into, and not the commit"),
                mend: format!("git fetch --no-tags origin {branch} && stella ci --gate pr --base origin/{branch}"),
            });
        }
    }
    Ok(Told::NoPullRequest)
}

fn github(
    name: &str,
    text: &impl Fn(&str) -> Option<String>,
    event: impl FnOnce(&str) -> Option<Vec<u8>>,
) -> Result<Told, Untold> {
    #[derive(Deserialize)]
    struct Side {
        sha: String,
        #[serde(rename = "ref")]
        branch: String,
    }
    #[derive(Deserialize)]
    struct Pull {
        number: u64,
        head: Side,
        base: Side,
    }
    #[derive(Deserialize)]
    struct PullEvent {
        pull_request: Pull,
    }
    #[derive(Deserialize)]
    struct Group {
        base_sha: String,
        head_sha: String,
    }
    #[derive(Deserialize)]
    struct GroupEvent {
        merge_group: Group,
    }
    let untold = |why: String, mend: &str| Untold { why, mend: mend.to_owned() };
    let bytes = || {
        let path = text("GITHUB_EVENT_PATH");
        path.and_then(|path| event(&path)).ok_or_else(|| {
            untold(
                format!("the event `{name}` has no file that could be read (GITHUB_EVENT_PATH)"),
                "give the base with `--base REV`",
            )
        })
    };
    let wrong = |error: serde_json::Error| {
        untold(
            format!("the file of the event `{name}` does not tell its commits: {error}"),
            "give the base with `--base REV`",
        )
    };
    match name {
        "pull_request" => {
            let PullEvent { pull_request } = serde_json::from_slice(&bytes()?).map_err(wrong)?;
            let event = text("GITHUB_SHA")
                .ok_or_else(|| untold("GITHUB_SHA is not set".to_owned(), "give the base with `--base REV`"))?;
            Ok(Told::PullRequest(PullRequest {
                number: pull_request.number,
                event,
                head: pull_request.head.sha,
                base: pull_request.base.sha,
                target: pull_request.base.branch,
            }))
        }
        "merge_group" => {
            let GroupEvent { merge_group } = serde_json::from_slice(&bytes()?).map_err(wrong)?;
            Ok(Told::MergeGroup { base: merge_group.base_sha, head: merge_group.head_sha })
        }
        // They run with the base's rights and files, whatever is checked out: foreign code has no place there.
        "pull_request_target"
        | "pull_request_review"
        | "pull_request_review_comment"
        | "workflow_run"
        | "issue_comment" => Err(untold(
            format!("the event `{name}` does not check out what is merged"),
            "judge pull requests in a workflow with `on: pull_request`",
        )),
        _ => Ok(Told::NoPullRequest),
    }
}

fn gitlab(text: &impl Fn(&str) -> Option<String>) -> Result<Told, Untold> {
    let needed = |name: &str| {
        text(name).ok_or_else(|| Untold {
            why: format!("this is a merge request, and {name} is not set"),
            mend: "run the job with `rules: [{if: $CI_PIPELINE_SOURCE == \"merge_request_event\"}]`".to_owned(),
        })
    };
    Ok(Told::MergeRequest(MergeRequest {
        commit: needed("CI_COMMIT_SHA")?,
        target_tip: text("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"),
        target: needed("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")?,
        diff_base: needed("CI_MERGE_REQUEST_DIFF_BASE_SHA")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(set: &[(&str, &str)], event: Option<&str>) -> Result<Told, Untold> {
        let variable =
            |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
        told(variable, |_| event.map(|text| text.as_bytes().to_vec()))
    }

    const PULL: &str = r#"{"number": 7, "pull_request": {"number": 7, "head": {"sha": "h", "ref": "topic"},
        "base": {"sha": "b", "ref": "main"}}}"#;

    #[test]
    fn each_system_is_read() {
        let github =
            |event: &'static str| [("GITHUB_EVENT_NAME", event), ("GITHUB_EVENT_PATH", "e"), ("GITHUB_SHA", "m")];
        let pull =
            PullRequest { number: 7, event: "m".into(), head: "h".into(), base: "b".into(), target: "main".into() };
        assert_eq!(ask(&github("pull_request"), Some(PULL)), Ok(Told::PullRequest(pull)));
        let group = r#"{"merge_group": {"base_sha": "b", "head_sha": "h"}}"#;
        assert_eq!(
            ask(&github("merge_group"), Some(group)),
            Ok(Told::MergeGroup { base: "b".into(), head: "h".into() })
        );
        assert_eq!(ask(&github("push"), None), Ok(Told::NoPullRequest));
        let gitlab = [
            ("CI_MERGE_REQUEST_IID", "3"),
            ("CI_COMMIT_SHA", "c"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", ""),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "d"),
        ];
        let merge = MergeRequest { commit: "c".into(), target_tip: None, target: "main".into(), diff_base: "d".into() };
        assert_eq!(ask(&gitlab, None), Ok(Told::MergeRequest(merge)));
        assert_eq!(ask(&[("CI", "true"), ("BUILDKITE_PULL_REQUEST", "false")], None), Ok(Told::NoPullRequest));
    }

    #[test]
    fn a_pull_request_whose_base_is_not_told_is_an_error_with_a_line_that_mends_it() {
        let github =
            |event: &'static str| [("GITHUB_EVENT_NAME", event), ("GITHUB_EVENT_PATH", "e"), ("GITHUB_SHA", "m")];
        for (untold, mend) in [
            (ask(&github("pull_request"), None), "--base REV"),
            (ask(&github("pull_request"), Some("{}")), "--base REV"),
            (ask(&github("pull_request")[..2], Some(PULL)), "--base REV"),
            (ask(&github("merge_group"), Some(PULL)), "--base REV"),
            (ask(&github("pull_request_target"), Some(PULL)), "on: pull_request"),
            (ask(&github("workflow_run"), Some(PULL)), "on: pull_request"),
            (ask(&[("CI_MERGE_REQUEST_IID", "3"), ("CI_COMMIT_SHA", "c")], None), "merge_request_event"),
            (ask(&[("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main")], None), "--base origin/main"),
            (
                ask(&[("BUILDKITE_PULL_REQUEST", "9"), ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "main")], None),
                "--base origin/main",
            ),
            (ask(&[("CHANGE_ID", "1"), ("CHANGE_TARGET", "dev")], None), "--base origin/dev"),
        ] {
            let untold = untold.unwrap_err();
            assert!(untold.mend.contains(mend), "{untold:?}");
        }
    }
}
