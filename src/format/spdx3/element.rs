//! An element of a graph of SPDX 3, as it stands on the wire, and of which kind it is.

use serde::Deserialize;

use crate::format::json::Present;

pub(super) const FORMAT: &str = "SPDX 3";
/// The context of every version begins so.
pub(crate) const CONTEXT: &str = "https://spdx.org/rdf/3.";
pub(super) const READ: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";

/// How the class of every assessment ends.
pub(super) const ASSESSMENT: &str = "VulnAssessmentRelationship";
pub(super) const PACKAGE: &str = "software_Package";
pub(super) const LICENSE: &str = "simplelicensing_LicenseExpression";

#[derive(Deserialize)]
pub(super) struct Header {
    #[serde(rename = "@context")]
    pub(super) context: String,
}

#[derive(Deserialize)]
pub(super) struct Document {
    #[serde(rename = "@graph")]
    pub(super) graph: Option<Vec<Element>>,
}

/// An element of any class: the members of all that are read.
#[derive(Deserialize)]
pub(super) struct Element {
    #[serde(rename = "type")]
    pub(super) class: String,
    #[serde(rename = "spdxId")]
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    #[serde(rename = "software_packageVersion")]
    pub(super) version: Option<String>,
    #[serde(rename = "software_packageUrl")]
    pub(super) purl: Option<String>,
    #[serde(default, rename = "externalIdentifier")]
    pub(super) external_identifiers: Vec<ExternalIdentifier>,
    #[serde(rename = "simplelicensing_licenseExpression")]
    pub(super) license_expression: Option<String>,
    #[serde(rename = "relationshipType")]
    pub(super) relationship: Option<String>,
    pub(super) from: Option<String>,
    #[serde(default)]
    pub(super) to: Vec<String>,
    #[serde(rename = "security_justificationType")]
    pub(super) justification: Option<String>,
    #[serde(rename = "security_impactStatement")]
    pub(super) impact: Option<String>,
    #[serde(rename = "security_actionStatement")]
    pub(super) action: Option<String>,
    #[serde(rename = "security_severity")]
    pub(super) severity: Option<String>,
    #[serde(rename = "security_score")]
    pub(super) score: Option<f64>,
    #[serde(rename = "security_vectorString")]
    pub(super) vector: Option<String>,
    #[serde(rename = "software_primaryPurpose")]
    pub(super) purpose: Option<String>,
    #[serde(rename = "software_downloadLocation")]
    pub(super) download: Option<String>,
    #[serde(default, rename = "verifiedUsing")]
    pub(super) verified: Vec<Hash>,
    #[serde(default, rename = "software_additionalPurpose")]
    pub(super) more_purposes: Vec<String>,
    #[serde(default, rename = "software_contentIdentifier")]
    pub(super) content_identifiers: Vec<ContentIdentifier>,
    #[serde(default, rename = "standardName")]
    pub(super) standards: Vec<String>,
    #[serde(rename = "completeness")]
    pub(super) completeness: Option<String>,
    pub(super) scope: Option<String>,
    #[serde(rename = "security_statusNotes")]
    pub(super) notes: Option<String>,
    #[serde(rename = "security_vexVersion")]
    pub(super) vex_version: Option<String>,
    #[serde(rename = "security_withdrawnTime")]
    pub(super) withdrawn: Option<String>,
    #[serde(rename = "security_assessedElement")]
    pub(super) assessed: Option<String>,
    #[serde(rename = "security_decisionType")]
    pub(super) decision: Option<String>,
    #[serde(rename = "security_catalogType")]
    pub(super) catalog: Option<String>,
    #[serde(rename = "security_exploited")]
    pub(super) exploited: Option<bool>,
    #[serde(rename = "security_locator")]
    pub(super) locator: Option<String>,
    #[serde(rename = "security_percentile")]
    pub(super) percentile: Option<f64>,
    #[serde(rename = "security_probability")]
    pub(super) probability: Option<f64>,
    #[serde(default, rename = "rootElement")]
    pub(super) roots: Vec<String>,
    #[serde(default, rename = "software_copyrightText")]
    pub(super) copyright: Present,
    #[serde(default, rename = "software_attributionText")]
    pub(super) attribution: Present,
    #[serde(default)]
    pub(super) extension: Present,
    #[serde(default, rename = "suppliedBy")]
    pub(super) supplier: Present,
    #[serde(default, rename = "originatedBy")]
    pub(super) originator: Present,
    #[serde(default, rename = "builtTime")]
    pub(super) built: Present,
    #[serde(default, rename = "releaseTime")]
    pub(super) released: Present,
    #[serde(default, rename = "validUntilTime")]
    pub(super) valid_until: Present,
    #[serde(default, rename = "supportLevel")]
    pub(super) support: Present,
    #[serde(default, rename = "startTime")]
    pub(super) start: Present,
    #[serde(default, rename = "endTime")]
    pub(super) end: Present,
}

impl Element {
    /// The parts that are there and not read.
    pub(super) fn not_read(&self) -> impl Iterator<Item = &'static str> {
        let times = self.built.0 || self.released.0 || self.valid_until.0 || self.start.0 || self.end.0;
        let parts = [
            ("copyright", self.copyright.0),
            ("attribution texts", self.attribution.0),
            ("extensions", self.extension.0),
            ("suppliers, times and support", times || self.supplier.0 || self.originator.0 || self.support.0),
        ];
        parts.into_iter().filter(|(_, is_there)| *is_there).map(|(part, _)| part)
    }

    /// The licences that it stands for, where it is an expression.
    pub(super) fn expression(&self) -> Option<&str> {
        self.license_expression.as_deref().filter(|_| self.class == LICENSE)
    }

    /// Whether it assesses a vulnerability.
    pub(super) fn is_assessment(&self) -> bool {
        self.class.ends_with(ASSESSMENT)
    }

    /// Whether it is a relationship that is not an assessment.
    pub(super) fn is_relationship(&self) -> bool {
        matches!(self.class.as_str(), "Relationship" | "LifecycleScopedRelationship")
    }
}

/// What a content is identified by.
#[derive(Deserialize)]
pub(super) struct ContentIdentifier {
    #[serde(rename = "software_contentIdentifierType")]
    pub(super) kind: Option<String>,
    #[serde(rename = "software_contentIdentifierValue")]
    pub(super) value: Option<String>,
}

/// What a content is verified with; other methods than hashes have no such members.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Hash {
    pub(super) algorithm: Option<String>,
    pub(super) hash_value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExternalIdentifier {
    pub(super) external_identifier_type: String,
    pub(super) identifier: String,
}

pub(super) fn is_license(element: &Element) -> bool {
    element.is_relationship()
        && matches!(element.relationship.as_deref(), Some("hasDeclaredLicense" | "hasConcludedLicense"))
}

/// Whether an element is read, or says only who made the document.
pub(super) fn is_read(element: &Element) -> bool {
    let known = matches!(
        element.class.as_str(),
        PACKAGE
            | "CreationInfo"
            | "SpdxDocument"
            | "software_Sbom"
            | "Bom"
            | "Bundle"
            | "Agent"
            | "Person"
            | "Organization"
            | "SoftwareAgent"
            | "Tool"
            | LICENSE
            | "security_Vulnerability"
    );
    known || element.is_relationship() || element.is_assessment()
}
