//! GitLab's REST API on this machine's loopback, as far as a note needs it: it keeps state, and refuses what GitLab refuses.
//!
//! The limits are those of its documentation: a note of 1,000,000 characters and not an empty one, pages of at most a hundred, `429` with
//! `Retry-After`, a token in `PRIVATE-TOKEN` (that of a job is refused), notes that only their author writes over, and an order for
//! each line of a note that begins with a slash outside of code, which is what nobody may be made to give.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::publish::github::{Answer, Request, answer, serve};

pub const TOKEN: &str = "glpat-Ab3_-xYz0123456789.01.0a1b2c3d4";
pub const JOB_TOKEN: &str = "glcbt-64_job-token-of-this-job";
pub const BOT: &str = "project_3_bot_0a1b2c3d";

#[derive(Clone, Debug)]
pub struct Note {
    pub id: u64,
    pub username: String,
    pub body: String,
    pub system: bool,
}

pub enum Fault {
    /// Refused, with these headers.
    Refuse(u16, Vec<(&'static str, String)>),
    /// Carried out, and answered with 502.
    AfterCommit,
    /// Another publisher, or a person, is faster.
    First(Box<dyn FnOnce(&mut State) + Send>),
}

#[derive(Default)]
pub struct State {
    pub notes: Vec<Note>,
    pub jobs: Vec<Value>,
    pub merge_request: Value,
    /// Lines that were carried out, as GitLab does.
    pub orders: Vec<String>,
    pub fault: Option<(&'static str, Fault)>,
    pub asked: Vec<String>,
    next: u64,
}

impl State {
    pub fn note(&mut self, username: &str, body: &str, system: bool) -> u64 {
        self.next += 1;
        self.notes.push(Note { id: self.next, username: username.to_owned(), body: body.to_owned(), system });
        self.next
    }
}

pub struct Gitlab {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Gitlab {
    /// With merge request 7 of project 3, at `head`, and the jobs of pipeline 50.
    pub fn start(head: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/api/v4", listener.local_addr().unwrap());
        let state = State {
            next: 100,
            merge_request: json!({"iid": 7, "state": "opened", "sha": head}),
            jobs: vec![json!({"id": 899, "name": "stella", "status": "success"})],
            ..State::default()
        };
        let state = Arc::new(Mutex::new(state));
        serve(listener, Arc::clone(&state), |state, request| {
            let mut state = state.lock().unwrap();
            let call = format!("{} {}", request.method, request.path.trim_start_matches("/api/v4/"));
            state.asked.push(call.clone());
            let fault = state.fault.take_if(|(begin, _)| call.starts_with(*begin));
            Some(match fault.map(|(_, fault)| fault) {
                None => routed(&mut state, request),
                Some(Fault::Refuse(status, headers)) => {
                    Answer { headers, ..answer(status, &json!({"message": "429 Too Many Requests"})) }
                }
                Some(Fault::AfterCommit) => {
                    routed(&mut state, request);
                    answer(502, &json!({"message": "502 Bad Gateway"}))
                }
                Some(Fault::First(first)) => {
                    first(&mut state);
                    routed(&mut state, request)
                }
            })
        });
        Self { url, state }
    }

    pub fn set<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    pub fn plant(&self, call: &'static str, fault: Fault) {
        self.set(|state| state.fault = Some((call, fault)));
    }

    pub fn notes(&self) -> Vec<Note> {
        self.set(|state| state.notes.clone())
    }

    pub fn asked(&self) -> Vec<String> {
        self.set(|state| std::mem::take(&mut state.asked))
    }
}

fn said(status: u16, what: &str) -> Answer {
    answer(status, &json!({"message": what}))
}

fn shown(note: &Note) -> Value {
    json!({"id": note.id, "body": note.body, "system": note.system, "noteable_iid": 7,
        "author": {"id": 5, "username": note.username, "name": "stella"}})
}

fn routed(state: &mut State, request: &Request) -> Answer {
    match request.headers.get("private-token").map(String::as_str) {
        Some(TOKEN) => {}
        _ => return said(401, "401 Unauthorized"),
    }
    let path = request.path.trim_start_matches("/api/v4/");
    let parts: Vec<&str> = path.split('/').collect();
    let page = |all: Vec<Value>| {
        let number = |name: &str| request.query.get(name).and_then(|value| value.parse::<usize>().ok());
        // More than a hundred is given as a hundred.
        let (size, page) = (number("per_page").unwrap_or(20).min(100), number("page").unwrap_or(1));
        let shown: Vec<Value> = all.iter().skip(size * (page - 1)).take(size).cloned().collect();
        let next = if all.len() > size * page { (page + 1).to_string() } else { String::new() };
        Answer { headers: vec![("x-next-page", next)], ..answer(200, &Value::Array(shown)) }
    };
    let body = || {
        let body = request.body["body"].as_str().unwrap_or_default().to_owned();
        match body.chars().count() {
            0 => Err(answer(400, &json!({"message": {"note": ["can't be blank"]}}))),
            1..=1_000_000 => Ok(body),
            _ => Err(answer(400, &json!({"message": {"note": ["is too long (maximum is 1000000 characters)"]}}))),
        }
    };
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["user"]) => answer(200, &json!({"id": 5, "username": BOT, "bot": true})),
        ("GET", ["projects", "3", "pipelines", "50", "jobs"]) => page(state.jobs.clone()),
        ("GET", ["projects", "3", "merge_requests", "7"]) => answer(200, &state.merge_request),
        ("GET", ["projects", "3", "merge_requests", "7", "notes"]) => {
            // The newest first, as GitLab does it.
            page(state.notes.iter().rev().map(shown).collect())
        }
        ("POST", ["projects", "3", "merge_requests", "7", "notes"]) => match body() {
            Err(refused) => refused,
            Ok(body) => {
                carry_out(state, &body);
                state.note(BOT, &body, false);
                answer(201, &shown(state.notes.last().unwrap()))
            }
        },
        (method @ ("PUT" | "DELETE"), ["projects", "3", "merge_requests", "7", "notes", id]) => {
            let at = state.notes.iter().position(|note| note.id.to_string() == *id);
            let Some(at) = at else { return said(404, "404 Not found") };
            if state.notes[at].username != BOT {
                return said(403, "403 Forbidden");
            }
            if method == "DELETE" {
                state.notes.remove(at);
                return Answer { status: 204, headers: vec![], body: vec![] };
            }
            match body() {
                Err(refused) => refused,
                Ok(body) => {
                    carry_out(state, &body);
                    state.notes[at].body = body;
                    answer(200, &shown(&state.notes[at]))
                }
            }
        }
        _ => said(404, "404 Not found"),
    }
}

/// Every line that could be an order, also in a fence: which fences GitLab knows is not relied on.
fn carry_out(state: &mut State, body: &str) {
    let orders = body.lines().filter(|line| line.trim_start().starts_with('/'));
    state.orders.extend(orders.map(str::to_owned));
}
