//! How long each case and canary took (`stella.timings/1`): by it a suite is split into shards.
//!
//! The file is committed beside the configuration, and read on every machine. What it says changes which shard a replay falls to,
//! and nothing else.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::result::RunResult;
use crate::wire::document::document;
use crate::wire::v1::error::UnwritableResult;

/// The name and version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TimingsSchema {
    /// Version 1.
    #[serde(rename = "stella.timings/1")]
    V1,
}

/// How long each case and canary of a run took
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimingsV1 {
    /// `stella.timings/1`
    pub schema: TimingsSchema,
    /// Wall time in milliseconds, by the id of the case or canary.
    pub duration_ms: BTreeMap<String, u64>,
}

impl From<&RunResult> for TimingsV1 {
    fn from(run: &RunResult) -> Self {
        let duration_ms = run.replays.iter().map(|replay| (replay.id.clone(), replay.duration_ms)).collect();
        Self { schema: TimingsSchema::V1, duration_ms }
    }
}

/// The timings of a run as a JSON document, indented, with a final line break.
///
/// # Errors
/// None that a value of these types can cause: the serialiser's own.
pub fn write(run: &RunResult) -> Result<String, UnwritableResult> {
    Ok(document(&TimingsV1::from(run))?)
}
