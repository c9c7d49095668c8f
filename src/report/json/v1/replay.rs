//! One replay on the wire.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::artifact::ArtifactType;
use crate::model::cause::{Cause, MismatchReason};
use crate::model::diff::DiffSummary;
use crate::model::digest::Digest;
use crate::model::dimension::Dimensions;
use crate::model::fidelity::{Fidelity, Level};
use crate::model::outcome::Outcome;
use crate::model::result::{self, Isolation, Mode, ReplayResult, SubjectKind};
use crate::report::json::v1::diff_summary::DiffSummaryDocument;
use crate::report::json::v1::read::ReadError;
use crate::report::words;

/// How a replay ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeCode {
    /// The same as recorded.
    Match,
    /// Differs, reproducibly.
    Drift,
    /// Differs from itself.
    Flaky,
    /// The scanner ran but failed its health gate.
    Unhealthy,
    /// An input is gone.
    Unreplayable,
    /// Could not run.
    Infra,
}

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
    /// Things to know that are no failure.
    pub notes: Vec<String>,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
}

/// The three verdicts of a comparison: true, false, or null where the level does not apply.
///
/// All three are null where nothing was compared. `bf` implies `sf` implies `pf`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Levels {
    /// Bitwise: the same bytes after canonicalisation.
    pub bf: Option<bool>,
    /// Semantic: the same packages, findings, VEX statements and decision.
    pub sf: Option<bool>,
    /// Policy: the same decision with the same reason codes.
    pub pf: Option<bool>,
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

impl From<&ReplayResult> for Replay {
    fn from(replay: &ReplayResult) -> Self {
        let (mut lucky, mut detail, mut missing, mut causes) = (false, None, Vec::new(), Vec::new());
        let outcome = match &replay.outcome {
            Outcome::Match { lucky: was } => {
                lucky = *was;
                OutcomeCode::Match
            }
            Outcome::Drift { causes: all } => {
                causes.clone_from(all);
                OutcomeCode::Drift
            }
            Outcome::Flaky { detail: text } => {
                detail = Some(text.clone());
                OutcomeCode::Flaky
            }
            Outcome::Unhealthy { detail: text } => {
                detail = Some(text.clone());
                OutcomeCode::Unhealthy
            }
            Outcome::Unreplayable { missing: all } => {
                missing.clone_from(all);
                OutcomeCode::Unreplayable
            }
            Outcome::Infra { detail: text } => {
                detail = Some(text.clone());
                OutcomeCode::Infra
            }
        };
        Self {
            id: replay.id.clone(),
            title: replay.title.clone(),
            kind: replay.kind,
            mode: replay.mode,
            outcome,
            lucky,
            detail,
            missing,
            mismatch_reason: words::mismatch_reason(&replay.outcome),
            causes,
            levels: replay.fidelity.map(Levels::from).unwrap_or_default(),
            diff_summary: (!replay.diff.is_empty()).then(|| DiffSummaryDocument::from(&replay.diff)),
            artifacts: replay.artifacts.iter().map(Artifact::from).collect(),
            digests: Digests { recorded: replay.recorded.clone(), replayed: replay.replayed.clone() },
            executor_env: replay.executor.as_ref().map(ExecutorEnv::from),
            labels: replay.labels.clone(),
            source: replay.source.as_ref().map(|s| Source { file: s.file.clone(), line: s.line }),
            reproduce: replay.reproduce.clone(),
            notes: replay.notes.clone(),
            duration_ms: replay.duration_ms,
        }
    }
}

impl TryFrom<Replay> for ReplayResult {
    type Error = ReadError;

    fn try_from(wire: Replay) -> Result<Self, ReadError> {
        let contradiction = |what| ReadError::Contradiction { id: wire.id.clone(), what };
        let detail = || wire.detail.clone().ok_or_else(|| contradiction("the outcome needs a `detail`"));
        let outcome = match wire.outcome {
            OutcomeCode::Match => Outcome::Match { lucky: wire.lucky },
            OutcomeCode::Drift if wire.causes.is_empty() => return Err(contradiction("a drift needs a cause")),
            OutcomeCode::Drift => Outcome::Drift { causes: wire.causes.clone() },
            OutcomeCode::Flaky => Outcome::Flaky { detail: detail()? },
            OutcomeCode::Unhealthy => Outcome::Unhealthy { detail: detail()? },
            OutcomeCode::Unreplayable => Outcome::Unreplayable { missing: wire.missing.clone() },
            OutcomeCode::Infra => Outcome::Infra { detail: detail()? },
        };
        if wire.mismatch_reason != words::mismatch_reason(&outcome) {
            return Err(contradiction("`mismatch_reason` is not the reason of the causes"));
        }
        let fidelity = match wire.levels {
            Levels { bf: None, sf: None, pf: None } => None,
            Levels { bf: None, .. } => return Err(contradiction("`bf` applies to every comparison")),
            Levels { bf: Some(bf), sf, pf } => {
                Some(Fidelity::new(bf, sf, pf).map_err(|source| ReadError::Levels { id: wire.id.clone(), source })?)
            }
        };
        if matches!(outcome, Outcome::Match { .. }) && fidelity.is_some_and(|f| !f.is_bitwise()) {
            return Err(contradiction("a match needs `bf`"));
        }
        Ok(Self {
            outcome,
            fidelity,
            id: wire.id,
            title: wire.title,
            kind: wire.kind,
            mode: wire.mode,
            diff: wire.diff_summary.map(DiffSummary::from).unwrap_or_default(),
            artifacts: wire.artifacts.into_iter().map(result::ArtifactResult::from).collect(),
            recorded: wire.digests.recorded,
            replayed: wire.digests.replayed,
            executor: wire.executor_env.map(result::ExecutorEnv::from),
            labels: wire.labels,
            source: wire.source.map(|s| result::SourceLocation { file: s.file, line: s.line }),
            reproduce: wire.reproduce,
            notes: wire.notes,
            duration_ms: wire.duration_ms,
        })
    }
}

impl From<Fidelity> for Levels {
    fn from(fidelity: Fidelity) -> Self {
        let [bf, sf, pf] = Level::ALL.map(|level| fidelity.at(level));
        Self { bf, sf, pf }
    }
}

impl From<&result::ArtifactResult> for Artifact {
    fn from(artifact: &result::ArtifactResult) -> Self {
        Self {
            name: artifact.name.clone(),
            artifact_type: artifact.artifact_type,
            expected: artifact.expected,
            actual: artifact.actual,
            profile: artifact.profile,
            masked: artifact.masked.clone(),
        }
    }
}

impl From<Artifact> for result::ArtifactResult {
    fn from(artifact: Artifact) -> Self {
        let Artifact { name, artifact_type, expected, actual, profile, masked } = artifact;
        Self { name, artifact_type, expected, actual, profile, masked }
    }
}

impl From<&result::ExecutorEnv> for ExecutorEnv {
    fn from(env: &result::ExecutorEnv) -> Self {
        let result::ExecutorEnv { in_process, isolation, lost, arch, os, tz, locale, clock } = env.clone();
        Self { in_process, isolation, lost, arch, os, tz, locale, clock }
    }
}

impl From<ExecutorEnv> for result::ExecutorEnv {
    fn from(env: ExecutorEnv) -> Self {
        let ExecutorEnv { in_process, isolation, lost, arch, os, tz, locale, clock } = env;
        Self { in_process, isolation, lost, arch, os, tz, locale, clock }
    }
}
