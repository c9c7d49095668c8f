//! Whether what fails now failed before the change, on the wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::change::before::BeforeChange;

/// What the base's subject does in a replay that fails with that of the change. It decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BeforeChangeV1 {
    /// How it ends there.
    pub base: BeforeV1,
    /// Why that is not known; null where it is.
    pub why: Option<String>,
}

/// How a replay ends with the base's subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BeforeV1 {
    /// In the same way, with the same artifacts.
    RedAsNow,
    /// It does not match either, and differs in another way.
    RedOtherwise,
    /// It matches.
    Green,
    /// It was not found out.
    NotKnown,
}

impl From<&BeforeChange> for BeforeChangeV1 {
    fn from(of: &BeforeChange) -> Self {
        let (base, why) = match of {
            BeforeChange::RedAsNow => (BeforeV1::RedAsNow, None),
            BeforeChange::RedOtherwise => (BeforeV1::RedOtherwise, None),
            BeforeChange::Green => (BeforeV1::Green, None),
            BeforeChange::NotKnown { why } => (BeforeV1::NotKnown, Some(why.clone())),
        };
        Self { base, why }
    }
}

impl From<BeforeChangeV1> for BeforeChange {
    fn from(wire: BeforeChangeV1) -> Self {
        match wire.base {
            BeforeV1::RedAsNow => Self::RedAsNow,
            BeforeV1::RedOtherwise => Self::RedOtherwise,
            BeforeV1::Green => Self::Green,
            BeforeV1::NotKnown => Self::NotKnown { why: wire.why.unwrap_or_default() },
        }
    }
}
