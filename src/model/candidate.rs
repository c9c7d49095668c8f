//! The candidate: what a checkout builds, and on how many replays of a run it was run.
//!
//! Invariant: counted from the replays themselves, so that no number of it can disagree with them.

/// What a run knows of the candidate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Candidate {
    /// The result does not tell: it was written before results did.
    #[default]
    Unknown,
    /// Everything was replayed as recorded, on request.
    LeftOut,
    /// The repository builds none.
    None,
    /// The base builds one, and this checkout does not.
    Dropped,
    /// It was built and swapped in.
    Built(Named),
}

/// A candidate by its kind and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What kind of input it takes the place of.
    pub kind: CandidateKind,
    /// Its name for people: an engine, or a path in the repository.
    pub name: String,
}

/// What kind of thing a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
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

impl CandidateKind {
    /// The stable name.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// How many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RanOn {
    /// Replays in which the candidate ran: one that could not begin is none.
    pub ran: u64,
    /// All of them.
    pub of: u64,
}

impl RanOn {
    /// Counts one replay.
    pub fn add(&mut self, ran: bool) {
        self.ran += u64::from(ran);
        self.of += 1;
    }
}

/// On which replays of a run the candidate was run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Regression cases.
    pub cases: RanOn,
    /// Canaries.
    pub canaries: RanOn,
    /// Replays that it concerns, whether or not they could begin.
    pub concerned: u64,
    /// Canaries that it does not concern, by id.
    pub unclaimed: Vec<String>,
}

impl Coverage {
    /// All replays together.
    pub fn all(&self) -> RanOn {
        let (a, b) = (self.cases, self.canaries);
        RanOn { ran: a.ran + b.ran, of: a.of + b.of }
    }

    /// Whether there are canaries and none of them is of what the candidate takes the place of.
    pub fn concerns_no_canary(&self) -> bool {
        self.canaries.of > 0 && self.unclaimed.len() as u64 == self.canaries.of
    }
}
