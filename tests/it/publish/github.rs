//! GitHub's REST API on this machine's loopback, as far as publishing needs it: it keeps state, and refuses what GitHub refuses.
//!
//! The limits are those of the documentation, and where that is silent those that users have met: a comment of 65,536 characters, a
//! description of 140, fifty annotations a call, a summary of 65,535, pages of at most a hundred, permissions by token. Faults are
//! planted: too many calls, no answer, an answer of 502 after the work was done.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use serde_json::{Value, json};

pub const REPOSITORY: &str = "acme/app";
/// As GitHub writes them since 2026-04-27: long, with dots, underscores and hyphens.
pub const TOKEN: &str = "ghs_1234_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0In0.c2lnbmF0dXJlLW9mLXRoaXMtdG9rZW4_-x";

/// What is planted for the next call that a test names.
pub enum Fault {
    /// Refused, with these headers and this message.
    Refuse(u16, Vec<(&'static str, String)>, &'static str),
    /// Carried out, and answered with 502.
    AfterCommit,
    /// Carried out, and not answered.
    SilentAfterCommit,
    /// Not carried out, and answered with 502.
    BeforeCommit,
    /// Something happens first.
    First(Box<dyn FnOnce(&mut State) + Send>),
}

#[derive(Clone, Debug)]
pub struct Comment {
    pub id: u64,
    pub login: String,
    pub kind: String,
    pub body: String,
}

#[derive(Clone, Debug, Default)]
pub struct Check {
    pub id: u64,
    pub body: Value,
    pub annotations: Vec<Value>,
}

#[derive(Clone, Debug)]
pub struct Issue {
    pub number: u64,
    pub login: String,
    pub title: String,
    pub body: String,
    /// `open`, `completed`, `not_planned`.
    pub state: String,
    pub is_pull: bool,
}

#[derive(Default)]
pub struct State {
    pub issues: Vec<Issue>,
    pub comments: Vec<Comment>,
    pub statuses: Vec<Value>,
    pub checks: Vec<Check>,
    /// `pull_requests` → `write`
    pub permissions: BTreeMap<&'static str, &'static str>,
    pub pulls: Vec<Value>,
    pub run: Value,
    pub artifacts: Vec<(Value, Vec<u8>)>,
    /// Commit and path → blob.
    pub blobs: BTreeMap<(String, String), String>,
    pub merge_base: String,
    pub faults: VecDeque<(&'static str, Fault)>,
    /// `POST /repos/…`
    pub asked: Vec<String>,
    /// Calls that GitHub's own description does not know so.
    pub undescribed: Vec<String>,
    next: u64,
}

pub struct Github {
    pub url: String,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// How many have listed comments, and how many must have before one is answered.
    lists: Mutex<(usize, usize)>,
    listed: Condvar,
    storage: String,
}

pub struct Request {
    pub method: String,
    /// As it was sent, with its query.
    pub target: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

pub fn answer(status: u16, body: &Value) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "application/json".to_owned())],
        body: body.to_string().into_bytes(),
    }
}

fn refusal(status: u16, said: &str) -> Answer {
    answer(status, &json!({"message": said}))
}

impl Github {
    pub fn start() -> Self {
        let (api, storage) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let mut state = State { next: 100, ..State::default() };
        state.permissions.insert("pull_requests", "write");
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            lists: Mutex::new((0, 0)),
            listed: Condvar::new(),
            storage: url(&storage),
        });
        let github = Self { url: url(&api), shared: Arc::clone(&shared) };
        serve(api, Arc::clone(&shared), |shared, request| shared.api(request));
        serve(storage, shared, |shared, request| Some(shared.stored(request)));
        github
    }

    pub fn set<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.shared.state.lock().unwrap())
    }

    /// The next call whose method and path begin so meets it.
    pub fn plant(&self, call: &'static str, fault: Fault) {
        self.set(|state| state.faults.push_back((call, fault)));
    }

    /// Comments are listed to nobody until so many have asked.
    pub fn hold_lists(&self, until: usize) {
        *self.shared.lists.lock().unwrap() = (0, until);
    }

    pub fn comments(&self) -> Vec<Comment> {
        self.set(|state| state.comments.clone())
    }

    /// What was asked since this was asked last.
    pub fn asked(&self) -> Vec<String> {
        self.set(|state| std::mem::take(&mut state.asked))
    }

    pub fn open(&self, number: u64, head: &str, head_repository: u64) {
        let owner = if head_repository == 1 { "acme" } else { "mallory" };
        self.set(|state| {
            state.pulls.push(json!({"number": number, "state": "open",
                "head": {"sha": head, "ref": "topic", "repo": {"id": head_repository, "owner": {"login": owner}}},
                "base": {"sha": BASE, "ref": "main", "repo": {"id": 1}}}));
        });
    }

    pub fn push(&self, number: u64, head: &str) {
        self.set(|state| state.push(number, head));
    }
}

