//! A certificate, as it says itself what it is of. That an authority has given it out is verified elsewhere (`certified`).

use jiff::Timestamp;
use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::types::DerCertificate;

use crate::attest::key::error::KeyError;
use crate::attest::key::pem;
use crate::attest::key::public::PublicKey;
use crate::attest::log::leaf::Maker;

/// A certificate, nothing of it verified.
#[derive(Debug, PartialEq)]
pub struct Certificate {
    /// It, in DER.
    pub der: Vec<u8>,
    /// The key that it is of.
    pub key: PublicKey,
    /// From when it is valid.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
}

impl Certificate {
    /// Reads the one in a DER document.
    ///
    /// # Errors
    /// [`KeyError::Malformed`], [`KeyError::Unsupported`].
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let info = parse_certificate_info(&DerCertificate::from_bytes(der));
        let info = info.map_err(KeyError::malformed("certificate"))?;
        let key = PublicKey::from_der(info.public_key.as_bytes())?;
        Ok(Self { der: der.to_vec(), key, start: info.not_before, end: info.not_after })
    }

    /// Reads the one certificate in a PEM text.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(text: &[u8]) -> Result<Self, KeyError> {
        let block = pem::only_block(text)?;
        match block.label.as_str() {
            "CERTIFICATE" => Self::from_der(&block.bytes),
            label => Err(KeyError::OtherKind(label.to_owned(), "a certificate")),
        }
    }

    /// Whether it is valid then.
    pub fn is_valid_at(&self, time: Timestamp) -> bool {
        self.start <= time && time <= self.end
    }
}

/// By what something is signed.
#[derive(Debug, PartialEq)]
pub enum SignedBy {
    /// A key.
    Key(PublicKey),
    /// The key of a certificate.
    Certificate(Certificate),
}

impl SignedBy {
    /// Reads the one public key or certificate in a PEM text.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(text: &[u8]) -> Result<Self, KeyError> {
        match Certificate::read(text) {
            Ok(certificate) => Ok(Self::Certificate(certificate)),
            Err(KeyError::OtherKind(..)) => PublicKey::read(text).map(Self::Key),
            Err(error) => Err(error),
        }
    }

    /// The key.
    pub fn key(&self) -> &PublicKey {
        match self {
            Self::Key(key) | Self::Certificate(Certificate { key, .. }) => key,
        }
    }

    /// As a log names it.
    pub fn maker(&self) -> Maker<'_> {
        match self {
            Self::Key(key) => Maker::Key(key),
            Self::Certificate(Certificate { der, key, .. }) => Maker::Certificate { der, key },
        }
    }
}
