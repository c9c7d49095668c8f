//! What a failing replay needs to be run again, listed (`stella.reproduce/1`): `reproduce/reproduce.json` of a report.
//!
//! It comes from a job that ran foreign programs, and is not trusted: there is no path in it, and each blob is known by its digest.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::digest::Digest;
use crate::model::result::ReplayResult;
use crate::model::text::objects;
use crate::wire::document::document;
use crate::wire::v1::error::UnwritableResult;
use crate::wire::v1::outcome::{Fields, OutcomeCode};
use crate::wire::v1::words::{Dimension, Mode, SubjectKind};

/// The name and version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ReproduceSchema {
    /// Version 1.
    #[serde(rename = "stella.reproduce/1")]
    V1,
}

/// What the failing replays of a report need to be run again
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReproduceV1 {
    /// `stella.reproduce/1`
    pub schema: ReproduceSchema,
    /// Version of stella that wrote it.
    pub stella_version: String,
    /// Profiles of the configuration, by name: each a blob.
    pub profiles: BTreeMap<String, Digest>,
    /// Replays that can be run again.
    pub replays: Vec<AgainV1>,
    /// Replays that cannot, and why.
    pub not_kept: Vec<NotKeptV1>,
    /// Blobs that are not here, since all together would be too large.
    pub left_out: Vec<LeftOutV1>,
}

/// One replay that can be run again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgainV1 {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it was made from.
    pub kind: SubjectKind,
    /// Which question it answers.
    pub mode: Mode,
    /// The candidate ran in it.
    pub candidate: bool,
    /// The scanner is another build than the one that wrote what is expected.
    pub across_builds: bool,
    /// A manifest of the scan as it ran, with what was expected of it: a blob.
    pub manifest: Digest,
    /// The manifest that was recorded: a blob; null for a case.
    pub recorded: Option<Digest>,
    /// The input that the candidate takes the place of in a case, which has no recording; null for a canary.
    pub moving: Option<Dimension>,
    /// What was seen.
    pub seen: SeenV1,
}

/// What was seen of a replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeenV1 {
    /// How it ended.
    pub outcome: OutcomeCode,
    /// Canonical digests of what came out, by the name of the artifact; null for one that did not.
    pub artifacts: BTreeMap<String, Option<Digest>>,
}

/// A replay that cannot be run again from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotKeptV1 {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it was made from.
    pub kind: SubjectKind,
    /// Which question it answers.
    pub mode: Mode,
    /// The candidate ran in it.
    pub candidate: bool,
    /// Why.
    pub why: String,
}

/// A blob that is not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOutV1 {
    /// Its digest.
    pub digest: String,
    /// Its size as it is stored, in bytes.
    pub bytes: u64,
    /// The first replay that needs it.
    pub id: String,
}

impl AgainV1 {
    /// The same, as one that cannot be run again.
    pub fn not_kept(self, why: String) -> NotKeptV1 {
        let Self { id, title, kind, mode, candidate, .. } = self;
        NotKeptV1 { id, title, kind, mode, candidate, why }
    }
}

impl NotKeptV1 {
    /// Of a replay.
    pub fn of(replay: &ReplayResult, why: String) -> Self {
        Self {
            id: replay.id.clone(),
            title: replay.title.clone(),
            kind: replay.kind.into(),
            mode: replay.mode.into(),
            candidate: replay.candidate,
            why,
        }
    }
}

impl From<&ReplayResult> for SeenV1 {
    fn from(replay: &ReplayResult) -> Self {
        let artifacts = replay.artifacts.iter().map(|artifact| (artifact.name.clone(), artifact.actual)).collect();
        Self { outcome: Fields::of(&replay.outcome, None).outcome, artifacts }
    }
}

/// The list as a JSON document, indented, with a final line break.
///
/// # Errors
/// None that a value of these types can cause: the serialiser's own.
pub fn write(list: &ReproduceV1) -> Result<String, UnwritableResult> {
    Ok(document(list)?)
}

/// Reads a list.
///
/// # Errors
/// When it is not one.
pub fn read(bytes: &[u8]) -> Result<ReproduceV1, serde_json::Error> {
    objects::from_slice(bytes)
}