impl Drop for Github {
    fn drop(&mut self) {
        let undescribed = self.shared.state.lock().map(|mut state| std::mem::take(&mut state.undescribed));
        if !thread::panicking() {
            assert_eq!(undescribed.unwrap(), Vec::<String>::new());
        }
    }
}

/// What is wrong with a call by GitHub's own description of its API, as a server of it says whose address `STELLA_TEST_DESCRIPTION` is
/// (tests/real/description starts it); nothing where there is none.
fn described(request: &Request) -> Option<String> {
    let server = std::env::var("STELLA_TEST_DESCRIPTION").ok()?;
    let mut stream = TcpStream::connect(&server).unwrap_or_else(|error| panic!("{server}: {error}"));
    let body = if request.body.is_null() { String::new() } else { request.body.to_string() };
    // A path of several parts, which GitHub takes here, is one part to that server.
    let target = match request.target.split_once("/contents/") {
        Some((before, path)) => format!("{before}/contents/{}", path.replace('/', "%2F")),
        None => request.target.clone(),
    };
    let mut head = format!("{} {target} HTTP/1.1\r\nhost: {server}\r\naccept: application/json\r\n", request.method);
    head += "connection: close\r\nuser-agent: a-test\r\n";
    if !body.is_empty() {
        head += &format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    let mut said = String::new();
    BufReader::new(stream).read_to_string(&mut said).unwrap();
    let status: u16 = said.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    // What it cannot make an answer for (5xx) it has taken all the same.
    (status < 200 || (400..500).contains(&status)).then(|| said.chars().take(2000).collect())
}

pub const BASE: &str = "b000000000000000000000000000000000000000";

impl State {
    pub fn push(&mut self, number: u64, head: &str) {
        let pull = self.pulls.iter_mut().find(|pull| pull["number"] == number).unwrap();
        pull["head"]["sha"] = head.into();
    }

    pub fn comment(&mut self, login: &str, kind: &str, body: &str) -> u64 {
        self.next += 1;
        let comment = Comment { id: self.next, login: login.to_owned(), kind: kind.to_owned(), body: body.to_owned() };
        self.comments.push(comment);
        self.next
    }

    pub fn issue(&mut self, login: &str, title: &str, body: &str) -> u64 {
        self.next += 1;
        let (login, title, body, state) = (login.to_owned(), title.to_owned(), body.to_owned(), "open".to_owned());
        self.issues.push(Issue { number: self.next, login, title, body, state, is_pull: false });
        self.next
    }

    /// Why the token may not.
    fn forbidden(&self, needs: &str) -> Option<Answer> {
        let has = |need: &str| {
            let (name, level) = need.split_once('=').unwrap();
            self.permissions.get(name).is_some_and(|has| *has == level || *has == "write")
        };
        if needs.split("; ").any(has) {
            return None;
        }
        let mut answer = refusal(403, "Resource not accessible by integration");
        answer.headers.push(("X-Accepted-GitHub-Permissions", needs.to_owned()));
        Some(answer)
    }
}

pub fn serve<S: Send + Sync + 'static>(
    listener: TcpListener,
    shared: Arc<S>,
    answered: fn(&S, &Request) -> Option<Answer>,
) {
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { continue };
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let Some(request) = read(&stream) else { return };
                if let Some(answer) = answered(&shared, &request) {
                    write(stream, &answer);
                }
            });
        }
    });
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut first, mut headers) = (String::new(), BTreeMap::new());
    reader.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let path = decoded(path);
    Some(Request { method, target, path, query, headers, body })
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

fn write(mut stream: TcpStream, answer: &Answer) {
    let mut head =
        format!("HTTP/1.1 {} Said\r\nconnection: close\r\ncontent-length: {}\r\n", answer.status, answer.body.len());
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    let _ = stream.write_all(&[head.as_bytes(), b"\r\n", &answer.body].concat());
}

