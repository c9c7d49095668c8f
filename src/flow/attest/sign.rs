//! Statements become envelopes, by a key or by certificates, and each gets its timestamp at once.
//!
//! Invariants: what is handed out was read back and verified; what is signed by a certificate was verified as a reader will verify it, but for
//! the log: who gave the certificate out, its log, and that the timestamp lies in its validity.

use jiff::Timestamp;

use crate::attest::bundle::Bundle;
use crate::attest::dsse::{Envelope, EnvelopeError, pae};
use crate::attest::key::error::KeyError;
use crate::attest::key::private::PrivateKey;
use crate::attest::key::public::PublicKey;
use crate::attest::trusted_root::TrustedRoot;
use crate::attest::x509::certificate::{Certificate, SignedBy};
use crate::attest::x509::certified::{self, CertificateError, LogIs};
use crate::flow::attest::expected;
use crate::flow::attest::keyless::{Keyless, KeylessError};
use crate::flow::attest::stamp::{self, StampError, Stamping};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};

/// By what is signed.
pub enum Signing<'s> {
    /// A key.
    Key(&'s PrivateKey),
    /// Certificates, one after another.
    Keyless(Box<Keyless<'s>>),
}

/// A statement that is signed.
#[derive(Debug)]
pub struct Signed {
    /// The envelope.
    pub envelope: Envelope,
    /// It as JSON.
    pub json: String,
    /// By what it is signed.
    pub by: SignedBy,
    /// The timestamp of the signature.
    pub timestamp: Option<Vec<u8>>,
}

/// Where timestamps come from, and who is trusted.
#[derive(Debug, Clone, Copy)]
pub struct Timestamping<'s> {
    /// Where they are asked for.
    pub stamping: Stamping<'s>,
    /// The authorities that are trusted.
    pub root: &'s TrustedRoot,
}

/// Why it is not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is no certificate.
    #[error(transparent)]
    Keyless(#[from] KeylessError),
    /// There is no timestamp.
    #[error(transparent)]
    Stamp(#[from] StampError),
    /// What was signed does not read back.
    #[error("what was signed cannot be read back")]
    Envelope(#[from] EnvelopeError),
    /// It reads back as something else.
    #[error("what was signed is not what is read back")]
    NotWhatWasSigned,
    /// It is not a statement about a file.
    #[error("what is to be signed is not a statement about a file")]
    NoStatement,
    /// A certificate is used by nobody without a time.
    #[error("a certificate is good for minutes: without a timestamp nothing shows when it was used")]
    NoTimestamp,
    /// No reader would take the certificate.
    #[error("what the certificate authority has given out does not verify")]
    Certificate(#[source] CertificateError),
    /// Nobody signs.
    #[error("nothing says by what it is signed")]
    NoSigner,
    /// The bundle cannot be encoded.
    #[error("the bundle cannot be encoded")]
    Encoding(#[from] serde_json::Error),
}

impl Diagnostic for SignError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Key(error) => error.kind(),
            Self::Keyless(error) => error.kind(),
            Self::Stamp(error) => error.kind(),
            Self::Envelope(_) | Self::NotWhatWasSigned | Self::Certificate(_) => FailureKind::Verification,
            Self::NoStatement | Self::NoTimestamp | Self::NoSigner => FailureKind::Usage,
            Self::Encoding(_) => FailureKind::Infrastructure,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Key(error) => error.hint(),
            Self::Keyless(error) => error.hint(),
            Self::NoTimestamp => {
                Some(crate::hint!("name an authority with {}", crate::model::parameter::Parameter::TimestampUrl))
            }
            Self::Certificate(_) => Some(crate::hint!(
                "name the authorities that you trust with {}",
                crate::model::parameter::Parameter::TrustedRoot
            )),
            _ => None,
        }
    }
}

/// The signature of some bytes.
#[derive(Debug)]
pub struct Signature {
    /// It.
    pub signature: Vec<u8>,
    /// By what it is made.
    pub by: SignedBy,
    /// Its timestamp.
    pub timestamp: Option<Vec<u8>>,
}

/// Signs a payload of that type. A certificate needs a timestamp.
///
/// # Errors
/// [`SignError`].
pub fn sign(
    payload_type: &str,
    payload: &[u8],
    signing: &mut Signing<'_>,
    shown: Option<Timestamping<'_>>,
    now: impl Fn() -> Timestamp,
) -> Result<Signed, SignError> {
    // Before anybody is asked.
    if matches!(signing, Signing::Keyless(_)) && shown.is_none() {
        return Err(SignError::NoTimestamp);
    }
    signed(payload_type, payload, signing, shown, now)
}

/// The same, also where a log alone will say when a certificate was used.
///
/// # Errors
/// [`SignError`].
pub fn signed(
    payload_type: &str,
    payload: &[u8],
    signing: &mut Signing<'_>,
    shown: Option<Timestamping<'_>>,
    now: impl Fn() -> Timestamp,
) -> Result<Signed, SignError> {
    let Signature { signature, by, timestamp } = signature(&pae(payload_type, payload), signing, shown, now)?;
    let envelope = Envelope::of(payload_type, payload.to_vec(), signature.clone());
    let json = envelope.to_json()?;
    // What a reader will see, and not what was meant to be written.
    let read = Envelope::read(json.as_bytes())?;
    if read.verify(std::slice::from_ref(by.key()))?.payload != payload {
        return Err(SignError::NotWhatWasSigned);
    }
    if let (SignedBy::Certificate(_), Some(timestamp), Some(Timestamping { root, .. })) = (&by, &timestamp, shown) {
        let file = expected::first_subject(payload).ok_or(SignError::NoStatement)?;
        let bundle = Bundle::of_envelope(payload_type, payload.to_vec(), signature, by.maker(), Vec::new());
        let json = bundle.with_timestamps(vec![timestamp.clone()]).to_json()?;
        certified::certified(json.as_bytes(), file, root, LogIs::NotNeeded).map_err(SignError::Certificate)?;
    }
    Ok(Signed { envelope, json, by, timestamp })
}

/// Signs bytes, and asks for the timestamp of it at once.
///
/// # Errors
/// [`SignError`].
pub fn signature(
    bytes: &[u8],
    signing: &mut Signing<'_>,
    shown: Option<Timestamping<'_>>,
    now: impl Fn() -> Timestamp,
) -> Result<Signature, SignError> {
    let (signature, by) = match signing {
        Signing::Key(key) => (key.sign(bytes)?, SignedBy::Key(PublicKey::from_der(key.public().der())?)),
        Signing::Keyless(keyless) => {
            let one = keyless.signer(now())?;
            (one.key.sign(bytes)?, SignedBy::Certificate(Certificate::from_der(&one.certificate.der)?))
        }
    };
    let timestamp =
        shown.map(|Timestamping { stamping, root }| stamp::stamp(stamping, &signature, root, now())).transpose()?;
    Ok(Signature { signature, by, timestamp })
}
