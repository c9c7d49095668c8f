//! The golden artifacts that lie beside a manifest, in `expected/`.
//!
//! Invariant: golden means golden. A file there whose bytes are not those that the manifest names was edited, and nothing
//! that is compared with it proves anything.

use std::path::Path;

use crate::host::fs::{self, FsError};
use crate::job::artifact::Artifact;
use crate::job::manifest_summary;
use crate::model::digest::Digest;
use crate::model::error_chain::chain;
use crate::model::limits;
use crate::model::manifest::{Fault, ScanManifest};

/// The folder beside a manifest.
pub const FOLDER: &str = "expected";

/// The name of a manifest that has such a folder: that of a canary.
pub const MANIFEST: &str = "manifest.json";

/// What lies there.
#[derive(Debug, Clone, Default)]
pub struct Golden {
    /// Artifacts as they were recorded.
    pub artifacts: Vec<Artifact>,
    /// Those that were edited.
    pub edited: Vec<Fault>,
}

/// The golden artifacts of `manifest` in `directory`; those that are not there are in neither list.
///
/// # Errors
/// Where one is there and cannot be read, or lies outside of the folder.
pub fn beside(manifest: &ScanManifest, directory: &Path) -> Result<Golden, FsError> {
    let mut golden = Golden::default();
    for (i, record) in manifest.artifacts.iter().enumerate().filter(|(_, r)| manifest_summary::is_plain_name(&r.path)) {
        let path = directory.join(FOLDER).join(&record.path);
        let bytes = match fs::read_inside(directory, &path, limits::MAX_DOCUMENT_BYTES) {
            Err(error) if error.is_not_found() => continue,
            read => read?,
        };
        let found = Digest::of(&bytes);
        if found == record.raw_sha256 {
            golden.artifacts.push(manifest_summary::artifact(record, bytes));
        } else {
            let what = format!("the recording was edited: `{FOLDER}/{}` has {found}", record.path);
            golden.edited.push(Fault::edited(format!("artifacts[{i}].raw_sha256"), what));
        }
    }
    Ok(golden)
}

/// What was edited beside the manifest in `file`, where it is that of a canary. What cannot be read there is not as it was
/// recorded either.
pub fn edited(manifest: &ScanManifest, file: &Path) -> Vec<Fault> {
    if file.file_name().is_none_or(|name| name != MANIFEST) {
        return Vec::new();
    }
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match beside(manifest, directory) {
        Ok(golden) => golden.edited,
        Err(error) => vec![Fault::edited("artifacts", chain("the recording was edited", &error))],
    }
}
