//! SPDX 3.0.1, JSON-LD (<https://spdx.github.io/spdx-spec/v3.0.1/>), read for its packages and VEX statements.
//!
//! A document is a graph, or a single element. Invariants: an `spdxId` names one element. Every `software_Package` is a package, the described one too. Licences are
//! those that relationships declare or conclude. A VEX assessment is a statement for each product that it is about; its
//! justification is OpenVEX's word. Other assessments of vulnerabilities, and what else packages are, count in a comparison.
//! Relationships and what collections are about are facts. What one element refers to is a set, as in RDF: twice is once.
//! Absent: files, snippets, other profiles' elements; JSON-LD that spells names in another way than the
//! specification's own context.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use crate::format::details::Details;
use crate::format::document;
use crate::format::error::FormatError;
use crate::format::json::{self, Present};
use crate::format::licenses::canonical;
use crate::format::listing::Listing;
use crate::format::package;
use crate::format::purl::Written;
use crate::format::text::Unfolding;
use crate::model::vex::{VexStatement, VexStatus};

const FORMAT: &str = "SPDX 3";
/// The context of every version begins so.
pub(crate) const CONTEXT: &str = "https://spdx.org/rdf/3.";
const READ: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";

#[derive(Deserialize)]
struct Header {
    #[serde(rename = "@context")]
    context: String,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "@graph")]
    graph: Option<Vec<Element>>,
}

/// An element of any class: the members of all that are read.
#[derive(Deserialize)]
struct Element {
    #[serde(rename = "type")]
    class: String,
    #[serde(rename = "spdxId")]
    id: Option<String>,
    name: Option<String>,
    #[serde(rename = "software_packageVersion")]
    version: Option<String>,
    #[serde(rename = "software_packageUrl")]
    purl: Option<String>,
    #[serde(default, rename = "externalIdentifier")]
    external_identifiers: Vec<ExternalIdentifier>,
    #[serde(rename = "simplelicensing_licenseExpression")]
    license_expression: Option<String>,
    #[serde(rename = "relationshipType")]
    relationship: Option<String>,
    from: Option<String>,
    #[serde(default)]
    to: Vec<String>,
    #[serde(rename = "security_justificationType")]
    justification: Option<String>,
    #[serde(rename = "security_impactStatement")]
    impact: Option<String>,
    #[serde(rename = "security_actionStatement")]
    action: Option<String>,
    #[serde(rename = "security_severity")]
    severity: Option<String>,
    #[serde(rename = "security_score")]
    score: Option<f64>,
    #[serde(rename = "security_vectorString")]
    vector: Option<String>,
    #[serde(rename = "software_primaryPurpose")]
    purpose: Option<String>,
    #[serde(rename = "software_downloadLocation")]
    download: Option<String>,
    #[serde(default, rename = "verifiedUsing")]
    verified: Vec<Hash>,
    #[serde(default, rename = "software_additionalPurpose")]
    more_purposes: Vec<String>,
    #[serde(default, rename = "software_contentIdentifier")]
    content_identifiers: Vec<ContentIdentifier>,
    #[serde(default, rename = "standardName")]
    standards: Vec<String>,
    #[serde(rename = "completeness")]
    completeness: Option<String>,
    scope: Option<String>,
    #[serde(rename = "security_statusNotes")]
    notes: Option<String>,
    #[serde(rename = "security_vexVersion")]
    vex_version: Option<String>,
    #[serde(rename = "security_withdrawnTime")]
    withdrawn: Option<String>,
    #[serde(rename = "security_assessedElement")]
    assessed: Option<String>,
    #[serde(rename = "security_decisionType")]
    decision: Option<String>,
    #[serde(rename = "security_catalogType")]
    catalog: Option<String>,
    #[serde(rename = "security_exploited")]
    exploited: Option<bool>,
    #[serde(rename = "security_locator")]
    locator: Option<String>,
    #[serde(rename = "security_percentile")]
    percentile: Option<f64>,
    #[serde(rename = "security_probability")]
    probability: Option<f64>,
    #[serde(default, rename = "rootElement")]
    roots: Vec<String>,
    #[serde(default, rename = "software_copyrightText")]
    copyright: Present,
    #[serde(default, rename = "software_attributionText")]
    attribution: Present,
    #[serde(default)]
    extension: Present,
    #[serde(default, rename = "suppliedBy")]
    supplier: Present,
    #[serde(default, rename = "originatedBy")]
    originator: Present,
    #[serde(default, rename = "builtTime")]
    built: Present,
    #[serde(default, rename = "releaseTime")]
    released: Present,
    #[serde(default, rename = "validUntilTime")]
    valid_until: Present,
    #[serde(default, rename = "supportLevel")]
    support: Present,
    #[serde(default, rename = "startTime")]
    start: Present,
    #[serde(default, rename = "endTime")]
    end: Present,
}

