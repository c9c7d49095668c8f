//! Signing with timestamps, and without a key: by certificates of an authority of ours.

use std::fs;

use serde_json::{Value, json};

use crate::attest::made_up_authority::{BEARER, ISSUER, MadeUpAuthority, WORKFLOW, Wrong};
use crate::attest::made_up_rekor::MadeUpRekor;
use crate::attest::made_up_tiles::MadeUpTiles;
use crate::attest::statements::judged;
use crate::harness::{Run, World, valid};

const BUNDLE: &str = "signed/scan.test-result.sigstore.json";

/// A run that was judged, and a root that trusts these.
fn world(authority: &MadeUpAuthority, logs: &[Value]) -> World {
    let world = judged(0, None);
    world.write("trusted_root.json", authority.root(logs).to_string());
    world
}

const ATTEST: [&str; 9] =
    ["attest", "--result", "result.json", "--gate", "pr", "--queue", "queue", "--trusted-root", "trusted_root.json"];

/// `stella attest` without a key, with these variables.
fn keyless(world: &World, exit: u8, authority: &MadeUpAuthority, more: &[&str], variables: &[(&str, &str)]) -> Run {
    let timestamps = authority.timestamps();
    let by = ["--fulcio-url", &authority.url, "--timestamp-url", &timestamps, "bin/scan"];
    let mut command = world.command(&[&ATTEST[..], &by, more].concat());
    command.envs(variables.iter().copied());
    world.run(exit, command)
}

fn submit(world: &World, exit: u8, url: &str, version: &str, more: &[&str]) -> Run {
    let always = ["submit", "--queue", "queue", "--out-dir", "signed", "--trusted-root", "trusted_root.json"];
    let log = ["--rekor-url", url, "--rekor-api-version", version];
    world.stella(exit, &[&always[..], &log, more].concat())
}

fn verify(world: &World, exit: u8, more: &[&str]) -> Run {
    let always = ["verify", "--trusted-root", "trusted_root.json", "--bundle", BUNDLE, "bin/scan"];
    world.stella(exit, &[&always[..], more].concat())
}

const SIGNER: [&str; 4] = ["--certificate-identity", WORKFLOW, "--certificate-oidc-issuer", ISSUER];

#[test]
fn a_key_with_a_timestamp_needs_no_log_where_that_is_allowed() {
    let (authority, log) = (MadeUpAuthority::start(), MadeUpTiles::start(0));
    let world = world(&authority, &[log.listed()]);
    let timestamps = authority.timestamps();
    world.stella(0, &[&ATTEST[..], &["--key", "stella.key", "--timestamp-url", &timestamps, "bin/scan"]].concat());
    assert_eq!(authority.asked(), ["POST /api/v1/timestamp"; 3]);
    submit(&world, 0, &log.url, "2", &["--timestamp-url", &timestamps]);
    assert_eq!(authority.asked().len(), 0, "what has one is not asked for again");
    assert_eq!(fs::read_dir(world.work("queue")).unwrap().count(), 0);
    let key = ["--key", "stella.pub"];
    verify(&world, 0, &key).says(&["in http://tiles.local at ", ", signed by 2026-01-02T03:04:05Z at the latest"]);
    let document = verify(&world, 0, &[&key[..], &["--format", "json"]].concat()).stdout_json();
    valid(&document, "verify-v1.json");
    assert_eq!(document["statements"][0]["timestamp"], "2026-01-02T03:04:05Z");
    let good = world.json(BUNDLE);

    // Without the log the timestamp stands for it, where that is allowed, and nothing stands for the timestamp.
    let mut alone = good.clone();
    alone["verificationMaterial"]["tlogEntries"] = json!([]);
    world.write(BUNDLE, alone.to_string());
    verify(&world, 5, &key).complains(&["no log has the signature"]);
    let allowed = [&key[..], &["--allow-no-log"]].concat();
    verify(&world, 0, &allowed).says(&["in no log, signed by 2026-01-02T03:04:05Z at the latest"]);
    alone["verificationMaterial"].as_object_mut().unwrap().remove("timestampVerificationData");
    world.write(BUNDLE, alone.to_string());
    verify(&world, 5, &allowed).complains(&["no timestamp shows when it was made"]);
    // A log that has it must have it well, all the same.
    let mut bad = good.clone();
    bad["verificationMaterial"]["tlogEntries"][0]["logIndex"] = json!("77");
    world.write(BUNDLE, bad.to_string());
    verify(&world, 5, &allowed);
    // A timestamp of another signature, or by an authority that is not trusted.
    let timestamp = good["verificationMaterial"]["timestampVerificationData"].clone();
    let other = world.json("signed/scan.svr.sigstore.json");
    for (from, is_good) in
        [(timestamp, true), (other["verificationMaterial"]["timestampVerificationData"].clone(), false)]
    {
        let mut mixed = good.clone();
        mixed["verificationMaterial"]["timestampVerificationData"] = from;
        world.write(BUNDLE, mixed.to_string());
        verify(&world, if is_good { 0 } else { 5 }, &key);
    }
    world.write(BUNDLE, good.to_string());
    world.write("trusted_root.json", MadeUpAuthority::start().root(&[log.listed()]).to_string());
    verify(&world, 5, &key).complains(&["its certificate or its timestamps do not verify"]);
}

