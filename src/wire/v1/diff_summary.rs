//! The diff summary: what changed between a recording and its replay.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::comparison::diff::{self, DiffSummary, Top};
use crate::model::digest::Digest;
use crate::wire::document::document;
use crate::wire::v1::cause::Cause;
use crate::wire::v1::words::{Direction, Severity};

/// The name and version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DiffSummarySchema {
    /// Version 1.
    #[serde(rename = "stella.diff-summary/1")]
    V1,
}

/// What changed, most important first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DiffSummaryDocument {
    /// The name and version of the format.
    pub schema: DiffSummarySchema,
    /// Findings that flipped.
    pub findings: Listed<FindingFlip>,
    /// Packages added, removed or changed.
    pub packages: Listed<PackageChange>,
    /// VEX statements that differ.
    pub vex: Listed<VexChange>,
    /// The decision; null where it is the same.
    pub decision: Option<DecisionChange>,
    /// Artifacts whose canonical bytes differ.
    pub artifacts: Vec<ArtifactChange>,
}

/// A list that may be cut, with what was cut counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Top{T}")]
pub struct Listed<T> {
    /// The first entries, most important first.
    pub shown: Vec<T>,
    /// How many more there are.
    pub omitted: u32,
}

impl<T> Listed<T> {
    fn is_empty(&self) -> bool {
        self.shown.is_empty() && self.omitted == 0
    }
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { shown: Vec::new(), omitted: 0 }
    }
}

/// One finding that flipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingFlip {
    /// The vulnerability.
    pub cve_id: String,
    /// The package.
    pub affected_purl: String,
    /// Which way.
    pub direction: Direction,
    /// Severity on the side that has it (the recording's, where both have).
    pub severity: Severity,
    /// The fields that differ; for a finding that only one side has, all its fields.
    pub changes: Vec<FieldChange>,
    /// One sentence: why it flipped, as far as the two results tell.
    pub why: String,
    /// Its own cause; null where none is known.
    pub cause: Option<Cause>,
}

/// One field with its two values as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    /// Name of the field.
    pub field: String,
    /// The recorded value; null where absent.
    pub before: Option<String>,
    /// The replayed value; null where absent.
    pub after: Option<String>,
}

/// One package that was added, removed or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackageChange {
    /// Name of the package.
    pub name: String,
    /// Which way.
    pub direction: Direction,
    /// Versions before, sorted.
    pub before: Vec<String>,
    /// Versions after, sorted.
    pub after: Vec<String>,
}

/// One VEX statement whose status or justification differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VexChange {
    /// The vulnerability.
    pub vulnerability: String,
    /// The product.
    pub product: String,
    /// Before; null where there was no statement.
    pub before: Option<String>,
    /// After; null where there is no statement.
    pub after: Option<String>,
}

/// A decision that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionChange {
    /// `pass` or `fail`; null where the recording has no decision.
    pub before: Option<String>,
    /// The same for the replay.
    pub after: Option<String>,
    /// Reason codes that only the replay has.
    pub reasons_added: Vec<String>,
    /// Reason codes that only the recording has.
    pub reasons_removed: Vec<String>,
}

/// One artifact whose canonical bytes differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactChange {
    /// Its name, e.g. `findings.json`.
    pub name: String,
    /// Canonical digest before; null where that side lacks it.
    pub before: Option<Digest>,
    /// Canonical digest after; null where that side lacks it.
    pub after: Option<Digest>,
    /// JSON pointer (RFC 6901) of the first difference in the canonical documents; null where they are not JSON.
    pub first_difference: Option<String>,
    /// The first places that differ, with both values; absent where there are none, because the findings, packages and
    /// statements above say more.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub differences: Listed<PlaceChange>,
}

/// One place of a document at which two differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlaceChange {
    /// A JSON pointer (RFC 6901), or `line N` or `byte N` of what is not JSON.
    pub place: String,
    /// What stands there before, cut where it is long; null where nothing does.
    pub before: Option<String>,
    /// The same after.
    pub after: Option<String>,
}

impl From<&DiffSummary> for DiffSummaryDocument {
    fn from(diff: &DiffSummary) -> Self {
        Self {
            schema: DiffSummarySchema::V1,
            findings: listed(&diff.findings, FindingFlip::from),
            packages: listed(&diff.packages, PackageChange::from),
            vex: listed(&diff.vex, VexChange::from),
            decision: diff.decision.as_ref().map(DecisionChange::from),
            artifacts: diff.artifacts.iter().map(ArtifactChange::from).collect(),
        }
    }
}

