//! Calls to the REST API of GitHub or GitLab, and when one is made again.
//!
//! A call that was refused because there were too many is made again when the API says so, whatever it does: it was not carried out. A
//! call that is not answered, or with 5xx, may have been carried out: it is made again where twice is the same as once, and else who
//! makes it must look first ([`ApiError::MaybeDone`]).
//!
//! Invariants: calls and waits are bounded together; nothing of a token is in an error. Absent: how a call is sent, and how time passes:
//! whoever calls brings both.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};

/// How often one call is made.
const ATTEMPTS: u32 = 5;
/// All waits of one client together: a job that publishes has minutes.
const PATIENCE: Duration = Duration::from_secs(180);
/// Where the API says that there were too many calls, and not how long to wait.
const UNTOLD_PAUSE: Duration = Duration::from_secs(60);
/// The longest answer that is not a file.
pub const MAX_ANSWER: u64 = 16 << 20;
/// Entries of one page, the most that the API gives.
const PER_PAGE: usize = 100;
/// Pages of one list.
const MAX_PAGES: usize = 100;

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the methods of HTTP")]
pub enum Method {
    Get,
    Post,
    Patch,
    Put,
    Delete,
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What it does.
    pub method: Method,
    /// Below the API's root, with its query.
    pub path: String,
    /// What is sent.
    pub body: Option<Value>,
    /// The longest answer.
    pub limit: u64,
    /// Twice is the same as once.
    pub repeatable: bool,
}

impl Call {
    /// Asks for something.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), body: None, limit: MAX_ANSWER, repeatable: true }
    }

    /// Makes something new: twice makes two.
    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::Post, body: Some(body), repeatable: false, ..Self::get(path) }
    }

    /// Writes something over.
    pub fn patch(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::Patch, body: Some(body), ..Self::get(path) }
    }

    /// The same where a server writes over with PUT.
    pub fn put(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::Put, ..Self::patch(path, body) }
    }

    /// Takes something away.
    pub fn delete(path: impl Into<String>) -> Self {
        Self { method: Method::Delete, ..Self::get(path) }
    }

    /// As a person reads it: `PATCH repos/o/r/issues/comments/1`.
    pub fn words(&self) -> String {
        let method: &'static str = self.method.into();
        format!("{method} {}", self.path.split('?').next().unwrap_or_default())
    }
}

/// Whom a call goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[expect(missing_docs, reason = "names")]
pub enum Server {
    GitHub,
    GitLab,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// By their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// The way to the API.
pub trait Api {
    /// Makes a call once.
    ///
    /// # Errors
    /// Where there is no whole answer.
    fn send(&mut self, call: &Call) -> Result<Answer, Box<dyn Error + Send + Sync>>;
    /// Lets time pass.
    fn wait(&mut self, pause: Duration);
    /// Seconds since 1970.
    fn now(&self) -> u64;
    /// Whom it leads to.
    fn server(&self) -> Server;
}

/// Why a call did not do what it was to do.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No answer, however often it was asked.
    #[error("{server} does not answer `{call}`")]
    Unanswered {
        /// Who was asked.
        server: Server,
        /// The call.
        call: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It may have been carried out.
    #[error("nobody knows whether `{call}` was carried out ({why})")]
    MaybeDone {
        /// The call.
        call: String,
        /// What came in the place of an answer.
        why: String,
    },
    /// The token may not.
    #[error("{server} refuses `{call}` (403): {said}{}", needed(.needs))]
    Forbidden {
        /// Who was asked.
        server: Server,
        /// The call.
        call: String,
        /// What it says.
        said: String,
        /// What the token needs, as the API tells it; empty where it does not.
        needs: String,
    },
    /// Too many calls, and the wait would be too long.
    #[error("{server} refuses `{call}`: too many calls, the next in {seconds} seconds")]
    Limited {
        /// Who was asked.
        server: Server,
        /// The call.
        call: String,
        /// How long to wait.
        seconds: u64,
    },
    /// Any other answer that is not a success.
    #[error("{server} answers `{call}` with {status}: {said}")]
    Status {
        /// Who was asked.
        server: Server,
        /// The call.
        call: String,
        /// The HTTP status.
        status: u16,
        /// What it says.
        said: String,
    },
    /// The answer is not what the API documents.
    #[error("{server}'s answer to `{call}` cannot be read")]
    Shape {
        /// Who was asked.
        server: Server,
        /// The call.
        call: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A list that does not end.
    #[error("{server} lists more than {} entries for `{call}`", PER_PAGE * MAX_PAGES)]
    TooMany {
        /// Who was asked.
        server: Server,
        /// The call.
        call: String,
    },
}

fn needed(needs: &str) -> String {
    if needs.is_empty() { String::new() } else { format!("; it takes a token with {}", permissions(needs)) }
}

/// `pull_requests=write` as a workflow writes it: `pull-requests: write`.
fn permissions(header: &str) -> String {
    let one = |set: &str| set.trim().replace('_', "-").replace('=', ": ").replace(',', ", ");
    header.split(';').map(one).collect::<Vec<_>>().join(" or ")
}

impl Diagnostic for ApiError {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Forbidden { server: Server::GitLab, .. } | Self::Status { server: Server::GitLab, status: 401, .. } => Some(
                "give it the token of a project, with the scope `api` and the role Reporter: the job's own (CI_JOB_TOKEN) cannot write notes".into(),
            ),
            Self::Forbidden { needs, .. } if !needs.is_empty() => {
                let first = needs.split(';').next().unwrap_or_default();
                Some(format!("give the job `permissions: {{{}}}`", permissions(first)).into())
            }
            Self::Forbidden { .. } => {
                Some("the token of a pull request from a fork, or of Dependabot, can write nothing, whatever `permissions` says".into())
            }
            _ => None,
        }
    }
}

