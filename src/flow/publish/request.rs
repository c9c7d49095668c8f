//! What is to be published, where it comes from, and why it cannot be.

use std::path::PathBuf;

use crate::ci::github::access::Unset;
use crate::ci::github::event::EventError;
use crate::ci::github::other_run::OtherRunError;
use crate::ci::gitlab;
use crate::flow::publish::judged::JudgeError;
use crate::flow::publish::same_job::TwoJobsNeeded;
use crate::host::fs::FsError;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::job_end::JobEnd;
use crate::report::origin::Key;

/// Where the report comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder.
    Folder(PathBuf),
    /// What another run has left under a name.
    Run {
        /// The number of the run.
        id: u64,
        /// The name.
        artifact: String,
    },
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct PublishRequest {
    /// Where the report comes from.
    pub source: Source,
    /// Tells the reports of several jobs apart.
    pub key: Key,
    /// How the job of the gate ended, as the system says; of another run the API tells it.
    pub end: Option<JobEnd>,
    /// The job of the gate, where the API tells how it ended.
    pub job: Option<String>,
    /// The comment.
    pub comment: bool,
    /// The status of the commit.
    pub status: bool,
    /// A check run.
    pub check: bool,
    /// The account under which the token writes; where it is not given, the usual one.
    pub author: Option<String>,
    /// Nothing is written.
    pub dry_run: bool,
    /// The configuration of this job's checkout has a build.
    pub builds: bool,
}

/// What is told of in issues.
#[derive(Debug, Clone)]
pub struct NotifyRequest {
    /// The folder of the report.
    pub report: PathBuf,
    /// Tells the issues of several jobs apart.
    pub key: Key,
    /// How the job ended, as the system says.
    pub end: Option<JobEnd>,
    /// The account under which the token writes; where it is not given, the usual one.
    pub author: Option<String>,
    /// Nothing is written.
    pub dry_run: bool,
    /// The configuration of this job's checkout has a build.
    pub builds: bool,
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The event.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Another run, which is told by its number alone.
    #[error("the event `workflow_run` is about another run, and a folder does not tell which")]
    RunNeeded,
    /// It is of a pull request, or of another run.
    #[error("an issue tells of the default branch, and this run is of something else")]
    NoDefaultBranch,
    /// It is of another branch.
    #[error("an issue tells of the default branch `{0}`, and this run is of another")]
    OtherBranch(String),
    /// Something that this system does not have.
    #[error("{0}: this system has no use for that")]
    NotHere(&'static str),
    /// It would tell how itself has ended.
    #[error("the job `{0}` is this one, and how it ends nobody knows yet")]
    OwnJob(String),
    /// A variable.
    #[error(transparent)]
    Unset(#[from] Unset),
    /// A variable of GitLab.
    #[error(transparent)]
    GitlabUnset(#[from] gitlab::Unset),
    /// The certificates of the server.
    #[error("the certificates that CI_SERVER_TLS_CA_FILE names cannot be read")]
    Certificates(#[source] FsError),
    /// A run.
    #[error(transparent)]
    Run(#[from] OtherRunError),
    /// What can be judged by no reader.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// It takes two jobs.
    #[error(transparent)]
    TwoJobs(#[from] TwoJobsNeeded),
    /// The temporary folder of the runner.
    #[error("what ran in this job cannot be found out")]
    Temp(#[source] FsError),
    /// There is no door to the network.
    #[cfg(feature = "registry")]
    #[error("the server cannot be asked")]
    Client(#[from] crate::host::http::HttpError),
    /// This program has no network.
    #[cfg(not(feature = "registry"))]
    #[error("this stella was built without the network (feature `registry`): it can publish nothing")]
    NoNetwork,
}

impl Diagnostic for PublishError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Event(error) => error.kind(),
            Self::RunNeeded | Self::NoDefaultBranch | Self::OtherBranch(_) => FailureKind::Usage,
            Self::NotHere(_) | Self::OwnJob(_) => FailureKind::Usage,
            Self::Unset(error) => error.kind(),
            Self::GitlabUnset(error) => error.kind(),
            Self::Certificates(_) => FailureKind::Infrastructure,
            Self::Run(error) => error.kind(),
            Self::Judge(error) => error.kind(),
            Self::TwoJobs(error) => error.kind(),
            Self::Temp(_) => FailureKind::Infrastructure,
            #[cfg(feature = "registry")]
            Self::Client(_) => FailureKind::Infrastructure,
            #[cfg(not(feature = "registry"))]
            Self::NoNetwork => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Event(error) => error.hint(),
            Self::RunNeeded => {
                Some(crate::hint!("name the run with {}", crate::model::parameter::Parameter::FromRun.to("ID")))
            }
            Self::NoDefaultBranch | Self::OtherBranch(_) => {
                Some("let the job run on a schedule, or on pushes to that branch, alone".into())
            }
            Self::OwnJob(_) => {
                Some("publish in a job of its own, which needs the gate's and runs nothing of the merge request".into())
            }
            Self::Unset(error) => error.hint(),
            Self::GitlabUnset(error) => error.hint(),
            Self::Run(error) => error.hint(),
            Self::Judge(error) => error.hint(),
            Self::TwoJobs(error) => error.hint(),
            _ => None,
        }
    }
}