impl Element {
    /// The parts that are there and not read.
    fn not_read(&self) -> impl Iterator<Item = &'static str> {
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
    fn expression(&self) -> Option<&str> {
        self.license_expression.as_deref().filter(|_| self.class == LICENSE)
    }

    /// Whether it is a relationship that is not an assessment.
    fn is_relationship(&self) -> bool {
        matches!(self.class.as_str(), "Relationship" | "LifecycleScopedRelationship")
    }
}

/// What a content is identified by.
#[derive(Deserialize)]
struct ContentIdentifier {
    #[serde(rename = "software_contentIdentifierType")]
    kind: Option<String>,
    #[serde(rename = "software_contentIdentifierValue")]
    value: Option<String>,
}

/// What a content is verified with; other methods than hashes have no such members.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hash {
    algorithm: Option<String>,
    hash_value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalIdentifier {
    external_identifier_type: String,
    identifier: String,
}

/// What a document says.
pub(crate) struct Contents {
    pub(crate) listing: Listing,
    /// Absent where the document assesses nothing.
    pub(crate) vex: Option<Vec<VexStatement>>,
    /// Other assessments, a line for each.
    facts: Vec<String>,
    not_read: BTreeSet<String>,
}

impl Contents {
    /// What it means in a comparison. A graph without a package does not speak of packages.
    pub(crate) fn compared(self) -> document::Document {
        let packages = Some(self.listing.compared()).filter(|packages| !packages.is_empty());
        let (vex, facts) = (self.vex, self.facts);
        document::Document { packages, vex, facts, not_compared: self.not_read, ..document::Document::default() }
    }
}

