//! Publishes at GitHub: reads the report, finds out what it is about, and writes comment, status and check run.
//!
//! Invariants: what cannot be published changes no verdict; each is written only while the pull request is at the commit that was judged.

use std::ffi::OsString;

use serde_json::{Value, json};

use crate::ci::api::{Api, ApiError, Client, Server};
use crate::ci::github::access::{Access, Unset};
use crate::ci::github::check_run::CheckRun;
use crate::ci::github::event::{self, Event};
use crate::ci::github::other_run::{Compared, OtherRun, OtherRunError};
use crate::ci::github::status::Status;
use crate::ci::pull_head::Judged as About;
use crate::ci::sticky_comment::{Posted, Sticky, Text};
use crate::flow::publish::dry_run::DryRun;
use crate::flow::publish::judged::{self, JobFacts, Workflow};
use crate::flow::publish::outcome::{Outcome, Published};
use crate::flow::publish::plan::{NoResult, Place, Plan};
use crate::flow::publish::report_file::{self, ReportFileError};
use crate::flow::publish::request::{PublishError, PublishRequest, Source};
use crate::flow::publish::same_job;
use crate::host::{clock, fs};
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::error_chain::causes;
use crate::model::exit::Exit;
use crate::report::annotation::Annotation;
use crate::report::attempt::Attempt;
use crate::report::origin::{Commit, Link};
use crate::report::problem::Heed;

/// Who the token of a job of GitHub Actions writes as.
pub(super) const ACTIONS: &str = "github-actions[bot]";

/// The largest file of an event.
pub(super) const MAX_EVENT: u64 = 32 << 20;

/// What is published, and what it is about.
struct Subject {
    about: About,
    facts: JobFacts,
    attempt: Option<Attempt>,
    link: Option<Link>,
    /// Why nothing can be written, where that is known.
    read_only: Option<&'static str>,
    bytes: Result<Vec<u8>, ReportFileError>,
}

/// Publishes what is asked for; `variable` reads the environment.
///
/// # Errors
/// [`PublishError`]; what could not be written is not one, and told in the result.
pub fn publish(
    request: &PublishRequest,
    variable: impl Fn(&str) -> Option<OsString> + Copy,
) -> Result<Published, PublishError> {
    if request.job.is_some() {
        return Err(PublishError::NotHere("a job is named, and GitHub does not tell how one of this run ended"));
    }
    let event = event::told(variable, |path| fs::read(path.as_ref(), MAX_EVENT).ok())?;
    let text = |name: &'static str| variable(name)?.into_string().ok().filter(|text| !text.is_empty());
    let repository = text("GITHUB_REPOSITORY").ok_or(Unset("GITHUB_REPOSITORY"))?;
    let mut door = match Access::told(variable) {
        Ok(access) => Some(door(access)?),
        // What is only shown needs no token, unless it must be fetched.
        Err(_) if request.dry_run && matches!(request.source, Source::Folder(_)) => None,
        Err(unset) => return Err(unset.into()),
    };
    let subject = match (&request.source, event) {
        (Source::Run { id, artifact }, _) => {
            // A folder as the source is the only one that needs no door.
            let Some(door) = &mut door else { return Err(Unset("GITHUB_TOKEN").into()) };
            match of_run(&mut Client::new(door.as_mut()), repository, *id, artifact)? {
                Some(subject) => subject,
                None => {
                    let mut published = Published::new(Exit::Passed);
                    let why = "the pull request of that run is at another commit now, or closed";
                    published.outcomes.push(Outcome::left_out("comment", why));
                    return Ok(published);
                }
            }
        }
        (Source::Folder(_), Event::OtherRun) => return Err(PublishError::RunNeeded),
        (Source::Folder(folder), event) => {
            let (pull, head, is_fork) = match event {
                Event::Pull { number, head, is_fork } => (Some(number), head, is_fork),
                Event::Commit { sha } => (None, sha, false),
                Event::OtherRun => return Err(PublishError::RunNeeded),
            };
            Subject {
                about: About { server: Server::GitHub, repository, pull, head },
                facts: JobFacts { end: request.end, is_fork, workflow: Workflow::NotAsked },
                attempt: attempt(&text),
                link: link(&text),
                read_only: is_fork.then_some("a pull request from a fork has a token that can only read; a workflow with `on: workflow_run` publishes it"),
                bytes: report_file::in_folder(folder),
            }
        }
    };
    let Subject { about, facts, attempt, link, read_only, bytes } = subject;
    let found = match bytes {
        Err(error) => Err(NoResult::from(error)),
        Ok(bytes) => match judged::judge(&bytes, facts, clock::now()) {
            Err(error) if error.kind() == FailureKind::Usage => return Err(error.into()),
            other => other.map_err(NoResult::from),
        },
    };
    if same_job::gate_ran_here(variable).map_err(PublishError::Temp)? {
        same_job::check(&found, request.builds)?;
    }
    let commit = Commit::try_from(about.head.as_str()).ok();
    let place = Place { key: request.key.clone(), commit, link, attempt };
    let plan = Plan::of(&found, &place);
    let writing = Writing { request, about: &about, plan: &plan, place: &place, read_only };
    if request.dry_run {
        let reading = door.as_mut().map(|door| door.as_mut() as &mut dyn Api);
        let mut dry = DryRun { server: Server::GitHub, reading, head: about.head.clone(), would: Vec::new() };
        let mut published = writing.all(&mut dry);
        let sent = |call: &crate::ci::api::Call| call.body.as_ref().map_or(0, |body| body.to_string().len());
        published.would = dry.would.iter().map(|call| (call.words(), sent(call))).collect();
        published.text = about.pull.filter(|_| request.comment).and_then(|_| plan.comment(None));
        return Ok(published);
    }
    let Some(mut door) = door else { return Err(Unset("GITHUB_TOKEN").into()) };
    Ok(writing.all(door.as_mut()))
}

