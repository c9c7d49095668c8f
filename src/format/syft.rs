//! Syft JSON (`syft -o syft-json`, schema 16), read for its packages.
//!
//! In a comparison CPEs, the relationships between packages and files, the distribution and what was scanned count as well.
//! Absent: files, locations and metadata of packages, how the tool was configured: they are compared as bytes only.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use crate::format::descriptor::Descriptor;
use crate::format::details::Details;
use crate::format::document::Document;
use crate::format::error::FormatError;
use crate::format::json::{self, Present};
use crate::format::listing::Listing;
use crate::format::package;
use crate::format::text::Unfolding;
use crate::model::digest::Digest;
use crate::model::package::Package;

const FORMAT: &str = "Syft JSON";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    artifacts: Vec<Artifact>,
    #[serde(default)]
    artifact_relationships: Vec<Relationship>,
    #[serde(default)]
    files: Vec<File>,
    source: Option<Source>,
    distro: Option<Distro>,
    #[serde(default)]
    descriptor: Descriptor,
}

#[derive(Deserialize)]
struct Artifact {
    #[serde(default)]
    id: String,
    name: String,
    version: String,
    #[serde(default)]
    purl: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    language: String,
    licenses: Option<Vec<License>>,
    cpes: Option<Vec<Cpe>>,
    #[serde(default)]
    locations: Present,
    #[serde(default)]
    metadata: Present,
}

