//! Rekor of the first generation, the real one: what is queued is in it once, whatever goes wrong, and others verify its bundles as we do.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use stella::attest::base64;
use stella::model::digest::Digest;

use super::cosign::Cosign;
use super::faults::{Fault, Faults};
use super::servers::Servers;
use super::{is_accepted, servers, today};
use crate::attest::statements::judged;
use crate::harness::{Run, World};

/// The predicates of a verdict that passes, in the names of bundles and as types.
const PREDICATES: [(&str, &str); 3] = [
    ("replay-fidelity", "https://github.com/stella-replay/stella/attestation/replay-fidelity/v0.1"),
    ("svr", "https://in-toto.io/attestation/svr/v0.2"),
    ("test-result", "https://in-toto.io/attestation/test-result/v0.1"),
];

const FAULTS: [Fault; 7] = [
    Fault::HangUpAfterwards,
    Fault::TooMany,
    Fault::Twice,
    Fault::HtmlAfterwards,
    Fault::Reset,
    Fault::CutOff,
    Fault::Html,
];

/// Statements about so many files, signed by a key of this algorithm, that wait for a log.
struct Queued {
    world: World,
    /// The files by name.
    files: BTreeMap<String, Digest>,
}

impl Queued {
    fn new(servers: &Servers, count: usize, algorithm: &str) -> Self {
        let world = judged(0, None);
        let scan = Digest::of(&fs::read(world.work("bin/scan")).unwrap());
        let others = (1..count).map(|at| (format!("file-{at}"), Digest::of(at.to_string().as_bytes())));
        let files: BTreeMap<_, _> = std::iter::once(("scan".to_owned(), scan)).chain(others).collect();
        let lines = files.iter().map(|(name, digest)| format!("{}  {name}\n", digest.hex()));
        world.write("SHA256SUMS", lines.collect::<String>());
        world.write("trusted_root.json", servers.root());
        world.stella(0, &["key", "generate", "--unencrypted", "--algorithm", algorithm, "--out", "release"]);
        let attest = ["attest", "--result", "result.json", "--gate", "pr", "--key", "release.key", "--queue", "queue"];
        world.stella(0, &[&attest[..], &["--checksums", "SHA256SUMS"]].concat());
        Self { world, files }
    }

    /// Sends all of it.
    fn submit(&self, exit: u8, url: &str) -> Run {
        self.world.run(exit, today(&self.world, &Self::arguments(url)))
    }

    fn arguments(url: &str) -> Vec<&str> {
        let always = ["submit", "--queue", "queue", "--out-dir", "signed", "--trusted-root", "trusted_root.json"];
        [&always[..], &["--format", "json", "--rekor-url", url]].concat()
    }

    /// Sends it, and kills that when there are so many bundles.
    fn killed(&self, url: &str, bundles: usize) {
        let mut command = today(&self.world, &Self::arguments(url));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while self.bundles() < bundles {
            assert!(child.try_wait().unwrap().is_none(), "it was done before it could be killed");
            thread::sleep(Duration::from_millis(1));
        }
        // SIGKILL
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn bundles(&self) -> usize {
        let Ok(entries) = fs::read_dir(self.world.work("signed")) else { return 0 };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".sigstore.json") && !name.starts_with('.')).count()
    }

    /// Every bundle: its name, the type of its predicate, and the digest of its file.
    fn all(&self) -> Vec<(String, &'static str, Digest)> {
        let of = |(name, digest): (&String, &Digest)| {
            PREDICATES.map(|(short, kind)| (format!("signed/{name}.{short}.sigstore.json"), kind, *digest))
        };
        self.files.iter().flat_map(of).collect()
    }

    /// Every statement is in the log once, where its bundle says, and nothing waits.
    fn is_logged_once(&self, servers: &Servers) {
        let key = base64::encode(self.world.read("release.pub").as_bytes());
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, entry) in servers.entries().iter().enumerate() {
            // Tests share the log, and may say the same.
            if entry["spec"]["signatures"][0]["verifier"] == key {
                let payload = entry["spec"]["payloadHash"]["value"].as_str().unwrap().to_owned();
                places.entry(payload).or_default().push(index);
            }
        }
        let all = self.all();
        assert_eq!(places.len(), all.len());
        for (bundle, ..) in &all {
            let bundle = self.world.json(bundle);
            let payload = base64::decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
            let index = bundle["verificationMaterial"]["tlogEntries"][0]["logIndex"].as_str().unwrap().parse();
            assert_eq!(places.get(Digest::of(&payload).hex().as_str()), Some(&vec![index.unwrap()]), "{bundle}");
        }
        assert_eq!(self.bundles(), all.len());
        assert_eq!(fs::read_dir(self.world.work("queue")).unwrap().count(), 0);
        assert_eq!(self.world.read("signed/attestations.sigstore.jsonl").lines().count(), all.len());
    }

    /// What we say of a bundle.
    fn verify(&self, exit: u8, bundle: &str, kind: &str, file: Digest) {
        let key = ["verify", "--key", "release.pub", "--trusted-root", "trusted_root.json"];
        let file = file.to_string();
        let words = [&key[..], &["--bundle", bundle, "--type", kind, &file]].concat();
        self.world.run(exit, today(&self.world, &words));
    }
}

