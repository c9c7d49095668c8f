//! A private key: read from the forms in which people keep one, made, and written.

use pkcs8::ObjectIdentifier;
use pkcs8::der::Decode;
use pkcs8::der::asn1::AnyRef;
use pkcs8::pkcs5::pbes2::{Kdf, PBES2_OID, Pbkdf2Params, Pbkdf2Prf, ScryptParams};
use pkcs8::pkcs5::{EncryptionScheme, pbes2};
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use crate::attest::key::error::KeyError;
use crate::attest::key::public::PublicKey;
use crate::attest::key::scheme::{Scheme, Signer};
use crate::attest::key::{cosign, pem, schemes};

/// How often PBKDF2 is repeated for a key that is written (OWASP, 2023, for HMAC-SHA-256).
const ITERATIONS: u32 = 600_000;
/// How often at most for one that is read.
const MOST_ITERATIONS: u32 = 20_000_000;
/// The most memory and work, in bytes that scrypt fills, for one that is read.
const MOST_SCRYPT: u64 = 1 << 30;

/// The scheme of a new key where none is named: both generations of Sigstore's logs take it, and cosign.
pub const DEFAULT_SCHEME: &str = "ecdsa-p256";

/// The most bytes of a file that holds a key.
pub const MOST_BYTES: u64 = 64 * 1024;

/// In which form a private key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form<'p> {
    /// PKCS#8, not encrypted.
    Plain,
    /// PKCS#8, encrypted by PBES2 (RFC 8018) with PBKDF2 and AES-256, which OpenSSL reads.
    Encrypted(&'p [u8]),
    /// As cosign encrypts it.
    Cosign(&'p [u8]),
}

/// A private key with its public half.
#[derive(Debug)]
pub struct PrivateKey {
    signer: Box<dyn Signer>,
    public: PublicKey,
}

impl PrivateKey {
    /// Makes a new key of the scheme that is called so.
    ///
    /// # Errors
    /// [`KeyError::NoRandomness`], [`KeyError::Unsupported`] where none is called so.
    pub fn generate(scheme: &str) -> Result<Self, KeyError> {
        let known = schemes::ALL.into_iter().find(|known| known.name() == scheme);
        let known = known.ok_or_else(|| KeyError::Unsupported(format!("`{scheme}`")))?;
        known.generate().and_then(Self::of)
    }

    /// Reads the one key in `text`: PKCS#8, plain or encrypted, SEC 1, or cosign's own form, each in PEM. A password that is
    /// not needed is not used.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(text: &[u8], password: Option<&[u8]>) -> Result<Self, KeyError> {
        let block = pem::only_block(text)?;
        let password = password.ok_or(KeyError::NoPassword);
        match block.label.as_str() {
            "PRIVATE KEY" => Self::of_pkcs8(&block.bytes),
            "ENCRYPTED PRIVATE KEY" => {
                let form = "encrypted PKCS#8 private key";
                // Such as PBES1, or what PKCS#12 has in its place.
                if let Some(other) = encrypted_by(&block.bytes).filter(|scheme| *scheme != PBES2_OID) {
                    return Err(KeyError::Unsupported(format!("{other} (which encrypts it)")));
                }
                let key = EncryptedPrivateKeyInfoRef::try_from(&block.bytes[..]).map_err(KeyError::malformed(form))?;
                affordable(&key.encryption_algorithm)?;
                // Nothing authenticates it: a wrong password gives other bytes, which are not a key.
                let opened = key.decrypt(password?).map_err(|_| KeyError::WrongPassword)?;
                Self::of_pkcs8(opened.as_bytes()).map_err(|error| match error {
                    KeyError::Malformed { .. } => KeyError::WrongPassword,
                    other => other,
                })
            }
            "EC PRIVATE KEY" => {
                let read = schemes::ALL.into_iter().find_map(|scheme| scheme.signer_of_sec1(&block.bytes));
                read.unwrap_or_else(|| Err(KeyError::OtherCurve)).and_then(Self::of)
            }
            label if cosign::LABELS.contains(&label) => Self::of_pkcs8(&cosign::open(&block.bytes, password?)?),
            label => Err(KeyError::OtherKind(label.to_owned(), "a private key")),
        }
    }

    fn of_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let key = PrivateKeyInfoRef::try_from(der).map_err(KeyError::malformed("PKCS#8 private key"))?;
        let read = schemes::ALL.into_iter().find_map(|scheme| scheme.signer(&key));
        read.unwrap_or_else(|| Err(unsupported(&key.algorithm))).and_then(Self::of)
    }

    fn of(signer: Box<dyn Signer>) -> Result<Self, KeyError> {
        let public = PublicKey::from_der(&signer.public_der()?)?;
        Ok(Self { signer, public })
    }

    /// The signature over `message`: the same for the same.
    ///
    /// # Errors
    /// [`KeyError::Encoding`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.signer.sign(message)
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// It as PEM.
    ///
    /// # Errors
    /// [`KeyError::NoRandomness`], [`KeyError::Encoding`].
    pub fn to_pem(&self, form: Form<'_>) -> Result<Zeroizing<String>, KeyError> {
        let plain = self.signer.to_pkcs8()?;
        match form {
            Form::Plain => pem::encode("PRIVATE KEY", plain.as_bytes()),
            Form::Cosign(password) => pem::encode(cosign::LABELS[0], &cosign::seal(plain.as_bytes(), password)?),
            Form::Encrypted(password) => {
                let (mut salt, mut iv) = ([0; 16], [0; 16]);
                getrandom::fill(&mut salt).and_then(|()| getrandom::fill(&mut iv)).map_err(KeyError::NoRandomness)?;
                let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ITERATIONS, &salt, iv)
                    .map_err(KeyError::encoding)?;
                let info = PrivateKeyInfoRef::try_from(plain.as_bytes()).map_err(KeyError::encoding)?;
                let sealed = info.encrypt_with_params(parameters, password).map_err(KeyError::encoding)?;
                pem::encode("ENCRYPTED PRIVATE KEY", sealed.as_bytes())
            }
        }
    }
}

