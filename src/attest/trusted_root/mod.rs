//! Whom a verifier trusts: the logs of a `trusted_root.json`, as Sigstore distributes it and `cosign trusted-root create` writes it.
//!
//! Invariants: a log that is trusted has a key that can be used, and the id that follows from that key; what is not understood of a log makes
//! it one that nothing is verified by, and it says so. Absent: authorities of certificates and of timestamps, which `x509` reads in its text.

pub mod create;
pub mod parts;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::attest::base64;
use crate::attest::key::public::PublicKey;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::digest::Digest;
use crate::model::text::objects;

/// The most bytes of such a file.
pub const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// What the document says it is; later versions of it only add.
pub(in crate::attest) const MEDIA_TYPES: [&str; 3] = [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
];

/// The root of Sigstore's public-good instance. `public_good.md` says where it is from.
const PUBLIC_GOOD: &[u8] = include_bytes!("public_good.json");

/// Whom a verifier trusts.
#[derive(Debug)]
pub struct TrustedRoot {
    text: String,
    logs: Vec<Log>,
    unusable: Vec<Unusable>,
}

/// A log that is trusted.
#[derive(Debug)]
pub struct Log {
    /// Where it is, or was.
    pub base_url: String,
    /// Its name in checkpoints of the second generation.
    pub host: String,
    /// Its id: of the first generation the SHA-256 of the key, of the second the SHA-256 of name and key.
    pub id: Digest,
    /// What it signs by.
    pub key: PublicKey,
    /// Since when.
    pub start: Option<Timestamp>,
    /// Until when.
    pub end: Option<Timestamp>,
}

/// A log that is listed, and by which nothing can be verified here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    id: Vec<u8>,
    why: String,
}

/// Why a trusted root cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustedRootError {
    /// It is not the JSON of one.
    #[error("it is not a trusted root")]
    NotARoot(#[source] serde_json::Error),
    /// Another document, or a later version.
    #[error("it says that it is `{0}`, which is not a trusted root that is known")]
    MediaType(String),
    /// A log is described in a way that contradicts itself.
    #[error("its log `{0}` has another id than follows from its key")]
    OtherId(String),
    /// Two logs have one id.
    #[error("its logs `{0}` and `{1}` have the same id")]
    SameId(String, String),
}

