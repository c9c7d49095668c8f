//! SPDX 3.0.1, JSON-LD (<https://spdx.github.io/spdx-spec/v3.0.1/>), read for its packages and VEX statements.
//!
//! A document is a graph, or a single element. Invariants: an `spdxId` names one element. Every `software_Package` is a package, the described one too. Licences are
//! those that relationships declare or conclude. A VEX assessment is a statement for each product that it is about; its
//! justification is OpenVEX's word. Other assessments of vulnerabilities, and what else packages are, count in a comparison.
//! Relationships and what collections are about are facts. What one element refers to is a set, as in RDF: twice is once.
//! Absent: files, snippets, other profiles' elements; JSON-LD that spells names in another way than the
//! specification's own context.

mod assessments;
mod element;
mod licenses;
mod names;
mod relationships;

use std::collections::{BTreeSet, HashMap};

use self::assessments::{assessments, statements};
pub(crate) use self::element::CONTEXT;
use self::element::{ContentIdentifier, Document, Element, FORMAT, Hash, Header, PACKAGE, READ, is_read};
use self::licenses::{licenses, stated_licenses, unreferred};
use self::relationships::relationships;
use crate::format::details::Details;
use crate::format::document;
use crate::format::error::FormatError;
use crate::format::json;
use crate::format::listing::Listing;
use crate::format::package;
use crate::format::purl::Written;
use crate::format::text::Unfolding;
use crate::model::vex::VexStatement;

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
    facts.extend(unreferred(&graph));
    facts.sort();
    let unread = graph.iter().filter(|element| !is_read(element)).map(|element| format!("`{}`", element.class));
    let parts = graph.iter().filter(|element| is_read(element)).flat_map(Element::not_read).map(str::to_owned);
    Ok(Contents { listing, vex, facts, not_read: unread.chain(parts).collect() })
}

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
        // The edge, and the licence that nothing refers to.
        assert_eq!(once.1.len(), 2, "{:?}", once.1);
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
    fn a_licence_of_ones_own_is_not_one_of_the_list_with_its_name() {
        let of = |class: &str| {
            seen(&format!(
                r#"{{"type":"expandedlicensing_{class}","spdxId":"u#own","name":"MIT"}},
                   {{"type":"Relationship","relationshipType":"hasDeclaredLicense","from":"u#a","to":["u#own"]}}"#
            ))
        };
        assert_ne!(of("CustomLicense"), of("ListedLicense"));
    }

    #[test]
    fn an_expression_that_nothing_refers_to_counts() {
        let of = |text: &str| {
            seen(&format!(
                r#"{{"type":"simplelicensing_LicenseExpression","spdxId":"u#x","simplelicensing_licenseExpression":"{text}"}}"#
            ))
        };
        assert_ne!(of("ISC"), of("Zlib"));
        // One that says what another does says nothing more.
        let licence = r#"{"type":"Relationship","relationshipType":"hasDeclaredLicense","from":"u#a","to":["u#l"]}"#;
        let again =
            r#"{"type":"simplelicensing_LicenseExpression","spdxId":"u#x","simplelicensing_licenseExpression":"MIT"}"#;
        assert_eq!(seen(&format!("{licence},{again}")), seen(licence));
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