#[test]
fn a_timestamp_that_shows_nothing_is_not_used() {
    let (authority, log) = (MadeUpAuthority::start(), MadeUpTiles::start(0));
    let world = world(&authority, &[log.listed()]);
    world.stella(0, &[&ATTEST[..7], &["--key", "stella.key", "bin/scan"]].concat());
    let timestamps = authority.timestamps();
    for (wrong, said) in [
        (Wrong::Nonce, "what the authority answers is of another question"),
        (Wrong::Imprint, "the timestamp does not verify"),
        (Wrong::NotGranted, "the authority does not give the timestamp (status 2)"),
    ] {
        authority.wrong(Some(wrong));
        let document =
            submit(&world, 4, &log.url, "2", &["--timestamp-url", &timestamps, "--format", "json"]).stdout_json();
        valid(&document, "submit-v1.json");
        for request in document["requests"].as_array().unwrap() {
            assert_eq!(request["reason"], "no-timestamp", "{request}");
            assert!(request["error"].as_str().unwrap().contains(said), "{request}");
        }
        assert_eq!(log.size(), 0, "nothing is sent without it");
    }
    authority.wrong(None);
    submit(&world, 0, &log.url, "2", &["--timestamp-url", &timestamps]);
    verify(&world, 0, &["--key", "stella.pub"]).says(&["at the latest"]);
    // An authority that is not trusted.
    let elsewhere = MadeUpAuthority::start().timestamps();
    let attest = [&ATTEST[..], &["--key", "stella.key", "--timestamp-url", &elsewhere, "bin/scan"]].concat();
    world.stella(5, &attest).complains(&["the timestamp does not verify"]);
}

