//! Signing at once: manifests, and the client protocol of Sigstore's own tests; and the trusted root that they are verified by.

use serde_json::{Value, json};
use stella::attest::base64;

use crate::attest::made_up_authority::{ISSUER, MadeUpAuthority, WORKFLOW};
use crate::attest::made_up_rekor::MadeUpRekor;
use crate::attest::made_up_tiles::MadeUpTiles;
use crate::cli::scene::recorded;
use crate::harness::{Run, World, valid};

const SIGNER: [&str; 4] = ["--certificate-identity", WORKFLOW, "--certificate-oidc-issuer", ISSUER];

fn service(url: &str, version: u32) -> Value {
    json!([{ "url": url, "majorApiVersion": version, "validFor": { "start": "2024-01-01T00:00:00Z" }, "operator": "o" }])
}

fn config(authority: &MadeUpAuthority, log: &str, version: u32, has_timestamps: bool) -> String {
    let timestamps = if has_timestamps { service(&authority.timestamps(), 1) } else { json!([]) };
    json!({
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "caUrls": service(&authority.url, 1), "oidcUrls": [], "rekorTlogUrls": service(log, version), "tsaUrls": timestamps,
        "rekorTlogConfig": { "selector": "ANY" }, "tsaConfig": { "selector": "ANY" },
    })
    .to_string()
}

fn conformance(world: &World, exit: u8, words: &[&str]) -> Run {
    world.stella(exit, &[&["sigstore-conformance"], words].concat())
}

/// `sign-bundle` and `verify-bundle` as sigstore-conformance calls them, against logs of both generations.
#[test]
fn the_client_protocol_of_the_conformance_tests_signs_and_verifies() {
    let (authority, rekor, tiles) = (MadeUpAuthority::start(), MadeUpRekor::start(0), MadeUpTiles::start(0));
    let world = World::new();
    world.write("root.json", authority.root(&[rekor.root()["tlogs"][0].clone(), tiles.listed()]).to_string());
    world.write("a.txt", "artifact\n");
    let digest = stella::model::digest::Digest::of(b"artifact\n");
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1", "subject": [{ "name": "a.txt", "digest": { "sha256": digest.hex() } }],
        "predicateType": "https://example.com/p", "predicate": {},
    });
    // To the byte, blanks too.
    let text = format!("{statement:#}\n");
    world.write("statement.json", &text);
    for (url, version, has_timestamps, is_taken) in [
        (&rekor.url, 1, true, true),
        (&rekor.url, 1, false, true),
        (&tiles.url, 2, true, true),
        (&tiles.url, 2, false, false),
    ] {
        world.write("config.json", config(&authority, url, version, has_timestamps));
        for (file, more) in [("a.txt", &[][..]), ("statement.json", &["--in-toto"][..])] {
            let token = authority.token();
            let sign = ["--identity-token", &token, "--bundle", "b.json", "--trusted-root", "root.json"];
            let sign = [&["sign-bundle"], more, &sign, &["--signing-config", "config.json", file]].concat();
            if !is_taken {
                authority.asked();
                conformance(&world, 2, &sign).complains(&["without a timestamp nothing shows when it was used"]);
                assert_eq!(authority.asked().len(), 0);
                continue;
            }
            conformance(&world, 0, &sign);
            let bundle = world.json("b.json");
            if more.is_empty() {
                assert!(bundle["messageSignature"]["signature"].is_string());
            } else {
                let payload = base64::decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
                assert_eq!(payload, text.as_bytes());
            }
            let verify = ["verify-bundle", "--bundle", "b.json"];
            let trusting = ["--trusted-root", "root.json"];
            let by_digest = digest.to_string();
            for of in ["a.txt", &by_digest] {
                conformance(&world, 0, &[&verify[..], &SIGNER, &trusting, &[of]].concat());
            }
            conformance(&world, 5, &[&verify[..], &SIGNER, &trusting, &["config.json"]].concat());
            let other = ["--certificate-identity", "x@example.com", "--certificate-oidc-issuer", ISSUER];
            conformance(&world, 5, &[&verify[..], &other, &trusting, &["a.txt"]].concat());
            conformance(&world, 5, &[&verify[..], &SIGNER, &["a.txt"]].concat());
            conformance(&world, 5, &[&verify[..], &SIGNER, &["--staging", "a.txt"]].concat());
        }
    }
}

