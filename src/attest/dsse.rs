//! The Dead Simple Signing Envelope (`secure-systems-lab/dsse`, protocol 1.0.2): bytes with their type, and signatures over both.
//!
//! Invariants: what is signed is the pre-authentication encoding ([`pae`]), never the JSON around it; a payload that was not
//! verified is handed out under a name that says so; the key id in an envelope is a remark of a stranger's and selects nothing.

use serde::{Deserialize, Serialize};

use crate::attest::base64;
use crate::attest::key::error::KeyError;
use crate::attest::key::private::PrivateKey;
use crate::attest::key::public::PublicKey;
use crate::model::diagnostic::{Diagnostic, FailureKind};

/// The payload type of an in-toto statement.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// The most bytes of an envelope that is read.
pub const MOST_BYTES: u64 = 32 * 1024 * 1024;

/// The most signatures of one that is read: each costs an operation for each key.
const MOST_SIGNATURES: usize = 32;

/// What is signed: `DSSEv1`, the length and the text of the type, the length and the bytes of the payload. Lengths are in bytes.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// A payload with its type and signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<Vec<u8>>,
}

/// A payload that is signed by a key that was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verified<'e> {
    /// What kind of payload it is.
    pub payload_type: &'e str,
    /// The bytes that were signed.
    pub payload: &'e [u8],
    /// The key that signed them.
    pub key: &'e PublicKey,
}

/// Why an envelope is refused.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// It is not the JSON of an envelope.
    #[error("it is not a DSSE envelope")]
    NotAnEnvelope(#[source] serde_json::Error),
    /// A field that should be base64 is something else.
    #[error("`{0}` of the envelope is not base64")]
    NotBase64(&'static str),
    /// There is no signature.
    #[error("the envelope has no signature")]
    Unsigned,
    /// There are more signatures than are looked at.
    #[error("the envelope has {0} signatures, more than {MOST_SIGNATURES}")]
    TooManySignatures(usize),
    /// None of the signatures is by one of the keys.
    #[error("no signature of the envelope is by {}", if *.0 == 1 { "the key".to_owned() } else { format!("one of the {} keys", .0) })]
    NotByTheseKeys(usize),
}

impl Diagnostic for EnvelopeError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NotAnEnvelope(_) | Self::NotBase64(_) => FailureKind::Usage,
            Self::Unsigned | Self::TooManySignatures(_) | Self::NotByTheseKeys(_) => FailureKind::Verification,
        }
    }
}

/// The JSON form. What else stands in it is ignored, as the protocol asks.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    payload: String,
    payload_type: String,
    signatures: Vec<JsonSignature>,
}

#[derive(Serialize, Deserialize)]
struct JsonSignature {
    sig: String,
}