/// Both generations of logs; the first has taken it up after the certificate had ended.
#[test]
fn without_a_key_a_workflow_signs_by_what_its_provider_says() {
    for (version, later) in [("2", 0), ("1", 0), ("1", 5000)] {
        let authority = MadeUpAuthority::start();
        let (tiles, rekor) = (MadeUpTiles::start(0), MadeUpRekor::start_later(later));
        let logs = [tiles.listed(), rekor.root()["tlogs"][0].clone()];
        let world = world(&authority, &logs);
        let provider = format!("{}/token?x=1", authority.url);
        let variables = [("ACTIONS_ID_TOKEN_REQUEST_URL", &provider[..]), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", BEARER)];
        keyless(&world, 0, &authority, &[], &variables);
        let asked = authority.asked();
        assert_eq!(asked[..2], ["GET /token?x=1&audience=sigstore", "POST /api/v2/signingCert"]);
        assert_eq!(asked[2..], ["POST /api/v1/timestamp"; 3], "one certificate serves all of them");
        submit(&world, 0, if version == "2" { &tiles.url } else { &rekor.url }, version, &[]);
        verify(&world, 0, &SIGNER).says(&[
            "verified",
            WORKFLOW,
            ISSUER,
            "signed by 2026-01-02T03:04:05Z at the latest",
        ]);
        let entry = world.json(BUNDLE)["verificationMaterial"]["tlogEntries"][0].clone();
        let is_promised = version == "1" && later == 0;
        assert_eq!(entry["inclusionPromise"].is_object(), is_promised, "{version} {later}");
        assert_eq!(entry["integratedTime"] != "0", is_promised, "{version} {later}");
        verify(&world, 5, &["--certificate-identity", "x@example.com", "--certificate-oidc-issuer", ISSUER])
            .complains(&["who has signed is"]);
        // By another authority of the same name.
        world.write("trusted_root.json", MadeUpAuthority::start().root(&logs).to_string());
        verify(&world, 5, &SIGNER);
    }
}

#[test]
fn a_certificate_that_no_reader_would_take_is_not_used() {
    let (authority, log) = (MadeUpAuthority::start(), MadeUpTiles::start(0));
    let world = world(&authority, &[log.listed()]);
    for (wrong, said) in [
        (Wrong::OtherKey, "the certificate is of another key"),
        (Wrong::Ended, "the certificate is not valid for the next minute"),
        (Wrong::Unlogged, "what the certificate authority has given out does not verify"),
        (Wrong::Imprint, "the timestamp does not verify"),
    ] {
        authority.wrong(Some(wrong));
        let token = authority.token();
        keyless(&world, 5, &authority, &[], &[("SIGSTORE_ID_TOKEN", &token)]).complains(&[said]);
        assert!(!world.work("queue").exists(), "{wrong:?}");
    }
}

#[test]
fn a_token_is_named_where_it_is_missing_and_never_shown() {
    let (authority, log) = (MadeUpAuthority::start(), MadeUpTiles::start(0));
    let world = world(&authority, &[log.listed()]);
    let none = |exit, variables: &[(&str, &str)]| keyless(&world, exit, &authority, &[], variables);
    none(2, &[]).complains(&["there is no identity token", "--identity-token"]);
    none(2, &[("GITHUB_ACTIONS", "true")]).complains(&["gets no identity token", "permissions: id-token: write"]);
    none(2, &[("GITLAB_CI", "true")]).complains(&["has no identity token", "SIGSTORE_ID_TOKEN"]);
    // A pull request of a fork gets none, and is not red for it.
    let event = |head: &str| {
        json!({ "pull_request": { "head": { "repo": { "full_name": head } }, "base": { "repo": { "full_name": "o/r" } } } }).to_string()
    };
    world.write("event.json", event("x/r"));
    let path = world.work("event.json");
    let of = |event: &'static str| {
        [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_PATH", path.to_str().unwrap()), ("GITHUB_EVENT_NAME", event)]
    };
    let fork = of("pull_request");
    none(0, &fork).complains(&["nothing is attested: a pull request of a fork"]);
    let document = keyless(&world, 0, &authority, &["--format", "json"], &fork).stdout_json();
    valid(&document, "attest-v1.json");
    assert_eq!((&document["skipped"], &document["attestations"][0]["file"]), (&json!("fork"), &Value::Null));
    // An event of the same pull request that would get one, were it asked for.
    none(2, &of("pull_request_target")).complains(&["permissions: id-token: write"]);
    world.write("event.json", event("o/r"));
    none(2, &fork).complains(&["permissions: id-token: write"]);
    // For somebody else, or at its end: before anybody is asked.
    let token = authority.token();
    let given = [("SIGSTORE_ID_TOKEN", &token[..])];
    keyless(&world, 2, &authority, &["--oidc-client-id", "other"], &given)
        .complains(&["the identity token is for `sigstore`, and `other` is wanted"]);
    let mut command = world.command(
        &[&ATTEST[..], &["--fulcio-url", &authority.url, "--timestamp-url", &authority.timestamps(), "bin/scan"]]
            .concat(),
    );
    command.envs(given).env("STELLA_TEST_NOW", "2026-01-02T03:09:05Z");
    world
        .run(2, command)
        .complains(&["the identity token ends at 2026-01-02T03:09:05Z, and cannot be asked for again"]);
    assert_eq!(authority.asked().len(), 0);
    assert!(!world.work("queue").exists());
    // One that the authority does not know, which repeats it.
    let foreign = MadeUpAuthority::start().token().replace("c2lnbmF0dXJl", "b3RoZXI");
    let run = keyless(&world, 4, &authority, &[], &[("SIGSTORE_ID_TOKEN", &foreign)]);
    run.complains(&["the certificate authority refuses it with 400"]);
    assert!(!run.stderr.contains(&foreign) && !run.stdout.contains(&foreign), "{}", run.stderr);
    // A file, with a line break at its end.
    world.write("token", token + "\n");
    keyless(&world, 0, &authority, &["--identity-token", "token"], &[]);
}

#[test]
fn a_signing_configuration_names_all_of_them() {
    let (authority, log) = (MadeUpAuthority::start(), MadeUpTiles::start(0));
    let world = world(&authority, &[log.listed()]);
    let service = |url: &str, version: u32| json!([{ "url": url, "majorApiVersion": version, "validFor": { "start": "2024-01-01T00:00:00Z" }, "operator": "o" }]);
    let config = |logs: Value| {
        json!({
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": service(&authority.url, 1), "oidcUrls": [], "rekorTlogUrls": logs,
            "tsaUrls": service(&authority.timestamps(), 1),
            "rekorTlogConfig": { "selector": "ANY" }, "tsaConfig": { "selector": "ANY" },
        })
    };
    world.write("signing_config.json", config(service(&log.url, 2)).to_string());
    let named = ["--signing-config", "signing_config.json"];
    let mut command = world.command(&[&ATTEST[..], &named, &["bin/scan"]].concat());
    command.env("SIGSTORE_ID_TOKEN", authority.token());
    world.run(0, command);
    let always = ["submit", "--queue", "queue", "--out-dir", "signed", "--trusted-root", "trusted_root.json"];
    world.stella(0, &[&always[..], &named].concat());
    assert_eq!(log.size(), 3);
    verify(&world, 0, &SIGNER);
    world.write("signing_config.json", config(json!([])).to_string());
    world.stella(2, &[&always[..], &named].concat()).complains(&["names no log that is valid today"]);
    world.write("signing_config.json", "{}");
    world.stella(2, &[&always[..], &named].concat()).complains(&["cannot use the signing configuration"]);
}
