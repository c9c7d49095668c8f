//! Documents: the artifacts of a scan, read for what they mean.

use crate::format::error::FormatError;
use crate::format::inventory::distinct;
use crate::format::text::decode;
use crate::format::{
    csaf, cyclonedx, decision, findings, grype, openvex, osv_scanner, sarif, spdx, spdx3, syft, trivy,
};
use crate::model::artifact::ArtifactFormat;
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

/// Reads a document in a known format. Of `json` and `bytes` no meaning is known, and nothing is read.
///
/// # Errors
/// When the document breaks the rules of its format.
pub fn read_document(format: ArtifactFormat, bytes: &[u8]) -> Result<Document, FormatError> {
    if !format.has_meaning() {
        return Ok(Document::default());
    }
    let text = decode(format.code(), bytes)?;
    let nothing = Document::default();
    Ok(match format {
        ArtifactFormat::Cyclonedx => {
            let contents = cyclonedx::read(text)?;
            let packages = Some(distinct(contents.listing.packages));
            Document { packages, findings: contents.findings, vex: contents.vex, decision: None }
        }
        ArtifactFormat::CyclonedxVex => {
            Document { vex: Some(cyclonedx::read(text)?.vex.unwrap_or_default()), ..nothing }
        }
        ArtifactFormat::Spdx => Document { packages: Some(distinct(spdx::read(text)?.packages)), ..nothing },
        ArtifactFormat::Spdx3 => {
            let contents = spdx3::read(text)?;
            Document { packages: Some(distinct(contents.listing.packages)), vex: contents.vex, ..nothing }
        }
        ArtifactFormat::Syft => Document { packages: Some(distinct(syft::read(text)?.packages)), ..nothing },
        ArtifactFormat::Openvex => Document { vex: Some(openvex::read(text)?), ..nothing },
        ArtifactFormat::Csaf => Document { vex: Some(csaf::read(text)?), ..nothing },
        ArtifactFormat::Sarif => Document { findings: Some(sarif::read(text)?), ..nothing },
        ArtifactFormat::Grype => grype::read(text)?,
        ArtifactFormat::OsvScanner => osv_scanner::read(text)?,
        ArtifactFormat::Trivy => trivy::read(text)?,
        ArtifactFormat::StellaFindings => Document { findings: Some(findings::read(text)?), ..nothing },
        ArtifactFormat::StellaDecision => Document { decision: Some(decision::read(text)?), ..nothing },
        ArtifactFormat::Json | ArtifactFormat::JsonLines | ArtifactFormat::Bytes => nothing,
    })
}
