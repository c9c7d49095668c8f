//! Version 1 of the result (`stella.result/1`) and of the diff summary (`stella.diff-summary/1`).
//!
//! Fields are only ever added to a version, and a reader accepts fields that it does not know. The values of
//! a closed list (`outcome`, `kind`, …) never change within a version.

mod diff_summary;
pub(crate) mod outcome;
mod read;
mod replay;
mod result;
mod schema;

pub use diff_summary::{
    ArtifactChange, DecisionChange, DiffSummaryDocument, DiffSummarySchema, FieldChange, FindingFlip, Listed,
    PackageChange, VexChange,
};
pub use outcome::{Levels, OutcomeCode};
pub use read::{MAX_BYTES, ReadError, read, read_document};
pub use replay::{Artifact, Digests, ExecutorEnv, Recording, Replay, Source};
pub use result::{Agreement, Counts, ExitReason, ExitStatus, Rate, Rates, ResultDocument, ResultSchema};
pub use schema::{schema_diff_summary, schema_result};

use serde::Serialize;

use crate::model::diff::DiffSummary;
use crate::model::result::RunResult;

/// The result of a run as a JSON document, indented, with a final line break.
///
/// # Errors
/// None that a value of these types can cause; the serialiser's own error is handed on.
pub fn result(run: &RunResult) -> Result<String, serde_json::Error> {
    document(&ResultDocument::from(run))
}

/// A diff summary as a JSON document of its own: what `stella diff --json` prints.
///
/// # Errors
/// As for [`result()`].
pub fn diff_summary(diff: &DiffSummary) -> Result<String, serde_json::Error> {
    document(&DiffSummaryDocument::from(diff))
}

fn document(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
