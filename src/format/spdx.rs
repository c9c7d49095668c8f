//! SPDX 2.2 and 2.3, JSON (<https://spdx.github.io/spdx-spec/v2.3/>), read for its packages.
//!
//! Invariants: an `SPDXID` names one element. Every package of the document is a package, the described
//! one too: writers do not agree on what they describe, and leaving one out could miss a vulnerability.
//! In a comparison checksums, purpose, download location, CPEs, other links, who supplies it and which licence was concluded and
//! which declared count as well; so do files, relationships and licences whose text is in the document, a line for each.
//! Absent: snippets, annotations, copyright; SPDX 3, which is another format altogether ([`crate::format::spdx3`]).

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Deserialize;

use crate::format::details::Details;
use crate::format::document;
use crate::format::error::FormatError;
use crate::format::json::{self, Present};
use crate::format::licenses;
use crate::format::listing::Listing;
use crate::format::package;
use crate::format::purl::{self, Written};
use crate::format::text::{Unfolding, digest_spelled};
use crate::model::digest::Digest;
use crate::model::package::Package;
use crate::model::text::words;

const FORMAT: &str = "SPDX";

#[derive(Deserialize)]
struct Header {
    #[serde(rename = "spdxVersion")]
    spdx_version: String,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "SPDXID")]
    id: Option<String>,
    packages: Option<Vec<SpdxPackage>>,
    #[serde(default)]
    files: Vec<File>,
    #[serde(default)]
    snippets: Vec<Element>,
    #[serde(default)]
    relationships: Vec<Relationship>,
    #[serde(default, rename = "documentDescribes")]
    describes: Vec<String>,
    #[serde(default)]
    annotations: Present,
    #[serde(default, rename = "hasExtractedLicensingInfos")]
    extracted: Vec<ExtractedLicense>,
    #[serde(default, rename = "externalDocumentRefs")]
    elsewhere: Present,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(rename = "SPDXID")]
    id: String,
    #[serde(default)]
    file_name: String,
    #[serde(default)]
    file_types: Vec<String>,
    #[serde(default)]
    checksums: Vec<Checksum>,
    license_concluded: Option<String>,
    #[serde(default)]
    license_info_in_files: Vec<String>,
    #[serde(default)]
    copyright_text: Present,
    #[serde(default)]
    notice_text: Present,
    #[serde(default)]
    annotations: Present,
    #[serde(default)]
    attribution_texts: Present,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: String,
    related_spdx_element: String,
}

