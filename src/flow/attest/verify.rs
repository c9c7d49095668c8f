//! Verifying: what is signed, whom a verifier trusts, and the file that it must be of.
//!
//! Invariants: trust and expectation are given, and never taken from what is verified; nothing is read of a payload before its signature
//! is good; a [`Verified`] exists only on success. A bundle must be in a log that is trusted, unless its signature alone is asked for: who
//! strips the log from a bundle must not gain by it.

use jiff::{SignedDuration, Timestamp};

use crate::attest::bundle::{self, Bundle, BundleError, Content};
use crate::attest::dsse::{Envelope, EnvelopeError};
use crate::attest::key::public::PublicKey;
use crate::attest::log::entry::{EntryError, Logged};
use crate::attest::trusted_root::TrustedRoot;
use crate::attest::x509::certified::{self, CertificateError, Certified, LogIs};
use crate::attest::x509::identity::{Identity, OtherIdentity};
use crate::flow::attest::expected::{self, Expected, Said, UnexpectedError};
use crate::hint;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::parameter::Parameter;

/// How far the clock of an authority of timestamps may be ahead of this machine's.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// The most bundles of one file.
const MOST_LINES: usize = 10_000;

/// Whom a verifier trusts.
#[derive(Debug, Clone, Copy)]
pub struct Trust<'t> {
    /// Who may have signed.
    pub signers: Signers<'t>,
    /// The logs of which one must have the signature; `None` where the signature alone is looked at.
    pub logs: Option<&'t TrustedRoot>,
    /// Whether a timestamp may stand for a log, where no log has it.
    pub log_is: LogIs,
}

/// Who may have signed.
#[derive(Debug, Clone, Copy)]
pub enum Signers<'t> {
    /// Who has one of these keys.
    Keys(&'t [PublicKey]),
    /// Whom a certificate names so.
    Certificate(&'t Identity),
}

/// Who has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// Who has the key with this digest.
    Key(Digest),
    /// Whom a certificate names.
    Certificate {
        /// Who.
        identity: String,
        /// The identity provider that says so.
        issuer: String,
    },
}

/// Something that is signed by whom is trusted, and is what was expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// Who signed it.
    pub signer: Signer,
    /// The logs that have it; none where the signature alone was looked at, or a timestamp stands for them.
    pub logs: Vec<Logged>,
    /// When it was signed at the latest, as timestamps show.
    pub shown: Option<Timestamp>,
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
    /// It is in no log, and has no timestamp either.
    #[error("no log has the signature, and no timestamp shows when it was made")]
    NoTime,
    /// It has a timestamp of a time to come.
    #[error("its timestamp is of {0}, which is to come")]
    Time(Timestamp),
    /// More bundles than are looked at.
    #[error("the file holds {0} bundles, more than {MOST_LINES}")]
    TooMany(usize),
    /// Nothing is known of its certificate or of its timestamps.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Somebody else has signed.
    #[error(transparent)]
    Identity(#[from] OtherIdentity),
    /// What is signed is something else.
    #[error(transparent)]
    Unexpected(#[from] UnexpectedError),
}

impl VerifyError {
    /// Whether it is of another file, or of another kind than the one that is asked for.
    fn is_of_another(&self) -> bool {
        match self {
            Self::Unexpected(error) => error.is_of_another(),
            Self::Certificate(CertificateError::OtherFile(_)) => true,
            _ => false,
        }
    }
}

impl Diagnostic for VerifyError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Envelope(error) => error.kind(),
            Self::Bundle(error) => error.kind(),
            Self::NoLog | Self::NoTime | Self::Time(_) => FailureKind::Verification,
            Self::TooMany(_) => FailureKind::Usage,
            Self::Certificate(error) => error.kind(),
            Self::Identity(error) => error.kind(),
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
            Self::Bundle(BundleError::Certificate) => Some(hint!(
                "{} and {} say who may have signed",
                Parameter::CertificateIdentity,
                Parameter::CertificateOidcIssuer
            )),
            Self::Bundle(BundleError::Key) => Some(hint!("{} names the keys that you trust", Parameter::Key)),
            _ => None,
        }
    }
}

