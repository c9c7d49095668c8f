//! How a log of the first generation is spoken with: it answers an entry by its id, in hexadecimal and base64 as its API documents it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::attest::base64;
use crate::attest::log::entry::{Entry, Proof};
use crate::attest::log::merkle;
use crate::attest::rekor::dialect::{self, Dialect, Meaning, Place, SubmitError};
use crate::attest::rekor::request::Request;
use crate::attest::rekor::transport::{Answer, Call, NoAnswer, Transport};
use crate::model::digest::Digest;

/// Where entries are made and asked for.
pub const ENTRIES: &str = "/api/v1/log/entries";
/// Where the log tells its key.
pub const PUBLIC_KEY: &str = "/api/v1/log/publicKey";

/// An id has the 8 bytes of the tree before the hash of the entry; older ones have the hash alone.
const WITH_TREE: usize = 16 + 64;

/// The answer is not an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer of the log is not an entry")]
pub struct NotAnEntry;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    body: String,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: u64,
    verification: Verification,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    inclusion_proof: InclusionProof,
    signed_entry_timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InclusionProof {
    checkpoint: String,
    hashes: Vec<String>,
    log_index: u64,
    root_hash: String,
    tree_size: u64,
}

/// The one entry of an answer, whose id is that of what it holds.
///
/// # Errors
/// [`NotAnEntry`]; whether the log has it is not looked at.
pub fn entry(answer: &[u8]) -> Result<Entry, NotAnEntry> {
    let all: BTreeMap<String, Json> = serde_json::from_slice(answer).map_err(|_| NotAnEntry)?;
    let mut all = all.into_iter();
    let (Some((id, json)), None) = (all.next(), all.next()) else { return Err(NotAnEntry) };
    let body = base64::decode(&json.body).map_err(|_| NotAnEntry)?;
    if hash_of(&id) != Some(merkle::leaf(&body)) {
        return Err(NotAnEntry);
    }
    let bytes = |text: &str| hex::decode(text).map_err(|_| NotAnEntry);
    let hash = |text: &String| <[u8; 32]>::try_from(bytes(text)?).map(Digest::from_bytes).map_err(|_| NotAnEntry);
    let proof = json.verification.inclusion_proof;
    Ok(Entry {
        index: json.log_index,
        log_id: bytes(&json.log_id)?,
        kind: kind_of(&body).ok_or(NotAnEntry)?,
        time: json.integrated_time,
        promise: Some(base64::decode(&json.verification.signed_entry_timestamp).map_err(|_| NotAnEntry)?),
        proof: Some(Proof {
            index: proof.log_index,
            size: proof.tree_size,
            root: bytes(&proof.root_hash)?,
            path: proof.hashes.iter().map(hash).collect::<Result<_, _>>()?,
            checkpoint: proof.checkpoint,
        }),
        body,
    })
}

/// Kind and version of what a log keeps.
fn kind_of(body: &[u8]) -> Option<(String, String)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        kind: String,
        api_version: String,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    Some((body.kind, body.api_version))
}

/// The hash of the entry that an id names.
pub fn hash_of(id: &str) -> Option<Digest> {
    let hash = match id.len() {
        WITH_TREE => id.get(16..)?,
        64 => id,
        _ => return None,
    };
    format!("sha256:{hash}").parse().ok()
}

/// The id in a `Location`, which may be a whole URL.
pub fn id_in(location: &str) -> Option<&str> {
    let (_, id) = location.rsplit_once(&format!("{ENTRIES}/")[..])?;
    hash_of(id).map(|_| id)
}

/// The first generation, as it is spoken with.
#[derive(Debug, Clone, Copy)]
pub struct First;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Dialect for First {
    fn send(&self, way: &dyn Transport, request: &Request) -> Meaning {
        meaning(way.send(&Call::Post(ENTRIES, &request.body)), true, request)
    }

    fn look(&self, way: &dyn Transport, place: &Place, request: &Request) -> Meaning {
        let id = match place {
            Place::Id(id) => id.clone(),
            Place::Index(_) => request.leaf().hex(),
        };
        meaning(way.send(&Call::Get(format!("{ENTRIES}/{id}"))), false, request)
    }

    fn place(&self, request: &Request) -> Option<Place> {
        Some(Place::Id(request.leaf().hex()))
    }

    fn pauses(&self) -> (Duration, Duration) {
        (FIRST_PAUSE, LONGEST_PAUSE)
    }
}

