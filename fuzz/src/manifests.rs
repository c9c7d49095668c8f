//! Our own documents: manifests, results and lines of the history. What is read is written and read back.

use stella::model::manifest;
use stella::model::manifest::ReplayableManifest;
use stella::wire::v1::{history, read_result, result};

/// One run of the target.
pub fn run(input: &[u8]) {
    if let Ok(manifest) = manifest::from_json(input) {
        let written = serde_json::to_vec(&manifest).expect("it was read");
        assert_eq!(manifest::from_json(&written).expect("we wrote it"), manifest);
        let _ = ReplayableManifest::try_from(manifest);
    }
    if let Ok(record) = history::read(input) {
        let line = history::write(&record).expect("it was read");
        assert_eq!(history::read(line.trim_end().as_bytes()).expect("we wrote it"), record);
    }
    if let Ok(run) = read_result::read(input) {
        let written = result::write(&run).expect("it was read");
        assert_eq!(read_result::read(written.as_bytes()).expect("we wrote it"), run);
    }
}
