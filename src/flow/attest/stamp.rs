//! Timestamps of an authority, directly after signing: they show when a signature was there at the latest, whatever a log says.

use jiff::Timestamp;

use crate::attest::trusted_root::TrustedRoot;
use crate::attest::x509::timestamp::{self, Query, TimestampError};
use crate::flow::attest::web::{self, Question, Web, WebError};
use crate::model::diagnostic::{Diagnostic, FailureKind};

/// Where timestamps are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Stamping<'s> {
    /// The way there.
    pub web: &'s dyn Web,
    /// The URL at which the authority answers.
    pub url: &'s str,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum StampError {
    /// The authority does not answer.
    #[error(transparent)]
    Web(#[from] WebError),
    /// What it answers shows nothing.
    #[error(transparent)]
    Timestamp(#[from] TimestampError),
}

impl Diagnostic for StampError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Web(error) => error.kind(),
            Self::Timestamp(error) => error.kind(),
        }
    }
}

/// A timestamp of `signature`, which `root` trusts.
///
/// # Errors
/// [`StampError`].
pub fn stamp(
    stamping: Stamping<'_>,
    signature: &[u8],
    root: &TrustedRoot,
    now: Timestamp,
) -> Result<Vec<u8>, StampError> {
    let query = Query::of(signature)?;
    let question = Question { url: stamping.url, body: Some((timestamp::QUERY, &query.der)), bearer: None };
    let answer = web::asked(stamping.web, "the timestamp authority", &question, None)?;
    query.answered(&answer, signature, root, now)?;
    Ok(answer)
}
