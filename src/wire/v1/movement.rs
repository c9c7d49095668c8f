//! What a result gained and lost, on the wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::comparison::movement::Movement;

/// How many findings moved which way, and what else was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MovementV1 {
    /// Findings that only the replay has.
    pub appeared: u64,
    /// Findings that both have, of which the replay says more or something newer.
    pub updated: u64,
    /// Findings that only the recording has.
    pub disappeared: u64,
    /// Findings that both have, of which the replay says less.
    pub weakened: u64,
    /// Packages and VEX statements that were lost or weakened.
    pub other_lost: u64,
    /// The decision is another, or one of its reasons is gone.
    pub decision_changed: bool,
    /// An artifact differs whose meaning nobody knows, or is gone.
    pub unknown: bool,
}

impl From<Movement> for MovementV1 {
    fn from(of: Movement) -> Self {
        let Movement { appeared, updated, disappeared, weakened, other_lost, decision_changed, unknown } = of;
        Self { appeared, updated, disappeared, weakened, other_lost, decision_changed, unknown }
    }
}

impl From<MovementV1> for Movement {
    fn from(of: MovementV1) -> Self {
        let MovementV1 { appeared, updated, disappeared, weakened, other_lost, decision_changed, unknown } = of;
        Self { appeared, updated, disappeared, weakened, other_lost, decision_changed, unknown }
    }
}
