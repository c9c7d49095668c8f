//! What a repository says: `.stella.yaml`, and the two files of a regression case.

use std::path::Path;
use std::sync::LazyLock;

use stella::config::Config;
use stella::flow::suite::case::{CaseConfig, CaseMetadata};
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder for temporary files"));

/// One run of the target.
pub fn run(input: &[u8]) {
    let folder: &Path = FOLDER.path();
    std::fs::write(folder.join(".stella.yaml"), input).expect("a file in it");
    let _ = Config::load(folder, None);
    let _ = serde_json::from_slice::<CaseMetadata>(input);
    let _ = serde_json::from_slice::<CaseConfig>(input);
}