impl Shared {
    fn api(&self, request: &Request) -> Option<Answer> {
        let answer = self.answered(request);
        // It was made before anybody goes on: none of them sees what another writes then.
        if request.method == "GET" && request.path.ends_with("/comments") {
            let mut lists = self.lists.lock().unwrap();
            lists.0 += 1;
            self.listed.notify_all();
            drop(self.listed.wait_while(lists, |(came, needed)| came < needed).unwrap());
        }
        answer
    }

    fn answered(&self, request: &Request) -> Option<Answer> {
        let mut state = self.state.lock().unwrap();
        let call = format!("{} {}", request.method, request.path);
        state.asked.push(call.clone());
        if let Some(refused) = described(request) {
            state.undescribed.push(format!("{call}: {refused}"));
        }
        let planted = state.faults.iter().position(|(begin, _)| call.starts_with(begin));
        match planted.and_then(|at| state.faults.remove(at)) {
            None => Some(self.routed(&mut state, request)),
            Some((_, Fault::Refuse(status, headers, said))) => {
                let mut answer = refusal(status, said);
                answer.headers.extend(headers);
                Some(answer)
            }
            Some((_, Fault::BeforeCommit)) => Some(refusal(502, "Server Error")),
            Some((_, Fault::AfterCommit)) => {
                let done = self.routed(&mut state, request);
                assert!(done.status < 300, "{call}: {}", String::from_utf8_lossy(&done.body));
                Some(refusal(502, "Server Error"))
            }
            Some((_, Fault::SilentAfterCommit)) => {
                self.routed(&mut state, request);
                None
            }
            Some((_, Fault::First(first))) => {
                first(&mut state);
                Some(self.routed(&mut state, request))
            }
        }
    }