/// Reads a document.
pub(crate) fn read(text: &str) -> Result<Contents, FormatError> {
    let header: Header = json::read(FORMAT, text)?;
    if header.context != READ {
        return Err(FormatError::Version { format: FORMAT, found: header.context, known: &[READ] });
    }
    let document: Document = json::read(FORMAT, text)?;
    let graph = match document.graph {
        Some(graph) => graph,
        // The schema: a single element beside its context.
        None => vec![json::read::<Element>(FORMAT, text)?],
    };
    let mut by_id: HashMap<&str, &Element> = HashMap::new();
    for element in &graph {
        if let Some(id) = &element.id
            && by_id.insert(id, element).is_some()
        {
            return Err(FormatError::DuplicateId { format: FORMAT, id: id.clone() });
        }
    }
    let mut unfolding = Unfolding::new(FORMAT);
    let licenses = licenses(&graph, &by_id, &mut unfolding)?;
    let stated = stated_licenses(&graph, &by_id, &mut unfolding)?;
    let mut listing = Listing::default();
    let mut keys: HashMap<&str, String> = HashMap::new();
    for (index, element) in graph.iter().enumerate().filter(|(_, element)| element.class == PACKAGE) {
        let Some(name) = element.name.clone() else {
            let problem = "it is absent; a package has a name".to_owned();
            return Err(FormatError::Field { format: FORMAT, path: format!("@graph[{index}].name"), problem });
        };
        let purl = purl(&mut listing, index, element);
        let id = element.id.as_deref();
        let licenses = id.and_then(|id| licenses.get(id)).cloned().unwrap_or_default();
        let mut details = Details::default();
        details.maybe("purpose", element.purpose.as_ref());
        details.maybe("download", element.download.as_ref());
        for Hash { algorithm, hash_value } in &element.verified {
            details.maybe(algorithm.as_deref().unwrap_or("verified"), hash_value.as_ref());
        }
        details.each("purpose", &element.more_purposes);
        details.each("standard", &element.standards);
        for ContentIdentifier { kind, value } in &element.content_identifiers {
            details.maybe(kind.as_deref().unwrap_or("content"), value.as_ref());
        }
        details.each("licence", id.and_then(|id| stated.get(id)).into_iter().flatten());
        if let Some(own) = &element.purl {
            details.maybe("not a package URL", Some(own).filter(|_| purl.is_none()));
            // Of several purls one names the package, and all are compared.
            details.add("purl", own);
        }
        let external = element.external_identifiers.iter();
        details.each(
            "identifier",
            external.map(|other| format!("{} {}", other.external_identifier_type, other.identifier)),
        );
        let package = package::of_entry(name, element.version.clone(), purl, licenses);
        let package = package::with_details(package, details);
        keys.extend(id.map(|id| (id, package.key())));
        listing.packages.push(package);
    }
    let vex = statements(&graph, &by_id, &keys, &mut unfolding)?;
    let mut facts = assessments(&graph, &by_id, &keys, &mut unfolding)?;
    facts.extend(relationships(&graph, &by_id, &keys, &mut unfolding)?);
    facts.sort();
    let unread = graph.iter().filter(|element| !is_read(element)).map(|element| format!("`{}`", element.class));
    let parts = graph.iter().filter(|element| is_read(element)).flat_map(Element::not_read).map(str::to_owned);
    Ok(Contents { listing, vex, facts, not_read: unread.chain(parts).collect() })
}

/// What an id names: the key of a package, the name of another element; one to nothing names itself.
fn name_of(id: &str, by_id: &HashMap<&str, &Element>, keys: &HashMap<&str, String>) -> String {
    if let Some(key) = keys.get(id) {
        return key.clone();
    }
    match by_id.get(id) {
        Some(element) if element.class == "security_Vulnerability" => named(element).unwrap_or(id).to_owned(),
        // Its name is the document's own.
        Some(element) if element.class == "SpdxDocument" => "the document".to_owned(),
        Some(element) => {
            let name = element.expression().or(element.name.as_deref()).unwrap_or_default();
            format!("{} {name}", element.class).trim_end().to_owned()
        }
        None => id.to_owned(),
    }
}

/// Relationships other than licences, and what collections are about, a line for each.
fn relationships(
    graph: &[Element],
    by_id: &HashMap<&str, &Element>,
    keys: &HashMap<&str, String>,
    unfolding: &mut Unfolding,
) -> Result<Vec<String>, FormatError> {
    let mut facts = Vec::new();
    // What two elements say of the same ones is said once.
    let mut known = BTreeSet::new();
    // A licence of a package is one of its details.
    let of_package =
        |element: &&Element| is_license(element) && element.from.as_deref().is_some_and(|id| keys.contains_key(id));
    for element in graph.iter().filter(|element| element.is_relationship() && !of_package(element)) {
        let from = name_of(element.from.as_deref().unwrap_or_default(), by_id, keys);
        let kind = element.relationship.as_deref().unwrap_or_default();
        let said = [element.completeness.as_deref(), element.scope.as_deref()];
        let said: String = said.into_iter().flatten().map(|word| format!(" ({word})")).collect();
        let from_id = element.from.as_deref();
        if element.to.is_empty() && known.insert((from_id, kind, None, said.clone())) {
            facts.push(format!("{from} {kind} nothing{said}"));
        }
        for to in &element.to {
            if !known.insert((from_id, kind, Some(to.as_str()), said.clone())) {
                continue;
            }
            let fact = format!("{from} {kind} {}{said}", name_of(to, by_id, keys));
            unfolding.take([fact.as_str()])?;
            facts.push(fact);
        }
    }
    for element in graph {
        for root in element.roots.iter().collect::<BTreeSet<_>>() {
            let fact = format!("{} is about {}", element.class, name_of(root, by_id, keys));
            unfolding.take([fact.as_str()])?;
            facts.push(fact);
        }
    }
    Ok(facts)
}

