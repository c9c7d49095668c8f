//! Whether what was judged is still what a pull request is: asked right before each write.

use serde::Deserialize;

use crate::ci::github::api::{ApiError, Client};

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
    /// `owner/name`
    pub repository: String,
    /// The number of the pull request; `None` where there is none, and a commit stays what it is.
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
        #[derive(Deserialize)]
        struct Head {
            sha: String,
        }
        #[derive(Deserialize)]
        struct Pull {
            state: String,
            head: Head,
        }
        let Some(number) = self.pull else { return Ok(Now::Same) };
        let pull: Pull = client.read(&format!("repos/{}/pulls/{number}", self.repository))?;
        Ok(match pull.state.as_str() {
            _ if pull.head.sha != self.head => Now::Moved(pull.head.sha),
            "open" => Now::Same,
            _ => Now::Closed,
        })
    }
}