/// Verifies a bundle or an envelope, or several bundles, one in a line. Of several those count that are of the file and of the kind that is
/// expected: another file, and another predicate, are passed over when they have verified. One at least must count.
///
/// # Errors
/// [`VerifyError`] of the first that does not verify; of the last that was passed over, where none counts.
pub fn verify_all(
    json: &[u8],
    trust: Trust<'_>,
    expected: &Expected,
    now: Timestamp,
) -> Result<Vec<Verified>, VerifyError> {
    let lines: Vec<&[u8]> = json.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).collect();
    if lines.len() < 2 || !lines.iter().all(|line| bundle::is_one(line)) {
        return verify(json, trust, expected, now).map(|one| vec![one]);
    }
    if lines.len() > MOST_LINES {
        return Err(VerifyError::TooMany(lines.len()));
    }
    let (mut verified, mut passed_over) = (Vec::new(), None);
    for line in lines {
        match verify(line, trust, expected, now) {
            Ok(one) => verified.push(one),
            Err(error) if error.is_of_another() => passed_over = Some(error),
            Err(error) => return Err(error),
        }
    }
    match passed_over {
        Some(error) if verified.is_empty() => Err(error),
        _ => Ok(verified),
    }
}

/// Verifies a bundle, or an envelope.
///
/// # Errors
/// [`VerifyError`].
pub fn verify(json: &[u8], trust: Trust<'_>, expected: &Expected, now: Timestamp) -> Result<Verified, VerifyError> {
    if bundle::is_one(json) {
        let bundle = Bundle::read(json)?;
        let log_is = if bundle.has_entries() { LogIs::Needed } else { trust.log_is };
        if log_is == LogIs::NotNeeded && trust.logs.is_some() && !bundle.has_timestamps() {
            return Err(VerifyError::NoTime);
        }
        // Who signed it, and where that is public.
        let person = match (trust.signers, trust.logs) {
            (Signers::Keys(_), _) => None,
            (Signers::Certificate(_), _) if !bundle.is_by_certificate() => return Err(BundleError::Key.into()),
            // A certificate is good for minutes: without a log nothing says that it was when it was used.
            (Signers::Certificate(_), None) => return Err(VerifyError::NoLog),
            (Signers::Certificate(wanted), Some(root)) => {
                let person = certified::certified(json, expected.digest, root, log_is)?;
                wanted.check(&person)?;
                Some(person)
            }
        };
        let by = match (&person, trust.signers) {
            (Some(person), _) => bundle.signed_by_certificate(person, expected.digest)?,
            (None, Signers::Keys(keys)) => bundle.signed_by(keys, expected.digest)?,
            (None, Signers::Certificate(_)) => return Err(BundleError::Key.into()),
        };
        let shown = match (&person, trust.logs) {
            (Some(person), _) => person.shown,
            // Without a log that is needed there is nothing more to look at.
            (None, Some(root)) if bundle.has_timestamps() && (bundle.has_entries() || log_is == LogIs::NotNeeded) => {
                certified::timestamps(json, expected.digest, root, by.by.key(), log_is)?.into_iter().max()
            }
            (None, _) => None,
        };
        let logs = match trust.logs {
            Some(root) if log_is == LogIs::Needed => bundle.logged(by.by, expected.digest, root, (shown, now))?,
            Some(_) => match shown {
                Some(time) if time.duration_since(now) <= CLOCK_SKEW => Vec::new(),
                Some(time) => return Err(VerifyError::Time(time)),
                None => return Err(VerifyError::NoTime),
            },
            None => Vec::new(),
        };
        let shown = shown.filter(|_| bundle.has_timestamps());
        // What was signed.
        let said = match by.content {
            Content::Envelope { payload_type, payload } => Some(expected::check(payload_type, payload, expected, now)?),
            Content::Message { .. } => {
                expected::check_nothing(expected)?;
                None
            }
        };
        let signer = match &person {
            None => Signer::Key(by.by.key().digest()),
            Some(Certified { identity, issuer, .. }) => {
                Signer::Certificate { identity: identity.clone(), issuer: issuer.clone() }
            }
        };
        return Ok(Verified { signer, logs, shown, said });
    }
    let envelope = Envelope::read(json)?;
    let Signers::Keys(keys) = trust.signers else { return Err(VerifyError::NoLog) };
    let verified = envelope.verify(keys)?;
    if trust.logs.is_some() {
        return Err(VerifyError::NoLog);
    }
    let said = expected::check(verified.payload_type, verified.payload, expected, now)?;
    Ok(Verified { signer: Signer::Key(verified.key.digest()), logs: Vec::new(), shown: None, said: Some(said) })
}

#[cfg(test)]
mod tests;
