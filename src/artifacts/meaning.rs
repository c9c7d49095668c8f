//! The artifacts of one side as one value of what they mean, and what is decided on it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::artifacts::comparison::ComparisonError;
use crate::artifacts::read_artifact;
use crate::compare::semantic::Semantics;
use crate::format::Document;
use crate::job::artifact::Artifact;
use crate::model::decision::Decision;
use crate::policy::{Policy, PolicyInput, PolicyLimits};

/// What the documents of one side mean together.
pub fn meaning(documents: impl Iterator<Item = Arc<Document>>) -> Semantics {
    let (mut packages, mut findings, mut vex, mut decision) = (None, None, None, None);
    let mut facts = Vec::new();
    for document in documents {
        let document = Arc::unwrap_or_clone(document);
        facts.extend(document.facts);
        join(&mut packages, document.packages);
        join(&mut findings, document.findings);
        join(&mut vex, document.vex);
        decision = decision.or(document.decision);
    }
    Semantics::from_parts(packages, findings, vex, decision).with_facts(facts)
}

fn join<T>(all: &mut Option<Vec<T>>, more: Option<Vec<T>>) {
    match (all.as_mut(), more) {
        (Some(all), Some(more)) => all.extend(more),
        (None, more) => *all = more,
        (Some(_), None) => {}
    }
}

/// The policy's decision on artifacts that have none of their own; none where they hold no findings to decide on.
///
/// # Errors
/// When the policy cannot decide.
pub fn decide_on(artifacts: &[Artifact], policy: &Policy, now: Timestamp) -> Result<Option<Decision>, ComparisonError> {
    let documents = artifacts.iter().map(|artifact| read_artifact::meaning(artifact, &artifact.document()).ok());
    // What cannot be read may hold whatever a policy forbids: nothing is decided beside it.
    let Some(documents) = documents.collect::<Option<Vec<Document>>>() else { return Ok(None) };
    decide(&meaning(documents.into_iter().map(Arc::new)), policy, now)
}

/// The decision that came with a result, else the policy's on its findings; none where there are no findings to decide on.
///
/// # Errors
/// When the policy cannot decide.
pub fn decide(meaning: &Semantics, policy: &Policy, now: Timestamp) -> Result<Option<Decision>, ComparisonError> {
    if let Some(decision) = meaning.decision() {
        return Ok(Some(decision.clone()));
    }
    if !meaning.has_findings() {
        return Ok(None);
    }
    let decision = policy.decide(&PolicyInput::of(meaning), now, &PolicyLimits::default());
    decision.map(Some).map_err(ComparisonError::Policy)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::canonical::{self, Limits};
    use crate::format;
    use crate::model::artifact::ArtifactFormat;

    const DOCUMENTS: [(ArtifactFormat, &[u8]); 16] = [
        (ArtifactFormat::Cyclonedx, include_bytes!("../../tests/data/canonical/cyclonedx/full.json")),
        (ArtifactFormat::Cyclonedx, include_bytes!("../../tests/data/format/cyclonedx.json")),
        (ArtifactFormat::CyclonedxVex, include_bytes!("../../tests/data/canonical/cyclonedx-vex/full.json")),
        (ArtifactFormat::Spdx, include_bytes!("../../tests/data/canonical/spdx/full.json")),
        (ArtifactFormat::Spdx, include_bytes!("../../tests/data/format/spdx.json")),
        (ArtifactFormat::Openvex, include_bytes!("../../tests/data/canonical/openvex/full.json")),
        (ArtifactFormat::Sarif, include_bytes!("../../tests/data/canonical/sarif/full.json")),
        (ArtifactFormat::Spdx3, include_bytes!("../../tests/data/canonical/spdx3/full.json")),
        (ArtifactFormat::Csaf, include_bytes!("../../tests/data/canonical/csaf/full.json")),
        (ArtifactFormat::Grype, include_bytes!("../../tests/data/canonical/grype/full.json")),
        (ArtifactFormat::OsvScanner, include_bytes!("../../tests/data/canonical/osv-scanner/full.json")),
        (ArtifactFormat::OsvScanner, include_bytes!("../../tests/data/format/osv-scanner.json")),
        (ArtifactFormat::Syft, include_bytes!("../../tests/data/canonical/syft/full.json")),
        (ArtifactFormat::Syft, include_bytes!("../../tests/data/format/syft.json")),
        (ArtifactFormat::Trivy, include_bytes!("../../tests/data/canonical/trivy/full.json")),
        (ArtifactFormat::StellaFindings, include_bytes!("../../tests/data/format/findings.json")),
    ];

    fn meaning_of(format: ArtifactFormat, bytes: &[u8]) -> Semantics {
        meaning(std::iter::once(format::read_document(format, bytes).unwrap().into()))
    }
    /// What a profile takes for random means nothing.
    #[test]
    fn other_random_ids_mean_the_same() {
        let text = include_str!("../../tests/data/canonical/cyclonedx/random-refs.json");
        let profile = crate::canonical::Profile::builtin(ArtifactFormat::Cyclonedx);
        let digest =
            |text: &str| canonical::canonicalize_with(profile, text.as_bytes(), &Limits::default()).unwrap().digest;
        let ids: BTreeSet<&str> = text.split('"').filter(|id| id.starts_with("BomRef.") || id.len() == 36).collect();
        assert!(ids.len() >= 9, "{ids:?}");
        let renamed = |text: String, (n, id): (usize, &&str)| text.replace(*id, &format!("BomRef.{n}.7"));
        let other = ids.iter().enumerate().fold(text.to_owned(), renamed);
        assert_ne!(other, text);
        assert_eq!(digest(&other), digest(text));
        let meaning = |text: &str| meaning_of(ArtifactFormat::Cyclonedx, text.as_bytes());
        assert_eq!(meaning(&other), meaning(text));
    }

    /// What a profile calls a set has no first element: else equal bytes could mean different things.
    #[test]
    fn the_canonical_form_means_what_the_document_means() {
        for (format, bytes) in DOCUMENTS {
            let canonical = canonical::canonicalize_artifact(format, bytes, &Limits::default()).unwrap();
            let mut canonical: serde_json::Value = serde_json::from_slice(&canonical.bytes).unwrap();
            if format == ArtifactFormat::Openvex {
                // Mandatory, and volatile: the profile drops them.
                canonical["@id"] = "urn:example".into();
                canonical["timestamp"] = "2026-01-01T00:00:00Z".into();
            }
            if format == ArtifactFormat::Sarif {
                // A position became the name of what it meant, which the results of this document give beside it.
                for result in canonical["runs"][0]["results"].as_array_mut().unwrap() {
                    assert_eq!(result["ruleIndex"], result["ruleId"]);
                    result.as_object_mut().unwrap().remove("ruleIndex");
                }
            }
            assert_eq!(meaning_of(format, canonical.to_string().as_bytes()), meaning_of(format, bytes), "{format}");
        }
    }
}
