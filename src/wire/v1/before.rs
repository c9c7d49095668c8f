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

impl BeforeChangeV1 {
    /// What it says; `None` where it says a reason beside an answer, or has neither.
    pub(super) fn read(self) -> Option<BeforeChange> {
        Some(match (self.base, self.why) {
            (BeforeV1::RedAsNow, None) => BeforeChange::RedAsNow,
            (BeforeV1::RedOtherwise, None) => BeforeChange::RedOtherwise,
            (BeforeV1::Green, None) => BeforeChange::Green,
            (BeforeV1::NotKnown, Some(why)) => BeforeChange::NotKnown { why },
            (BeforeV1::RedAsNow | BeforeV1::RedOtherwise | BeforeV1::Green, Some(_)) | (BeforeV1::NotKnown, None) => {
                return None;
            }
        })
    }
}
