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

/// The one document that `bytes` of a format are read as: values one after the other are one array, and a byte order mark is no
/// part of it (RFC 8259 §8.1 lets a parser ignore one).
pub fn document(format: ArtifactFormat, bytes: &[u8]) -> Cow<'_, [u8]> {
    match format {
        ArtifactFormat::Bytes => Cow::Borrowed(bytes),
        ArtifactFormat::JsonLines => format::json::lines::as_array(without_mark(bytes)),
        _ => Cow::Borrowed(without_mark(bytes)),
    }
}

/// Bytes without the byte order mark of UTF-8.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The profile for what wrote a document of unknown meaning, where its content says which tool that was.
pub fn usual_profile(format: ArtifactFormat, bytes: &[u8]) -> Option<ProfileName> {
    if format == ArtifactFormat::Json { format::detect::tool::recognise(bytes) } else { None }
}

/// What a file of this name holds, and the profile for it where that is not its format's: the one choice that everything makes
/// where nobody says.
pub fn kind_of(name: &str, bytes: &[u8]) -> (ArtifactFormat, Option<ProfileName>) {
    let format = format::detect::by_name::recognise(name, bytes);
    (format, usual_profile(format, bytes))
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