fn is_license(element: &Element) -> bool {
    element.is_relationship()
        && matches!(element.relationship.as_deref(), Some("hasDeclaredLicense" | "hasConcludedLicense"))
}

/// Whether an element is read, or says only who made the document.
fn is_read(element: &Element) -> bool {
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
    known || element.is_relationship() || element.class.ends_with(ASSESSMENT)
}

const ASSESSMENT: &str = "VulnAssessmentRelationship";

/// What is assessed of vulnerabilities besides a VEX status, a line for each, sorted; and vulnerabilities that nothing assesses.
fn assessments(
    graph: &[Element],
    by_id: &HashMap<&str, &Element>,
    keys: &HashMap<&str, String>,
    unfolding: &mut Unfolding,
) -> Result<Vec<String>, FormatError> {
    let mut facts = Vec::new();
    let of = |element: &&Element| element.class.ends_with(ASSESSMENT) && !element.class.starts_with("security_Vex");
    for element in graph.iter().filter(of) {
        let from = element.from.as_deref().unwrap_or_default();
        let vulnerability = by_id.get(from).and_then(|vulnerability| named(vulnerability)).unwrap_or(from);
        let score = element.score.map(|score| score.to_string());
        let number = |number: Option<f64>| number.map(|number| number.to_string());
        let (percentile, probability) = (number(element.percentile), number(element.probability));
        let exploited = element.exploited.map(|is| if is { "exploited" } else { "not exploited" });
        let assessed = element.assessed.as_ref().map(|id| name_of(id, by_id, keys));
        let said = [
            element.severity.as_deref(),
            score.as_deref(),
            element.vector.as_deref(),
            element.decision.as_deref(),
            element.catalog.as_deref(),
            exploited,
            element.locator.as_deref(),
            percentile.as_deref(),
            probability.as_deref(),
            element.withdrawn.as_deref(),
            assessed.as_deref(),
            element.completeness.as_deref(),
        ];
        let said: Vec<&str> = said.into_iter().flatten().collect();
        for to in element.to.iter().collect::<BTreeSet<_>>() {
            let product = name_of(to, by_id, keys);
            let fact = format!("{}: {vulnerability} in {product} ({})", element.class, said.join(" "));
            unfolding.take([fact.as_str()])?;
            facts.push(fact);
        }
    }
    let vulnerabilities = graph.iter().filter(|element| element.class == "security_Vulnerability");
    facts.extend(vulnerabilities.map(|element| {
        let ids = element.external_identifiers.iter();
        let mut said: Vec<String> = ids
            .map(|id| format!("{} {}", id.external_identifier_type, id.identifier))
            .chain(element.withdrawn.clone())
            .collect();
        said.sort();
        said.dedup();
        said.extend(element.name.clone());
        format!("vulnerability {} ({})", named(element).unwrap_or_default(), said.join("; "))
    }));
    Ok(facts)
}

const PACKAGE: &str = "software_Package";
const LICENSE: &str = "simplelicensing_LicenseExpression";

/// The purl of a package: its own member, else the least of its external identifiers, which are a set.
fn purl(listing: &mut Listing, index: usize, element: &Element) -> Option<Written> {
    let external = element.external_identifiers.iter().filter(|other| other.external_identifier_type == "packageUrl");
    let mut purls = BTreeSet::new();
    for text in element.purl.iter().chain(external.map(|external| &external.identifier)) {
        match text.parse::<Written>() {
            Ok(purl) => _ = purls.insert(purl),
            Err(_) => listing.skip(format!("@graph[{index}]"), format!("`{text}` is not a package URL")),
        }
    }
    let own = element.purl.as_ref().and_then(|text| text.parse().ok());
    let kept: Option<Written> = own.or_else(|| purls.first().cloned());
    for other in purls.iter().filter(|purl| Some(*purl) != kept.as_ref()) {
        listing.skip(other.purl.to_string(), format!("`@graph[{index}]` has another purl, which counts"));
    }
    kept
}