#[cfg(feature = "registry")]
pub(super) fn door(access: Access) -> Result<Box<dyn Api>, PublishError> {
    Ok(Box::new(crate::flow::publish::server_api::ServerApi::github(access)?))
}

#[cfg(not(feature = "registry"))]
pub(super) fn door(_: Access) -> Result<Box<dyn Api>, PublishError> {
    Err(PublishError::NoNetwork)
}

/// What another run is about and has left; `None` where its pull request has moved on.
fn of_run(
    client: &mut Client<'_>,
    repository: String,
    id: u64,
    artifact: &str,
) -> Result<Option<Subject>, PublishError> {
    let run = OtherRun::read(client, &repository, id)?;
    let Some(pull) = run.pull(client, &repository)? else { return Ok(None) };
    let workflow = match run.workflow(client, &repository, &pull) {
        Ok(Compared::Same) => Workflow::AsInBase,
        Ok(Compared::Edited) => Workflow::Edited,
        Err(_) => Workflow::Unread,
    };
    let bytes = match run.artifact(client, &repository, artifact) {
        Ok(archive) => report_file::in_archive(&archive),
        Err(OtherRunError::NoArtifact { .. }) => Err(ReportFileError::NoResult),
        Err(error) => return Err(error.into()),
    };
    Ok(Some(Subject {
        about: About { server: Server::GitHub, repository, pull: Some(pull.number), head: run.head.clone() },
        facts: JobFacts { end: Some(run.end), is_fork: pull.is_fork, workflow },
        attempt: Some(Attempt { run: run.id, attempt: run.attempt }),
        link: Link::try_from(format!("{}/attempts/{}", run.url, run.attempt).as_str()).ok(),
        read_only: None,
        bytes,
    }))
}

