//! A Sigstore bundle: a signature with what shows when it was made and that a log has it, in one file that is verified offline.
//!
//! Versions 0.1 to 0.3 are read, 0.3 is written. Invariants: what is read has exactly one signature, of one kind of content, by one key or
//! one certificate; every log entry of a bundle is verified, not only one. Absent: what a certificate says, and timestamps (see `x509`).

mod json;

use jiff::Timestamp;

use crate::attest::base64;
use crate::attest::dsse::pae;
use crate::attest::key::public::PublicKey;
use crate::attest::log::entry::{self, Entry, EntryError, Logged, Proof, ProofIs};
use crate::attest::log::leaf::{Maker, Signed};
use crate::attest::trusted_root::TrustedRoot;
use crate::attest::x509::certified::Certified;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::digest::Digest;
use crate::model::text::objects;

/// The most bytes of a bundle that is read.
pub const MOST_BYTES: u64 = crate::attest::dsse::MOST_BYTES;

/// What a bundle of today says that it is.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The most log entries, and as many timestamps, as other verifiers have it.
const MOST_ENTRIES: usize = 32;
/// The most hashes that lead to a root: a tree has fewer than 2^63 entries.
const MOST_HASHES: usize = 64;

/// The versions that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 0.1: a promise of the log is enough.
    V01,
    /// 0.2: a proof is needed.
    V02,
    /// 0.3: one certificate in the place of a chain.
    V03,
}

impl Version {
    fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "application/vnd.dev.sigstore.bundle+json;version=0.1" => Some(Self::V01),
            "application/vnd.dev.sigstore.bundle+json;version=0.2" => Some(Self::V02),
            "application/vnd.dev.sigstore.bundle+json;version=0.3" | MEDIA_TYPE => Some(Self::V03),
            _ => None,
        }
    }
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A payload with its type.
    Envelope {
        /// What kind of payload it is.
        payload_type: String,
        /// The payload.
        payload: Vec<u8>,
    },
    /// A file, which is not in the bundle.
    Message {
        /// Its digest, where the bundle says one.
        digest: Option<Digest>,
    },
}

/// A bundle, nothing of it checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    version: Version,
    content: Content,
    signature: Vec<u8>,
    by: By,
    entries: Vec<Entry>,
    timestamps: Vec<Vec<u8>>,
}

/// By what a bundle is signed, as it says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum By {
    /// A key, with this hint.
    Key(String),
    /// A certificate, in DER, before those that lead to an authority.
    Certificate(Vec<Vec<u8>>),
}

/// What a bundle shows.
#[derive(Debug, Clone, Copy)]
pub struct Verified<'b> {
    /// What is signed.
    pub content: &'b Content,
    /// Who signed it.
    pub by: Maker<'b>,
}

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It is not the JSON of one.
    #[error("it is not a Sigstore bundle")]
    NotABundle(#[source] serde_json::Error),
    /// A version that is not known.
    #[error("it says that it is `{0}`, which is not a bundle of a version that is known")]
    MediaType(String),
    /// It does not say by what kind of key it is signed, or says several.
    #[error("the bundle is not by one key or one certificate")]
    Material,
    /// It is signed by a certificate, where a key is trusted.
    #[error("the bundle is signed by a certificate, and not by a key")]
    Certificate,
    /// The other way round.
    #[error("the bundle is signed by a key, and not by a certificate")]
    Key,
    /// Its certificate has not signed it.
    #[error("the bundle is not signed by the key of its certificate")]
    NotByItsCertificate,
    /// It has no content, or two.
    #[error("the bundle has not one envelope or one signature of a file")]
    NoContent,
    /// It has no signature, or several.
    #[error("the envelope has {0} signatures, and a bundle has one")]
    Signatures(usize),
    /// A digest of the file that is not SHA-256.
    #[error("the bundle names its file by `{0}`, which is not supported")]
    DigestAlgorithm(String),
    /// Something of a log entry has a wrong length.
    #[error("`{0}` of the bundle has a wrong length")]
    Length(&'static str),
    /// More log entries than are looked at.
    #[error("the bundle has {0} log entries, more than {MOST_ENTRIES}")]
    TooMany(usize),
    /// It is not signed by the keys that are trusted.
    #[error("the bundle is not signed by {}", if *.0 == 1 { "the key".to_owned() } else { format!("one of the {} keys", .0) })]
    NotByTheseKeys(usize),
    /// It names another key than the one that has signed it.
    #[error("the bundle says that it is signed by the key `{said}`, and it is signed by `{is}`")]
    OtherHint {
        /// What it says.
        said: String,
        /// What it is.
        is: String,
    },
    /// No log has it.
    #[error("no log has the signature")]
    NoLog,
    /// A log is named twice with one index.
    #[error("a log entry stands twice in the bundle")]
    Twice,
    /// A log entry shows nothing.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

impl Diagnostic for BundleError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NotABundle(_)
            | Self::MediaType(_)
            | Self::Material
            | Self::Certificate
            | Self::Key
            | Self::NoContent
            | Self::DigestAlgorithm(_)
            | Self::Length(_) => FailureKind::Usage,
            Self::Signatures(_)
            | Self::TooMany(_)
            | Self::NotByTheseKeys(_)
            | Self::NotByItsCertificate
            | Self::OtherHint { .. }
            | Self::NoLog
            | Self::Twice
            | Self::Entry(_) => FailureKind::Verification,
        }
    }
}

