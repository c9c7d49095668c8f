//! What is sent to a log for an envelope, and the entry that it becomes there, known beforehand.
//!
//! What is kept until it is sent is the request to the first generation, since the envelope is in it; that to the second follows from it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::attest::base64;
use crate::attest::dsse::Envelope;
use crate::attest::key::error::KeyError;
use crate::attest::log::leaf::{self, Maker, Signed};
use crate::attest::log::merkle;
use crate::attest::rekor::generation::Generation;
use crate::attest::x509::certificate::SignedBy;
use crate::model::digest::Digest;

/// A request, to the byte. What was sent once is sent again as it was: another text of the same envelope would be another entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is sent.
    pub body: Vec<u8>,
    /// What the log keeps of it.
    pub entry: Vec<u8>,
}

/// What was kept is not a request of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a request for a log entry of one envelope by one key or certificate")]
pub struct NotARequest;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Json {
    api_version: String,
    kind: String,
    spec: Spec,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    proposed_content: Proposed,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposed {
    /// The JSON of the envelope, as a text.
    envelope: String,
    verifiers: Vec<String>,
}

impl Request {
    /// For an envelope in this text, which the maker has signed.
    ///
    /// # Errors
    /// [`KeyError::Encoding`].
    pub fn of<'m>(envelope: &Envelope, text: &str, by: impl Into<Maker<'m>>) -> Result<Self, KeyError> {
        let by = by.into();
        let verifier = by.as_text()?;
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": { "proposedContent": { "envelope": text, "verifiers": [verifier] } },
        });
        let signature = envelope.unverified_signatures().first().map(Vec::as_slice).unwrap_or_default();
        let entry = leaf::dsse_1(Digest::of(text.as_bytes()), envelope.unverified_payload(), signature, by)?;
        Ok(Self { body: body.to_string().into_bytes(), entry: entry.to_string().into_bytes() })
    }

    /// The same for the second generation, which has no envelopes: the digest of what is signed stands for it. `None` for a key whose signatures
    /// are not over a digest.
    pub fn of_second<'m>(envelope: &Envelope, by: impl Into<Maker<'m>>) -> Option<Self> {
        let signature = envelope.unverified_signatures().first().map(Vec::as_slice).unwrap_or_default();
        let (payload_type, payload) = (envelope.payload_type(), envelope.unverified_payload());
        let entry = leaf::hashedrekord_2(&Signed::Envelope { payload_type, payload, signature }, by)?;
        let body = request_of(&entry);
        Some(Self { body: body.to_string().into_bytes(), entry: entry.to_string().into_bytes() })
    }

    /// For the signature of a file with this digest; `None` for a key whose signatures are not over a digest, which no log takes.
    ///
    /// # Errors
    /// [`KeyError::Encoding`].
    pub fn of_file<'m>(
        digest: Digest,
        signature: &[u8],
        by: impl Into<Maker<'m>>,
        generation: Generation,
    ) -> Result<Option<Self>, KeyError> {
        let by = by.into();
        let Some(second) = leaf::hashedrekord_2(&Signed::Message { digest, signature }, by) else { return Ok(None) };
        let (body, entry) = match generation {
            Generation::First => {
                let entry = leaf::hashedrekord_1(&digest, signature, by)?;
                (entry.clone(), entry)
            }
            Generation::Second => (request_of(&second), second),
        };
        Ok(Some(Self { body: body.to_string().into_bytes(), entry: entry.to_string().into_bytes() }))
    }

    /// One that was kept: with its envelope and the key or certificate that has signed it, which is the one that it names.
    ///
    /// # Errors
    /// [`NotARequest`]; whoever can write where requests are kept can make it send nothing but what that has signed.
    pub fn read(body: Vec<u8>) -> Result<(Self, Envelope, SignedBy), NotARequest> {
        let json: Json = serde_json::from_slice(&body).map_err(|_| NotARequest)?;
        let Proposed { envelope: text, verifiers } = json.spec.proposed_content;
        let [verifier] = &verifiers[..] else { return Err(NotARequest) };
        let pem = base64::decode(verifier).map_err(|_| NotARequest)?;
        let by = SignedBy::read(&pem).map_err(|_| NotARequest)?;
        let envelope = Envelope::read(text.as_bytes()).map_err(|_| NotARequest)?;
        let again = Self::of(&envelope, &text, by.maker()).map_err(|_| NotARequest)?;
        let is_signed = envelope.verify(std::slice::from_ref(by.key())).is_ok();
        if !is_signed || envelope.unverified_signatures().len() != 1 || again.body != body {
            return Err(NotARequest);
        }
        Ok((again, envelope, by))
    }

    /// The hash of the entry, by which the log can be asked for it.
    pub fn leaf(&self) -> Digest {
        merkle::leaf(&self.entry)
    }
}

/// What is sent to the second generation for what it then keeps.
fn request_of(entry: &Value) -> Value {
    let spec = &entry["spec"]["hashedRekordV002"];
    json!({ "hashedRekordRequestV002": { "digest": spec["data"]["digest"], "signature": spec["signature"] } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::dsse::IN_TOTO;
    use crate::attest::key::private::PrivateKey;

    fn request(payload: &[u8]) -> (Request, Envelope, PrivateKey) {
        let key = PrivateKey::generate("ecdsa-p256").unwrap();
        let envelope = Envelope::sign(IN_TOTO, payload.to_vec(), &key).unwrap();
        let request = Request::of(&envelope, &envelope.to_json().unwrap(), key.public()).unwrap();
        (request, envelope, key)
    }

    #[test]
    fn what_was_kept_is_the_same_request() {
        let (request, envelope, key) = request(b"{}");
        let (again, read, by) = Request::read(request.body.clone()).unwrap();
        assert_eq!((again, read, by.key()), (request, envelope, key.public()));
    }

    #[test]
    fn what_was_changed_is_not_sent() {
        let (good, ..) = request(b"{}");
        let (other, ..) = request(b"[]");
        let text = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
        let envelope = |value: &serde_json::Value| value["spec"]["proposedContent"]["envelope"].clone();
        let mut mixed = text(&good.body);
        mixed["spec"]["proposedContent"]["envelope"] = envelope(&text(&other.body));
        assert_eq!(Request::read(mixed.to_string().into_bytes()), Err(NotARequest), "signed by another key");
        for at in 0..good.body.len() {
            let mut bad = good.body.clone();
            bad[at] = if bad[at] == b'x' { b'y' } else { b'x' };
            assert_eq!(Request::read(bad), Err(NotARequest), "{at}");
            assert_eq!(Request::read(good.body[..at].to_vec()), Err(NotARequest), "{at}");
        }
        let spaced = String::from_utf8(good.body.clone()).unwrap().replacen(':', ": ", 1);
        assert_eq!(Request::read(spaced.into_bytes()), Err(NotARequest));
    }
}
