//! CycloneDX JSON, 1.4 to 1.7 (<https://cyclonedx.org/docs/1.7/json/>): read in full, written normalised.
//!
//! Invariants: a `bom-ref` names one element; the root (`metadata.component`) is what the document is
//! about, not one of its packages; written documents hold nothing volatile (no serial number, no
//! timestamp, no tool), so that equal packages give equal bytes.
//! A vulnerability is a finding, with or without `analysis` and `components`; one that has nothing but its analysis is a
//! statement alone. Components that are not packages, the root, services, the graph of dependencies and compositions count in a
//! comparison.
//! Absent: evidence, pedigree, annotations and other parts that `not_read` names: they are compared as bytes only.

mod component;
mod facts;
mod quick_scan;
pub mod vex;
mod vulnerability;
mod wire;
mod words;

pub use quick_scan::{QuickScan, name_hint};

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use crate::format::cyclonedx::wire::{Bom, FORMAT, READ};
use crate::format::error::FormatError;
use crate::format::json;
use crate::format::listing::{Listing, distinct};
use crate::format::text::Unfolding;
use crate::model::finding::Finding;
use crate::model::package::Package;
use crate::model::vex::VexStatement;

/// What a CycloneDX document says.
pub(crate) struct Contents {
    pub(crate) listing: Listing,
    /// Absent where the document has no `vulnerabilities` at all.
    pub(crate) findings: Option<Vec<Finding>>,
    /// Absent where the document has no `vulnerabilities` at all.
    pub(crate) vex: Option<Vec<VexStatement>>,
    /// What it says of services, dependencies and completeness, a line for each, sorted.
    pub(crate) facts: Vec<String>,
    /// Whether it says what it is about or lists components, be it none.
    pub(crate) has_components: bool,
    /// The parts that are there and not read.
    pub(crate) not_read: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    bom_format: String,
    spec_version: String,
}

/// Reads a CycloneDX document.
pub(crate) fn read(text: &str) -> Result<Contents, FormatError> {
    // The version first: a later one may have other shapes, and that is no error of a field.
    let header: Header = json::read(FORMAT, text)?;
    if header.bom_format != "CycloneDX" {
        let problem = format!("`{}`; expected `CycloneDX`", header.bom_format);
        return Err(FormatError::Field { format: FORMAT, path: "bomFormat".to_owned(), problem });
    }
    if !READ.contains(&header.spec_version.as_str()) {
        return Err(FormatError::Version { format: FORMAT, found: header.spec_version, known: READ });
    }
    let bom: Bom = json::read(FORMAT, text)?;
    let mut not_read = bom.not_read();
    let mut reader = component::Reader::default();
    reader.serial = bom.serial_number;
    let root = bom.metadata.and_then(|metadata| metadata.component);
    let lists_components = bom.components.is_some();
    let has_components = root.is_some() || lists_components;
    if let Some(root) = root {
        reader.root(root)?;
    }
    reader.components("components", bom.components.unwrap_or_default())?;
    let mut facts = facts::services(bom.services.unwrap_or_default(), &mut reader)?;
    let (findings, vex) = match bom.vulnerabilities {
        Some(vulnerabilities) => {
            let (findings, vex) = vulnerability::read(vulnerabilities, &mut reader, lists_components)?;
            (findings, Some(vex))
        }
        None => (None, None),
    };
    let mut unfolding = Unfolding::new(FORMAT);
    facts.extend(facts::dependencies(bom.dependencies.unwrap_or_default(), &reader, &mut unfolding)?);
    facts.extend(facts::compositions(bom.compositions.unwrap_or_default(), &mut reader, &mut unfolding)?);
    facts.sort();
    not_read.extend(reader.not_read.into_iter().map(str::to_owned));
    Ok(Contents { listing: reader.listing, findings, vex, facts, has_components, not_read })
}