/// By a key or without one, in a log or in none.
#[test]
fn a_manifest_is_signed_and_verified_before_it_is_replayed() {
    let (authority, rekor, tiles) = (MadeUpAuthority::start(), MadeUpRekor::start(0), MadeUpTiles::start(0));
    let world = recorded();
    world.write("root.json", authority.root(&[rekor.root()["tlogs"][0].clone(), tiles.listed()]).to_string());
    world.stella(0, &["key", "generate", "--unencrypted", "--out", "pair"]);
    world.stella(0, &["key", "generate", "--unencrypted", "--algorithm", "ed25519", "--out", "other"]);
    let sign = |exit, more: &[&str]| {
        world.stella(exit, &[&["manifest", "sign", "--bundle", "m.json", "MANIFEST.json"], more].concat())
    };
    let verify = |exit, more: &[&str]| {
        world.stella(exit, &[&["manifest", "verify", "--bundle", "m.json", "MANIFEST.json"], more].concat())
    };
    sign(0, &["--key", "pair.key"]).says(&["m.json"]);
    verify(0, &["--key", "pair.pub", "--signature-only"]).says(&["the file itself by sha256:", "its signature alone"]);
    verify(5, &["--key", "pair.pub"]).complains(&["no log has the signature"]);
    verify(5, &["--key", "other.pub", "--signature-only"]).complains(&["is not signed by the key"]);

    let trusting = ["--trusted-root", "root.json"];
    for (url, version) in [(&rekor.url, "1"), (&tiles.url, "2")] {
        let log = ["--rekor-url", url, "--rekor-api-version", version];
        sign(0, &[&["--key", "pair.key"], &log[..], &trusting].concat());
        let document = verify(0, &[&["--key", "pair.pub", "--format", "json"], &trusting[..]].concat()).stdout_json();
        valid(&document, "verify-v1.json");
        assert_eq!(document["statements"][0]["logs"].as_array().unwrap().len(), 1);
        // cosign's verifying of a file is ours.
        world.stella(
            0,
            &[&["verify", "--key", "pair.pub", "--bundle", "m.json", "MANIFEST.json"], &trusting[..]].concat(),
        );
        sign(2, &[&["--key", "other.key"], &log[..], &trusting].concat()).complains(&["by a key of ed25519"]);
        // A log that is not trusted is sent nothing.
        let size = (rekor.size(), tiles.size());
        sign(2, &[&["--key", "pair.key"], &log[..]].concat()).complains(&["nothing is sent to the log"]);
        assert_eq!((rekor.size(), tiles.size()), size);
    }
    let timestamps = authority.timestamps();
    let keyless = ["--fulcio-url", &authority.url, "--timestamp-url", &timestamps];
    world.write("token", authority.token());
    sign(0, &[&keyless[..], &["--identity-token", "token"], &trusting].concat());
    verify(5, &[&SIGNER[..], &trusting].concat());
    verify(0, &[&SIGNER[..], &trusting, &["--allow-no-log"]].concat()).says(&[WORKFLOW, "in no log"]);

    // One that was edited, or cannot be replayed, is neither signed nor what its signer meant.
    sign(0, &["--key", "pair.key"]);
    let mut manifest = world.json("MANIFEST.json");
    manifest["scanner"]["argv"] = json!(["another"]);
    world.write("MANIFEST.json", manifest.to_string());
    verify(5, &["--key", "pair.pub", "--signature-only"]).complains(&["is not signed by the key"]);
    sign(5, &["--key", "pair.key"]).complains(&["was edited after it was recorded"]);
    manifest["seal"] = Value::Null;
    manifest["input"] = json!({ "type": "dir", "digest": "REPLACE" });
    world.write("MANIFEST.json", manifest.to_string());
    let failed = world
        .command(&["manifest", "sign", "--bundle", "m.json", "MANIFEST.json", "--key", "pair.key"])
        .output()
        .unwrap();
    assert!(!failed.status.success());
}

