//! Bundles of Sigstore's public instance, and of logs of ours.

use serde_json::{Value, json};

use super::*;
use crate::attest::dsse::IN_TOTO;
use crate::attest::key::private::PrivateKey;
use crate::attest::log::leaf;
use crate::attest::log::made_up::{MadeUpLog, TIME};
use crate::attest::tampering::{leaves, others};

fn now() -> Timestamp {
    "2026-02-01T00:00:00Z".parse().unwrap()
}

/// A bundle, whoever signed it, and what to trust.
struct Made {
    bundle: Bundle,
    key: PublicKey,
    root: TrustedRoot,
}

const PAYLOAD: &[u8] = b"{\"_type\":\"x\"}";

/// An envelope that a key of that scheme has signed and that a log of each generation has, so far as it takes such a signature.
fn made(scheme: &str, generations: &[bool]) -> Made {
    let private = PrivateKey::generate(scheme).unwrap();
    let key = PublicKey::from_der(private.public().der()).unwrap();
    let signature = private.sign(&pae(IN_TOTO, PAYLOAD)).unwrap();
    let (first, second) = (MadeUpLog::first(), MadeUpLog::second());
    let entries = generations.iter().map(|is_second| {
        if *is_second {
            let signed = Signed::Envelope { payload_type: IN_TOTO, payload: PAYLOAD, signature: &signature };
            let body = leaf::hashedrekord_2(&signed, &key).unwrap().to_string();
            second.take(("hashedrekord", "0.0.2"), body.as_bytes(), 3, 6)
        } else {
            let body = leaf::dsse_1(Digest::of(b"as it was sent"), PAYLOAD, &signature, &key).unwrap().to_string();
            first.take(("dsse", "0.0.1"), body.as_bytes(), 2, 7)
        }
    });
    let bundle = Bundle::of_envelope(IN_TOTO, PAYLOAD.to_vec(), signature.clone(), &key, entries.collect());
    Made { bundle, key, root: MadeUpLog::root(&[&first, &second]) }
}

impl Made {
    fn verify(&self, json: &str) -> Result<Vec<Logged>, BundleError> {
        let bundle = Bundle::read(json.as_bytes())?;
        let keys = [PublicKey::from_der(self.key.der()).unwrap()];
        let file = Digest::of(b"file");
        let by = bundle.signed_by(&keys, file)?.by;
        bundle.logged(by, file, &self.root, (None, now()))
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.bundle.to_json().unwrap()).unwrap()
    }

    fn said(&self, bundle: &Value) -> String {
        self.verify(&bundle.to_string()).unwrap_err().to_string()
    }
}

#[test]
fn what_is_written_is_read_and_verifies() {
    for (scheme, generations) in
        [("ecdsa-p256", &[false][..]), ("ecdsa-p256", &[true]), ("ecdsa-p256", &[false, true]), ("ed25519", &[false])]
    {
        let made = made(scheme, generations);
        let json = made.bundle.to_json().unwrap();
        assert_eq!(Bundle::read(json.as_bytes()).unwrap(), made.bundle);
        let logged = made.verify(&json).unwrap();
        let expected = generations.iter().map(|is_second| match is_second {
            true => Logged { log: "https://second.example".to_owned(), index: 3, time: None },
            false => Logged {
                log: "https://first.example".to_owned(),
                index: 1002,
                time: Some(Timestamp::from_second(TIME).unwrap()),
            },
        });
        assert_eq!(logged, expected.collect::<Vec<_>>(), "{scheme} {generations:?}");
    }
}

