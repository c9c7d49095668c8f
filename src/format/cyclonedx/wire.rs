//! The parts of a CycloneDX document that are read and written, as they stand on the wire.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::format::json::Present;

use crate::model::finding::Severity;
use crate::model::vex::VexStatus;

pub(crate) const FORMAT: &str = "CycloneDX";
/// The versions that are read: later ones added fields, and changed none that is read here.
pub(crate) const READ: &[&str] = &["1.4", "1.5", "1.6", "1.7"];
/// The version that is written.
const WRITTEN: &str = "1.6";
/// The property of a justification that is none of CycloneDX's words.
pub(crate) const JUSTIFICATION: &str = "stella:justification";

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bom {
    pub(crate) bom_format: String,
    pub(crate) spec_version: String,
    /// The document's own revision; always 1 when written.
    #[serde(default)]
    pub(crate) version: i64,
    #[serde(skip_serializing)]
    pub(crate) serial_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) components: Option<Vec<Component>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vulnerabilities: Option<Vec<Vulnerability>>,
    #[serde(default, skip_serializing)]
    pub(crate) services: Present,
    #[serde(default, skip_serializing)]
    pub(crate) dependencies: Present,
    #[serde(default, skip_serializing)]
    pub(crate) compositions: Present,
    #[serde(default, skip_serializing)]
    pub(crate) annotations: Present,
    #[serde(default, skip_serializing)]
    pub(crate) formulation: Present,
    #[serde(default, skip_serializing)]
    pub(crate) declarations: Present,
    #[serde(default, skip_serializing)]
    pub(crate) definitions: Present,
}

impl Bom {
    /// An empty document of the version that is written.
    pub(crate) fn written() -> Self {
        Self {
            bom_format: FORMAT.to_owned(),
            spec_version: WRITTEN.to_owned(),
            version: 1,
            serial_number: None,
            metadata: None,
            components: None,
            vulnerabilities: None,
            services: Present::default(),
            dependencies: Present::default(),
            compositions: Present::default(),
            annotations: Present::default(),
            formulation: Present::default(),
            declarations: Present::default(),
            definitions: Present::default(),
        }
    }

    /// The parts that are there and not read.
    pub(crate) fn not_read(&self) -> BTreeSet<String> {
        let parts = [
            ("services", self.services),
            ("dependencies", self.dependencies),
            ("compositions", self.compositions),
            ("annotations", self.annotations),
            ("formulation", self.formulation),
            ("declarations", self.declarations),
            ("definitions", self.definitions),
        ];
        parts.into_iter().filter(|(_, present)| present.0).map(|(name, _)| name.to_owned()).collect()
    }
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) component: Option<Component>,
}

#[derive(Deserialize, Serialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Component {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bom_ref: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) licenses: Vec<LicenseChoice>,
    #[serde(skip_serializing)]
    pub(crate) scope: Option<String>,
    #[serde(skip_serializing)]
    pub(crate) cpe: Option<String>,
    #[serde(default, skip_serializing)]
    pub(crate) hashes: Vec<ComponentHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purl: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) properties: Vec<Property>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) components: Vec<Component>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct LicenseChoice {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) license: Option<License>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expression: Option<String>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct License {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// The digest of a component's content.
#[derive(Deserialize, Serialize)]
pub(crate) struct ComponentHash {
    #[serde(default)]
    pub(crate) alg: String,
    #[serde(default)]
    pub(crate) content: String,
}

/// A named value outside the schema.
#[derive(Deserialize, Serialize)]
pub(crate) struct Property {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) value: String,
}

impl Property {
    pub(crate) fn new(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned() }
    }

    /// The value of the property of that name; the least where there are several, for properties are a set.
    pub(crate) fn find<'p>(properties: &'p [Self], name: &str) -> Option<&'p str> {
        properties.iter().filter(|property| property.name == name).map(|property| property.value.as_str()).min()
    }
}

