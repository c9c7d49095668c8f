//! What a gate says (`stella.gate/1`): what `stella gate` prints, and `gate` of a result.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::gate_result::{self, About, GateResult, Numbers};
use crate::model::same_words::same_words;
use crate::report::gate_phrases;
use crate::wire::schema_name::schema_name;
use crate::wire::v1::rate::ExitStatus;
use crate::wire::v1::score::{LevelRateV1, SampleV1};
use crate::wire::v1::words::{Bucket, Level};

schema_name!(GateSchema = "stella.gate/1");

/// `stella gate`, and `gate` of a result
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GateV1 {
    /// `stella.gate/1`
    pub schema: GateSchema,
    /// Who asked.
    pub gate: Gate,
    /// What it says.
    pub verdict: Verdict,
    /// How the process ends.
    pub exit: ExitStatus,
    /// A window was judged by the lower end of its interval, and thin evidence blocks.
    pub strict: bool,
    /// A warning ends with 1.
    pub fail_on_warn: bool,
    /// What was counted.
    pub measured: Vec<MeasuredV1>,
    /// Every reason, heaviest first.
    pub reasons: Vec<ReasonV1>,
}

/// What a gate counted.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MeasuredV1 {
    /// Over what.
    pub scope: Scope,
    /// The window begins after this instant; null for a run.
    pub after: Option<Timestamp>,
    /// The window ends with this instant; null for a run.
    pub until: Option<Timestamp>,
    /// The counts.
    pub sample: SampleV1,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ReasonV1 {
    /// Its code, explained in `docs/scores.md`.
    pub code: ReasonCode,
    /// How much it weighs.
    pub weight: Weight,
    /// The replay that it is about; null where it is about none.
    pub replay: Option<String>,
    /// The bucket that it is about; null where it is about none.
    pub bucket: Option<Bucket>,
    /// The key of `.stella.yaml`, the part of a case or canary, or the artifact that it is about; null where it is about none.
    pub change: Option<String>,
    /// The same in words.
    pub text: String,
    /// At which level, where the reason is a rate.
    pub level: Option<Level>,
    /// The rate that was found.
    pub rate: Option<LevelRateV1>,
    /// The rate of the week before, where the reason is a drop.
    pub before: Option<LevelRateV1>,
    /// The threshold: of the rate, or of the drop.
    pub limit: Option<f64>,
    /// How many there are, where the reason is a number.
    pub count: Option<u64>,
    /// How many are needed, or of how many.
    pub of: Option<u64>,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Gate {
    /// A pull request: did this run break anything.
    Pr,
    /// The nightly run: is the window good enough.
    Nightly,
    /// A release: is the candidate good enough on the canary set.
    Release,
}

/// What a gate says, weakest first: of several reasons the last wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Good.
    Green,
    /// Good enough, and something is getting worse.
    Warn,
    /// Nobody can say.
    Insufficient,
    /// Not good enough.
    Fail,
}

/// Why, as a stable code. `docs/scores.md` has a heading for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
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

/// How much a reason weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
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

/// What a gate looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
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

same_words!(gate_result::Gate { Pr, Nightly, Release });
same_words!(gate_result::GateVerdict as Verdict { Green, Warn, Insufficient, Fail });
same_words!(gate_result::ReasonCode {
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
    FirstIntroduction
});
same_words!(gate_result::Weight { Note, Warn, Insufficient, Fail });
same_words!(gate_result::Scope { Run, Candidate, Canaries, Window });

impl From<&GateResult> for GateV1 {
    fn from(gate_result: &GateResult) -> Self {
        let strictness = gate_result.strictness();
        Self {
            schema: GateSchema,
            gate: gate_result.gate().into(),
            verdict: gate_result.verdict().into(),
            exit: gate_result.exit().into(),
            strict: strictness.strict,
            fail_on_warn: strictness.fail_on_warn,
            measured: gate_result.measured().iter().map(MeasuredV1::from).collect(),
            reasons: gate_result.reasons().iter().map(ReasonV1::from).collect(),
        }
    }
}

impl From<&gate_result::Measured> for MeasuredV1 {
    fn from(measured: &gate_result::Measured) -> Self {
        let (after, until) = measured.between.unzip();
        Self { scope: measured.scope.into(), after, until, sample: (&measured.sample).into() }
    }
}

impl From<&gate_result::Reason> for ReasonV1 {
    fn from(reason: &gate_result::Reason) -> Self {
        let (replay, bucket, change) = match &reason.about {
            About::Everything => (None, None, None),
            About::Replay(id) => (Some(id.clone()), None, None),
            About::Bucket(bucket) => (None, Some(bucket.into()), None),
            About::Change(of) => (of.id().map(str::to_owned), None, Some(of.part().to_owned())),
        };
        let mut wire = Self {
            code: reason.code.into(),
            weight: reason.weight.into(),
            replay,
            bucket,
            change,
            text: gate_phrases::reason(reason),
            level: None,
            rate: None,
            before: None,
            limit: None,
            count: None,
            of: None,
        };
        match reason.numbers {
            Numbers::None => {}
            Numbers::Below { level, counts, limit } => {
                (wire.level, wire.rate, wire.limit) = (Some(level.into()), Some(counts.into()), Some(limit.number()));
            }
            Numbers::Dropped { before, now, limit } => {
                (wire.level, wire.rate, wire.limit) = (Some(Level::Bitwise), Some(now.into()), Some(limit.number()));
                wire.before = Some(before.into());
            }
            Numbers::Thin { found, needed } => (wire.count, wire.of) = (Some(found), Some(needed)),
            Numbers::Share { count, of } => (wire.count, wire.of) = (Some(count), Some(of)),
            Numbers::Count(count) => wire.count = Some(count),
            Numbers::Holds(level) => wire.level = Some(level.into()),
            Numbers::Gained { appeared, updated } => (wire.count, wire.of) = (Some(appeared), Some(appeared + updated)),
        }
        wire
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_model() {
        for code in gate_result::ReasonCode::ALL.iter().copied() {
            assert_eq!(serde_json::to_value(ReasonCode::from(code)).unwrap(), code.code());
        }
        for gate in [gate_result::Gate::Pr, gate_result::Gate::Nightly, gate_result::Gate::Release] {
            assert_eq!(serde_json::to_value(Gate::from(gate)).unwrap(), gate.code());
        }
        use gate_result::GateVerdict::{Fail, Green, Insufficient, Warn};
        for verdict in [Green, Warn, Insufficient, Fail] {
            assert_eq!(serde_json::to_value(Verdict::from(verdict)).unwrap(), verdict.code());
        }
    }
}
