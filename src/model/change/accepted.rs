//! What was accepted of a run, or could be.

use jiff::civil::Date;

use crate::model::change::approval::{Approval, ChangeKey, Changed};
use crate::model::change::base::Change;
use crate::model::digest::Digest;
use crate::model::outcome::Outcome;
use crate::model::result::{ReplayResult, RunResult};

/// What was accepted of a run, or could be.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The run, judged as a pull request is.
    pub run: RunResult,
    /// What names all changes of it that are open.
    pub exactly: Digest,
    /// Those of them that were chosen.
    pub chosen: Vec<ChangeKey>,
    /// Entries that were written.
    pub written: Vec<Approval>,
    /// Cases and canaries that differ from themselves: that is not a change that could be named.
    pub flaky: Vec<String>,
    /// What the checkout changes of the base and nobody can approve.
    pub refused: Vec<Change>,
    /// Cases and canaries that were recorded anew.
    pub recorded: Vec<String>,
    /// Approvals from before.
    pub earlier: Vec<Approval>,
}

impl Accepted {
    /// The last day on which an entry that was written counts, where it is of a difference whose recording stays as it was: it differs
    /// again from then on.
    pub fn differs_again_after(&self) -> Option<Date> {
        let stays = |entry: &&Approval| match &entry.key.of {
            Changed::Difference { id, .. } => !self.recorded.contains(id),
            Changed::Golden { .. } | Changed::Recording { .. } | Changed::Rule { .. } => false,
        };
        self.written.iter().filter(stays).map(|entry| entry.until).min()
    }

    /// Replays of which nobody can say whether they differ.
    pub fn unjudged(&self) -> impl Iterator<Item = &ReplayResult> {
        let is_unjudged = |replay: &&ReplayResult| match replay.outcome {
            Outcome::Match { .. } | Outcome::Drift { .. } | Outcome::Flaky { .. } => false,
            Outcome::Unhealthy { .. } | Outcome::Unreplayable { .. } | Outcome::Infra { .. } => true,
        };
        self.run.replays.iter().filter(is_unjudged)
    }

    /// The approval that a change takes back.
    pub fn takes_back(&self, key: &ChangeKey) -> Option<&Approval> {
        let inverse = key.inverse();
        self.earlier.iter().find(|earlier| earlier.key.covers(&inverse))
    }

    /// The replay whose difference a change is.
    pub fn replay_of(&self, key: &ChangeKey) -> Option<&ReplayResult> {
        let Changed::Difference { id, .. } = &key.of else { return None };
        self.run.replays.iter().find(|replay| replay.id == *id)
    }
}