#[derive(Deserialize, Serialize, Default)]
pub(crate) struct Vulnerability {
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    pub(crate) bom_ref: Option<String>,
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) references: Vec<Reference>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ratings: Vec<Rating>,
    /// What to do, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recommendation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) analysis: Option<Analysis>,
    #[serde(default)]
    pub(crate) affects: Vec<Affect>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) properties: Vec<Property>,
}

/// The same vulnerability under another id.
#[derive(Deserialize, Serialize)]
pub(crate) struct Reference {
    #[serde(default)]
    pub(crate) id: String,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Rating {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) severity: Option<Rated>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
}

#[derive(Deserialize, Serialize, Default)]
pub(crate) struct Analysis {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) justification: Option<CodeWord>,
    #[serde(default, skip_serializing)]
    pub(crate) response: Vec<String>,
    #[serde(skip_serializing)]
    pub(crate) detail: Option<String>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Affect {
    /// A `bom-ref`, or a BOM-Link to an element of another document.
    #[serde(rename = "ref")]
    pub(crate) reference: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) versions: Vec<AffectedVersion>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct AffectedVersion {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(skip_serializing)]
    pub(crate) range: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<String>,
}

/// `analysis.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Resolved,
    ResolvedWithPedigree,
    Exploitable,
    InTriage,
    FalsePositive,
    NotAffected,
}

impl State {
    pub(crate) fn status(self) -> VexStatus {
        match self {
            Self::Resolved | Self::ResolvedWithPedigree => VexStatus::Fixed,
            Self::Exploitable => VexStatus::Affected,
            Self::InTriage => VexStatus::UnderInvestigation,
            Self::FalsePositive | Self::NotAffected => VexStatus::NotAffected,
        }
    }
}

impl From<VexStatus> for State {
    fn from(status: VexStatus) -> Self {
        match status {
            VexStatus::NotAffected => Self::NotAffected,
            VexStatus::Affected => Self::Exploitable,
            VexStatus::Fixed => Self::Resolved,
            VexStatus::UnderInvestigation => Self::InTriage,
        }
    }
}

/// `analysis.justification`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, strum::VariantArray)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CodeWord {
    CodeNotPresent,
    CodeNotReachable,
    RequiresConfiguration,
    RequiresDependency,
    RequiresEnvironment,
    ProtectedByCompiler,
    ProtectedAtRuntime,
    ProtectedAtPerimeter,
    ProtectedByMitigatingControl,
}

impl CodeWord {
    const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// OpenVEX's word where it has the same meaning, else CycloneDX's own.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::CodeNotPresent => "vulnerable_code_not_present",
            Self::CodeNotReachable => "vulnerable_code_not_in_execute_path",
            Self::RequiresConfiguration => "requires_configuration",
            Self::RequiresDependency => "requires_dependency",
            Self::RequiresEnvironment => "requires_environment",
            Self::ProtectedByCompiler => "protected_by_compiler",
            Self::ProtectedAtRuntime => "protected_at_runtime",
            Self::ProtectedAtPerimeter => "protected_at_perimeter",
            Self::ProtectedByMitigatingControl => "inline_mitigations_already_exist",
        }
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.word() == word)
    }
}

/// `ratings[].severity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Rated {
    Critical,
    High,
    Medium,
    Low,
    Info,
    None,
    Unknown,
}

impl From<Rated> for Severity {
    fn from(rated: Rated) -> Self {
        match rated {
            Rated::Critical => Self::Critical,
            Rated::High => Self::High,
            Rated::Medium => Self::Medium,
            Rated::Low => Self::Low,
            Rated::Info | Rated::None => Self::None,
            Rated::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_one_code() {
        for code in CodeWord::ALL.iter().copied() {
            assert_eq!(CodeWord::of_word(code.word()), Some(code));
        }
        assert_eq!(CodeWord::of_word("component_not_present"), None);
    }
}
