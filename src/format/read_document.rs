//! Reads the artifacts of a scan for what they mean: a reader for each format.

use crate::format::document::Document;
use crate::format::error::FormatError;
use crate::format::listing::distinct;
use crate::format::text::decode;
use crate::format::{
    csaf, cyclonedx, decision, findings, grype, openvex, osv_scanner, sarif, spdx, spdx3, syft, trivy,
};
use crate::model::artifact::ArtifactFormat;

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
