//! Feeds of advisories: records below `feeds/`, listed in `feed_bundle_manifest.json`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::bundle::listed::{Bundle, BundleError, Kind};
use crate::host::fs;
use crate::model::limits::MAX_BUNDLE_BYTES;

/// The kind of bundle that holds a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Feed {}

/// A feed whose every record was checked.
pub type FeedBundle = Bundle<Feed>;

impl Kind for Feed {
    const NAME: &'static str = "feed";
    const SCHEMA: &'static str = "stella.feed-bundle/1";
    const MANIFEST: &'static str = "feed_bundle_manifest.json";
    const ROOT: &'static str = "feeds";
    type Origin = FeedOrigin;
}

/// Where the records of a feed come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedOrigin {
    /// Every source; none where it is not known.
    pub sources: Vec<FeedSource>,
}

/// One source of a feed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedSource {
    /// Where it was fetched.
    pub url: String,
    /// The commit that was fetched, where it is a repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The entity tag that was fetched, where the server gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The licence of its records, an SPDX expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

/// Builds the bundle of all files below `dir`.
///
/// # Errors
/// As [`Bundle::build`].
pub fn build(dir: &Path, sources: Vec<FeedSource>) -> Result<FeedBundle, BundleError> {
    Bundle::build(dir, FeedOrigin { sources })
}

/// Reads an archive.
///
/// # Errors
/// As [`Bundle::verify`].
pub fn verify(archive: &[u8]) -> Result<FeedBundle, BundleError> {
    Bundle::verify(archive)
}

/// Reads an archive, an extracted bundle, a plain directory of records, or records in a zip archive as databases publish
/// them (`all.zip`), which then is the one file of the feed.
///
/// # Errors
/// As [`Bundle::open`].
pub fn open(path: &Path) -> Result<FeedBundle, BundleError> {
    let name = path.file_name().and_then(|name| name.to_str()).filter(|name| name.ends_with(".zip"));
    match name {
        Some(name) if !fs::is_dir(path) => {
            let bytes = fs::read(path, MAX_BUNDLE_BYTES)?;
            Bundle::of_records([(name, bytes.as_slice())], FeedOrigin::default())
        }
        _ => Bundle::open(path),
    }
}