impl ApiError {
    /// Whether there is nothing of that name.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Status { status: 404 | 410, .. })
    }
}

/// Makes calls, again where that is right, with what is left of its patience.
pub struct Client<'a> {
    api: &'a mut dyn Api,
    patience: Duration,
    /// How many calls were made.
    pub calls: u64,
}

impl<'a> Client<'a> {
    /// A client that has waited for nothing yet.
    pub fn new(api: &'a mut dyn Api) -> Self {
        Self { api, patience: PATIENCE, calls: 0 }
    }

    /// Makes `call`.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn call(&mut self, call: &Call) -> Result<Answer, ApiError> {
        let (words, server) = (|| call.words(), self.server());
        let mut pause = Duration::from_secs(1);
        for attempt in 1.. {
            self.calls += 1;
            let is_last = attempt >= ATTEMPTS;
            let answered = self.api.send(call);
            match answered {
                Ok(answer) if (200..300).contains(&answer.status) => return Ok(answer),
                Ok(answer) => {
                    if let Some(wanted) = self.wait_wanted(&answer, attempt) {
                        if is_last || !self.wait(wanted) {
                            return Err(ApiError::Limited { server, call: words(), seconds: wanted.as_secs() });
                        }
                        continue;
                    }
                    let may_pass = answer.status >= 500 || answer.status == 408;
                    if may_pass && !call.repeatable {
                        return Err(ApiError::MaybeDone { call: words(), why: answer.status.to_string() });
                    }
                    if !may_pass || is_last || !self.wait(pause) {
                        return Err(refused(server, call, &answer));
                    }
                }
                Err(source) if !call.repeatable => {
                    return Err(ApiError::MaybeDone { call: words(), why: source.to_string() });
                }
                Err(source) => {
                    if is_last || !self.wait(pause) {
                        return Err(ApiError::Unanswered { server, call: words(), source });
                    }
                }
            }
            pause *= 2;
        }
        Err(ApiError::Limited { server, call: words(), seconds: 0 })
    }

    /// Makes what must not be there twice. Where nobody knows whether it was made, `find` looks for it before it is made again.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn create<T>(
        &mut self,
        call: &Call,
        read: impl Fn(&Answer) -> Option<T>,
        mut find: impl FnMut(&mut Self) -> Result<Option<T>, ApiError>,
    ) -> Result<Option<T>, ApiError> {
        let mut pause = Duration::from_secs(1);
        for attempt in 1.. {
            match self.call(call) {
                // What was made and cannot be read is there all the same.
                Ok(answer) => return Ok(read(&answer)),
                Err(error @ ApiError::MaybeDone { .. }) => {
                    if !self.wait(pause) {
                        return Err(error);
                    }
                    if let Some(found) = find(self)? {
                        return Ok(Some(found));
                    }
                    if attempt >= ATTEMPTS {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
            pause *= 2;
        }
        Ok(None)
    }

    /// An answer that is a document.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn read<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, ApiError> {
        let call = Call::get(path);
        let answer = self.call(&call)?;
        serde_json::from_slice(&answer.body).map_err(|source| ApiError::Shape {
            server: self.server(),
            call: call.words(),
            source,
        })
    }

    /// Every page of a list; `entries` takes them out of one page. `path` has no query of pages.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn all<P: DeserializeOwned, T>(
        &mut self,
        path: &str,
        entries: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>, ApiError> {
        let sign = if path.contains('?') { '&' } else { '?' };
        let mut found = Vec::new();
        for page in 1..=MAX_PAGES {
            let more = entries(self.read::<P>(&format!("{path}{sign}per_page={PER_PAGE}&page={page}"))?);
            let is_last = more.len() < PER_PAGE;
            found.extend(more);
            if is_last {
                return Ok(found);
            }
        }
        Err(ApiError::TooMany { server: self.server(), call: Call::get(path).words() })
    }

    /// Who is asked.
    pub fn server(&self) -> Server {
        self.api.server()
    }

    /// Waits, if that is not too long; whether it did.
    fn wait(&mut self, pause: Duration) -> bool {
        let Some(left) = self.patience.checked_sub(pause) else { return false };
        self.patience = left;
        self.api.wait(pause);
        true
    }

    /// How long the API wants to be left alone, where it was asked too often.
    fn wait_wanted(&self, answer: &Answer, attempt: u32) -> Option<Duration> {
        if !matches!(answer.status, 403 | 429) {
            return None;
        }
        let number = |name: &str| answer.headers.get(name).and_then(|value| value.trim().parse::<u64>().ok());
        if let Some(seconds) = number("retry-after") {
            return Some(Duration::from_secs(seconds));
        }
        // GitHub's names, and GitLab's.
        let limit =
            |name: &str| number(&format!("x-ratelimit-{name}")).or_else(|| number(&format!("ratelimit-{name}")));
        if limit("remaining") == Some(0) {
            let reset = limit("reset").unwrap_or(0);
            return Some(Duration::from_secs(reset.saturating_sub(self.api.now()) + 1));
        }
        let said = String::from_utf8_lossy(&answer.body).to_ascii_lowercase();
        let is_limit = answer.status == 429 || said.contains("rate limit") || said.contains("abuse detection");
        is_limit.then(|| UNTOLD_PAUSE * (1 << (attempt - 1).min(6)))
    }
}

fn refused(server: Server, call: &Call, answer: &Answer) -> ApiError {
    let said = message(&answer.body);
    let call = call.words();
    match answer.status {
        403 => {
            let needs = answer.headers.get("x-accepted-github-permissions").cloned().unwrap_or_default();
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-=;, ".contains(c);
            let needs = if needs.len() <= 300 && needs.chars().all(is_plain) { needs } else { String::new() };
            ApiError::Forbidden { server, call, said, needs }
        }
        status @ 300..400 => ApiError::Status {
            server,
            call,
            status,
            said: "it has another address now: was the repository renamed?".to_owned(),
        },
        status => ApiError::Status { server, call, status, said },
    }
}

/// The message of a refusal, cut.
fn message(body: &[u8]) -> String {
    let said = serde_json::from_slice::<Value>(body).ok().and_then(|value| Some(value["message"].as_str()?.to_owned()));
    let said = said.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    said.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one answer after another, and remembers calls and waits.
    struct Script(Vec<Result<Answer, &'static str>>, Vec<String>, Vec<u64>);

    impl Script {
        fn new(answers: Vec<Result<Answer, &'static str>>) -> Self {
            Self(answers, Vec::new(), Vec::new())
        }
    }

    impl Api for Script {
        fn server(&self) -> Server {
            Server::GitHub
        }

        fn send(&mut self, call: &Call) -> Result<Answer, Box<dyn Error + Send + Sync>> {
            self.1.push(call.words());
            if self.0.is_empty() {
                Err("the script is at its end".into())
            } else {
                self.0.remove(0).map_err(Into::into)
            }
        }

        fn wait(&mut self, pause: Duration) {
            self.2.push(pause.as_secs());
        }

        fn now(&self) -> u64 {
            1000
        }
    }

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Answer, &'static str> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Ok(Answer { status, headers, body: body.as_bytes().to_vec() })
    }

    fn made(call: &Call, answers: Vec<Result<Answer, &'static str>>) -> (Result<Answer, ApiError>, usize, Vec<u64>) {
        let mut script = Script::new(answers);
        let result = Client::new(&mut script).call(call);
        (result, script.1.len(), script.2)
    }

    #[test]
    fn a_limit_is_waited_for_as_the_api_says_also_by_what_creates() {
        let ok = || answer(201, &[], "{}");
        for (refusal, waited) in [
            (answer(429, &[("retry-after", "7")], ""), 7),
            (answer(403, &[("retry-after", "0")], ""), 0),
            (answer(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1030")], ""), 31),
            (answer(403, &[], "{\"message\": \"You have exceeded a secondary rate limit.\"}"), 60),
            (answer(429, &[], ""), 60),
        ] {
            let (result, calls, waits) = made(&Call::post("x", Value::Null), vec![refusal, ok()]);
            assert!(result.is_ok());
            assert_eq!((calls, waits), (2, vec![waited]));
        }
        // An hour is longer than a job has.
        let (result, calls, waits) = made(&Call::get("x"), vec![answer(429, &[("retry-after", "3600")], ""), ok()]);
        assert!(matches!(result, Err(ApiError::Limited { seconds: 3600, .. })));
        assert_eq!((calls, waits), (1, vec![]));
        let many = (0..9).map(|_| answer(429, &[("retry-after", "1")], "")).collect();
        let (result, calls, _) = made(&Call::get("x"), many);
        assert!(matches!(result, Err(ApiError::Limited { .. })) && calls == 5);
    }

    #[test]
    fn what_may_have_been_done_is_made_again_only_where_twice_is_once() {
        for fault in [answer(502, &[], ""), answer(500, &[], ""), Err("reset by peer")] {
            let (result, calls, waits) =
                made(&Call::patch("x", Value::Null), vec![fault.clone(), answer(200, &[], "")]);
            assert!(result.is_ok());
            assert_eq!((calls, waits), (2, vec![1]));
            let (result, calls, _) = made(&Call::post("x", Value::Null), vec![fault, answer(201, &[], "")]);
            assert!(matches!(result, Err(ApiError::MaybeDone { .. })) && calls == 1);
        }
        let (result, calls, waits) = made(&Call::get("x"), (0..9).map(|_| answer(503, &[], "")).collect());
        assert!(matches!(result, Err(ApiError::Status { status: 503, .. })));
        assert_eq!((calls, waits), (5, vec![1, 2, 4, 8]));
    }

    #[test]
    fn what_creates_looks_before_it_is_made_again() {
        let run = |answers, found: Vec<Option<u8>>| {
            let mut script = Script::new(answers);
            let mut found = found.into_iter();
            let mut client = Client::new(&mut script);
            let made = client.create(&Call::post("x", Value::Null), |_| Some(1), |_| Ok(found.next().unwrap()));
            (made.unwrap(), script.1.len())
        };
        assert_eq!(run(vec![answer(502, &[], "")], vec![Some(2)]), (Some(2), 1));
        assert_eq!(run(vec![answer(502, &[], ""), answer(201, &[], "{}")], vec![None]), (Some(1), 2));
        assert_eq!(run(vec![Err("broke off"), answer(502, &[], "")], vec![None, Some(3)]), (Some(3), 2));
    }

    #[test]
    fn a_refusal_names_the_permission_that_is_missing() {
        let refusal = |needs: &str| {
            let said = "{\"message\": \"Resource not accessible by integration\"}";
            let headers = [("x-accepted-github-permissions", needs)];
            made(&Call::post("repos/o/r/issues/1/comments", Value::Null), vec![answer(403, &headers, said)])
                .0
                .unwrap_err()
        };
        let error = refusal("issues=write; pull_requests=write");
        let text = error.to_string();
        assert!(
            text.contains("not accessible by integration; it takes a token with issues: write or pull-requests: write"),
            "{text}"
        );
        assert_eq!(error.hint().unwrap().for_command_line(), "give the job `permissions: {issues: write}`");
        let error = refusal("statuses=write,\u{1b}[31m");
        assert!(
            error.to_string().ends_with("integration") && error.hint().unwrap().for_command_line().contains("fork")
        );
    }

    #[test]
    fn every_page_is_read_and_a_list_has_an_end() {
        let page = |count: usize| answer(200, &[], &format!("[{}]", vec!["1"; count].join(",")));
        let mut script = Script::new(vec![page(100), page(100), page(3)]);
        let all = Client::new(&mut script).all("x?a=b", |page: Vec<u8>| page).unwrap();
        assert_eq!((all.len(), script.1.len()), (203, 3));
        let mut script = Script::new((0..200).map(|_| page(100)).collect());
        let endless = Client::new(&mut script).all("x", |page: Vec<u8>| page);
        assert!(matches!(endless, Err(ApiError::TooMany { .. })) && script.1.len() == MAX_PAGES);
    }
}
