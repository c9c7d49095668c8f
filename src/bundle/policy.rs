//! Policy rules: files below `policy/`, listed in `policy_bundle_manifest.json`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::bundle::listed::{Bundle, BundleError, Kind};

/// The kind of bundle that holds policy rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policy {}

/// Policy rules whose every file was checked.
pub type PolicyBundle = Bundle<Policy>;

impl Kind for Policy {
    const NAME: &'static str = "policy";
    const SCHEMA: &'static str = "stella.policy-bundle/1";
    const MANIFEST: &'static str = "policy_bundle_manifest.json";
    const ROOT: &'static str = "policy";
    type Origin = PolicyOrigin;
}

/// Where policy rules come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyOrigin {
    /// The commit of the repository that holds them, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// Builds the bundle of all files below `dir`.
///
/// # Errors
/// As [`Bundle::build`].
pub fn build(dir: &Path, commit: Option<String>) -> Result<PolicyBundle, BundleError> {
    Bundle::build(dir, PolicyOrigin { commit })
}

/// Reads an archive.
///
/// # Errors
/// As [`Bundle::verify`].
pub fn verify(archive: &[u8]) -> Result<PolicyBundle, BundleError> {
    Bundle::verify(archive)
}

/// Reads an archive, an extracted bundle, or a plain directory of rules.
///
/// # Errors
/// As [`Bundle::open`].
pub fn open(path: &Path) -> Result<PolicyBundle, BundleError> {
    Bundle::open(path)
}
