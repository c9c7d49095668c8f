//! The candidate on the wire: what it is, and on how many replays it was run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::candidate::{self, Candidate, Named};
use crate::model::digest::Digest;
use crate::model::result::RunResult;
use crate::model::same_words::same_words;

/// What a checkout builds, and on how many replays it was run: numbers of their own, in no rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CandidateV1 {
    /// Whether there is one.
    pub state: CandidateState,
    /// What kind of thing it is; null where there is none.
    pub kind: Option<CandidateKind>,
    /// Its name: an engine, or a path in the repository; null where there is none.
    pub name: Option<String>,
    /// Its digest, where the replays in which it ran have one and the same: of a scanner's file, or of a policy's content. Absent for a feed,
    /// where shards built it each for itself and not alike, and in results that were written before they told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Replays in which it ran.
    pub ran: u64,
    /// All cases and canaries of the run.
    pub of: u64,
    /// The same of cases alone.
    pub cases: RanOn,
    /// The same of canaries alone.
    pub canaries: RanOn,
    /// Canaries in which it did not run, by id: they were replayed as recorded.
    pub unclaimed: Vec<String>,
}

/// Whether there is a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CandidateState {
    /// It was built and swapped in.
    Built,
    /// The repository builds none.
    None,
    /// The base builds one, and this checkout does not.
    Dropped,
    /// It was left out on request: everything was replayed as recorded.
    LeftOut,
}

/// What kind of thing a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CandidateKind {
    /// The built-in scanner.
    BuiltIn,
    /// A scanner of the repository.
    Scanner,
    /// A feed.
    Feed,
    /// A policy.
    Policy,
}

/// How many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RanOn {
    /// Those in which the candidate ran.
    pub ran: u64,
    /// All of them.
    pub of: u64,
}

same_words!(candidate::CandidateKind { BuiltIn, Scanner, Feed, Policy });

impl From<candidate::RanOn> for RanOn {
    fn from(counted: candidate::RanOn) -> Self {
        Self { ran: counted.ran, of: counted.of }
    }
}

impl CandidateV1 {
    /// What `run` tells; `None` where it tells nothing.
    pub fn of(run: &RunResult) -> Option<Self> {
        let (state, named) = match &run.candidate {
            Candidate::Unknown => return None,
            Candidate::LeftOut => (CandidateState::LeftOut, None),
            Candidate::None => (CandidateState::None, None),
            Candidate::Dropped => (CandidateState::Dropped, None),
            Candidate::Built(named) => (CandidateState::Built, Some(named)),
        };
        let coverage = run.coverage();
        let all = coverage.all();
        Some(Self {
            state,
            kind: named.map(|named| named.kind.into()),
            name: named.map(|named| named.name.clone()),
            digest: run.candidate_digest(),
            ran: all.ran,
            of: all.of,
            cases: coverage.cases.into(),
            canaries: coverage.canaries.into(),
            unclaimed: coverage.unclaimed,
        })
    }

    /// Whether it says what is true of `run`. Its digest may be absent: earlier results do not tell.
    pub(crate) fn is_true_of(&self, run: &RunResult) -> bool {
        let told = |all: Self| if self.digest.is_none() { Self { digest: None, ..all } } else { all };
        Self::of(run).map(told).as_ref() == Some(self)
    }

    /// The candidate; `None` where one was built and it does not say which, or none was and it does. Its counts and its digest are for
    /// the reader to find again.
    pub(crate) fn read(&self) -> Option<Candidate> {
        match (self.state, self.kind, &self.name) {
            (CandidateState::Built, Some(kind), Some(name)) => {
                Some(Candidate::Built(Named { kind: kind.into(), name: name.clone() }))
            }
            (CandidateState::None, None, None) => Some(Candidate::None),
            (CandidateState::Dropped, None, None) => Some(Candidate::Dropped),
            (CandidateState::LeftOut, None, None) => Some(Candidate::LeftOut),
            _ => None,
        }
    }
}
