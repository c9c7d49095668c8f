//! What the system that runs a pipeline says of the change that is judged: what it is merged into, and what it comes from.
//!
//! | system | variables | event |
//! |---|---|---|
//! | GitHub | `GITHUB_EVENT_NAME`, `GITHUB_SHA` | the JSON at `GITHUB_EVENT_PATH` |
//! | GitLab | `CI_MERGE_REQUEST_*`, `CI_COMMIT_SHA` | |
//! | other systems that are known | that it is a pull request, and mostly the name of the target | |
//!
//! Invariants: nothing is guessed: what a system does not tell is an error with the line that mends it, and so is a system that nobody
//! here knows; a run is none of a pull request only where its system would have told. Absent: whether those commits are there and fit
//! what is checked out.

use std::ffi::OsString;

use serde::Deserialize;

use crate::hint;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::parameter::{Operation, Parameter};
use crate::model::text::command_line;

/// What is told of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CiEvent {
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
pub struct UnknownBase {
    /// What is missing.
    pub why: String,
    /// What mends it.
    pub mend: Hint,
}

impl Diagnostic for UnknownBase {
    fn kind(&self) -> FailureKind {
        FailureKind::Inconclusive
    }

    fn hint(&self) -> Option<Hint> {
        Some(self.mend.clone())
    }
}

/// What a clone calls the repository that it was made from, unless somebody says otherwise.
pub const ORIGIN: &str = "origin";

/// The line that fetches a branch of `remote` under the name that [`fetched`] gives it, also into a clone of one branch or one commit.
/// `whole` brings all of its history where a clone has only the end of it; git refuses that for one that has all.
pub fn fetch(remote: &str, branch: &str, whole: bool) -> String {
    let into = format!("+refs/heads/{branch}:{}", fetched(remote, branch));
    let options = ["--unshallow", "--no-tags"].into_iter().skip(usize::from(!whole));
    let words = ["git", "fetch"].into_iter().chain(options).chain([remote, &into]);
    command_line::line(words)
}

/// The whole name of a branch that was fetched from `remote`, which no tag or branch of that name can take.
pub fn fetched(remote: &str, branch: &str) -> String {
    format!("refs/remotes/{remote}/{branch}")
}

/// What a person says where no system tells it.
fn give_it() -> Hint {
    hint!("give the base with {}", Parameter::Base.to("REV"))
}

/// What runs a job at GitLab for merge requests.
const FOR_MERGE_REQUESTS: &str = "run the job with `rules: [{if: $CI_PIPELINE_SOURCE == \"merge_request_event\"}]`";

/// Reads what is told. `event` gives the bytes of the event's file, for GitHub.
///
/// # Errors
/// [`UnknownBase`] where this is a pull request and its base is not told.
pub fn told(
    variable: impl Fn(&str) -> Option<OsString>,
    event: impl FnOnce(&str) -> Option<Vec<u8>>,
) -> Result<CiEvent, UnknownBase> {
    let text = |name: &str| variable(name)?.into_string().ok().filter(|text| !text.is_empty());
    if let Some(name) = text("GITHUB_EVENT_NAME") {
        return github(&name, &text, event);
    }
    if text("CI_MERGE_REQUEST_IID").is_some() {
        return gitlab(&text);
    }
    if text("GITLAB_CI").is_some() {
        // A pipeline of a branch. The merge request of that branch would take its word.
        return match text("CI_OPEN_MERGE_REQUESTS") {
            None => Ok(CiEvent::NoPullRequest),
            Some(open) => Err(UnknownBase {
                why: format!("the pipeline is that of a branch, for which a merge request is open ({open})"),
                mend: FOR_MERGE_REQUESTS.into(),
            }),
        };
    }
    other_system(&text)
}

