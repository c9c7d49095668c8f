//! Documents: what the artifacts of a scan mean.

use crate::model::decision::Decision;
use crate::model::finding::Finding;
use crate::model::package::Package;
use crate::model::vex::VexStatement;

/// What a document means. `None` is what this kind of document does not carry; an empty list is carried
/// and empty. Lists are sorted, and equal elements come once.
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
}