/// The licences of elements by id.
fn licenses<'d>(
    graph: &'d [Element],
    by_id: &HashMap<&str, &Element>,
    unfolding: &mut Unfolding,
) -> Result<HashMap<&'d str, BTreeSet<String>>, FormatError> {
    let mut licenses: HashMap<&str, BTreeSet<String>> = HashMap::new();
    for element in graph {
        let Some(from) = element.from.as_deref().filter(|_| is_license(element)) else { continue };
        for to in &element.to {
            // A licence of the list is named by its address, and need not be in the document.
            let name = license_name(to, by_id);
            if !matches!(
                name,
                "" | "NoAssertion" | "NoAssertionLicense" | "None" | "NoneLicense" | "NOASSERTION" | "NONE"
            ) {
                unfolding.take([name])?;
                licenses.entry(from).or_default().insert(name.to_owned());
            }
        }
    }
    Ok(licenses)
}

/// How a licence is called that an id names: by its expression or its name; one of the list by the end of its address; one
/// that only the document knows by its class, since such an id may be another each time.
fn license_name<'d>(id: &'d str, by_id: &HashMap<&str, &'d Element>) -> &'d str {
    let address = || id.rsplit('/').next().unwrap_or(id);
    let Some(license) = by_id.get(id) else { return address() };
    let has_address = matches!(
        license.class.as_str(),
        "expandedlicensing_ListedLicense" | "expandedlicensing_IndividualLicensingInfo"
    );
    license
        .expression()
        .or(license.name.as_deref())
        .unwrap_or_else(|| if has_address { address() } else { &license.class })
}

/// How licences are stated of elements, by id: declared or concluded.
fn stated_licenses<'d>(
    graph: &'d [Element],
    by_id: &HashMap<&str, &Element>,
    unfolding: &mut Unfolding,
) -> Result<HashMap<&'d str, BTreeSet<String>>, FormatError> {
    let mut stated: HashMap<&str, BTreeSet<String>> = HashMap::new();
    for element in graph.iter().filter(|element| is_license(element)) {
        let Some(from) = element.from.as_deref() else { continue };
        let kind = element.relationship.as_deref().unwrap_or_default();
        for to in &element.to {
            let mut said = format!("{kind} {}", canonical(license_name(to, by_id)));
            for word in [element.completeness.as_deref(), element.scope.as_deref()].into_iter().flatten() {
                said.push(' ');
                said.push_str(word);
            }
            unfolding.take([said.as_str()])?;
            stated.entry(from).or_default().insert(said);
        }
    }
    Ok(stated)
}

