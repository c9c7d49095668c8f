//! Reads the artifacts of a scan for what they mean: a reader for each format.

use crate::format::document::Document;
use crate::format::error::FormatError;
use crate::format::text::decode;
use crate::format::{
    csaf, cyclonedx, decision, detect, findings, grype, openvex, osv_scanner, sarif, spdx, spdx3, syft, tools, trivy,
};
use crate::model::artifact::{ArtifactFormat, ProfileName};

/// Reads a report of the tool of that name, where its reports are known: what it writes where it found nothing may not tell whose it is.
///
/// # Errors
/// When it does not read as the tool writes it.
pub fn read_report(tool: &ProfileName, bytes: &[u8]) -> Result<Document, FormatError> {
    tools::read(tool.as_str(), bytes)
}

/// Reads a document in a known format. Of `json` what a tool wrote is read whose reports are known; of other JSON and of `bytes`
/// no meaning is known, and nothing is read.
///
/// # Errors
/// When the document breaks the rules of its format.
pub fn read_document(format: ArtifactFormat, bytes: &[u8]) -> Result<Document, FormatError> {
    if format == ArtifactFormat::Json {
        return match detect::tool::recognise(bytes) {
            Some(tool) => tools::read(tool.as_str(), bytes),
            None => Ok(Document::default()),
        };
    }
    if !format.has_meaning() {
        return Ok(Document::default());
    }
    let text = decode(format.code(), bytes)?;
    let nothing = Document::default();
    Ok(match format {
        ArtifactFormat::Cyclonedx => {
            let cyclonedx::Contents { listing, findings, vex, facts, has_components, not_read } =
                cyclonedx::read(text)?;
            let packages = has_components.then(|| listing.compared());
            Document { packages, findings, vex, facts, not_compared: not_read, ..nothing }
        }
        ArtifactFormat::CyclonedxVex => {
            let cyclonedx::Contents { listing, findings, vex, mut facts, has_components: _, not_read } =
                cyclonedx::read(text)?;
            // What it is about is not an inventory.
            facts.extend(listing.compared().into_iter().map(|package| {
                let licenses = package.licenses.iter().map(|license| format!("licence: {license}"));
                let details: Vec<String> = package.details.iter().cloned().chain(licenses).collect();
                format!("{} ({})", package.key(), details.join("; "))
            }));
            facts.sort();
            Document { findings, vex, facts, not_compared: not_read, ..nothing }
        }
        ArtifactFormat::Spdx => spdx::read(text)?.compared(),
        ArtifactFormat::Spdx3 => spdx3::read(text)?.compared(),
        ArtifactFormat::Syft => syft::read(text)?.compared(),
        ArtifactFormat::Openvex => Document { vex: Some(openvex::read(text)?), ..nothing },
        ArtifactFormat::Csaf => csaf::read(text)?,
        ArtifactFormat::Sarif => sarif::read(text)?,
        ArtifactFormat::Grype => grype::read(text)?,
        ArtifactFormat::OsvScanner => osv_scanner::read(text)?,
        ArtifactFormat::Trivy => trivy::read(text)?,
        ArtifactFormat::StellaFindings => Document { findings: Some(findings::read(text)?), ..nothing },
        ArtifactFormat::StellaDecision => Document { decision: Some(decision::read(text)?), ..nothing },
        ArtifactFormat::Json | ArtifactFormat::JsonLines | ArtifactFormat::Bytes => nothing,
    })
}
