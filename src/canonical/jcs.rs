//! JSON Canonicalization Scheme: RFC 8785.

use crate::canonical::document::emit::emit;
use crate::canonical::document::parse::{Source, parse};
use crate::canonical::error::JsonError;
use crate::canonical::limits::Limits;
use crate::canonical::stream::{self, Ending};

/// The one form of a JSON document: no white space, members ordered by the UTF-16 units of their names, strings
/// with the shortest escapes, numbers as ECMAScript writes them.
///
/// Canonical bytes come out as they went in, with one exception that the two rules above make: an integer beyond
/// ±(2^53−1) that was written with an exponent (`1E20`) is written without (`100000000000000000000`), which is
/// refused when it is read again.
///
/// # Errors
/// Everything that is not JSON (RFC 8259), and what I-JSON (RFC 7493) rules out since two readers could understand
/// it in two ways: duplicate names, integers beyond ±(2^53−1) without fraction or exponent, numbers beyond the
/// range of a double, lone surrogates; and what is over `limits`.
pub fn canonicalize(input: &[u8], limits: &Limits) -> Result<Vec<u8>, JsonError> {
    match stream::bytes(input, &[], limits)? {
        Ending::Done((bytes, _)) => Ok(bytes),
        Ending::Unsuited => Ok(emit(&parse(input, Source::Foreign, limits)?, &[], input.len()).bytes),
    }
}
