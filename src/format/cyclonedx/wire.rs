//! The parts of a CycloneDX document that are read and written, as they stand on the wire.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::format::cyclonedx::words::{CodeWord, Rated, State};
use crate::format::json::Present;

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
    #[serde(skip_serializing)]
    pub(crate) services: Option<Vec<Service>>,
    #[serde(skip_serializing)]
    pub(crate) dependencies: Option<Vec<Dependency>>,
    #[serde(skip_serializing)]
    pub(crate) compositions: Option<Vec<Composition>>,
    #[serde(default, skip_serializing)]
    pub(crate) properties: Present,
    #[serde(default, skip_serializing)]
    pub(crate) citations: Present,
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
            services: None,
            dependencies: None,
            compositions: None,
            properties: Present::default(),
            citations: Present::default(),
            annotations: Present::default(),
            formulation: Present::default(),
            declarations: Present::default(),
            definitions: Present::default(),
        }
    }

    /// The parts that are there and not read.
    pub(crate) fn not_read(&self) -> BTreeSet<String> {
        let parts = [
            ("annotations", self.annotations),
            ("citations", self.citations),
            ("properties", self.properties),
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
    #[serde(skip_serializing)]
    pub(crate) mime_type: Option<String>,
    #[serde(skip_serializing)]
    pub(crate) publisher: Option<String>,
    #[serde(skip_serializing)]
    pub(crate) supplier: Option<Organization>,
    #[serde(skip_serializing)]
    pub(crate) manufacturer: Option<Organization>,
    #[serde(rename = "versionRange", skip_serializing)]
    pub(crate) version_range: Option<String>,
    #[serde(rename = "isExternal", skip_serializing)]
    pub(crate) is_external: Option<bool>,
    #[serde(skip_serializing)]
    pub(crate) modified: Option<bool>,
    #[serde(skip_serializing)]
    pub(crate) swid: Option<Swid>,
    #[serde(default, rename = "omniborId", skip_serializing)]
    pub(crate) omnibor: Vec<String>,
    #[serde(default, skip_serializing)]
    pub(crate) swhid: Vec<String>,
    #[serde(default, skip_serializing)]
    pub(crate) copyright: Present,
    #[serde(default, skip_serializing)]
    pub(crate) pedigree: Present,
    #[serde(default, skip_serializing)]
    pub(crate) evidence: Present,
    #[serde(default, rename = "releaseNotes", skip_serializing)]
    pub(crate) release_notes: Present,
    #[serde(default, rename = "modelCard", skip_serializing)]
    pub(crate) model_card: Present,
    #[serde(default, skip_serializing)]
    pub(crate) data: Present,
    #[serde(default, rename = "cryptoProperties", skip_serializing)]
    pub(crate) crypto: Present,
    #[serde(default, rename = "patentAssertions", skip_serializing)]
    pub(crate) patents: Present,
    #[serde(default, skip_serializing)]
    pub(crate) signature: Present,
    #[serde(default, skip_serializing)]
    pub(crate) hashes: Vec<ComponentHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purl: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) properties: Vec<Property>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) components: Vec<Component>,
}

impl Component {
    /// The parts that are there and not read. Properties and licences are asked for their own.
    pub(crate) fn not_read(&self) -> impl Iterator<Item = &'static str> {
        let own =
            [self.copyright, self.pedigree, self.evidence, self.release_notes, self.model_card, self.data, self.crypto]
                .into_iter()
                .chain([self.patents, self.signature]);
        let own = NOT_READ.into_iter().zip(own).filter(|(_, present)| present.0).map(|((_, part), _)| part);
        let properties = self.properties.iter().any(|property| !property.is_read()).then_some(PROPERTIES);
        own.chain(properties).chain(not_read_of(&self.licenses))
    }
}

/// The members of a component that are not read, and what they are called.
pub(crate) const NOT_READ: [(&str, &str); 9] = [
    ("copyright", "copyright"),
    ("pedigree", "pedigree"),
    ("evidence", "evidence"),
    ("releaseNotes", "release notes"),
    ("modelCard", "model cards"),
    ("data", "data of components"),
    ("cryptoProperties", "cryptographic properties"),
    ("patentAssertions", "patents"),
    ("signature", "signatures"),
];
/// What properties that nobody reads are called.
pub(crate) const PROPERTIES: &str = "properties";
/// What is said of licences besides their names.
pub(crate) const LICENCE_TERMS: &str = "terms of licences";

fn not_read_of(licenses: &[LicenseChoice]) -> impl Iterator<Item = &'static str> {
    licenses.iter().flat_map(|choice| {
        let inner = choice.license.as_ref();
        let terms = choice.licensing.0 || choice.details.0 || inner.is_some_and(|license| license.licensing.0);
        let properties = choice.properties.0 || inner.is_some_and(|license| license.properties.0);
        terms.then_some(LICENCE_TERMS).into_iter().chain(properties.then_some(PROPERTIES))
    })
}

/// Who makes or sells something.
#[derive(Deserialize, Serialize)]
pub(crate) struct Organization {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// ISO/IEC 19770-2.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Swid {
    #[serde(default)]
    pub(crate) tag_id: String,
}