/// One that cosign made and the public log has. The file and its bundle are test data of `sigstore-verify`.
#[test]
fn a_bundle_of_the_public_instance_verifies() {
    let data =
        |name: &str| std::fs::read(format!("{}/tests/data/attest/bundles/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let json = data("managed-key.sigstore.json");
    assert!(is_one(&json));
    let bundle = Bundle::read(&json).unwrap();
    let keys = [PublicKey::read(&data("managed-key.pub")).unwrap()];
    let file = Digest::of(&data("managed-key.txt"));
    let verified = bundle.signed_by(&keys, file).unwrap();
    assert_eq!(verified.content, &Content::Message { digest: Some(file) });
    let root = TrustedRoot::public_good().unwrap();
    let logged = bundle.logged(verified.by, file, &root, (None, now())).unwrap();
    let time = Some("2025-12-18T17:04:39Z".parse().unwrap());
    assert_eq!(logged, [Logged { log: "https://rekor.sigstore.dev".to_owned(), index: 771_488_337, time }]);
    // Before the log took it up it was not there; clocks differ by a minute at most.
    assert!(bundle.logged(verified.by, file, &root, (None, "2025-12-18T17:03:39Z".parse().unwrap())).is_ok());
    let early = bundle.logged(verified.by, file, &root, (None, "2025-12-18T17:03:38Z".parse().unwrap()));
    assert!(matches!(early, Err(BundleError::Entry(EntryError::Time(_)))));
    let other = Digest::of(b"another");
    assert!(matches!(bundle.signed_by(&keys, other), Err(BundleError::NotByTheseKeys(1))));
    let weak = [PublicKey::from_der(PrivateKey::generate("ed25519").unwrap().public().der()).unwrap()];
    assert!(matches!(bundle.signed_by(&weak, file), Err(BundleError::NotByTheseKeys(1))));
}

/// Changes that make the same bundle in another way, by the end of the leaf's name: nobody can tell them apart, and nothing follows.
const SAME: [(&str, &str); 2] = [
    ("=", "base64 may be written without its padding"),
    ("/hint", "a bundle may name no key: the keys that are trusted are tried"),
];

#[test]
fn any_leaf_that_changes_is_refused() {
    for (scheme, generations) in [("ecdsa-p256", [false, true]), ("ed25519", [false, false])] {
        let generations = if generations[1] { &generations[..] } else { &generations[..1] };
        let made = made(scheme, generations);
        let good = made.json();
        let pointers = leaves(&good);
        assert!(pointers.len() > 15, "{pointers:?}");
        let mut tried = 0;
        for pointer in pointers {
            let text = good.pointer(&pointer).unwrap().as_str().unwrap().to_owned();
            for other in others(&text, 300) {
                let is_hint = pointer.ends_with(SAME[1].0);
                let same = (!is_hint && other == text.trim_end_matches('=')).then_some(SAME[0]);
                let same = same.or((is_hint && other.is_empty()).then_some(SAME[1]));
                let mut bad = good.clone();
                *bad.pointer_mut(&pointer).unwrap() = json!(other);
                let result = made.verify(&bad.to_string());
                assert_eq!(result.is_ok(), same.is_some(), "{pointer}: {text:?} -> {other:?}: {result:?}");
                tried += 1;
            }
        }
        assert!(tried > 1000, "{tried}");
    }
}

/// What is left out, or added, without a leaf that changes.
#[test]
fn what_is_left_out_or_added_is_seen() {
    let made = made("ecdsa-p256", &[false, true]);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut bundle = made.json();
        change(&mut bundle["verificationMaterial"]["tlogEntries"]);
        bundle
    };
    let remove = |at: usize, key: &'static str| {
        move |entries: &mut Value| drop(entries[at].as_object_mut().unwrap().remove(key))
    };
    assert_eq!(made.said(&changed(&|entries| *entries = json!([]))), "no log has the signature");
    assert_eq!(
        made.said(&changed(&remove(0, "inclusionProof"))),
        "nothing shows that the log has the entry: a proof is missing"
    );
    assert_eq!(
        made.said(&changed(&remove(1, "inclusionProof"))),
        "nothing shows that the log has the entry: a proof is missing"
    );
    // Without the promise nobody has signed a time.
    assert_eq!(
        made.said(&changed(&remove(0, "inclusionPromise"))),
        "`integratedTime` of the log entry is not what the log has signed"
    );
    let without_both = changed(&|entries| {
        remove(0, "inclusionPromise")(entries);
        remove(0, "integratedTime")(entries);
    });
    let logged = made.verify(&without_both.to_string()).unwrap();
    assert_eq!((logged[0].time, logged[0].index), (None, 2), "its index in the tree, which the proof shows");
    let twice = changed(&|entries| {
        let first = entries[0].clone();
        entries.as_array_mut().unwrap().push(first);
    });
    assert_eq!(made.said(&twice), "a log entry stands twice in the bundle");
    let promised = changed(&|entries| entries[1]["inclusionPromise"] = entries[0]["inclusionPromise"].clone());
    assert_eq!(made.said(&promised), "`inclusionPromise` of the log entry is not what the log has signed");
    // One good entry does not make up for a bad one.
    let mixed = changed(&|entries| entries[1]["inclusionProof"]["treeSize"] = json!("7"));
    assert_eq!(made.said(&mixed), "`treeSize` of the log entry is not what the log has signed");
    let many = changed(&|entries| *entries = json!(vec![entries[0].clone(); 33]));
    assert_eq!(made.said(&many), "the bundle has 33 log entries, more than 32");
    let unknown = changed(&|entries| entries[0]["later"] = json!(1));
    assert_eq!(made.said(&unknown), "it is not a Sigstore bundle");
}