    fn routed(&self, state: &mut State, request: &Request) -> Answer {
        let header = |name: &str| request.headers.get(name).map(String::as_str).unwrap_or_default();
        if header("authorization") != format!("Bearer {TOKEN}") {
            return refusal(401, "Bad credentials");
        }
        if header("user-agent").is_empty() {
            return refusal(403, "Request forbidden by administrative rules.");
        }
        if header("x-github-api-version") != "2022-11-28" || header("accept") != "application/vnd.github+json" {
            return refusal(400, "version");
        }
        let Some(path) = request.path.strip_prefix(&format!("/repos/{REPOSITORY}/")) else {
            return refusal(404, "Not Found");
        };
        let parts: Vec<&str> = path.split('/').collect();
        let needs = match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["pulls", ..]) => "pull_requests=read",
            ("GET", ["issues"]) => "issues=read",
            ("POST", ["issues"]) | ("PATCH", ["issues", _]) => "issues=write",
            ("GET", ["issues", ..]) => "issues=read; pull_requests=read",
            (_, ["issues", ..]) => "issues=write; pull_requests=write",
            ("GET", ["commits", _, "statuses"]) => "statuses=read",
            ("POST", ["statuses", _]) => "statuses=write",
            ("GET", ["commits", _, "check-runs"] | ["check-runs", _]) => "checks=read",
            (_, ["check-runs", ..]) => "checks=write",
            ("GET", ["actions", ..]) => "actions=read",
            ("GET", ["contents" | "compare", ..]) => "contents=read",
            _ => return refusal(404, "Not Found"),
        };
        if let Some(forbidden) = state.forbidden(needs) {
            return forbidden;
        }
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["pulls", number]) => {
                let pull = state.pulls.iter().find(|pull| pull["number"].as_u64() == number.parse().ok());
                pull.map_or_else(|| refusal(404, "Not Found"), |pull| answer(200, pull))
            }
            ("GET", ["pulls"]) => {
                let head = request.query.get("head").cloned().unwrap_or_default();
                let is_asked = |pull: &&Value| {
                    let of = &pull["head"];
                    let name =
                        format!("{}:{}", of["repo"]["owner"]["login"].as_str().unwrap(), of["ref"].as_str().unwrap());
                    pull["state"] == "open" && name == head
                };
                page(request, state.pulls.iter().filter(is_asked).cloned())
            }
            ("GET", ["issues"]) => {
                let wanted = request.query.get("state").cloned().unwrap_or_else(|| "open".to_owned());
                // The newest stands first.
                let is_asked = |one: &&Issue| wanted == "all" || (one.state == "open") == (wanted == "open");
                page(request, state.issues.iter().rev().filter(is_asked).map(issue_shown))
            }
            ("POST", ["issues"]) => match (body(request), request.body["title"].as_str()) {
                (Err(refused), _) => refused,
                (Ok(_), None | Some("")) => refusal(422, "Validation Failed"),
                (Ok(_), Some(title)) if title.chars().count() > 256 => refusal(422, "Validation Failed"),
                (Ok(body), Some(title)) => {
                    state.issue("github-actions[bot]", title, &body);
                    answer(201, &issue_shown(state.issues.last().unwrap()))
                }
            },
            ("PATCH", ["issues", number]) => {
                let Some(at) = state.issues.iter().position(|one| one.number.to_string() == *number) else {
                    return refusal(404, "Not Found");
                };
                let text = |key: &str| request.body[key].as_str().map(str::to_owned);
                let one = &mut state.issues[at];
                if request.body.get("body").is_some() {
                    match body(request) {
                        Err(refused) => return refused,
                        Ok(body) => one.body = body,
                    }
                }
                one.title = text("title").unwrap_or_else(|| one.title.clone());
                match (text("state").as_deref(), text("state_reason")) {
                    (None, None) => {}
                    (Some("closed"), Some(reason)) => one.state = reason,
                    _ => return refusal(422, "Validation Failed"),
                }
                answer(200, &issue_shown(&state.issues[at]))
            }
            ("GET", ["issues", _, "comments"]) => page(request, state.comments.iter().map(shown)),
            ("POST", ["issues", _, "comments"]) => match body(request) {
                Err(refused) => refused,
                Ok(body) => {
                    state.comment("github-actions[bot]", "Bot", &body);
                    answer(201, &shown(state.comments.last().unwrap()))
                }
            },
            (method, ["issues", "comments", id]) => {
                let Some(at) = state.comments.iter().position(|comment| comment.id.to_string() == *id) else {
                    return refusal(404, "Not Found");
                };
                match method {
                    "PATCH" => match body(request) {
                        Err(refused) => refused,
                        Ok(body) => {
                            state.comments[at].body = body;
                            answer(200, &shown(&state.comments[at]))
                        }
                    },
                    "DELETE" => {
                        state.comments.remove(at);
                        Answer { status: 204, headers: vec![], body: vec![] }
                    }
                    _ => refusal(405, "Method Not Allowed"),
                }
            }
            ("GET", ["commits", sha, "statuses"]) => {
                page(request, state.statuses.iter().rev().filter(|status| status["sha"] == *sha).cloned())
            }
            ("POST", ["statuses", sha]) => state.status(sha, &request.body),
            ("GET", ["commits", sha, "check-runs"]) => {
                let name = request.query.get("check_name").cloned().unwrap_or_default();
                let is_asked = |check: &&Check| check.body["head_sha"] == *sha && check.body["name"] == name;
                let listed = paged(request, state.checks.iter().filter(is_asked).map(check_shown));
                answer(200, &json!({"total_count": listed.len(), "check_runs": listed}))
            }
            ("POST", ["check-runs"]) => state.check(None, &request.body),
            ("PATCH", ["check-runs", id]) => state.check(Some(id), &request.body),
            ("GET", ["check-runs", id]) => {
                let check = state.checks.iter().find(|check| check.id.to_string() == *id);
                check.map_or_else(|| refusal(404, "Not Found"), |check| answer(200, &check_shown(check)))
            }
            ("GET", ["actions", "runs", id]) if state.run["id"].as_u64() == id.parse().ok() => answer(200, &state.run),
            ("GET", ["actions", "runs", _, "artifacts"]) => {
                let name = request.query.get("name").cloned();
                let is_asked = |one: &&(Value, Vec<u8>)| name.as_ref().is_none_or(|name| one.0["name"] == *name);
                let listed = paged(request, state.artifacts.iter().filter(is_asked).map(|one| one.0.clone()));
                answer(200, &json!({"total_count": listed.len(), "artifacts": listed}))
            }
            ("GET", ["actions", "artifacts", id, "zip"]) => {
                let mut there = answer(302, &json!({}));
                there.headers.push(("location", format!("{}/{id}?signature=secret", self.storage)));
                there
            }
            ("GET", ["contents", rest @ ..]) => {
                let at = request.query.get("ref").cloned().unwrap_or_default();
                let blob = state.blobs.get(&(at, rest.join("/")));
                blob.map_or_else(
                    || refusal(404, "Not Found"),
                    |blob| answer(200, &json!({"sha": blob, "type": "file"})),
                )
            }
            ("GET", ["compare", _]) => {
                answer(200, &json!({"merge_base_commit": {"sha": state.merge_base}, "files": []}))
            }
            _ => refusal(404, "Not Found"),
        }
    }

    /// What the storage of artifacts gives: to whoever has the address, and never to a token.
    fn stored(&self, request: &Request) -> Answer {
        assert!(!request.headers.contains_key("authorization"), "the token went to another host");
        let state = self.state.lock().unwrap();
        let id = request.path.trim_start_matches('/');
        let found = state.artifacts.iter().find(|one| one.0["id"].as_u64() == id.parse().ok());
        found.map_or_else(
            || refusal(404, "Not Found"),
            |one| Answer { status: 200, headers: vec![], body: one.1.clone() },
        )
    }
}

