//! Artifacts: the format is found, every format's reader takes any bytes, and what we write of a document's meaning is
//! read back as the same.

use jiff::Timestamp;
use stella::canonical::{Limits, Profile, health};
use stella::format::{Document, cyclonedx, decision, detect, findings, openvex, read_document};
use stella::model::artifact::ArtifactFormat;
use stella::model::package::Package;
use stella::model::vex::VexStatement;

/// One run of the target.
pub fn run(input: &[u8]) {
    detect(input);
    detect::tool::recognise(input);
    for format in ArtifactFormat::ALL.iter().copied() {
        let _ = health::examine(Profile::builtin(format), input, &Limits::new(1 << 20, 100));
        if let Ok(document) = read_document(format, input) {
            survives(document);
        }
    }
}

/// Packages and statements are settled by their first way through our own spelling; the rest is kept as it is.
fn survives(Document { packages, findings, vex, decision, facts: _, not_compared: _ }: Document) {
    let read = |format, bytes: &[u8]| read_document(format, bytes).expect("we wrote it");
    if let Some(packages) = packages {
        let through = |packages: &[Package]| {
            read(ArtifactFormat::Cyclonedx, &cyclonedx::write(packages)).packages.expect("we wrote them")
        };
        let settled = through(&packages);
        assert_eq!(through(&settled), settled);
    }
    if let Some(vex) = vex {
        let by_openvex = |vex: &[VexStatement]| {
            read(ArtifactFormat::Openvex, &openvex::write(vex, Timestamp::UNIX_EPOCH)).vex.expect("we wrote them")
        };
        let by_cyclonedx = |vex: &[VexStatement]| {
            read(ArtifactFormat::CyclonedxVex, &cyclonedx::vex::write(vex)).vex.expect("we wrote them")
        };
        let settled = by_openvex(&vex);
        assert_eq!(by_openvex(&settled), settled);
        let settled = by_cyclonedx(&vex);
        assert_eq!(by_cyclonedx(&settled), settled);
    }
    if let Some(mut findings) = findings {
        // What only a comparison looks at is not written, and nothing is written twice.
        findings.iter_mut().for_each(|finding| finding.details.clear());
        findings.sort();
        findings.dedup();
        let again = read(ArtifactFormat::StellaFindings, &findings::write(&findings));
        assert_eq!(again.findings, Some(findings));
    }
    if let Some(decision) = decision {
        let again = read(ArtifactFormat::StellaDecision, &decision::write(&decision));
        assert_eq!(again.decision, Some(decision));
    }
}