/// A first version needs no proof; a later one does, whatever else it holds.
#[test]
fn the_version_says_what_is_needed() {
    let made = made("ecdsa-p256", &[false]);
    let mut bundle = made.json();
    bundle["verificationMaterial"]["tlogEntries"][0].as_object_mut().unwrap().remove("inclusionProof");
    for (version, is_enough) in [("0.1", true), ("0.2", false), ("0.3", false)] {
        bundle["mediaType"] = json!(format!("application/vnd.dev.sigstore.bundle+json;version={version}"));
        assert_eq!(made.verify(&bundle.to_string()).is_ok(), is_enough, "{version}");
    }
    bundle["verificationMaterial"]["tlogEntries"][0].as_object_mut().unwrap().remove("inclusionPromise");
    bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.1");
    assert_eq!(made.said(&bundle), "nothing shows that the log has the entry: a promise is missing");
    bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle.v0.4+json");
    assert!(made.said(&bundle).contains("bundle.v0.4+json"));
}

#[test]
fn a_log_of_somebody_else_shows_nothing() {
    let (ours, theirs) = (made("ecdsa-p256", &[false, true]), made("ecdsa-p256", &[false, true]));
    let said = ours.said(&theirs.json());
    assert_eq!(said, "the bundle is not signed by the key");
    // The same names, other keys.
    let stranger = Made { root: theirs.root, ..ours };
    assert!(stranger.said(&stranger.json()).contains("it is not in the trusted root"));
    // An entry of something else that the same log has.
    let made_one = made("ecdsa-p256", &[false]);
    let other = Made { bundle: made("ecdsa-p256", &[false]).bundle, ..made_one };
    assert_eq!(other.said(&other.json()), "the bundle is not signed by the key");
}

#[test]
fn what_is_not_a_bundle_of_one_key_and_one_content_is_refused() {
    let made = made("ecdsa-p256", &[false]);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut bundle = made.json();
        change(&mut bundle);
        made.said(&bundle)
    };
    let said = changed(&|b| drop(b.as_object_mut().unwrap().remove("dsseEnvelope")));
    assert_eq!(said, "the bundle has not one envelope or one signature of a file");
    assert_eq!(
        changed(&|b| b["messageSignature"] = json!({ "signature": "AAAA" })),
        "the bundle has not one envelope or one signature of a file"
    );
    assert_eq!(
        changed(&|b| {
            let material = b["verificationMaterial"].as_object_mut().unwrap();
            material.remove("publicKey");
            material.insert("certificate".to_owned(), json!({ "rawBytes": "AAAA" }));
        }),
        "the bundle is signed by a certificate, and not by a key"
    );
    assert_eq!(
        changed(&|b| b["verificationMaterial"]["certificate"] = json!({ "rawBytes": "AAAA" })),
        "the bundle is not by one key or one certificate"
    );
    let two = |b: &mut Value| {
        let first = b["dsseEnvelope"]["signatures"][0].clone();
        b["dsseEnvelope"]["signatures"].as_array_mut().unwrap().push(first);
    };
    assert_eq!(changed(&two), "the envelope has 2 signatures, and a bundle has one");
    for no in ["", "[]", "{}", "{\"mediaType\":1}", "null"] {
        assert!(matches!(Bundle::read(no.as_bytes()), Err(BundleError::NotABundle(_))), "{no}");
    }
    assert!(!is_one(b"{\"payload\":\"\"}") && !is_one(b"[]") && !is_one(b"") && is_one(b"{\"mediaType\":\"x\"}"));
}
