//! What `stella profile` prints with `--format json`: one versioned type each.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::digest::Digest;
use crate::wire::schema_name::schema_name;

schema_name!(ProfileListSchema = "stella.profile-list/1");
schema_name!(ProfileExplanationSchema = "stella.profile-explanation/1");
schema_name!(ProfileTestSchema = "stella.profile-test/1");
schema_name!(ProfileLearnSchema = "stella.profile-learn/1");

/// `stella profile list`
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProfileListV1 {
    /// `stella.profile-list/1`
    pub schema: ProfileListSchema,
    /// Every built-in profile.
    pub profiles: Vec<ProfileV1>,
}

/// One profile.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProfileV1 {
    /// Its name.
    pub name: String,
    /// Its identity.
    pub digest: Digest,
    /// How many rules it has.
    pub rules: usize,
    /// How many signs of an unhealthy run it knows.
    pub signs: usize,
    /// Whether the configuration puts another one in its place.
    pub replaced: bool,
}

/// `stella profile explain`
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProfileExplanationV1 {
    /// `stella.profile-explanation/1`
    pub schema: ProfileExplanationSchema,
    /// The document's file.
    pub file: String,
    /// Name of the profile.
    pub profile: String,
    /// Its identity.
    pub profile_digest: Digest,
    /// SHA-256 of the bytes as they are.
    pub raw_sha256: Digest,
    /// SHA-256 of the canonical bytes.
    pub canonical_sha256: Digest,
    /// How many bytes there are.
    pub raw_bytes: usize,
    /// How many canonical bytes there are.
    pub canonical_bytes: usize,
    /// Rules that did something, in the order of the profile.
    pub rules: Vec<RuleUseV1>,
    /// What tells of a run that did not go well.
    pub unhealthy: Vec<String>,
}

/// What one rule did.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleUseV1 {
    /// Its path.
    pub path: String,
    /// `drop`, `mask`, `resolve-index`, `alias`, `root-map`, `relabel` or `set`
    pub action: &'static str,
    /// Why it is there.
    pub reason: String,
    /// At how many places it did something; of a set, arrays.
    pub count: u64,
    /// Of a set: how many of the arrays were not in canonical order.
    pub reordered: u64,
    /// The first places, as JSON pointers.
    pub places: Vec<String>,
}

/// `stella profile test`
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProfileTestV1 {
    /// `stella.profile-test/1`
    pub schema: ProfileTestSchema,
    /// One entry for each profile and document.
    pub trials: Vec<TrialV1>,
}

/// A profile on one document.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TrialV1 {
    /// Name of the profile.
    pub profile: String,
    /// Its identity.
    pub profile_digest: Digest,
    /// The document.
    pub document: String,
    /// Changes that matter.
    pub changes: usize,
    /// How many of them were seen.
    pub killed: usize,
    /// Changes that do not matter.
    pub cosmetics: usize,
    /// How many of them were seen.
    pub false_alarms: usize,
    /// Every kind of change that was tried.
    pub kinds: Vec<TriedV1>,
    /// The comparison of meanings on the same document; absent where nothing says what the members of its format are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<MeaningTrialV1>,
}

/// A comparison of meanings on one document.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MeaningTrialV1 {
    /// Changes of what identifies or decides.
    pub changes: usize,
    /// How many of them were seen.
    pub killed: usize,
    /// Changes of what says nothing.
    pub cosmetics: usize,
    /// How many of them were seen.
    pub false_alarms: usize,
    /// Every kind of change that was tried.
    pub kinds: Vec<TriedV1>,
    /// The places of which nothing says what they are, with `*` for elements; they were not tried.
    pub unclassed: Vec<String>,
}

/// One kind of change.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TriedV1 {
    /// The kind.
    pub kind: &'static str,
    /// Whether it must be seen; else it must not.
    pub matters: bool,
    /// How many were tried.
    pub tried: usize,
    /// How many had the wrong effect.
    pub wrong: usize,
    /// Where, as JSON pointers; the first twenty.
    pub places: Vec<String>,
}

/// `stella profile learn`
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProfileLearnV1 {
    /// `stella.profile-learn/1`
    pub schema: ProfileLearnSchema,
    /// How many runs went well, beside the first.
    pub runs: usize,
    /// Those that did not: what was changed, and how they ended.
    pub failed: Vec<String>,
    /// What of the changes had no effect on this machine.
    pub without_effect: Vec<String>,
    /// One for each artifact in JSON.
    pub lessons: Vec<LessonV1>,
}

/// What was learnt of one artifact.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LessonV1 {
    /// Its file name.
    pub artifact: String,
    /// The profile, as YAML.
    pub profile: String,
    /// The file that it was written to; null where it was not.
    pub file: Option<String>,
    /// Path of each new rule → in which runs that place differed.
    pub new: BTreeMap<String, String>,
    /// Places that differ and are not noise → why they are left, and in which runs they differed.
    pub not_noise: BTreeMap<String, String>,
    /// How many runs are the same as the first under the profile.
    pub same: usize,
    /// Of how many.
    pub of: usize,
}
