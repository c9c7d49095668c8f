//! SPDX 2.2 and 2.3, JSON (<https://spdx.github.io/spdx-spec/v2.3/>), read for its packages.
//!
//! Invariants: an `SPDXID` names one element. Every package of the document is a package, the described
//! one too: writers do not agree on what they describe, and leaving one out could miss a vulnerability.
//! In a comparison checksums, purpose, download location, CPEs, other links and which licence was concluded and which declared
//! count as well.
//! Absent: files, snippets, relationships; SPDX 3, which is another format altogether ([`crate::format::spdx3`]).

use std::collections::{BTreeSet, HashSet};

use serde::Deserialize;

use crate::format::details::Details;
use crate::format::document;
use crate::format::error::FormatError;
use crate::format::json::{self, Present};
use crate::format::licenses;
use crate::format::listing::Listing;
use crate::format::package;
use crate::format::purl::Written;
use crate::model::package::Package;

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
    files: Vec<Element>,
    #[serde(default)]
    snippets: Vec<Element>,
    #[serde(default)]
    relationships: Present,
    #[serde(default)]
    annotations: Present,
    #[serde(default, rename = "hasExtractedLicensingInfos")]
    extracted: Present,
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
    /// Whether it lists packages, be it none.
    has_packages: bool,
    not_read: BTreeSet<String>,
}

impl Contents {
    /// What it means in a comparison.
    pub(crate) fn compared(self) -> document::Document {
        let packages = self.has_packages.then(|| self.listing.compared());
        document::Document { packages, not_compared: self.not_read, ..document::Document::default() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_type: String,
    reference_locator: String,
}

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
    let others = document.files.iter().chain(&document.snippets).map(|element| &element.id);
    for id in document.id.iter().chain(packages).chain(others) {
        if !ids.insert(id) {
            return Err(FormatError::DuplicateId { format: FORMAT, id: id.clone() });
        }
    }
    let parts = [
        ("files", !document.files.is_empty()),
        ("snippets", !document.snippets.is_empty()),
        ("relationships", document.relationships.0),
        ("annotations", document.annotations.0),
        ("extracted licences", document.extracted.0),
    ];
    let not_read = parts.into_iter().filter(|(_, present)| *present).map(|(name, _)| name.to_owned()).collect();
    let has_packages = document.packages.is_some();
    let mut listing = Listing::default();
    for (index, package) in document.packages.into_iter().flatten().enumerate() {
        take(&mut listing, index, package);
    }
    Ok(Contents { listing, has_packages, not_read })
}

fn take(listing: &mut Listing, index: usize, package: SpdxPackage) {
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
    let known = |text: &String| !matches!(text.as_str(), "" | "NOASSERTION" | "NONE");
    for (what, license) in [("concluded", &package.license_concluded), ("declared", &package.license_declared)] {
        details.maybe(what, license.as_ref().filter(|text| known(text)).map(|text| licenses::canonical(text)));
    }
    details.maybe("download", package.download_location.as_ref().filter(|text| known(text)));
    details.maybe("purpose", package.primary_package_purpose.as_ref());
    for Checksum { algorithm, checksum_value } in &package.checksums {
        details.add(algorithm, checksum_value);
    }
    for ExternalRef { reference_type, reference_locator } in &package.external_refs {
        if reference_type != "purl" {
            details.add(reference_type, reference_locator);
        }
    }
    // Of several purls one names the package, and all are compared.
    details.each(
        "purl",
        package
            .external_refs
            .iter()
            .filter(|other| other.reference_type == "purl")
            .map(|other| &other.reference_locator),
    );
    let stated = [package.license_concluded, package.license_declared].into_iter().flatten();
    let licenses: BTreeSet<_> = stated.filter(|text| !matches!(text.as_str(), "" | "NOASSERTION" | "NONE")).collect();
    let version = package.version_info.filter(|version| version != "NOASSERTION");
    let package = package::of_entry(package.name, version, purl, licenses);
    listing.packages.push(Package { details: details.done(), ..package });
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