impl From<DiffSummaryDocument> for DiffSummary {
    fn from(document: DiffSummaryDocument) -> Self {
        Self {
            findings: top(document.findings, diff::FindingFlip::from),
            packages: top(document.packages, diff::PackageChange::from),
            vex: top(document.vex, diff::VexChange::from),
            decision: document.decision.map(diff::DecisionChange::from),
            artifacts: document.artifacts.into_iter().map(diff::ArtifactChange::from).collect(),
        }
    }
}

fn listed<'a, M, W>(top: &'a Top<M>, wire: fn(&'a M) -> W) -> Listed<W> {
    Listed { shown: top.shown.iter().map(wire).collect(), omitted: u32::try_from(top.omitted).unwrap_or(u32::MAX) }
}

fn top<M, W>(listed: Listed<W>, model: fn(W) -> M) -> Top<M> {
    // 32 bits on the wire: a total can be added up on every machine.
    Top { shown: listed.shown.into_iter().map(model).collect(), omitted: listed.omitted as usize }
}

/// A wire type with the same fields as its model type, converted both ways.
macro_rules! same_fields {
    ($name:ident { $($field:ident),+ }) => {
        impl From<&diff::$name> for $name {
            fn from(model: &diff::$name) -> Self {
                Self { $($field: model.$field.clone()),+ }
            }
        }

        impl From<$name> for diff::$name {
            fn from(wire: $name) -> Self {
                Self { $($field: wire.$field),+ }
            }
        }
    };
}

same_fields!(FieldChange { field, before, after });
same_fields!(VexChange { vulnerability, product, before, after });
same_fields!(DecisionChange { before, after, reasons_added, reasons_removed });
same_fields!(PlaceChange { place, before, after });

impl From<&diff::ArtifactChange> for ArtifactChange {
    fn from(change: &diff::ArtifactChange) -> Self {
        Self {
            name: change.name.clone(),
            before: change.before,
            after: change.after,
            first_difference: change.first_difference.clone(),
            differences: listed(&change.differences, PlaceChange::from),
        }
    }
}

impl From<ArtifactChange> for diff::ArtifactChange {
    fn from(change: ArtifactChange) -> Self {
        let ArtifactChange { name, before, after, first_difference, differences } = change;
        Self { name, before, after, first_difference, differences: top(differences, diff::PlaceChange::from) }
    }
}

impl From<&diff::FindingFlip> for FindingFlip {
    fn from(flip: &diff::FindingFlip) -> Self {
        Self {
            cve_id: flip.cve_id.clone(),
            affected_purl: flip.affected_purl.clone(),
            direction: flip.direction.into(),
            severity: flip.severity.into(),
            changes: flip.changes.iter().map(FieldChange::from).collect(),
            why: flip.why.clone(),
            cause: flip.cause.as_ref().map(Cause::from),
        }
    }
}

impl From<FindingFlip> for diff::FindingFlip {
    fn from(flip: FindingFlip) -> Self {
        Self {
            cve_id: flip.cve_id,
            affected_purl: flip.affected_purl,
            direction: flip.direction.into(),
            severity: flip.severity.into(),
            changes: flip.changes.into_iter().map(diff::FieldChange::from).collect(),
            why: flip.why,
            cause: flip.cause.map(Into::into),
        }
    }
}

impl From<&diff::PackageChange> for PackageChange {
    fn from(of: &diff::PackageChange) -> Self {
        let diff::PackageChange { name, direction, before, after } = of.clone();
        Self { name, direction: direction.into(), before, after }
    }
}

impl From<PackageChange> for diff::PackageChange {
    fn from(of: PackageChange) -> Self {
        let PackageChange { name, direction, before, after } = of;
        Self { name, direction: direction.into(), before, after }
    }
}

/// A diff summary as a JSON document of its own: what `stella diff --json` prints.
///
/// # Errors
/// None that a value of these types can cause; the serialiser's own error is handed on.
pub fn write(diff: &DiffSummary) -> Result<String, serde_json::Error> {
    document(&DiffSummaryDocument::from(diff))
}
