//! ECDSA over P-256 with SHA-256 (FIPS 186-5), signatures in DER (RFC 3279 §2.2.3) as Sigstore has them.
//!
//! Signing is deterministic (RFC 6979). Verifying takes either of the two values of `s` that fit, as other verifiers do: whoever
//! has one signature can make the other, so no signature is ever an identity.

use std::fmt;

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey};
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey};
use pkcs8::der::Decode;
use pkcs8::spki::SubjectPublicKeyInfoRef;
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef, SecretDocument};
use sec1::{EcParameters, EcPrivateKey};
use zeroize::Zeroizing;

use crate::attest::key::error::KeyError;
use crate::attest::key::scheme::{BadSignature, Read, Scheme, Signer, Verifier};

/// `id-ecPublicKey` (RFC 5480 §2.1.1).
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// `secp256r1` (RFC 5480 §2.1.1.1).
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// The scheme.
pub struct EcdsaP256;

struct Private(p256::SecretKey);

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ecdsa-p256 private key of {:?}", self.0.public_key())
    }
}

impl Signer for Private {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature: DerSignature = SigningKey::from(&self.0).try_sign(message).map_err(KeyError::encoding)?;
        Ok(signature.as_bytes().to_vec())
    }

    fn public_der(&self) -> Result<Vec<u8>, KeyError> {
        Ok(self.0.public_key().to_public_key_der().map_err(KeyError::encoding)?.into_vec())
    }

    fn to_pkcs8(&self) -> Result<SecretDocument, KeyError> {
        self.0.to_pkcs8_der().map_err(KeyError::encoding)
    }
}

#[derive(Debug)]
struct Public(VerifyingKey);

impl Verifier for Public {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let signature = DerSignature::try_from(signature).map_err(|_| BadSignature)?;
        self.0.verify(message, &signature).map_err(|_| BadSignature)
    }

    fn verify_digest(&self, digest: &[u8; 32], signature: &[u8]) -> Result<(), BadSignature> {
        let signature = DerSignature::try_from(signature).map_err(|_| BadSignature)?;
        self.0.verify_prehash(digest, &signature).map_err(|_| BadSignature)
    }
}

/// Whether the curve is P-256; a key of another one is of another scheme.
fn is_p256(algorithm: &pkcs8::spki::AlgorithmIdentifierRef<'_>) -> bool {
    algorithm.oid == EC && algorithm.parameters_oid().is_ok_and(|curve| curve == P256)
}

impl Scheme for EcdsaP256 {
    fn name(&self) -> &'static str {
        "ecdsa-p256"
    }

    fn signer(&self, key: &PrivateKeyInfoRef<'_>) -> Read<dyn Signer> {
        is_p256(&key.algorithm).then(|| {
            let key = p256::SecretKey::try_from(key.clone()).map_err(KeyError::malformed("ecdsa-p256 private key"))?;
            Ok(Box::new(Private(key)) as Box<dyn Signer>)
        })
    }

    fn signer_of_sec1(&self, der: &[u8]) -> Read<dyn Signer> {
        let key = EcPrivateKey::from_der(der).map_err(KeyError::malformed("SEC 1 private key"));
        let key = match key {
            // One that names no curve is not taken for one of this.
            Ok(key) if key.parameters == Some(EcParameters::NamedCurve(P256)) => key,
            Ok(_) => return None,
            Err(error) => return Some(Err(error)),
        };
        let key = p256::SecretKey::try_from(key).map_err(KeyError::malformed("SEC 1 private key"));
        Some(key.map(|key| Box::new(Private(key)) as Box<dyn Signer>))
    }

    fn verifier(&self, key: &SubjectPublicKeyInfoRef<'_>) -> Read<dyn Verifier> {
        is_p256(&key.algorithm).then(|| {
            let key = VerifyingKey::try_from(key.clone()).map_err(KeyError::malformed("ecdsa-p256 public key"))?;
            Ok(Box::new(Public(key)) as Box<dyn Verifier>)
        })
    }

    fn generate(&self) -> Result<Box<dyn Signer>, KeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        // One of 2^32 numbers is not below the order of the curve, and is thrown away.
        loop {
            getrandom::fill(&mut *bytes).map_err(KeyError::NoRandomness)?;
            if let Ok(key) = p256::SecretKey::from_slice(&*bytes) {
                return Ok(Box::new(Private(key)));
            }
        }
    }
}
