//! What a gate says: a verdict, what it looked at, and every reason with its numbers.
//!
//! Invariants: the verdict and the exit follow from the reasons, so that they cannot disagree with them; *insufficient* is
//! a verdict of its own and never green. Absent: the rules that find the reasons (see [`crate::score`]).

use jiff::Timestamp;

use crate::model::change::approval::Changed;
use crate::model::comparison::fidelity::Level;
use crate::model::exit::Exit;
use crate::model::rate::{Sample, Share};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// A pull request: did this run break anything.
    Pr,
    /// The nightly run: is the window good enough.
    Nightly,
    /// A release: is the candidate good enough on the canary set.
    Release,
}

impl Gate {
    /// The stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Pr => "pr",
            Self::Nightly => "nightly",
            Self::Release => "release",
        }
    }
}

/// What a gate says, weakest first: of several reasons the last wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum GateVerdict {
    /// Good.
    Green,
    /// Good enough, and something is getting worse.
    Warn,
    /// Nobody can say.
    Insufficient,
    /// Not good enough.
    Fail,
}

impl GateVerdict {
    /// The stable name.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Why, as a stable code. `docs/scores.md` has a heading for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "explained in docs/scores.md, which a test holds complete")]
pub enum ReasonCode {
    NothingReplayed,
    UnapprovedDrift,
    UnapprovedFlaky,
    Unhealthy,
    Unreplayable,
    Infra,
    FidelityBelowFail,
    FidelityBelowGreen,
    BucketBelowMinimum,
    BucketDropped,
    RegulatedProjectBelowMinimum,
    ThinWindow,
    ThinRegulatedProject,
    ThinBuckets,
    PolicyBelowExpected,
    CanaryFidelityBelowMinimum,
    CanaryPolicyBelowMinimum,
    CanaryPolicyUnknown,
    TooFewCanaries,
    CaseNotMatching,
    NoHistory,
    TornHistory,
    LaterRecords,
    CandidateUnknown,
    CandidateLeftOut,
    CandidateDropped,
    NoCandidate,
    CandidateNotRun,
    CandidateConcernsNoCanary,
    UnclaimedCanaries,
    PinnedNotMatching,
    PartialRun,
    OneShard,
    MissingShard,
    AgreesAtLevel,
    NothingLost,
    RuleLoosened,
    RecordingGone,
    RecordingLoosened,
    ApprovalExpired,
    ApprovalTakenBack,
    ApprovalUnread,
    ApprovedDifference,
    ApprovedChange,
    RuleChanged,
    RecordingChanged,
    RecordingAdded,
    RecordingReverted,
    RecordingsRefreshed,
    ApprovalsInHead,
    ApprovalsWaiting,
    FirstIntroduction,
}

impl ReasonCode {
    /// Every code.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The stable code, as in JSON.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The exit of evidence that does not suffice. Thin windows block only where that was asked for.
    fn exit_if_insufficient(self, strict: bool) -> Exit {
        match self {
            Self::Infra => Exit::Infrastructure,
            Self::ThinWindow | Self::ThinRegulatedProject if !strict => Exit::Passed,
            // What decides is asked once, of all shards together: each ends as its own replays do.
            Self::OneShard => Exit::Passed,
            _ => Exit::Inconclusive,
        }
    }
}

/// How much a reason weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// To know; changes nothing.
    Note,
    /// Makes it at least a warning.
    Warn,
    /// Makes it at least insufficient.
    Insufficient,
    /// Makes it fail.
    Fail,
}

/// One value of one label, such as `ecosystem` `npm`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket {
    /// Name of the label.
    pub label: String,
    /// Its value.
    pub value: String,
}

/// What a reason is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// Everything that the gate looked at.
    Everything,
    /// One replay, by its id.
    Replay(String),
    /// One bucket.
    Bucket(Bucket),
    /// A change of a rule or a recording, or a difference that is approved.
    Change(Changed),
}

