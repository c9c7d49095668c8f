//! Signing at once: a statement or a file becomes a bundle, with a timestamp and a log where they are named. Nothing waits in between; who
//! signs many things, or wants to be taken up where it was, uses a queue.
//!
//! Invariant: a bundle is handed out when it was verified as its readers will verify it.

use jiff::Timestamp;

use crate::attest::bundle::{Bundle, BundleError};
use crate::attest::dsse::IN_TOTO;
use crate::attest::key::error::KeyError;
use crate::attest::rekor::dialect::SubmitError;
use crate::attest::rekor::generation::Generation;
use crate::attest::rekor::request::Request;
use crate::attest::rekor::submit::{self as rekor, Patience};
use crate::attest::rekor::transport::Transport;
use crate::attest::trusted_root::TrustedRoot;
use crate::attest::x509::certificate::SignedBy;
use crate::attest::x509::certified::LogIs;
use crate::attest::x509::identity::{Identity, NotAnExpression};
use crate::flow::attest::expected::{self, Expected};
use crate::flow::attest::sign::{self, SignError, Signing, Timestamping};
use crate::flow::attest::submit::{self, SubmitQueueError};
use crate::flow::attest::verify::{self, Signers, Trust, VerifyError};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub enum What<'w> {
    /// An in-toto statement, to the byte.
    Statement(&'w [u8]),
    /// A file.
    File(&'w [u8]),
}

/// A log.
#[derive(Clone, Copy)]
pub struct Log<'l> {
    /// The way to it.
    pub way: &'l dyn Transport,
    /// Of which generation it is.
    pub generation: Generation,
    /// How long it may take.
    pub patience: Patience,
}

/// Who is asked, and who is trusted.
#[derive(Clone, Copy)]
pub struct Direct<'d> {
    /// Where timestamps come from.
    pub shown: Option<Timestamping<'d>>,
    /// The log.
    pub log: Option<Log<'d>>,
    /// Who is trusted.
    pub root: &'d TrustedRoot,
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum DirectError {
    /// It is not signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// It cannot be sent.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No log takes such a signature.
    #[error("no log takes a signature of that by a key of {0}")]
    Scheme(&'static str),
    /// The log is not asked.
    #[error(transparent)]
    Log(#[from] SubmitQueueError),
    /// The log has not taken it.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The bundle cannot be encoded.
    #[error("the bundle cannot be encoded")]
    Encoding(#[from] serde_json::Error),
    /// What came of it is not a bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// No reader would take it.
    #[error("what was signed would not verify")]
    NotVerified(#[from] VerifyError),
    /// An expression cannot be used.
    #[error(transparent)]
    Expression(#[from] NotAnExpression),
}

impl Diagnostic for DirectError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Sign(error) => error.kind(),
            Self::Key(error) => error.kind(),
            Self::Scheme(_) => FailureKind::Usage,
            Self::Log(error) => error.kind(),
            Self::Submit(SubmitError::Impossible(_)) => FailureKind::Usage,
            Self::Submit(_) | Self::Encoding(_) => FailureKind::Infrastructure,
            Self::Bundle(error) => error.kind(),
            Self::NotVerified(error) => error.kind(),
            Self::Expression(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Sign(error) => error.hint(),
            Self::Key(error) => error.hint(),
            Self::Log(error) => error.hint(),
            Self::NotVerified(error) => error.hint(),
            Self::Scheme(_) => Some("sign with a key of ecdsa-p256".into()),
            Self::Submit(_) | Self::Encoding(_) | Self::Bundle(_) | Self::Expression(_) => None,
        }
    }
}

/// The bundle of `what`, as JSON in one line.
///
/// # Errors
/// [`DirectError`].
pub fn bundle(
    what: What<'_>,
    signing: &mut Signing<'_>,
    direct: Direct<'_>,
    now: impl Fn() -> Timestamp,
) -> Result<String, DirectError> {
    let Direct { shown, log, root } = direct;
    // Before anything is signed: a log that is not trusted is sent nothing.
    let dialect = log
        .map(|log| submit::trusted(log.way, (log.generation, root, log.patience), now()).map(|dialect| (log, dialect)))
        .transpose()?;
    let says_when = log.is_some_and(|log| log.generation == Generation::First);
    if matches!(signing, Signing::Keyless(_)) && shown.is_none() && !says_when {
        return Err(SignError::NoTimestamp.into());
    }
    let (file, bundle, by, request) = match what {
        What::Statement(payload) => {
            let file = expected::first_subject(payload).ok_or(SignError::NoStatement)?;
            let signed = sign::signed(IN_TOTO, payload, signing, shown, &now)?;
            let request = match log.map(|log| log.generation) {
                Some(Generation::First) => Some(Request::of(&signed.envelope, &signed.json, signed.by.maker())?),
                Some(Generation::Second) => Request::of_second(&signed.envelope, signed.by.maker()),
                None => None,
            };
            let signature = signed.envelope.unverified_signatures().first().cloned().unwrap_or_default();
            let bundle = Bundle::of_envelope(IN_TOTO, payload.to_vec(), signature, signed.by.maker(), Vec::new());
            (file, bundle.with_timestamps(signed.timestamp.into_iter().collect()), signed.by, request)
        }
        What::File(bytes) => {
            let file = Digest::of(bytes);
            let signed = sign::signature(bytes, signing, shown, &now)?;
            let request = log.and_then(|log| {
                Request::of_file(file, &signed.signature, signed.by.maker(), log.generation).transpose()
            });
            let bundle = Bundle::of_file(file, signed.signature, signed.by.maker(), Vec::new());
            (file, bundle.with_timestamps(signed.timestamp.into_iter().collect()), signed.by, request.transpose()?)
        }
    };
    let anybody = Identity::anybody()?;
    let signers = || match &by {
        SignedBy::Key(key) => Signers::Keys(std::slice::from_ref(key)),
        SignedBy::Certificate(_) => Signers::Certificate(&anybody),
    };
    if shown.is_some() {
        // What a log has is public for ever: whether a bundle can come of it is seen before.
        let trust = Trust { signers: signers(), logs: Some(root), log_is: LogIs::NotNeeded };
        verify::verify(bundle.to_json()?.as_bytes(), trust, &Expected::of(file), now())?;
    }
    let bundle = match (dialect, request) {
        (None, _) => bundle,
        (Some(_), None) => return Err(DirectError::Scheme(by.key().scheme())),
        (Some((log, dialect)), Some(request)) => {
            let submitted = rekor::submit(log.way, &*dialect, &request, log.patience)?;
            bundle.with_entries(vec![submit::as_readers_take_it(submitted.entry, &by)])
        }
    };
    let json = bundle.to_json()?;
    let log_is = if log.is_some() { LogIs::Needed } else { LogIs::NotNeeded };
    // Without a log and a time there is the signature alone to look at.
    let logs = (log.is_some() || shown.is_some()).then_some(root);
    verify::verify(json.as_bytes(), Trust { signers: signers(), logs, log_is }, &Expected::of(file), now())?;
    Ok(json)
}