/// The VEX assessments; none at all where the document has no such element.
fn statements(
    graph: &[Element],
    by_id: &HashMap<&str, &Element>,
    keys: &HashMap<&str, String>,
    unfolding: &mut Unfolding,
) -> Result<Option<Vec<VexStatement>>, FormatError> {
    let mut statements = BTreeSet::new();
    let mut assessed = false;
    for (index, element) in graph.iter().enumerate() {
        let status = match element.class.as_str() {
            "security_VexAffectedVulnAssessmentRelationship" => VexStatus::Affected,
            "security_VexFixedVulnAssessmentRelationship" => VexStatus::Fixed,
            "security_VexNotAffectedVulnAssessmentRelationship" => VexStatus::NotAffected,
            "security_VexUnderInvestigationVulnAssessmentRelationship" => VexStatus::UnderInvestigation,
            _ => continue,
        };
        assessed = true;
        let Some(from) = element.from.as_deref() else {
            let problem = "it is absent; an assessment is of a vulnerability".to_owned();
            return Err(FormatError::Field { format: FORMAT, path: format!("@graph[{index}].from"), problem });
        };
        let vulnerability = by_id.get(from).and_then(|vulnerability| named(vulnerability)).unwrap_or(from);
        let word = element.justification.as_deref().map(justification).or_else(|| element.impact.clone());
        let word = word.filter(|_| status == VexStatus::NotAffected);
        let mut details = Details::default();
        details.maybe("action", element.action.as_ref());
        details.maybe("notes", element.notes.as_ref());
        details.maybe("version", element.vex_version.as_ref());
        details.maybe("withdrawn", element.withdrawn.as_ref());
        details.maybe("impact", element.impact.as_ref());
        details.maybe("completeness", element.completeness.as_ref());
        details.maybe("justified as", element.justification.as_ref().filter(|_| status != VexStatus::NotAffected));
        details.maybe("assessed in", element.assessed.as_ref().map(|id| name_of(id, by_id, keys)));
        let details = details.done();
        for to in &element.to {
            let product = name_of(to, by_id, keys);
            let texts = [vulnerability, product.as_str(), word.as_deref().unwrap_or_default()];
            unfolding.take(texts.into_iter().chain(details.iter().map(String::as_str)))?;
            statements.insert(VexStatement {
                vulnerability: vulnerability.to_owned(),
                product,
                status,
                justification: word.clone(),
                details: details.clone(),
            });
        }
    }
    Ok(assessed.then(|| statements.into_iter().collect()))
}

/// The id of a vulnerability: its CVE id, else its name.
fn named(vulnerability: &Element) -> Option<&str> {
    let cves = vulnerability.external_identifiers.iter().filter(|other| other.external_identifier_type == "cve");
    cves.map(|external| external.identifier.as_str()).min().or(vulnerability.name.as_deref())
}