/// A licence whose text is in the document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExtractedLicense {
    license_id: String,
    #[serde(default)]
    extracted_text: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Element {
    #[serde(rename = "SPDXID")]
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpdxPackage {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    version_info: Option<String>,
    license_concluded: Option<String>,
    license_declared: Option<String>,
    #[serde(default)]
    external_refs: Vec<ExternalRef>,
    #[serde(default)]
    checksums: Vec<Checksum>,
    download_location: Option<String>,
    primary_package_purpose: Option<String>,
    supplier: Option<String>,
    originator: Option<String>,
    package_file_name: Option<String>,
    package_verification_code: Option<VerificationCode>,
    built_date: Option<String>,
    release_date: Option<String>,
    valid_until_date: Option<String>,
    #[serde(default)]
    license_info_from_files: Vec<String>,
    #[serde(default)]
    has_files: Vec<String>,
    #[serde(default)]
    copyright_text: Present,
    #[serde(default)]
    annotations: Present,
    #[serde(default)]
    attribution_texts: Present,
}

/// A digest of the files of a package.
#[derive(Deserialize)]
struct VerificationCode {
    #[serde(rename = "packageVerificationCodeValue", default)]
    value: String,
    #[serde(rename = "packageVerificationCodeExcludedFiles", default)]
    excluded: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: String,
    checksum_value: String,
}

/// What a document says.
pub(crate) struct Contents {
    pub(crate) listing: Listing,
    /// Files, relationships and licences, a line for each, sorted.
    facts: Vec<String>,
    /// Whether it lists packages, be it none.
    has_packages: bool,
    not_read: BTreeSet<String>,
}

impl Contents {
    /// What it means in a comparison.
    pub(crate) fn compared(self) -> document::Document {
        let packages = self.has_packages.then(|| self.listing.compared());
        document::Document { packages, facts: self.facts, not_compared: self.not_read, ..document::Document::default() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    #[serde(default)]
    reference_category: String,
    reference_type: String,
    reference_locator: String,
}

/// Relationships that say what another says from the other end (SPDX 2.3, §11.1).
const INVERSE: [(&str, &str); 6] = [
    ("CONTAINED_BY", "CONTAINS"),
    ("DEPENDENCY_OF", "DEPENDS_ON"),
    ("DESCENDANT_OF", "ANCESTOR_OF"),
    ("DESCRIBED_BY", "DESCRIBES"),
    ("GENERATED_FROM", "GENERATES"),
    ("HAS_PREREQUISITE", "PREREQUISITE_FOR"),
];

/// Reads the packages of an SPDX document.
pub(crate) fn read(text: &str) -> Result<Contents, FormatError> {
    let header: Header = json::read(FORMAT, text)?;
    if !matches!(header.spdx_version.as_str(), "SPDX-2.2" | "SPDX-2.3") {
        let known = &["SPDX-2.2", "SPDX-2.3"];
        return Err(FormatError::Version { format: FORMAT, found: header.spdx_version, known });
    }
    let document: Document = json::read(FORMAT, text)?;
    let mut ids = HashSet::new();
    let packages = document.packages.iter().flatten().map(|package| &package.id);
    let others = document.files.iter().map(|file| &file.id).chain(document.snippets.iter().map(|snippet| &snippet.id));
    for id in document.id.iter().chain(packages).chain(others) {
        if !ids.insert(id) {
            return Err(FormatError::DuplicateId { format: FORMAT, id: id.clone() });
        }
    }
    let packages = || document.packages.iter().flatten();
    let files = || document.files.iter();
    let parts = [
        ("snippets", !document.snippets.is_empty()),
        (
            "annotations",
            document.annotations.0 || packages().any(|p| p.annotations.0) || files().any(|f| f.annotations.0),
        ),
        ("copyright", packages().any(|p| p.copyright_text.0) || files().any(|f| f.copyright_text.0 || f.notice_text.0)),
        ("attribution texts", packages().any(|p| p.attribution_texts.0) || files().any(|f| f.attribution_texts.0)),
        ("references to other documents", document.elsewhere.0),
    ];
    let not_read = parts.into_iter().filter(|(_, present)| *present).map(|(name, _)| name.to_owned()).collect();
    let has_packages = document.packages.is_some();
    let mut listing = Listing::default();
    let licenses = Extracted::of(&document.extracted);
    let mut facts: Vec<String> = document.extracted.iter().map(|license| licenses.fact(license)).collect();
    let mut named: HashMap<String, String> = HashMap::new();
    let own = document.id.clone().unwrap_or_else(|| "SPDXRef-DOCUMENT".to_owned());
    named.insert(own.clone(), "the document".to_owned());
    for file in document.files {
        let id = file.id.clone();
        let name = file.file_name.clone();
        facts.push(file.told(&licenses));
        named.insert(id, name);
    }
    let mut relationships = document.relationships;
    let related = |from: &str, kind: &str, to: String| Relationship {
        spdx_element_id: from.to_owned(),
        relationship_type: kind.to_owned(),
        related_spdx_element: to,
    };
    relationships.extend(document.describes.into_iter().map(|to| related(&own, "DESCRIBES (listed)", to)));
    for (index, mut package) in document.packages.into_iter().flatten().enumerate() {
        let id = std::mem::take(&mut package.id);
        let files = std::mem::take(&mut package.has_files);
        relationships.extend(files.into_iter().map(|to| related(&id, "CONTAINS (listed)", to)));
        let package = take(&mut listing, index, package, &licenses);
        named.insert(id, package.key());
        listing.packages.push(package);
    }
    let mut unfolding = Unfolding::new(FORMAT);
    let name = |id: &str| named.get(id).cloned().unwrap_or_else(|| id.to_owned());
    for Relationship { spdx_element_id, relationship_type, related_spdx_element } in &relationships {
        // The same edge may be told from either end.
        let inverse = INVERSE.iter().find(|(inverse, _)| inverse == relationship_type);
        let (from, kind, to) = match inverse {
            Some((_, kind)) => (related_spdx_element, *kind, spdx_element_id),
            None => (spdx_element_id, relationship_type.as_str(), related_spdx_element),
        };
        let fact = format!("{} {kind} {}", name(from), name(to));
        unfolding.take([fact.as_str()])?;
        facts.push(fact);
    }
    facts.sort();
    Ok(Contents { listing, facts, has_packages, not_read })
}

/// The licences whose text is in the document. One with a random id is named by its text.
struct Extracted {
    by_id: HashMap<String, String>,
}

impl Extracted {
    fn of(licenses: &[ExtractedLicense]) -> Self {
        let random = licenses.iter().filter(|license| has_uuid(&license.license_id));
        let named = random.map(|license| {
            let digest = Digest::of(license.extracted_text.as_bytes()).short();
            (license.license_id.clone(), format!("LicenseRef-{digest}"))
        });
        Self { by_id: named.collect() }
    }

    /// An expression with every random id replaced by what it stands for.
    fn told(&self, expression: &str) -> String {
        if self.by_id.is_empty() {
            return expression.to_owned();
        }
        let named = |(is_word, piece)| self.by_id.get(piece).filter(|_| is_word).map_or(piece, String::as_str);
        words::pieces(expression).map(named).collect()
    }

    fn fact(&self, license: &ExtractedLicense) -> String {
        let ExtractedLicense { license_id, extracted_text, name } = license;
        let text = Digest::of(extracted_text.as_bytes()).short();
        format!("licence {} is {text} {}", self.told(license_id), name.as_deref().unwrap_or_default())
    }
}

/// Whether a random UUID (RFC 9562) stands in an id.
fn has_uuid(id: &str) -> bool {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = id.split('-').collect();
    let is_group = |(part, length): (&&str, usize)| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit());
    parts.windows(GROUPS.len()).any(|parts| parts.iter().zip(GROUPS).all(is_group))
}

impl File {
    fn told(self, licenses: &Extracted) -> String {
        let mut details = Details::default();
        details.each("type", self.file_types);
        self.checksums.iter().for_each(|sum| details.add(&sum.algorithm, digest_spelled(&sum.checksum_value)));
        let canonical = |text: &String| licenses::canonical(&licenses.told(text));
        details.maybe("concluded", self.license_concluded.as_ref().filter(|text| is_known(text)).map(canonical));
        details.each("licence in it", self.license_info_in_files.iter().filter(|text| is_known(text)).map(canonical));
        format!("file {} ({})", self.file_name, details.texts().collect::<Vec<_>>().join("; "))
    }
}

/// Whether anything is said: that there is none is something.
fn is_known(text: &str) -> bool {
    !matches!(text, "" | "NOASSERTION")
}

fn take(listing: &mut Listing, index: usize, mut package: SpdxPackage, extracted: &Extracted) -> Package {
    for license in [&mut package.license_concluded, &mut package.license_declared].into_iter().flatten() {
        *license = extracted.told(license);
    }
    let mut purls: BTreeSet<Written> = BTreeSet::new();
    for (reference, external) in package.external_refs.iter().enumerate() {
        if external.reference_type != "purl" {
            continue;
        }
        let path = || format!("packages[{index}].externalRefs[{reference}]");
        match external.reference_locator.parse() {
            Ok(found) => {
                purls.insert(found);
            }
            Err(_) => {
                let why = format!("`{}` of `{}` is not a package URL", external.reference_locator, package.name);
                listing.skip(path(), why);
            }
        }
    }
    // External references are a set: which of several purls stands first must not matter.
    let purl = purls.pop_first();
    for other in purls {
        listing.skip(other.purl.to_string(), format!("`{}` has another purl, which sorts before it", package.name));
    }
    let mut details = Details::default();
    let known = |text: &String| is_known(text);
    for (what, license) in [("concluded", &package.license_concluded), ("declared", &package.license_declared)] {
        details.maybe(what, license.as_ref().filter(|text| known(text)).map(|text| licenses::canonical(text)));
    }
    details.maybe("download", package.download_location.as_ref().filter(|text| known(text)));
    details.maybe("purpose", package.primary_package_purpose.as_ref());
    details.maybe("supplier", package.supplier.as_ref().filter(|text| known(text)));
    details.maybe("originator", package.originator.as_ref().filter(|text| known(text)));
    details.maybe("file name", package.package_file_name.as_ref());
    details.maybe("built", package.built_date.as_ref());
    details.maybe("released", package.release_date.as_ref());
    details.maybe("valid until", package.valid_until_date.as_ref());
    let in_files = package.license_info_from_files.iter().filter(|text| known(text));
    details.each("licence in its files", in_files.map(|text| licenses::canonical(&extracted.told(text))));
    if let Some(VerificationCode { value, excluded }) = &package.package_verification_code {
        details.add("verification code", value);
        details.each("not in the verification code", excluded);
    }
    for Checksum { algorithm, checksum_value } in &package.checksums {
        details.add(algorithm, digest_spelled(checksum_value));
    }
    for ExternalRef { reference_category, reference_type, reference_locator } in &package.external_refs {
        let locator = match reference_type.as_str() {
            "purl" => purl::spelled(reference_locator),
            _ => Cow::Borrowed(reference_locator.as_str()),
        };
        if reference_type != "purl" {
            details.add(reference_type, &*locator);
        }
        details.maybe(
            "category",
            (!reference_category.is_empty()).then(|| format!("{reference_category} {reference_type} {locator}")),
        );
    }
    // Of several purls one names the package, and all are compared.
    details.each(
        "purl",
        package
            .external_refs
            .iter()
            .filter(|other| other.reference_type == "purl")
            .map(|other| purl::spelled(&other.reference_locator)),
    );
    let stated = [package.license_concluded, package.license_declared].into_iter().flatten();
    let licenses: BTreeSet<_> = stated.filter(|text| !matches!(text.as_str(), "" | "NOASSERTION" | "NONE")).collect();
    let version = package.version_info.filter(|version| version != "NOASSERTION");
    package::with_details(package::of_entry(package.name, version, purl, licenses), details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_with_purl_and_licences() {
        let text = r#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","packages":[
            {"SPDXID":"SPDXRef-a","name":"JSONStream","versionInfo":"1.3.5","licenseConcluded":"NOASSERTION",
             "licenseDeclared":"MIT","externalRefs":[
               {"referenceCategory":"SECURITY","referenceType":"cpe23Type","referenceLocator":"cpe:2.3:a:b"},
               {"referenceCategory":"PACKAGE_MANAGER","referenceType":"purl","referenceLocator":"pkg:npm/JSONStream@1.3.5"},
               {"referenceCategory":"PACKAGE_MANAGER","referenceType":"purl","referenceLocator":"nonsense"}]},
            {"SPDXID":"SPDXRef-root","name":"app"}]}"#;
        let listing = read(text).unwrap().listing;
        let [stream, app] = &listing.packages[..] else { panic!() };
        assert_eq!((stream.name.as_str(), stream.key().as_str()), ("JSONStream", "pkg:npm/jsonstream@1.3.5"));
        assert_eq!(stream.licenses, ["MIT".to_owned()].into());
        assert_eq!((app.version.as_str(), &app.purl), ("", &None));
        assert_eq!(listing.skipped[0].what, "packages[0].externalRefs[2]");
    }

    /// Named regression: an edge that is told from its other end, a digest in capitals and a package URL in another spelling were changes.
    #[test]
    fn what_says_the_same_is_the_same() {
        let of = |(from, kind, to): (&str, &str, &str), sum: &str, purl: &str| {
            let text = format!(
                r#"{{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT",
                    "relationships":[{{"spdxElementId":"{from}","relationshipType":"{kind}","relatedSpdxElement":"{to}"}}],
                    "packages":[{{"SPDXID":"SPDXRef-a","name":"a","checksums":[{{"algorithm":"SHA256","checksumValue":"{sum}"}}],
                      "externalRefs":[{{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"{purl}"}}]}},
                     {{"SPDXID":"SPDXRef-b","name":"b"}}]}}"#
            );
            read(&text).unwrap().compared()
        };
        let (a, b, purl) = ("SPDXRef-a", "SPDXRef-b", "pkg:npm/%40s/a@1");
        let one = of((a, "CONTAINS", b), "abcdef00", purl);
        assert_eq!(of((b, "CONTAINED_BY", a), "ABCDEF00", "pkg:NPM/@s/a@1"), one);
        assert_ne!(of((a, "CONTAINED_BY", b), "abcdef00", purl), one);
        assert_ne!(of((a, "CONTAINS", b), "abcdef01", purl), one);
        assert_ne!(of((a, "CONTAINS", b), "abcdef00", "pkg:npm/%40s/a@2"), one);
        assert_eq!(of((a, "DEPENDENCY_OF", b), "", purl), of((b, "DEPENDS_ON", a), "", purl));
        // A word that is not hexadecimal is no digest.
        assert_ne!(of((a, "CONTAINS", b), "Word", purl), of((a, "CONTAINS", b), "word", purl));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            (r#"{"spdxVersion":"SPDX-2.1"}"#, "version `SPDX-2.1` is not read, only `SPDX-2.2`, `SPDX-2.3`"),
            (r#"{"spdxVersion":"SPDX-2.3","packages":[{"SPDXID":"a","name":"x"}],"files":[{"SPDXID":"a"}]}"#, "id `a`"),
            (r#"{"spdxVersion":"SPDX-2.3","packages":[{"SPDXID":"a"}]}"#, "`packages[0]`"),
        ] {
            let error = read(text).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
