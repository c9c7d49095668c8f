//! What `stella chaos` prints (`stella.chaos/1`).

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::digest::Digest;
use crate::model::experiment::chaos::{self, Chaos};
use crate::model::same_words::same_words;
use crate::wire::schema_name::schema_name;

schema_name!(ChaosSchema = "stella.chaos/1");

/// `stella chaos`
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChaosV1 {
    /// `stella.chaos/1`
    pub schema: ChaosSchema,
    /// Id of the recorded scan.
    pub scan_id: String,
    /// Whether a perturbation changed a result, or the scan differs from itself.
    pub shaken: bool,
    /// The artifacts of the unperturbed scan.
    pub unperturbed: Vec<ArtifactDigest>,
    /// Every perturbation with what came of it.
    pub perturbations: Vec<Perturbation>,
    /// One command that shows it again.
    pub reproduce: String,
}

impl From<Chaos> for ChaosV1 {
    fn from(chaos: Chaos) -> Self {
        let shaken = chaos.is_shaken();
        let Chaos { scan_id, unperturbed, perturbations, reproduce } = chaos;
        Self {
            schema: ChaosSchema,
            scan_id,
            shaken,
            unperturbed: unperturbed.into_iter().map(Into::into).collect(),
            perturbations: perturbations.into_iter().map(Into::into).collect(),
            reproduce,
        }
    }
}

/// One perturbation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Perturbation {
    /// Its name.
    pub name: String,
    /// What was done.
    pub what: String,
    /// What came of it.
    pub shown: PerturbationOutcome,
    /// The artifacts that changed, with their new digests.
    pub changed: Vec<ArtifactDigest>,
    /// Why it was not tested, or how it failed.
    pub why: Option<String>,
}

/// What came of a perturbation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Shown")]
pub enum PerturbationOutcome {
    /// Every artifact is the same.
    Same,
    /// Artifacts changed, twice in the same way.
    Changed,
    /// Artifacts differ between runs of the same.
    Unstable,
    /// The scanner gave no result.
    Failed,
    /// It has no meaning for this scan, or no effect at this level of isolation.
    NotTested,
}

/// One artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ArtifactDigest {
    /// Its name.
    pub name: String,
    /// Digest of its canonical bytes.
    pub canonical: Digest,
}

same_words!(chaos::PerturbationOutcome { Same, Changed, Unstable, Failed, NotTested });

impl From<chaos::Perturbation> for Perturbation {
    fn from(of: chaos::Perturbation) -> Self {
        let chaos::Perturbation { name, what, shown, changed, why } = of;
        Self { name, what, shown: shown.into(), changed: changed.into_iter().map(Into::into).collect(), why }
    }
}

impl From<chaos::ArtifactDigest> for ArtifactDigest {
    fn from(of: chaos::ArtifactDigest) -> Self {
        let chaos::ArtifactDigest { name, canonical } = of;
        Self { name, canonical }
    }
}
