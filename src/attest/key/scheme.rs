//! What a signature scheme does: the one interface that everything else signs and verifies through.

use std::fmt;

use pkcs8::spki::SubjectPublicKeyInfoRef;
use pkcs8::{PrivateKeyInfoRef, SecretDocument};

use crate::attest::key::error::KeyError;

/// The signature is not one of this key over these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not one of the key over these bytes")]
pub struct BadSignature;

/// A private key. Whoever implements it wipes the key when it is dropped, and shows none of it in `Debug`.
pub trait Signer: fmt::Debug + Send + Sync {
    /// The signature over `message`, in the form in which Sigstore carries it. The same message gives the same signature.
    ///
    /// # Errors
    /// [`KeyError::Encoding`] where the scheme cannot.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError>;

    /// Its public half, as a DER `SubjectPublicKeyInfo` (RFC 5280 §4.1).
    ///
    /// # Errors
    /// [`KeyError::Encoding`].
    fn public_der(&self) -> Result<Vec<u8>, KeyError>;

    /// It as PKCS#8 (RFC 5958).
    ///
    /// # Errors
    /// [`KeyError::Encoding`].
    fn to_pkcs8(&self) -> Result<SecretDocument, KeyError>;
}

/// A public key.
pub trait Verifier: fmt::Debug + Send + Sync {
    /// Whether `signature` is one of this key over `message`.
    ///
    /// # Errors
    /// [`BadSignature`], for one in a wrong form, too.
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature>;

    /// The same where only the message's SHA-256 is there.
    ///
    /// # Errors
    /// [`BadSignature`], for a scheme that does not sign digests, too.
    fn verify_digest(&self, _digest: &[u8; 32], _signature: &[u8]) -> Result<(), BadSignature> {
        Err(BadSignature)
    }

    /// The 32 bytes of an Ed25519 key; `None` for any other.
    fn ed25519_bytes(&self) -> Option<&[u8; 32]> {
        None
    }
}

/// A private key that a scheme has read, an error where it cannot be read, and nothing where it is of another scheme.
pub type Read<T> = Option<Result<Box<T>, KeyError>>;

/// A signature scheme.
pub trait Scheme: Sync {
    /// Its name, as users write it.
    fn name(&self) -> &'static str;

    /// Reads a private key of it.
    fn signer(&self, key: &PrivateKeyInfoRef<'_>) -> Read<dyn Signer>;

    /// Reads one in the form of SEC 1 (RFC 5915), which elliptic curves alone have.
    fn signer_of_sec1(&self, _der: &[u8]) -> Read<dyn Signer> {
        None
    }

    /// Reads a public key of it.
    fn verifier(&self, key: &SubjectPublicKeyInfoRef<'_>) -> Read<dyn Verifier>;

    /// Makes a new key.
    ///
    /// # Errors
    /// [`KeyError::NoRandomness`].
    fn generate(&self) -> Result<Box<dyn Signer>, KeyError>;
}
