//! `stella.evidence/1`: the call paths that support findings, on the wire.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::format::error::FormatError;
use crate::format::json;
use crate::model::finding::FindingKey;

const FORMAT: &str = "stella evidence";
/// The schema that is read and written.
pub const SCHEMA: &str = "stella.evidence/1";

/// A call path from an entry point to vulnerable code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallPath {
    /// The finding that it supports.
    pub finding: FindingKey,
    /// The symbols on the way, the entry point first.
    pub path: Vec<String>,
}

/// The document.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceV1 {
    /// `stella.evidence/1`
    schema: String,
    /// Sorted by `(cve_id, affected_purl)`.
    evidence: Vec<CallPathV1>,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CallPathV1 {
    cve_id: String,
    affected_purl: String,
    /// The symbols on the way, the entry point first.
    path: Vec<String>,
}

/// Reads call paths, sorted, each once.
///
/// # Errors
/// When the document is not `stella.evidence/1` to the letter.
pub fn read(text: &str) -> Result<Vec<CallPath>, FormatError> {
    json::check_schema(FORMAT, text, &[SCHEMA])?;
    let document: EvidenceV1 = json::read(FORMAT, text)?;
    let paths = document.evidence.into_iter().map(|wire| CallPath {
        finding: FindingKey { cve_id: wire.cve_id, affected: wire.affected_purl },
        path: wire.path,
    });
    Ok(paths.collect::<BTreeSet<_>>().into_iter().collect())
}

/// Writes call paths, sorted, each once.
pub fn write(paths: &[CallPath]) -> Vec<u8> {
    let paths: BTreeSet<_> = paths.iter().collect();
    let evidence = paths.into_iter().map(|path| CallPathV1 {
        cve_id: path.finding.cve_id.clone(),
        affected_purl: path.finding.affected.clone(),
        path: path.path.clone(),
    });
    json::write(&EvidenceV1 { schema: SCHEMA.to_owned(), evidence: evidence.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_and_read_again() {
        let path = |symbols: &[&str]| CallPath {
            finding: FindingKey { cve_id: "CVE-1".into(), affected: "pkg:npm/a@1".into() },
            path: symbols.iter().map(|symbol| (*symbol).to_owned()).collect(),
        };
        let (short, long) = (path(&["main", "a"]), path(&["main", "b", "a"]));
        let text = String::from_utf8(write(&[long.clone(), short.clone(), long.clone()])).unwrap();
        assert_eq!(read(&text).unwrap(), [short, long]);
        assert!(read(&text.replace("evidence/1", "evidence/0")).is_err());
    }
}
