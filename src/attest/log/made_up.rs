//! A log of ours, for tests: it does what Rekor does, of either generation.

use serde_json::{Value, json};

use crate::attest::base64;
use crate::attest::key::private::PrivateKey;
use crate::attest::key::public::PublicKey;
use crate::attest::log::entry::{Entry, Proof, promised_bytes};
use crate::attest::log::merkle::reference;
use crate::attest::trusted_root::TrustedRoot;
use crate::model::digest::Digest;

/// When it takes entries up.
pub const TIME: i64 = 1_767_225_600;
/// How many entries it had in an earlier tree.
const BEFORE: u64 = 1_000;

/// A log.
pub struct MadeUpLog {
    key: PrivateKey,
    is_second: bool,
}

impl MadeUpLog {
    /// One of the first generation.
    pub fn first() -> Self {
        Self { key: PrivateKey::generate("ecdsa-p256").unwrap(), is_second: false }
    }

    /// One of the second.
    pub fn second() -> Self {
        Self { key: PrivateKey::generate("ed25519").unwrap(), is_second: true }
    }

    fn host(&self) -> &'static str {
        if self.is_second { "second.example" } else { "first.example" }
    }

    /// Its id.
    pub fn id(&self) -> Digest {
        match self.key.public().ed25519_bytes() {
            Some(raw) if self.is_second => Digest::of_all([self.host().as_bytes(), b"\n\x01", raw]),
            _ => self.key.public().digest(),
        }
    }

    /// How a trusted root lists it.
    fn listed(&self) -> Value {
        let details = if self.key.public().scheme() == "ed25519" { "PKIX_ED25519" } else { "PKIX_ECDSA_P256_SHA_256" };
        json!({
            "baseUrl": format!("https://{}", self.host()),
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": base64::encode(self.key.public().der()),
                "keyDetails": details,
                "validFor": { "start": "2026-01-01T00:00:00Z" },
            },
            "logId": { "keyId": base64::encode(self.id().as_bytes()) },
        })
    }

    /// A root that trusts these logs.
    pub fn root(logs: &[&Self]) -> TrustedRoot {
        let listed: Vec<Value> = logs.iter().map(|log| log.listed()).collect();
        let root = json!({ "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": listed });
        TrustedRoot::read(root.to_string().as_bytes()).unwrap()
    }

    /// Takes `body` up as the entry at `index` of a tree of `size`.
    pub fn take(&self, kind: (&str, &str), body: &[u8], index: usize, size: usize) -> Entry {
        let others: Vec<Vec<u8>> = (0..size).map(|at| format!("entry {at}").into_bytes()).collect();
        let mut leaves: Vec<&[u8]> = others.iter().map(Vec::as_slice).collect();
        leaves[index] = body;
        self.entry(kind, &leaves, index)
    }

    /// What it has signed of a tree of these entries.
    pub fn checkpoint(&self, leaves: &[&[u8]]) -> String {
        let root = if leaves.is_empty() { Digest::of(b"") } else { reference::root(leaves) };
        let origin = if self.is_second { self.host().to_owned() } else { format!("{} - 4711", self.host()) };
        let signed = format!("{origin}\n{}\n{}\n", leaves.len(), base64::encode(root.as_bytes()));
        let signature = [&self.id().as_bytes()[..4], &self.key.sign(signed.as_bytes()).unwrap()].concat();
        format!("{signed}\n— {} {}\n", self.host(), base64::encode(&signature))
    }

    /// The one at `index` of these entries.
    pub fn entry(&self, kind: (&str, &str), leaves: &[&[u8]], index: usize) -> Entry {
        let proof = Proof {
            index: index as u64,
            size: leaves.len() as u64,
            root: reference::root(leaves).as_bytes().to_vec(),
            path: reference::path(leaves, index),
            checkpoint: self.checkpoint(leaves),
        };
        let mut entry = Entry {
            index: index as u64,
            log_id: self.id().as_bytes().to_vec(),
            kind: (kind.0.to_owned(), kind.1.to_owned()),
            time: 0,
            promise: None,
            proof: Some(proof),
            body: leaves[index].to_vec(),
        };
        if !self.is_second {
            (entry.index, entry.time) = (BEFORE + index as u64, TIME);
            self.promise(&mut entry);
        }
        entry
    }

    /// Signs what it says of index and time.
    pub fn promise(&self, entry: &mut Entry) {
        entry.promise = Some(self.key.sign(&promised_bytes(entry)).unwrap());
    }

    /// Its public key.
    pub fn public(&self) -> &PublicKey {
        self.key.public()
    }
}