impl Diagnostic for TrustedRootError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    media_type: String,
    #[serde(default)]
    tlogs: Vec<JsonLog>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonLog {
    #[serde(default)]
    base_url: String,
    #[serde(default)]
    hash_algorithm: String,
    public_key: JsonKey,
    log_id: JsonId,
    /// Whose it is: a remark.
    #[serde(default, rename = "operator")]
    _operator: IgnoredAny,
    /// By which id checkpoints name it: the one that follows from its key is what is asked for.
    #[serde(default, rename = "checkpointKeyId")]
    _checkpoint_key_id: IgnoredAny,
    /// What could limit the trust in it, and is not known.
    #[serde(flatten)]
    unknown: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct JsonKey {
    raw_bytes: String,
    key_details: String,
    #[serde(default)]
    valid_for: Option<JsonRange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonRange {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct JsonId {
    key_id: String,
}

impl Log {
    /// Whether its key was valid then.
    pub fn is_valid_at(&self, time: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= time) && self.end.is_none_or(|end| time <= end)
    }
}

impl TrustedRoot {
    /// That of Sigstore's public-good instance, as it was when this release was made.
    ///
    /// # Errors
    /// None that a release has: a test reads it.
    pub fn public_good() -> Result<Self, TrustedRootError> {
        Self::read(PUBLIC_GOOD)
    }

    /// That of Sigstore's staging instance, as the library beneath has it: for conformance tests alone.
    ///
    /// # Errors
    /// None that a release has.
    pub fn staging() -> Result<Self, TrustedRootError> {
        Self::read(sigstore_verify::trust_root::SIGSTORE_STAGING_TRUSTED_ROOT.as_bytes())
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`TrustedRootError`].
    pub fn read(json: &[u8]) -> Result<Self, TrustedRootError> {
        let parsed: Json = objects::from_slice(json).map_err(TrustedRootError::NotARoot)?;
        if !MEDIA_TYPES.contains(&parsed.media_type.as_str()) {
            return Err(TrustedRootError::MediaType(parsed.media_type));
        }
        let text = String::from_utf8_lossy(json).into_owned();
        let mut root = Self { text, logs: Vec::new(), unusable: Vec::new() };
        for log in parsed.tlogs {
            let id = base64::decode(&log.log_id.key_id).unwrap_or_default();
            match usable(log) {
                Ok((log, ids)) => {
                    let id = ids.into_iter().find(|known| known.as_bytes()[..] == id);
                    let id = id.ok_or_else(|| TrustedRootError::OtherId(log.base_url.clone()))?;
                    if let Some(other) = root.logs.iter().find(|other| other.id == id) {
                        return Err(TrustedRootError::SameId(other.base_url.clone(), log.base_url));
                    }
                    root.logs.push(Log { id, ..log });
                }
                Err(why) => root.unusable.push(Unusable { id, why }),
            }
        }
        Ok(root)
    }

    /// It as it was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The logs by which something can be verified.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The log of that id.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub fn log(&self, id: &[u8]) -> Result<&Log, String> {
        let listed = self.logs.iter().find(|log| log.id.as_bytes()[..] == *id);
        listed.ok_or_else(|| match self.unusable.iter().find(|log| log.id == id) {
            Some(log) => log.why.clone(),
            None => "it is not in the trusted root".to_owned(),
        })
    }
}

/// A log with every id that its key can have; or why nothing is verified by it.
fn usable(log: JsonLog) -> Result<(Log, Vec<Digest>), String> {
    if let Some(name) = log.unknown.keys().next() {
        return Err(format!("it has a member `{name}`, which is not known"));
    }
    if log.hash_algorithm != "SHA2_256" {
        return Err(format!("its hashes are of `{}`, which is not supported", log.hash_algorithm));
    }
    let der = base64::decode(&log.public_key.raw_bytes).map_err(|_| "its key is not base64".to_owned())?;
    let key = PublicKey::from_der(&der).map_err(|error| format!("its key cannot be used: {error}"))?;
    let expected = match key.scheme() {
        "ecdsa-p256" => "PKIX_ECDSA_P256_SHA_256",
        "ed25519" => "PKIX_ED25519",
        other => other,
    };
    if log.public_key.key_details != expected {
        return Err(format!("its key is of the kind `{}`, which is not supported", log.public_key.key_details));
    }
    let host = host(&log.base_url).to_owned();
    let mut ids = vec![key.digest()];
    if let Some(raw) = key.ed25519_bytes() {
        // C2SP `signed-note`: the name, a line break, the algorithm, the key.
        ids.push(Digest::of_all([host.as_bytes(), b"\n\x01", raw]));
    }
    let range = log.public_key.valid_for;
    let (start, end) = range.map_or((None, None), |range| (range.start, range.end));
    if start.zip(end).is_some_and(|(start, end)| end < start) {
        return Err("its key ends to be valid before it begins".to_owned());
    }
    Ok((Log { base_url: log.base_url, host, id: key.digest(), key, start, end }, ids))
}

/// What stands between `https://` and the port, or the path: checkpoints name a log so.
pub(in crate::attest) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn public_good() -> Value {
        serde_json::from_slice(PUBLIC_GOOD).unwrap()
    }

    fn refused(value: &Value) -> String {
        TrustedRoot::read(value.to_string().as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn the_root_of_the_public_instance_has_logs_of_both_generations() {
        let root = TrustedRoot::public_good().unwrap();
        let shown: Vec<_> = root.logs.iter().map(|log| (log.host.as_str(), log.key.scheme())).collect();
        assert_eq!(shown, [("rekor.sigstore.dev", "ecdsa-p256"), ("log2025-1.rekor.sigstore.dev", "ed25519")]);
        assert_eq!(root.unusable, []);
        // As the log itself and its checkpoints name it.
        let id = hex::decode("c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d").unwrap();
        assert_eq!(root.log(&id).unwrap().base_url, "https://rekor.sigstore.dev");
        assert_eq!(root.log(&[0; 32]).unwrap_err(), "it is not in the trusted root");
    }

    #[test]
    fn a_log_that_contradicts_itself_is_refused() {
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut root = public_good();
            change(&mut root);
            root
        };
        for at in [0, 1] {
            let root = changed(&|root| root["tlogs"][at]["logId"]["keyId"] = json!(base64::encode(&[7; 32])));
            assert!(refused(&root).contains("has another id than follows from its key"));
        }
        // The name is a part of the id of the second generation.
        let root = changed(&|root| root["tlogs"][1]["baseUrl"] = json!("https://other.example"));
        assert!(refused(&root).contains("`https://other.example` has another id"));
        let root = changed(&|root| root["tlogs"][1] = root["tlogs"][0].clone());
        assert!(refused(&root).contains("have the same id"));
        let root =
            changed(&|root| root["mediaType"] = json!("application/vnd.dev.sigstore.trustedroot+json;version=9"));
        assert!(refused(&root).contains("version=9"));
        for no in [json!([]), json!({}), json!({"mediaType": MEDIA_TYPES[0], "tlogs": [{}]})] {
            assert_eq!(refused(&no), "it is not a trusted root");
        }
    }

    /// A key of a kind that comes later takes nothing from the other logs, and verifies nothing.
    #[test]
    fn a_log_that_is_not_understood_verifies_nothing() {
        for (pointer, value, said) in [
            ("/tlogs/1/hashAlgorithm", json!("SHA2_512"), "its hashes are of `SHA2_512`, which is not supported"),
            ("/tlogs/1/publicKey/keyDetails", json!("PKIX_ED25519_PH"), "of the kind `PKIX_ED25519_PH`"),
            (
                "/tlogs/1/publicKey/keyDetails",
                json!("PKIX_ECDSA_P256_SHA_256"),
                "of the kind `PKIX_ECDSA_P256_SHA_256`",
            ),
            ("/tlogs/1/publicKey/rawBytes", json!("!"), "its key is not base64"),
            ("/tlogs/1/publicKey/rawBytes", json!("AAAA"), "its key cannot be used"),
        ] {
            let mut root = public_good();
            let id = base64::decode(root["tlogs"][1]["logId"]["keyId"].as_str().unwrap()).unwrap();
            *root.pointer_mut(pointer).unwrap() = value;
            let root = TrustedRoot::read(root.to_string().as_bytes()).unwrap();
            assert_eq!(root.logs.len(), 1);
            assert!(root.log(&id).unwrap_err().contains(said), "{pointer}");
        }
    }
}
