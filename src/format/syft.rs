//! Syft JSON (`syft -o syft-json`, schema 16), read for its packages.
//!
//! Absent: files, relationships, locations, CPEs: they are compared as bytes only.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::format::details::Details;
use crate::format::error::FormatError;
use crate::format::json;
use crate::format::listing::Listing;
use crate::format::package;
use crate::model::package::Package;

const FORMAT: &str = "Syft JSON";

#[derive(Deserialize)]
struct Report {
    artifacts: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Artifact {
    name: String,
    version: String,
    #[serde(default)]
    purl: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    language: String,
    licenses: Option<Vec<License>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct License {
    value: String,
    /// Empty where the value is no expression.
    #[serde(default)]
    spdx_expression: String,
}

/// Reads the packages of a document.
pub(crate) fn read(text: &str) -> Result<Listing, FormatError> {
    let report: Report = json::read(FORMAT, text)?;
    let mut listing = Listing::default();
    for (index, artifact) in report.artifacts.into_iter().enumerate() {
        let purl = artifact.purl.parse().ok();
        if purl.is_none() && !artifact.purl.is_empty() {
            let why = format!("`{}` of `{}` is not a package URL", artifact.purl, artifact.name);
            listing.skip(format!("artifacts[{index}].purl"), why);
        }
        let licenses = artifact.licenses.into_iter().flatten();
        let licenses = licenses.map(|License { value, spdx_expression }| match spdx_expression.as_str() {
            "" => value,
            _ => spdx_expression,
        });
        let licenses: BTreeSet<_> = licenses.filter(|license| !license.is_empty()).collect();
        let mut details = Details::default();
        details.add("type", &artifact.kind);
        details.add("language", &artifact.language);
        let package = package::of_entry(artifact.name, Some(artifact.version), purl, licenses);
        listing.packages.push(Package { details: details.done(), ..package });
    }
    Ok(listing)
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
        .unwrap();
        let [libc, bin] = &listing.packages[..] else { panic!() };
        assert_eq!(libc.ecosystem, Ecosystem::from("Debian:12"));
        assert_eq!(libc.source, Some(SourcePackage { name: "glibc".into(), version: "2.36-9".into() }));
        assert_eq!(libc.licenses, ["GPL-2.0-only", "own"].map(str::to_owned).into());
        assert_eq!((bin.key().as_str(), bin.licenses.len()), ("bin@", 1));
        assert_eq!(listing.skipped[0].what, "artifacts[1].purl");
        let error = read(r#"{"artifacts":[{"name":"a"}]}"#).unwrap_err().to_string();
        assert!(error.contains("`artifacts[0]`"), "{error}");
    }
}
