//! The way to the API on which nothing is written: what would be is kept, and what is read is read, where there is a token.

use std::error::Error;
use std::time::Duration;

use serde_json::json;

use crate::ci::api::{Answer, Api, Call, Method, Server};

/// The way.
pub struct DryRun<'a> {
    /// Whom it would lead to.
    pub server: Server,
    /// What is read goes here; without it a pull request has no comments, and is as it was judged.
    pub reading: Option<&'a mut dyn Api>,
    /// The commit that was judged.
    pub head: String,
    /// What would be written.
    pub would: Vec<Call>,
}

impl Api for DryRun<'_> {
    fn send(&mut self, call: &Call) -> Result<Answer, Box<dyn Error + Send + Sync>> {
        let body = match (&mut self.reading, call.method) {
            (Some(reading), Method::Get) => return reading.send(call),
            (None, Method::Get) if call.path.contains("/check-runs") => json!({"check_runs": []}),
            (None, Method::Get) if call.path.contains("/pulls/") => {
                json!({"state": "open", "head": {"sha": self.head}})
            }
            (None, Method::Get) if self.server == Server::GitLab && !call.path.contains("/notes") => {
                json!({"state": "opened", "sha": self.head})
            }
            (None, Method::Get) => json!([]),
            (_, Method::Post | Method::Patch | Method::Put | Method::Delete) => {
                self.would.push(call.clone());
                json!({"id": u64::MAX})
            }
        };
        Ok(Answer { status: 200, body: body.to_string().into_bytes(), ..Answer::default() })
    }

    fn wait(&mut self, pause: Duration) {
        if let Some(reading) = &mut self.reading {
            reading.wait(pause);
        }
    }

    fn server(&self) -> Server {
        self.server
    }

    fn now(&self) -> u64 {
        self.reading.as_ref().map_or(0, |reading| reading.now())
    }
}
