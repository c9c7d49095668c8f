//! What a document is, by its content.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::format::detect::marks::{Csaf, Descriptor, DocumentMarks, OsvScannerResult};
use crate::format::json::lines;
use crate::format::text::decode;
use crate::format::{decision, findings, openvex, spdx3};
use crate::model::artifact::ArtifactFormat;
use crate::model::text::objects;

/// The format of a document. The version plays no part: reading says which versions are read.
///
/// CycloneDX with vulnerabilities and without components is a VEX document. JSON of no known kind is
/// [`ArtifactFormat::Json`], several values of it one after the other are [`ArtifactFormat::JsonLines`], all else [`ArtifactFormat::Bytes`].
pub fn detect(bytes: &[u8]) -> ArtifactFormat {
    let Ok(text) = decode("document", bytes) else { return ArtifactFormat::Bytes };
    let known = |text| objects::from_str(text).ok().and_then(|marks| of_marks(&marks));
    let other = || match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => ArtifactFormat::Json,
        // A document of a known kind with something behind it is broken, and no line of a list.
        Err(_) => match lines::first_of_several(text) {
            Some(first) if known(first).is_none() => ArtifactFormat::JsonLines,
            _ => ArtifactFormat::Bytes,
        },
    };
    known(text).unwrap_or_else(other)
}

fn of_marks(marks: &DocumentMarks<'_>) -> Option<ArtifactFormat> {
    let text = read::<String>;
    let begins = |value, start: &str| text(value).is_some_and(|text| text.starts_with(start));
    let family = |schema: &str| schema.rsplit_once('/').map_or("", |(family, _)| family).to_owned() + "/";
    if text(marks.bom_format).as_deref() == Some("CycloneDX") {
        let vex = marks.vulnerabilities.is_some() && marks.components.is_none();
        return Some(if vex { ArtifactFormat::CyclonedxVex } else { ArtifactFormat::Cyclonedx });
    }
    let sarif = || {
        let named = text(marks.json_schema).is_some_and(|schema| schema.contains("sarif"));
        marks.runs.is_some() && (named || text(marks.version).is_some_and(|version| version.starts_with("2.")))
    };
    if begins(marks.spdx_version, "SPDX-") {
        Some(ArtifactFormat::Spdx)
    } else if begins(marks.context, spdx3::CONTEXT) {
        Some(ArtifactFormat::Spdx3)
    } else if begins(marks.context, openvex::CONTEXT) {
        Some(ArtifactFormat::Openvex)
    } else if read::<Csaf>(marks.document).is_some() {
        Some(ArtifactFormat::Csaf)
    } else if begins(marks.schema, &family(findings::SCHEMA)) {
        Some(ArtifactFormat::StellaFindings)
    } else if begins(marks.schema, &family(decision::SCHEMA)) {
        Some(ArtifactFormat::StellaDecision)
    } else if sarif() {
        Some(ArtifactFormat::Sarif)
    } else {
        of_report(marks)
    }
}

/// The format of a scanner's own report.
fn of_report(marks: &DocumentMarks<'_>) -> Option<ArtifactFormat> {
    let made_by = |name: &str| read::<Descriptor>(marks.descriptor).is_some_and(|descriptor| descriptor.name == name);
    let of_osv_scanner = || match read::<Vec<OsvScannerResult>>(marks.results) {
        Some(results) => !results.is_empty() || marks.osv_scanner_config.is_some(),
        // `null`, where nothing was found.
        None => marks.osv_scanner_config.is_some() && marks.results.is_none(),
    };
    if marks.artifacts.is_some() && made_by("syft") {
        Some(ArtifactFormat::Syft)
    } else if marks.matches.is_some() && made_by("grype") {
        Some(ArtifactFormat::Grype)
    } else if marks.trivy_schema.is_some() && (marks.trivy_artifact.is_some() || marks.trivy_results.is_some()) {
        Some(ArtifactFormat::Trivy)
    } else if of_osv_scanner() {
        Some(ArtifactFormat::OsvScanner)
    } else {
        None
    }
}

fn read<'t, T: Deserialize<'t>>(value: Option<&'t RawValue>) -> Option<T> {
    objects::from_str(value?.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_content() {
        use ArtifactFormat::*;
        for (text, format) in [
            (r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[]}"#, Cyclonedx),
            (r#"{"bomFormat":"CycloneDX","components":[],"vulnerabilities":[]}"#, Cyclonedx),
            (r#"{"bomFormat":"CycloneDX","vulnerabilities":[]}"#, CyclonedxVex),
            (r#"{"bomFormat":"other"}"#, Json),
            (r#"{"spdxVersion":"SPDX-2.3"}"#, Spdx),
            (r#"{"@context":"https://openvex.dev/ns/v0.2.0"}"#, Openvex),
            (r#"{"@context":["https://www.w3.org/ns/x"]}"#, Json),
            (r#"{"version":"2.1.0","runs":[]}"#, Sarif),
            (r#"{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[]}"#, Sarif),
            (r#"{"version":"2.1.0"}"#, Json),
            (r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]}"#, Spdx3),
            (r#"{"document":{"csaf_version":"2.0"}}"#, Csaf),
            (r#"{"document":{"category":"x"}}"#, Json),
            (r#"{"artifacts":[],"descriptor":{"name":"syft"}}"#, Syft),
            (r#"{"matches":[],"descriptor":{"name":"grype"}}"#, Grype),
            (r#"{"matches":[],"descriptor":{"name":"another"}}"#, Json),
            (r#"{"SchemaVersion":2,"ArtifactName":"."}"#, Trivy),
            (r#"{"SchemaVersion":2}"#, Json),
            (r#"{"results":[],"experimental_config":{}}"#, OsvScanner),
            (r#"{"results":null,"experimental_config":{}}"#, OsvScanner),
            (r#"{"results":[{"source":{"path":"/a","type":"lockfile"},"packages":[]}]}"#, OsvScanner),
            (r#"{"results":[{"check_id":"x","path":"a.py"}]}"#, Json),
            (r#"{"results":[]}"#, Json),
            (r#"{"schema":"stella.findings/1","findings":[]}"#, StellaFindings),
            (r#"{"schema":"stella.findings/9"}"#, StellaFindings),
            (r#"{"schema":"stella.decision/1"}"#, StellaDecision),
            (r#"{"schema":"stella.evidence/1"}"#, Json),
            (r#"{"schema":3}"#, Json),
            ("[]", Json),
            ("{", Bytes),
            ("", Bytes),
            ("name: x", Bytes),
        ] {
            assert_eq!(detect(text.as_bytes()), format, "{text}");
        }
        let list = format!("[{}]", [r#""CycloneDX""#; 20].join(","));
        assert_eq!(detect(list.as_bytes()), Json, "members in their order are no object");
        assert_eq!(detect(b"\xff\xfe{\0}\0"), Bytes);
        assert_eq!(detect("[".repeat(1 << 20).as_bytes()), Bytes, "depth is no danger");
    }
}
