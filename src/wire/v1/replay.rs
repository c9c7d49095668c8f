//! One replay on the wire.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::artifact;
use crate::model::comparison::diff::DiffSummary;
use crate::model::digest::Digest;
use crate::model::dimension;
use crate::model::outcome::Outcome;
use crate::model::result::{self, ReplayResult};
use crate::wire::v1::before::BeforeChangeV1;
use crate::wire::v1::cause::{Cause, MismatchReason};
use crate::wire::v1::diff_summary::DiffSummaryDocument;
use crate::wire::v1::error::ReadError;
use crate::wire::v1::explanation::Explanation;
use crate::wire::v1::movement::MovementV1;
use crate::wire::v1::outcome::{Contradiction, Fields, Levels, OutcomeCode};
use crate::wire::v1::showing::Showing;
use crate::wire::v1::words::{ArtifactType, Dimensions, Isolation, Mode, SubjectKind};

/// One replay with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Replay {
    /// The case's or canary's id, or the scan id.
    pub id: String,
    /// A title for people.
    pub title: String,
    /// What the replay was made from.
    pub kind: SubjectKind,
    /// Which question it answers.
    pub mode: Mode,
    /// What the checkout builds ran in it. Absent in results that were written before they told.
    #[serde(default)]
    pub candidate: bool,
    /// The recording that it was made from; absent for a case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<Recording>,
    /// How it ended.
    pub outcome: OutcomeCode,
    /// A match although the sandbox denied something.
    pub lucky: bool,
    /// What happened, for `flaky`, `unhealthy` and `infra`; null otherwise.
    pub detail: Option<String>,
    /// The inputs that are gone, for `unreplayable`; empty otherwise.
    pub missing: Vec<String>,
    /// The one reason of a `drift` or `flaky`, `mixed` where there are several; null otherwise.
    pub mismatch_reason: Option<MismatchReason>,
    /// Every cause of a `drift`; empty otherwise.
    pub causes: Vec<Cause>,
    /// The three verdicts.
    pub levels: Levels,
    /// What changed; null where nothing did.
    pub diff_summary: Option<DiffSummaryDocument>,
    /// What was gained and what was lost; absent where nothing differs or nothing was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub movement: Option<MovementV1>,
    /// Every artifact that was compared.
    pub artifacts: Vec<Artifact>,
    /// Digests of the inputs.
    pub digests: Digests,
    /// Where it ran; null where it did not.
    pub executor_env: Option<ExecutorEnv>,
    /// Labels of the manifest or case: `ecosystem`, `base_os`, `tier`, …
    pub labels: BTreeMap<String, String>,
    /// The file to open; null where there is none.
    pub source: Option<Source>,
    /// One command that runs this replay alone.
    pub reproduce: String,
    /// Things to know that are not a failure.
    pub notes: Vec<String>,
    /// The experiment that found the causes; absent where none was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
    /// What a run that went wrong showed; absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub showing: Option<Showing>,
    /// What the base's subject does in it; absent where it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_change: Option<BeforeChangeV1>,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
}

/// What identifies a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recording {
    /// Id of the scan.
    pub scan_id: String,
    /// SHA-256 of the manifest's canonical JSON.
    pub manifest_sha256: Digest,
}

/// Digests of the inputs, as recorded and as replayed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Digests {
    /// As recorded; an input that the scan does not have is absent.
    pub recorded: Dimensions,
    /// As replayed.
    pub replayed: Dimensions,
}

/// One compared artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// Its name, e.g. `findings.json`.
    pub name: String,
    /// What it is for.
    #[serde(rename = "type")]
    pub artifact_type: ArtifactType,
    /// Digest of the canonical bytes that were expected; null where none were.
    pub expected: Option<Digest>,
    /// Digest of the canonical bytes that came out; null where none did.
    pub actual: Option<Digest>,
    /// Digest of the profile under which both were read.
    pub profile: Digest,
    /// What the profile masked in the actual document: path → how often.
    pub masked: BTreeMap<String, u64>,
    /// What names the build of the tool in the actual document, and was put aside: path → how often. Absent where nothing
    /// was.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub identity: BTreeMap<String, u64>,
    /// The parts of it that count in the bytes alone, because nobody reads what they mean. Absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_compared: Vec<String>,
    /// Digests of what it means. Absent where both sides are the same byte for byte, or no meaning is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meaning: Option<Sides>,
    /// Digests of the decision on each side. Absent as above, or where nothing was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Sides>,
}