/// Writes packages as a normalised SBOM, CycloneDX 1.6.
pub fn write(packages: &[Package]) -> Vec<u8> {
    let mut used = BTreeSet::new();
    let mut turns: HashMap<String, usize> = HashMap::new();
    let components = distinct(packages.to_vec()).into_iter().map(|package| {
        let key = package.key();
        // A purl may stand for packages that differ in other fields; a reference may not.
        let turn = turns.entry(key.clone()).or_insert(0);
        let mut reference = key.clone();
        while !used.insert(reference.clone()) {
            *turn += 1;
            reference = format!("{key}|{turn}");
        }
        component::write(&package, reference)
    });
    let components = Some(components.collect());
    json::write(&Bom { components, ..Bom::written() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ecosystem::Ecosystem;
    use crate::model::package::SourcePackage;

    fn document(rest: &str) -> String {
        format!(r#"{{"bomFormat":"CycloneDX","specVersion":"1.5",{rest}}}"#)
    }

    fn packages(rest: &str) -> Vec<Package> {
        read(&document(rest)).unwrap().listing.packages
    }

    #[test]
    fn an_edge_names_the_type_of_what_has_only_a_name() {
        let facts = |to: &str| {
            let text = format!(
                r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","components":[
                     {{"type":"container","name":"alpine","bom-ref":"c"}},{{"type":"operating-system","name":"alpine","bom-ref":"o"}},
                     {{"type":"application","name":"app","bom-ref":"a"}}],
                   "dependencies":[{{"ref":"a","dependsOn":["{to}"]}}]}}"#
            );
            read(&text).unwrap().facts
        };
        assert_ne!(facts("c"), facts("o"));
    }

    #[test]
    fn nested_components_are_packages_and_the_root_is_not() {
        let read = packages(
            r#""metadata":{"component":{"type":"application","bom-ref":"root","name":"app","components":[
                {"type":"library","name":"inner","purl":"pkg:npm/inner@1"}]}},
            "components":[{"type":"library","bom-ref":"a","name":"a","version":"1","purl":"pkg:npm/a@1","components":[
                {"type":"library","bom-ref":"b","group":"@s","name":"b","version":"2","purl":"pkg:npm/%40s/b@2",
                 "licenses":[{"license":{"id":"MIT"}},{"license":{"name":"own"}},{"expression":"MIT OR ISC"}]}]}]"#,
        );
        let names: Vec<_> = read.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["inner", "a", "@s/b"]);
        assert_eq!(read[2].licenses, ["MIT", "MIT OR ISC", "own"].map(str::to_owned).into());
        assert_eq!(read[0].version, "1", "the purl's, where the component has none");
    }

    #[test]
    fn names_keep_the_case_that_the_purl_folds() {
        let read = packages(
            r#""components":[
                {"type":"library","name":"JSONStream","version":"1.3.5","purl":"pkg:npm/JSONStream@1.3.5"},
                {"type":"library","name":"github.com/Masterminds/semver","version":"v1","purl":"pkg:golang/github.com/Masterminds/semver@v1"},
                {"type":"library","group":"org.apache","name":"log4j","version":"2","purl":"pkg:maven/org.apache/log4j@2"},
                {"type":"library","name":"Zope_Interface","version":"5","purl":"pkg:pypi/zope-interface@5"}]"#,
        );
        let names: Vec<_> = read.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["JSONStream", "github.com/Masterminds/semver", "org.apache:log4j", "zope-interface"]);
    }

    #[test]
    fn source_packages_are_found_as_scanners_write_them() {
        let expected = Some(SourcePackage { name: "util-linux".into(), version: "2.38.1-5".into() });
        for component in [
            r#"{"type":"library","name":"bsdutils","version":"1:2.38.1-5",
                "purl":"pkg:deb/debian/bsdutils@1:2.38.1-5?distro=debian-12&upstream=util-linux%402.38.1-5"}"#,
            r#"{"type":"library","name":"bsdutils","version":"1:2.38.1-5",
                "purl":"pkg:deb/debian/bsdutils@2.38.1-5?epoch=1&distro=debian-12.5","properties":[
                {"name":"aquasecurity:trivy:SrcName","value":"util-linux"},
                {"name":"aquasecurity:trivy:SrcVersion","value":"2.38.1"},
                {"name":"aquasecurity:trivy:SrcRelease","value":"5"}]}"#,
        ] {
            let read = packages(&format!(r#""components":[{component}]"#));
            assert_eq!(read[0].source, expected);
            assert_eq!(read[0].version, "1:2.38.1-5");
            assert_eq!(read[0].ecosystem, Ecosystem::from("Debian:12"));
        }
    }

    #[test]
    fn what_is_no_package_is_said() {
        let contents = read(&document(
            r#""components":[
                {"type":"file","name":"/etc/os-release"},
                {"type":"operating-system","name":"debian","version":"12"},
                {"type":"library","name":"a","version":"1","purl":"not a purl"},
                {"type":"library","name":"b","version":"1"}]"#,
        ));
        let listing = contents.unwrap().listing;
        let names: Vec<_> = listing.packages.iter().map(|p| (p.name.as_str(), p.purl.is_some())).collect();
        assert_eq!(names, [("a", false), ("b", false)]);
        let what: Vec<_> = listing.skipped.iter().map(|skipped| skipped.what.as_str()).collect();
        assert_eq!(what, ["components[0]", "components[1]", "components[2].purl"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            (
                document(
                    r#""components":[{"type":"library","bom-ref":"x","name":"a"},{"type":"library","bom-ref":"x","name":"b"}]"#,
                ),
                "`x`",
            ),
            (
                document(r#""components":[{"type":"library","name":"a","components":[{"type":"library","name":3}]}]"#),
                "`components[0].components[0].name`",
            ),
            (
                document("").replace("1.5", "2.0").replace(",}", "}"),
                "version `2.0` is not read, only `1.4`, `1.5`, `1.6`, `1.7`",
            ),
            (document("").replace("CycloneDX", "SPDX").replace(",}", "}"), "`bomFormat`"),
        ] {
            let error = read(&text).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_written_document_is_this() {
        let package = |purl: &str| Package {
            name: "bsdutils".into(),
            version: "1:2.38.1-5".into(),
            purl: purl.parse().ok(),
            ecosystem: Ecosystem::from("Debian:12"),
            licenses: ["BSD-4-Clause".to_owned()].into(),
            source: Some(SourcePackage { name: "util-linux".into(), version: "2.38.1-5".into() }),
            details: BTreeSet::new(),
        };
        let written = write(&[package("pkg:deb/debian/bsdutils@1:2.38.1-5?distro=debian-12")]);
        let expected = r#"{
  "bomFormat": "CycloneDX",
  "specVersion": "1.6",
  "version": 1,
  "components": [
    {
      "type": "library",
      "bom-ref": "pkg:deb/debian/bsdutils@1:2.38.1-5?distro=debian-12",
      "name": "bsdutils",
      "version": "1:2.38.1-5",
      "licenses": [
        {
          "license": {
            "name": "BSD-4-Clause"
          }
        }
      ],
      "purl": "pkg:deb/debian/bsdutils@1:2.38.1-5?distro=debian-12",
      "properties": [
        {
          "name": "stella:source:name",
          "value": "util-linux"
        },
        {
          "name": "stella:source:version",
          "value": "2.38.1-5"
        }
      ]
    }
  ]
}
"#;
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }
}
