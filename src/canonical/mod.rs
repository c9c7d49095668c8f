//! The one form of a document: what is compared and hashed when two scans are called the same bit for bit.
//!
//! ```text
//!          profile (data: one file per format)
//!             ▼
//! bytes ─▶ pass: strict, bounded; drop · mask · order sets · RFC 8785 ─────▶ bytes, SHA-256, what was masked
//!      └─▶ parse ─▶ emit: the same by way of a document, for rules that look at the whole of it ─┘
//! ```
//!
//! Invariants: bytes in, bytes out: no type for a parsed document leaves this module, so that another
//! implementation can stand behind the same functions; the result depends on the arguments alone; whatever the
//! input is, it ends in a result or in an error that names the place.
//! Absent: what documents mean (see [`crate::format`]) and what a difference in meaning is (see [`crate::compare`]).

use std::collections::BTreeMap;

use crate::canonical::profile::Action;
use crate::model::artifact::ArtifactFormat;
use crate::model::digest::Digest;

pub mod jcs;
pub mod profile;

mod difference;
mod emit;
mod error;
mod limits;
mod number;
mod outline;
mod parse;
mod pass;
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
pub use pass::Sink;
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
    let (bytes, masked) = match pass_over(profile, || pass::bytes(input, profile.rules(), limits))? {
        Some(done) => done,
        None => through_document(profile, input, limits)?,
    };
    Ok(Canonical { digest: Digest::of(&bytes), bytes, masked: named(profile, masked) })
}

/// Puts `input` into the form that `profile` describes, and sends it to `sink` block by block, some of it before the
/// rest is read; comes back with what [`Canonical::masked`] holds.
///
/// # Errors
/// As [`canonicalize_with`]; what `sink` took until then is void.
pub fn send_with(
    profile: &Profile,
    input: &[u8],
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<BTreeMap<String, u64>, JsonError> {
    if profile.form() == Form::Bytes {
        parse::check_size(input, limits)?;
        sink.take(&mut input.to_vec());
        return Ok(BTreeMap::new());
    }
    let masked = match pass_over(profile, || pass::send(input, profile.rules(), limits, sink))? {
        Some(masked) => masked,
        None => {
            let (mut bytes, masked) = through_document(profile, input, limits)?;
            sink.take(&mut bytes);
            masked
        }
    };
    Ok(named(profile, masked))
}

/// Whether a profile has rules that look at more than one place at a time: one pass is not enough for them.
fn needs_document(profile: &Profile) -> bool {
    profile.rules().iter().any(|rule| match rule.action() {
        Action::Drop | Action::Mask | Action::Set { .. } => false,
    })
}

/// What `pass` comes to, if one is enough for `profile`.
fn pass_over<T>(
    profile: &Profile,
    pass: impl FnOnce() -> Result<pass::Ending<T>, JsonError>,
) -> Result<Option<T>, JsonError> {
    if needs_document(profile) {
        return Ok(None);
    }
    Ok(match pass()? {
        pass::Ending::Done(done) => Some(done),
        pass::Ending::Unsuited => None,
    })
}

fn through_document(profile: &Profile, input: &[u8], limits: &Limits) -> Result<pass::Written, JsonError> {
    let document = parse::parse(input, parse::Source::Foreign, limits)?;
    let emit::Emitted { bytes, masked } = emit::emit(&document, profile.rules(), input.len());
    Ok((bytes, masked))
}

fn named(profile: &Profile, masked: Vec<u64>) -> BTreeMap<String, u64> {
    let paths = profile.rules().iter().map(|rule| rule.path().to_string());
    paths.zip(masked).filter(|(_, count)| *count > 0).collect()
}

/// Puts `input` into the form that the built-in profile of `format` describes.
///
/// # Errors
/// As [`canonicalize_with`].
pub fn canonicalize_artifact(format: ArtifactFormat, input: &[u8], limits: &Limits) -> Result<Canonical, JsonError> {
    canonicalize_with(Profile::builtin(format), input, limits)
}
