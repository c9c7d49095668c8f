//! A feed of OSV records, read for the built-in scanner.

use crate::format::osv::{self, Advisory, OsvError};

/// A record that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("`{file}` is not an OSV record")]
pub struct RecordError {
    /// Its path in the feed.
    pub file: String,
    /// Why.
    pub source: OsvError,
}

/// Reads every `.json` file. A feed without any has no records; one that cannot be read is an error for the whole feed,
/// for a finding that is missing in silence is worse than no scan.
pub fn parse<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Vec<Advisory>, RecordError> {
    let records = files.into_iter().filter(|(path, _)| path.ends_with(".json"));
    records
        .map(|(path, bytes)| osv::read(bytes).map_err(|source| RecordError { file: path.to_owned(), source }))
        .collect()
}