pub(super) fn attempt(text: &impl Fn(&'static str) -> Option<String>) -> Option<Attempt> {
    let number = |name| text(name)?.parse().ok();
    Some(Attempt { run: number("GITHUB_RUN_ID")?, attempt: number("GITHUB_RUN_ATTEMPT").unwrap_or(1) })
}

pub(super) fn link(text: &impl Fn(&'static str) -> Option<String>) -> Option<Link> {
    let Attempt { run, attempt } = attempt(text)?;
    let (server, repository) = (text("GITHUB_SERVER_URL")?, text("GITHUB_REPOSITORY")?);
    let server = server.trim_end_matches('/');
    Link::try_from(format!("{server}/{repository}/actions/runs/{run}/attempts/{attempt}").as_str()).ok()
}

/// The run and attempt that an address or an external id of ours names.
fn attempt_named(text: &str, between: &str) -> Option<Attempt> {
    let (run, attempt) = text.rsplit_once(between)?;
    let run = run.rsplit('/').next()?;
    Some(Attempt { run: run.parse().ok()?, attempt: attempt.parse().ok()? })
}

struct Writing<'a> {
    request: &'a PublishRequest,
    about: &'a About,
    plan: &'a Plan<'a>,
    place: &'a Place,
    read_only: Option<&'static str>,
}

impl Writing<'_> {
    fn all(&self, door: &mut dyn Api) -> Published {
        let mut client = Client::new(door);
        let mut published = Published::new(self.plan.exit());
        (published.ends, published.complaints) = (self.plan.ends(), self.plan.complaints());
        type Put<'w> = fn(&Writing<'w>, &mut Client<'_>) -> Result<Outcome, ApiError>;
        let sinks: [(&'static str, bool, Put<'_>); 3] = [
            ("comment", self.request.comment, Writing::comment),
            ("status", self.request.status, Writing::status),
            ("check", self.request.check, Writing::check),
        ];
        for (what, is_wanted, put) in sinks {
            if !is_wanted {
                continue;
            }
            if let Some(why) = self.read_only {
                published.outcomes.push(Outcome::left_out(what, why));
                continue;
            }
            match put(self, &mut client) {
                Ok(outcome) => published.outcomes.push(outcome),
                Err(error) => {
                    published.outcomes.push(Outcome { what, code: "failed", words: "not published".to_owned() });
                    published.failures.push(format!("{what}: {}", causes(&error)));
                    published.hints.extend(error.hint().map(|hint| hint.for_command_line()));
                }
            }
        }
        published.calls = client.calls;
        published
    }

    fn comment(&self, client: &mut Client<'_>) -> Result<Outcome, ApiError> {
        let Some(number) = self.about.pull else {
            return Ok(Outcome::left_out("comment", "this run is not of a pull request"));
        };
        let marker = self.plan.marker();
        let sticky = Sticky {
            judged: self.about,
            number,
            marker: &marker,
            author: self.request.author.as_deref().unwrap_or(ACTIONS),
        };
        let body = |before: Option<&str>| self.plan.comment(before);
        let may_overwrite = |there: &str| self.plan.may_overwrite(there);
        let posted: Posted = sticky.put(client, &Text { body: &body, may_overwrite: &may_overwrite })?;
        Ok(Outcome::of_comment(&posted))
    }

    fn context(&self) -> String {
        format!("stella/{}", self.place.key.as_str())
    }

    fn status(&self, client: &mut Client<'_>) -> Result<Outcome, ApiError> {
        let ((state, description), context) = (self.plan.status(), self.context());
        let status = Status {
            judged: self.about,
            context: &context,
            state: state.code(),
            description: &description,
            target: self.place.link.as_ref().map(Link::as_str),
        };
        let is_newer = |target: &str| self.is_older_than(attempt_named(target, "/attempts/"));
        Ok(Outcome::of_written("status", &status.put(client, &is_newer)?))
    }

    fn check(&self, client: &mut Client<'_>) -> Result<Outcome, ApiError> {
        let (check, name) = (self.plan.check(), self.context());
        let annotations: Vec<Value> = check.annotations.iter().map(sent).collect();
        let external_id = self.place.attempt.map(|attempt| format!("{}.{}", attempt.run, attempt.attempt));
        let run = CheckRun {
            judged: self.about,
            name: &name,
            passed: check.passed,
            title: &check.title,
            summary: &check.summary,
            annotations: &annotations,
            external_id: external_id.as_deref(),
            details: self.place.link.as_ref().map(Link::as_str),
        };
        let is_newer = |id: &str| self.is_older_than(attempt_named(id, "."));
        Ok(Outcome::of_written("check", &run.put(client, &is_newer)?))
    }

    fn is_older_than(&self, other: Option<Attempt>) -> bool {
        matches!((self.place.attempt, other), (Some(own), Some(other)) if other > own)
    }
}

/// An annotation as the API takes it.
fn sent(one: &Annotation) -> Value {
    let level = match one.heed {
        Heed::Error => "failure",
        Heed::Warning => "warning",
        Heed::Notice => "notice",
    };
    json!({
        "path": one.place.file, "start_line": one.place.line, "end_line": one.place.line, "annotation_level": level,
        "title": one.title, "message": one.message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_an_id_of_ours_name_their_attempt() {
        let at = |run, attempt| Some(Attempt { run, attempt });
        assert_eq!(attempt_named("https://github.com/o/r/actions/runs/12/attempts/3", "/attempts/"), at(12, 3));
        assert_eq!(attempt_named("12.3", "."), at(12, 3));
        for other in ["", "12", "https://github.com/o/r/actions/runs/12", "x.y"] {
            assert_eq!(attempt_named(other, "."), None, "{other}");
        }
    }
}