/// Whether a text says that it is a bundle, and not an envelope alone.
pub fn is_one(json: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head {
        media_type: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Head>(json).is_ok_and(|head| head.media_type.is_some())
}

/// A log entry as a bundle carries it, which is how the second generation of logs answers it.
///
/// # Errors
/// [`BundleError`]; whether the log has it is not looked at.
pub fn entry(json: &[u8]) -> Result<Entry, BundleError> {
    objects::from_slice::<json::Entry>(json).map_err(BundleError::NotABundle).and_then(entry_of)
}

/// The hint of a key, as cosign writes it: base64 of its digest.
fn hint(key: &PublicKey) -> String {
    base64::encode(key.digest().as_bytes())
}

impl Bundle {
    /// A bundle of an envelope that the maker has signed, and that logs have.
    pub fn of_envelope<'m>(
        payload_type: &str,
        payload: Vec<u8>,
        signature: Vec<u8>,
        by: impl Into<Maker<'m>>,
        entries: Vec<Entry>,
    ) -> Self {
        let content = Content::Envelope { payload_type: payload_type.to_owned(), payload };
        Self::of(content, signature, by.into(), entries)
    }

    /// A bundle of a file with this digest.
    pub fn of_file<'m>(digest: Digest, signature: Vec<u8>, by: impl Into<Maker<'m>>, entries: Vec<Entry>) -> Self {
        Self::of(Content::Message { digest: Some(digest) }, signature, by.into(), entries)
    }

    fn of(content: Content, signature: Vec<u8>, by: Maker<'_>, entries: Vec<Entry>) -> Self {
        let by = match by {
            Maker::Key(key) => By::Key(hint(key)),
            Maker::Certificate { der, .. } => By::Certificate(vec![der.to_vec()]),
        };
        Self { version: Version::V03, content, signature, by, entries, timestamps: Vec::new() }
    }

    /// It with entries of logs that have it.
    pub fn with_entries(self, entries: Vec<Entry>) -> Self {
        Self { entries, ..self }
    }

    /// It with timestamps of its signature.
    pub fn with_timestamps(self, timestamps: Vec<Vec<u8>>) -> Self {
        Self { timestamps, ..self }
    }

    /// Whether it says that a log has it.
    pub fn has_entries(&self) -> bool {
        !self.entries.is_empty()
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`BundleError`]; whether a signature is good is not looked at.
    pub fn read(json: &[u8]) -> Result<Self, BundleError> {
        let json: json::Bundle = objects::from_slice(json).map_err(BundleError::NotABundle)?;
        let version = Version::of(&json.media_type).ok_or(BundleError::MediaType(json.media_type))?;
        let material = json.verification_material;
        let der = |certificate: json::Certificate| certificate.raw_bytes.0;
        let by = match (material.public_key, material.certificate, material.x509_certificate_chain) {
            (Some(key), None, None) => By::Key(key.hint),
            (None, Some(certificate), None) => By::Certificate(vec![der(certificate)]),
            (None, None, Some(chain)) if version < Version::V03 && !chain.certificates.is_empty() => {
                By::Certificate(chain.certificates.into_iter().map(der).collect())
            }
            _ => return Err(BundleError::Material),
        };
        let (content, signature) = match (json.dsse_envelope, json.message_signature) {
            (Some(envelope), None) => of_envelope(envelope)?,
            (None, Some(message)) => of_message(message)?,
            _ => return Err(BundleError::NoContent),
        };
        if material.tlog_entries.len() > MOST_ENTRIES {
            return Err(BundleError::TooMany(material.tlog_entries.len()));
        }
        let entries = material.tlog_entries.into_iter().map(entry_of).collect::<Result<_, _>>()?;
        let timestamps = material.timestamp_verification_data.map(|data| data.rfc3161).unwrap_or_default();
        if timestamps.len() > MOST_ENTRIES {
            return Err(BundleError::TooMany(timestamps.len()));
        }
        let timestamps = timestamps.into_iter().map(|timestamp| timestamp.signed_timestamp.0).collect();
        Ok(Self { version, content, signature, by, entries, timestamps })
    }

    /// The JSON form, in one line: the same bytes for the same bundle.
    ///
    /// # Errors
    /// None that a value of this type can cause: the serialiser's own.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let signature = json::Bytes(self.signature.clone());
        let (envelope, message) = match &self.content {
            Content::Envelope { payload_type, payload } => {
                let signatures = vec![json::Signature { sig: signature, keyid: String::new() }];
                let (payload, payload_type) = (json::Bytes(payload.clone()), payload_type.clone());
                (Some(json::Envelope { payload, payload_type, signatures }), None)
            }
            Content::Message { digest } => {
                let digest = digest.map(|digest| json::MessageDigest {
                    algorithm: "SHA2_256".to_owned(),
                    digest: json::Bytes(digest.as_bytes().to_vec()),
                });
                (None, Some(json::MessageSignature { message_digest: digest, signature }))
            }
        };
        // What leads from a certificate to an authority is in the root of whoever verifies it.
        let (hint, certificate) = match &self.by {
            By::Key(hint) => (Some(hint.clone()), None),
            By::Certificate(chain) => (None, chain.first().cloned()),
        };
        let of = |der: &Vec<u8>| json::Timestamp { signed_timestamp: json::Bytes(der.clone()) };
        let timestamps = self.timestamps.iter().map(of).collect::<Vec<_>>();
        let timestamps = (!timestamps.is_empty()).then_some(json::Timestamps { rfc3161: timestamps });
        serde_json::to_string(&json::Bundle {
            media_type: MEDIA_TYPE.to_owned(),
            verification_material: json::Material {
                public_key: hint.map(|hint| json::PublicKey { hint }),
                x509_certificate_chain: None,
                certificate: certificate.map(|der| json::Certificate { raw_bytes: json::Bytes(der) }),
                tlog_entries: self.entries.iter().map(json_of).collect(),
                timestamp_verification_data: timestamps,
            },
            message_signature: message,
            dsse_envelope: envelope,
        })
    }

    /// Whether one of `keys` has signed it. `file` is what a signature of a file must be of.
    ///
    /// # Errors
    /// [`BundleError::Certificate`], [`BundleError::NotByTheseKeys`], [`BundleError::OtherHint`].
    pub fn signed_by<'b>(&'b self, keys: &'b [PublicKey], file: Digest) -> Result<Verified<'b>, BundleError> {
        let By::Key(said) = &self.by else { return Err(BundleError::Certificate) };
        let key = keys.iter().find(|key| self.is_by(key, file)).ok_or(BundleError::NotByTheseKeys(keys.len()))?;
        // Nothing signs it, and a reader could choose a key by it.
        let is = hint(key);
        if !said.is_empty() && *said != is {
            return Err(BundleError::OtherHint { said: said.clone(), is });
        }
        Ok(Verified { content: &self.content, by: Maker::Key(key) })
    }

    /// Whether its certificate, of which `certified` is known, has signed it.
    ///
    /// # Errors
    /// [`BundleError::Key`], [`BundleError::NotByItsCertificate`].
    pub fn signed_by_certificate<'b>(
        &'b self,
        certified: &'b Certified,
        file: Digest,
    ) -> Result<Verified<'b>, BundleError> {
        let By::Certificate(chain) = &self.by else { return Err(BundleError::Key) };
        if chain.first() != Some(&certified.der) || !self.is_by(&certified.key, file) {
            return Err(BundleError::NotByItsCertificate);
        }
        let by = Maker::Certificate { der: &certified.der, key: &certified.key };
        Ok(Verified { content: &self.content, by })
    }

    fn is_by(&self, key: &PublicKey, file: Digest) -> bool {
        match &self.content {
            Content::Envelope { payload_type, payload } => {
                key.verify(&pae(payload_type, payload), &self.signature).is_ok()
            }
            Content::Message { digest } => {
                digest.is_none_or(|digest| digest == file) && key.verify_digest(&file, &self.signature).is_ok()
            }
        }
    }

    /// Whether it is of the same signature of the same content, whatever logs have it.
    pub fn is_of_the_same(&self, other: &Self) -> bool {
        (&self.content, &self.signature, &self.by) == (&other.content, &other.signature, &other.by)
    }

    /// Whether there is a timestamp in it.
    pub fn has_timestamps(&self) -> bool {
        !self.timestamps.is_empty()
    }

    /// Whether it says that it is signed by a certificate.
    pub fn is_by_certificate(&self) -> bool {
        matches!(self.by, By::Certificate(_))
    }

    /// What the logs say of it; every entry is looked at. `times`: when timestamps show that it was signed, and now.
    ///
    /// # Errors
    /// [`BundleError::NoLog`], [`BundleError::Twice`], [`BundleError::Entry`].
    pub fn logged(
        &self,
        by: Maker<'_>,
        file: Digest,
        root: &TrustedRoot,
        times: (Option<Timestamp>, Timestamp),
    ) -> Result<Vec<Logged>, BundleError> {
        let signature = &self.signature;
        let signed = match &self.content {
            Content::Envelope { payload_type, payload } => Signed::Envelope { payload_type, payload, signature },
            Content::Message { .. } => Signed::Message { digest: file, signature },
        };
        let proof_is = if self.version == Version::V01 { ProofIs::NotNeeded } else { ProofIs::Needed };
        let mut all: Vec<Logged> = Vec::new();
        for entry in &self.entries {
            let logged = entry::verify(entry, &signed, by, root, proof_is, times)?;
            if all.iter().any(|other| (&other.log, other.index) == (&logged.log, logged.index)) {
                return Err(BundleError::Twice);
            }
            all.push(logged);
        }
        if all.is_empty() { Err(BundleError::NoLog) } else { Ok(all) }
    }
}