fn paged(request: &Request, all: impl Iterator<Item = Value>) -> Vec<Value> {
    let number = |name: &str, usual: usize| request.query.get(name).map_or(usual, |value| value.parse().unwrap());
    let (per_page, page) = (number("per_page", 30).min(100), number("page", 1));
    all.skip((page - 1) * per_page).take(per_page).collect()
}

fn page(request: &Request, all: impl Iterator<Item = Value>) -> Answer {
    answer(200, &Value::Array(paged(request, all)))
}

fn shown(comment: &Comment) -> Value {
    json!({"id": comment.id, "body": comment.body, "user": {"login": comment.login, "type": comment.kind, "id": 1}})
}

fn issue_shown(one: &Issue) -> Value {
    let kind = if one.login.ends_with("[bot]") { "Bot" } else { "User" };
    let mut shown = json!({"number": one.number, "id": one.number, "title": one.title, "body": one.body,
        "user": {"login": one.login, "type": kind}, "state": if one.state == "open" { "open" } else { "closed" }});
    if one.is_pull {
        shown["pull_request"] = json!({"url": "x"});
    }
    shown
}

fn check_shown(check: &Check) -> Value {
    json!({"id": check.id, "name": check.body["name"], "external_id": check.body["external_id"],
        "output": {"annotations_count": check.annotations.len()}})
}

fn body(request: &Request) -> Result<String, Answer> {
    let text = request.body["body"].as_str().unwrap_or_default();
    if text.trim().is_empty() {
        return Err(refusal(422, "Body can't be blank"));
    }
    if text.encode_utf16().count() > 65_536 {
        return Err(refusal(422, "Body is too long (maximum is 65536 characters)"));
    }
    Ok(text.to_owned())
}

impl State {
    fn status(&mut self, sha: &str, body: &Value) -> Answer {
        let text = |key: &str| body[key].as_str().unwrap_or_default();
        if !["error", "failure", "pending", "success"].contains(&text("state")) {
            return refusal(422, "State is not included in the list");
        }
        if text("description").chars().count() > 140 {
            return refusal(422, "Description is too long (maximum is 140 characters)");
        }
        let mut status = body.clone();
        status["sha"] = sha.into();
        self.statuses.push(status.clone());
        answer(201, &status)
    }

    fn check(&mut self, id: Option<&str>, body: &Value) -> Answer {
        let output = &body["output"];
        let chars = |value: &Value| value.as_str().unwrap_or_default().chars().count();
        let annotations = output["annotations"].as_array().cloned().unwrap_or_default();
        if annotations.len() > 50 || chars(&output["summary"]) > 65_535 || chars(&output["title"]) > 255 {
            return refusal(422, "Invalid request.");
        }
        for one in &annotations {
            let bytes = |key: &str| one[key].as_str().unwrap_or_default().len();
            let is_whole =
                bytes("path") > 0 && one["start_line"].as_u64() > Some(0) && one["end_line"].as_u64() > Some(0);
            let fits = (1..=65_536).contains(&bytes("message")) && chars(&one["title"]) <= 255;
            let is_plain = one.to_string().chars().all(|c| u32::from(c) <= 0xFFFF);
            if !is_whole
                || !fits
                || !is_plain
                || !["notice", "warning", "failure"].contains(&one["annotation_level"].as_str().unwrap())
            {
                return refusal(422, "Invalid request. An annotation.");
            }
        }
        match id {
            None => {
                self.next += 1;
                self.checks.push(Check { id: self.next, body: body.clone(), annotations });
                answer(201, &check_shown(self.checks.last().unwrap()))
            }
            Some(id) => match self.checks.iter_mut().find(|check| check.id.to_string() == id) {
                None => refusal(404, "Not Found"),
                Some(check) => {
                    check.annotations.extend(annotations);
                    answer(200, &check_shown(check))
                }
            },
        }
    }
}
