//! Documents: what the artifacts of a scan mean.

use std::collections::BTreeSet;

use crate::model::decision::Decision;
use crate::model::finding::Finding;
use crate::model::package::Package;
use crate::model::vex::VexStatement;

/// What a document means. `None` is what this kind of document does not carry; an empty list is carried
/// and empty. Lists are sorted; packages and findings stand there as often as the document names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// The packages listed.
    pub packages: Option<Vec<Package>>,
    /// The vulnerabilities found.
    pub findings: Option<Vec<Finding>>,
    /// The statements on exploitability.
    pub vex: Option<Vec<VexStatement>>,
    /// The decision taken.
    pub decision: Option<Decision>,
    /// What it says besides and is compared as well, a line for each, sorted: vulnerabilities without a status, checks that passed.
    pub facts: Vec<String>,
    /// The parts of it that are there and are not compared but as bytes.
    pub not_compared: BTreeSet<String>,
}

impl Document {
    /// Whether anything of it was read.
    pub fn has_meaning(&self) -> bool {
        let Self { packages, findings, vex, decision, facts, not_compared: _ } = self;
        packages.is_some() || findings.is_some() || vex.is_some() || decision.is_some() || !facts.is_empty()
    }

    /// Whether another one lists the same packages, findings and statements and has the same decision, whatever it says besides.
    pub fn lists_the_same(&self, other: &Self) -> bool {
        let Self { packages, findings, vex, decision, facts: _, not_compared: _ } = self;
        *packages == other.packages && *findings == other.findings && *vex == other.vex && *decision == other.decision
    }
}
