//! Artifacts: what a scan leaves behind.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an artifact is for.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum ArtifactType {
    /// The packages that were found.
    Sbom,
    /// The vulnerabilities that were found.
    Findings,
    /// Statements on exploitability.
    Vex,
    /// What supports the findings: call paths, file hashes.
    Evidence,
    /// The policy's decision.
    Decision,
    /// What the sandbox observed. Not primary: it holds counts that never repeat.
    Ledger,
}

impl ArtifactType {
    /// Every type.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The stable name.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Whether fidelity looks at it.
    pub fn is_primary(self) -> bool {
        self != Self::Ledger
    }
}

/// The format of an artifact's bytes.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum ArtifactFormat {
    /// CycloneDX JSON, read as an SBOM.
    Cyclonedx,
    /// CycloneDX JSON, read for its vulnerabilities' analysis.
    CyclonedxVex,
    /// SPDX 2.x JSON.
    Spdx,
    /// SPDX 3 JSON-LD.
    Spdx3,
    /// OpenVEX.
    Openvex,
    /// CSAF 2.0, read for the status of its products.
    Csaf,
    /// SARIF 2.1.0.
    Sarif,
    /// Grype's own JSON.
    Grype,
    /// osv-scanner's own JSON.
    OsvScanner,
    /// Syft's own JSON.
    Syft,
    /// Trivy's own JSON.
    Trivy,
    /// stella's own findings, v1.
    StellaFindings,
    /// stella's own decision, v1.
    StellaDecision,
    /// Any other JSON: canonical bytes are compared, its meaning is not known.
    Json,
    /// JSON values one after the other, none, one or many: compared as one array, its meaning is not known.
    JsonLines,
    /// Anything else: the bytes as they are.
    Bytes,
}

impl ArtifactFormat {
    /// Every format.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The stable name.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Whether only stella writes it: then what breaks its rules is broken, and never of another version.
    pub fn is_our_own(self) -> bool {
        matches!(self, Self::StellaFindings | Self::StellaDecision)
    }

    /// Whether the meaning of a document in this format is known.
    pub fn has_meaning(self) -> bool {
        !matches!(self, Self::Json | Self::JsonLines | Self::Bytes)
    }
}

/// The name of a profile that is not that of the artifact's format: how one tool's JSON is compared, of which no meaning
/// is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileName(String);

/// Why a text cannot be the name of a profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot be the name of a profile: expected lowercase letters, digits and `-`")]
pub struct InvalidProfileName(String);

impl ProfileName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ProfileName {
    type Error = InvalidProfileName;

    fn try_from(text: String) -> Result<Self, InvalidProfileName> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !text.is_empty() && text.chars().all(plain) { Ok(Self(text)) } else { Err(InvalidProfileName(text)) }
    }
}

impl FromStr for ProfileName {
    type Err = InvalidProfileName;

    fn from_str(text: &str) -> Result<Self, InvalidProfileName> {
        text.to_owned().try_into()
    }
}

impl From<ArtifactFormat> for ProfileName {
    fn from(format: ArtifactFormat) -> Self {
        Self(format.code().to_owned())
    }
}

impl From<ProfileName> for String {
    fn from(name: ProfileName) -> Self {
        name.0
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name that is none of the known ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} `{given}`: expected one of {known}")]
pub struct UnknownName {
    what: &'static str,
    given: String,
    known: String,
}

fn by_code<T: Copy>(what: &'static str, all: &[T], code: fn(T) -> &'static str, given: &str) -> Result<T, UnknownName> {
    let unknown = || UnknownName {
        what,
        given: given.to_owned(),
        known: all.iter().map(|t| format!("`{}`", code(*t))).collect::<Vec<_>>().join(", "),
    };
    all.iter().copied().find(|t| code(*t) == given).ok_or_else(unknown)
}

impl FromStr for ArtifactType {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        by_code("artifact type", Self::ALL, Self::code, text)
    }
}

impl FromStr for ArtifactFormat {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        by_code("artifact format", Self::ALL, Self::code, text)
    }
}

impl fmt::Display for ArtifactType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for ArtifactFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_serialised_names() {
        for t in ArtifactType::ALL.iter().copied() {
            assert_eq!(serde_json::to_value(t).unwrap(), t.code());
            assert_eq!(t.code().parse(), Ok(t));
        }
        for f in ArtifactFormat::ALL.iter().copied() {
            assert_eq!(serde_json::to_value(f).unwrap(), f.code());
            assert_eq!(f.code().parse(), Ok(f));
            assert_eq!(f.code().parse(), Ok(ProfileName::from(f)));
        }
        for name in ["", "Bandit", "a b", "a/b", "é"] {
            assert!(name.parse::<ProfileName>().is_err(), "{name}");
        }
        let error = "nope".parse::<ArtifactFormat>().unwrap_err().to_string();
        assert!(error.contains("`openvex`"), "{error}");
    }
}
