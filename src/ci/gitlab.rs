//! GitLab, by its REST API: how it is asked from a job, which merge request a pipeline is of, and how another job of it ended.
//!
//! Invariants: the token is one that somebody gave; what a job is given anyway (`CI_JOB_TOKEN`) cannot write notes, and is not tried.

use std::ffi::OsString;

use serde::Deserialize;

use crate::ci::api::{ApiError, Client};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::job_end::JobEnd;

/// The variable that holds the token of a project.
pub const TOKEN: &str = "STELLA_GITLAB_TOKEN";

/// What a job knows of the API.
#[derive(Clone)]
pub struct Access {
    api: String,
    token: String,
    /// Certificates of the server's own authority, where it has one.
    pub certificates: Option<String>,
}

/// A variable that is not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not set")]
pub struct Unset(pub &'static str);

impl Diagnostic for Unset {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self.0 {
            TOKEN => {
                "make a token of the project (scope `api`, role Reporter) and a masked variable of that name with it"
                    .into()
            }
            _ => "GitLab sets it: run this as a job of a pipeline".into(),
        })
    }
}

/// What a pipeline is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// The number of the project.
    pub project: u64,
    /// The number of the pipeline, which grows.
    pub id: u64,
    /// The number of this job, which grows.
    pub job: u64,
    /// The name of this job.
    pub job_name: String,
    /// The merge request, by its number in the project.
    pub merge_request: Option<u64>,
    /// The last commit of its branch; without it that of the pipeline.
    pub head: String,
    /// It runs in another project than that of the merge request.
    pub is_elsewhere: bool,
    /// Its branch is of another project: a member of this one can let it run here, with what this one keeps secret.
    pub is_of_fork: bool,
    /// Where a person looks at it.
    pub url: Option<String>,
}

/// Whether this process runs in a job of GitLab.
pub fn is_here(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    variable("GITLAB_CI").is_some() && variable("GITHUB_ACTIONS").is_none()
}

impl Access {
    /// Reads what is told.
    ///
    /// # Errors
    /// Where a variable is missing.
    pub fn told(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Unset> {
        let text = |name: &str| variable(name)?.into_string().ok().filter(|text| !text.is_empty());
        let needed = |name: &'static str| text(name).ok_or(Unset(name));
        Ok(Self { api: needed("CI_API_V4_URL")?, token: needed(TOKEN)?, certificates: text("CI_SERVER_TLS_CA_FILE") })
    }

    /// The address of a path below the API's root.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.api.trim_end_matches('/'))
    }

    /// What every request says of itself.
    pub fn headers(&self) -> [(&'static str, String); 2] {
        [("accept", "application/json".to_owned()), ("private-token", self.token.clone())]
    }
}

impl Pipeline {
    /// Reads what is told.
    ///
    /// # Errors
    /// Where a variable is missing or is not what GitLab sets.
    pub fn told(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Unset> {
        let text = |name: &str| variable(name)?.into_string().ok().filter(|text| !text.is_empty());
        let number = |name: &'static str| text(name).and_then(|text| text.parse().ok()).ok_or(Unset(name));
        let project = number("CI_PROJECT_ID")?;
        let merge_request = text("CI_MERGE_REQUEST_IID").map(|_| number("CI_MERGE_REQUEST_IID")).transpose()?;
        // What does not say that it is this project is another.
        let is_other = |name| merge_request.is_some() && text(name).and_then(|of| of.parse().ok()) != Some(project);
        // Set where the pipeline is of a merged result, whose own commit no merge request shows.
        let head = text("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA").or_else(|| text("CI_COMMIT_SHA"));
        Ok(Self {
            project,
            id: number("CI_PIPELINE_ID")?,
            job: number("CI_JOB_ID")?,
            job_name: text("CI_JOB_NAME").ok_or(Unset("CI_JOB_NAME"))?,
            merge_request,
            head: head.ok_or(Unset("CI_COMMIT_SHA"))?,
            is_elsewhere: is_other("CI_MERGE_REQUEST_PROJECT_ID"),
            is_of_fork: is_other("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"),
            url: text("CI_PIPELINE_URL"),
        })
    }

    /// How the job of that name ended in this pipeline, as GitLab says; `None` where it does not say, or there are several.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn end_of(&self, name: &str, client: &mut Client<'_>) -> Result<Option<JobEnd>, ApiError> {
        #[derive(Deserialize)]
        struct Job {
            name: String,
            status: String,
        }
        // Attempts that were made again are not listed.
        let path = format!("projects/{}/pipelines/{}/jobs", self.project, self.id);
        let mut jobs: Vec<Job> = client.all(&path, |page| page)?;
        jobs.retain(|job| job.name == name);
        Ok(match jobs.as_slice() {
            [job] => match job.status.as_str() {
                "success" => Some(JobEnd::Success),
                "failed" => Some(JobEnd::Failure),
                "canceled" | "canceling" => Some(JobEnd::Cancelled),
                "skipped" => Some(JobEnd::Skipped),
                "manual" => Some(JobEnd::ActionRequired),
                _ => None,
            },
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
    }

    const SET: [(&str, &str); 7] = [
        ("CI_PROJECT_ID", "3"),
        ("CI_PIPELINE_ID", "50"),
        ("CI_JOB_ID", "900"),
        ("CI_JOB_NAME", "publish"),
        ("CI_MERGE_REQUEST_IID", "7"),
        ("CI_MERGE_REQUEST_PROJECT_ID", "3"),
        ("CI_COMMIT_SHA", "merged"),
    ];

    #[test]
    fn the_commit_of_a_merge_request_is_the_last_of_its_branch() {
        let told = Pipeline::told(among(&SET)).unwrap();
        assert_eq!((told.merge_request, told.head.as_str()), (Some(7), "merged"));
        // What does not say of which project it is may be of any.
        assert_eq!((told.is_elsewhere, told.is_of_fork), (false, true));
        let push = Pipeline::told(among(
            &SET.map(|(name, value)| if name.contains("MERGE") { (name, "") } else { (name, value) }),
        ));
        assert!(
            push.is_ok_and(|told| (told.merge_request, told.is_elsewhere, told.is_of_fork) == (None, false, false))
        );
        let mut merged = SET.to_vec();
        merged.push(("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "head"));
        assert_eq!(Pipeline::told(among(&merged)).unwrap().head, "head");
        for (source, expected) in [("3", false), ("4", true), ("x", true)] {
            let of = [&merged[..], &[("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", source)]].concat();
            let told = Pipeline::told(among(&of)).unwrap();
            assert_eq!((told.is_elsewhere, told.is_of_fork), (false, expected), "{source}");
        }
        merged[0].1 = "4";
        assert!(Pipeline::told(among(&merged)).unwrap().is_elsewhere);
        merged[1].1 = "50\n";
        assert_eq!(Pipeline::told(among(&merged)), Err(Unset("CI_PIPELINE_ID")));
    }

    #[test]
    fn the_token_of_the_job_itself_is_not_tried() {
        let set = [("CI_API_V4_URL", "https://git.example/api/v4/"), ("CI_JOB_TOKEN", "t")];
        assert_eq!(Access::told(among(&set)).err(), Some(Unset(TOKEN)));
        let set = [set[0], (TOKEN, "t")];
        assert_eq!(Access::told(among(&set)).unwrap().url("x"), "https://git.example/api/v4/x");
        assert!(is_here(among(&[("GITLAB_CI", "true")])) && !is_here(among(&[])));
    }
}