/// Digests of two sides; null where there is nothing on a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sides {
    /// Of what was expected.
    pub expected: Option<Digest>,
    /// Of what came out.
    pub actual: Option<Digest>,
}

impl From<result::Sides> for Sides {
    fn from(sides: result::Sides) -> Self {
        Self { expected: sides.expected, actual: sides.actual }
    }
}

impl From<Sides> for result::Sides {
    fn from(sides: Sides) -> Self {
        Self { expected: sides.expected, actual: sides.actual }
    }
}

/// Where and how a replay ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExecutorEnv {
    /// The built-in scanner ran inside the process: no foreign code ran, and no sandbox was needed.
    pub in_process: bool,
    /// The level of isolation that was reached; null in process.
    pub isolation: Option<Isolation>,
    /// What that level lacks, in words.
    pub lost: Vec<String>,
    /// What the sandbox denied, in words; absent where that is nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denied: Vec<String>,
    /// SHA-256 of the ledger; absent where nothing was observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<Digest>,
    /// `amd64`, `arm64`, …
    pub arch: String,
    /// `linux`, …
    pub os: String,
    /// Time zone that the scanner saw.
    pub tz: String,
    /// Locale that the scanner saw.
    pub locale: String,
    /// The instant at which the clock was frozen; null where it ran.
    pub clock: Option<Timestamp>,
}

/// A file of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// Path relative to the repository's root, with `/`.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

impl Digests {
    pub(crate) fn of(recorded: &dimension::Dimensions, replayed: &dimension::Dimensions) -> Self {
        Self { recorded: recorded.into(), replayed: replayed.into() }
    }
}

impl From<&ReplayResult> for Replay {
    fn from(replay: &ReplayResult) -> Self {
        let Fields { outcome, lucky, detail, missing, mismatch_reason, causes, levels } =
            Fields::of(&replay.outcome, replay.fidelity);
        Self {
            id: replay.id.clone(),
            title: replay.title.clone(),
            kind: replay.kind.into(),
            mode: replay.mode.into(),
            candidate: replay.candidate,
            recording: replay.recording.as_ref().map(Recording::from),
            outcome,
            lucky,
            detail,
            missing,
            mismatch_reason,
            causes,
            levels,
            diff_summary: (!replay.diff.is_empty()).then(|| DiffSummaryDocument::from(&replay.diff)),
            movement: replay.movement.map(Into::into),
            artifacts: replay.artifacts.iter().map(Artifact::from).collect(),
            digests: Digests::of(&replay.recorded, &replay.replayed),
            executor_env: replay.executor.as_ref().map(ExecutorEnv::from),
            labels: replay.labels.clone(),
            source: replay.source.as_ref().map(|s| Source { file: s.file.clone(), line: s.line }),
            reproduce: replay.reproduce.clone(),
            notes: replay.notes.clone(),
            explanation: replay.explanation.as_ref().map(Explanation::from),
            showing: replay.showing.as_ref().map(Showing::from),
            before_change: replay.before.as_ref().map(BeforeChangeV1::from),
            duration_ms: replay.duration_ms,
        }
    }
}

impl TryFrom<Replay> for ReplayResult {
    type Error = ReadError;

