//! What was published (`stella.publish/1`): `stella publish`, `stella notify`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::schema_name::schema_name;
use crate::wire::v1::rate::ExitStatus;

schema_name!(PublishSchema = "stella.publish/1");

/// `stella publish`, `stella notify`
#[derive(Debug, Serialize, JsonSchema)]
pub struct PublishV1 {
    /// `stella.publish/1`
    pub schema: PublishSchema,
    /// How what is shown ends.
    pub shown: ExitStatus,
    /// What became of each that was asked for.
    pub published: Vec<PublishedV1>,
    /// What could not be published, and why.
    pub failures: Vec<String>,
    /// How many calls were made, those that were made again counted.
    pub calls: u64,
    /// Calls that would be made.
    pub would: Vec<WouldV1>,
    /// The comment that would stand there; null unless nothing was to be written.
    pub comment: Option<String>,
}

/// What became of one.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PublishedV1 {
    /// `comment`, `status`, `check` or `issue`.
    pub what: String,
    /// `quiet`, `created`, `updated`, `unchanged`, `newer`, `moved`, `closed`, `kept`, `settled`,
    /// `left-out` or `failed`.
    pub outcome: String,
    /// The same in words.
    pub text: String,
}

/// A call that would be made.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WouldV1 {
    /// Its method and its path.
    pub call: String,
    /// How many bytes it would send.
    pub bytes: u64,
}
