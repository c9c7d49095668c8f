//! `stella submit`: what is signed goes into a log that speaks as Rekor does, and its bundles are verified offline.

use std::fs;
use std::process::Stdio;
use std::thread;

use serde_json::Value;
use stella::model::digest::Digest;

use crate::attest::made_up_rekor::MadeUpRekor;
use crate::attest::made_up_tiles::MadeUpTiles;
use crate::attest::statements::judged;
use crate::harness::{Run, World, valid};

/// Statements about each file, of a verdict that passes.
const EACH: usize = 3;

/// A queue of statements about so many files, of which `bin/scan` is the first, and a log that is trusted.
fn queued(count: usize, rekor: &MadeUpRekor) -> World {
    queued_for(count, &rekor.root())
}

fn queued_for(count: usize, root: &Value) -> World {
    let world = judged(0, None);
    let scan = Digest::of(&fs::read(world.work("bin/scan")).unwrap());
    let others = (1..count).map(|at| format!("{}  file-{at}\n", Digest::of(at.to_string().as_bytes()).hex()));
    world.write("SHA256SUMS", format!("{}  scan\n", scan.hex()) + &others.collect::<String>());
    world.write("trusted_root.json", root.to_string());
    let attest = ["attest", "--result", "result.json", "--gate", "pr", "--key", "stella.key", "--queue", "queue"];
    world.stella(0, &[&attest[..], &["--checksums", "SHA256SUMS"]].concat());
    world
}

fn arguments(url: &str) -> Vec<&str> {
    let always = ["submit", "--queue", "queue", "--out-dir", "signed", "--trusted-root", "trusted_root.json"];
    [&always[..], &["--rekor-url", url]].concat()
}

fn submit(world: &World, exit: u8, rekor: &MadeUpRekor) -> Run {
    world.stella(exit, &[&arguments(&rekor.url)[..], &["--format", "json"]].concat())
}

