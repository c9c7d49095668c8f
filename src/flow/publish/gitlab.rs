//! Publishes at GitLab: one note on the merge request, kept up to date.
//!
//! How the job of the gate ended, GitLab is asked; who the token writes as, too. A pipeline of a fork runs in the fork's project, where
//! no token of this one is, or here, where a member lets it: then it is trusted as a fork's is.
//!
//! Invariants: as at GitHub; no line of a note is one that GitLab carries out.

use std::ffi::OsString;

use serde::Deserialize;

use crate::ci::api::{Api, ApiError, Call, Client, Server};
use crate::ci::gitlab::{Access, Pipeline, TOKEN, Unset};
use crate::ci::pull_head::Judged as About;
use crate::ci::sticky_comment::{Sticky, Text};
use crate::flow::publish::dry_run::DryRun;
use crate::flow::publish::judged::{self, JobFacts, Workflow};
use crate::flow::publish::outcome::{Outcome, Published};
use crate::flow::publish::plan::{NoResult, Place, Plan};
use crate::flow::publish::report_file;
use crate::flow::publish::request::{PublishError, PublishRequest, Source};
use crate::host::clock;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::error_chain::causes;
use crate::model::exit::Exit;
use crate::model::job_end::JobEnd;
use crate::report::attempt::Attempt;
use crate::report::emit::comment;
use crate::report::origin::{Commit, Link};

/// The job of the gate, where nobody says how it is called.
const GATE: &str = "stella";

/// Publishes what is asked for; `variable` reads the environment.
///
/// # Errors
/// [`PublishError`]; what could not be written is not one, and told in the result.
pub fn publish(
    request: &PublishRequest,
    variable: impl Fn(&str) -> Option<OsString> + Copy,
) -> Result<Published, PublishError> {
    let Source::Folder(folder) = &request.source else { return Err(PublishError::NotHere("another run is named")) };
    for (is_asked, what) in [
        (request.end.is_some(), "how the job ended is told by GitLab, and was given"),
        (request.status, "a status is wanted, which the job itself has"),
        (request.check, "a check run is wanted, which GitLab does not have"),
        (!request.comment, "no note is wanted, and nothing else is written"),
    ] {
        if is_asked {
            return Err(PublishError::NotHere(what));
        }
    }
    let pipeline = Pipeline::told(variable)?;
    let gate = request.job.as_deref().unwrap_or(GATE);
    if pipeline.job_name == gate {
        return Err(PublishError::OwnJob(gate.to_owned()));
    }
    if pipeline.is_elsewhere {
        let mut published = Published::new(Exit::Passed);
        let why = "a merge request from a fork has its pipeline there, without a token of this project";
        published.outcomes.push(Outcome::left_out("comment", why));
        return Ok(published);
    }
    let bytes = report_file::in_folder(folder);
    let mut door = match Access::told(variable) {
        Ok(access) => Some(door(access)?),
        Err(_) if request.dry_run => None,
        Err(unset) => return Err(unset.into()),
    };
    // How it ended is not known where nobody can be asked: then nothing is green.
    let (mut end, mut author, mut unasked) = (None, request.author.clone(), None);
    if let Some(door) = &mut door {
        let mut client = Client::new(door.as_mut());
        match asked(&pipeline, gate, &mut client) {
            Ok((told, login)) => {
                end = told;
                author.get_or_insert(login);
            }
            Err(error) => unasked = Some(error),
        }
    }
    // The pipeline of a fork goes by the fork's own `.gitlab-ci.yml`: nobody here knows what its job ran.
    let workflow = if pipeline.is_of_fork { Workflow::Unread } else { Workflow::NotAsked };
    let facts = JobFacts { end, is_fork: pipeline.is_of_fork, workflow };
    let found = match bytes {
        Err(error) => Err(NoResult::from(error)),
        Ok(bytes) => match judged::judge(&bytes, facts, clock::now()) {
            Err(error) if error.kind() == FailureKind::Usage => return Err(error.into()),
            other => other.map_err(NoResult::from),
        },
    };
    let place = Place {
        key: request.key.clone(),
        commit: Commit::try_from(pipeline.head.as_str()).ok(),
        link: pipeline.url.as_deref().and_then(|url| Link::try_from(url).ok()),
        attempt: Some(Attempt { run: pipeline.id, attempt: pipeline.job }),
    };
    let plan = Plan::of(&found, &place);
    let mut published = Published::new(plan.exit());
    (published.ends, published.complaints) = (plan.ends(), plan.complaints());
    let Some(number) = pipeline.merge_request else {
        published.outcomes.push(Outcome::left_out("comment", "this pipeline is not of a merge request"));
        return Ok(published);
    };
    let about = About {
        server: Server::GitLab,
        repository: pipeline.project.to_string(),
        pull: Some(number),
        head: pipeline.head.clone(),
    };
    let author = author.unwrap_or_default();
    let note = Note { about: &about, number, author: &author, plan: &plan };
    if let Some(error) = unasked {
        note.failed(&mut published, &error);
    } else if request.dry_run {
        let reading = door.as_mut().map(|door| door.as_mut() as &mut dyn Api);
        let mut dry = DryRun { server: Server::GitLab, reading, head: about.head.clone(), would: Vec::new() };
        note.put(&mut Client::new(&mut dry), &mut published);
        let sent = |call: &Call| call.body.as_ref().map_or(0, |body| body.to_string().len());
        published.would = dry.would.iter().map(|call| (call.words(), sent(call))).collect();
        published.text = note.body(None);
    } else if let Some(door) = &mut door {
        note.put(&mut Client::new(door.as_mut()), &mut published);
    } else {
        return Err(Unset(TOKEN).into());
    }
    Ok(published)
}

