//! A trusted root, made of its parts: the keys of logs, and chains of authorities.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::attest::base64;
use crate::attest::key::error::KeyError;
use crate::attest::key::pem;
use crate::attest::key::public::PublicKey;
use crate::attest::rekor::generation::Generation;
use crate::attest::trusted_root::{MEDIA_TYPES, host};
use crate::attest::x509::certificate::Certificate;
use crate::model::digest::Digest;

/// When something is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Valid {
    /// From then on.
    pub start: Timestamp,
    /// Until then.
    pub end: Option<Timestamp>,
}

/// A log of signatures or of certificates.
#[derive(Debug)]
pub struct LogPart {
    /// Where it is; its host is its name in checkpoints of the second generation.
    pub url: String,
    /// Its key.
    pub key: PublicKey,
    /// Of which generation it is.
    pub generation: Generation,
    /// When its key is valid.
    pub valid: Valid,
}

/// An authority, of certificates or of timestamps.
#[derive(Debug)]
pub struct AuthorityPart {
    /// Where it is.
    pub url: String,
    /// Its chain, in DER: the certificate that signs first, the root last.
    pub chain: Vec<Vec<u8>>,
    /// When it is trusted.
    pub valid: Valid,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Parts {
    /// Logs of signatures.
    pub logs: Vec<LogPart>,
    /// Authorities that give certificates out.
    pub authorities: Vec<AuthorityPart>,
    /// Logs of certificates.
    pub ct_logs: Vec<LogPart>,
    /// Authorities of timestamps.
    pub timestamps: Vec<AuthorityPart>,
}

/// The certificates of a PEM text, in DER, in their order.
///
/// # Errors
/// [`KeyError`].
pub fn chain(text: &[u8]) -> Result<Vec<Vec<u8>>, KeyError> {
    let blocks = pem::blocks(text)?;
    let der = |block: pem::Block| match block.label.as_str() {
        // One that cannot be read is refused here, and not when something is to be verified by it.
        "CERTIFICATE" => Certificate::from_der(&block.bytes).map(|certificate| certificate.der),
        label => Err(KeyError::OtherKind(label.to_owned(), "a certificate")),
    };
    let chain = blocks.into_iter().map(der).collect::<Result<Vec<_>, _>>()?;
    if chain.is_empty() { Err(KeyError::NotPem) } else { Ok(chain) }
}

impl Parts {
    /// The document.
    pub fn to_json(&self) -> Value {
        json!({
            "mediaType": MEDIA_TYPES[0],
            "tlogs": self.logs.iter().map(of_log).collect::<Vec<_>>(),
            "certificateAuthorities": self.authorities.iter().map(of_authority).collect::<Vec<_>>(),
            "ctlogs": self.ct_logs.iter().map(of_log).collect::<Vec<_>>(),
            "timestampAuthorities": self.timestamps.iter().map(of_authority).collect::<Vec<_>>(),
        })
    }
}

fn of_valid(valid: &Valid) -> Value {
    let mut json = json!({ "start": valid.start.to_string() });
    if let Some(end) = valid.end {
        json["end"] = json!(end.to_string());
    }
    json
}

fn of_log(log: &LogPart) -> Value {
    let details = if log.key.scheme() == "ed25519" { "PKIX_ED25519" } else { "PKIX_ECDSA_P256_SHA_256" };
    let id = match (log.generation, log.key.ed25519_bytes()) {
        // C2SP `signed-note`: the name, a line break, the algorithm, the key.
        (Generation::Second, Some(raw)) => Digest::of_all([host(&log.url).as_bytes(), b"\n\x01", raw]),
        _ => log.key.digest(),
    };
    json!({
        "baseUrl": log.url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": { "rawBytes": base64::encode(log.key.der()), "keyDetails": details, "validFor": of_valid(&log.valid) },
        "logId": { "keyId": base64::encode(id.as_bytes()) },
    })
}

fn of_authority(authority: &AuthorityPart) -> Value {
    let raw = |der: &Vec<u8>| json!({ "rawBytes": base64::encode(der) });
    json!({
        "subject": { "organization": "", "commonName": "" },
        "uri": authority.url,
        "certChain": { "certificates": authority.chain.iter().map(raw).collect::<Vec<_>>() },
        "validFor": of_valid(&authority.valid),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::key::private::PrivateKey;
    use crate::attest::trusted_root::TrustedRoot;

    #[test]
    fn what_is_made_is_read_as_it_was_meant() {
        let valid = Valid {
            start: "2026-01-01T00:00:00Z".parse().unwrap(),
            end: Some("2027-01-01T00:00:00Z".parse().unwrap()),
        };
        let log = |scheme: &str, generation| {
            let key = PrivateKey::generate(scheme).unwrap();
            let key = PublicKey::from_der(key.public().der()).unwrap();
            LogPart { url: format!("https://{scheme}.example:1/x"), key, generation, valid }
        };
        let parts = Parts {
            logs: vec![log("ecdsa-p256", Generation::First), log("ed25519", Generation::Second)],
            ..Parts::default()
        };
        let root = TrustedRoot::read(parts.to_json().to_string().as_bytes()).unwrap();
        let hosts: Vec<&str> = root.logs().iter().map(|log| log.host.as_str()).collect();
        assert_eq!(hosts, ["ecdsa-p256.example", "ed25519.example"]);
        assert_eq!(root.logs()[0].id, parts.logs[0].key.digest());
        assert_ne!(root.logs()[1].id, parts.logs[1].key.digest());
        assert!(!root.logs()[1].is_valid_at("2027-01-02T00:00:00Z".parse().unwrap()));
    }
}