/// An object, or its text alone in documents of older schemas.
#[derive(Deserialize)]
#[serde(untagged)]
enum License {
    Text(String),
    Told(ToldLicense),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldLicense {
    value: String,
    /// Empty where the value is no expression.
    #[serde(default)]
    spdx_expression: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    contents: String,
}

/// An object, or its text alone in documents of older schemas.
#[derive(Deserialize)]
#[serde(untagged)]
enum Cpe {
    Text(String),
    Told { cpe: String },
}

/// An edge between packages, files and what was scanned.
#[derive(Deserialize)]
struct Relationship {
    parent: String,
    child: String,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct File {
    id: String,
    location: Option<Place>,
}

#[derive(Deserialize)]
struct Place {
    path: Option<String>,
}

/// What was scanned.
#[derive(Deserialize)]
struct Source {
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    supplier: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    metadata: Present,
}

#[derive(Deserialize)]
struct Distro {
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(rename = "versionID", default)]
    version_id: String,
}

/// What a document says.
pub(crate) struct Contents {
    pub(crate) listing: Listing,
    facts: Vec<String>,
    not_read: BTreeSet<String>,
}

impl Contents {
    /// What it means in a comparison.
    pub(crate) fn compared(self) -> Document {
        let packages = Some(self.listing.compared());
        Document { packages, facts: self.facts, not_compared: self.not_read, ..Document::default() }
    }
}

/// Reads a document.
pub(crate) fn read(text: &str) -> Result<Contents, FormatError> {
    let report: Report = json::read(FORMAT, text)?;
    let mut not_read = BTreeSet::new();
    let mut named: HashMap<String, String> = HashMap::new();
    let mut listing = Listing::default();
    for (index, artifact) in report.artifacts.into_iter().enumerate() {
        for (part, is_there) in [("locations", artifact.locations), ("metadata of packages", artifact.metadata)] {
            not_read.extend(is_there.0.then(|| part.to_owned()));
        }
        let id = artifact.id.clone();
        let package = take(artifact, index, &mut listing);
        named.insert(id, package.key());
        listing.packages.push(package);
    }
    not_read.extend(report.descriptor.configuration.0.then(|| "the configuration of the tool".to_owned()));
    not_read.extend((!report.files.is_empty()).then(|| "files".to_owned()));
    for File { id, location } in report.files {
        if let Some(path) = location.and_then(|location| location.path) {
            named.insert(id, path);
        }
    }
    let mut facts = Vec::new();
    if let Some(Source { id, name, version, supplier, kind, metadata }) = report.source {
        not_read.extend(metadata.0.then(|| "what was scanned, in the words of its kind".to_owned()));
        named.insert(id, "what was scanned".to_owned());
        facts.push(format!("scanned: {kind} {name} {version} {supplier}"));
    }
    if let Some(Distro { id, name, version, version_id }) = report.distro.filter(Distro::is_known) {
        facts.push(format!("distribution: {id} {version_id} ({name} {version})"));
    }
    let mut unfolding = Unfolding::new(FORMAT);
    let name = |id: &String| named.get(id).unwrap_or(id).clone();
    for Relationship { parent, child, kind } in &report.artifact_relationships {
        let fact = format!("{} {kind} {}", name(parent), name(child));
        unfolding.take([fact.as_str()])?;
        facts.push(fact);
    }
    facts.sort();
    Ok(Contents { listing, facts, not_read })
}

impl Distro {
    fn is_known(&self) -> bool {
        [&self.id, &self.name, &self.version, &self.version_id].iter().any(|text| !text.is_empty())
    }
}

fn take(artifact: Artifact, index: usize, listing: &mut Listing) -> Package {
    let purl = artifact.purl.parse().ok();
    let mut details = Details::default();
    if purl.is_none() && !artifact.purl.is_empty() {
        let why = format!("`{}` of `{}` is not a package URL", artifact.purl, artifact.name);
        listing.skip(format!("artifacts[{index}].purl"), why);
        details.add("not a package URL", &artifact.purl);
    }
    let mut licenses = BTreeSet::new();
    for license in artifact.licenses.into_iter().flatten() {
        let name = match license {
            License::Text(text) => text,
            License::Told(ToldLicense { value, spdx_expression, kind, contents }) => {
                let expression = Some(&spdx_expression).filter(|text| !text.is_empty()).unwrap_or(&value).clone();
                details.maybe("licence", (!kind.is_empty()).then(|| format!("{expression} is {kind}")));
                let written = (!spdx_expression.is_empty()).then(|| format!("{expression} is written {value}"));
                details.maybe("licence", written);
                details.maybe(
                    "licence text",
                    (!contents.is_empty()).then(|| format!("{expression} {}", Digest::of(contents.as_bytes()).short())),
                );
                expression
            }
        };
        licenses.insert(name);
    }
    licenses.remove("");
    details.add("type", &artifact.kind);
    details.add("language", &artifact.language);
    details.each(
        "cpe",
        artifact.cpes.into_iter().flatten().map(|cpe| match cpe {
            Cpe::Text(text) | Cpe::Told { cpe: text } => text,
        }),
    );
    let package = package::of_entry(artifact.name, Some(artifact.version), purl, licenses);
    package::with_details(package, details)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ecosystem::Ecosystem;
    use crate::model::package::SourcePackage;

    #[test]
    fn packages_with_licences_and_source() {
        let listing = read(
            r#"{"artifacts":[
                {"id":"0","name":"libc6","version":"2.36-9","type":"deb","purl":"pkg:deb/debian/libc6@2.36-9?distro=debian-12&upstream=glibc",
                 "licenses":[{"value":"GPL 2","spdxExpression":"GPL-2.0-only","type":"declared"},{"value":"own","spdxExpression":""}]},
                {"id":"1","name":"bin","version":"","purl":"nonsense","licenses":[{"value":"MIT","spdxExpression":"MIT"}]}]}"#,
        )
        .unwrap()
        .listing;
        let [libc, bin] = &listing.packages[..] else { panic!() };
        assert_eq!(libc.ecosystem, Ecosystem::from("Debian:12"));
        assert_eq!(libc.source, Some(SourcePackage { name: "glibc".into(), version: "2.36-9".into() }));
        assert_eq!(libc.licenses, ["GPL-2.0-only", "own"].map(str::to_owned).into());
        assert_eq!((bin.key().as_str(), bin.licenses.len()), ("bin@", 1));
        assert_eq!(listing.skipped[0].what, "artifacts[1].purl");
        let error = read(r#"{"artifacts":[{"name":"a"}]}"#).err().unwrap().to_string();
        assert!(error.contains("`artifacts[0]`"), "{error}");
    }
}
