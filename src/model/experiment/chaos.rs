//! What perturbing a scan showed.

use crate::model::digest::Digest;

/// Every perturbation of one scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chaos {
    /// Id of the recorded scan.
    pub scan_id: String,
    /// The artifacts of the unperturbed scan.
    pub unperturbed: Vec<ArtifactDigest>,
    /// Every perturbation with what it showed.
    pub perturbations: Vec<Perturbation>,
    /// One command that shows it again.
    pub reproduce: String,
}

impl Chaos {
    /// Whether something that must not matter did, or the scan differs from itself.
    pub fn is_shaken(&self) -> bool {
        self.perturbations
            .iter()
            .any(|one| !matches!(one.shown, PerturbationOutcome::Same | PerturbationOutcome::NotTested))
    }

    /// The perturbations that are to blame for something. A scan that differs from itself blames none of them.
    pub fn blamed(&self) -> Vec<&str> {
        let blamed =
            |one: &&Perturbation| matches!(one.shown, PerturbationOutcome::Changed | PerturbationOutcome::Failed);
        self.perturbations.iter().filter(blamed).map(|one| one.name.as_str()).collect()
    }

    /// Whether runs of the same differ, perturbed or not.
    pub fn differs_from_itself(&self) -> bool {
        self.perturbations.iter().any(|one| one.shown == PerturbationOutcome::Unstable)
    }
}

/// One perturbation.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl PerturbationOutcome {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::Unstable => "differs from itself",
            Self::Failed => "no result",
            Self::NotTested => "not tested",
        }
    }
}

/// One artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactDigest {
    /// Its name.
    pub name: String,
    /// Digest of its canonical bytes.
    pub canonical: Digest,
}
