//! A check run of our own, with annotations in chunks of fifty.
//!
//! Invariants: the check of a job is never touched, which the API would refuse; what a newer run made of the same commit stays; no chunk
//! is added twice.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::ci::api::{Answer, ApiError, Call, Client};
use crate::ci::pull_head::{Judged, Now};
use crate::ci::written::Written;

/// The most that one call takes.
const CHUNK: usize = 50;

/// A check run.
#[derive(Debug, Clone, Copy)]
pub struct CheckRun<'a> {
    /// What is written about.
    pub judged: &'a Judged,
    /// `stella/KEY`
    pub name: &'a str,
    /// It is good. What is not is a failure: GitHub lets `neutral` and `skipped` pass.
    pub passed: bool,
    /// One line.
    pub title: &'a str,
    /// At most 65,535 characters.
    pub summary: &'a str,
    /// As the API takes them.
    pub annotations: &'a [Value],
    /// Names the run and its attempt: `RUN.ATTEMPT`.
    pub external_id: Option<&'a str>,
    /// Where the run can be looked at.
    pub details: Option<&'a str>,
}

#[derive(Debug, Deserialize)]
struct There {
    id: u64,
    #[serde(default)]
    external_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct List {
    check_runs: Vec<There>,
}

impl CheckRun<'_> {
    /// Makes it. `is_newer` tells from an external id whether a newer run made one.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn put(&self, client: &mut Client<'_>, is_newer: &dyn Fn(&str) -> bool) -> Result<Written, ApiError> {
        if self.there(client)?.iter().filter_map(|one| one.external_id.as_deref()).any(is_newer) {
            return Ok(Written::Newer);
        }
        if let Some(stale) = self.stale(client)? {
            return Ok(stale);
        }
        let mut chunks = self.annotations.chunks(CHUNK);
        let conclusion = if self.passed { "success" } else { "failure" };
        let mut body = json!({
            "name": self.name, "head_sha": self.judged.head, "status": "completed", "conclusion": conclusion,
            "output": self.output(chunks.next().unwrap_or_default()),
        });
        for (key, value) in [("external_id", self.external_id), ("details_url", self.details)] {
            if let Some(value) = value {
                body[key] = value.into();
            }
        }
        let call = Call::post(format!("repos/{}/check-runs", self.judged.repository), body);
        let read = |answer: &Answer| serde_json::from_slice::<There>(&answer.body).ok().map(|made| made.id);
        let find = |client: &mut Client<'_>| {
            let is_ours = |one: &There| one.external_id.is_some() && one.external_id.as_deref() == self.external_id;
            Ok(self.there(client)?.iter().filter(|one| is_ours(one)).map(|one| one.id).max())
        };
        let Some(id) = client.create(&call, read, find)? else { return Ok(Written::Done) };
        let mut sent = self.annotations.len().min(CHUNK);
        for chunk in chunks {
            self.add(client, id, chunk, sent)?;
            sent += chunk.len();
        }
        Ok(Written::Done)
    }

    /// Adds a chunk to `before` annotations that are there.
    fn add(&self, client: &mut Client<'_>, id: u64, chunk: &[Value], before: usize) -> Result<(), ApiError> {
        #[derive(Deserialize)]
        struct Output {
            annotations_count: usize,
        }
        #[derive(Deserialize)]
        struct Check {
            output: Output,
        }
        let path = format!("repos/{}/check-runs/{id}", self.judged.repository);
        // What is sent is added to what is there: twice is not once.
        let call = Call { repeatable: false, ..Call::patch(&path, json!({"output": self.output(chunk)})) };
        let find = |client: &mut Client<'_>| {
            let check: Check = client.read(&path)?;
            Ok((check.output.annotations_count > before).then_some(()))
        };
        client.create(&call, |_| Some(()), find).map(|_| ())
    }

    fn output(&self, annotations: &[Value]) -> Value {
        json!({"title": self.title, "summary": self.summary, "annotations": annotations})
    }

    /// Those of this name and commit.
    fn there(&self, client: &mut Client<'_>) -> Result<Vec<There>, ApiError> {
        let name = percent_encoding::utf8_percent_encode(self.name, percent_encoding::NON_ALPHANUMERIC);
        let Judged { repository, head, .. } = self.judged;
        client
            .all(&format!("repos/{repository}/commits/{head}/check-runs?check_name={name}&filter=all"), |page: List| {
                page.check_runs
            })
    }

    fn stale(&self, client: &mut Client<'_>) -> Result<Option<Written>, ApiError> {
        Ok(match self.judged.now(client)? {
            Now::Same => None,
            Now::Moved(to) => Some(Written::Moved(to)),
            Now::Closed => Some(Written::Closed),
        })
    }
}
