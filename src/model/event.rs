//! The one stream of events that every output subscribes to.
//!
//! Invariant: terminal, JUnit, result JSON and summary are made from these events alone, so that no two
//! of them can disagree. A run is `BuildSaid` as often as its build
//! speaks, `RunStarted`, one `Discovered` per replay, then per replay `Started` and
//! `Finished` in any interleaving, then `RunFinished`.

use crate::model::result::{Mode, ReplayResult, RunResult, SubjectKind};

/// Something that happened in a run.
#[derive(Debug, Clone)]
pub enum Event {
    /// The run begins.
    RunStarted {
        /// How many replays run at the same time.
        jobs: usize,
    },
    /// A line that the build of the subject says, before the run begins.
    BuildSaid(String),
    /// A replay will run.
    Discovered {
        /// Its id.
        id: String,
        /// What it is made from.
        kind: SubjectKind,
        /// Which question it answers.
        mode: Mode,
    },
    /// A replay begins.
    Started {
        /// Its id.
        id: String,
    },
    /// A replay ended: executed, compared and its cause named.
    Finished(Box<ReplayResult>),
    /// Something to know that never changes the verdict.
    Warning(String),
    /// The run ended; the result holds every `Finished` replay.
    RunFinished(Box<RunResult>),
}

/// Listens to a run.
pub trait Subscriber {
    /// Called for every event, in order, from one thread.
    fn on_event(&mut self, event: &Event);
}
