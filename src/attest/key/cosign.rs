//! The encrypted private key of cosign: a JSON document in a PEM block, its key derived by scrypt, PKCS#8 in NaCl's secretbox.
//!
//! As `securesystemslib`'s Go library (`encrypted`) writes and reads it.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::attest::base64;
use crate::attest::key::error::KeyError;
use crate::attest::key::secretbox::{self, NONCE};

/// The labels of its PEM block: today's, and that of before 2.0.
pub const LABELS: [&str; 2] = ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"];

/// What cosign writes: 64 MiB.
const WORK_FACTOR: u64 = 1 << 16;
const BLOCK_SIZE: u32 = 8;
/// The most memory that is spent on opening a key.
const MOST_MEMORY: u64 = 1 << 30;

#[derive(Serialize, Deserialize)]
struct Encrypted {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Scrypt,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Scrypt {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

const FORM: &str = "encrypted key of cosign";

fn malformed() -> KeyError {
    KeyError::Malformed { form: FORM, source: None }
}

/// Decrypts the document of a PEM block to PKCS#8.
///
/// # Errors
/// [`KeyError::Malformed`], [`KeyError::Unsupported`], [`KeyError::TooCostly`], [`KeyError::WrongPassword`].
pub fn open(document: &[u8], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let encrypted: Encrypted = serde_json::from_slice(document).map_err(KeyError::malformed(FORM))?;
    if encrypted.kdf.name != "scrypt" || encrypted.cipher.name != "nacl/secretbox" {
        return Err(KeyError::Unsupported(format!("`{}` and `{}`", encrypted.kdf.name, encrypted.cipher.name)));
    }
    let bytes = |text: &str| base64::decode(text).map_err(KeyError::malformed(FORM));
    let nonce: [u8; NONCE] = bytes(&encrypted.cipher.nonce)?.try_into().map_err(|_| malformed())?;
    let (salt, ciphertext) = (bytes(&encrypted.kdf.salt)?, bytes(&encrypted.ciphertext)?);
    let key = derived(&encrypted.kdf.params, &salt, password)?;
    secretbox::open(&key, &nonce, &ciphertext).ok_or(KeyError::WrongPassword)
}

/// Encrypts PKCS#8 as cosign does.
///
/// # Errors
/// [`KeyError::NoRandomness`].
pub fn seal(pkcs8: &[u8], password: &[u8]) -> Result<Vec<u8>, KeyError> {
    let (mut salt, mut nonce) = ([0; 32], [0; NONCE]);
    getrandom::fill(&mut salt).and_then(|()| getrandom::fill(&mut nonce)).map_err(KeyError::NoRandomness)?;
    let params = Scrypt { n: WORK_FACTOR, r: BLOCK_SIZE, p: 1 };
    let key = derived(&params, &salt, password)?;
    let encrypted = Encrypted {
        kdf: Kdf { name: "scrypt".to_owned(), params, salt: base64::encode(&salt) },
        cipher: Cipher { name: "nacl/secretbox".to_owned(), nonce: base64::encode(&nonce) },
        ciphertext: base64::encode(&secretbox::seal(&key, &nonce, pkcs8)),
    };
    serde_json::to_vec(&encrypted).map_err(KeyError::encoding)
}

/// The key that scrypt (RFC 7914) makes of a password.
fn derived(params: &Scrypt, salt: &[u8], password: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    if !params.n.is_power_of_two() || params.n < 2 || params.r == 0 || params.p == 0 {
        return Err(malformed());
    }
    // Time is the product of all three, and memory that of two.
    let memory = params.n.saturating_mul(u64::from(params.r)).saturating_mul(128);
    let work = memory.saturating_mul(u64::from(params.p));
    if work > MOST_MEMORY {
        return Err(KeyError::TooCostly(format!("scrypt with N {}, r {} and p {}", params.n, params.r, params.p)));
    }
    let log_n = u8::try_from(params.n.ilog2()).map_err(|_| malformed())?;
    let checked = scrypt::Params::new(log_n, params.r, params.p).map_err(KeyError::malformed(FORM))?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(password, salt, &checked, &mut *key).map_err(KeyError::malformed(FORM))?;
    Ok(key)
}
