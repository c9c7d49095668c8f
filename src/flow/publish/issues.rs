//! One issue for each scan that fails and each cause: what is said, and which of those that are there are closed.
//!
//! Invariants: it follows from its arguments alone; what was not replayed, or is not believed, closes nothing; a first line holds no
//! foreign text. Absent: how it gets there.

use std::collections::BTreeSet;

use crate::flow::publish::judged::Judged;
use crate::flow::publish::plan::{NoResult, Place};
use crate::model::digest::Digest;
use crate::model::error_chain::causes;
use crate::model::exit::Exit;
use crate::model::outcome::Outcome;
use crate::model::result::{ReplayResult, RunResult};
use crate::report::attempt::Attempt;
use crate::report::markdown::{self, Lead, Md};
use crate::report::origin::{Commit, Link};
use crate::report::{phrases, untrusted};

/// Issues that one run opens or writes over; the others are counted in one of their own.
pub const MOST: usize = 20;
/// Bytes of the page in an issue: GitHub takes 65,536 characters.
const LIMIT: usize = 60_000;
/// Characters of a title.
const TITLE: usize = 120;

/// An issue that is to be open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The first line of its body.
    pub marker: String,
    /// Its title.
    pub title: String,
    /// Its body, with that line.
    pub body: String,
}

/// What becomes of an issue that is there and is not to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// What it is about is green.
    Green,
    /// What it is about fails for another cause.
    OtherCause,
    /// What it is about fails as before, was not replayed, or nothing is believed: it stays open.
    Stays,
}

/// All issues of one report.
#[derive(Debug)]
pub struct Issues<'a> {
    place: &'a Place,
    found: &'a Result<Judged, NoResult>,
    /// The run says that it passed, as its gate judged it.
    passed: bool,
}

impl<'a> Issues<'a> {
    /// Of what was found, in its place. A gate that has `passed` may let a scan fail: that has its issue all the same.
    pub fn of(found: &'a Result<Judged, NoResult>, passed: bool, place: &'a Place) -> Self {
        Self { place, found, passed }
    }

    /// What the first line of every issue of this key begins with.
    pub fn prefix(&self) -> String {
        format!("<!-- stella:issue:{}:", self.place.key.as_str())
    }

    /// How what is shown ends.
    pub fn exit(&self) -> Exit {
        match self.found {
            Ok(Judged { run, doubts }) => {
                let own = match (self.passed, run.exit()) {
                    (true, _) => Exit::Passed,
                    (false, Exit::Passed) => Exit::Failed,
                    (false, exit) => exit,
                };
                Exit::strongest([own].into_iter().chain(doubts.iter().map(|one| one.exit())))
            }
            Err(_) => Exit::Infrastructure,
        }
    }

