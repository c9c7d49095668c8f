//! The one form of a document: what is compared and hashed when two scans are called the same bit for bit.
//!
//! ```text
//!          profile (data: one file per format)
//!             ▼
//! bytes ─▶ stream: strict, bounded; drop · mask · order sets · RFC 8785 ────────▶ bytes, SHA-256, what was masked
//!      └─▶ document: parse ─▶ roots · drop · mask · positions · aliases · random ids ─▶ emit: sets · RFC 8785 ─┘
//! ```
//!
//! Invariants: bytes in, bytes out: no type for a parsed document leaves this module, so that another
//! implementation can stand behind the same functions; the result depends on the arguments alone; whatever the
//! input is, it ends in a result or in an error that names the place.
//! Absent: what documents mean (see [`crate::format`]) and what a difference in meaning is (see [`crate::compare`]).

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::artifact::ArtifactFormat;
use crate::model::digest::Digest;

pub mod health;
pub mod identity;
pub mod jcs;
pub mod profile;

mod difference;
mod differences;
mod document;
mod error;
mod explain;
mod limits;
mod location;
mod number;
mod outline;
pub(crate) mod rule;
pub(crate) mod scramble;
mod stream;

#[cfg(test)]
mod invocation_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod samples;

pub use difference::first_difference;
pub use differences::differences;
pub use document::{InvalidRoot, Roots};
pub use error::{JsonError, JsonErrorKind};
pub use explain::{Explanation, RuleUse, explain};
pub use limits::Limits;
pub use profile::{Form, Profile, ProfileError};
pub use rule::{Action, Anchor, Pattern, Rule, TextPattern};
pub use stream::{PartitionReader, Partitioned, Sink, Source, Unsuited};

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
    /// What the profile hides: path of the rule → at how many places it left out, masked or replaced something. Rules
    /// without any are absent, and so are sets: of them only the order is hidden.
    pub masked: BTreeMap<String, u64>,
}

/// Puts `input` into the form that `profile` describes.
///
/// # Errors
/// As [`jcs::canonicalize`]; of a profile for bytes only the size limit applies.
pub fn canonicalize_with(profile: &Profile, input: &[u8], limits: &Limits) -> Result<Canonical, JsonError> {
    canonicalize_rooted(profile, &Roots::default(), input, limits)
}

/// The same for a scan whose input lay at `roots`, which a profile's `root-map` replaces.
///
/// # Errors
/// As [`canonicalize_with`].
pub fn canonicalize_rooted(
    profile: &Profile,
    roots: &Roots,
    input: &[u8],
    limits: &Limits,
) -> Result<Canonical, JsonError> {
    if profile.form() == Form::Bytes {
        document::parse::check_size(input, limits)?;
        return Ok(Canonical { bytes: input.to_vec(), digest: Digest::of(input), masked: BTreeMap::new() });
    }
    let (bytes, masked) = match pass_over(profile, roots, input, || stream::bytes(input, profile.rules(), limits))? {
        Some(done) => done,
        None => through_document(profile, roots, input, limits)?,
    };
    Ok(Canonical { digest: Digest::of(&bytes), bytes, masked: rule::hidden(profile.rules(), masked) })
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
        document::parse::check_size(input, limits)?;
        sink.take(&mut input.to_vec());
        return Ok(BTreeMap::new());
    }
    let masked =
        match pass_over(profile, &Roots::default(), input, || stream::send(input, profile.rules(), limits, sink))? {
            Some(masked) => masked,
            None => {
                let (mut bytes, masked) = through_document(profile, &Roots::default(), input, limits)?;
                sink.take(&mut bytes);
                masked
            }
        };
    Ok(rule::hidden(profile.rules(), masked))
}

/// As [`send_with`], of a document that is read in windows of at least `window` bytes and not held as a whole where that is
/// possible.
///
/// # Errors
/// [`Unsuited`] where it has to be read as a whole: it is refused or cannot be read, one pass is not enough, or its form is
/// bytes. What `sink` took is void then, and it was begun anew.
pub fn send_in_windows(
    profile: &Profile,
    source: &mut dyn Source,
    window: usize,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<BTreeMap<String, u64>, Unsuited> {
    if profile.form() == Form::Bytes {
        return Err(Unsuited);
    }
    Ok(rule::hidden(
        profile.rules(),
        stream::send_in_windows(source, window, stream::BLOCK, profile.rules(), limits, sink)?,
    ))
}

/// Whether one pass cannot be enough: a root may stand in any text. Other rules that look at more than one place at a time
/// are met on the way.
fn needs_document(profile: &Profile, roots: &Roots, input: &[u8]) -> bool {
    let maps = profile.rules().iter().any(|rule| matches!(rule.action(), Action::RootMap));
    maps && roots.may_be_in(input)
}

/// What `pass` comes to, if one is enough for `input` under `profile`.
fn pass_over<T>(
    profile: &Profile,
    roots: &Roots,
    input: &[u8],
    pass: impl FnOnce() -> Result<stream::Ending<T>, JsonError>,
) -> Result<Option<T>, JsonError> {
    if needs_document(profile, roots, input) {
        return Ok(None);
    }
    Ok(match pass()? {
        stream::Ending::Done(done) => Some(done),
        stream::Ending::Unsuited => None,
    })
}

fn through_document(
    profile: &Profile,
    roots: &Roots,
    input: &[u8],
    limits: &Limits,
) -> Result<stream::Written, JsonError> {
    let document = document::parse::parse(input, document::parse::Source::Foreign, limits)?;
    let document::emit::Emitted { bytes, done, .. } = document::apply(profile.rules(), roots, document, input.len());
    Ok((bytes, done))
}

/// `input` with the aliases and roots replaced that `profile` replaces, and nothing else of it hidden: what it means where
/// another run names its folders in another way. As it is where there is nothing to replace.
///
/// # Errors
/// As [`canonicalize_with`].
pub fn without_names_of_the_run<'i>(
    profile: &Profile,
    roots: &Roots,
    input: &'i [u8],
    limits: &Limits,
) -> Result<Cow<'i, [u8]>, JsonError> {
    let aliases = || profile.rules().iter().any(|rule| matches!(rule.action(), Action::Alias { .. }));
    let maps = || profile.rules().iter().any(|rule| matches!(rule.action(), Action::RootMap));
    if profile.form() == Form::Bytes || !(aliases() || maps() && roots.may_be_in(input)) {
        return Ok(Cow::Borrowed(input));
    }
    let document = document::parse::parse(input, document::parse::Source::Foreign, limits)?;
    Ok(document::apply_names(profile.rules(), roots, document, input.len()).map_or(Cow::Borrowed(input), Cow::Owned))
}

/// Puts `input` into the form that the built-in profile of `format` describes.
///
/// # Errors
/// As [`canonicalize_with`].
pub fn canonicalize_artifact(format: ArtifactFormat, input: &[u8], limits: &Limits) -> Result<Canonical, JsonError> {
    canonicalize_with(Profile::builtin(format), input, limits)
}
