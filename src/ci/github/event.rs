//! What the event of a workflow's run tells whoever publishes: which pull request or commit it is about.

use std::ffi::OsString;

use serde::Deserialize;

use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};

/// What a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A pull request.
    Pull {
        /// Its number.
        number: u64,
        /// Its last commit when the event happened.
        head: String,
        /// It comes from another repository.
        is_fork: bool,
    },
    /// A commit of the repository itself: a push, a merge queue, a schedule, a release.
    Commit {
        /// Which.
        sha: String,
    },
    /// The end of another run (`workflow_run`).
    OtherRun,
}

/// An event of which too little is told, or that nothing is published for.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It has the rights of the base, whatever ran.
    #[error("nothing is published for the event `{0}`, which has the rights of the base whatever its jobs run")]
    BaseRights(String),
    /// A variable is missing.
    #[error("{0} is not set")]
    Unset(&'static str),
    /// Its file cannot be read, or tells no commit.
    #[error("the file of the event `{name}` (GITHUB_EVENT_PATH) does not tell its commit: {why}")]
    Untold {
        /// The event.
        name: String,
        /// Why.
        why: String,
    },
}

impl Diagnostic for EventError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::BaseRights(_) => {
                "replay with `on: pull_request`, and publish in a second job; for forks in a workflow with `on: workflow_run`".into()
            }
            Self::Unset(_) | Self::Untold { .. } => "GitHub Actions sets it: run this as a step of a workflow".into(),
        })
    }
}

/// Reads what is told. `file` gives the bytes of the event's file.
///
/// # Errors
/// [`EventError`].
pub fn told(
    variable: impl Fn(&str) -> Option<OsString>,
    file: impl FnOnce(&str) -> Option<Vec<u8>>,
) -> Result<Event, EventError> {
    #[derive(Deserialize)]
    struct Repository {
        full_name: String,
    }
    #[derive(Deserialize)]
    struct Head {
        sha: String,
        repo: Option<Repository>,
    }
    #[derive(Deserialize)]
    struct Pull {
        number: u64,
        head: Head,
    }
    #[derive(Deserialize)]
    struct Payload {
        pull_request: Option<Pull>,
    }
    let text = |name: &'static str| {
        variable(name)
            .and_then(|value| value.into_string().ok())
            .filter(|text| !text.is_empty())
            .ok_or(EventError::Unset(name))
    };
    let name = text("GITHUB_EVENT_NAME")?;
    match name.as_str() {
        "pull_request_target" => Err(EventError::BaseRights(name)),
        "workflow_run" => Ok(Event::OtherRun),
        "pull_request" => {
            let untold = |why: String| EventError::Untold { name: name.clone(), why };
            let bytes = file(&text("GITHUB_EVENT_PATH")?).ok_or_else(|| untold("it cannot be read".to_owned()))?;
            let payload: Payload = serde_json::from_slice(&bytes).map_err(|error| untold(error.to_string()))?;
            let pull = payload.pull_request.ok_or_else(|| untold("it has no `pull_request`".to_owned()))?;
            let own = text("GITHUB_REPOSITORY")?;
            // A fork that is gone has no repository any more.
            let is_own = pull.head.repo.is_some_and(|repo| repo.full_name.eq_ignore_ascii_case(&own));
            Ok(Event::Pull { number: pull.number, head: pull.head.sha, is_fork: !is_own })
        }
        _ => Ok(Event::Commit { sha: text("GITHUB_SHA")? }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(set: &[(&str, &str)], event: &str) -> Result<Event, EventError> {
        let variable =
            |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
        told(variable, |_| Some(event.as_bytes().to_vec()))
    }

    #[test]
    fn the_commit_of_a_pull_request_is_its_head_and_never_the_merge() {
        let set = |name| {
            [
                ("GITHUB_EVENT_NAME", name),
                ("GITHUB_SHA", "merge"),
                ("GITHUB_REPOSITORY", "o/r"),
                ("GITHUB_EVENT_PATH", "e"),
            ]
        };
        let event =
            |repo: &str| format!(r#"{{"pull_request": {{"number": 7, "head": {{"sha": "h", "repo": {repo}}}}}}}"#);
        for (repo, is_fork) in [(r#"{"full_name": "O/R"}"#, false), (r#"{"full_name": "x/r"}"#, true), ("null", true)] {
            let pull = Event::Pull { number: 7, head: "h".to_owned(), is_fork };
            assert_eq!(ask(&set("pull_request"), &event(repo)).unwrap(), pull);
        }
        assert_eq!(ask(&set("merge_group"), "").unwrap(), Event::Commit { sha: "merge".to_owned() });
        assert_eq!(ask(&set("workflow_run"), "").unwrap(), Event::OtherRun);
        assert!(matches!(ask(&set("pull_request_target"), &event("null")), Err(EventError::BaseRights(_))));
        assert!(matches!(ask(&set("pull_request"), "{}"), Err(EventError::Untold { .. })));
        assert!(matches!(ask(&[], ""), Err(EventError::Unset("GITHUB_EVENT_NAME"))));
    }
}
