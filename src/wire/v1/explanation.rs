//! What an experiment showed, on the wire: in a result, and as `stella explain` prints it (`stella.explanation/1`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::digest::Digest;
use crate::model::experiment::explanation;
use crate::model::outcome::Outcome;
use crate::model::result::ReplayResult;
use crate::wire::schema_name::schema_name;
use crate::wire::v1::cause::{Cause, Factor, MismatchReason};
use crate::wire::v1::diff_summary::DiffSummaryDocument;

schema_name!(ExplanationSchema = "stella.explanation/1");

/// `stella explain`
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExplanationV1 {
    /// `stella.explanation/1`
    pub schema: ExplanationSchema,
    /// Id of the recorded scan.
    pub scan_id: String,
    /// `match`, `drift`, `flaky`, …, as in a result.
    pub outcome: String,
    /// The one reason, `mixed` where there are several; null where nothing differs.
    pub mismatch_reason: Option<MismatchReason>,
    /// Every cause of a drift.
    pub causes: Vec<Cause>,
    /// The experiment; null where the replay could not run.
    pub explanation: Option<Explanation>,
    /// What changed; null where nothing did.
    pub diff_summary: Option<DiffSummaryDocument>,
    /// Things to know that are not a failure.
    pub notes: Vec<String>,
    /// One command that shows it again.
    pub reproduce: String,
}

impl From<&ReplayResult> for ExplanationV1 {
    fn from(replay: &ReplayResult) -> Self {
        let causes = match &replay.outcome {
            Outcome::Drift { causes } => causes.iter().map(Cause::from).collect(),
            _ => Vec::new(),
        };
        Self {
            schema: ExplanationSchema,
            scan_id: replay.id.clone(),
            outcome: replay.outcome.code().to_owned(),
            mismatch_reason: replay.outcome.mismatch_reason().map(Into::into),
            causes,
            explanation: replay.explanation.as_ref().map(Explanation::from),
            diff_summary: (!replay.diff.is_empty()).then(|| DiffSummaryDocument::from(&replay.diff)),
            notes: replay.notes.clone(),
            reproduce: replay.reproduce.clone(),
        }
    }
}

/// An experiment with its conclusion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// How many changes have which cause: `12 feed, 2 scanner, 1 feed × policy, 0 unexplained`.
    pub summary: String,
    /// What differs between the recording and now, and could be swapped.
    pub factors: Vec<Factor>,
    /// What could not be swapped and can therefore not be excluded.
    pub not_excluded: Vec<String>,
    /// Every kind of replay that was run.
    pub cells: Vec<CellRuns>,
    /// Every change with its cause.
    pub changes: Vec<Change>,
    /// How often the scan differs from itself.
    pub noise: Noise,
    /// How many replays were run for it, those that another explanation had run included.
    pub replays: u64,
    /// Whether the budget ended before everything was sure.
    pub partial: bool,
}

/// The runs of one cell: each factor from one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CellRuns {
    /// The factors that were taken as they are now; all others were as recorded.
    pub from_now: Vec<Factor>,
    /// The digest of all inputs.
    pub inputs: Digest,
    /// How often it was run.
    pub runs: u64,
    /// How many different results came out.
    pub results: u64,
    /// How many changes its first run shows against what was recorded.
    pub changed: u64,
    /// Why a run gave no result, where one did not.
    pub failed: Option<String>,
}

/// One change with its cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// `finding`, `package`, `vex`, `decision`, `artifact`
    pub kind: String,
    /// What changed, in words.
    pub what: String,
    /// `feed`, `feed × policy`, `flaky`, `unexplained`, …
    pub by: String,
    /// Its cause; null where it is not known.
    pub cause: Option<Cause>,
}

/// How many of the control replays differ from the most common result of their side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Noise {
    /// How many differ.
    pub different: u64,
    /// Of how many.
    pub runs: u64,
    /// Lower end of the Wilson 95 % interval, in parts per million.
    pub low_ppm: u64,
    /// Its upper end.
    pub high_ppm: u64,
}

impl From<&explanation::Explanation> for Explanation {
    fn from(of: &explanation::Explanation) -> Self {
        let explanation::Explanation { summary, factors, not_excluded, cells, changes, noise, replays, partial } =
            of.clone();
        Self {
            summary,
            factors: factors.into_iter().map(Into::into).collect(),
            not_excluded,
            cells: cells.into_iter().map(Into::into).collect(),
            changes: changes.into_iter().map(Into::into).collect(),
            noise: noise.into(),
            replays,
            partial,
        }
    }
}

impl From<Explanation> for explanation::Explanation {
    fn from(of: Explanation) -> Self {
        let Explanation { summary, factors, not_excluded, cells, changes, noise, replays, partial } = of;
        Self {
            summary,
            factors: factors.into_iter().map(Into::into).collect(),
            not_excluded,
            cells: cells.into_iter().map(Into::into).collect(),
            changes: changes.into_iter().map(Into::into).collect(),
            noise: noise.into(),
            replays,
            partial,
        }
    }
}

impl From<explanation::CellRuns> for CellRuns {
    fn from(of: explanation::CellRuns) -> Self {
        let explanation::CellRuns { from_now, inputs, runs, results, changed, failed } = of;
        Self { from_now: from_now.into_iter().map(Into::into).collect(), inputs, runs, results, changed, failed }
    }
}

impl From<CellRuns> for explanation::CellRuns {
    fn from(of: CellRuns) -> Self {
        let CellRuns { from_now, inputs, runs, results, changed, failed } = of;
        Self { from_now: from_now.into_iter().map(Into::into).collect(), inputs, runs, results, changed, failed }
    }
}

impl From<explanation::Change> for Change {
    fn from(of: explanation::Change) -> Self {
        let explanation::Change { kind, what, by, cause } = of;
        Self { kind, what, by, cause: cause.as_ref().map(Into::into) }
    }
}

impl From<Change> for explanation::Change {
    fn from(of: Change) -> Self {
        let Change { kind, what, by, cause } = of;
        Self { kind, what, by, cause: cause.map(Into::into) }
    }
}

impl From<explanation::Noise> for Noise {
    fn from(of: explanation::Noise) -> Self {
        let explanation::Noise { different, runs, low_ppm, high_ppm } = of;
        Self { different, runs, low_ppm, high_ppm }
    }
}

impl From<Noise> for explanation::Noise {
    fn from(of: Noise) -> Self {
        let Noise { different, runs, low_ppm, high_ppm } = of;
        Self { different, runs, low_ppm, high_ppm }
    }
}