fn files(world: &World, folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(world.work(folder)) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn bundles(world: &World) -> usize {
    files(world, "signed").iter().filter(|name| name.ends_with(".sigstore.json")).count()
}

fn lines(world: &World) -> usize {
    world.read("signed/attestations.sigstore.jsonl").lines().count()
}

#[test]
fn what_is_queued_becomes_bundles_that_verify_offline() {
    let rekor = MadeUpRekor::start(0);
    let world = queued(2, &rekor);
    assert_eq!(files(&world, "queue").len(), 2 * EACH);
    // The logs of Sigstore are not this one: nothing is sent to it.
    let elsewhere = ["submit", "--queue", "queue", "--out-dir", "signed", "--rekor-url", &rekor.url];
    world.stella(2, &elsewhere).complains(&["nothing is sent to the log with the key sha256:", "--trusted-root"]);
    assert_eq!((rekor.size(), files(&world, "queue").len()), (0, 2 * EACH));
    let reported = [&arguments(&rekor.url)[..], &["--format", "json", "--report", "report.json"]].concat();
    let document = world.stella(0, &reported).stdout_json();
    valid(&document, "submit-v1.json");
    assert_eq!(world.json("report.json"), document);
    assert_eq!((rekor.size(), bundles(&world), lines(&world)), (2 * EACH, 2 * EACH, 2 * EACH));
    assert_eq!(files(&world, "queue").len(), 0);

    let bundle = "signed/scan.replay-fidelity.sigstore.json";
    let verify = |exit, more: &[&str]| {
        let always = ["verify", "--key", "stella.pub", "--bundle", bundle, "bin/scan"];
        world.stella(exit, &[&always[..], more].concat())
    };
    let trusting = ["--trusted-root", "trusted_root.json"];
    verify(0, &[&trusting[..], &["--require-fidelity", "regression.bf>=1", "--max-age", "1d"]].concat()).says(&[
        "verified",
        "in http://rekor.local at 10",
        "since 2026-01-02T03:04:05Z",
    ]);
    let document = verify(0, &[&trusting[..], &["--format", "json"]].concat()).stdout_json();
    valid(&document, "verify-v1.json");
    assert_eq!(document["statements"][0]["logs"][0]["log"], "http://rekor.local");
    verify(0, &["--signature-only"]).says(&["its signature alone"]);
    verify(5, &[]).complains(&["it is not in the trusted root", "--trusted-root"]);
    verify(2, &["--trusted-root", "stella.pub"]).complains(&["cannot use the trusted root `stella.pub`"]);
    // Who strips the log from it gains nothing by that, be it as a bundle or as an envelope.
    let good = world.json(bundle);
    let mut stripped = good.clone();
    stripped["verificationMaterial"]["tlogEntries"] = Value::Array(Vec::new());
    world.write(bundle, stripped.to_string());
    verify(5, &trusting).complains(&["no log has the signature", "--signature-only"]);
    world.write(bundle, good["dsseEnvelope"].to_string());
    verify(5, &trusting).complains(&["it is an envelope alone", "--signature-only"]);
    verify(0, &["--signature-only"]);
}

#[test]
fn what_was_sent_before_is_there_and_nothing_is_there_twice() {
    let rekor = MadeUpRekor::start(0);
    let world = queued(1, &rekor);
    let kept: Vec<_> =
        files(&world, "queue").into_iter().map(|name| (world.read(&format!("queue/{name}")), name)).collect();
    let first = submit(&world, 0, &rekor).stdout_json();
    for (text, name) in &kept {
        world.write(&format!("queue/{name}"), text);
    }
    let second = submit(&world, 0, &rekor).stdout_json();
    assert_eq!((rekor.size(), bundles(&world)), (EACH, EACH));
    for at in 0..EACH {
        let of = |document: &Value, field: &str| document["requests"][at][field].clone();
        assert_eq!(of(&first, "index"), of(&second, "index"));
        assert_eq!((of(&first, "was_there"), of(&second, "was_there")), (false.into(), true.into()));
    }
    // What was changed is not sent, and nothing else with it.
    let (text, name) = &kept[0];
    world.write(&format!("queue/{name}"), text.replacen("dsse", "dssf", 1));
    submit(&world, 2, &rekor).complains(&["is not sent", "it is not a request for a log entry"]);
}

/// However often it is killed and whatever is lost on the way, each is in the log once, and its bundle on disk.
#[test]
fn killed_at_any_moment_and_run_again_each_is_logged_once() {
    let rekor = MadeUpRekor::start(3);
    let world = queued(10, &rekor);
    for after in [1, 9] {
        let mut command = world.command(&arguments(&rekor.url));
        command.args(["--jobs", "2"]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        while bundles(&world) < after && child.try_wait().unwrap().is_none() {
            thread::yield_now();
        }
        // SIGKILL
        let _ = child.kill();
        child.wait().unwrap();
    }
    submit(&world, 0, &rekor);
    assert_eq!((rekor.size(), bundles(&world), lines(&world)), (10 * EACH, 10 * EACH, 10 * EACH));
    assert_eq!(files(&world, "queue").len(), 0);
}

#[test]
fn a_log_that_is_out_of_order_is_an_outage_and_what_waits_goes_on_waiting() {
    // Every request goes wrong.
    let rekor = MadeUpRekor::start(1);
    let world = queued(1, &rekor);
    world
        .stella(4, &[&arguments(&rekor.url)[..], &["--patience", "1"]].concat())
        .complains(&["the log cannot be asked for its key", "the log is out of order"]);
    assert_eq!((files(&world, "queue").len(), bundles(&world)), (EACH, 0));
    world.stella(2, &arguments("http://rekor.example")).complains(&["is not fetched"]);
}

/// The second generation: the same queue, another dialect.
#[test]
fn a_log_of_the_second_generation_has_each_once_whatever_is_lost() {
    for every in [0, 4] {
        let log = MadeUpTiles::start(every);
        let world = queued_for(2, &log.root());
        let arguments = [&arguments(&log.url)[..], &["--rekor-api-version", "2"]].concat();
        let name = format!("queue/{}", files(&world, "queue")[0]);
        let kept = (name.clone(), world.read(&name));
        let document = world.stella(0, &[&arguments[..], &["--format", "json"]].concat()).stdout_json();
        valid(&document, "submit-v1.json");
        assert_eq!((log.size(), bundles(&world), lines(&world)), (2 * EACH, 2 * EACH, 2 * EACH), "{every}");
        assert_eq!(files(&world, "queue").len(), 0);
        let was_there = document["requests"].as_array().unwrap().iter().any(|one| one["was_there"] == true);
        assert_eq!(was_there, every > 0, "{document}");
        if every == 0 {
            // Its tiles are elsewhere: who shows them must be the log, and what was sent is proved out of them.
            let (name, text) = &kept;
            world.write(name, text);
            let stranger = format!("{}/api/v2", MadeUpTiles::start(0).url);
            let elsewhere = [&arguments[..], &["--rekor-tiles-url", &stranger]].concat();
            world.stella(2, &elsewhere).complains(&["nothing is sent to the log `tiles.local`"]);
            let there = format!("{}/api/v2/", log.url);
            let elsewhere = [&arguments[..], &["--rekor-tiles-url", &there, "--format", "json"]].concat();
            let document = world.stella(0, &elsewhere).stdout_json();
            assert_eq!(document["requests"][0]["was_there"], true);
            assert_eq!(log.size(), 2 * EACH);
        }
        let verify = ["verify", "--key", "stella.pub", "--trusted-root", "trusted_root.json", "bin/scan"];
        let bundle = ["--bundle", "signed/scan.test-result.sigstore.json"];
        world.stella(0, &[&verify[..], &bundle].concat()).says(&["verified", "in http://tiles.local at "]);
    }
}

#[test]
fn a_log_of_the_second_generation_is_asked_nothing_that_it_cannot_take() {
    let log = MadeUpTiles::start(0);
    let world = queued_for(1, &log.root());
    let second = [&arguments(&log.url)[..], &["--rekor-api-version", "2"]].concat();
    // Another log of that name.
    world.write("trusted_root.json", MadeUpTiles::start(0).root().to_string());
    world.stella(2, &second).complains(&["nothing is sent to the log `tiles.local`", "--trusted-root"]);
    assert_eq!((log.size(), log.asked()), (0, 1));
    fs::remove_dir_all(world.work("queue")).unwrap();
    world.stella(0, &["key", "generate", "--unencrypted", "--algorithm", "ed25519", "--out", "other"]);
    let attest = ["attest", "--result", "result.json", "--gate", "pr", "--key", "other.key", "--queue", "queue"];
    world.stella(0, &[&attest[..], &["bin/scan"]].concat());
    world.stella(2, &second).complains(&["signed by a key of ed25519", "ecdsa-p256"]);
    assert_eq!(log.asked(), 1);
}
