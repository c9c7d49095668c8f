//! Whether what was judged is still what a pull request or a merge request is: asked right before each write.

use serde::Deserialize;

use crate::ci::api::{ApiError, Call, Client, Server};

/// What a pull request is now, beside what was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Now {
    /// The same commit, and it is open.
    Same,
    /// It has another last commit.
    Moved(String),
    /// It is closed or merged.
    Closed,
}

/// What is written about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Where it lies.
    pub server: Server,
    /// `owner/name`; the number of the project at GitLab.
    pub repository: String,
    /// The number of the pull request or merge request; `None` where there is none, and a commit stays what it is.
    pub pull: Option<u64>,
    /// The commit that was judged.
    pub head: String,
}

impl Judged {
    /// What it is now.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn now(&self, client: &mut Client<'_>) -> Result<Now, ApiError> {
        let Some(number) = self.pull else { return Ok(Now::Same) };
        let (state, head) = match self.server {
            Server::GitHub => self.pull_request(client, number)?,
            Server::GitLab => self.merge_request(client, number)?,
        };
        Ok(match state.as_str() {
            _ if head != self.head => Now::Moved(head),
            "open" | "opened" => Now::Same,
            _ => Now::Closed,
        })
    }

    fn pull_request(&self, client: &mut Client<'_>, number: u64) -> Result<(String, String), ApiError> {
        #[derive(Deserialize)]
        struct Head {
            sha: String,
        }
        #[derive(Deserialize)]
        struct Pull {
            state: String,
            head: Head,
        }
        let Pull { state, head } = client.read(&format!("repos/{}/pulls/{number}", self.repository))?;
        Ok((state, head.sha))
    }

    fn merge_request(&self, client: &mut Client<'_>, number: u64) -> Result<(String, String), ApiError> {
        #[derive(Deserialize)]
        struct MergeRequest {
            state: String,
            sha: String,
        }
        let MergeRequest { state, sha } =
            client.read(&format!("projects/{}/merge_requests/{number}", self.repository))?;
        Ok((state, sha))
    }

    /// The list of the comments on that pull request, or of the notes of that merge request.
    pub fn comments(&self, number: u64) -> String {
        match self.server {
            Server::GitHub => format!("repos/{}/issues/{number}/comments", self.repository),
            Server::GitLab => format!("projects/{}/merge_requests/{number}/notes", self.repository),
        }
    }

    /// One of them.
    pub fn comment(&self, number: u64, id: u64) -> String {
        match self.server {
            Server::GitHub => format!("repos/{}/issues/comments/{id}", self.repository),
            Server::GitLab => format!("{}/{id}", self.comments(number)),
        }
    }

    /// Writes one of them over.
    pub fn write_over(&self, number: u64, id: u64, body: serde_json::Value) -> Call {
        let path = self.comment(number, id);
        match self.server {
            Server::GitHub => Call::patch(path, body),
            Server::GitLab => Call::put(path, body),
        }
    }
}
