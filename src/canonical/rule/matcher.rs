//! Follows the paths of rules down a document.
//!
//! Invariant: a place costs at most one step of every rule that is still open there.

use std::ops::Range;

use crate::canonical::rule::pattern::{Pattern, Progress};
use crate::canonical::rule::{Rule, Stage};

/// Where the rules of one stage stand on the way down.
pub(crate) struct Follower<'r> {
    paths: Vec<(usize, &'r Pattern)>,
    /// A stack: what is open at each level of the way down.
    open: Vec<(usize, Progress)>,
}

/// What the rules say about one place.
pub(crate) struct Place {
    /// The part of [`Follower::open`] that is about it.
    open: Range<usize>,
    /// The first rule that means it, by its number in the profile.
    pub(crate) decision: Option<usize>,
}

impl<'r> Follower<'r> {
    /// At the whole document, with the rules of one stage.
    pub(crate) fn start(rules: &'r [Rule], stage: Stage) -> (Self, Place) {
        let meant = rules.iter().enumerate().filter(|(_, rule)| rule.action().stage() == stage);
        Self::of(meant.map(|(index, rule)| (index, rule.path())).collect())
    }

    /// At the whole document, with `paths`, each under its number.
    pub(crate) fn of(paths: Vec<(usize, &'r Pattern)>) -> (Self, Place) {
        let open: Vec<_> = paths.iter().enumerate().map(|(at, (_, path))| (at, path.start())).collect();
        let first = paths.iter().find(|(_, path)| path.is_match(path.start()));
        let place = Place { open: 0..open.len(), decision: first.map(|(index, _)| *index) };
        (Self { paths, open }, place)
    }

    /// One level below: at the member `name`, or at every element.
    pub(crate) fn below(&mut self, place: &Place, name: Option<&str>) -> Place {
        let start = self.open.len();
        let mut decision = None;
        for entry in place.open.clone() {
            let (at, progress) = self.open[entry];
            let (index, path) = self.paths[at];
            let progress = path.step(progress, name);
            if path.is_match(progress) {
                decision = decision.or(Some(index));
            }
            if path.is_open(progress) {
                self.open.push((at, progress));
            }
        }
        Place { open: start..self.open.len(), decision }
    }

    /// Back up from `place`.
    pub(crate) fn leave(&mut self, place: &Place) {
        self.open.truncate(place.open.start);
    }

    /// Whether nothing below `place` can be meant any more.
    pub(crate) fn is_done(&self, place: &Place) -> bool {
        place.open.is_empty()
    }
}
