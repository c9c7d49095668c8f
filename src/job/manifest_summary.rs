//! What a manifest says of its artifacts and of itself, in the words of the flow.

use std::collections::BTreeMap;

use crate::job::artifact::Artifact;
use crate::job::manifest_file;
use crate::model::digest::DigestRef;
use crate::model::manifest::{ArtifactRecord, InputType, ScanManifest};
use crate::model::result::Recording;

/// What a manifest says where nobody told the scanner's version.
pub const UNKNOWN_VERSION: &str = "unknown";

/// A recorded artifact with its bytes.
pub fn artifact(record: &ArtifactRecord, bytes: Vec<u8>) -> Artifact {
    Artifact {
        artifact_type: record.artifact_type,
        name: record.path.clone(),
        format: record.format,
        profile: record.profile.clone(),
        bytes: bytes.into(),
    }
}

/// A name in a manifest that would lead out of the folder that it is used in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} `{name}`: expected a plain name without `/`")]
pub struct UnsafeName {
    /// `artifact`, `feed`
    what: &'static str,
    name: String,
}

/// Artifacts and feeds become files and folders under their names: a manifest from elsewhere must not choose where.
///
/// # Errors
/// Names the first that is not the name of a file or folder.
pub fn check_names(manifest: &ScanManifest) -> Result<(), UnsafeName> {
    let artifacts = manifest.artifacts.iter().map(|artifact| ("artifact", &artifact.path));
    let feeds = manifest.feeds.bundles.iter().map(|feed| ("feed", &feed.name));
    let mut unsafe_names = artifacts.chain(feeds).filter(|(_, name)| !is_plain_name(name));
    unsafe_names.next().map_or(Ok(()), |(what, name)| Err(UnsafeName { what, name: name.clone() }))
}

/// The longest name of a file on Linux, in bytes (`NAME_MAX`).
const NAME_MAX: usize = 255;

/// Whether a text can be the name of a file and nothing else.
pub fn is_plain_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len()) && !name.contains(['/', '\\', '\0']) && name != "." && name != ".."
}

/// What identifies a recording; `None` where its manifest has no canonical form, which a manifest that was read has.
pub fn recording(manifest: &ScanManifest) -> Option<Recording> {
    let digest = manifest_file::digest(manifest).ok()?;
    Some(Recording { scan_id: manifest.scan_id.clone(), manifest: digest })
}

/// The labels of a manifest, and those that every manifest implies: `scanner`, `feed`, `policy_set`, `environment`. One that
/// the manifest gives itself is kept.
pub fn labels(manifest: &ScanManifest) -> BTreeMap<String, String> {
    let environment = &manifest.environment;
    let feed = manifest.feeds.vuln_feed_bundle_digest.as_ref().and_then(DigestRef::resolved);
    let implied = [
        ("scanner", Some(manifest.scanner.engine.clone())),
        ("feed", feed.map(|digest| digest.short())),
        ("policy_set", manifest.policy.policy_set.clone()),
        ("environment", Some(format!("{}/{}", environment.os, environment.arch))),
    ];
    let mut labels = manifest.labels.clone();
    for (name, value) in implied {
        if let Some(value) = value {
            labels.entry(name.to_owned()).or_insert(value);
        }
    }
    labels
}

/// One line for people: what was scanned, by what.
pub fn describe(manifest: &ScanManifest) -> String {
    let input = manifest.input.path.as_deref().or(manifest.input.image_ref.as_deref()).unwrap_or("input");
    let name = match manifest.input.input_type {
        InputType::Directory => "a directory",
        InputType::OciImage => manifest.input.image_ref.as_deref().unwrap_or("an image"),
        _ => input.rsplit('/').next().unwrap_or(input),
    };
    let version = match manifest.scanner.scanner_version.as_str() {
        UNKNOWN_VERSION => String::new(),
        version => format!(" {version}"),
    };
    format!("{name}, scanned by {}{version}", manifest.scanner.engine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::manifest::from_json;

    fn manifest() -> ScanManifest {
        from_json(include_bytes!("../../fixtures/canaries/npm-newman-v3/manifest.json")).unwrap()
    }

    #[test]
    fn a_plain_name_is_the_name_of_one_file() {
        for good in ["a", "a.json", "..a", "a b", &"x".repeat(NAME_MAX)] {
            assert!(is_plain_name(good), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "/a", "a\\b", "a\0", &"x".repeat(NAME_MAX + 1), &"ä".repeat(NAME_MAX / 2 + 1)]
        {
            assert!(!is_plain_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_told_with_what_it_is_of() {
        let mut manifest = manifest();
        assert_eq!(check_names(&manifest), Ok(()));
        manifest.artifacts[0].path = "../x".to_owned();
        let error = check_names(&manifest).unwrap_err();
        assert_eq!(error.to_string(), "artifact `../x`: expected a plain name without `/`");
    }

    #[test]
    fn a_label_that_is_given_wins_over_the_one_that_follows() {
        let mut manifest = manifest();
        manifest.labels = BTreeMap::from([("scanner".to_owned(), "mine".to_owned())]);
        let labels = labels(&manifest);
        assert_eq!(labels["scanner"], "mine");
        assert_eq!(labels["environment"], format!("{}/{}", manifest.environment.os, manifest.environment.arch));
    }
}
