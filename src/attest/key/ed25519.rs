//! Ed25519 (RFC 8032), the plain form: the message itself is signed and not its digest.
//!
//! Verified strictly: weak keys, and signatures that a second implementation might read in another way, are refused.

use std::fmt;

use ed25519_dalek::pkcs8::{EncodePrivateKey, EncodePublicKey};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use pkcs8::spki::SubjectPublicKeyInfoRef;
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef, SecretDocument};
use zeroize::Zeroizing;

use crate::attest::key::error::KeyError;
use crate::attest::key::scheme::{BadSignature, Read, Scheme, Signer, Verifier};

/// `id-Ed25519` (RFC 8410 §3).
const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The scheme.
pub struct Ed25519;

struct Private(SigningKey);

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ed25519 private key of {}", hex::encode(self.0.verifying_key().as_bytes()))
    }
}

impl Signer for Private {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self.0.sign(message).to_bytes().to_vec())
    }

    fn public_der(&self) -> Result<Vec<u8>, KeyError> {
        Ok(self.0.verifying_key().to_public_key_der().map_err(KeyError::encoding)?.into_vec())
    }

    fn to_pkcs8(&self) -> Result<SecretDocument, KeyError> {
        // Version 1, without the public half: what Go's and other readers take.
        let bytes = ed25519_dalek::pkcs8::KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        bytes.to_pkcs8_der().map_err(KeyError::encoding)
    }
}

#[derive(Debug)]
struct Public(VerifyingKey);

impl Verifier for Public {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
        self.0.verify_strict(message, &signature).map_err(|_| BadSignature)
    }

    fn ed25519_bytes(&self) -> Option<&[u8; 32]> {
        Some(self.0.as_bytes())
    }
}

impl Scheme for Ed25519 {
    fn name(&self) -> &'static str {
        "ed25519"
    }

    fn signer(&self, key: &PrivateKeyInfoRef<'_>) -> Read<dyn Signer> {
        (key.algorithm.oid == OID).then(|| {
            let key = SigningKey::try_from(key.clone()).map_err(KeyError::malformed("ed25519 private key"))?;
            Ok(Box::new(Private(key)) as Box<dyn Signer>)
        })
    }

    fn verifier(&self, key: &SubjectPublicKeyInfoRef<'_>) -> Read<dyn Verifier> {
        (key.algorithm.oid == OID).then(|| {
            let form = "ed25519 public key";
            let key = VerifyingKey::try_from(key.clone()).map_err(KeyError::malformed(form))?;
            // Of small order: one signature of it fits many messages.
            if key.is_weak() {
                return Err(KeyError::Malformed { form, source: None });
            }
            Ok(Box::new(Public(key)) as Box<dyn Verifier>)
        })
    }

    fn generate(&self) -> Result<Box<dyn Signer>, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(KeyError::NoRandomness)?;
        Ok(Box::new(Private(SigningKey::from_bytes(&seed))))
    }
}
