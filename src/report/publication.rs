//! The neutral value of every report: the result of a run, and what the place where it is shown adds.
//!
//! Invariants: everything in it was checked when it was made, so that no emitter has to: a key is of few characters, an address
//! is of HTTPS and short, a commit is hexadecimal. Absent: tokens, and the addresses of any API.

use jiff::Timestamp;

use crate::model::exit::Exit;
use crate::model::result::RunResult;
use crate::report::attempt::Attempt;
use crate::report::badge::Badge;
use crate::report::doubt::Doubt;
use crate::report::origin::{Commit, Key, Link};
use crate::report::standing::Standing;

/// What is shown, to whichever reader.
#[derive(Debug, Clone)]
pub struct Publication<'a> {
    /// What a run found.
    pub run: &'a RunResult,
    /// Tells the reports of several jobs on one pull request apart.
    pub key: Key,
    /// The commit that was judged, where it is known.
    pub commit: Option<Commit>,
    /// Where the whole report can be had.
    pub link: Option<Link>,
    /// What the last report on the same pull request said.
    pub before: Option<Standing>,
    /// The badge, as far as this report knows.
    pub badge: Badge,
    /// Which attempt of which run shows it, where that is known.
    pub attempt: Option<Attempt>,
    /// Why what the run says is not taken at its word: only who publishes what another job wrote has any.
    pub doubts: Vec<Doubt>,
}

impl<'a> Publication<'a> {
    /// A report of `run` alone, with the badge of its own replays.
    pub fn of(run: &'a RunResult, now: Timestamp) -> Self {
        let badge = Badge::of_run(run, now);
        Self {
            run,
            key: Key::default(),
            commit: None,
            link: None,
            before: None,
            badge,
            attempt: None,
            doubts: Vec::new(),
        }
    }

    /// How it ends: as the run does, and never well where there is a doubt.
    pub fn exit(&self) -> Exit {
        Exit::strongest([self.run.exit()].into_iter().chain(self.doubts.iter().map(|doubt| doubt.exit())))
    }
}