/// What this run is of in the words of its system, where that is a pull request, whatever is told of its commits.
pub fn of_a_pull_request(variable: impl Fn(&str) -> Option<OsString>) -> Option<String> {
    let text = |name: &str| variable(name)?.into_string().ok().filter(|text| !text.is_empty());
    if let Some(name) = text("GITHUB_EVENT_NAME") {
        // Of the last two the system does not tell whether they are; both have a checkout of the default branch.
        let is_one = name.starts_with("pull_request")
            || ["merge_group", "workflow_run", "issue_comment"].contains(&name.as_str());
        return is_one.then(|| format!("the event `{name}`"));
    }
    if let Some(number) = text("CI_MERGE_REQUEST_IID") {
        return Some(format!("merge request {number}"));
    }
    let is_told = |other: &&Other| text(other.pull).is_some_and(|told| told != "false");
    OTHERS.iter().find(is_told).map(|other| format!("a pull request at {}", other.name))
}

/// A system that tells that a run is of a pull request, and no commit.
struct Other {
    name: &'static str,
    /// It is set in every run of that system.
    mark: &'static str,
    /// It is set, and neither empty nor `false`, where the run is of a pull request.
    pull: &'static str,
    /// The branch that is merged into.
    target: Option<&'static str>,
}

const OTHERS: [Other; 11] = {
    const fn other(name: &'static str, mark: &'static str, pull: &'static str, target: Option<&'static str>) -> Other {
        Other { name, mark, pull, target }
    }
    [
        other(
            "Azure Pipelines",
            "TF_BUILD",
            "SYSTEM_PULLREQUEST_TARGETBRANCH",
            Some("SYSTEM_PULLREQUEST_TARGETBRANCH"),
        ),
        other("Buildkite", "BUILDKITE", "BUILDKITE_PULL_REQUEST", Some("BUILDKITE_PULL_REQUEST_BASE_BRANCH")),
        other("Jenkins", "JENKINS_URL", "CHANGE_ID", Some("CHANGE_TARGET")),
        other("Bitbucket", "BITBUCKET_BUILD_NUMBER", "BITBUCKET_PR_ID", Some("BITBUCKET_PR_DESTINATION_BRANCH")),
        other("CircleCI", "CIRCLECI", "CIRCLE_PULL_REQUEST", None),
        other("Travis CI", "TRAVIS", "TRAVIS_PULL_REQUEST", Some("TRAVIS_BRANCH")),
        other("Drone", "DRONE", "DRONE_PULL_REQUEST", Some("DRONE_TARGET_BRANCH")),
        other("Woodpecker", "CI_PIPELINE_FORGE_URL", "CI_COMMIT_PULL_REQUEST", Some("CI_COMMIT_TARGET_BRANCH")),
        other("AppVeyor", "APPVEYOR", "APPVEYOR_PULL_REQUEST_NUMBER", Some("APPVEYOR_REPO_BRANCH")),
        other("Cirrus CI", "CIRRUS_CI", "CIRRUS_PR", Some("CIRRUS_BASE_BRANCH")),
        other("Semaphore", "SEMAPHORE", "SEMAPHORE_GIT_PR_NUMBER", Some("SEMAPHORE_GIT_BRANCH")),
    ]
};

fn other_system(text: &impl Fn(&str) -> Option<String>) -> Result<CiEvent, UnknownBase> {
    for Other { name, pull, target, .. } in &OTHERS {
        if text(pull).is_none_or(|told| told == "false") {
            continue;
        }
        // Of these only the branch is told, and a branch may be anything.
        let branch = target.and_then(text).map(|branch| branch.trim_start_matches("refs/heads/").to_owned());
        let branch = branch.unwrap_or_else(|| "BRANCH".to_owned());
        return Err(UnknownBase {
            why: format!("{name} tells that this is a pull request, and not the commit that it is merged into"),
            mend: hint!(
                "fetch it with `{}`, and name it: {}",
                fetch(ORIGIN, &branch, false),
                Operation::Ci.with([Parameter::Gate.to("pr"), Parameter::Base.to(fetched(ORIGIN, &branch))], None)
            ),
        });
    }
    let is_known = OTHERS.iter().any(|other| text(other.mark).is_some());
    match text("CI").filter(|ci| ci != "false") {
        Some(_) if !is_known => Err(UnknownBase {
            why: "CI is set, and nothing tells whether this is a pull request".to_owned(),
            mend: hint!(
                "give the base with {}; for a run of no pull request {}",
                Parameter::Base.to("REV"),
                Parameter::Base.to("HEAD")
            ),
        }),
        _ => Ok(CiEvent::NoPullRequest),
    }
}