impl Envelope {
    /// Signs `payload`. The same payload, type and key give the same envelope.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn sign(payload_type: &str, payload: Vec<u8>, key: &PrivateKey) -> Result<Self, KeyError> {
        let signature = key.sign(&pae(payload_type, &payload))?;
        Ok(Self::of(payload_type, payload, signature))
    }

    /// One with this signature, which is not looked at.
    pub fn of(payload_type: &str, payload: Vec<u8>, signature: Vec<u8>) -> Self {
        Self { payload_type: payload_type.to_owned(), payload, signatures: vec![signature] }
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// [`EnvelopeError`]; whether a signature is good is not looked at.
    pub fn read(json: &[u8]) -> Result<Self, EnvelopeError> {
        let json: Json = serde_json::from_slice(json).map_err(EnvelopeError::NotAnEnvelope)?;
        match json.signatures.len() {
            0 => return Err(EnvelopeError::Unsigned),
            count if count > MOST_SIGNATURES => return Err(EnvelopeError::TooManySignatures(count)),
            _ => {}
        }
        let bytes = |field, text: &str| base64::decode(text).map_err(|_| EnvelopeError::NotBase64(field));
        let signatures = json.signatures.iter().map(|signature| bytes("sig", &signature.sig));
        Ok(Self {
            payload_type: json.payload_type,
            payload: bytes("payload", &json.payload)?,
            signatures: signatures.collect::<Result<_, _>>()?,
        })
    }

    /// The JSON form, in one line: the same bytes for the same envelope.
    ///
    /// # Errors
    /// [`KeyError::Encoding`].
    pub fn to_json(&self) -> Result<String, KeyError> {
        let json = Json {
            payload: base64::encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: self.signatures.iter().map(|sig| JsonSignature { sig: base64::encode(sig) }).collect(),
        };
        serde_json::to_string(&json).map_err(KeyError::encoding)
    }

    /// Looks for a signature by one of `keys`.
    ///
    /// # Errors
    /// [`EnvelopeError::NotByTheseKeys`].
    pub fn verify<'e>(&'e self, keys: &'e [PublicKey]) -> Result<Verified<'e>, EnvelopeError> {
        let signed = pae(&self.payload_type, &self.payload);
        let by = |key: &&PublicKey| self.signatures.iter().any(|signature| key.verify(&signed, signature).is_ok());
        let key = keys.iter().find(by).ok_or(EnvelopeError::NotByTheseKeys(keys.len()))?;
        Ok(Verified { payload_type: &self.payload_type, payload: &self.payload, key })
    }

    /// What kind of payload it is said to be.
    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    /// The payload, which nobody need have signed.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signatures, none of them checked.
    pub fn unverified_signatures(&self) -> &[Vec<u8>] {
        &self.signatures
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::Signature;
    use proptest::prelude::*;

    use super::*;
    use crate::attest::key::private::Form;

    /// The key, the message and the signature of the protocol's own example (`protocol.md`).
    const KEY: &str = "97358161215184420915383655311931858321456579547487070936769975997791359926199";
    const TYPE: &str = "http://example.com/HelloWorld";
    const SIGNATURE: &str = "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==";

    /// A decimal number as 32 bytes.
    fn scalar(decimal: &str) -> [u8; 32] {
        let mut bytes = [0_u8; 32];
        for digit in decimal.bytes().map(|digit| u16::from(digit - b'0')) {
            let mut carry = digit;
            for byte in bytes.iter_mut().rev() {
                let value = u16::from(*byte) * 10 + carry;
                (*byte, carry) = (value.to_le_bytes()[0], value >> 8);
            }
            assert_eq!(carry, 0);
        }
        bytes
    }

    fn key_of_the_protocol() -> PrivateKey {
        use p256::pkcs8::EncodePrivateKey;
        let pem = p256::SecretKey::from_slice(&scalar(KEY)).unwrap().to_pkcs8_pem(pkcs8::LineEnding::LF).unwrap();
        PrivateKey::read(pem.as_bytes(), None).unwrap()
    }

    #[test]
    fn what_is_signed_is_that_of_the_protocol() {
        assert_eq!(pae(TYPE, b"hello world"), b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        // Lengths are of bytes.
        assert_eq!(pae("ä", "ö".as_bytes()), "DSSEv1 2 ä 2 ö".as_bytes());
        assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
    }

    /// Its signature is `r` and `s` side by side, Sigstore's are DER: the numbers are the same, since RFC 6979 leaves no choice.
    #[test]
    fn the_signature_is_that_of_the_protocol() {
        let envelope = Envelope::sign(TYPE, b"hello world".to_vec(), &key_of_the_protocol()).unwrap();
        let expected = Signature::from_slice(&base64::decode(SIGNATURE).unwrap()).unwrap();
        assert_eq!(envelope.unverified_signatures(), [expected.to_der().as_bytes().to_vec()]);
        let keys = [PublicKey::from_der(key_of_the_protocol().public().der()).unwrap()];
        assert_eq!(envelope.verify(&keys).unwrap().payload, b"hello world");
    }

    #[test]
    fn both_alphabets_and_foreign_fields_are_read() {
        let payload = [0xfb_u8, 0xef, 0xff];
        for payload_text in ["++//", "--__"] {
            let json = format!(
                r#"{{"payload":"{payload_text}","payloadType":"t","signatures":[{{"keyid":"x","sig":"AA==","extra":1}}],"extra":{{}}}}"#
            );
            assert_eq!(Envelope::read(json.as_bytes()).unwrap().payload, payload);
        }
    }

    #[test]
    fn what_is_not_an_envelope_is_refused_by_name() {
        let refused = |json: &str| Envelope::read(json.as_bytes()).unwrap_err().to_string();
        assert_eq!(refused(r#"{"payload":"","payloadType":"t","signatures":[]}"#), "the envelope has no signature");
        assert_eq!(
            refused(r#"{"payload":"?","payloadType":"t","signatures":[{"sig":""}]}"#),
            "`payload` of the envelope is not base64"
        );
        assert_eq!(
            refused(r#"{"payload":"","payloadType":"t","signatures":[{"sig":"?"}]}"#),
            "`sig` of the envelope is not base64"
        );
        // Which of two payloads was signed, another reader may answer in another way.
        let twice = r#"{"payload":"","payload":"AA==","payloadType":"t","signatures":[{"sig":""}]}"#;
        assert_eq!(refused(twice), "it is not a DSSE envelope");
        let many = format!(r#"{{"payload":"","payloadType":"t","signatures":[{}]}}"#, [r#"{"sig":""}"#; 33].join(","));
        assert_eq!(refused(&many), "the envelope has 33 signatures, more than 32");
    }

    fn keys() -> Vec<PrivateKey> {
        ["ed25519", "ecdsa-p256"].map(|scheme| PrivateKey::generate(scheme).unwrap()).into()
    }

    fn public(key: &PrivateKey) -> PublicKey {
        PublicKey::from_der(key.public().der()).unwrap()
    }

    #[test]
    fn only_the_key_that_signed_verifies() {
        for key in keys() {
            let envelope = Envelope::sign(IN_TOTO, b"{}".to_vec(), &key).unwrap();
            assert_eq!(Envelope::sign(IN_TOTO, b"{}".to_vec(), &key).unwrap(), envelope, "deterministic");
            let others: Vec<PublicKey> = keys().iter().map(public).collect();
            let error = envelope.verify(&others).unwrap_err();
            assert_eq!(error.to_string(), "no signature of the envelope is by one of the 2 keys");
            assert_eq!(
                envelope.verify(&others[..1]).unwrap_err().to_string(),
                "no signature of the envelope is by the key"
            );
            assert!(envelope.verify(&[]).is_err());
            let all: Vec<PublicKey> = others.into_iter().chain([public(&key)]).collect();
            assert_eq!(envelope.verify(&all).unwrap().key, key.public());
        }
    }

    /// A second signature by somebody else takes nothing from the first.
    #[test]
    fn one_good_signature_is_enough() {
        let [a, b] = <[PrivateKey; 2]>::try_from(keys()).unwrap();
        let mut envelope = Envelope::sign(IN_TOTO, b"{}".to_vec(), &a).unwrap();
        envelope.signatures.insert(0, b"not one".to_vec());
        let read = Envelope::read(envelope.to_json().unwrap().as_bytes()).unwrap();
        assert_eq!(read, envelope);
        assert_eq!(read.verify(&[public(&a)]).unwrap().payload, b"{}");
        assert!(read.verify(&[public(&b)]).is_err());
    }

    #[test]
    fn no_secret_is_in_what_is_printed() {
        for key in keys() {
            let pem = key.to_pem(Form::Plain).unwrap();
            let der = pkcs8::der::pem::decode_vec(pem.as_bytes()).unwrap().1;
            let shown = format!("{key:?}");
            // The seed or the number stands in it somewhere, as 32 bytes; so does the public half, which is not a secret.
            let public = hex::encode(key.public().der());
            let mut secrets = der.windows(32).map(hex::encode).filter(|secret| !public.contains(secret));
            assert!(secrets.clone().count() > 0, "nothing was looked for");
            assert!(secrets.all(|secret| !shown.to_lowercase().contains(&secret)), "{shown}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn any_change_of_payload_type_or_signature_is_seen(payload in prop::collection::vec(any::<u8>(), 1..48), at in any::<prop::sample::Index>(), bit in 0..8) {
            for key in keys() {
                let good = Envelope::sign(IN_TOTO, payload.clone(), &key).unwrap();
                let key = [public(&key)];
                prop_assert!(good.verify(&key).is_ok());
                let mut bad = good.clone();
                let place = at.index(bad.payload.len());
                bad.payload[place] ^= 1_u8 << bit;
                prop_assert!(bad.verify(&key).is_err());
                let mut bad = good.clone();
                bad.payload_type.insert(at.index(IN_TOTO.len()), 'x');
                prop_assert!(bad.verify(&key).is_err());
                let mut bad = good.clone();
                let place = at.index(bad.signatures[0].len());
                bad.signatures[0][place] ^= 1_u8 << bit;
                prop_assert!(bad.verify(&key).is_err());
                let mut bad = good;
                bad.signatures[0].pop();
                prop_assert!(bad.verify(&key).is_err());
            }
        }

        #[test]
        fn no_bytes_make_it_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut json = br#"{"payload":"++//","payloadType":"t","signatures":[{"sig":"AA=="}]}"#.to_vec();
            let at = at.index(json.len());
            json[at] = byte;
            let _ = Envelope::read(&json).map(|envelope| envelope.verify(&[]).is_err());
        }
    }
}