fn of_envelope(envelope: json::Envelope) -> Result<(Content, Vec<u8>), BundleError> {
    let count = envelope.signatures.len();
    let [signature] = <[_; 1]>::try_from(envelope.signatures).map_err(|_| BundleError::Signatures(count))?;
    let content = Content::Envelope { payload_type: envelope.payload_type, payload: envelope.payload.0 };
    Ok((content, signature.sig.0))
}

fn of_message(message: json::MessageSignature) -> Result<(Content, Vec<u8>), BundleError> {
    let digest = message.message_digest.map(|said| match said.algorithm.as_str() {
        "SHA2_256" => digest("messageDigest", &said.digest),
        _ => Err(BundleError::DigestAlgorithm(said.algorithm)),
    });
    Ok((Content::Message { digest: digest.transpose()? }, message.signature.0))
}

fn digest(what: &'static str, bytes: &json::Bytes) -> Result<Digest, BundleError> {
    let bytes = <[u8; 32]>::try_from(&bytes.0[..]).map_err(|_| BundleError::Length(what))?;
    Ok(Digest::from_bytes(bytes))
}

fn entry_of(json: json::Entry) -> Result<Entry, BundleError> {
    let proof = json.inclusion_proof.map(|proof| {
        if proof.hashes.len() > MOST_HASHES {
            return Err(BundleError::Length("hashes"));
        }
        Ok(Proof {
            index: proof.log_index.0,
            size: proof.tree_size.0,
            root: proof.root_hash.0,
            path: proof.hashes.iter().map(|hash| digest("hashes", hash)).collect::<Result<_, _>>()?,
            checkpoint: proof.checkpoint.envelope,
        })
    });
    Ok(Entry {
        index: json.log_index.0,
        log_id: json.log_id.key_id.0,
        kind: (json.kind_version.kind, json.kind_version.version),
        // A number that is read is one of 63 bits.
        time: i64::try_from(json.integrated_time.0).map_err(|_| BundleError::Length("integratedTime"))?,
        promise: json.inclusion_promise.map(|promise| promise.signed_entry_timestamp.0),
        proof: proof.transpose()?,
        body: json.canonicalized_body.0,
    })
}

fn json_of(entry: &Entry) -> json::Entry {
    let bytes = |digest: &Digest| json::Bytes(digest.as_bytes().to_vec());
    json::Entry {
        log_index: json::Number(entry.index),
        log_id: json::LogId { key_id: json::Bytes(entry.log_id.clone()) },
        kind_version: json::KindVersion { kind: entry.kind.0.clone(), version: entry.kind.1.clone() },
        integrated_time: json::Number(u64::try_from(entry.time).unwrap_or(0)),
        inclusion_promise: entry
            .promise
            .as_ref()
            .map(|promise| json::Promise { signed_entry_timestamp: json::Bytes(promise.clone()) }),
        inclusion_proof: entry.proof.as_ref().map(|proof| json::Proof {
            log_index: json::Number(proof.index),
            root_hash: json::Bytes(proof.root.clone()),
            tree_size: json::Number(proof.size),
            hashes: proof.path.iter().map(bytes).collect(),
            checkpoint: json::Checkpoint { envelope: proof.checkpoint.clone() },
        }),
        canonicalized_body: json::Bytes(entry.body.clone()),
    }
}

#[cfg(test)]
mod tests;