#[cfg(feature = "registry")]
fn door(access: Access) -> Result<Box<dyn Api>, PublishError> {
    Ok(Box::new(crate::flow::publish::server_api::ServerApi::gitlab(access)?))
}

#[cfg(not(feature = "registry"))]
fn door(_: Access) -> Result<Box<dyn Api>, PublishError> {
    Err(PublishError::NoNetwork)
}

/// How the gate's job ended, and who the token writes as.
fn asked(pipeline: &Pipeline, gate: &str, client: &mut Client<'_>) -> Result<(Option<JobEnd>, String), ApiError> {
    #[derive(Deserialize)]
    struct User {
        username: String,
    }
    let User { username } = client.read("user")?;
    Ok((pipeline.end_of(gate, client)?, username))
}

struct Note<'a> {
    about: &'a About,
    number: u64,
    author: &'a str,
    plan: &'a Plan<'a>,
}

impl Note<'_> {
    fn body(&self, before: Option<&str>) -> Option<String> {
        self.plan.comment(before).map(|body| comment::for_gitlab(&body))
    }

    fn put(&self, client: &mut Client<'_>, published: &mut Published) {
        let marker = self.plan.marker();
        let sticky = Sticky { judged: self.about, number: self.number, marker: &marker, author: self.author };
        let body = |before: Option<&str>| self.body(before);
        let may_overwrite = |there: &str| self.plan.may_overwrite(there);
        match sticky.put(client, &Text { body: &body, may_overwrite: &may_overwrite }) {
            Ok(posted) => published.outcomes.push(Outcome::of_comment(&posted)),
            Err(error) => self.failed(published, &error),
        }
        published.calls = client.calls;
    }

    fn failed(&self, published: &mut Published, error: &ApiError) {
        published.outcomes.push(Outcome { what: "comment", code: "failed", words: "not published".to_owned() });
        published.failures.push(format!("comment: {}", causes(error)));
        published.hints.extend(error.hint().map(|hint| hint.for_command_line()));
    }
}
