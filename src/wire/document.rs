//! How a document is written.

use serde::Serialize;

/// Indented JSON with a final line break.
pub(crate) fn document(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
