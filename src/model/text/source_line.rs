//! Where a thing stands in the repository, for annotations.

use std::path::Path;

use crate::model::result::SourceLocation;

/// The file relative to the repository's root, with `/` on every machine; `None` where it lies outside.
pub fn locate(root: &Path, file: &Path) -> Option<SourceLocation> {
    let relative = file.strip_prefix(root).ok()?;
    let parts: Vec<_> = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    Some(SourceLocation { file: parts.join("/"), line: 1 })
}