fn github(
    name: &str,
    text: &impl Fn(&str) -> Option<String>,
    event: impl FnOnce(&str) -> Option<Vec<u8>>,
) -> Result<CiEvent, UnknownBase> {
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
    let untold = |why: String, mend: Hint| UnknownBase { why, mend };
    let bytes = || {
        let path = text("GITHUB_EVENT_PATH");
        path.and_then(|path| event(&path)).ok_or_else(|| {
            untold(format!("the event `{name}` has no file that could be read (GITHUB_EVENT_PATH)"), give_it())
        })
    };
    let wrong = |error: serde_json::Error| {
        untold(format!("the file of the event `{name}` does not tell its commits: {error}"), give_it())
    };
    match name {
        "pull_request" => {
            let PullEvent { pull_request } = serde_json::from_slice(&bytes()?).map_err(wrong)?;
            let event = text("GITHUB_SHA").ok_or_else(|| untold("GITHUB_SHA is not set".to_owned(), give_it()))?;
            Ok(CiEvent::PullRequest(PullRequest {
                number: pull_request.number,
                event,
                head: pull_request.head.sha,
                base: pull_request.base.sha,
                target: pull_request.base.branch,
            }))
        }
        "merge_group" => {
            let GroupEvent { merge_group } = serde_json::from_slice(&bytes()?).map_err(wrong)?;
            Ok(CiEvent::MergeGroup { base: merge_group.base_sha, head: merge_group.head_sha })
        }
        // It has the commits of the pull request, and a check of its own.
        "pull_request_review" | "pull_request_review_comment" => Err(untold(
            format!(
                "the event `{name}` is not applicable: its verdict would stand beside that of `pull_request`, and not replace it"
            ),
            "judge in a workflow with `on: pull_request`, and run that again once the review is there".into(),
        )),
        // They run with the base's rights and files, whatever is checked out: foreign code has no place there.
        "pull_request_target" | "workflow_run" | "issue_comment" => Err(untold(
            format!("the event `{name}` does not check out what is merged"),
            "judge pull requests in a workflow with `on: pull_request`".into(),
        )),
        _ => Ok(CiEvent::NoPullRequest),
    }
}