    fn try_from(wire: Replay) -> Result<Self, ReadError> {
        let fields = Fields {
            outcome: wire.outcome,
            lucky: wire.lucky,
            detail: wire.detail,
            missing: wire.missing,
            mismatch_reason: wire.mismatch_reason,
            causes: wire.causes,
            levels: wire.levels,
        };
        let (outcome, fidelity) = fields.read().map_err(|found| match found {
            Contradiction::Says(what) => ReadError::Contradiction { id: wire.id.clone(), what },
            Contradiction::Levels(source) => ReadError::Levels { id: wire.id.clone(), source },
        })?;
        let is_other = |artifact: &Artifact| {
            artifact::ArtifactType::from(artifact.artifact_type).is_primary() && artifact.expected != artifact.actual
        };
        if matches!(outcome, Outcome::Match { .. }) && wire.artifacts.iter().any(is_other) {
            return Err(ReadError::Contradiction {
                id: wire.id,
                what: "the artifacts of a match are what was expected",
            });
        }
        if wire.candidate && wire.mode == Mode::Fidelity {
            let what = "what the checkout builds does not run in a replay as recorded";
            return Err(ReadError::Contradiction { id: wire.id, what });
        }
        let tells = wire.before_change.is_some();
        let before = wire.before_change.and_then(BeforeChangeV1::read);
        if tells && (before.is_none() || !wire.candidate || matches!(outcome, Outcome::Match { .. })) {
            let what =
                "what was before the change is told of what fails with a candidate, and is known or has a reason";
            return Err(ReadError::Contradiction { id: wire.id, what });
        }
        Ok(Self {
            outcome,
            fidelity,
            id: wire.id,
            title: wire.title,
            kind: wire.kind.into(),
            mode: wire.mode.into(),
            candidate: wire.candidate,
            recording: wire.recording.map(result::Recording::from),
            diff: wire.diff_summary.map(DiffSummary::from).unwrap_or_default(),
            movement: wire.movement.map(Into::into),
            artifacts: wire.artifacts.into_iter().map(result::ArtifactResult::from).collect(),
            recorded: wire.digests.recorded.into(),
            replayed: wire.digests.replayed.into(),
            executor: wire.executor_env.map(result::ExecutorEnv::from),
            labels: wire.labels,
            source: wire.source.map(|s| result::SourceLocation { file: s.file, line: s.line }),
            reproduce: wire.reproduce,
            notes: wire.notes,
            explanation: wire.explanation.map(Into::into),
            showing: wire.showing.map(Into::into),
            before,
            duration_ms: wire.duration_ms,
        })
    }
}

impl From<&result::Recording> for Recording {
    fn from(recording: &result::Recording) -> Self {
        Self { scan_id: recording.scan_id.clone(), manifest_sha256: recording.manifest }
    }
}

impl From<Recording> for result::Recording {
    fn from(wire: Recording) -> Self {
        Self { scan_id: wire.scan_id, manifest: wire.manifest_sha256 }
    }
}

impl From<&result::ArtifactResult> for Artifact {
    fn from(artifact: &result::ArtifactResult) -> Self {
        Self {
            name: artifact.name.clone(),
            artifact_type: artifact.artifact_type.into(),
            expected: artifact.expected,
            actual: artifact.actual,
            profile: artifact.profile,
            masked: artifact.masked.clone(),
            identity: artifact.identity.clone(),
            meaning: artifact.meaning.map(Sides::from),
            decision: artifact.decision.map(Sides::from),
            not_compared: artifact.not_compared.clone(),
        }
    }
}

impl From<Artifact> for result::ArtifactResult {
    fn from(artifact: Artifact) -> Self {
        let Artifact {
            name,
            artifact_type,
            expected,
            actual,
            profile,
            masked,
            identity,
            not_compared,
            meaning,
            decision,
        } = artifact;
        let (meaning, decision) = (meaning.map(result::Sides::from), decision.map(result::Sides::from));
        let artifact_type = artifact_type.into();
        Self { name, artifact_type, expected, actual, profile, masked, identity, not_compared, meaning, decision }
    }
}

impl From<&result::ExecutorEnv> for ExecutorEnv {
    fn from(env: &result::ExecutorEnv) -> Self {
        let result::ExecutorEnv { in_process, isolation, lost, denied, ledger, arch, os, tz, locale, clock } =
            env.clone();
        let isolation = isolation.map(Into::into);
        Self { in_process, isolation, lost, denied, ledger, arch, os, tz, locale, clock }
    }
}

impl From<ExecutorEnv> for result::ExecutorEnv {
    fn from(env: ExecutorEnv) -> Self {
        let ExecutorEnv { in_process, isolation, lost, denied, ledger, arch, os, tz, locale, clock } = env;
        let isolation = isolation.map(Into::into);
        Self { in_process, isolation, lost, denied, ledger, arch, os, tz, locale, clock }
    }
}
