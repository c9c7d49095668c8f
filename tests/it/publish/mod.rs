//! `stella publish` against a GitHub that keeps state and its limits.
#![cfg(feature = "registry")]

mod check_and_status;
mod comment;
pub mod github;
mod gitlab;
mod issues;
mod note;
mod other_run;
mod trouble;

use std::collections::BTreeMap;
use std::fs;

use serde_json::json;
use stella::model::outcome::Outcome;
use stella::model::result::{ReplayResult, RunResult};
use stella::wire::v1::{read_result, result};

use crate::harness::{Run, World, repository};
use github::{Github, TOKEN};

pub const HEAD: &str = "a100000000000000000000000000000000000000";
pub const NEXT: &str = "a200000000000000000000000000000000000000";

/// A run in which four of six replays do not match.
pub fn red() -> RunResult {
    read_result::read(&fs::read(repository("tests/data/report/result-v1.json")).unwrap()).unwrap()
}

/// The same with those replays alone that `kept` takes.
pub fn of(run: &RunResult, kept: impl Fn(&ReplayResult) -> bool) -> RunResult {
    let replays = run.replays.iter().filter(|replay| kept(replay)).cloned().collect();
    RunResult::new(run.stella_version.clone(), run.started_at, run.finished_at, replays, vec![])
}

pub fn green() -> RunResult {
    of(&red(), |replay| matches!(replay.outcome, Outcome::Match { .. }))
}

/// A run with a thousand replays that do not match.
pub fn thousand() -> RunResult {
    let run = of(&red(), |replay| replay.id == "SCN-0001");
    let again = |i: usize| ReplayResult { id: format!("SCN-{i:04}"), ..run.replays[0].clone() };
    let replays = (0..1000).map(again).collect();
    RunResult::new(run.stella_version.clone(), run.started_at, run.finished_at, replays, vec![])
}

/// A job that publishes pull request 7.
pub struct Job {
    pub world: World,
    pub github: Github,
    pub env: BTreeMap<String, String>,
}

impl Job {
    pub fn new() -> Self {
        let (world, github) = (World::new(), Github::start());
        github.open(7, HEAD, 1);
        let env = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_SHA", "c000000000000000000000000000000000000000"),
            ("GITHUB_REPOSITORY", github::REPOSITORY),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_RUN_ID", "50"),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_TOKEN", TOKEN),
            ("GITHUB_API_URL", github.url.as_str()),
        ];
        let env = env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut job = Self { world, github, env };
        job.event(HEAD, github::REPOSITORY);
        job
    }

    /// The event of a push to the pull request.
    pub fn event(&mut self, head: &str, repository: &str) {
        let event = json!({"number": 7, "pull_request": {"number": 7, "head": {"sha": head, "repo": {"full_name": repository}}}});
        let file = self.world.path("event.json");
        fs::write(&file, event.to_string()).unwrap();
        self.set("GITHUB_EVENT_PATH", file.to_str().unwrap());
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.env.insert(name.to_owned(), value.to_owned());
    }

    pub fn report(&self, run: &RunResult) {
        self.world.write("report/result.json", result::write(run).unwrap());
    }

    pub fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.world.command(&[&["publish"], arguments].concat());
        command.envs(&self.env);
        command
    }

    pub fn publish(&self, exit: u8, arguments: &[&str]) -> Run {
        let run = self.world.run(exit, self.command(arguments));
        assert!(!format!("{}{}", run.stdout, run.stderr).contains(TOKEN), "the token is told");
        run
    }

    /// Publishes the report of a job that ended so.
    pub fn ended(&self, exit: u8, conclusion: &str, more: &[&str]) -> Run {
        self.publish(exit, &[&["--report", "report", "--conclusion", conclusion], more].concat())
    }
}