    /// What is believed.
    fn believed(&self) -> Option<&'a RunResult> {
        self.found.as_ref().ok().filter(|judged| judged.doubts.is_empty()).map(|judged| &judged.run)
    }

    /// Those that are to be open.
    pub fn wanted(&self) -> Vec<Wanted> {
        let run = match self.found {
            Err(error) => return vec![self.alone("no-result", "the run left no result", &causes(error))],
            Ok(Judged { doubts, .. }) if !doubts.is_empty() => {
                let why: Vec<String> = doubts.iter().map(|doubt| doubt.words()).collect();
                return vec![self.alone("not-trusted", "the result is not trusted", &why.join("; "))];
            }
            Ok(Judged { run, .. }) => run,
        };
        let failing: Vec<&ReplayResult> = run.replays.iter().filter(|replay| !phrases::is_match(replay)).collect();
        if failing.is_empty() && self.exit() != Exit::Passed {
            return vec![self.alone("run", "the run failed, and every replay matches", &phrases::verdict(run))];
        }
        let mut wanted: Vec<Wanted> = failing.iter().take(MOST).map(|replay| self.replay(run, replay)).collect();
        if failing.len() > MOST {
            let rest: Vec<String> = failing[MOST..].iter().map(|replay| replay.id.clone()).collect();
            let title = format!("{} more scans fail", rest.len());
            wanted.push(self.alone("more", &title, &untrusted::list(&rest, 200)));
        }
        wanted
    }

    /// What becomes of an issue whose first line is `marker` and which is not wanted.
    pub fn fate(&self, marker: &str) -> Fate {
        let Some(run) = self.believed() else { return Fate::Stays };
        let Some(of) = marker.strip_prefix(&self.prefix()).and_then(|rest| rest.split(':').next()) else {
            return Fate::Stays;
        };
        if of == ALONE {
            // What it said of the run as a whole is so no more.
            return if self.exit() == Exit::Passed { Fate::Green } else { Fate::OtherCause };
        }
        // A run of a part says nothing of the rest; what is left out of the suite is not green for that.
        let replays: Vec<&ReplayResult> = run.replays.iter().filter(|replay| id_of(replay) == of).collect();
        match replays.as_slice() {
            [] => Fate::Stays,
            // What could not be compared is neither green nor anything else.
            some if !some.iter().all(|replay| is_compared(&replay.outcome)) => Fate::Stays,
            some if some.iter().all(|replay| phrases::is_match(replay)) => Fate::Green,
            // It fails as before, and is counted with others where no more are told one by one.
            some if some.iter().any(|replay| self.marker(replay) == marker) => Fate::Stays,
            _ => Fate::OtherCause,
        }
    }

    /// What an issue says that is closed.
    pub fn last_words(&self, marker: &str, fate: Fate) -> String {
        let page = match fate {
            Fate::Green => "It matches again.\n",
            Fate::OtherCause => "It fails for another cause now, which has an issue of its own.\n",
            Fate::Stays => "",
        };
        self.framed(marker, page)
    }

    /// Whether what is there comes from this run's attempt or an earlier one.
    pub fn may_overwrite(&self, there: &str) -> bool {
        match (self.place.attempt, Attempt::read(there)) {
            (Some(ours), Some(theirs)) => theirs <= ours,
            _ => true,
        }
    }

    /// The first line of the issue of a replay that fails as this one does.
    fn marker(&self, replay: &ReplayResult) -> String {
        format!("{}{}:{} -->", self.prefix(), id_of(replay), short(&[&cause_code(&replay.outcome)]))
    }

    fn replay(&self, run: &RunResult, replay: &ReplayResult) -> Wanted {
        let cause = phrases::cause_cell(&replay.outcome);
        let marker = self.marker(replay);
        let outcome = phrases::outcome(&replay.outcome);
        let because = if cause.is_empty() { String::new() } else { format!(" ({cause})") };
        let title = fitted(&format!("stella: {} {outcome}{because}", untrusted::line(&replay.id)));
        // The page of a run with this replay alone.
        let one =
            RunResult::new(run.stella_version.clone(), run.started_at, run.finished_at, vec![replay.clone()], vec![]);
        let mut page = Md::new();
        if let Some(source) = &replay.source {
            page.raw("Recorded in ").code(&source.file).raw(".\n\n");
        }
        let text = page.into_string() + &markdown::render_with(&one, LIMIT, &Lead::default());
        let body = self.framed(&marker, &text);
        Wanted { marker, title, body }
    }

    /// An issue that is about the run and no replay of it.
    fn alone(&self, cause: &str, what: &str, why: &str) -> Wanted {
        let marker = format!("{}{ALONE}:{} -->", self.prefix(), short(&[cause]));
        let mut page = Md::new();
        page.raw("## stella: ").text(what).raw("\n\n").text(why).raw("\n\nThe log of its job says more.\n");
        let body = self.framed(&marker, &page.into_string());
        Wanted { marker, title: fitted(&format!("stella: {what}")), body }
    }

    fn framed(&self, marker: &str, page: &str) -> String {
        let Place { commit, link, attempt, .. } = self.place;
        let commit = commit.as_ref().map(|commit: &Commit| format!("commit `{}`", commit.short()));
        let link = link.as_ref().map(|link: &Link| format!("[the run]({})", link.as_str()));
        let origin: Vec<String> = commit.into_iter().chain(link).collect();
        let hidden = attempt.map(|attempt| attempt.hidden() + "\n").unwrap_or_default();
        format!("{marker}\n{page}\n{}\n\n{hidden}", origin.join(" · "))
    }

    /// First lines of those that are to be open.
    pub fn markers(wanted: &[Wanted]) -> BTreeSet<&str> {
        wanted.iter().map(|one| one.marker.as_str()).collect()
    }
}

/// Stands where another issue has its replay.
const ALONE: &str = "run";

fn is_compared(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Match { .. } | Outcome::Drift { .. } | Outcome::Flaky { .. } => true,
        Outcome::Unhealthy { .. } | Outcome::Unreplayable { .. } | Outcome::Infra { .. } => false,
    }
}

/// What a replay is called in a first line: no text of a stranger.
fn id_of(replay: &ReplayResult) -> String {
    short(&[phrases::kind(replay.kind), phrases::mode(replay.mode), &replay.id])
}

/// Why it fails, in words of ours that do not change from night to night.
fn cause_code(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Drift { causes } => {
            // Not how it is known: that is another with every budget.
            let of: BTreeSet<String> = causes.iter().map(|cause| cause.reason.to_string()).collect();
            format!("drift {}", of.into_iter().collect::<Vec<_>>().join(" "))
        }
        other => phrases::outcome(other).to_owned(),
    }
}

fn short(parts: &[&str]) -> String {
    Digest::of(parts.join("\n").as_bytes()).hex().chars().take(16).collect()
}

fn fitted(title: &str) -> String {
    let title = untrusted::unmentioned(title);
    if title.chars().count() <= TITLE { title } else { title.chars().take(TITLE - 1).chain(['…']).collect() }
}
