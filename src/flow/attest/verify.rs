//! Verifying: what is signed, whom a verifier trusts, and the file that it must be of.
//!
//! Invariants: trust and expectation are given, and never taken from what is verified; nothing is read of a payload before its signature
//! is good; a [`Verified`] exists only on success. A bundle must be in a log that is trusted, unless its signature alone is asked for: who
//! strips the log from a bundle must not gain by it.

use jiff::Timestamp;

use crate::attest::bundle::{self, Bundle, BundleError, Content};
use crate::attest::dsse::{Envelope, EnvelopeError};
use crate::attest::key::public::PublicKey;
use crate::attest::log::entry::{EntryError, Logged};
use crate::attest::trusted_root::TrustedRoot;
use crate::flow::attest::expected::{self, Expected, Said, UnexpectedError};
use crate::hint;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::parameter::Parameter;

/// Whom a verifier trusts.
#[derive(Debug, Clone, Copy)]
pub struct Trust<'t> {
    /// Who may have signed.
    pub keys: &'t [PublicKey],
    /// The logs of which one must have the signature; `None` where the signature alone is looked at.
    pub logs: Option<&'t TrustedRoot>,
}

/// Something that is signed by a key that is trusted, and is what was expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// The key that signed it.
    pub key: Digest,
    /// The logs that have it; none where the signature alone was looked at.
    pub logs: Vec<Logged>,
    /// What is said of the file; `None` for the signature of a file.
    pub said: Option<Said>,
}

/// Why something is not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Its envelope is refused.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The bundle is refused.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// It is an envelope, which no log vouches for.
    #[error("it is an envelope alone, and nothing in it shows that a log has it")]
    NoLog,
    /// What is signed is something else.
    #[error(transparent)]
    Unexpected(#[from] UnexpectedError),
}

impl Diagnostic for VerifyError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Envelope(error) => error.kind(),
            Self::Bundle(error) => error.kind(),
            Self::NoLog => FailureKind::Verification,
            Self::Unexpected(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<Hint> {
        let alone = || hint!("{} looks at nothing but who signed", Parameter::SignatureOnly);
        match self {
            Self::NoLog | Self::Bundle(BundleError::NoLog) => Some(alone()),
            Self::Bundle(BundleError::Entry(EntryError::Log { .. })) => {
                Some(hint!("{} names the logs that you trust", Parameter::TrustedRoot))
            }
            _ => None,
        }
    }
}

/// Verifies a bundle, or an envelope.
///
/// # Errors
/// [`VerifyError`].
pub fn verify(json: &[u8], trust: Trust<'_>, expected: &Expected, now: Timestamp) -> Result<Verified, VerifyError> {
    if bundle::is_one(json) {
        let bundle = Bundle::read(json)?;
        // Who signed it, and where that is public.
        let by = bundle.signed_by(trust.keys, expected.digest)?;
        let logs = match trust.logs {
            Some(root) => bundle.logged(by.key, expected.digest, root, now)?,
            None => Vec::new(),
        };
        // What was signed.
        let said = match by.content {
            Content::Envelope { payload_type, payload } => Some(expected::check(payload_type, payload, expected, now)?),
            Content::Message { .. } => {
                expected::check_nothing(expected)?;
                None
            }
        };
        return Ok(Verified { key: by.key.digest(), logs, said });
    }
    let envelope = Envelope::read(json)?;
    let verified = envelope.verify(trust.keys)?;
    if trust.logs.is_some() {
        return Err(VerifyError::NoLog);
    }
    let said = expected::check(verified.payload_type, verified.payload, expected, now)?;
    Ok(Verified { key: verified.key.digest(), logs: Vec::new(), said: Some(said) })
}
