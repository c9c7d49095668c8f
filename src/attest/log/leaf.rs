//! What a log keeps of a signature: the bytes of an entry, in the one form (RFC 8785) that a log writes them in.
//!
//! They are made here of the signature and of the key, and compared with what a log says that it has. So nothing of them is believed, and
//! the hash of an entry is known before it is sent. Every value is base64, hexadecimal or a word, and every object is written with its keys
//! sorted: that is RFC 8785 already.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::attest::base64;
use crate::attest::dsse::pae;
use crate::attest::key::error::KeyError;
use crate::attest::key::pem;
use crate::attest::key::public::PublicKey;
use crate::model::digest::Digest;

/// What is signed, and the signature.
#[derive(Debug, Clone, Copy)]
pub enum Signed<'s> {
    /// A payload with its type, in an envelope with this one signature.
    Envelope {
        /// What kind of payload it is.
        payload_type: &'s str,
        /// The payload.
        payload: &'s [u8],
        /// The signature over both.
        signature: &'s [u8],
    },
    /// A file, by its digest.
    Message {
        /// SHA-256 of it.
        digest: Digest,
        /// The signature over it.
        signature: &'s [u8],
    },
}

/// Who has signed, as a log keeps it.
#[derive(Debug, Clone, Copy)]
pub enum Maker<'m> {
    /// Who has this key.
    Key(&'m PublicKey),
    /// Who has the key of a certificate.
    Certificate {
        /// It, in DER.
        der: &'m [u8],
        /// Its key.
        key: &'m PublicKey,
    },
}

impl<'m> From<&'m PublicKey> for Maker<'m> {
    fn from(key: &'m PublicKey) -> Self {
        Self::Key(key)
    }
}

impl<'m> Maker<'m> {
    /// The key.
    pub fn key(self) -> &'m PublicKey {
        match self {
            Self::Key(key) | Self::Certificate { key, .. } => key,
        }
    }

    /// As the first generation keeps it: base64 of the PEM.
    ///
    /// # Errors
    /// [`KeyError::Encoding`].
    pub fn as_text(self) -> Result<String, KeyError> {
        Ok(match self {
            Self::Key(key) => base64::encode(key.to_pem()?.as_bytes()),
            Self::Certificate { der, .. } => base64::encode(pem::encode("CERTIFICATE", der)?.as_bytes()),
        })
    }

    /// As the second does.
    fn as_verifier(self) -> Value {
        let (kind, der) = match self {
            Self::Key(key) => ("publicKey", key.der()),
            Self::Certificate { der, .. } => ("x509Certificate", der),
        };
        json!({ "keyDetails": "PKIX_ECDSA_P256_SHA_256", kind: { "rawBytes": base64::encode(der) } })
    }
}

/// How a log keeps entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `dsse` 0.0.1, of the first generation: an envelope.
    Dsse1,
    /// `hashedrekord` 0.0.1, of the first generation: a file by its digest.
    HashedRekord1,
    /// `hashedrekord` 0.0.2, of the second generation: a file by its digest, or an envelope by that of what is signed.
    HashedRekord2,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Dsse1, Self::HashedRekord1, Self::HashedRekord2];

    /// Its name and version.
    pub fn code(self) -> (&'static str, &'static str) {
        match self {
            Self::Dsse1 => ("dsse", "0.0.1"),
            Self::HashedRekord1 => ("hashedrekord", "0.0.1"),
            Self::HashedRekord2 => ("hashedrekord", "0.0.2"),
        }
    }

    /// The one that is called so.
    pub fn of(kind: &str, version: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code() == (kind, version))
    }

    /// Whether entries are kept by the second generation of logs.
    pub fn is_of_second(self) -> bool {
        self == Self::HashedRekord2
    }
}

/// Whether `body` is what a log keeps of this signature by this maker, under this kind.
///
/// # Errors
/// [`KeyError::Encoding`].
pub fn is_of<'m>(body: &[u8], kind: Kind, signed: &Signed<'_>, by: impl Into<Maker<'m>>) -> Result<bool, KeyError> {
    let by = by.into();
    let expected = match (kind, signed) {
        (Kind::Dsse1, Signed::Envelope { payload, signature, .. }) => {
            // It is over the text in which the envelope was sent, which whoever has the envelope alone cannot know.
            let Some(envelope) = envelope_hash(body) else { return Ok(false) };
            dsse_1(envelope, payload, signature, by)?
        }
        (Kind::HashedRekord1, Signed::Message { digest, signature }) => hashedrekord_1(digest, signature, by)?,
        (Kind::HashedRekord2, signed) => match hashedrekord_2(signed, by) {
            Some(expected) => expected,
            None => return Ok(false),
        },
        (Kind::Dsse1, Signed::Message { .. }) | (Kind::HashedRekord1, Signed::Envelope { .. }) => return Ok(false),
    };
    Ok(expected.to_string().as_bytes() == body)
}

