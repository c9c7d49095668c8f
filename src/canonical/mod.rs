//! The one form of a document: what is compared and hashed when two scans are called the same bit for bit.
//!
//! ```text
//! bytes ─▶ parse (strict, bounded) ─▶ emit: drop · mask · order sets · RFC 8785 ─▶ bytes, SHA-256, what was masked
//!                                       ▲
//!                          profile (data: one file per format)
//! ```
//!
//! Invariants: bytes in, bytes out: no type for a parsed document leaves this module, so that another
//! implementation can stand behind the same functions; the result depends on the arguments alone; whatever the
//! input is, it ends in a result or in an error that names the place.
//! Absent: what documents mean (see [`crate::format`]) and what a difference in meaning is (see [`crate::compare`]).

use std::collections::BTreeMap;

use crate::model::artifact::ArtifactFormat;
use crate::model::digest::Digest;

pub mod jcs;
pub mod profile;

mod difference;
mod emit;
mod error;
mod limits;
mod number;
mod parse;
mod place;
mod value;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod scramble;

pub use difference::first_difference;
pub use error::{JsonError, JsonErrorKind};
pub use limits::Limits;
pub use profile::{Form, Profile, ProfileError};

/// The version of the output rules, recorded beside every canonical digest. It names rules, not code: an
/// implementation that gives the same bytes keeps it, and a change of the bytes of any document changes it.
pub const CANONICALIZER_VERSION: &str = "1.0.0";

/// A document in its one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    /// The canonical bytes.
    pub bytes: Vec<u8>,
    /// Their SHA-256.
    pub digest: Digest,
    /// What the profile left out or masked: path of the rule → at how many places. Rules without any are absent.
    pub masked: BTreeMap<String, u64>,
}

/// Puts `input` into the form that `profile` describes.
///
/// # Errors
/// As [`jcs::canonicalize`]; of a profile for bytes only the size limit applies.
pub fn canonicalize_with(profile: &Profile, input: &[u8], limits: &Limits) -> Result<Canonical, JsonError> {
    if profile.form() == Form::Bytes {
        parse::check_size(input, limits)?;
        return Ok(Canonical { bytes: input.to_vec(), digest: Digest::of(input), masked: BTreeMap::new() });
    }
    let document = parse::parse(input, parse::Source::Foreign, limits)?;
    let emit::Emitted { bytes, masked } = emit::emit(&document, profile.rules(), input.len());
    let paths = profile.rules().iter().map(|rule| rule.path().to_string());
    let masked = paths.zip(masked).filter(|(_, count)| *count > 0).collect();
    Ok(Canonical { digest: Digest::of(&bytes), bytes, masked })
}

/// Puts `input` into the form that the built-in profile of `format` describes.
///
/// # Errors
/// As [`canonicalize_with`].
pub fn canonicalize_artifact(format: ArtifactFormat, input: &[u8], limits: &Limits) -> Result<Canonical, JsonError> {
    canonicalize_with(Profile::builtin(format), input, limits)
}
