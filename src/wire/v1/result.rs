//! A whole run on the wire.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::result::RunResult;
use crate::wire::document::document;
use crate::wire::v1::base::{BaseV1, CoveredV1, WithoutBaseV1};
use crate::wire::v1::candidate::CandidateV1;
use crate::wire::v1::error::UnwritableResult;
use crate::wire::v1::gate::GateV1;
use crate::wire::v1::rate::{ExitStatus, Rates};
use crate::wire::v1::replay::Replay;
use crate::wire::v1::shard::{self, ShardV1};
use crate::wire::v1::words::Level;

/// The name and version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ResultSchema {
    /// Version 1.
    #[serde(rename = "stella.result/1")]
    V1,
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResultDocument {
    /// The name and version of the format.
    pub schema: ResultSchema,
    /// Version of stella that ran.
    pub stella_version: String,
    /// When the run began (RFC 3339, UTC).
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// How the process ended.
    pub exit: ExitStatus,
    /// The two rates, kept apart.
    pub rates: Rates,
    /// Every replay, sorted by kind and id.
    pub replays: Vec<Replay>,
    /// Things that went wrong beside the replays and never change the verdict.
    pub warnings: Vec<String>,
    /// On how many replays the candidate, what the checkout builds, was run. Absent in results that were written before
    /// they told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<CandidateV1>,
    /// The commit that was checked out. Absent outside of a repository, and in results that were written before they told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// How many files that git tracks lay in the checkout otherwise than the commit has them, before anything was built. Absent where
    /// nothing tells, as `commit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncommitted: Option<u64>,
    /// It is not of all cases and canaries: only some were asked for (`--only`), it is one shard, or a shard is missing.
    #[serde(default)]
    pub partial: bool,
    /// Which shard of a run it is, and what it was judged by; absent in every other result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardV1>,
    /// Shards of which there was no result when all were put together, as `2/4`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_shards: Vec<String>,
    /// What the run was held against; absent where there was no base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseV1>,
    /// Whose approvals counted; absent where there was a base, or there are no approvals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_base: Option<WithoutBaseV1>,
    /// The level at which differences are named and approved; absent where that is the bitwise one.
    #[serde(default = "bitwise", skip_serializing_if = "is_bitwise")]
    pub level: Level,
    /// Differences for which there is an approval, or was one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covered: Vec<CoveredV1>,
    /// What a gate says of the run, where one was asked. It is not read back: whoever decides by it judges again.
    #[serde(default, skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateV1>,
}

fn bitwise() -> Level {
    Level::Bitwise
}

fn is_bitwise(level: &Level) -> bool {
    *level == Level::Bitwise
}

impl From<&RunResult> for ResultDocument {
    fn from(run: &RunResult) -> Self {
        Self {
            schema: ResultSchema::V1,
            stella_version: run.stella_version.clone(),
            started_at: run.started_at,
            finished_at: run.finished_at,
            exit: run.exit().into(),
            rates: Rates { regression: (&run.regression).into(), fidelity: (&run.fidelity).into() },
            replays: run.replays.iter().map(Replay::from).collect(),
            warnings: run.warnings.clone(),
            candidate: CandidateV1::of(run),
            commit: run.commit.clone(),
            uncommitted: run.uncommitted,
            partial: run.part.is_partial(),
            shard: ShardV1::of(&run.part),
            missing_shards: shard::missing(&run.part),
            base: run.base.as_ref().map(BaseV1::from),
            without_base: run.without_base.as_ref().map(WithoutBaseV1::from),
            level: run.level.into(),
            covered: run.covered.iter().map(CoveredV1::from).collect(),
            gate: run.gate.as_ref().map(GateV1::from),
        }
    }
}

/// The result of a run as a JSON document, indented, with a final line break.
///
/// # Errors
/// None that a value of these types can cause: the serialiser's own.
pub fn write(run: &RunResult) -> Result<String, UnwritableResult> {
    Ok(document(&ResultDocument::from(run))?)
}