/// What `dsse` 0.0.1 keeps of an envelope that was sent in a text with this digest.
///
/// # Errors
/// [`KeyError::Encoding`].
pub fn dsse_1<'m>(
    envelope: Digest,
    payload: &[u8],
    signature: &[u8],
    by: impl Into<Maker<'m>>,
) -> Result<Value, KeyError> {
    let verifier = by.into().as_text()?;
    let hash = |digest: Digest| json!({ "algorithm": "sha256", "value": digest.hex() });
    Ok(json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": hash(envelope),
            "payloadHash": hash(Digest::of(payload)),
            "signatures": [{ "signature": base64::encode(signature), "verifier": verifier }],
        },
    }))
}

/// What `hashedrekord` 0.0.1 keeps of the signature of a file; it is what is sent, too.
///
/// # Errors
/// [`KeyError::Encoding`].
pub fn hashedrekord_1<'m>(digest: &Digest, signature: &[u8], by: impl Into<Maker<'m>>) -> Result<Value, KeyError> {
    Ok(json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": { "hash": { "algorithm": "sha256", "value": digest.hex() } },
            "signature": {
                "content": base64::encode(signature),
                "publicKey": { "content": by.into().as_text()? },
            },
        },
    }))
}

/// What `hashedrekord` 0.0.2 keeps of a signature; `None` for a key whose signatures are not over a digest.
pub fn hashedrekord_2<'m>(signed: &Signed<'_>, by: impl Into<Maker<'m>>) -> Option<Value> {
    let by = by.into();
    if by.key().scheme() != "ecdsa-p256" {
        return None;
    }
    let (digest, signature) = match signed {
        Signed::Envelope { payload_type, payload, signature } => (Digest::of(&pae(payload_type, payload)), signature),
        Signed::Message { digest, signature } => (*digest, signature),
    };
    Some(json!({
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": {
            "hashedRekordV002": {
                "data": { "algorithm": "SHA2_256", "digest": base64::encode(digest.as_bytes()) },
                "signature": {
                    "content": base64::encode(signature),
                    "verifier": by.as_verifier(),
                },
            },
        },
    }))
}

fn envelope_hash(body: &[u8]) -> Option<Digest> {
    #[derive(Deserialize)]
    struct Body {
        spec: Spec,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Spec {
        envelope_hash: Hash,
    }
    #[derive(Deserialize)]
    struct Hash {
        value: String,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    format!("sha256:{}", body.spec.envelope_hash.value).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::key::private::PrivateKey;

    /// An entry of the public log, as it is in `hashedrekord.managed-key.sigstore.json`.
    #[test]
    fn it_is_what_the_public_log_keeps() {
        let bundle = include_str!("../../../tests/data/attest/bundles/managed-key.sigstore.json");
        let bundle: Value = serde_json::from_str(bundle).unwrap();
        let body = bundle["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"].as_str().unwrap();
        let body = base64::decode(body).unwrap();
        let key = PublicKey::read(include_bytes!("../../../tests/data/attest/bundles/managed-key.pub")).unwrap();
        let signature = base64::decode(bundle["messageSignature"]["signature"].as_str().unwrap()).unwrap();
        let digest = Digest::of(include_bytes!("../../../tests/data/attest/bundles/managed-key.txt"));
        let is_of =
            |digest| is_of(&body, Kind::HashedRekord1, &Signed::Message { digest, signature: &signature }, &key);
        assert!(is_of(digest).unwrap());
        assert!(!is_of(Digest::of(b"another")).unwrap());
    }

    #[test]
    fn another_kind_is_another_entry() {
        let key = PrivateKey::generate("ecdsa-p256").unwrap();
        let envelope = Signed::Envelope { payload_type: "t", payload: b"p", signature: b"s" };
        let message = Signed::Message { digest: Digest::of(b"p"), signature: b"s" };
        let dsse = dsse_1(Digest::of(b"text"), b"p", b"s", key.public()).unwrap().to_string();
        let of_file = hashedrekord_1(&Digest::of(b"p"), b"s", key.public()).unwrap().to_string();
        let of_envelope = hashedrekord_2(&envelope, key.public()).unwrap().to_string();
        let of_message = hashedrekord_2(&message, key.public()).unwrap().to_string();
        for body in [&dsse, &of_file, &of_envelope, &of_message] {
            for kind in Kind::ALL {
                for (signed, is_envelope) in [(&envelope, true), (&message, false)] {
                    let fits = match kind {
                        Kind::Dsse1 => is_envelope && body == &dsse,
                        Kind::HashedRekord1 => !is_envelope && body == &of_file,
                        Kind::HashedRekord2 => body == if is_envelope { &of_envelope } else { &of_message },
                    };
                    assert_eq!(is_of(body.as_bytes(), kind, signed, key.public()).unwrap(), fits, "{kind:?} {body}");
                }
            }
        }
        // Written in another way it is not what a log keeps.
        let spaced = dsse.replacen(':', ": ", 1);
        assert!(!is_of(spaced.as_bytes(), Kind::Dsse1, &envelope, key.public()).unwrap());
        for broken in ["", "{}", "[]", "{\"spec\":{\"envelopeHash\":{\"value\":\"00\"}}}"] {
            assert!(!is_of(broken.as_bytes(), Kind::Dsse1, &envelope, key.public()).unwrap());
        }
        // The second generation takes signatures over a digest alone.
        let other = PrivateKey::generate("ed25519").unwrap();
        assert_eq!(hashedrekord_2(&envelope, other.public()), None);
    }
}
