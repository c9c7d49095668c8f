//! VEX statements: what a vulnerability means for a product.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The status labels that all VEX formats share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum VexStatus {
    NotAffected,
    Affected,
    Fixed,
    UnderInvestigation,
}

impl VexStatus {
    /// The stable name, as OpenVEX spells it.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for VexStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Stands between a product and a component inside of it; in no purl, as it has blanks.
pub const COMPONENT_SEPARATOR: &str = " -> ";

/// One statement: this vulnerability has this status in this product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VexStatement {
    /// The vulnerability's id.
    pub vulnerability: String,
    /// The product, normally a purl; for a component inside of one both, with [`COMPONENT_SEPARATOR`] between them.
    pub product: String,
    /// The status.
    pub status: VexStatus,
    /// Why it is not affected (`vulnerable_code_not_in_execute_path`, …), in the format's own words.
    pub justification: Option<String>,
    /// What else it says, and of what exactly, each named (`version: 2.0`, `branch: …`). No policy looks at it.
    pub details: BTreeSet<String>,
}
