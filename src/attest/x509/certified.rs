//! Who signed a bundle, and when, as `sigstore-verify` finds it.

use std::error::Error;

use jiff::Timestamp;
use sigstore_verify::crypto::CertificateInfo;
use sigstore_verify::trust_root;
use sigstore_verify::types::{Bundle, DerPublicKey, Sha256Hash};
use sigstore_verify::{Policy, PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult, Verifier};

use crate::attest::key::error::KeyError;
use crate::attest::key::public::PublicKey;
use crate::attest::trusted_root::TrustedRoot;
use crate::attest::x509::provider;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::digest::Digest;

/// Who signed, as a certificate says that an authority has given out.
#[derive(Debug)]
pub struct Certified {
    /// Who: an e-mail address, or the URI of a workflow.
    pub identity: String,
    /// Who says so: the URL of the identity provider.
    pub issuer: String,
    /// The key that the certificate is of.
    pub key: PublicKey,
    /// The certificate, in DER.
    pub der: Vec<u8>,
    /// The latest time at which a log or a timestamp shows the signature.
    pub shown: Option<Timestamp>,
}

/// Why nothing is known of who signed.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The trusted root cannot be used for it.
    #[error("the trusted root cannot be used for certificates and timestamps")]
    Root(#[source] Box<dyn Error + Send + Sync>),
    /// The bundle cannot be read so.
    #[error("its certificate or its timestamps cannot be read")]
    Unreadable(#[source] Box<dyn Error + Send + Sync>),
    /// It does not verify.
    #[error("its certificate or its timestamps do not verify")]
    NotVerified(#[source] Box<dyn Error + Send + Sync>),
    /// It is of another file.
    #[error("it is of another file")]
    OtherFile(#[source] Box<dyn Error + Send + Sync>),
    /// It verifies, and does not name somebody.
    #[error("its certificate does not name {0}")]
    Unnamed(&'static str),
    /// It is of a key of another kind.
    #[error("the key of its certificate cannot be used")]
    Key(#[from] KeyError),
}

impl Diagnostic for CertificateError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Root(_) | Self::Unreadable(_) => FailureKind::Usage,
            Self::NotVerified(_) | Self::OtherFile(_) | Self::Unnamed(_) | Self::Key(_) => FailureKind::Verification,
        }
    }
}

/// Whether a log must have a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogIs {
    /// It must.
    Needed,
    /// A timestamp stands for it.
    NotNeeded,
}

/// Whether certificates and timestamps can be verified by `root`.
///
/// # Errors
/// [`CertificateError::Root`].
pub fn check(root: &TrustedRoot) -> Result<(), CertificateError> {
    verifier(root).map(|_| ())
}

/// Who signed `bundle`, which is by a certificate and of `file`.
///
/// # Errors
/// [`CertificateError`].
pub fn certified(bundle: &[u8], file: Digest, root: &TrustedRoot, log: LogIs) -> Result<Certified, CertificateError> {
    let policy = VerificationPolicy::any_identity();
    let policy = if log == LogIs::Needed { policy } else { policy.skip_tlog_unsafe() };
    let (bundle, result) = verified(bundle, file, root, &policy)?;
    // None of them is left out by the policy above; should a later version do so, nothing is verified.
    let is_logged = result.tlog_verified() || log == LogIs::NotNeeded;
    let is_whole = result.certificate_verified() && result.sct_verified() && is_logged;
    if !is_whole || result.verified_timestamps().is_empty() {
        return Err(CertificateError::NotVerified("not everything was looked at".into()));
    }
    let info: &CertificateInfo = result.certificate().ok_or(CertificateError::Unnamed("anything"))?;
    let der = bundle.signing_certificate().ok_or(CertificateError::Unnamed("anything"))?.as_bytes().to_vec();
    let identity = info.identity.as_ref().ok_or(CertificateError::Unnamed("who signed"))?.as_str().to_owned();
    let issuer = info.issuer.clone().ok_or(CertificateError::Unnamed("the identity provider"))?;
    let shown = result.verified_timestamps().iter().max().copied();
    Ok(Certified { identity, issuer, key: PublicKey::from_der(info.public_key.as_bytes())?, der, shown })
}

/// When `bundle`, which is by `key` and of `file`, was signed at the latest: as its timestamps say, every one of which is verified.
///
/// # Errors
/// [`CertificateError`].
pub fn timestamps(
    bundle: &[u8],
    file: Digest,
    root: &TrustedRoot,
    key: &PublicKey,
    log: LogIs,
) -> Result<Vec<Timestamp>, CertificateError> {
    let policy = PublicKeyVerificationPolicy::new(DerPublicKey::new(key.der().to_vec()));
    let policy = if log == LogIs::Needed { policy } else { policy.skip_tlog_unsafe() };
    verified(bundle, file, root, &policy).map(|(_, result)| result.verified_timestamps().to_vec())
}

fn boxed<E: Error + Send + Sync + 'static>(error: E) -> Box<dyn Error + Send + Sync> {
    Box::new(error)
}

fn verifier(root: &TrustedRoot) -> Result<Verifier, CertificateError> {
    provider::install();
    let root = trust_root::TrustedRoot::from_json(root.text()).map_err(|error| CertificateError::Root(boxed(error)))?;
    Verifier::new(&root).map_err(|error| CertificateError::Root(boxed(error)))
}

fn verified(
    bundle: &[u8],
    file: Digest,
    root: &TrustedRoot,
    policy: &dyn Policy,
) -> Result<(Bundle, VerificationResult), CertificateError> {
    let verifier = verifier(root)?;
    let text = std::str::from_utf8(bundle).map_err(|error| CertificateError::Unreadable(boxed(error)))?;
    let bundle = Bundle::from_json(text).map_err(|error| CertificateError::Unreadable(boxed(error)))?;
    let digest = Sha256Hash::new(*file.as_bytes());
    match verifier.verify(digest, &bundle, policy) {
        Ok(result) => Ok((bundle, result)),
        Err(error @ sigstore_verify::Error::ArtifactMismatch(_)) => Err(CertificateError::OtherFile(boxed(error))),
        Err(error) => Err(CertificateError::NotVerified(boxed(error))),
    }
}
