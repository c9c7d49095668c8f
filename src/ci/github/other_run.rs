//! The run of another workflow, of which only its number is believed: what it ran, what it left, and which pull request it was of.
//!
//! Invariants: the pull request comes from the API and never from what the run left; its last commit and its repository are those of the
//! run; the workflow that ran is held against the base's, file by file. Absent: what the run left, but for its bytes.

use serde::Deserialize;

use crate::ci::api::{ApiError, Call, Client};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::job_end::JobEnd;

/// The largest archive that is fetched.
const MAX_ARCHIVE: u64 = 256 << 20;

/// What is asked of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherRun {
    /// Its number.
    pub id: u64,
    /// Which attempt of it.
    pub attempt: u64,
    /// The last commit of its pull request.
    pub head: String,
    /// How it ended.
    pub end: JobEnd,
    /// Where it can be looked at.
    pub url: String,
    /// The file of its workflow.
    workflow: String,
    head_owner: String,
    head_branch: String,
    head_repository: u64,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// The last commit of its base.
    pub base: String,
    /// It comes from another repository.
    pub is_fork: bool,
}

/// Whether the workflow that ran is the base's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// The pull request leaves it alone.
    Same,
    /// The pull request changes it.
    Edited,
}

/// Why nothing of a run is published.
#[derive(Debug, thiserror::Error)]
pub enum OtherRunError {
    /// The API.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// It is of another event or repository, or has not ended.
    #[error("run {id} is {what}: expected one of `pull_request` in `{repository}` that has ended")]
    Unfit {
        /// Its number.
        id: u64,
        /// What it is.
        what: String,
        /// `owner/name`
        repository: String,
    },
    /// Several pull requests have the same commit.
    #[error("{0} pull requests have the commit of this run: which of them it was of, GitHub does not tell")]
    Several(usize),
    /// It has left nothing of that name.
    #[error("run {id} has left no artifact `{name}`")]
    NoArtifact {
        /// Its number.
        id: u64,
        /// What was looked for.
        name: String,
    },
    /// It has left more than is read.
    #[error("artifact `{name}` has {bytes} bytes: expected at most {MAX_ARCHIVE}")]
    TooLarge {
        /// Its name.
        name: String,
        /// Its size.
        bytes: u64,
    },
    /// Its bytes are not those that its digest was made of.
    #[error("artifact `{0}` is not what its digest says")]
    Damaged(String),
}

impl Diagnostic for OtherRunError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Api(error) => error.kind(),
            Self::Unfit { .. } => FailureKind::Usage,
            Self::Several(_) => FailureKind::Inconclusive,
            // Nothing is known then, and that is never nothing found.
            Self::NoArtifact { .. } | Self::TooLarge { .. } | Self::Damaged(_) => FailureKind::Infrastructure,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Api(error) => error.hint(),
            Self::NoArtifact { .. } => {
                Some("the job of the gate keeps its `report-dir` with `actions/upload-artifact`, under `if: ${{ !cancelled() }}`".into())
            }
            _ => None,
        }
    }
}

impl OtherRun {
    /// Asks for a run.
    ///
    /// # Errors
    /// [`OtherRunError`].
    pub fn read(client: &mut Client<'_>, repository: &str, id: u64) -> Result<Self, OtherRunError> {
        #[derive(Deserialize)]
        struct Owner {
            login: String,
        }
        #[derive(Deserialize)]
        struct Repository {
            id: u64,
            full_name: String,
            owner: Owner,
        }
        #[derive(Deserialize)]
        struct Run {
            id: u64,
            run_attempt: u64,
            event: String,
            status: String,
            conclusion: Option<String>,
            head_sha: String,
            head_branch: Option<String>,
            head_repository: Option<Repository>,
            repository: Repository,
            path: String,
            html_url: String,
        }
        let run: Run = client.read(&format!("repos/{repository}/actions/runs/{id}"))?;
        let unfit = |what: String| OtherRunError::Unfit { id, what, repository: repository.to_owned() };
        if run.id != id || !run.repository.full_name.eq_ignore_ascii_case(repository) {
            return Err(unfit(format!("of `{}`", run.repository.full_name)));
        }
        if run.event != "pull_request" {
            return Err(unfit(format!("of the event `{}`", run.event)));
        }
        let ended = run.conclusion.as_deref().and_then(|word| word.parse().ok()).filter(|_| run.status == "completed");
        let Some(end) = ended else { return Err(unfit(format!("`{}`", run.status))) };
        let (Some(head), Some(head_branch)) = (run.head_repository, run.head_branch) else {
            return Err(unfit("of a repository that is gone".to_owned()));
        };
        // `.github/workflows/stella.yml`, in some answers with `@refs/…` behind it.
        let workflow = run.path.split('@').next().unwrap_or_default().to_owned();
        Ok(Self {
            id,
            attempt: run.run_attempt,
            head: run.head_sha,
            end,
            url: run.html_url,
            workflow,
            head_owner: head.owner.login,
            head_branch,
            head_repository: head.id,
        })
    }

