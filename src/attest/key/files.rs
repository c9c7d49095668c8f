//! Keys as other programs write them, in `tests/data/attest/keys`: OpenSSL, and what follows cosign's library (Python's `hashlib`
//! and PyNaCl). Every file of the folder is in one of these tables.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::attest::key::private::{Form, PrivateKey};
use crate::attest::key::public::PublicKey;

/// Private keys, and the public one that they belong to.
const GOOD: [(&str, &str); 9] = [
    ("ed25519.pem", "ed25519.pub"),
    ("ed25519.v2.pem", "ed25519.pub"),
    ("ed25519.encrypted.pem", "ed25519.pub"),
    ("ed25519.cosign-before-2.pem", "ed25519.pub"),
    ("p256.pem", "p256.pub"),
    ("p256.scrypt.pem", "p256.pub"),
    ("p256.sec1.pem", "p256.pub"),
    ("p256.sec1-parameters.pem", "p256.pub"),
    ("p256.cosign.pem", "p256.pub"),
];

/// Those of them that a password opens; it is `secret`.
const ENCRYPTED: [&str; 4] =
    ["ed25519.encrypted.pem", "ed25519.cosign-before-2.pem", "p256.scrypt.pem", "p256.cosign.pem"];

/// Files that hold no private key of ours, and what is said of them.
const BAD: [(&str, &str); 14] = [
    ("certificate.pem", "it holds `CERTIFICATE`, and a private key is wanted"),
    ("damaged.pem", "it is not a key in PEM"),
    ("two-keys.pem", "it holds 2 keys, and one is wanted"),
    ("ed25519.v2-other-public.pem", "the ed25519 private key is malformed"),
    ("p256.other-public.pem", "the ecdsa-p256 private key is malformed"),
    ("p256.sec1-other-public.pem", "the SEC 1 private key is malformed"),
    ("p256.sec1-no-curve.pem", "a key of an elliptic curve other than P-256 is not supported"),
    ("p256.costly.pem", "to open the key would take 30000000 iterations of PBKDF2, more than is spent on one"),
    (
        "p256.cosign-costly.pem",
        "to open the key would take scrypt with N 1073741824, r 8 and p 1, more than is spent on one",
    ),
    ("p256.cosign-other-kdf.pem", "a key of the algorithm `argon2` and `nacl/secretbox` is not supported"),
    ("p256.pbes1.pem", "a key of the algorithm 1.2.840.113549.1.12.1.3 (which encrypts it) is not supported"),
    ("p256.sha1.pem", "a key of the algorithm PBKDF2 with SHA-1 is not supported"),
    ("p384.pem", "a key of the algorithm 1.2.840.10045.2.1 with 1.3.132.0.34 is not supported"),
    ("p384.sec1.pem", "a key of an elliptic curve other than P-256 is not supported"),
];

/// Public keys that are refused. A file of [`BAD`] or [`GOOD`] is none either.
const BAD_PUBLIC: [(&str, &str); 3] = [
    ("ed25519-weak.pub", "the ed25519 public key is malformed"),
    ("p256-off-curve.pub", "the ecdsa-p256 public key is malformed"),
    ("rsa.pub", "a key of the algorithm 1.2.840.113549.1.1.1 is not supported"),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/attest/keys")
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

#[test]
fn no_file_is_forgotten() {
    let there: BTreeSet<String> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let named = GOOD.iter().flat_map(|(private, public)| [private, public]);
    let named = named.chain(BAD.iter().chain(&BAD_PUBLIC).map(|(name, _)| name)).chain([&"rsa.pem"]);
    assert_eq!(there, named.map(|name| (*name).to_owned()).collect());
}

#[test]
fn keys_of_other_programs_are_read_and_sign() {
    for (private, public) in GOOD {
        let key =
            PrivateKey::read(&file(private), Some(b"secret")).unwrap_or_else(|error| panic!("{private}: {error}"));
        let public = PublicKey::read(&file(public)).unwrap();
        assert_eq!(key.public(), &public, "{private}");
        let signature = key.sign(b"message").unwrap();
        assert_eq!(public.verify(b"message", &signature), Ok(()), "{private}");
        assert!(public.verify(b"Message", &signature).is_err(), "{private}");
        assert_eq!(public.to_pem().unwrap().as_bytes(), file(&format!("{}.pub", private.split('.').next().unwrap())));
    }
}

#[test]
fn an_encrypted_key_wants_its_password_and_a_plain_one_none() {
    for (name, _) in GOOD {
        let without = PrivateKey::read(&file(name), None);
        let wrong = PrivateKey::read(&file(name), Some(b"Secret"));
        if ENCRYPTED.contains(&name) {
            assert_eq!(without.unwrap_err().to_string(), "the key is encrypted, and no password was given", "{name}");
            let said = wrong.unwrap_err().to_string();
            assert_eq!(said, "the key does not open: the password is wrong, or the file is damaged", "{name}");
        } else {
            assert!(without.is_ok() && wrong.is_ok(), "{name}");
        }
    }
}

#[test]
fn what_is_not_a_key_of_ours_is_refused_by_name() {
    for (name, said) in BAD {
        let error = PrivateKey::read(&file(name), Some(b"secret")).unwrap_err();
        assert_eq!(error.to_string(), said, "{name}");
    }
    let rsa = PrivateKey::read(&file("rsa.pem"), None).unwrap_err().to_string();
    assert!(rsa.starts_with("a key of the algorithm 1.2.840.113549.1.1.1"), "{rsa}");
    for (name, said) in BAD_PUBLIC {
        assert_eq!(PublicKey::read(&file(name)).unwrap_err().to_string(), said, "{name}");
    }
    let public = PrivateKey::read(&file("p256.pub"), None).unwrap_err().to_string();
    assert_eq!(public, "it holds `PUBLIC KEY`, and a private key is wanted");
    let private = PublicKey::read(&file("p256.pem")).unwrap_err().to_string();
    assert_eq!(private, "it holds `PRIVATE KEY`, and a public key is wanted");
}

#[test]
fn what_is_written_is_read_in_each_form() {
    for (name, _) in [GOOD[0], GOOD[4]] {
        let key = PrivateKey::read(&file(name), None).unwrap();
        for form in [Form::Plain, Form::Encrypted(b"secret"), Form::Cosign(b"secret"), Form::Cosign(b"")] {
            let pem = key.to_pem(form).unwrap();
            let password: &[u8] = if form == Form::Cosign(b"") { b"" } else { b"secret" };
            assert_eq!(
                PrivateKey::read(pem.as_bytes(), Some(password)).unwrap().public(),
                key.public(),
                "{name} {form:?}"
            );
            let again = key.to_pem(form).unwrap();
            assert_eq!(*again == *pem, form == Form::Plain, "salts and nonces are new each time: {name} {form:?}");
        }
        assert_eq!(key.to_pem(Form::Plain).unwrap().as_bytes(), file(name), "as OpenSSL writes it: {name}");
    }
}

/// A byte that changes anywhere gives a key that is refused, never a panic; in the PEM text of one that nothing authenticates it
/// may give another key.
#[test]
fn no_damage_makes_it_panic() {
    for (name, _) in GOOD.iter().filter(|(name, _)| !ENCRYPTED.contains(name)) {
        let good = file(name);
        for at in 0..good.len() {
            for byte in [b'A', b'\n', 0xff, good[at] ^ 1] {
                let mut bad = good.clone();
                bad[at] = byte;
                let _ = PrivateKey::read(&bad, None);
                let _ = PrivateKey::read(&good[..at], None);
            }
        }
    }
}
