//! What two sides are compared under, what comes out, and why nothing can.

use jiff::Timestamp;

use crate::artifacts::read_artifact::UnreadableArtifact;
use crate::canonical::Roots;
use crate::config::Config;
use crate::model::comparison::diff::DiffSummary;
use crate::model::comparison::fidelity::{Fidelity, OrderBroken};
use crate::model::comparison::movement::Movement;
use crate::model::result::ArtifactResult;
use crate::policy::{Policy, PolicyError};

/// Which artifacts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every artifact of either side: one that only one side has is a difference.
    All,
    /// Only those that are expected: a case states what it is about.
    Expected,
}

/// What two sides are compared under.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Whose profiles apply.
    pub config: &'a Config,
    /// Which artifacts are compared.
    pub scope: Scope,
    /// Decides for a side that has no decision of its own. One for both sides: else equal findings could be decided
    /// differently, and semantic fidelity would not imply policy fidelity.
    pub policy: &'a Policy,
    /// The instant that a policy takes for now.
    pub now: Timestamp,
    /// Where the input lay when what is expected was made.
    pub expected_roots: &'a Roots,
    /// Where it lay now.
    pub actual_roots: &'a Roots,
    /// The two sides were written by two builds of one tool: what names the build is put aside.
    pub across_builds: bool,
}

/// How far two sides agree.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The three verdicts.
    pub fidelity: Fidelity,
    /// What changed.
    pub diff: DiffSummary,
    /// Every artifact that was compared.
    pub artifacts: Vec<ArtifactResult>,
    /// What was gained and what was lost; `None` where the bytes agree.
    pub movement: Option<Movement>,
    /// Things to know that are not a failure: what could not be read, and why.
    pub notes: Vec<String>,
}

/// Why two sides cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum ComparisonError {
    /// An expected artifact is not what its format says.
    #[error("expected artifact `{name}`")]
    Expected {
        /// Its name.
        name: String,
        /// What is wrong with it.
        source: UnreadableArtifact,
    },
    /// An artifact that the scanner wrote is not what its format says.
    #[error("artifact `{name}`")]
    Actual {
        /// Its name.
        name: String,
        /// What is wrong with it.
        source: UnreadableArtifact,
    },
    /// The policy cannot decide.
    #[error("the policy cannot decide")]
    Policy(#[source] PolicyError),
    /// The comparison contradicts itself.
    #[error(transparent)]
    Order(#[from] OrderBroken),
}