fn gitlab(text: &impl Fn(&str) -> Option<String>) -> Result<CiEvent, UnknownBase> {
    let needed = |name: &str| {
        text(name).ok_or_else(|| UnknownBase {
            why: format!("this is a merge request, and {name} is not set"),
            mend: FOR_MERGE_REQUESTS.into(),
        })
    };
    Ok(CiEvent::MergeRequest(MergeRequest {
        commit: needed("CI_COMMIT_SHA")?,
        target_tip: text("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"),
        target: needed("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")?,
        diff_base: needed("CI_MERGE_REQUEST_DIFF_BASE_SHA")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(set: &[(&str, &str)], event: Option<&str>) -> Result<CiEvent, UnknownBase> {
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
        assert_eq!(ask(&github("pull_request"), Some(PULL)), Ok(CiEvent::PullRequest(pull)));
        let group = r#"{"merge_group": {"base_sha": "b", "head_sha": "h"}}"#;
        assert_eq!(
            ask(&github("merge_group"), Some(group)),
            Ok(CiEvent::MergeGroup { base: "b".into(), head: "h".into() })
        );
        assert_eq!(ask(&github("push"), None), Ok(CiEvent::NoPullRequest));
        let gitlab = [
            ("CI_MERGE_REQUEST_IID", "3"),
            ("CI_COMMIT_SHA", "c"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", ""),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "d"),
        ];
        let merge = MergeRequest { commit: "c".into(), target_tip: None, target: "main".into(), diff_base: "d".into() };
        assert_eq!(ask(&gitlab, None), Ok(CiEvent::MergeRequest(merge)));
        for none in [
            &[][..],
            &[("CI", "true"), ("BUILDKITE", "true"), ("BUILDKITE_PULL_REQUEST", "false")],
            &[("CI", "true"), ("GITLAB_CI", "true")],
            &[("CI", "true"), ("TRAVIS", "true"), ("TRAVIS_PULL_REQUEST", "false"), ("TRAVIS_BRANCH", "main")],
            &[("TF_BUILD", "True")],
            &[("CI", "false")],
        ] {
            assert_eq!(ask(none, None), Ok(CiEvent::NoPullRequest), "{none:?}");
        }
    }

    /// Whoever opens a pull request into a branch of their own chooses its name, and the line is pasted into a shell.
    #[test]
    fn the_name_of_a_branch_is_no_command() {
        assert_eq!(
            fetch(ORIGIN, "main", true),
            "git fetch --unshallow --no-tags origin +refs/heads/main:refs/remotes/origin/main"
        );
        let line = fetch(ORIGIN, "$(id)", false);
        assert_eq!(line, "git fetch --no-tags origin '+refs/heads/$(id):refs/remotes/origin/$(id)'");
        let told = ask(&[("CHANGE_ID", "1"), ("CHANGE_TARGET", "a;id")], None).unwrap_err();
        assert!(told.mend.for_command_line().ends_with("--base 'refs/remotes/origin/a;id'`"), "{told:?}");
    }

    #[test]
    fn what_is_of_a_pull_request_is_known_whatever_else_is_told() {
        let of = |set: &[(&str, &str)]| {
            let variable =
                |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
            of_a_pull_request(variable)
        };
        for event in ["pull_request", "pull_request_target", "pull_request_review", "merge_group", "issue_comment"] {
            assert_eq!(of(&[("GITHUB_EVENT_NAME", event)]), Some(format!("the event `{event}`")));
        }
        assert_eq!(of(&[("CI_MERGE_REQUEST_IID", "3")]), Some("merge request 3".to_owned()));
        assert_eq!(of(&[("CHANGE_ID", "3")]), Some("a pull request at Jenkins".to_owned()));
        for none in [
            &[][..],
            &[("GITHUB_EVENT_NAME", "push")],
            &[("GITHUB_EVENT_NAME", "schedule")],
            &[("GITLAB_CI", "true")],
            &[("TRAVIS_PULL_REQUEST", "false")],
        ] {
            assert_eq!(of(none), None, "{none:?}");
        }
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
            (ask(&[("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main")], None), "--base refs/remotes/origin/main"),
            (
                ask(&[("BUILDKITE_PULL_REQUEST", "9"), ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "main")], None),
                "--base refs/remotes/origin/main",
            ),
            (ask(&[("CHANGE_ID", "1"), ("CHANGE_TARGET", "dev")], None), "--base refs/remotes/origin/dev"),
            (
                ask(&[("CI", "true"), ("GITLAB_CI", "true"), ("CI_OPEN_MERGE_REQUESTS", "a/b!3")], None),
                "merge_request_event",
            ),
            (
                ask(&[("CI", "true"), ("BITBUCKET_PR_ID", "3"), ("BITBUCKET_PR_DESTINATION_BRANCH", "dev")], None),
                "origin/dev",
            ),
            (ask(&[("CIRCLECI", "true"), ("CIRCLE_PULL_REQUEST", "https://x.example/pull/3")], None), "origin/BRANCH"),
            (ask(&[("TRAVIS_PULL_REQUEST", "3"), ("TRAVIS_BRANCH", "main")], None), "origin/main"),
            // A system that nobody here knows.
            (ask(&[("CI", "true")], None), "--base HEAD"),
        ] {
            let untold = untold.unwrap_err();
            assert!(untold.mend.for_command_line().contains(mend), "{untold:?}");
        }
    }
}
