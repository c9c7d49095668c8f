//! One comment on a pull request, or one note of a merge request, found again by who wrote it and by its first line, and written over.
//!
//! Invariants: of others nothing is touched, whatever they write; all pages are read before one is made; of several that are ours the
//! one with the lowest number stays, so that publishers that race come to the same one; nothing is written for a commit that is not the
//! last one any more. Absent: what it says.

use serde::Deserialize;
use serde_json::json;

use crate::ci::api::{Answer, ApiError, Call, Client};
use crate::ci::pull_head::{Judged, Now};

/// Of ours that are too many, those that are taken away at a time.
const MOST_DELETED: usize = 10;

/// A comment, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Comment {
    /// Its number, which grows.
    pub id: u64,
    #[serde(default)]
    body: Option<String>,
    #[serde(default, alias = "author")]
    user: Option<Account>,
    /// GitLab's own words on what happened.
    #[serde(default)]
    system: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Account {
    #[serde(alias = "username")]
    login: String,
    #[serde(rename = "type", default)]
    kind: String,
}

impl Comment {
    /// What it says.
    pub fn body(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }

    /// Whether that account wrote it. A name with `[bot]` is that of a bot and of nobody else.
    fn is_by(&self, login: &str) -> bool {
        let is_bot = login.ends_with("[bot]");
        self.user.as_ref().is_some_and(|user| user.login.eq_ignore_ascii_case(login) && (!is_bot || user.kind == "Bot"))
    }
}

/// Which comment it is.
#[derive(Debug, Clone, Copy)]
pub struct Sticky<'a> {
    /// What is written about; it has a pull request.
    pub judged: &'a Judged,
    /// The number of the pull request.
    pub number: u64,
    /// The first line of ours.
    pub marker: &'a str,
    /// The account under which the token writes.
    pub author: &'a str,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// There is nothing to say, and nothing was said before.
    Quiet,
    /// It is new.
    Created(u64),
    /// It was written over.
    Updated(u64),
    /// It says that already.
    Unchanged(u64),
    /// A newer run wrote it.
    Newer(u64),
    /// The pull request is at another commit, which its own run tells of.
    Moved(String),
    /// The pull request is closed.
    Closed,
}

/// What is said.
pub struct Text<'a> {
    /// The body, after what is there; `None` where there is nothing to say.
    pub body: &'a dyn Fn(Option<&str>) -> Option<String>,
    /// Whether what is there may be written over.
    pub may_overwrite: &'a dyn Fn(&str) -> bool,
}

impl Sticky<'_> {
    /// All that are ours, the lowest number first.
    fn ours(&self, client: &mut Client<'_>, author: &str) -> Result<Vec<Comment>, ApiError> {
        let mut all: Vec<Comment> = client.all(&self.judged.comments(self.number), |page| page)?;
        all.retain(|comment| {
            !comment.system && comment.is_by(author) && comment.body().lines().next() == Some(self.marker)
        });
        all.sort_by_key(|comment| comment.id);
        Ok(all)
    }

    /// Writes it, where there is something to say.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn put(&self, client: &mut Client<'_>, text: &Text<'_>) -> Result<Posted, ApiError> {
        let found = self.ours(client, self.author)?;
        let Some(first) = found.first() else {
            return match (text.body)(None) {
                None => Ok(Posted::Quiet),
                Some(body) => self.create(client, &body, text),
            };
        };
        if let Some(newer) = found.iter().find(|comment| !(text.may_overwrite)(comment.body())) {
            return Ok(Posted::Newer(newer.id));
        }
        let Some(body) = (text.body)(Some(first.body())) else { return Ok(Posted::Unchanged(first.id)) };
        let posted = self.update(client, first, &body, text)?;
        // What an interrupted publisher has left.
        if matches!(posted, Posted::Updated(_) | Posted::Unchanged(_)) {
            for more in found.iter().skip(1).take(MOST_DELETED) {
                self.delete(client, more.id)?;
            }
        }
        Ok(posted)
    }

    fn update(
        &self,
        client: &mut Client<'_>,
        there: &Comment,
        body: &str,
        text: &Text<'_>,
    ) -> Result<Posted, ApiError> {
        if is_same(there.body(), body) {
            return Ok(Posted::Unchanged(there.id));
        }
        if let Some(stale) = self.stale(client)? {
            return Ok(stale);
        }
        match client.call(&self.judged.write_over(self.number, there.id, json!({"body": body}))) {
            Ok(_) => Ok(Posted::Updated(there.id)),
            // Somebody has deleted it meanwhile.
            Err(error) if error.is_missing() => self.create(client, body, text),
            Err(error) => Err(error),
        }
    }

    /// Makes a new one, and comes to terms with whoever made one at the same time.
    fn create(&self, client: &mut Client<'_>, body: &str, text: &Text<'_>) -> Result<Posted, ApiError> {
        if let Some(stale) = self.stale(client)? {
            return Ok(stale);
        }
        let call = Call::post(self.judged.comments(self.number), json!({"body": body}));
        let read = |answer: &Answer| serde_json::from_slice::<Comment>(&answer.body).ok();
        let made = client.create(&call, read, |client| {
            Ok(self.ours(client, self.author)?.into_iter().find(|comment| is_same(comment.body(), body)))
        })?;
        // The token may write under another name than was thought.
        let author =
            made.as_ref().and_then(|made| made.user.as_ref()).map_or(self.author, |user| &user.login).to_owned();
        let ours = self.ours(client, &author)?;
        let own =
            made.map(|made| made.id).or_else(|| ours.iter().rfind(|one| is_same(one.body(), body)).map(|one| one.id));
        let Some(own) = own else {
            return Err(ApiError::MaybeDone { call: call.words(), why: "it is not in the list".to_owned() });
        };
        let Some(lowest) = ours.first().filter(|first| first.id < own) else { return Ok(Posted::Created(own)) };
        let posted = match (text.may_overwrite)(lowest.body()) {
            true => self.update(client, lowest, body, text)?,
            false => Posted::Newer(lowest.id),
        };
        self.delete(client, own)?;
        Ok(posted)
    }

    fn delete(&self, client: &mut Client<'_>, id: u64) -> Result<(), ApiError> {
        match client.call(&Call::delete(self.judged.comment(self.number, id))) {
            Err(error) if !error.is_missing() => Err(error),
            _ => Ok(()),
        }
    }

    /// Why nothing may be written now.
    fn stale(&self, client: &mut Client<'_>) -> Result<Option<Posted>, ApiError> {
        Ok(match self.judged.now(client)? {
            Now::Same => None,
            Now::Moved(to) => Some(Posted::Moved(to)),
            Now::Closed => Some(Posted::Closed),
        })
    }
}

/// Whether two texts are the same but for how lines and the text end.
fn is_same(there: &str, ours: &str) -> bool {
    there.replace("\r\n", "\n").trim_end() == ours.trim_end()
}
