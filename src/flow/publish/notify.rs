//! Keeps one issue open for each scan that fails and each cause, and closes those that are green again.
//!
//! Invariants: it is about the default branch alone; nothing is closed by a report that is missing, partial or not believed; what a newer run
//! wrote stays. What cannot be written changes no verdict.

use std::ffi::OsString;
use std::path::Path;

use crate::ci::api::{Api, ApiError, Client, Server};
use crate::ci::default_branch;
use crate::ci::github::access::{Access, Unset};
use crate::ci::github::event::{self, Event};
use crate::ci::github::issue::Board;
use crate::flow::publish::dry_run::DryRun;
use crate::flow::publish::github::{ACTIONS, MAX_EVENT, attempt, door, link};
use crate::flow::publish::issues::{Fate, Issues};
use crate::flow::publish::judged::{self, JobFacts};
use crate::flow::publish::outcome::{Outcome, Published};
use crate::flow::publish::plan::{NoResult, Place};
use crate::flow::publish::report_file;
use crate::flow::publish::request::{NotifyRequest, PublishError};
use crate::flow::publish::same_job;
use crate::host::{clock, fs};
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::error_chain::causes;
use crate::model::exit::Exit;
use crate::report::origin::Commit;

/// Tells of what is asked for; `variable` reads the environment.
///
/// # Errors
/// [`PublishError`]; what could not be written is not one, and told in the result.
pub fn notify(
    request: &NotifyRequest,
    variable: impl Fn(&str) -> Option<OsString> + Copy,
) -> Result<Published, PublishError> {
    let file = |path: &str| fs::read(Path::new(path), MAX_EVENT).ok();
    let sha = match event::told(variable, file)? {
        Event::Commit { sha } => sha,
        Event::Pull { .. } | Event::OtherRun => return Err(PublishError::NoDefaultBranch),
    };
    let told = default_branch::told(variable, file);
    let text = |name: &'static str| variable(name)?.into_string().ok().filter(|text| !text.is_empty());
    // A schedule runs on that branch alone, and its event may not name it.
    let is_scheduled = text("GITHUB_EVENT_NAME").as_deref() == Some("schedule");
    match (told.name, told.of_this_run) {
        (_, Some(_)) => {}
        (Some(name), None) => return Err(PublishError::OtherBranch(name)),
        (None, None) if is_scheduled => {}
        (None, None) => return Err(PublishError::NoDefaultBranch),
    }
    let repository = text("GITHUB_REPOSITORY").ok_or(Unset("GITHUB_REPOSITORY"))?;
    let mut door = match Access::told(variable) {
        Ok(access) => Some(door(access)?),
        Err(_) if request.dry_run => None,
        Err(unset) => return Err(unset.into()),
    };
    let facts = JobFacts { end: request.end, ..JobFacts::default() };
    let found = match report_file::in_folder(&request.report) {
        Err(error) => Err(NoResult::from(error)),
        Ok(bytes) => match judged::outcomes(&bytes, facts, clock::now()) {
            Err(error) if error.kind() == FailureKind::Usage => return Err(error.into()),
            other => other.map_err(NoResult::from),
        },
    };
    let passed = matches!(found, Ok((_, true)));
    let found = found.map(|(judged, _)| judged);
    if same_job::gate_ran_here(variable).map_err(PublishError::Temp)? {
        same_job::check(&found, request.builds)?;
    }
    let commit = Commit::try_from(sha.as_str()).ok();
    let place = Place { key: request.key.clone(), commit, link: link(&text), attempt: attempt(&text) };
    let issues = Issues::of(&found, passed, &place);
    let prefix = issues.prefix();
    let board =
        Board { repository: &repository, prefix: &prefix, author: request.author.as_deref().unwrap_or(ACTIONS) };
    let mut published = Published::new(issues.exit());
    match &found {
        Ok(judged) => {
            published.complaints = judged.doubts.iter().map(|doubt| doubt.words()).collect();
            published.ends = Exit::strongest(judged.doubts.iter().map(|doubt| doubt.exit()));
        }
        Err(error) => {
            published.complaints = vec![causes(error)];
            published.ends = Exit::Infrastructure;
        }
    }
    if request.dry_run {
        let reading = door.as_mut().map(|door| door.as_mut() as &mut dyn Api);
        let mut dry = DryRun { server: Server::GitHub, reading, head: sha, would: Vec::new() };
        write(&mut Client::new(&mut dry), &board, &issues, &mut published);
        let sent = |call: &crate::ci::api::Call| call.body.as_ref().map_or(0, |body| body.to_string().len());
        published.would = dry.would.iter().map(|call| (call.words(), sent(call))).collect();
        published.text = issues.wanted().first().map(|one| one.body.clone());
        return Ok(published);
    }
    let Some(mut door) = door else { return Err(Unset("GITHUB_TOKEN").into()) };
    let mut client = Client::new(door.as_mut());
    write(&mut client, &board, &issues, &mut published);
    published.calls = client.calls;
    Ok(published)
}

fn write(client: &mut Client<'_>, board: &Board<'_>, issues: &Issues<'_>, published: &mut Published) {
    if let Err(error) = all(client, board, issues, &mut published.outcomes) {
        published.outcomes.push(Outcome {
            what: "issue",
            code: "failed",
            words: "not everything was written".to_owned(),
        });
        published.failures.push(format!("issue: {}", causes(&error)));
        published.hints.extend(error.hint().map(|hint| hint.for_command_line()));
    }
}

fn all(
    client: &mut Client<'_>,
    board: &Board<'_>,
    issues: &Issues<'_>,
    outcomes: &mut Vec<Outcome>,
) -> Result<(), ApiError> {
    let mut tell = |code, words| outcomes.push(Outcome { what: "issue", code, words });
    let there = board.open(client)?;
    let wanted = issues.wanted();
    let mut is_any_new = false;
    for one in &wanted {
        match there.iter().find(|issue| issue.marker() == one.marker) {
            Some(issue) if !issues.may_overwrite(issue.body()) => {
                tell("newer", format!("#{}: a newer run wrote it", issue.number));
            }
            Some(issue) => {
                let is_new = board.update(client, issue, &one.title, &one.body)?;
                let (code, words) =
                    if is_new { ("updated", "written over") } else { ("unchanged", "it says that already") };
                tell(code, format!("#{}: {words}", issue.number));
            }
            None => {
                let number = board.create(client, &one.title, &one.body)?;
                is_any_new = true;
                tell("created", number.map_or_else(|| "opened".to_owned(), |number| format!("#{number}: opened")));
            }
        }
    }
    let markers = Issues::markers(&wanted);
    for issue in there.iter().filter(|issue| !markers.contains(issue.marker())) {
        let fate = issues.fate(issue.marker());
        if fate == Fate::Stays {
            tell(
                "kept",
                format!(
                    "#{}: stays open: what it is about fails as before, was not replayed, or nothing is believed",
                    issue.number
                ),
            );
        } else if !issues.may_overwrite(issue.body()) {
            tell("newer", format!("#{}: a newer run wrote it", issue.number));
        } else {
            board.close(client, issue.number, &issues.last_words(issue.marker(), fate), fate == Fate::Green)?;
            tell("closed", format!("#{}: closed", issue.number));
        }
    }
    if is_any_new {
        let twice = board.settle(client)?;
        if twice > 0 {
            tell("settled", format!("{twice} closed that were there twice"));
        }
    }
    if outcomes.is_empty() {
        outcomes.push(Outcome {
            what: "issue",
            code: "quiet",
            words: "nothing fails, and no issue is open".to_owned(),
        });
    }
    Ok(())
}
