//! Which replays of a run a gate looks at: those in which the candidate ran, where there is one.
//!
//! A replay as recorded says nothing of what a pull request changes, however well it matches. Invariant: where there is a
//! candidate no pinned replay counts for it, and where nobody can say what it does the gate has no answer.

use crate::model::candidate::Candidate;
use crate::model::gate_result::{About, Numbers, ReasonCode, Weight};
use crate::model::outcome::Outcome;
use crate::model::result::{ReplayResult, RunResult};
use crate::model::shard::Part;
use crate::score::gate::findings::Findings;

/// Which replays count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CountedReplays {
    /// Those in which the candidate ran.
    Candidate,
    /// All: the repository builds nothing.
    Everything,
    /// None: there should be a candidate and there is none.
    Nothing,
}

impl CountedReplays {
    pub(super) fn counts(self, replay: &ReplayResult) -> bool {
        match self {
            Self::Candidate => replay.candidate,
            Self::Everything => true,
            Self::Nothing => false,
        }
    }
}

/// Finds which replays count, with what is to be said of it; `without` is the weight of a repository that builds nothing.
pub(super) fn seen(run: &RunResult, without: Weight, findings: &mut Findings) -> CountedReplays {
    all_is_there(run, findings);
    let mut whole = |code, weight, numbers| findings.everything(code, weight, numbers);
    let missing = match &run.candidate {
        Candidate::Built(_) => {
            built(run, findings);
            return CountedReplays::Candidate;
        }
        Candidate::None => {
            whole(ReasonCode::NoCandidate, without, Numbers::None);
            return if without == Weight::Note { CountedReplays::Everything } else { CountedReplays::Nothing };
        }
        Candidate::Unknown => ReasonCode::CandidateUnknown,
        Candidate::LeftOut => ReasonCode::CandidateLeftOut,
        Candidate::Dropped => ReasonCode::CandidateDropped,
    };
    whole(missing, Weight::Insufficient, Numbers::None);
    CountedReplays::Nothing
}

/// A part of a run would pass for the whole.
pub(super) fn all_is_there(run: &RunResult, findings: &mut Findings) {
    let mut whole = |code, numbers| findings.everything(code, Weight::Insufficient, numbers);
    match &run.part {
        Part::Whole => {}
        Part::Selected | Part::Shard(_) => whole(ReasonCode::PartialRun, Numbers::None),
        Part::Incomplete(missing) => {
            let of = missing.first().map_or(0, |shard| shard.count().into());
            whole(ReasonCode::MissingShard, Numbers::Share { count: missing.len() as u64, of });
        }
    }
    if run.replays.is_empty() {
        whole(ReasonCode::NothingReplayed, Numbers::None);
    }
}

fn built(run: &RunResult, findings: &mut Findings) {
    let coverage = run.coverage();
    let all = coverage.all();
    if all.of > 0 && coverage.concerned == 0 {
        let numbers = Numbers::Share { count: 0, of: all.of };
        findings.everything(ReasonCode::CandidateNotRun, Weight::Insufficient, numbers);
    }
    let canaries = coverage.canaries;
    if coverage.concerns_no_canary() {
        let numbers = Numbers::Share { count: 0, of: canaries.of };
        findings.everything(ReasonCode::CandidateConcernsNoCanary, Weight::Insufficient, numbers);
    } else if !coverage.unclaimed.is_empty() {
        let numbers = Numbers::Share { count: coverage.unclaimed.len() as u64, of: canaries.of };
        findings.everything(ReasonCode::UnclaimedCanaries, Weight::Note, numbers);
    }
    for replay in run.replays.iter().filter(|replay| !replay.candidate) {
        if !matches!(replay.outcome, Outcome::Match { .. }) {
            let about = About::Replay(replay.id.clone());
            findings.add(ReasonCode::PinnedNotMatching, Weight::Note, about, Numbers::None);
        }
    }
}