/// The numbers of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// None: the code says it all.
    None,
    /// A rate (agreed, applicable) that does not reach a limit.
    Below {
        /// At which level.
        level: Level,
        /// Agreed and applicable.
        counts: (u64, u64),
        /// What it should reach.
        limit: Share,
    },
    /// Bitwise fidelity that fell from one week to the next.
    Dropped {
        /// The week before.
        before: (u64, u64),
        /// The last week.
        now: (u64, u64),
        /// The drop that is noticed.
        limit: Share,
    },
    /// So many where so many are needed.
    Thin {
        /// How many there are.
        found: u64,
        /// How many are needed.
        needed: u64,
    },
    /// So many of so many.
    Share {
        /// How many.
        count: u64,
        /// Of how many.
        of: u64,
    },
    /// So many.
    Count(u64),
    /// A level that holds although the bytes differ.
    Holds(Level),
    /// Findings that came, and findings of which something newer is said.
    Gained {
        /// Those that came.
        appeared: u64,
        /// Those of which something newer is said.
        updated: u64,
    },
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Its code.
    pub code: ReasonCode,
    /// How much it weighs.
    pub weight: Weight,
    /// What it is about.
    pub about: About,
    /// Its numbers.
    pub numbers: Numbers,
    /// What stood in the way of a replay that could not begin; foreign text.
    pub obstacle: Option<String>,
}

/// What a gate looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every replay of the run.
    Run,
    /// Every replay of the run in which the candidate ran.
    Candidate,
    /// The canaries of the run in which the candidate ran, as a census.
    Canaries,
    /// Pinned replays of a window of time.
    Window,
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Over what.
    pub scope: Scope,
    /// After which and up to which instant, for a window.
    pub between: Option<(Timestamp, Timestamp)>,
    /// The counts.
    pub sample: Sample,
}

/// How strict a gate is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Strictness {
    /// Judge a window by the lower bound of its interval, and block on thin evidence.
    pub strict: bool,
    /// A warning ends with 1.
    pub fail_on_warn: bool,
}

/// What a gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateResult {
    gate: Gate,
    strictness: Strictness,
    measured: Vec<Measured>,
    reasons: Vec<Reason>,
}

impl GateResult {
    /// Puts the reasons in order: heaviest first.
    pub fn new(gate: Gate, strictness: Strictness, measured: Vec<Measured>, mut reasons: Vec<Reason>) -> Self {
        reasons.sort_by(|a, b| (b.weight, a.code, &a.about).cmp(&(a.weight, b.code, &b.about)));
        Self { gate, strictness, measured, reasons }
    }

    /// Who asked.
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// How strict it was.
    pub fn strictness(&self) -> Strictness {
        self.strictness
    }

    /// What was counted.
    pub fn measured(&self) -> &[Measured] {
        &self.measured
    }

    /// Every reason, heaviest first.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// Why the gate lets a replay pass that does not match; `None` where it says nothing of the kind.
    pub fn allows(&self, replay: &str) -> Option<&Reason> {
        let allows = |code| {
            matches!(
                code,
                ReasonCode::AgreesAtLevel
                    | ReasonCode::NothingLost
                    | ReasonCode::ApprovedDifference
                    | ReasonCode::PinnedNotMatching
            )
        };
        self.reasons
            .iter()
            .find(|reason| allows(reason.code) && matches!(&reason.about, About::Replay(id) if id == replay))
    }

    /// The verdict: that of the heaviest reason; green where there is none.
    pub fn verdict(&self) -> GateVerdict {
        match self.reasons.iter().map(|reason| reason.weight).max() {
            None | Some(Weight::Note) => GateVerdict::Green,
            Some(Weight::Warn) => GateVerdict::Warn,
            Some(Weight::Insufficient) => GateVerdict::Insufficient,
            Some(Weight::Fail) => GateVerdict::Fail,
        }
    }

    /// How the process ends: the strongest that a reason asks for.
    pub fn exit(&self) -> Exit {
        Exit::strongest(self.reasons.iter().map(|reason| match reason.weight {
            Weight::Note => Exit::Passed,
            Weight::Warn if self.strictness.fail_on_warn => Exit::Failed,
            Weight::Warn => Exit::Passed,
            Weight::Insufficient => reason.code.exit_if_insufficient(self.strictness.strict),
            Weight::Fail => Exit::Failed,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(code: ReasonCode, weight: Weight) -> Reason {
        Reason { code, weight, about: About::Everything, numbers: Numbers::None, obstacle: None }
    }

    #[test]
    fn a_warning_blocks_only_where_asked_also_behind_thin_evidence() {
        let said = |strict, fail_on_warn| {
            let reasons = vec![
                reason(ReasonCode::BucketDropped, Weight::Warn),
                reason(ReasonCode::ThinWindow, Weight::Insufficient),
            ];
            let gate_result = GateResult::new(Gate::Nightly, Strictness { strict, fail_on_warn }, vec![], reasons);
            assert_eq!(gate_result.verdict(), GateVerdict::Insufficient);
            gate_result.exit().code()
        };
        assert_eq!([said(false, false), said(true, false), said(false, true), said(true, true)], [0, 3, 1, 1]);
    }
}