/// OpenVEX's word for SPDX's, which is the same in another spelling (`componentNotPresent`).
fn justification(word: &str) -> String {
    let mut spelled = String::new();
    for c in word.chars() {
        if c.is_ascii_uppercase() {
            spelled.push('_');
        }
        spelled.push(c.to_ascii_lowercase());
    }
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(elements: &str) -> String {
        format!(r#"{{"@context":"{READ}","@graph":[{elements}]}}"#)
    }

    #[test]
    fn packages_with_licences_and_assessments() {
        let contents = read(&document(
            r#"{"type":"software_Package","spdxId":"u#a","name":"JSONStream","externalIdentifier":[
                 {"externalIdentifierType":"packageUrl","identifier":"pkg:npm/z@1"},
                 {"externalIdentifierType":"packageUrl","identifier":"pkg:npm/JSONStream@1.3.5"},
                 {"externalIdentifierType":"packageUrl","identifier":"nonsense"}]},
               {"type":"software_Package","name":"app","software_packageVersion":"1","software_packageUrl":"pkg:npm/app@1"},
               {"type":"simplelicensing_LicenseExpression","spdxId":"u#l","simplelicensing_licenseExpression":"MIT OR ISC"},
               {"type":"Relationship","relationshipType":"hasDeclaredLicense","from":"u#a",
                "to":["u#l","https://spdx.org/licenses/MIT","https://spdx.org/rdf/3.0.1/terms/Licensing/NoAssertion"]},
               {"type":"security_Vulnerability","spdxId":"u#v","name":"v","externalIdentifier":[
                 {"externalIdentifierType":"cve","identifier":"CVE-2024-1"}]},
               {"type":"security_VexNotAffectedVulnAssessmentRelationship","from":"u#v","to":["u#a","u#gone"],
                "security_justificationType":"componentNotPresent"},
               {"type":"security_VexFixedVulnAssessmentRelationship","from":"u#v","to":["u#a"]}"#,
        ))
        .unwrap();
        let [stream, app] = &contents.listing.packages[..] else { panic!() };
        assert_eq!((stream.name.as_str(), stream.key().as_str()), ("JSONStream", "pkg:npm/jsonstream@1.3.5"));
        assert_eq!(stream.licenses, ["MIT", "MIT OR ISC"].map(str::to_owned).into());
        assert_eq!(app.key(), "pkg:npm/app@1");
        let what: Vec<_> = contents.listing.skipped.iter().map(|skipped| skipped.what.as_str()).collect();
        assert_eq!(what, ["@graph[0]", "pkg:npm/z@1"]);
        let vex = contents.vex.unwrap();
        let lines: Vec<_> = vex.iter().map(|s| format!("{} {} {}", s.vulnerability, s.product, s.status)).collect();
        assert_eq!(
            lines,
            [
                "CVE-2024-1 pkg:npm/jsonstream@1.3.5 not_affected",
                "CVE-2024-1 pkg:npm/jsonstream@1.3.5 fixed",
                "CVE-2024-1 u#gone not_affected"
            ]
        );
        assert_eq!(vex[0].justification.as_deref(), Some("component_not_present"));
        assert_eq!(read(&document("")).unwrap().vex, None);
    }

    /// What a comparison sees of elements beside a package, a file and two licences.
    fn seen(elements: &str) -> (Vec<String>, Vec<String>) {
        let contents = read(&document(&format!(
            r#"{{"type":"software_Package","spdxId":"u#a","name":"a"}},{{"type":"software_File","spdxId":"u#f","name":"f"}},
               {{"type":"simplelicensing_LicenseExpression","spdxId":"u#l","simplelicensing_licenseExpression":"MIT"}},
               {elements}"#
        )))
        .unwrap();
        (contents.listing.packages.iter().flat_map(|package| package.details.clone()).collect(), contents.facts)
    }

    #[test]
    fn what_is_referred_to_twice_is_said_once() {
        let edge = r#"{"type":"Relationship","relationshipType":"contains","from":"u#a","to":["u#f"]}"#;
        let once = seen(edge);
        assert_eq!(once.1.len(), 1);
        assert_eq!(seen(&edge.replace(r#"["u#f"]"#, r#"["u#f","u#f"]"#)), once);
        assert_eq!(seen(&format!("{edge},{edge}")), once);
    }

    #[test]
    fn a_licence_counts_by_its_class_and_scope_and_of_what_is_not_a_package() {
        let licence = r#"{"type":"Relationship","relationshipType":"hasDeclaredLicense","from":"u#a","to":["u#l"]}"#;
        let plain = seen(licence);
        assert_ne!(seen(&licence.replace(r#""Relationship""#, r#""Annotation""#)), plain);
        let scoped = r#""LifecycleScopedRelationship","scope":"build""#;
        assert_ne!(seen(&licence.replace(r#""Relationship""#, scoped)), plain);
        let of_file = seen(&licence.replace("u#a", "u#f"));
        assert_eq!(of_file.1, ["software_File f hasDeclaredLicense simplelicensing_LicenseExpression MIT"]);
    }

    #[test]
    fn a_licence_that_only_the_document_knows_does_not_count_by_its_id() {
        let of = |id: &str| {
            seen(&format!(
                r#"{{"type":"expandedlicensing_CustomLicense","spdxId":"{id}"}},
                   {{"type":"Relationship","relationshipType":"hasDeclaredLicense","from":"u#a","to":["{id}"]}}"#
            ))
        };
        assert_eq!(of("urn:uuid:1"), of("urn:uuid:2"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            (
                document("").replace("3.0.1", "3.1.0"),
                "version `https://spdx.org/rdf/3.1.0/spdx-context.jsonld` is not read",
            ),
            (document(r#"{"type":"software_Package","spdxId":"a"}"#), "`@graph[0].name`"),
            (document(r#"{"type":"Person","spdxId":"a"},{"type":"Person","spdxId":"a"}"#), "the id `a`"),
            (document(r#"{"type":"Relationship","from":{"type":"Person"}}"#), "`@graph[0].from`"),
            (document(r#"{"type":"security_VexFixedVulnAssessmentRelationship"}"#), "`@graph[0].from`"),
        ] {
            let error = read(&text).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