#[test]
fn a_trusted_root_is_made_of_its_parts_and_renewed() {
    let (authority, rekor, tiles) = (MadeUpAuthority::start(), MadeUpRekor::start(0), MadeUpTiles::start(0));
    let world = World::new();
    let root = authority.root(&[rekor.root()["tlogs"][0].clone(), tiles.listed()]);
    let pem = |label: &str, value: &Value| {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", wrapped(value.as_str().unwrap()))
    };
    for (file, pointer) in [("v1.pub", "/tlogs/0"), ("v2.pub", "/tlogs/1"), ("ct.pub", "/ctlogs/0")] {
        world.write(file, pem("PUBLIC KEY", root.pointer(&format!("{pointer}/publicKey/rawBytes")).unwrap()));
    }
    let chain = |list: &str| -> String {
        let all = root[list][0]["certChain"]["certificates"].as_array().unwrap().iter();
        all.map(|one| pem("CERTIFICATE", &one["rawBytes"])).collect()
    };
    world.write("ca.pem", chain("certificateAuthorities"));
    world.write("tsa.pem", chain("timestampAuthorities"));
    let parts = [
        "trust",
        "create",
        "--out",
        "root.json",
        "--rekor",
        "url=http://rekor.local,key=v1.pub,start=2024-01-01T00:00:00Z",
        "--rekor",
        "url=http://tiles.local,key=v2.pub,api=2",
        "--ct-log",
        "url=http://ct.local,key=ct.pub",
        "--fulcio",
        "url=http://fulcio.local,chain=ca.pem",
        "--timestamp-authority",
        "url=http://tsa.local,chain=tsa.pem",
    ];
    world.stella(0, &parts).says(&["root.json", "log      http://rekor.local since 2024-01-01T00:00:00Z", "days ago"]);
    let made = world.json("root.json");
    for pointer in ["/tlogs/0/logId", "/tlogs/1/logId", "/ctlogs/0/logId", "/timestampAuthorities/0/certChain"] {
        assert_eq!(made.pointer(pointer), root.pointer(pointer), "{pointer}");
    }
    // What it is for.
    world.write("config.json", config(&authority, &tiles.url, 2, true));
    world.write("a.txt", "artifact\n");
    let token = authority.token();
    let always = ["--bundle", "b.json", "--trusted-root", "root.json"];
    conformance(
        &world,
        0,
        &[&["sign-bundle", "--identity-token", &token, "--signing-config", "config.json"], &always[..], &["a.txt"]]
            .concat(),
    );
    conformance(&world, 0, &[&["verify-bundle"], &always[..], &SIGNER, &["a.txt"]].concat());

    // A newer one, of which a log has gone and another has come.
    let mut newer = made.clone();
    newer["tlogs"][0] = MadeUpRekor::start(0).root()["tlogs"][0].clone();
    newer["tlogs"][0]["baseUrl"] = json!("http://newer.local");
    world.write("newer.json", newer.to_string());
    world.stella(0, &["trust", "update", "--trusted-root", "root.json", "--out", "taken.json", "newer.json"]).says(&[
        "new      log http://newer.local",
        "gone     log http://rekor.local",
        "its newest log is valid since 2024-01-01T00:00:00Z, 732 days ago",
    ]);
    assert_eq!(world.json("taken.json"), newer);
    // One that forgets that something has ended does not come after it, nor does one of another instance; nothing is written.
    let mut ended = made.clone();
    ended["tlogs"][0]["publicKey"]["validFor"]["end"] = json!("2025-06-01T00:00:00Z");
    world.write("ended.json", ended.to_string());
    let update = |from: &str, to: &str| {
        world.stella(5, &["trust", "update", "--trusted-root", from, "--out", "kept.json", to]).stderr
    };
    assert!(update("ended.json", "root.json").contains("it takes back that the log http://rekor.local has ended"));
    world.write("staging.json", include_bytes!("../../../src/attest/trusted_root/public_good.json"));
    assert!(update("root.json", "staging.json").contains("that of another instance"));
    assert!(!world.exists("kept.json"));
    // What is read is not written over.
    let over = ["trust", "create", "--rekor", "url=http://l.local,key=v1.pub", "--out", "v1.pub"];
    world.stella(2, &over).complains(&["`v1.pub` is read here, and would be written over"]);
    world
        .stella(2, &["trust", "update", "--out", "taken.json", "v1.pub"])
        .complains(&["cannot use the trusted root `v1.pub`"]);
    for (bad, said) in [
        (&["--rekor", "url=http://l,chain=ca.pem"][..], "`key=` is wanted"),
        (&["--fulcio", "url=http://l,key=v1.pub"], "`chain=` is wanted"),
        (&["--fulcio", "url=http://l,chain=v1.pub"], "it holds `PUBLIC KEY`, and a certificate is wanted"),
        (&["--rekor", "url=http://l,key=ca.pem"], "it holds `CERTIFICATE`, and a public key is wanted"),
        (&["--rekor", "url=http://l,key=v1.pub", "--rekor", "url=http://m,key=v1.pub"], "have the same id"),
        (&["--ct-log", "url=http://l,key=v1.pub"], "nothing is named that would be trusted"),
        (&["--rekor", "key=v1.pub"], "`url=` is missing"),
    ] {
        world.stella(2, &[&["trust", "create", "--out", "bad.json"], bad].concat()).complains(&[said]);
        assert!(!world.work("bad.json").exists());
    }
}

fn wrapped(text: &str) -> String {
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join("\n")
}
