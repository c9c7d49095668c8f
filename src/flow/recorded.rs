//! What a manifest says of its artifacts and of itself, in the words of the flow.

use crate::flow::produced::Produced;
use crate::model::manifest::{ArtifactRecord, InputType, ScanManifest};

/// What a manifest says where nobody told the scanner's version.
pub const UNKNOWN_VERSION: &str = "unknown";

/// A recorded artifact with its bytes.
pub fn produced(record: &ArtifactRecord, bytes: Vec<u8>) -> Produced {
    Produced {
        artifact_type: record.artifact_type,
        name: record.path.clone(),
        format: record.format,
        bytes: bytes.into(),
    }
}

/// One line for people: what was scanned, by what.
pub fn describe(manifest: &ScanManifest) -> String {
    let input = manifest.input.path.as_deref().or(manifest.input.image_ref.as_deref()).unwrap_or("input");
    let name = match manifest.input.input_type {
        InputType::Directory => "a directory",
        _ => input.rsplit('/').next().unwrap_or(input),
    };
    let version = match manifest.scanner.scanner_version.as_str() {
        UNKNOWN_VERSION => String::new(),
        version => format!(" {version}"),
    };
    format!("{name}, scanned by {}{version}", manifest.scanner.engine)
}
