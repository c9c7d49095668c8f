//! A public key and its digest, by which logs and bundles name it.

use std::fmt;

use pkcs8::der::Decode;
use pkcs8::spki::SubjectPublicKeyInfoRef;

use crate::attest::key::error::KeyError;
use crate::attest::key::scheme::{BadSignature, Verifier};
use crate::attest::key::{pem, schemes};
use crate::model::digest::Digest;

/// A public key.
pub struct PublicKey {
    scheme: &'static str,
    der: Vec<u8>,
    verifier: Box<dyn Verifier>,
}

impl PublicKey {
    /// Reads the one public key in a PEM text.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(text: &[u8]) -> Result<Self, KeyError> {
        let block = pem::only_block(text)?;
        match block.label.as_str() {
            "PUBLIC KEY" => Self::from_der(&block.bytes),
            label => Err(KeyError::OtherKind(label.to_owned(), "a public key")),
        }
    }

    /// Reads a DER `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// [`KeyError::Malformed`], [`KeyError::Unsupported`].
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let key = SubjectPublicKeyInfoRef::from_der(der).map_err(KeyError::malformed("public key"))?;
        for scheme in schemes::ALL {
            if let Some(verifier) = scheme.verifier(&key) {
                return Ok(Self { scheme: scheme.name(), der: der.to_vec(), verifier: verifier? });
            }
        }
        Err(KeyError::Unsupported(key.algorithm.oid.to_string()))
    }

    /// Whether `signature` is one of this key over `message`.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        self.verifier.verify(message, signature)
    }

    /// The same where only the message's digest is there.
    ///
    /// # Errors
    /// [`BadSignature`], for a scheme that does not sign digests, too.
    pub fn verify_digest(&self, digest: &Digest, signature: &[u8]) -> Result<(), BadSignature> {
        self.verifier.verify_digest(digest.as_bytes(), signature)
    }

    /// The 32 bytes of an Ed25519 key; `None` for any other.
    pub fn ed25519_bytes(&self) -> Option<&[u8; 32]> {
        self.verifier.ed25519_bytes()
    }

    /// The name of its scheme.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// The DER `SubjectPublicKeyInfo`.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The SHA-256 of [`Self::der`].
    pub fn digest(&self) -> Digest {
        Digest::of(&self.der)
    }

    /// It as PEM.
    ///
    /// # Errors
    /// [`KeyError::Encoding`].
    pub fn to_pem(&self) -> Result<String, KeyError> {
        pem::encode("PUBLIC KEY", &self.der).map(|text| (*text).clone())
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.scheme, self.digest())
    }
}
