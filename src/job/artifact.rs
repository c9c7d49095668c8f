//! Artifacts in memory: what a scan wrote, or what it is expected to write.

use std::borrow::Cow;
use std::sync::Arc;

use crate::format;
use crate::model::artifact::{ArtifactFormat, ArtifactType, ProfileName};

/// One artifact with its bytes as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// What it is for.
    pub artifact_type: ArtifactType,
    /// Its file name.
    pub name: String,
    /// The format of its bytes.
    pub format: ArtifactFormat,
    /// The profile under which it is compared, where it is not that of its format.
    pub profile: Option<ProfileName>,
    /// The bytes, never changed.
    pub bytes: Arc<[u8]>,
}

impl Artifact {
    /// The one document that its bytes are read as.
    pub fn document(&self) -> Cow<'_, [u8]> {
        document(self.format, &self.bytes)
    }
}

/// The one document that `bytes` of a format are read as: values one after the other are one array.
pub fn document(format: ArtifactFormat, bytes: &[u8]) -> Cow<'_, [u8]> {
    if format == ArtifactFormat::JsonLines { format::json_lines::as_array(bytes) } else { Cow::Borrowed(bytes) }
}

/// The profile for what wrote a document of unknown meaning, where its content says which tool that was.
pub fn usual_profile(format: ArtifactFormat, bytes: &[u8]) -> Option<ProfileName> {
    if format == ArtifactFormat::Json { format::detect::tool::recognise(bytes) } else { None }
}

/// What an artifact of this format is for, where nobody said.
pub fn usual_type(format: ArtifactFormat) -> ArtifactType {
    match format {
        ArtifactFormat::Cyclonedx | ArtifactFormat::Spdx | ArtifactFormat::Spdx3 | ArtifactFormat::Syft => {
            ArtifactType::Sbom
        }
        ArtifactFormat::CyclonedxVex | ArtifactFormat::Openvex | ArtifactFormat::Csaf => ArtifactType::Vex,
        ArtifactFormat::Sarif
        | ArtifactFormat::Grype
        | ArtifactFormat::OsvScanner
        | ArtifactFormat::Trivy
        | ArtifactFormat::StellaFindings => ArtifactType::Findings,
        ArtifactFormat::StellaDecision => ArtifactType::Decision,
        ArtifactFormat::Json | ArtifactFormat::JsonLines | ArtifactFormat::Bytes => ArtifactType::Evidence,
    }
}

/// Whether no bytes at all can be what a scanner writes that found nothing.
pub fn nothing_is_a_document(format: Option<ArtifactFormat>) -> bool {
    matches!(format, None | Some(ArtifactFormat::JsonLines | ArtifactFormat::Bytes))
}