    /// The open pull request whose last commit it ran; `None` where that has moved on or is closed.
    ///
    /// # Errors
    /// [`OtherRunError`].
    pub fn pull(&self, client: &mut Client<'_>, repository: &str) -> Result<Option<Pull>, OtherRunError> {
        #[derive(Deserialize)]
        struct Repository {
            id: u64,
        }
        #[derive(Deserialize)]
        struct Side {
            sha: String,
            repo: Option<Repository>,
        }
        #[derive(Deserialize)]
        struct Listed {
            number: u64,
            head: Side,
            base: Side,
        }
        let encoded =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let head = format!("{}:{}", encoded(&self.head_owner), encoded(&self.head_branch));
        let mut found: Vec<Listed> =
            client.all(&format!("repos/{repository}/pulls?state=open&head={head}"), |page| page)?;
        let is_of = |side: &Side| side.repo.as_ref().map(|repo| repo.id) == Some(self.head_repository);
        found.retain(|pull| pull.head.sha == self.head && is_of(&pull.head));
        match found.as_slice() {
            [] => Ok(None),
            [pull] => Ok(Some(Pull { number: pull.number, base: pull.base.sha.clone(), is_fork: !is_of(&pull.base) })),
            several => Err(OtherRunError::Several(several.len())),
        }
    }

    /// Whether the pull request changes the workflow that ran. What it has not touched since it left the base is the base's, also where
    /// the base has changed it meanwhile.
    ///
    /// # Errors
    /// [`ApiError`] where that cannot be found out.
    pub fn workflow(&self, client: &mut Client<'_>, repository: &str, pull: &Pull) -> Result<Compared, ApiError> {
        #[derive(Deserialize)]
        struct Commit {
            sha: String,
        }
        #[derive(Deserialize)]
        struct Comparison {
            merge_base_commit: Commit,
        }
        let mut blob = |commit: &str| self.blob(client, repository, commit);
        let head = blob(&self.head)?;
        if head.is_some() && head == blob(&pull.base)? {
            return Ok(Compared::Same);
        }
        let path = format!("repos/{repository}/compare/{}...{}?per_page=1", pull.base, self.head);
        let since: Comparison = client.read(&path)?;
        let began = self.blob(client, repository, &since.merge_base_commit.sha)?;
        Ok(if head.is_some() && head == began { Compared::Same } else { Compared::Edited })
    }

    /// What names the content of the workflow's file at a commit; `None` where it is not there.
    fn blob(&self, client: &mut Client<'_>, repository: &str, commit: &str) -> Result<Option<String>, ApiError> {
        #[derive(Deserialize)]
        struct Content {
            sha: String,
            #[serde(rename = "type")]
            kind: String,
        }
        let parts: Vec<String> = self
            .workflow
            .split('/')
            .map(|part| percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC).to_string())
            .collect();
        let path = format!("repos/{repository}/contents/{}?ref={commit}", parts.join("/"));
        match client.read::<Content>(&path) {
            Ok(content) => Ok((content.kind == "file").then_some(content.sha)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The bytes of the archive that it left under a name: of the last attempt that left one.
    ///
    /// # Errors
    /// [`OtherRunError`].
    pub fn artifact(&self, client: &mut Client<'_>, repository: &str, name: &str) -> Result<Vec<u8>, OtherRunError> {
        #[derive(Deserialize)]
        struct Artifact {
            id: u64,
            name: String,
            size_in_bytes: u64,
            expired: bool,
            #[serde(default)]
            digest: Option<String>,
        }
        #[derive(Deserialize)]
        struct List {
            artifacts: Vec<Artifact>,
        }
        let query = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        let path = format!("repos/{repository}/actions/runs/{}/artifacts?name={query}", self.id);
        let all = client.all(&path, |page: List| page.artifacts)?;
        let last = all.into_iter().filter(|one| one.name == name && !one.expired).max_by_key(|one| one.id);
        let Some(last) = last else {
            return Err(OtherRunError::NoArtifact { id: self.id, name: name.to_owned() });
        };
        if last.size_in_bytes > MAX_ARCHIVE {
            return Err(OtherRunError::TooLarge { name: name.to_owned(), bytes: last.size_in_bytes });
        }
        let path = format!("repos/{repository}/actions/artifacts/{}/zip", last.id);
        let answer = client.call(&Call { limit: MAX_ARCHIVE, ..Call::get(path) })?;
        match last.digest {
            Some(digest) if digest != Digest::of(&answer.body).to_string() => {
                Err(OtherRunError::Damaged(name.to_owned()))
            }
            _ => Ok(answer.body),
        }
    }
}
