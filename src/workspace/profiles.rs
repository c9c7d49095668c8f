//! Profiles by name or by file, and the documents on which the built-in ones are tried.

use std::path::{Path, PathBuf};

use crate::canonical::{Profile, ProfileError};
use crate::config::Config;
use crate::hint;
use crate::host::fs::{self, FsError};
use crate::job::artifact::kind_of;
use crate::model::artifact::{ArtifactFormat, ProfileName};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::limits;
use crate::model::parameter::Operation;

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfilesError {
    /// Neither the name of a profile nor a file.
    #[error("`{0}` is neither a profile nor a file")]
    Unknown(String),
    /// The file cannot be read.
    #[error("cannot read the profile")]
    Read(#[from] FsError),
    /// The file is not a profile.
    #[error("`{}` is not a profile", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ProfileError,
    },
}

impl Diagnostic for ProfilesError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Unknown(_) => Some(hint!("{} names those of formats; docs/profiles.md", Operation::ProfileList)),
            Self::Read(_) | Self::Invalid { .. } => Some("docs/profiles.md says what a profile is made of".into()),
        }
    }
}

/// The profile of that name, the repository's own before the built-in one; else the one in that file.
///
/// # Errors
/// See [`ProfilesError`].
pub fn find(text: &str, config: &Config) -> Result<Profile, ProfilesError> {
    if let Ok(format) = text.parse::<ArtifactFormat>() {
        return Ok(config.profile(format, None).clone());
    }
    if let Some(profile) = text.parse().ok().and_then(|name: ProfileName| config.named_profile(&name)) {
        return Ok(profile.clone());
    }
    let path = Path::new(text);
    if fs::is_missing(path) {
        return Err(ProfilesError::Unknown(text.to_owned()));
    }
    let bytes = fs::read(path, limits::MAX_CONFIG_BYTES)?;
    let profile = Profile::parse(&String::from_utf8_lossy(&bytes));
    profile.map_err(|source| ProfilesError::Invalid { path: path.to_owned(), source })
}

/// `none`, which is RFC 8785 alone; else as [`find`].
///
/// # Errors
/// See [`ProfilesError`].
pub fn find_or_none(text: &str, config: &Config) -> Result<Profile, ProfilesError> {
    if text == "none" { Ok(Profile::builtin(ArtifactFormat::Json).clone()) } else { find(text, config) }
}

/// The profile that applies to a document of this name and content.
pub fn for_document<'a>(name: &str, bytes: &[u8], config: &'a Config) -> &'a Profile {
    let (format, tool) = kind_of(name, bytes);
    config.profile(format, tool.as_ref())
}

/// Documents on which the built-in profile of that name is tried: its name, and what it holds.
pub fn documents(profile: &str) -> Vec<(&'static str, &'static [u8])> {
    let of_profile = DOCUMENTS.iter().filter(|(name, _)| name.split_once('/').is_some_and(|(of, _)| of == profile));
    of_profile.copied().collect()
}

/// Where the input lay of the scan that each of them is of.
pub const DOCUMENTS_ROOT: &str = "/home/ci/app";

macro_rules! documents {
    ($($name:literal)*) => {
        const DOCUMENTS: &[(&str, &[u8])] =
            &[$(($name, include_bytes!(concat!("../../tests/data/canonical/", $name, ".json")))),*];
    };
}

documents! {
    "bandit/full"
    "checkov/full"
    "csaf/full"
    "cyclonedx/full"
    "cyclonedx/legacy-tools"
    "cyclonedx/own-links"
    "cyclonedx/random-refs"
    "cyclonedx-vex/full"
    "detect-secrets/full"
    "eslint/full"
    "gitleaks/full"
    "grype/full"
    "grype/v5"
    "json/full"
    "json-lines/full"
    "npm-audit/full"
    "npm-audit/version-1"
    "openvex/full"
    "osv-scanner/full"
    "retire/full"
    "ruff/full"
    "sarif/by-id-only"
    "sarif/full"
    "sarif/positions"
    "sarif/random-ids"
    "sarif/several-runs"
    "semgrep/full"
    "spdx/full"
    "spdx/random-ids"
    "spdx3/full"
    "spdx3/namespace"
    "spdx3/random-ids"
    "spdx3/single"
    "stella-decision/full"
    "stella-findings/full"
    "syft/full"
    "trivy/full"
    "zizmor/full"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_of_a_profile_and_none_is_forgotten() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/canonical");
        let mut found = 0;
        let formats = ArtifactFormat::ALL.iter().copied().filter(|format| *format != ArtifactFormat::Bytes);
        let tools = Profile::tools().iter().map(|tool| tool.name());
        for profile in formats.map(ArtifactFormat::code).chain(tools) {
            let known = documents(profile);
            assert!(!known.is_empty(), "{profile}");
            for entry in folder.join(profile).read_dir().unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "json") {
                    let name = format!("{profile}/{}", path.file_stem().unwrap().to_str().unwrap());
                    assert!(known.iter().any(|(known, _)| *known == name), "{name} is not in the list");
                    found += 1;
                }
            }
        }
        assert_eq!(found, DOCUMENTS.len());
    }
}