fn unsupported(algorithm: &AlgorithmIdentifierRef<'_>) -> KeyError {
    let curve = algorithm.parameters_oid().map(|oid| format!(" with {oid}")).unwrap_or_default();
    KeyError::Unsupported(format!("{}{curve}", algorithm.oid))
}

/// What encrypts a key: `EncryptedPrivateKeyInfo` begins with it (RFC 5958 §3), whatever follows.
fn encrypted_by(der: &[u8]) -> Option<ObjectIdentifier> {
    let read = AnyRef::from_der(der).and_then(|any| {
        any.sequence(|reader| {
            let scheme = AlgorithmIdentifierRef::decode(reader)?;
            AnyRef::decode(reader)?;
            Ok::<_, pkcs8::der::Error>(scheme.oid)
        })
    });
    read.ok()
}

/// Refuses a key that would take too long to open, before it is tried.
fn affordable(scheme: &EncryptionScheme) -> Result<(), KeyError> {
    let Some(parameters) = scheme.pbes2() else {
        return Err(KeyError::Unsupported(format!("PBES1 ({})", scheme.oid())));
    };
    match &parameters.kdf {
        Kdf::Pbkdf2(Pbkdf2Params { prf: Pbkdf2Prf::HmacWithSha1, .. }) => {
            Err(KeyError::Unsupported("PBKDF2 with SHA-1".to_owned()))
        }
        Kdf::Pbkdf2(Pbkdf2Params { iteration_count, .. }) => {
            let costs = || KeyError::TooCostly(format!("{iteration_count} iterations of PBKDF2"));
            if *iteration_count > MOST_ITERATIONS { Err(costs()) } else { Ok(()) }
        }
        Kdf::Scrypt(ScryptParams { cost_parameter: n, block_size: r, parallelization: p, .. }) => {
            let costs = || KeyError::TooCostly(format!("scrypt with N {n}, r {r} and p {p}"));
            let work = n.saturating_mul(u64::from(*r)).saturating_mul(u64::from(*p)).saturating_mul(128);
            if work > MOST_SCRYPT { Err(costs()) } else { Ok(()) }
        }
        // The type may grow.
        _ => Err(KeyError::Unsupported("derivation of a key from a password".to_owned())),
    }
}

/// The names of the schemes.
pub fn schemes() -> impl Iterator<Item = &'static str> {
    schemes::ALL.into_iter().map(Scheme::name)
}