fn meaning(answer: Result<Answer, NoAnswer>, is_post: bool, request: &Request) -> Meaning {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error @ NoAnswer::Impossible(_)) => return Meaning::Never(SubmitError::Impossible(error)),
        Err(NoAnswer::Unknown(source)) => return Meaning::Later(format!("it does not answer: {source}"), None),
    };
    match answer.status {
        200 | 201 => match entry(&answer.body) {
            Ok(entry) if entry.body == request.entry => Meaning::There(Box::new(entry)),
            Ok(_) => Meaning::Never(SubmitError::Other),
            // It may have been cut off, or be of something in between.
            Err(error) => Meaning::Later(error.to_string(), None),
        },
        409 if is_post => match answer.location.as_deref().and_then(id_in) {
            Some(id) if hash_of(id) == Some(request.leaf()) => Meaning::At(Place::Id(id.to_owned())),
            Some(_) => Meaning::Never(SubmitError::Other),
            // Without a place it is asked for by its hash.
            None => Meaning::At(Place::Id(request.leaf().hex())),
        },
        404 if !is_post => Meaning::Missing,
        // Rekor's own word for it, under a status that means something else.
        500 if dialect::said(&answer.body).contains("request body too large") => {
            Meaning::Never(dialect::refused(&answer))
        }
        status if dialect::is_passing(status) => Meaning::Later(dialect::answers(&answer), answer.retry_after),
        _ => Meaning::Never(dialect::refused(&answer)),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// An entry as a log answers it.
    pub fn answer(entry: &Entry) -> Vec<u8> {
        let proof = entry.proof.as_ref().unwrap();
        let hashes: Vec<String> = proof.path.iter().map(Digest::hex).collect();
        let id = format!("{:016x}{}", 4711, merkle::leaf(&entry.body).hex());
        let json = json!({ id: {
            "body": base64::encode(&entry.body),
            "integratedTime": entry.time,
            "logID": hex::encode(&entry.log_id),
            "logIndex": entry.index,
            "verification": {
                "inclusionProof": {
                    "checkpoint": proof.checkpoint, "hashes": hashes, "logIndex": proof.index,
                    "rootHash": hex::encode(&proof.root), "treeSize": proof.size,
                },
                "signedEntryTimestamp": base64::encode(entry.promise.as_ref().unwrap()),
            },
        } });
        format!("{json}\n").into_bytes()
    }

    fn some() -> Entry {
        crate::attest::log::made_up::MadeUpLog::first().take(
            ("dsse", "0.0.1"),
            b"{\"apiVersion\":\"0.0.1\",\"kind\":\"dsse\"}",
            1,
            3,
        )
    }

    #[test]
    fn what_a_log_answers_is_read() {
        let some = some();
        assert_eq!(entry(&answer(&some)), Ok(some));
    }

    #[test]
    fn what_is_not_one_entry_is_refused() {
        let good: Value = serde_json::from_slice(&answer(&some())).unwrap();
        let (id, of) = good.as_object().unwrap().iter().next().unwrap();
        let other = format!("{}{}", &id[..16], Digest::of(b"another").hex());
        for bad in [
            json!({}),
            json!([]),
            json!({ other.clone(): of }),
            json!({ id: of, other: of }),
            json!({ "id": of }),
            json!({ id: {} }),
        ] {
            assert_eq!(entry(bad.to_string().as_bytes()), Err(NotAnEntry), "{bad}");
        }
        for html in ["", "<html>502 Bad Gateway</html>", "null"] {
            assert_eq!(entry(html.as_bytes()), Err(NotAnEntry));
        }
    }

    #[test]
    fn an_id_is_found_in_a_location() {
        let id = format!("{:016x}{}", 1, Digest::of(b"a").hex());
        assert_eq!(id_in(&format!("/api/v1/log/entries/{id}")), Some(&id[..]));
        assert_eq!(id_in(&format!("https://rekor.example/prefix/api/v1/log/entries/{id}")), Some(&id[..]));
        for no in [
            "",
            "/",
            "/api/v1/log/entries/",
            "/api/v1/log/entries/x",
            &format!("/{id}"),
            &format!("/api/v1/log/entries/{id}?x"),
        ] {
            assert_eq!(id_in(no), None, "{no}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = answer(&some());
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = entry(&bytes);
            let _ = dialect::said(&bytes);
        }
    }
}
