//! What a file is by its name, where its content leaves that open.

use crate::format::coverage;
use crate::format::detect::document::detect;
use crate::format::feed_totals;
use crate::model::artifact::ArtifactFormat;

/// The names and formats of everything the built-in scanner may write.
pub const BUILT_IN: [(&str, ArtifactFormat); 8] = [
    ("sbom.cdx.json", ArtifactFormat::Cyclonedx),
    ("findings.json", ArtifactFormat::StellaFindings),
    ("vex.cdx.json", ArtifactFormat::CyclonedxVex),
    ("vex.openvex.json", ArtifactFormat::Openvex),
    ("decision.json", ArtifactFormat::StellaDecision),
    ("evidence.json", ArtifactFormat::Json),
    (coverage::FILE, ArtifactFormat::Json),
    (feed_totals::FILE, ArtifactFormat::Json),
];

/// The format of a file that nobody gave one: its content tells; what content alone leaves open, its name among those of
/// the built-in scanner does.
///
/// A name never contradicts content that is plain: other scanners write SARIF as `findings.json`, too. A broken
/// `findings.json` stays findings, so that it is an error and not mere bytes.
pub fn recognise(name: &str, bytes: &[u8]) -> ArtifactFormat {
    use ArtifactFormat::{Bytes, Cyclonedx, CyclonedxVex, Json};
    let detected = detect(bytes);
    let named = BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, format)| *format);
    match (detected, named) {
        (Json | Bytes, Some(named)) | (Cyclonedx | CyclonedxVex, Some(named @ (Cyclonedx | CyclonedxVex))) => named,
        _ => detected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_the_format_and_a_name_only_what_content_leaves_open() {
        let sarif = r#"{"version": "2.1.0", "runs": []}"#;
        let bom = r#"{"bomFormat": "CycloneDX", "vulnerabilities": []}"#;
        for (name, text, format) in [
            ("findings.json", sarif, ArtifactFormat::Sarif),
            ("findings.json", bom, ArtifactFormat::CyclonedxVex),
            ("findings.json", r#"{"schema": "stella.findings/1""#, ArtifactFormat::StellaFindings),
            ("findings.json", "{}", ArtifactFormat::StellaFindings),
            ("sbom.cdx.json", bom, ArtifactFormat::Cyclonedx),
            ("evidence.json", "{}", ArtifactFormat::Json),
            ("other.json", "{}", ArtifactFormat::Json),
            ("other.json", "{", ArtifactFormat::Bytes),
        ] {
            assert_eq!(recognise(name, text.as_bytes()), format, "{name}: {text}");
        }
    }
}
