//! The status of a commit.
//!
//! Invariants: what a newer run said of the same commit stays; nothing is written for a commit that is not the last one of its pull
//! request any more.

use serde::Deserialize;
use serde_json::json;

use crate::ci::api::{ApiError, Call, Client};
use crate::ci::pull_head::{Judged, Now};
use crate::ci::written::Written;

/// A status.
#[derive(Debug, Clone, Copy)]
pub struct Status<'a> {
    /// What is written about.
    pub judged: &'a Judged,
    /// `stella/KEY`
    pub context: &'a str,
    /// `success`, `failure` or `error`.
    pub state: &'a str,
    /// At most 140 characters.
    pub description: &'a str,
    /// Where the run can be looked at.
    pub target: Option<&'a str>,
}

impl Status<'_> {
    /// Sets it. `is_newer` tells from where a status leads whether a newer run set it.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn put(&self, client: &mut Client<'_>, is_newer: &dyn Fn(&str) -> bool) -> Result<Written, ApiError> {
        #[derive(Deserialize)]
        struct There {
            context: String,
            #[serde(default)]
            target_url: Option<String>,
        }
        let Judged { repository, head, .. } = self.judged;
        let there: Vec<There> = client.all(&format!("repos/{repository}/commits/{head}/statuses"), |page| page)?;
        // The newest stands first; the case of a context does not count.
        let last = there.iter().find(|one| one.context.eq_ignore_ascii_case(self.context));
        if last.and_then(|last| last.target_url.as_deref()).is_some_and(is_newer) {
            return Ok(Written::Newer);
        }
        match self.judged.now(client)? {
            Now::Moved(to) => return Ok(Written::Moved(to)),
            Now::Closed => return Ok(Written::Closed),
            Now::Same => {}
        }
        let mut body = json!({"state": self.state, "context": self.context, "description": self.description});
        if let Some(target) = self.target {
            body["target_url"] = target.into();
        }
        // The same twice is the same status.
        let call = Call { repeatable: true, ..Call::post(format!("repos/{repository}/statuses/{head}"), body) };
        client.call(&call)?;
        Ok(Written::Done)
    }
}