/// However often it is killed and whatever is lost on the way, each is in the log once; and whoever verifies the bundles accepts them.
#[test]
fn sixty_files_through_faults_and_one_kill_are_logged_once_and_verified_by_everyone() {
    let Some(servers) = servers() else { return };
    let queued = Queued::new(servers, 60, "ecdsa-p256");
    let Some(cosign) = Cosign::of(&queued.world) else { return };
    // What was being waited for when it was killed.
    let stalled = Faults::before(servers.url("v1"), 10, &[FAULTS[0], Fault::Stall(Duration::from_secs(5)), FAULTS[2]]);
    queued.killed(&stalled.url, 40);
    let faults = Faults::before(servers.url("v1"), 15, &FAULTS);
    queued.submit(0, &faults.url);
    assert_eq!(faults.seen().len(), FAULTS.len(), "{:?}", faults.seen());
    queued.is_logged_once(servers);
    let key = queued.world.read("release.pub");
    for (bundle, kind, file) in queued.all() {
        queued.verify(0, &bundle, kind, file);
        is_accepted(servers, &queued.world.read(&bundle), &key, file).unwrap();
        // A process for each takes a while.
        if bundle.contains("file-1") || kind == PREDICATES[2].1 {
            cosign.accepts(&bundle, "release.pub", kind, &file.hex()).unwrap();
        }
    }
}

/// Its keys are not of a kind that everybody takes; the first generation of Rekor does.
#[test]
fn bundles_by_ed25519_are_logged_and_verified_by_everyone() {
    let Some(servers) = servers() else { return };
    let queued = Queued::new(servers, 2, "ed25519");
    let Some(cosign) = Cosign::of(&queued.world) else { return };
    queued.submit(0, servers.url("v1"));
    queued.is_logged_once(servers);
    for (bundle, kind, file) in queued.all() {
        queued.verify(0, &bundle, kind, file);
        is_accepted(servers, &queued.world.read(&bundle), &queued.world.read("release.pub"), file).unwrap();
        cosign.accepts(&bundle, "release.pub", kind, &file.hex()).unwrap();
    }
}

/// A change to text that is base64 of bytes: one bit of the byte in the middle.
fn flip(text: &mut Value) {
    let mut bytes = base64::decode(text.as_str().unwrap()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    *text = Value::from(base64::encode(&bytes));
}

#[test]
fn what_was_changed_is_refused_by_everyone() {
    let Some(servers) = servers() else { return };
    let queued = Queued::new(servers, 1, "ecdsa-p256");
    let Some(cosign) = Cosign::of(&queued.world) else { return };
    queued.submit(0, servers.url("v1"));
    let (name, kind, file) = queued.all().pop().unwrap();
    let (good, key) = (queued.world.json(&name), queued.world.read("release.pub"));
    cosign.accepts(&name, "release.pub", kind, &file.hex()).unwrap();

    let entry = "/verificationMaterial/tlogEntries/0";
    type Change<'c> = (&'c str, &'c dyn Fn(&mut Value));
    let changes: [Change<'_>; 6] = [
        ("the statement", &|bundle| flip(&mut bundle["dsseEnvelope"]["payload"])),
        ("the signature", &|bundle| flip(&mut bundle["dsseEnvelope"]["signatures"][0]["sig"])),
        ("the log's promise", &|bundle| {
            flip(bundle.pointer_mut(&format!("{entry}/inclusionPromise/signedEntryTimestamp")).unwrap());
        }),
        ("the proof", &|bundle| flip(bundle.pointer_mut(&format!("{entry}/inclusionProof/rootHash")).unwrap())),
        ("the entry", &|bundle| flip(bundle.pointer_mut(&format!("{entry}/canonicalizedBody")).unwrap())),
        ("no log", &|bundle| bundle["verificationMaterial"]["tlogEntries"] = json!([])),
    ];
    for (what, change) in changes {
        let mut changed = good.clone();
        change(&mut changed);
        queued.world.write("changed.json", changed.to_string());
        queued.verify(5, "changed.json", kind, file);
        assert!(is_accepted(servers, &changed.to_string(), &key, file).is_err(), "{what}");
        assert!(cosign.accepts("changed.json", "release.pub", kind, &file.hex()).is_err(), "{what}");
    }
    // Another file, another key, and another predicate.
    let other = Digest::of(b"another file");
    queued.verify(5, &name, kind, other);
    assert!(is_accepted(servers, &good.to_string(), &key, other).is_err());
    assert!(cosign.accepts(&name, "release.pub", kind, &other.hex()).is_err());
    assert!(is_accepted(servers, &good.to_string(), &queued.world.read("stella.pub"), file).is_err());
    assert!(cosign.accepts(&name, "stella.pub", kind, &file.hex()).is_err());
    assert!(cosign.accepts(&name, "release.pub", PREDICATES[0].1, &file.hex()).is_err());
    // And with a root that does not have the log.
    let mut root: Value = serde_json::from_str(&servers.root()).unwrap();
    root["tlogs"] = json!([]);
    queued.world.write("trusted_root.json", root.to_string());
    queued.verify(5, &name, kind, file);
    assert!(cosign.accepts(&name, "release.pub", kind, &file.hex()).is_err());
}

/// A third of all requests goes wrong, some by a silence that is longer than anybody waits, and it is killed three times.
#[test]
#[ignore = "five minutes: make sigstore-faults"]
fn five_hundred_files_at_thirty_percent_faults_and_three_kills_are_logged_once() {
    let Some(servers) = servers() else { return };
    let queued = Queued::new(servers, 500, "ecdsa-p256");
    let faults = Faults::before(servers.url("v1"), 30, &FAULTS);
    for bundles in [200, 600, 1000] {
        queued.killed(&faults.url, bundles);
    }
    let silent: Vec<Fault> =
        FAULTS.into_iter().cycle().take(70).chain([Fault::Stall(Duration::from_secs(90))]).collect();
    let silent = Faults::before(servers.url("v1"), 30, &silent);
    queued.submit(0, &silent.url);
    assert_eq!(silent.seen().len(), FAULTS.len() + 1, "{:?}", silent.seen());
    queued.is_logged_once(servers);
    for (bundle, kind, file) in queued.all() {
        queued.verify(0, &bundle, kind, file);
    }
}
