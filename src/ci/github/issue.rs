//! Issues of ours, found again by who wrote them and by their first line.
//!
//! Invariants: of others nothing is touched, whatever they write; all pages are read before one is made; of several with one first line the
//! one with the lowest number stays, so that publishers that race come to the same ones. Absent: what they say.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::ci::api::{ApiError, Call, Client};

/// An issue, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Issue {
    /// Its number, which grows.
    pub number: u64,
    #[serde(default)]
    title: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    user: Option<Account>,
    /// Pull requests are listed, too.
    #[serde(default)]
    pull_request: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Account {
    login: String,
    #[serde(rename = "type", default)]
    kind: String,
}

impl Issue {
    /// What it says.
    pub fn body(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }

    /// Its first line.
    pub fn marker(&self) -> &str {
        self.body().lines().next().unwrap_or_default()
    }

    /// A name with `[bot]` is that of a bot and of nobody else.
    fn is_by(&self, login: &str) -> bool {
        let is_bot = login.ends_with("[bot]");
        self.user.as_ref().is_some_and(|user| user.login.eq_ignore_ascii_case(login) && (!is_bot || user.kind == "Bot"))
    }
}

/// Where issues are.
#[derive(Debug, Clone, Copy)]
pub struct Board<'a> {
    /// `owner/name`
    pub repository: &'a str,
    /// What the first line of ours begins with.
    pub prefix: &'a str,
    /// The account under which the token writes.
    pub author: &'a str,
}

impl Board<'_> {
    fn path(&self) -> String {
        format!("repos/{}/issues", self.repository)
    }

    /// All that are ours and open, the lowest number first.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn open(&self, client: &mut Client<'_>) -> Result<Vec<Issue>, ApiError> {
        let mut all: Vec<Issue> = client.all(&format!("{}?state=open", self.path()), |page| page)?;
        let is_ours =
            |one: &Issue| one.pull_request.is_none() && one.is_by(self.author) && one.marker().starts_with(self.prefix);
        all.retain(is_ours);
        all.sort_by_key(|one| one.number);
        Ok(all)
    }

    /// Opens one; its number, where the API told it. `body` begins with the line that it is found by.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn create(&self, client: &mut Client<'_>, title: &str, body: &str) -> Result<Option<u64>, ApiError> {
        #[derive(Deserialize)]
        struct Made {
            number: u64,
        }
        let marker = body.lines().next().unwrap_or_default();
        let call = Call::post(self.path(), json!({"title": title, "body": body}));
        let read =
            |answer: &crate::ci::api::Answer| serde_json::from_slice::<Made>(&answer.body).ok().map(|made| made.number);
        let find = |client: &mut Client<'_>| {
            Ok(self.open(client)?.iter().find(|one| one.marker() == marker).map(|one| one.number))
        };
        client.create(&call, read, find)
    }

    /// Writes one over; whether that was needed.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn update(&self, client: &mut Client<'_>, there: &Issue, title: &str, body: &str) -> Result<bool, ApiError> {
        let same = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
        if there.title == title && same(there.body()) == same(body) {
            return Ok(false);
        }
        let at = format!("{}/{}", self.path(), there.number);
        client.call(&Call::patch(at, json!({"title": title, "body": body})))?;
        Ok(true)
    }

    /// Closes one with what it says last.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn close(&self, client: &mut Client<'_>, number: u64, body: &str, is_mended: bool) -> Result<(), ApiError> {
        let reason = if is_mended { "completed" } else { "not_planned" };
        let at = format!("{}/{number}", self.path());
        client.call(&Call::patch(at, json!({"state": "closed", "state_reason": reason, "body": body})))?;
        Ok(())
    }

    /// Closes what is there twice: of one first line all but the lowest number. How many.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn settle(&self, client: &mut Client<'_>) -> Result<u64, ApiError> {
        let mut first: BTreeMap<String, u64> = BTreeMap::new();
        let mut closed = 0;
        for one in self.open(client)? {
            match first.get(one.marker()) {
                None => {
                    first.insert(one.marker().to_owned(), one.number);
                }
                Some(lowest) => {
                    let body = format!("{}\n\nThe same as #{lowest}.\n", one.marker());
                    self.close(client, one.number, &body, false)?;
                    closed += 1;
                }
            }
        }
        Ok(closed)
    }
}