/// What is reached over a network.
#[derive(Deserialize, Serialize)]
pub(crate) struct Service {
    #[serde(rename = "bom-ref")]
    pub(crate) bom_ref: Option<String>,
    pub(crate) provider: Option<Organization>,
    pub(crate) group: Option<String>,
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    #[serde(default)]
    pub(crate) endpoints: Vec<String>,
    pub(crate) authenticated: Option<bool>,
    #[serde(rename = "x-trust-boundary")]
    pub(crate) trust_boundary: Option<bool>,
    #[serde(rename = "trustZone")]
    pub(crate) trust_zone: Option<String>,
    #[serde(default)]
    pub(crate) licenses: Vec<LicenseChoice>,
    #[serde(default)]
    pub(crate) services: Vec<Service>,
    #[serde(default)]
    pub(crate) data: Present,
    #[serde(default, rename = "releaseNotes")]
    pub(crate) release_notes: Present,
    #[serde(default, rename = "patentAssertions")]
    pub(crate) patents: Present,
    #[serde(default)]
    pub(crate) signature: Present,
    #[serde(default)]
    pub(crate) properties: Present,
}

impl Service {
    /// The parts that are there and not read.
    pub(crate) fn not_read(&self) -> impl Iterator<Item = &'static str> {
        let parts = [
            ("data of services", self.data),
            ("release notes", self.release_notes),
            ("patents", self.patents),
            ("signatures", self.signature),
            (PROPERTIES, self.properties),
        ];
        parts.into_iter().filter(|(_, present)| present.0).map(|(part, _)| part).chain(not_read_of(&self.licenses))
    }
}

/// What an element needs, and what it is an implementation of.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dependency {
    #[serde(rename = "ref")]
    pub(crate) reference: String,
    #[serde(default)]
    pub(crate) depends_on: Vec<String>,
    #[serde(default)]
    pub(crate) provides: Vec<String>,
}

/// How far parts of the document are complete.
#[derive(Deserialize, Serialize)]
pub(crate) struct Composition {
    pub(crate) aggregate: String,
    #[serde(default)]
    pub(crate) assemblies: Vec<String>,
    #[serde(default)]
    pub(crate) dependencies: Vec<String>,
    #[serde(default)]
    pub(crate) vulnerabilities: Vec<String>,
    #[serde(default)]
    pub(crate) signature: Present,
}

#[derive(Deserialize, Serialize, Default)]
pub(crate) struct LicenseChoice {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) license: Option<License>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expression: Option<String>,
    #[serde(skip_serializing)]
    pub(crate) acknowledgement: Option<String>,
    #[serde(default, skip_serializing)]
    pub(crate) licensing: Present,
    #[serde(default, rename = "expressionDetails", skip_serializing)]
    pub(crate) details: Present,
    #[serde(default, skip_serializing)]
    pub(crate) properties: Present,
}

#[derive(Deserialize, Serialize, Default)]
pub(crate) struct License {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing)]
    pub(crate) acknowledgement: Option<String>,
    #[serde(skip_serializing)]
    pub(crate) text: Option<Attachment>,
    #[serde(default, skip_serializing)]
    pub(crate) licensing: Present,
    #[serde(default, skip_serializing)]
    pub(crate) properties: Present,
}

/// A text that is a part of the document.
#[derive(Deserialize, Serialize)]
pub(crate) struct Attachment {
    #[serde(default)]
    pub(crate) content: String,
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

    /// Whether it has a name that is looked for.
    pub(crate) fn is_read(&self) -> bool {
        is_read(&self.name)
    }

    /// The value of the property of that name; the least where there are several, for properties are a set.
    pub(crate) fn find<'p>(properties: &'p [Self], name: &str) -> Option<&'p str> {
        properties.iter().filter(|property| property.name == name).map(|property| property.value.as_str()).min()
    }
}

/// Whether properties of that name are looked for.
pub(crate) fn is_read(name: &str) -> bool {
    READ_PROPERTIES.contains(&name)
}

/// The names of the properties that are looked for.
const READ_PROPERTIES: [&str; 8] = [
    JUSTIFICATION,
    "stella:ecosystem",
    "stella:source:name",
    "stella:source:version",
    "aquasecurity:trivy:SrcName",
    "aquasecurity:trivy:SrcVersion",
    "aquasecurity:trivy:SrcEpoch",
    "aquasecurity:trivy:SrcRelease",
];

#[derive(Deserialize, Serialize, Default)]
pub(crate) struct Vulnerability {
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    pub(crate) bom_ref: Option<String>,
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) references: Vec<Reference>,
    /// Who gave it its id.
    #[serde(skip_serializing)]
    pub(crate) source: Option<Organization>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ratings: Vec<Rating>,
    #[serde(default, skip_serializing)]
    pub(crate) cwes: Vec<u64>,
    /// What to do, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recommendation: Option<String>,
    #[serde(skip_serializing)]
    pub(crate) workaround: Option<String>,
    /// When it was taken back.
    #[serde(skip_serializing)]
    pub(crate) rejected: Option<String>,
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
    #[serde(skip_serializing)]
    pub(crate) source: Option<Organization>,
    #[serde(skip_serializing)]
    pub(crate) vector: Option<String>,
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
